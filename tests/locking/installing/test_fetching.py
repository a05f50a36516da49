"""`create` over a network that is real, busy, broken or wants a password; no secret stays anywhere."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.locked_project import LockedProject

Runner = Callable[..., Any]
SECRET = "s3cret-of-the-test"


class Net:
    """A channel behind a server, a lock that names it, and `create`."""

    def __init__(self, folder: Path, server: Any, run: Runner) -> None:
        self.folder = folder
        self.server = server
        self.run = run
        self.project = LockedProject(folder / "project", address=f"{server.address}/project/channel")
        self.env = {"RATTLER_CACHE_DIR": str(folder / "cache"), "TOKEN": SECRET, "NAME": "somebody"}

    def lock(self, address: str = "") -> None:
        """Lock two packages; `address` is the channel as the lock names it."""
        self.project.address = address or self.project.address
        packages = [
            self.project.conda("tool", files={"share/tool.txt": b"t"}),
            self.project.conda("other", files={"share/other.txt": b"o"}),
        ]
        self.project.lock(packages)

    def create(self, *options: str, **env: str) -> Any:
        """Run `create` into `env`."""
        words = ("create", "-p", "env", "--lockfile", "project/conda-lock.yml", *options)
        return self.run(*words, cwd=self.folder, env={**self.env, **env})

    def texts(self) -> str:
        """Return all that was written into the prefix, the cache and the temporary folder."""
        folders = [self.folder / "env", self.folder / "cache", self.folder / "tmp"]
        files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
        return "".join(path.read_bytes().decode("latin-1") for path in files)


@pytest.fixture
def net(tmp_path: Path, serving: Any, reprocheck: Runner) -> Iterator[Net]:
    with serving(tmp_path) as server:
        yield Net(tmp_path, server, reprocheck)


def error(done: Any) -> list[str]:
    """Return the lines of the error, behind their labels."""
    return [line.partition(":")[2].strip() for line in done.err.splitlines()]


def test_packages_come_over_http_once(net: Net) -> None:
    net.lock()
    assert (net.create().code, net.create().code) == (0, 0)
    assert [net.server.asked(f"{name}-1.0-0.conda") for name in ("tool", "other")] == [1, 1]
    agents = {visit.user_agent.split("/")[0] for visit in net.server.visits}
    assert agents == {"reprocheck"}


def test_what_is_refused_for_a_moment_is_asked_for_again(net: Net) -> None:
    net.lock()
    net.server.status(503, "tool-1.0-0.conda", times=2)
    assert net.create().code == 0


def test_another_archive_than_the_locked_one_is_refused_with_both_digests(net: Net) -> None:
    net.lock()
    archive = next(net.project.channel.rglob("tool-1.0-0.conda"))
    locked = hashlib.sha256(archive.read_bytes()).hexdigest()
    archive.write_bytes(archive.read_bytes() + b"more")
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    done = net.create()
    assert done.code == 4
    assert done.err == (
        "error: the archive of `tool 1.0` is not the one that was locked\n"
        f"  where: {net.project.address}/{archive.parent.name}/tool-1.0-0.conda\n"
        f"  why:   its sha256 is {found}, and the lock has {locked}\n"
        "  how:   find out who changed it; where the new one is right, lock anew\n"
    )
    assert not (net.folder / "env" / "share" / "tool.txt").exists()
    assert (net.folder / "env" / "conda-meta" / "reprocheck-unfinished").exists()


ANSWERS = [
    (404, "`tool 1.0` is gone from its channel", "the server answered `404 Not Found`"),
    (403, "access to `tool 1.0` is refused", "the server answered `403 Forbidden`"),
    (500, "`tool 1.0` cannot be fetched", "the server answered `500 Internal Server Error` again and again"),
]


@pytest.mark.parametrize(("status", "what", "why"), ANSWERS)
def test_what_the_server_answers_is_told(net: Net, status: int, what: str, why: str) -> None:
    net.lock()
    net.server.status(status, "tool-1.0-0.conda")
    done = net.create()
    assert (done.code, error(done)[0], error(done)[2]) == (3, what, why)


def test_a_download_that_is_cut_short_is_told(net: Net) -> None:
    net.lock()
    net.server.give(b"half", "tool-1.0-0.conda", announced=1000)
    done = net.create()
    assert (done.code, error(done)[0]) == (3, "`tool 1.0` cannot be fetched")


def test_a_user_of_the_lock_is_filled_in_and_stays_nowhere(net: Net) -> None:
    net.lock(net.project.address.replace("://", "://$NAME:${TOKEN}@"))
    done = net.create("-v")
    assert (done.code, done.err) == (0, "")
    wanted = "Basic " + b64encode(f"somebody:{SECRET}".encode()).decode()
    assert {visit.authorization for visit in net.server.visits} == {wanted}
    assert SECRET not in net.texts() + done.out
    assert "somebody" not in net.texts()
    assert "unchanged" in net.create().out


def test_a_token_in_the_path_is_filled_in_and_stays_nowhere(net: Net) -> None:
    plain = net.project.address
    net.lock(plain.replace("/project/", "/t/$TOKEN/project/"))
    served = net.folder / "t" / SECRET
    served.mkdir(parents=True)
    (served / "project").symlink_to(net.project.folder)
    done = net.create()
    assert (done.code, done.err) == (0, "")
    assert {visit.target.split("/")[2] for visit in net.server.visits} == {SECRET}
    assert SECRET not in net.texts() + done.out
    assert f'"channel": "{plain}"' in net.texts()


@pytest.mark.parametrize("place", ["://$NAME:$TOKEN@", "/t/$TOKEN/"])
def test_an_error_does_not_tell_the_secret(net: Net, place: str) -> None:
    sign = "://" if "@" in place else "/project/"
    net.lock(net.project.address.replace(sign, place + ("" if "@" in place else "project/"), 1))
    net.server.status(403)
    done = net.create("-v")
    assert done.code == 3
    assert SECRET not in done.err + done.out + net.texts()


def test_a_reference_to_a_variable_that_is_not_set_is_told(net: Net) -> None:
    net.lock(net.project.address.replace("://", "://$NOBODY@"))
    done = net.create()
    assert (done.code, error(done)[0]) == (2, "environment variable `NOBODY` is not set")
    assert not (net.folder / "env").exists()


def test_a_mirror_of_the_users_settings_is_asked_and_not_named(net: Net) -> None:
    place = net.project.address
    condarc = net.folder / "condarc"
    mirror = place.replace("://", "://somebody:" + SECRET + "@")
    condarc.write_text(f"mirrored_channels:\n  conda-forge: [{mirror}]\n")
    net.lock("https://conda.anaconda.org/conda-forge")
    done = net.create(CONDARC=str(condarc))
    assert (done.code, done.err) == (0, "")
    assert len(net.server.visits) == 2
    assert net.server.visits[0].authorization
    assert SECRET not in net.texts()
    assert "127.0.0.1" not in net.texts()


def test_proxies_and_a_user_go_together(net: Net) -> None:
    condarc = net.folder / "condarc"
    condarc.write_text(f"proxy_servers:\n  http: {net.server.address}\n")
    net.lock("http://$NAME:$TOKEN@host.invalid/channel")
    done = net.create(CONDARC=str(condarc))
    assert (done.code, error(done)[0].partition(" 1.0` ")[2]) == (3, "is gone from its channel")
    visit = net.server.visits[0]
    assert visit.target.startswith("http://host.invalid/channel/")
    assert visit.authorization.startswith("Basic ")


def test_offline_nothing_is_asked_for(net: Net) -> None:
    net.lock()
    done = net.create("--offline")
    assert (done.code, error(done)[0], net.server.visits) == (3, "2 packages are not cached", [])


def test_offline_a_cached_package_that_was_changed_is_not_taken(net: Net) -> None:
    net.lock()
    assert (
        net.run("create", "-p", "first", "--lockfile", "project/conda-lock.yml", env=net.env, cwd=net.folder).code == 0
    )
    net.server.visits.clear()
    (net.folder / "cache" / "pkgs" / "tool-1.0-0" / "share" / "tool.txt").write_text("poison")
    done = net.create("--offline")
    assert (done.code, error(done)[0], net.server.visits) == (3, "`tool 1.0` cannot be fetched", [])
    assert error(done)[3] == "run once without `--offline`"
    assert net.create().code == 0
    assert (net.folder / "env" / "share" / "tool.txt").read_text() == "t"


def test_a_package_cached_for_an_md5_alone_is_fetched_for_a_sha256(net: Net) -> None:
    net.project.changes = {"tool": {"sha256": ""}, "other": {"sha256": ""}}
    net.lock()
    assert net.create().code == 0
    net.project.changes = {}
    net.lock()
    assert net.create().out.endswith("; 2 repaired\n")
    assert net.server.asked("tool-1.0-0.conda") == 2
