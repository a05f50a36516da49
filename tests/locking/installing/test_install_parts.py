"""The parts of `create` that need no prefix: addresses, marks, targets, failures, the cache, counts."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reprocheck.errors import InputError, UndecidedError, UsageError
from reprocheck.locking.installing.cache_check import (
    cached_folder,
    check_archives,
    drop_untrusted,
    package_cache,
    require_cached,
)
from reprocheck.locking.installing.conda_records import complete_records
from reprocheck.locking.installing.install_failures import install_failure
from reprocheck.locking.installing.install_progress import InstallCounts
from reprocheck.locking.installing.package_addresses import routes_of, without_secrets
from reprocheck.locking.installing.prefix_marks import (
    Made,
    Unfinished,
    digest_of,
    mark_made,
    mark_unfinished,
    read_made,
    read_unfinished,
)
from reprocheck.locking.installing.target_prefix import look_at_target
from reprocheck.locking.installing.unlinking import remove_strays
from reprocheck.model.conda_settings import CondaSettings
from reprocheck.model.locks import LockedPackage
from reprocheck.readers.prefixes.marks import unfinished_reason

Package = Callable[..., LockedPackage]
ADDRESSES = [
    ("https://u:p@host.invalid/c/noarch/x-1-0.conda", "https://host.invalid/c/noarch/x-1-0.conda"),
    ("https://host.invalid/t/abc/c/noarch/x-1-0.conda#12", "https://host.invalid/c/noarch/x-1-0.conda"),
    ("https://$U:$P@host.invalid/t/$T/c/noarch/x-1-0.conda", "https://host.invalid/c/noarch/x-1-0.conda"),
    ("https://host.invalid/c/noarch/x-1-0.conda?key=1", "https://host.invalid/c/noarch/x-1-0.conda"),
]


@pytest.mark.parametrize(("url", "plain"), ADDRESSES)
def test_an_address_loses_everything_secret(url: str, plain: str) -> None:
    assert without_secrets(url) == plain


def test_only_addresses_that_differ_are_mirrors(package: Package) -> None:
    urls = [
        "https://plain.invalid/c/noarch/a-1-0.conda",
        "https://$USER_NAME@host.invalid/c/noarch/b-1-0.conda",
        "https://host.invalid/t/$TOKEN/d/noarch/c-1-0.conda",
    ]
    packages = [package("x", url=url) for url in urls]
    routes = routes_of(packages, Path(), {"USER_NAME": "me", "TOKEN": "s3cret"}, CondaSettings())
    assert routes.mirrors == {"https://host.invalid/d": "https://host.invalid/t/s3cret/d"}
    assert routes.users == {"host.invalid": ("me", "")}
    assert routes.hide("failed: https://host.invalid/t/s3cret/d/x by me") == (
        "failed: https://host.invalid/d/x by <secret>"
    )
    assert "s3cret" not in repr(routes)


def test_a_prefix_is_marked_from_its_first_moment(tmp_path: Path) -> None:
    begun = Unfinished(lock="digest", is_new=True, prefix=str(tmp_path))
    mark_unfinished(tmp_path, begun)
    assert os.listdir(tmp_path) == ["conda-meta"]
    assert read_unfinished(tmp_path) == begun
    assert unfinished_reason(tmp_path) == "`reprocheck create` has not come to its end"
    made = Made(lock="digest", platform="linux-64", prefix=str(tmp_path))
    mark_made(tmp_path, made)
    assert os.listdir(tmp_path / "conda-meta") == ["reprocheck-made"]
    assert (read_made(tmp_path), read_unfinished(tmp_path)) == (made, None)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"lock": 1}'])
def test_a_mark_that_says_nothing_still_marks(tmp_path: Path, text: str) -> None:
    (tmp_path / "conda-meta").mkdir()
    (tmp_path / "conda-meta" / "reprocheck-unfinished").write_text(text)
    (tmp_path / "conda-meta" / "reprocheck-made").write_text(text)
    assert read_unfinished(tmp_path) == Unfinished(lock=None, is_new=False, prefix=None)
    assert read_made(tmp_path) is None
    assert look_at_target(tmp_path, "env", force=False).state == "ours"


def test_the_digest_knows_what_is_installed_and_no_order(package: Package) -> None:
    one, two = package("one"), package("two")
    assert digest_of([one, two], "linux-64") == digest_of([two, one], "linux-64")
    others = [digest_of([one], "linux-64"), digest_of([one, two], "osx-64"), digest_of([one, package("two", "2")], "x")]
    assert digest_of([one, two], "linux-64") not in others


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may list everything")
def test_a_folder_that_cannot_be_listed_is_refused(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    with pytest.raises(UsageError, match="cannot be made"):
        look_at_target(closed, "closed", force=False)


def test_the_folder_above_our_python_is_refused_and_its_neighbour_is_not(tmp_path: Path) -> None:
    ours = (str(tmp_path / "python" / "inner"),)
    (tmp_path / "python").mkdir()
    (tmp_path / "python-2").mkdir()
    with pytest.raises(UsageError):
        look_at_target(tmp_path / "python", "python", force=True, our_python=ours)
    assert look_at_target(tmp_path / "python-2", "python-2", force=True, our_python=ours).state == "new"


FETCH = "failed to fetch tool-1.0-0.conda\nCaused by: failed to interact with the package cache layer.\nCaused by: "
LINK = "failed to link tool-1.0-0.conda\nCaused by: failed to link 'bin/x'\nCaused by: "
FAILURES = [
    (
        FETCH + "an io error occurred: No space left on device (os error 28)",
        UndecidedError,
        ["error: `tool 1.0` cannot be written", "why:   an io error occurred: No space left on device (os error 28)"],
    ),
    (
        LINK + "failed to create directory `/p/bin`: Permission denied (os error 13)",
        UndecidedError,
        ["error: `tool 1.0` cannot be written", "where: /p/bin"],
    ),
    (
        LINK + "target prefix cannot be longer than the placeholder prefix (encoding 'utf-8')",
        InputError,
        ["error: `tool 1.0` cannot be installed under so long a path", "how:   name a shorter prefix"],
    ),
    (
        LINK + "cannot install noarch python package because there is no python version specified",
        InputError,
        ["error: `tool 1.0` cannot be installed", "how:   lock `python` too"],
    ),
    (FETCH + "tcp connect error", UndecidedError, ["error: `tool 1.0` cannot be fetched", "why:   tcp connect error"]),
    ("failed to create the prefix\nCaused by: x", UndecidedError, ["error: the conda part cannot be installed"]),
    ("", UndecidedError, ["error: the conda part cannot be installed", "why:   it does not say why"]),
]


@pytest.mark.parametrize(("message", "kind", "lines"), FAILURES)
def test_what_rattler_says_becomes_an_error_to_act_on(
    package: Package, message: str, kind: type[Exception], lines: list[str]
) -> None:
    error = install_failure(message, [package("tool")], offline=False)
    assert type(error) is kind
    told = [line.strip() for line in error.lines()]
    assert [line for line in lines if line not in told] == []


def test_the_cache_is_that_of_rattler(tmp_path: Path) -> None:
    assert package_cache({"RATTLER_CACHE_DIR": str(tmp_path)}) == tmp_path / "pkgs"
    with pytest.raises(UndecidedError, match="no place to keep packages is known"):
        package_cache({})


def cache_package(cache: Path, package: LockedPackage, sha256: str | None) -> Path:
    """Make what rattler keeps of a package."""
    folder = cached_folder(cache, package)
    (folder / "info").mkdir(parents=True)
    (folder / "info" / "paths.json").write_text("{}")
    digest = bytes.fromhex(sha256) if sha256 else b""
    folder.with_name(f"{folder.name}.lock").write_bytes(bytes(8) + digest)
    return folder


def test_only_what_is_proved_to_be_the_locked_archive_stays_cached(package: Package, tmp_path: Path) -> None:
    same, other, unknown, by_md5, old = (package(name) for name in ("same", "other", "unknown", "md5", "old"))
    by_md5 = package("md5", sha256=None)
    cached = [cache_package(tmp_path, one, one.sha256) for one in (same, by_md5, old)]
    cached += [cache_package(tmp_path, other, "a" * 64), cache_package(tmp_path, unknown, None)]
    (cached[2] / "info" / "paths.json").unlink()  # of a time when packages did not tell digests of their files
    drop_untrusted(tmp_path, [same, other, unknown, by_md5, old])
    assert [folder.exists() for folder in cached] == [True, False, False, False, False]
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["same-1.0-0"]


def test_without_a_network_what_is_missing_is_named(package: Package, tmp_path: Path) -> None:
    packages = [package(f"p{number}") for number in range(12)]
    plain = {one.url: one.url for one in packages}
    cache_package(tmp_path, packages[0], packages[0].sha256)
    with pytest.raises(UndecidedError) as caught:
        require_cached(tmp_path, packages, plain)
    assert caught.value.what == "11 packages are not cached"
    assert caught.value.why.endswith("`p10 1.0` and 1 more would have to be fetched")
    require_cached(tmp_path, packages[:1], plain)


def test_an_archive_that_is_not_there_may_be_cached(package: Package, tmp_path: Path) -> None:
    here = package("tool", url=(tmp_path / "tool-1.0-0.conda").as_uri())
    check_archives([here], {here.url: here.url})
    (tmp_path / "tool-1.0-0.conda").mkdir()
    with pytest.raises(UndecidedError, match=r"the archive of `tool 1\.0` cannot be read"):
        check_archives([here], {here.url: here.url})


def test_a_record_without_its_package_in_the_cache_gets_its_address_only(package: Package, tmp_path: Path) -> None:
    (tmp_path / "conda-meta").mkdir()
    path = tmp_path / "conda-meta" / "tool-1.0-0.json"
    path.write_text(json.dumps({"name": "tool", "depends": ["a"], "url": "secret", "channel": "secret"}))
    tool = package("tool")
    plain = {tool.url: "https://host.invalid/c/linux-64/tool-1.0-0.conda"}
    complete_records(tmp_path, tmp_path / "cache", [tool, package("absent", url=tool.url)], plain)
    assert json.loads(path.read_text()) == {
        "name": "tool",
        "depends": ["a"],
        "url": plain[tool.url],
        "channel": "https://host.invalid/c",
    }
    digest, when = hashlib.sha256(path.read_bytes()).digest(), path.stat().st_mtime_ns
    complete_records(tmp_path, tmp_path / "cache", [tool], plain)
    assert (hashlib.sha256(path.read_bytes()).digest(), path.stat().st_mtime_ns) == (digest, when)


def test_what_rattler_leaves_when_killed_goes_and_the_users_files_stay(tmp_path: Path) -> None:
    left = ("conda-meta/prefix_record_aB3dE6", "__clobbers__/tool/share/both", ".refprobe-gIGQzI/src")
    for name in (*left, ".reprocheck-scratch-x1y2z3/uv.toml", "mine"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "symtest_d94e2125-468c-43be-90e1-859d4d3187b5").symlink_to("./")
    remove_strays(tmp_path, [])
    assert sorted(os.listdir(tmp_path)) == ["conda-meta", "mine"]
    assert os.listdir(tmp_path / "conda-meta") == []


def test_progress_counts_packages_and_megabytes() -> None:
    told: list[str] = []
    counts: Any = InstallCounts(told.append)
    counts.on_transaction_start(300)
    assert counts.on_populate_cache_start(0, "tool") == 0
    first, second = counts.on_download_start(0), counts.on_download_start(0)
    counts.on_download_progress(first, 30_000_000, 100_000_000)
    counts.on_download_progress(second, 4_000_000, None)
    for call in (counts.on_validate_complete, counts.on_link_complete, counts.on_transaction_operation_start):
        call(counts.on_validate_start(0))
    counts.on_post_link_complete(0, True)
    counts.on_transaction_operation_complete(0)
    counts.on_transaction_complete()
    assert told[0] == "installing: 0 of 300 packages"
    assert told[-1] == "installing: 1 of 300 packages, downloading 34 of 104 MB"
