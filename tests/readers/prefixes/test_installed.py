"""Environments by their layout: which folder is one, which Python and platform it has, what does not belong to it."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from reprocheck.errors import InputError
from reprocheck.model.prefixes import UNFINISHED_MARK, Fault, Prefix
from reprocheck.readers.prefixes.installed import read_prefix

Write = Callable[[Path, Mapping[str, str | bytes]], Path]
Record = Callable[..., str]
HEAD = "Name: tool\nVersion: 1.0\n"
INFO = "tool-1.0.dist-info"
META = f"{INFO}/METADATA"


def read(root: Path, platform: str = "linux-64") -> Prefix:
    return read_prefix(root, "env", platform)


def refusal(root: Path) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_prefix(root, "env", "linux-64")
    return caught.value.lines()


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none") == [
        "error: no environment at `env`",
        "  where: env",
        "  why:   there is no such folder",
        "  how:   name the folder of an environment",
    ]


def test_a_folder_that_is_no_environment_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path) == [
        "error: no environment at `env`",
        "  where: env",
        "  why:   it has no `conda-meta`, no `pyvenv.cfg`, and no Python with `site-packages`",
        "  how:   name the environment's own folder",
    ]


def test_the_environments_in_a_folder_are_named(tmp_path: Path, write: Write) -> None:
    write(tmp_path, {"a/pyvenv.cfg": "", "b/pyvenv.txt": "", "c/conda-meta/history": "", "d/x": ""})
    folder = tmp_path.as_posix()
    assert refusal(tmp_path)[3] == f"  how:   name the environment in it, `{folder}/a` or `{folder}/c`"
    write(tmp_path, {f"{name}/pyvenv.cfg": "" for name in "xyz"})
    assert refusal(tmp_path)[3].endswith(f"`{folder}/a` or `{folder}/c` or `{folder}/x`")


@pytest.mark.parametrize(("python", "mark"), [("bin/python3.11", "conda-meta/history"), ("python.exe", "pyvenv.cfg")])
def test_the_python_of_an_environment_is_no_environment_but_leads_to_one(
    tmp_path: Path, write: Write, python: str, mark: str
) -> None:
    write(tmp_path / "env", {python: "", mark: ""})
    assert refusal(tmp_path / "env" / python) == [
        "error: no environment at `env`",
        "  where: env",
        "  why:   it is a file, and an environment is a folder",
        f"  how:   name the folder around it, `{(tmp_path / 'env').as_posix()}`",
    ]


@pytest.mark.parametrize("name", ["python3", "environment.yml"])
def test_any_other_file_is_refused(tmp_path: Path, write: Write, name: str) -> None:
    assert refusal(write(tmp_path, {name: ""}) / name)[2:] == [
        "  why:   it is a file, and an environment is a folder",
        "  how:   name the environment's own folder",
    ]


def test_a_link_that_leads_nowhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    assert refusal(tmp_path / "loop")[2] == "  why:   too many levels of symbolic links"


def test_the_platform_is_that_of_the_records(tmp_path: Path, write: Write, record: Record) -> None:
    subdirs = {"a": "osx-64", "b": "osx-arm64", "c": "noarch", "d": "osx-arm64", "e": "noarch", "f": "noarch"}
    write(tmp_path, {f"conda-meta/{name}-1.0-h1_0.json": record(name, subdir=sub) for name, sub in subdirs.items()})
    assert read(tmp_path).platform == "osx-arm64"


def test_without_a_record_that_tells_it_the_platform_is_this_machines(
    tmp_path: Path, write: Write, record: Record
) -> None:
    write(tmp_path, {"conda-meta/a-1.0-h1_0.json": record("a", subdir="noarch")})
    assert read(tmp_path, "linux-aarch64").platform == "linux-aarch64"


def test_what_an_older_python_left_behind_is_dead(tmp_path: Path, write: Write, record: Record) -> None:
    files = {f"lib/python{version}/site-packages/{META}": HEAD for version in ("3.1", "3.10", "3.11", "3.12t")}
    write(tmp_path, {**files, "conda-meta/python-3.11.7-h1_0.json": record("python", version="3.11.7")})
    found = read(tmp_path)
    assert (found.python, found.site_packages) == ("3.11.7", "lib/python3.11/site-packages")
    assert [item.record for item in found.distributions] == ["lib/python3.11/site-packages/tool-1.0.dist-info"]


@pytest.mark.parametrize(
    ("folder", "version"), [("lib/python3.13t", "3.13.1"), ("lib/pypy3.9", "3.9.18"), ("Lib", "3.11.7")]
)
def test_pythons_of_other_kinds_have_their_own_folder(
    tmp_path: Path, write: Write, record: Record, folder: str, version: str
) -> None:
    python = {f"conda-meta/python-{version}-h1_0.json": record("python", version=version)}
    write(tmp_path, {f"{folder}/site-packages/{META}": HEAD, **python})
    assert [item.record for item in read(tmp_path).distributions] == [f"{folder}/site-packages/tool-1.0.dist-info"]


def test_where_no_python_is_known_all_folders_count(tmp_path: Path, write: Write) -> None:
    names = ("lib/python3.10", "lib/python3.11", "lib/python", "lib/node_modules")
    write(tmp_path, {f"{name}/site-packages/{META}": HEAD for name in names} | {"conda-meta/history": ""})
    found = read(tmp_path)
    assert found.site_packages == "lib/python3.10/site-packages"
    assert len(found.distributions) == 2


def test_an_environment_without_python_has_no_projects(tmp_path: Path, write: Write, record: Record) -> None:
    write(tmp_path, {"conda-meta/zlib-1.0-h1_0.json": record("zlib"), "lib/libz.so": "", "lib/python3.11/x": ""})
    found = read(tmp_path)
    assert (found.python, found.site_packages, found.distributions) == (None, None, ())


def test_lib64_counts_where_it_is_another_folder(tmp_path: Path, write: Write) -> None:
    cfg = {"pyvenv.cfg": "home = /usr/bin\nversion = 3.11.4\n"}
    both = write(tmp_path / "both", {**cfg, f"lib64/python3.11/site-packages/{META}": HEAD})
    write(both, {"lib/python3.11/site-packages/x-1.dist-info/METADATA": "Name: x\nVersion: 1\n"})
    assert [item.name for item in read(both).distributions] == ["x", "tool"]
    one = write(tmp_path / "one", {**cfg, f"lib/python3.11/site-packages/{META}": HEAD})
    (one / "lib64").symlink_to("lib")
    assert [item.name for item in read(one).distributions] == ["tool"]


@pytest.mark.parametrize(
    ("line", "is_alone"),
    [
        ("include-system-site-packages = true", False),
        ("Include-System-Site-Packages=TRUE", False),
        ("include-system-site-packages = false", True),
        ("", True),
    ],
)
def test_a_virtual_environment_may_let_the_packages_of_its_python_in(
    tmp_path: Path, write: Write, line: str, is_alone: bool
) -> None:
    assert read(write(tmp_path, {"pyvenv.cfg": f"home = /usr/bin\n{line}\n"})).is_alone is is_alone


@pytest.mark.parametrize(
    ("text", "maker", "python"),
    [
        ("home = /usr/bin\nversion = 3.11.4\n", "venv", "3.11.4"),
        ("home = /usr/bin\nuv = 0.13.9\nversion_info = 3.12.1\n", "uv", "3.12.1"),
        ("virtualenv = 20.1\nversion_info = 3.9.2.final.0\nversion = 3.9.2\n", "virtualenv", "3.9.2"),
        ("VERSION_INFO=3.14.0rc2", "venv", "3.14.0rc2"),
        ("version = unknown", "venv", None),
        (b"\xff\xfe", "venv", None),
    ],
)
def test_a_virtual_environment_tells_its_maker_and_python(
    tmp_path: Path, write: Write, text: str | bytes, maker: str, python: str | None
) -> None:
    found = read(write(tmp_path, {"pyvenv.cfg": text}))
    assert (found.kind, found.maker, found.python, found.faults) == ("venv", maker, python, ())


def test_the_packages_of_the_python_below_are_another_environment(tmp_path: Path, write: Write) -> None:
    write(tmp_path / "base", {"conda-meta/history": "", f"lib/python3.11/site-packages/{META}": HEAD})
    home = (tmp_path / "base" / "bin").as_posix()
    cfg = f"home = {home}\ninclude-system-site-packages = true\nversion = 3.11.4\n"
    assert read(write(tmp_path / "venv", {"pyvenv.cfg": cfg})).distributions == ()


def test_the_pins_are_read_without_comments_and_credentials(tmp_path: Path, write: Write) -> None:
    text = "# kept\nnumpy 1.26.*  # for torch\n\npython=3.11\nconda-forge::x[url='https://me:pw@host.invalid/x#md5']\n"
    found = read(write(tmp_path, {"conda-meta/pinned": text}))
    assert found.pinned == (
        "numpy 1.26.*",
        "python=3.11",
        "conda-forge::x[url='https://<credentials>@host.invalid/x#<fragment>']",
    )


def test_what_cannot_be_read_is_a_fault_in_the_order_of_the_paths(tmp_path: Path, write: Write, record: Record) -> None:
    files = {"conda-meta/a-1-0.json": "{", UNFINISHED_MARK: '{"reason": "killed"}', "conda-meta/pinned/x": ""}
    write(tmp_path, {**files, "conda-meta/python-3.11.7-h1_0.json": record("python", version="3.11.7")})
    (tmp_path / "lib").symlink_to("lib")
    (tmp_path / "Lib").mkdir()
    (tmp_path / "Lib" / "site-packages").symlink_to("site-packages")
    found = read(tmp_path)
    assert found.unfinished == "killed"
    assert found.faults == (
        Fault("conda-meta/a-1-0.json", "is no JSON"),
        Fault("conda-meta/pinned", "is no regular file"),
        Fault("lib", "too many levels of symbolic links"),
    )


def test_a_configuration_that_cannot_be_read_is_a_fault(tmp_path: Path, write: Write) -> None:
    write(tmp_path, {"pyvenv.cfg": ""})
    os.truncate(tmp_path / "pyvenv.cfg", 1 << 30)
    found = read(tmp_path)
    assert found.faults == (Fault("pyvenv.cfg", "has more than 67108864 bytes"),)


def test_a_read_only_environment_is_read_and_left_as_it_is(tmp_path: Path, write: Write, record: Record) -> None:
    files = {"conda-meta/python-3.11.7-h1_0.json": record("python", version="3.11.7")}
    write(tmp_path, {**files, f"lib/python3.11/site-packages/{META}": HEAD})
    before = sorted((path, path.stat().st_mtime_ns) for path in tmp_path.rglob("*"))
    for path in (tmp_path, *tmp_path.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    assert read(tmp_path) == read(tmp_path)
    assert sorted((path, path.stat().st_mtime_ns) for path in tmp_path.rglob("*")) == before
    for path in (tmp_path, *tmp_path.rglob("*")):
        path.chmod(0o755)


@contextlib.contextmanager
def nobody() -> Iterator[None]:
    """Look with the eyes of a user who may read little; root may read everything."""
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(was)


@pytest.fixture
def public_folder(tmp_path: Path) -> Iterator[Path]:
    """Return a folder that others may look into, which those of pytest are not."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.parametrize("locked", ["around", "around/env"])
