"""Metadata of Python's projects: whole, half deleted, broken, and whose it is."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from reprocheck.model.prefixes import Distribution, Fault, Origin, OwnedFile
from reprocheck.readers.prefixes.conda_meta import read_conda_meta
from reprocheck.readers.prefixes.dist_info import Place, read_distributions
from reprocheck.readers.requires_dist import MarkerTarget

SITE = "lib/python3.11/site-packages"
INFO = f"{SITE}/tool-1.0.dist-info"
HEAD = "Metadata-Version: 2.1\nName: Tool.Box\nVersion: 1.0\n"
RECORD = "conda-meta/tool-1.0-h1_0.json"

Write = Callable[[Path, Mapping[str, str | bytes]], Path]
Read = Callable[..., tuple[tuple[Distribution, ...], list[Fault]]]


def digest(data: bytes) -> str:
    """Return the SHA-256 as RECORD writes it."""
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def listed(root: Path, *paths: str, content: Mapping[str, bytes] | None = None) -> list[dict[str, Any]]:
    """Return the entries of a conda record for files as they lie there, or as they were."""
    entries = []
    for path in paths:
        data = (content or {}).get(path) or (root / path).read_bytes()
        entries.append({"_path": path, "sha256": hashlib.sha256(data).hexdigest(), "size_in_bytes": len(data)})
    return entries


@pytest.fixture
def read(tmp_path: Path, write: Write) -> Read:
    """Write files into an environment and read its projects."""

    def read_them(
        files: Mapping[str, str | bytes] | None = None, platform: str = "linux-64", site: str = SITE
    ) -> tuple[tuple[Distribution, ...], list[Fault]]:
        write(tmp_path, files or {})
        faults: list[Fault] = []
        place = Place(tmp_path, (site,), MarkerTarget(platform=platform, python="3.11.7"))
        return read_distributions(place, read_conda_meta(tmp_path, faults), faults), faults

    return read_them


def test_a_project_is_read(read: Read) -> None:
    rows = f"tool/__init__.py,{digest(b'1')},1\ntool/__pycache__/__init__.cpython-311.pyc,,\n../../../bin/tool,,\n"
    needs = (
        "Requires-Dist: numpy (>=1.20,<3)\nRequires-Dist: x; sys_platform == 'win32'\nRequires-Dist: y; extra == 'z'\n"
    )
    found, faults = read({f"{INFO}/METADATA": HEAD + needs, f"{INFO}/INSTALLER": "pip\n", f"{INFO}/RECORD": rows})
    assert faults == []
    assert found == (
        Distribution(
            name="tool-box",
            version="1.0",
            installer="pip",
            origin=None,
            owner=None,
            dependencies=(("numpy", "<3,>=1.20"),),
            files=(
                OwnedFile(f"{SITE}/tool/__init__.py", "file", hashlib.sha256(b"1").hexdigest(), 1),
                OwnedFile(f"{SITE}/tool/__pycache__/__init__.cpython-311.pyc", "bytecode"),
                OwnedFile("bin/tool"),
            ),
            record=INFO,
        ),
    )


def test_a_project_needs_no_more_than_a_name_and_a_version(read: Read) -> None:
    ((found,), faults) = read({f"{INFO}/METADATA": HEAD})
    assert (found.installer, found.files, found.dependencies, faults) == (None, (), (), [])


def test_requirements_hold_for_the_environments_own_python_and_platform(read: Read) -> None:
    needs = (
        "Requires-Dist: old; python_version < '3.11'\n"
        "Requires-Dist: new; python_version >= '3.11'\n"
        "Requires-Dist: mac; platform_system == 'Darwin'\n"
        "Requires-Dist: url @ https://host.invalid/url.zip\n"
    )
    ((found,), _) = read({f"{INFO}/METADATA": HEAD + needs}, "osx-arm64")
    assert found.dependencies == (("new", ""), ("mac", ""), ("url", ""))


def test_what_pip_left_behind_is_a_fault(read: Read) -> None:
    name = f"{SITE}/~umpy-1.26.dist-info"
    why = "was left behind by pip, which was interrupted while it replaced or removed the project"
    assert read({f"{name}/METADATA": HEAD}) == ((), [Fault(name, why)])


def test_an_emptied_folder_is_a_fault(read: Read) -> None:
    assert read({f"{INFO}/RECORD": "", f"{SITE}/x.egg-info/SOURCES.txt": "", f"{SITE}/y.dist-info": ""}) == (
        (),
        [
            Fault(INFO, "has no METADATA: the project was removed but for this folder"),
            Fault(f"{SITE}/x.egg-info", "has no PKG-INFO: the project was removed but for this folder"),
            Fault(f"{SITE}/y.dist-info", "has no METADATA: the project was removed but for this folder"),
        ],
    )


@pytest.mark.parametrize(
    "text", ["", "Name: tool\n", "Version: 1\n", "Name: a b\nVersion: 1\n", "Name: x\nVersion: \x1b[\n"]
)
def test_metadata_that_names_nothing_is_a_fault(read: Read, text: str) -> None:
    assert read({f"{INFO}/METADATA": text}) == ((), [Fault(f"{INFO}/METADATA", "names no project, or no version")])


def test_metadata_that_cannot_be_opened_is_a_fault(read: Read, tmp_path: Path) -> None:
    (tmp_path / INFO).mkdir(parents=True)
    os.mkfifo(tmp_path / INFO / "METADATA")
    assert read() == ((), [Fault(INFO, "is no regular file")])


def test_an_installer_that_cannot_be_read_is_a_fault_and_the_project_stays(read: Read, tmp_path: Path) -> None:
    (tmp_path / INFO / "INSTALLER").mkdir(parents=True)
    ((found,), faults) = read({f"{INFO}/METADATA": HEAD})
    assert found.installer is None
    assert faults == [Fault(f"{INFO}/INSTALLER", "is no regular file")]


def test_paths_that_leave_the_environment_are_told_and_left_out(read: Read, tmp_path: Path) -> None:
    rows = (
        f"../../../../etc/passwd,,\n/etc/passwd,,\n{tmp_path.as_posix()}/bin/x,,\n{tmp_path.as_posix()}/../y,,\nz,,\n"
    )
    ((found,), faults) = read({f"{INFO}/METADATA": HEAD, f"{INFO}/RECORD": rows})
    assert [file.path for file in found.files] == ["bin/x", f"{SITE}/z"]
    why = "lists `../../../../etc/passwd`, which is no path inside the environment (and 2 more such)"
    assert faults == [Fault(f"{INFO}/RECORD", why)]


def test_a_record_that_is_no_text_is_a_fault(read: Read) -> None:
    ((found,), faults) = read({f"{INFO}/METADATA": HEAD, f"{INFO}/RECORD": b"\xff,,\n"})
    assert found.files == ()
    assert faults == [Fault(f"{INFO}/RECORD", "is no table in UTF-8")]


def test_windows_lists_with_backslashes(read: Read, tmp_path: Path) -> None:
    info = "Lib/site-packages/tool-1.0.dist-info"
    rows = "..\\..\\Scripts\\tool.exe,,\ntool\\__init__.py,,\nC:\\x,,\n"
    ((found,), faults) = read({f"{info}/METADATA": HEAD, f"{info}/RECORD": rows}, "win-64", "Lib/site-packages")
    assert [file.path for file in found.files] == ["Scripts/tool.exe", "Lib/site-packages/tool/__init__.py"]
    assert faults == [Fault(f"{info}/RECORD", "lists `C:\\x`, which is no path inside the environment")]


# Whose it is.


@pytest.mark.parametrize("installer", [None, "conda\n"])
def test_what_conda_lists_and_nobody_replaced_is_condas(
    read: Read, tmp_path: Path, write: Write, record: Callable[..., str], installer: str | None
) -> None:
    files = {f"{INFO}/METADATA": HEAD, f"{INFO}/RECORD": "x,,\n"}
    files |= {f"{INFO}/INSTALLER": installer} if installer else {}
    write(tmp_path, files)
    url = '{"url": "file:///home/feedstock_root/work", "dir_info": {}}'
    # The record knows the folder, but neither `direct_url.json` nor how RECORD reads now: `conda` is enough.
    entries = listed(tmp_path, f"{INFO}/METADATA", f"{INFO}/RECORD", content={f"{INFO}/RECORD": b"older"})
    ((found,), faults) = read({RECORD: record("tool", *entries), f"{INFO}/direct_url.json": url})
    assert (found.owner, found.files, found.origin, faults) == (RECORD, (), None, [])


def test_a_package_that_pip_built_for_conda_is_condas(
    read: Read, tmp_path: Path, write: Write, record: Callable[..., str]
) -> None:
    files = ("METADATA", "INSTALLER", "RECORD", "REQUESTED", "direct_url.json")
    write(tmp_path, {f"{INFO}/{name}": HEAD if name == "METADATA" else "pip\n" for name in files})
    entries = listed(tmp_path, *(f"{INFO}/{name}" for name in files))
    ((found,), faults) = read({RECORD: record("tool", *entries)})
    assert (found.owner, found.installer, faults) == (RECORD, "pip", [])


@pytest.mark.parametrize(
    ("there", "was"),
    [
        pytest.param({"INSTALLER": "pip\n"}, {"INSTALLER": b"conda\n"}, id="conda had written INSTALLER"),
        pytest.param({"INSTALLER": "uv"}, {"INSTALLER": b"pip\n"}, id="another installer than the feedstock's"),
        pytest.param({"INSTALLER": "pip\n"}, {}, id="conda lists no INSTALLER"),
        pytest.param(
            {"INSTALLER": "pip\n", "RECORD": "new,,\n"},
            {"INSTALLER": b"pip\n", "RECORD": b"old,,\n"},
            id="RECORD was written anew",
        ),
        pytest.param({"INSTALLER": "pip\n", "RECORD": "new,,\n"}, {"INSTALLER": b"pip\n"}, id="conda lists no RECORD"),
        pytest.param({"INSTALLER": "pip\n", "REQUESTED": ""}, {"INSTALLER": b"pip\n"}, id="conda lists no REQUESTED"),
    ],
)
def test_a_project_of_condas_that_was_installed_again_is_pips(
    read: Read,
    tmp_path: Path,
    write: Write,
    record: Callable[..., str],
    there: dict[str, str],
    was: dict[str, bytes],
) -> None:
    write(tmp_path, {f"{INFO}/METADATA": HEAD, **{f"{INFO}/{name}": text for name, text in there.items()}})
    before = {f"{INFO}/{name}": data for name, data in was.items()}
    entries = listed(tmp_path, f"{INFO}/METADATA", *before, content=before)
    ((found,), faults) = read({RECORD: record("tool", *entries)})
    assert (found.owner, faults) == (None, [])


@pytest.mark.parametrize(
    ("was", "origin"),
    [
        pytest.param(b'{"url": "file:///home/lab/x", "dir_info": {}}', None, id="what conda brought was left behind"),
        pytest.param(b'{"url": "file:///build/work", "dir_info": {}}', "/home/lab/x", id="pip wrote another"),
    ],
)
def test_the_origin_that_condas_package_tells_is_not_pips(
    read: Read, tmp_path: Path, write: Write, record: Callable[..., str], was: bytes, origin: str | None
) -> None:
    url = '{"url": "file:///home/lab/x", "dir_info": {}}'
    write(tmp_path, {f"{INFO}/METADATA": HEAD, f"{INFO}/INSTALLER": "uv\n", f"{INFO}/direct_url.json": url})
    before = {f"{INFO}/INSTALLER": b"conda\n", f"{INFO}/direct_url.json": was}
    ((found,), faults) = read({RECORD: record("tool", *listed(tmp_path, f"{INFO}/METADATA", *before, content=before))})
    assert (found.owner, found.origin and found.origin.address.removeprefix("file://"), faults) == (None, origin, [])


def test_an_origin_that_conda_lists_without_digest_is_of_whoever_replaced_it(
    read: Read, tmp_path: Path, write: Write, record: Callable[..., str]
) -> None:
    write(tmp_path, {f"{INFO}/METADATA": HEAD, f"{INFO}/INSTALLER": "uv\n"})
    entries = [*listed(tmp_path, f"{INFO}/METADATA"), {"_path": f"{INFO}/direct_url.json"}]
    url = '{"url": "file:///home/lab/x", "dir_info": {}}'
    ((found,), _) = read({RECORD: record("tool", *entries), f"{INFO}/direct_url.json": url})
    assert found.origin is not None


def test_old_records_tell_no_digests_and_what_they_list_is_condas(read: Read, record: Callable[..., str]) -> None:
    names = [f"{INFO}/METADATA", f"{INFO}/INSTALLER"]
    files = {names[0]: HEAD, names[1]: "pip\n", RECORD: record("tool", files=names, paths_data=None)}
    assert read(files)[0][0].owner == RECORD
    assert read({f"{INFO}/direct_url.json": '{"url": "file:///x", "dir_info": {}}'})[0][0].owner is None


def test_a_folder_of_another_version_is_nobodys_but_pips(read: Read, record: Callable[..., str]) -> None:
    entry = {"_path": f"{SITE}/tool-0.9.dist-info/METADATA"}
    assert read({f"{INFO}/METADATA": HEAD, RECORD: record("tool", entry)})[0][0].owner is None


# Where it came from.


@pytest.mark.parametrize(
    ("document", "origin"),
    [
        ({"url": "file:///src", "dir_info": {"editable": True}}, Origin("editable", "file:///src")),
        ({"url": "file:///src", "dir_info": {}}, Origin("folder", "file:///src")),
        ({"url": "file:///src", "dir_info": {"editable": "yes"}}, Origin("folder", "file:///src")),
        (
            {"url": "https://me:secret@host.invalid/r.git", "vcs_info": {"vcs": "git", "commit_id": "0123abc"}},
            Origin("vcs", "https://host.invalid/r.git", "0123abc"),
        ),
        ({"url": "ssh://git@host.invalid/r", "vcs_info": {}}, Origin("vcs", "ssh://host.invalid/r")),
        (
            {"url": "https://host.invalid/x.whl?token=secret", "archive_info": {"hash": "sha256=AB"}},
            Origin("archive", "https://host.invalid/x.whl", None, "sha256=ab"),
        ),
        (
            {"url": "u", "archive_info": {"hash": "md5=00", "hashes": {"sha512": "cd", "sha256": "ab"}}},
            Origin("archive", "u", None, "sha256=ab"),
        ),
        (
            {"url": "u", "archive_info": {"hashes": {"sha512": "cd", "sha1": 3}}},
            Origin("archive", "u", None, "sha512=cd"),
        ),
        ({"url": "u", "archive_info": {"hash": "md5=00"}}, Origin("archive", "u")),
        ({"url": "u", "archive_info": {"hash": "none"}}, Origin("archive", "u")),
        ({"url": "u", "archive_info": {}}, Origin("archive", "u")),
    ],
)
def test_the_origin_is_told_without_credentials(read: Read, document: dict[str, object], origin: Origin) -> None:
    ((found,), faults) = read({f"{INFO}/METADATA": HEAD, f"{INFO}/direct_url.json": json.dumps(document)})
    assert (found.origin, faults) == (origin, [])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "is no JSON"),
        ("[]", "holds no mapping"),
        ("{}", "`url` is missing"),
        ('{"url": 3}', "`url` is missing"),
        ('{"url": "u"}', "none of `dir_info`, `vcs_info` and `archive_info` is there"),
    ],
)
def test_a_broken_origin_is_a_fault(read: Read, text: str, why: str) -> None:
    ((found,), faults) = read({f"{INFO}/METADATA": HEAD, f"{INFO}/direct_url.json": text})
    assert (found.origin, faults) == (None, [Fault(f"{INFO}/direct_url.json", why)])


def test_a_hook_for_editable_projects_is_an_origin_where_nothing_else_tells_it(read: Read) -> None:
    hook = f"{SITE}/__editable__.tool-1.0.pth"
    files = {f"{INFO}/METADATA": HEAD, f"{INFO}/RECORD": "__editable__.tool-1.0.pth,,\n"}
    ((found,), faults) = read({**files, hook: "/home/me/tool/src\n"})
    assert (found.origin, faults) == (Origin("editable", "/home/me/tool/src"), [])
    ((finder,), _) = read({hook: "import __editable___tool_finder; __editable___tool_finder.install()\n"})
    assert finder.origin == Origin("editable", "")


# Eggs.


def test_an_egg_info_folder_is_a_project(read: Read) -> None:
    egg = f"{SITE}/tool-1.0-py3.11.egg-info"
    requires = "numpy>=1.20\n\n[:sys_platform == 'win32']\nwinonly\n\n[:python_version >= '3']\nsix\n\n[test]\npytest\n"
    names = "../tool/__init__.py\n\nPKG-INFO\n../../../../bin/tool\n"
    files = {"PKG-INFO": HEAD, "requires.txt": requires, "installed-files.txt": names}
    ((found,), faults) = read({f"{egg}/{name}": text for name, text in files.items()})
    assert found.dependencies == (("numpy", ">=1.20"), ("six", ""))
    assert [file.path for file in found.files] == [f"{SITE}/tool/__init__.py", f"{egg}/PKG-INFO", "bin/tool"]
    assert (found.record, faults) == (egg, [])


def test_an_egg_info_file_is_a_project_and_condas_where_conda_lists_it(
    read: Read, tmp_path: Path, write: Write, record: Callable[..., str]
) -> None:
    egg = f"{SITE}/tool-1.0-py3.11.egg-info"
    ((found,), faults) = read({egg: HEAD})
    assert (found.record, found.owner, faults) == (egg, None, [])
    ((owned,), faults) = read({RECORD: record("tool", *listed(tmp_path, egg))})
    assert (owned.owner, faults) == (RECORD, [])


def test_an_egg_is_a_project(read: Read) -> None:
    egg = f"{SITE}/tool-1.0-py3.11.egg"
    ((found,), faults) = read({f"{egg}/EGG-INFO/PKG-INFO": HEAD, f"{SITE}/zipped-1.egg": b"PK"})
    assert (found.record, faults) == (f"{egg}/EGG-INFO", [])


def test_linked_projects_are_editable(read: Read) -> None:
    files = {
        f"{SITE}/My_Tool.egg-link": "/home/me/tool\n.",
        f"{SITE}/easy-install.pth": "# old\nimport sys\n/home/me/tool\n./x.egg\n/opt/y.egg\n/home/me/other/src\n\n",
    }
    found, faults = read(files)
    assert [(item.name, item.version, item.origin, item.record) for item in found] == [
        ("my-tool", "0+unknown", Origin("editable", "/home/me/tool"), f"{SITE}/My_Tool.egg-link"),
        ("other", "0+unknown", Origin("editable", "/home/me/other/src"), f"{SITE}/easy-install.pth"),
    ]
    assert faults == []


def test_a_link_that_cannot_be_read_is_a_fault_and_a_project(read: Read, tmp_path: Path) -> None:
    (tmp_path / SITE / "tool.egg-link").mkdir(parents=True)
    ((found,), faults) = read()
    assert found.origin == Origin("editable", "")
    assert faults == [Fault(f"{SITE}/tool.egg-link", "is no regular file")]


def test_a_folder_that_cannot_be_listed_is_one_fault(read: Read, tmp_path: Path) -> None:
    (tmp_path / SITE).parent.mkdir(parents=True)
    (tmp_path / SITE).symlink_to("site-packages")
    assert read() == ((), [Fault(SITE, "too many levels of symbolic links")])


def test_a_name_that_is_no_text_is_a_fault(read: Read, tmp_path: Path) -> None:
    (tmp_path / SITE).mkdir(parents=True)
    Path(os.fsdecode(os.fsencode(tmp_path / SITE) + b"/\xff\x1b.dist-info")).mkdir()
    assert read() == ((), [Fault(f"{SITE}/\\udcff\\x1b.dist-info", "has a name that is no text")])


def test_projects_come_in_the_order_of_their_paths(read: Read) -> None:
    names = ("b-1.dist-info/METADATA", "A-1.dist-info/METADATA", "a-1.egg-info/PKG-INFO")
    found, _ = read({f"{SITE}/{name}": HEAD for name in names} | {f"{SITE}/aa.egg-link": ""})
    assert [item.record.rpartition("/")[2] for item in found] == [
        "A-1.dist-info",
        "a-1.egg-info",
        "aa.egg-link",
        "b-1.dist-info",
    ]
