"""Records of `conda-meta` as conda, mamba, rattler and pixi write them, and broken ones."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprocheck.model.prefixes import CondaRecord, Fault, OwnedFile
from reprocheck.readers.prefixes.conda_meta import read_conda_meta

A, B = "a" * 64, "b" * 64
PLACE = "conda-meta/tool-1.0-h1_0.json"

Write = Callable[[Path, Mapping[str, str | bytes]], Path]
Record = Callable[..., str]


def read(root: Path) -> tuple[tuple[CondaRecord, ...], list[Fault]]:
    faults: list[Fault] = []
    return read_conda_meta(root, faults), faults


@pytest.fixture
def only(tmp_path: Path, write: Write, record: Record) -> Callable[..., CondaRecord]:
    """Return the record that is read back from one of these paths and keys; it has no faults."""

    def make(*paths: Mapping[str, Any], **more: Any) -> CondaRecord:
        write(tmp_path, {PLACE: record("tool", *paths, **more)})
        (found,), faults = read(tmp_path)
        assert faults == []
        return found

    return make


def test_a_record_of_condas_is_read(only: Callable[..., CondaRecord]) -> None:
    path = {"_path": "lib/x.py", "path_type": "hardlink", "sha256": A, "sha256_in_prefix": A, "size_in_bytes": 3}
    assert only(path, depends=["python >=3.11,<3.12.0a0", "numpy"], requested_spec="tool=1") == CondaRecord(
        name="tool",
        version="1.0",
        build="h1_0",
        channel="conda-forge",
        subdir="linux-64",
        url="https://conda.anaconda.org/conda-forge/linux-64/tool-1.0-h1_0.conda",
        md5="a" * 32,
        sha256="b" * 64,
        dependencies=(("python", ">=3.11,<3.12.0a0"), ("numpy", "")),
        requested=("tool=1",),
        files=(OwnedFile("lib/x.py", "file", A, 3),),
        record=PLACE,
    )


@pytest.mark.parametrize(
    ("text", "name", "constraint"),
    [
        ("numpy", "numpy", ""),
        ("python_abi 3.11.* *_cp311", "python_abi", "3.11.* *_cp311"),
        (" ruamel.yaml  >=0.15 ", "ruamel.yaml", ">=0.15"),
        ("pytorch==2.0.1", "pytorch", "==2.0.1"),
        ("pytorch >= 1.8 , < 3", "pytorch", ">=1.8,<3"),
        ("numpy>=1.11, <2", "numpy", ">=1.11,<2"),
        ("blas=1.0=mkl", "blas", "=1.0 mkl"),
        ("conda-forge::tzdata", "tzdata", ""),
        ("main/linux-64::numpy >=1.16", "numpy", ">=1.16"),
        ("mkl[version='>=2020', build='h*']", "mkl", ">=2020 h*"),
        ("libblas[build=*mkl]", "libblas", "* *mkl"),
        (">=1", ">=1", ""),
    ],
)
def test_what_a_package_needs_is_taken_apart_as_conda_does(
    only: Callable[..., CondaRecord], text: str, name: str, constraint: str
) -> None:
    assert only(depends=[text]).dependencies == ((name, constraint),)


@pytest.mark.parametrize(
    ("entry", "sha256", "size_bytes"),
    [
        pytest.param({"sha256": A, "size_in_bytes": 3}, A, 3, id="rattler, nothing written in"),
        pytest.param({"sha256": A, "sha256_in_prefix": A, "size_in_bytes": 3}, A, 3, id="conda, nothing written in"),
        pytest.param(
            {"sha256": A, "sha256_in_prefix": B, "size_in_bytes": 3, "prefix_placeholder": "/p", "file_mode": "text"},
            B,
            None,
            id="a text with the prefix",
        ),
        pytest.param(
            {"sha256": A, "sha256_in_prefix": B, "size_in_bytes": 3, "prefix_placeholder": "/p", "file_mode": "binary"},
            B,
            3,
            id="a program with the prefix",
        ),
        pytest.param({"sha256": A, "sha256_in_prefix": B, "size_in_bytes": 3}, B, None, id="mamba, written in"),
        pytest.param({"sha256_in_prefix": B, "size_in_bytes": 3}, B, None, id="mamba, no digest of the archive"),
        pytest.param({"sha256": A, "size_in_bytes": 3, "prefix_placeholder": "/p"}, None, None, id="not verifiable"),
        pytest.param({"sha256": "", "sha256_in_prefix": None}, None, None, id="empty digests"),
        pytest.param({"sha256": A.upper(), "size_in_bytes": True}, A, None, id="upper case, and no number"),
        pytest.param({"path_type": "unix_python_entry_point"}, None, None, id="a script that conda made"),
        pytest.param(
            {"path_type": "unix_python_entry_point", "sha256": A, "size_in_bytes": 9}, A, 9, id="one that rattler made"
        ),
        pytest.param({"path_type": "windows_python_entry_point_exe", "sha256": A}, A, None, id="one on Windows"),
    ],
)
def test_what_is_expected_of_a_file(
    only: Callable[..., CondaRecord], entry: dict[str, object], sha256: str | None, size_bytes: int | None
) -> None:
    found = only({"_path": "bin/x", **entry}).files
    assert found == (OwnedFile("bin/x", "file", sha256, size_bytes),)


def test_programs_for_macos_are_signed_anew_and_may_grow(only: Callable[..., CondaRecord]) -> None:
    entry = {"_path": "bin/x", "sha256": A, "sha256_in_prefix": B, "size_in_bytes": 3, "prefix_placeholder": "/p"}
    assert only({**entry, "file_mode": "binary"}, subdir="osx-arm64").files[0].size_bytes is None


@pytest.mark.parametrize(
    ("path", "path_type", "kind"),
    [
        ("lib/x.so", "softlink", "link"),
        ("lib/x", "directory", "folder"),
        ("lib/__pycache__/x.pyc", "pyc_file", "bytecode"),
        ("lib/__pycache__/x.pyc", "hardlink", "bytecode"),
    ],
)
def test_links_folders_and_bytecode_have_no_digest(
    only: Callable[..., CondaRecord], path: str, path_type: str, kind: str
) -> None:
    entry = {"_path": path, "path_type": path_type, "sha256": A, "sha256_in_prefix": A, "size_in_bytes": 3}
    assert only(entry).files == (OwnedFile(path, kind),)  # type: ignore[arg-type]


def test_bytecode_without_a_source_is_code(only: Callable[..., CondaRecord]) -> None:
    assert only({"_path": "lib/x.pyc", "sha256": A}).files == (OwnedFile("lib/x.pyc", "file", A),)


def test_bytecode_beside_its_source_is_written_anew_by_python_2(only: Callable[..., CondaRecord]) -> None:
    found = only({"_path": "lib/x.py", "sha256": A}, {"_path": "lib/x.pyc", "sha256": B, "path_type": "hardlink"})
    assert found.files == (OwnedFile("lib/x.py", "file", A), OwnedFile("lib/x.pyc", "bytecode"))


@pytest.mark.parametrize(
    ("site", "scripts"),
    [
        ("lib/python3.12/site-packages", "bin"),
        ("lib/python3.13t/site-packages", "bin"),
        ("lib/pypy3.9/site-packages", "bin"),
        ("Lib/site-packages", "Scripts"),
    ],
)
def test_conda_lists_a_noarch_package_as_its_archive_does_and_its_place_apart(
    only: Callable[..., CondaRecord], site: str, scripts: str
) -> None:
    found = only(
        {"_path": "site-packages/tool/__init__.py", "path_type": "hardlink", "sha256": A, "sha256_in_prefix": A},
        {"_path": "python-scripts/tool", "path_type": "hardlink", "sha256": A, "sha256_in_prefix": B},
        {"_path": "etc/tool.conf", "path_type": "hardlink", "sha256": A},
        {"_path": f"{site}/tool/__pycache__/__init__.cpython-312.pyc", "path_type": "pyc_file"},
        noarch="python",
        subdir="noarch",
        files=[
            f"{site}/tool/__init__.py",
            f"{scripts}/tool",
            "etc/tool.conf",
            f"{site}/tool/__pycache__/__init__.cpython-312.pyc",
            "bin/tool-entry",
        ],
    )
    assert found.files == (
        OwnedFile(f"{site}/tool/__init__.py", "file", A),
        OwnedFile(f"{scripts}/tool", "file", B),
        OwnedFile("etc/tool.conf", "file", A),
        OwnedFile(f"{site}/tool/__pycache__/__init__.cpython-312.pyc", "bytecode"),
    )


def test_a_folder_that_is_called_site_packages_at_the_top_stays_there(only: Callable[..., CondaRecord]) -> None:
    assert only({"_path": "site-packages/x.py", "sha256": A}).files == (OwnedFile("site-packages/x.py", "file", A),)


def test_where_files_tells_no_place_the_path_stays(only: Callable[..., CondaRecord]) -> None:
    found = only({"_path": "site-packages/x.py"}, {"_path": "python-scripts/x"}, files=["lib/python3.9/other.txt"])
    assert found.files == (OwnedFile("site-packages/x.py"), OwnedFile("python-scripts/x"))


def test_a_file_that_was_moved_away_keeps_its_place(only: Callable[..., CondaRecord]) -> None:
    moved = {"_path": "__clobbers__/tool/x", "original_path": "x", "sha256": A}
    assert only(moved).files == (OwnedFile("__clobbers__/tool/x", "file", A, None, "x"),)


def test_old_records_list_names_alone(only: Callable[..., CondaRecord]) -> None:
    found = only(files=["bin/x", "lib/__pycache__/x.pyc"], paths_data=..., subdir=..., channel="defaults", md5=None)
    assert found.files == (OwnedFile("bin/x"), OwnedFile("lib/__pycache__/x.pyc", "bytecode"))
    assert found.md5 is None


def test_old_records_tell_their_platform_by_the_url(only: Callable[..., CondaRecord]) -> None:
    url = "https://host.invalid/main/osx-64/tool-1.0-h1_0.tar.bz2"
    found = only(subdir=None, url=url, files=None, paths_data=None)
    assert (found.subdir, found.channel, found.files) == ("osx-64", "main", ())


def test_a_record_without_any_place_is_for_every_platform(only: Callable[..., CondaRecord]) -> None:
    found = only(subdir=None, url=None, channel=None)
    assert (found.subdir, found.channel, found.url) == ("noarch", "", "")


@pytest.mark.parametrize(
    ("keys", "requested"),
    [
        ({"requested_spec": "tool >=1"}, ("tool >=1",)),
        ({"requested_spec": "None"}, ()),
        ({"requested_spec": ""}, ()),
        ({"requested_spec": None}, ()),
        ({"requested_specs": ["tool", "tool >=1"], "requested_spec": "older"}, ("tool", "tool >=1")),
        ({"requested_specs": []}, ()),
        (
            {"requested_specs": ["https://me:pw@host.invalid/t/abc/tool.conda"]},
            ("https://<credentials>@host.invalid/t/<token>/tool.conda",),
        ),
    ],
)
def test_what_a_user_asked_for(
    only: Callable[..., CondaRecord], keys: dict[str, object], requested: tuple[str, ...]
) -> None:
    assert only(**keys).requested == requested


@pytest.mark.parametrize(
    ("url", "channel", "name"),
    [
        ("https://conda.anaconda.org/t/secret/lab/label/dev/linux-64/t-1-0.conda", "", "lab/label/dev"),
        ("https://me:secret@host.invalid/ours/linux-64/t-1-0.conda", "", "ours"),
        ("", "https://conda.anaconda.org/conda-forge/linux-64", "conda-forge"),
        ("", "https://me:secret@host.invalid/t/secret/ours/", "ours"),
        ("", "conda-forge/linux-64", "conda-forge"),
        ("", "conda-forge", "conda-forge"),
        ("", "https://me:secret@host.invalid/", "https://host.invalid"),
        ("file:///somewhere/ours/linux-64/t-1-0.conda", "file:///somewhere/ours/", "ours"),
    ],
)
def test_the_channel_is_its_public_name(only: Callable[..., CondaRecord], url: str, channel: str, name: str) -> None:
    found = only(url=url, channel=channel)
    assert found.channel == name
    assert "secret" not in repr(found)


def test_a_path_that_is_written_oddly_is_the_same_path(only: Callable[..., CondaRecord]) -> None:
    paths = [{"_path": path} for path in ("./bin/a", "bin//b", "bin/../lib/c", "lib/d.", "lib/\N{SNOWMAN}\u3000e")]
    assert [file.path for file in only(*paths).files] == ["bin/a", "bin/b", "lib/c", "lib/d.", "lib/\N{SNOWMAN}\u3000e"]


def test_a_file_may_not_claim_a_place_outside(tmp_path: Path, write: Write, record: Record) -> None:
    write(tmp_path, {PLACE: record("tool", {"_path": "__clobbers__/tool/x", "original_path": "../x"})})
    (found,), faults = read(tmp_path)
    assert found.files == (OwnedFile("__clobbers__/tool/x"),)
    assert faults == [Fault(PLACE, "lists `../x`, which is no path inside the environment")]


def test_windows_writes_backslashes(only: Callable[..., CondaRecord]) -> None:
    assert only({"_path": "Lib\\x.py"}, subdir="win-64").files == (OwnedFile("Lib/x.py"),)
    assert only({"_path": "lib/x\\x2dy"}).files == (OwnedFile("lib/x\\x2dy"),)


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("../../etc/passwd", "../../etc/passwd"),
        ("/etc/passwd", "/etc/passwd"),
        ("lib/../../x", "lib/../../x"),
        ("..", ".."),
        ("", ""),
        (".", "."),
        ("lib/x\0y", "lib/x\\x00y"),
        ("lib/x\x1b[31m", "lib/x\\x1b[31m"),
        ("x" * 300 + "\n", "x" * 120 + "…"),
    ],
)
def test_a_path_that_leaves_the_environment_is_told_and_left_out(
    tmp_path: Path, write: Write, record: Record, path: str, shown: str
) -> None:
    write(tmp_path, {PLACE: record("tool", {"_path": path, "sha256": A}, {"_path": "lib/x", "sha256": A})})
    (found,), faults = read(tmp_path)
    assert found.files == (OwnedFile("lib/x", "file", A),)
    assert faults == [Fault(PLACE, f"lists `{shown}`, which is no path inside the environment")]


def test_many_paths_that_leave_are_one_fault(tmp_path: Path, write: Write, record: Record) -> None:
    paths = [{"_path": f"../{number}"} for number in range(5)] + [{"_path": "C:/x"}]
    write(tmp_path, {PLACE: record("tool", *paths, subdir="win-64")})
    why = "lists `../0`, which is no path inside the environment (and 5 more such)"
    assert read(tmp_path)[1] == [Fault(PLACE, why)]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is no JSON"),
        (b"{", "is no JSON"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b'{"name": "\\ud800"}', "is not UTF-8 text"),
        (b"[]", "holds no mapping"),
        (b"null", "holds no mapping"),
        (b'{"a":' * 100_000, "is nested too deeply"),
        (b"1" * 5000, "is no JSON"),
        (b"{}", "`name` is missing, or no plain word"),
        (b'{"name": "a b"}', "`name` is missing, or no plain word"),
        (b'{"name": "a", "version": 1}', "`version` is missing, or no plain word"),
        (b'{"name": "a", "version": "1", "build": "\\u001b"}', "`build` is missing, or no plain word"),
    ],
)
def test_a_broken_record_is_a_fault(tmp_path: Path, write: Write, content: bytes, why: str) -> None:
    write(tmp_path, {PLACE: content})
    assert read(tmp_path) == ((), [Fault(PLACE, why)])


@pytest.mark.parametrize(
    "keys",
    [
        {"paths_data": [3]},
        {"paths_data": {"paths": 3}},
        {"paths_data": {"paths": ["x"]}},
        {"paths_data": {"paths": [{}]}},
        {"paths_data": {"paths": [{"_path": 3}]}},
        {"paths_data": {"paths": [{"_path": "x", "path_type": []}]}},
        {"paths_data": {"paths": [{"_path": "x", "sha256": 3}]}},
        {"paths_data": {"paths": [{"_path": "x", "original_path": 3}]}},
        {"paths_data": None, "files": [3]},
        {"depends": [3]},
        {"depends": 3},
        {"depends": "python"},
        {"requested_specs": "tool"},
        {"paths_data": {"paths": {"_path": 1}}},
        {"requested_specs": 3},
    ],
)
def test_a_record_of_another_shape_is_a_fault(
    tmp_path: Path, write: Write, record: Record, keys: dict[str, object]
) -> None:
    write(tmp_path, {PLACE: record(**keys)})
    why = "is no record of a conda package: an entry has the wrong shape"
    assert read(tmp_path) == ((), [Fault(PLACE, why)])


def test_a_broken_record_hides_no_other(tmp_path: Path, write: Write, record: Record) -> None:
    write(
        tmp_path, {"conda-meta/a-1-0.json": b"{", PLACE: record(), "conda-meta/history": b"", "conda-meta/x.txt": b""}
    )
    records, faults = read(tmp_path)
    assert [item.name for item in records] == ["tool"]
    assert faults == [Fault("conda-meta/a-1-0.json", "is no JSON")]


def test_two_records_of_one_package_are_a_fault(tmp_path: Path, write: Write, record: Record) -> None:
    write(tmp_path, {f"conda-meta/tool-{version}-0.json": record(version=version) for version in ("2", "1")})
    records, faults = read(tmp_path)
    assert [item.version for item in records] == ["1", "2"]
    assert faults == [Fault("conda-meta/tool-2-0.json", "`tool` has another record, `conda-meta/tool-1-0.json`")]


def test_what_is_no_file_is_not_opened(tmp_path: Path, write: Write, record: Record) -> None:
    write(tmp_path, {PLACE: record()})
    os.mkfifo(tmp_path / "conda-meta" / "a.json")
    (tmp_path / "conda-meta" / "b.json").mkdir()
    (tmp_path / "conda-meta" / "c.json").symlink_to("c.json")
    (tmp_path / "conda-meta" / "d.json").symlink_to("/dev/zero")
    records, faults = read(tmp_path)
    assert [item.name for item in records] == ["tool"]
    assert faults == [
        Fault("conda-meta/a.json", "is no regular file"),
        Fault("conda-meta/b.json", "is no regular file"),
        Fault("conda-meta/c.json", "too many levels of symbolic links"),
        Fault("conda-meta/d.json", "is no regular file"),
    ]


def test_a_record_of_absurd_size_is_not_read(tmp_path: Path, write: Write) -> None:
    write(tmp_path, {PLACE: b""})
    os.truncate(tmp_path / PLACE, 1 << 30)
    assert read(tmp_path) == ((), [Fault(PLACE, "has more than 67108864 bytes")])


def test_a_name_that_is_no_text_is_a_fault(tmp_path: Path, write: Write, record: Record) -> None:
    write(tmp_path, {PLACE: record(), "conda-meta/\n.json": ""})
    assert read(tmp_path)[1] == [Fault("conda-meta/\\n.json", "has a name that is no text")]


def test_a_folder_that_cannot_be_listed_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "conda-meta").symlink_to("conda-meta")
    assert read(tmp_path) == ((), [Fault("conda-meta", "too many levels of symbolic links")])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["_path", "paths", "x"]), inner),
    max_leaves=6,
)
KEYS = ["name", "subdir", "url", "channel", "md5", "depends", "files", "paths_data", "requested_spec", "sha256"]


@given(st.dictionaries(st.sampled_from(KEYS), JSON, max_size=4), st.sampled_from(["name", "paths_data"]), JSON)
def test_no_record_brings_the_reader_down(
    tmp_path_factory: pytest.TempPathFactory, keys: dict[str, object], inner: str, value: object
) -> None:
    """Whatever JSON a record holds: one package, or one fault, or one package with its faults."""
    whole = {"name": "a", "version": "1", "build": "0", **keys}
    if inner == "paths_data":
        whole["paths_data"] = {"paths": [{"_path": "x", "sha256": value, "original_path": value}]}
    root = tmp_path_factory.getbasetemp() / "fuzzed"
    (root / "conda-meta").mkdir(parents=True, exist_ok=True)
    (root / PLACE).write_text(json.dumps(whole), encoding="utf-8")
    records, faults = read(root)
    assert records or faults
    for file in (file for record in records for file in record.files):
        assert not file.path.startswith(("/", "../"))
        file.path.encode()