def test_a_folder_that_one_may_not_read_is_refused_with_the_reason(
    public_folder: Path, write: Write, locked: str
) -> None:
    write(public_folder / "around" / "env", {"conda-meta/history": ""})
    (public_folder / locked).chmod(0)
    with nobody():
        lines = refusal(public_folder / "around" / "env")
    (public_folder / locked).chmod(0o755)
    assert lines[2] == "  why:   permission denied"


def test_records_that_one_may_not_list_are_no_empty_environment(public_folder: Path, write: Write) -> None:
    write(public_folder, {"conda-meta/history": ""})
    (public_folder / "conda-meta").chmod(0)
    with nobody():
        lines = refusal(public_folder)
    (public_folder / "conda-meta").chmod(0o755)
    assert lines == [
        "error: cannot look into `env`",
        "  where: env/conda-meta",
        "  why:   permission denied",
        "  how:   ask as its owner, or give the right to read it",
    ]


@pytest.mark.parametrize(
    ("locked", "places"),
    [
        ("conda-meta/a-1.0-h1_0.json", ["conda-meta/a-1.0-h1_0.json"]),
        ("lib", ["lib"]),
        ("lib/python3.11/site-packages", ["lib/python3.11/site-packages"]),
        (f"lib/python3.11/site-packages/{INFO}", [f"lib/python3.11/site-packages/{INFO}"]),
    ],
)
def test_a_part_that_one_may_not_read_is_a_fault(
    public_folder: Path, write: Write, record: Record, locked: str, places: list[str]
) -> None:
    files = {"conda-meta/a-1.0-h1_0.json": record("a"), f"lib/python3.11/site-packages/{META}": HEAD}
    write(public_folder, files)
    (public_folder / locked).chmod(0)
    with nobody():
        found = read(public_folder)
    (public_folder / locked).chmod(0o755)
    assert found.faults == tuple(Fault(place, "permission denied") for place in places)
    assert found.unfinished is None
