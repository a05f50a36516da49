"""The packaged example is found in a checkout and in a wheel, and copied whole."""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reprocheck.errors import InputError
from reprocheck.workflows import example

Runner = Callable[..., Any]


def test_the_example_is_copied_with_its_channel(tmp_path: Path) -> None:
    example.copy_example(tmp_path)
    assert len((tmp_path / "environment.yml").read_text().splitlines()) == 10
    for platform in (*example.PLATFORMS, "noarch"):
        repodata = json.loads((tmp_path / "channel" / platform / "repodata.json").read_text())
        assert repodata["info"]["subdir"] == platform
        assert {record["subdir"] for record in repodata["packages"].values()} == {platform}


def test_behind_every_record_of_the_channel_lies_the_archive_that_it_tells_of(tmp_path: Path) -> None:
    example.copy_example(tmp_path)
    records = {path: record for folder in (tmp_path / "channel").iterdir() for path, record in records_in(folder)}
    assert sorted(records) == sorted((tmp_path / "channel").rglob("*.tar.bz2"))
    for path, record in records.items():
        data = path.read_bytes()
        assert (record["size"], record["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
        with tarfile.open(path) as archive:
            [listed] = loaded(archive, "info/paths.json")["paths"]
            stream = archive.extractfile(listed["_path"])
            assert stream is not None
            assert listed["sha256"] == hashlib.sha256(stream.read()).hexdigest()
            index = loaded(archive, "info/index.json")
        assert {**record, **index} == record


def test_the_archives_are_the_same_bytes_each_time(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        example.copy_example(tmp_path / name)
    assert data_in(tmp_path / "one") == data_in(tmp_path / "two")


@pytest.mark.parametrize("platform", example.PLATFORMS)
def test_what_is_damaged_is_found_and_repaired_on_every_platform(
    reprocheck: Runner, tmp_path: Path, platform: str
) -> None:
    example.copy_example(tmp_path)
    caches = {name: str(tmp_path / "cache") for name in ("RATTLER_CACHE_DIR", "XDG_CACHE_HOME")}
    audit, create = ("audit", "--prefix", "env", "--select", "RC6"), ("create", "-p", "env", "--platform", platform)
    channel = (tmp_path / "channel").as_uri()
    assert reprocheck("lock", "--no-pip", "--cuda", "12.6", "-c", channel, "-p", platform, env=caches).code == 0
    assert reprocheck(*create, env=caches).code == 0
    assert reprocheck(*audit, env=caches).out.startswith("no findings")
    changed, gone = example.damage_files(tmp_path / "env", "libblas", "networkx")
    found = json.loads(reprocheck(*audit, "--output-format", "json", env=caches).out)["findings"]
    assert sorted(
        (finding["code"], finding["packages"][0]["name"], place_of(finding, tmp_path)) for finding in found
    ) == [
        ("RC601", "networkx", gone),
        ("RC602", "libblas", changed),
    ]
    assert reprocheck(*create, env=caches).out.endswith("; 2 repaired\n")
    assert reprocheck(*audit, env=caches).out.startswith("no findings")


def test_where_nothing_was_installed_nothing_is_damaged_and_the_story_can_go_on(tmp_path: Path) -> None:
    changed, gone = example.damage_files(tmp_path / "env", "libblas", "networkx")
    assert (changed, gone) == ((tmp_path / "env/libblas").as_posix(), (tmp_path / "env/networkx").as_posix())
    assert list(tmp_path.iterdir()) == []


def test_a_machine_that_the_example_is_not_for_plays_another() -> None:
    assert example.platform_options("osx-arm64") == ()
    assert example.platform_options("linux-aarch64") == ("--platform", "linux-64")


def place_of(finding: dict[str, Any], folder: Path) -> str:
    return folder.joinpath(finding["location"]["path"]).as_posix()


def records_in(folder: Path) -> list[tuple[Path, dict[str, Any]]]:
    repodata = json.loads((folder / "repodata.json").read_text())
    return [(folder / name, record) for name, record in repodata["packages"].items()]


def loaded(archive: tarfile.TarFile, name: str) -> Any:
    stream = archive.extractfile(name)
    assert stream is not None
    return json.load(stream)


def data_in(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_wheel_without_the_example_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(example, "_PLACES", (tmp_path / "absent",))
    with pytest.raises(InputError, match="the packaged example is missing"):
        example.copy_example(tmp_path)
