"""Distributions and conda records, in small prefixes made here."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import sys
from pathlib import Path

import pytest

from reprocheck.worker.installed_packages import (
    conda_packages,
    installed_packages,
    public_channel,
    python_packages,
    wheel_digest,
)

PIP_RECORD = """\
../../../bin/tool,sha256=SHEBANG_HERE,251
demo/__init__.py,sha256=aaa,10
demo/__pycache__/__init__.cpython-311.pyc,,
"demo/a,b.py",sha256=bbb,20
demo-1.0.dist-info/INSTALLER,sha256=zu,4
demo-1.0.dist-info/METADATA,sha256=ccc,30
demo-1.0.dist-info/RECORD,,
demo-1.0.dist-info/REQUESTED,sha256=e3b,0
demo-1.0.dist-info/direct_url.json,sha256=url,9
"""
UV_RECORD = """\
demo-1.0.dist-info/METADATA,sha256=ccc,30
demo-1.0.dist-info/INSTALLER,sha256=uv,2
demo-1.0.dist-info/RECORD,,
"demo/a,b.py",sha256=bbb,20
demo/__init__.py,sha256=aaa,10
../../../bin/tool,sha256=ANOTHER_SHEBANG,260
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the whole of `sys.path` for `importlib.metadata`."""
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    return tmp_path


def install(folder: Path, name: str = "demo", **files: str) -> None:
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    files.setdefault("METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    for file, text in files.items():
        (info / file.replace("_json", ".json")).write_text(text)


def test_one_wheel_has_one_digest_whoever_installed_it_and_where() -> None:
    text = "demo-1.0.dist-info/METADATA,sha256=ccc\ndemo/__init__.py,sha256=aaa\ndemo/a,b.py,sha256=bbb\n"
    assert wheel_digest(PIP_RECORD) == wheel_digest(UV_RECORD) == hashlib.sha256(text.encode()).hexdigest()


def test_a_changed_file_changes_the_digest() -> None:
    assert wheel_digest(PIP_RECORD) != wheel_digest(PIP_RECORD.replace("sha256=aaa", "sha256=aab"))


def test_a_distribution_is_described(folder: Path) -> None:
    install(folder, RECORD=PIP_RECORD, INSTALLER="pip\n")
    packages, status = python_packages(conda_tells=False)
    assert status == "ok"
    assert packages == [
        {
            "name": "demo",
            "version": "1.0",
            "manager": "pip",
            "scope": "elsewhere",
            "origin": "index",
            "sha256": wheel_digest(PIP_RECORD),
            "digestOf": "wheel files",
        }
    ]


def test_without_record_the_metadata_is_digested(folder: Path) -> None:
    metadata = "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n"
    install(folder, METADATA=metadata)
    (package,), _ = python_packages(conda_tells=False)
    assert package["sha256"] == hashlib.sha256(metadata.encode()).hexdigest()
    assert (package["digestOf"], package["manager"]) == ("metadata", "unknown")


@pytest.mark.parametrize(
    ("record", "origin"),
    [
        ({"url": "file:///home/alice/demo", "dir_info": {"editable": True}}, "editable folder"),
        ({"url": "file:///home/alice/demo", "dir_info": {}}, "folder"),
        ({"url": "https://t0ken@host/x.git", "vcs_info": {"vcs": "git", "commit_id": "0" * 40}}, "vcs"),
        ({"url": "https://host/x.whl", "archive_info": {}}, "archive"),
    ],
)
def test_the_origin_is_told_without_its_address(folder: Path, record: object, origin: str) -> None:
    install(folder, direct_url_json=json.dumps(record))
    (package,), _ = python_packages(conda_tells=False)
    assert package["origin"] == origin
    assert "alice" not in str(package)
    assert "t0ken" not in str(package)


def test_an_installer_that_is_no_word_is_unknown(folder: Path) -> None:
    install(folder, INSTALLER="/home/alice/bin/installer\n")
    (package,), _ = python_packages(conda_tells=False)
    assert package["manager"] == "unknown"


def test_broken_distributions_are_counted_and_hide_no_other(folder: Path) -> None:
    install(folder, "good")
    install(folder, "nameless", METADATA="Metadata-Version: 2.1\n")
    install(folder, "broken", direct_url_json="{")
    packages, status = python_packages(conda_tells=False)
    assert [package["name"] for package in packages] == ["good"]
    assert status == {"status": "error", "detail": "2 without readable metadata"}


def test_what_conda_installed_is_left_to_its_own_records(folder: Path) -> None:
    install(folder, "numpy", INSTALLER="conda\n")
    install(folder, "extra", INSTALLER="pip\n")
    assert [package["name"] for package in python_packages(conda_tells=True)[0]] == ["extra"]
    assert len(python_packages(conda_tells=False)[0]) == 2


def test_conda_records_are_read_and_a_broken_one_is_counted(tmp_path: Path) -> None:
    meta = tmp_path / "conda-meta"
    meta.mkdir()
    record = {
        "name": "numpy",
        "version": "1.26.4",
        "build": "py311h64a7726_0",
        "channel": "https://conda.anaconda.org/conda-forge/linux-64",
        "subdir": "linux-64",
        "sha256": "ab" * 32,
        "link": {"source": "/home/alice/pkgs"},
    }
    (meta / "numpy.json").write_text(json.dumps(record))
    (meta / "old.json").write_text(json.dumps({"name": "old", "version": "1", "build_string": "0"}))
    (meta / "broken.json").write_text("{")
    (meta / "list.json").write_text("[]")
    packages, status = conda_packages(str(tmp_path))
    assert packages == [
        {
            "name": "numpy",
            "version": "1.26.4",
            "build": "py311h64a7726_0",
            "manager": "conda",
            "channel": "conda-forge",
            "subdir": "linux-64",
            "scope": "environment",
            "sha256": "ab" * 32,
            "digestOf": "archive",
        },
        {
            "name": "old",
            "version": "1",
            "build": "0",
            "manager": "conda",
            "channel": "unknown",
            "subdir": "unknown",
            "scope": "environment",
            "sha256": {"status": "missing", "detail": "not in the conda record"},
            "digestOf": "archive",
        },
    ]
    assert status == {"status": "error", "detail": "2 unreadable records"}


def test_a_prefix_without_records_is_no_conda_environment(tmp_path: Path) -> None:
    assert conda_packages(str(tmp_path)) == ([], {"status": "missing", "detail": "not a conda environment"})


@pytest.mark.parametrize(
    ("channel", "told"),
    [
        ("https://conda.anaconda.org/conda-forge/linux-64", "conda-forge"),
        ("https://conda.anaconda.org/conda-forge", "conda-forge"),
        ("https://conda.anaconda.org/conda-forge/noarch/", "conda-forge"),
        ("https://conda.anaconda.org/conda-forge/label/rc/osx-arm64", "conda-forge/label/rc"),
        ("https://repo.anaconda.com/pkgs/main/win-64", "pkgs/main"),
        ("conda-forge", "conda-forge"),
        ("pkgs/main", "pkgs/main"),
    ],
)
def test_a_public_channel_is_told_by_name(channel: str, told: str) -> None:
    assert public_channel(channel) == told


@pytest.mark.parametrize(
    "channel",
    [
        "https://conda.anaconda.org/t/tk-123/private/linux-64",
        "https://alice:pw@conda.anaconda.org/private/linux-64",
        "https://conda.company.example/secret-project/linux-64",
        "file:///home/alice/channel",
        "/home/alice/channel",
    ],
)
def test_the_address_of_any_other_channel_is_withheld(channel: str) -> None:
    assert public_channel(channel).startswith("<withheld sha256:")


def test_credentials_do_not_even_enter_the_digest() -> None:
    one = public_channel("https://alice:pw@host.example/t/tk-1/x/linux-64?a=1")
    other = public_channel("https://bob:pass@host.example/t/tk-2/x/linux-64")
    assert one == other


def test_this_environment_is_sorted_and_each_package_is_told_once() -> None:
    found = installed_packages()
    packages = found["packages"]
    names = [package["name"].lower() for package in packages]
    assert names == sorted(names)
    assert len({json.dumps(package, sort_keys=True) for package in packages}) == len(packages)
    pytest_here = next(package for package in packages if package["name"] == "pytest")
    assert pytest_here["version"] == importlib.metadata.version("pytest")


def test_an_equal_distribution_found_twice_is_told_once(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path_factory.mktemp("other")
    for place in (folder, other):
        install(place)
    monkeypatch.setattr(sys, "path", [str(folder), str(other)])
    monkeypatch.setattr(sys, "prefix", str(folder / "prefix"))
    assert [package["name"] for package in installed_packages()["packages"]] == ["demo"]
