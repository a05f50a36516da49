"""A lock is judged by all the files that it was made from, wherever they lie now."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.locks import Lock
from reprocheck.readers.environment_yml import read_environment
from reprocheck.workflows.lock_origin import described_machines, merged_sources


def lock(path: Path, *sources: str) -> Lock:
    return Lock(
        path=path.as_posix(),
        platforms=("linux-64",),
        channels=(),
        content_hash=(),
        sources=sources,
        custom_metadata=(),
        packages=(),
    )


def written(path: Path, *lines: str) -> EnvironmentFile:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("channels: [conda-forge]\ndependencies:\n" + "".join(f"- {line}\n" for line in lines))
    return read_environment(path)


def names(environment: EnvironmentFile) -> list[str]:
    return [spec.name for spec in environment.conda]


@pytest.fixture
def project(tmp_path: Path) -> EnvironmentFile:
    written(tmp_path / "base" / "environment.yml", "python")
    return written(tmp_path / "gpu" / "environment.yml", "numpy")


def test_several_sources_are_merged_in_their_order(project: EnvironmentFile, tmp_path: Path) -> None:
    merged, whole = merged_sources(
        project, lock(tmp_path / "gpu" / "conda-lock.yml", "../base/environment.yml", "environment.yml")
    )
    assert (names(merged), whole) == (["python", "numpy"], True)
    assert project.path in merged.sources


def test_sources_of_another_machine_are_found_as_they_lay_to_each_other(
    project: EnvironmentFile, tmp_path: Path
) -> None:
    there = [f"/nowhere/study/{name}/environment.yml" for name in ("gpu", "base")]
    merged, whole = merged_sources(project, lock(tmp_path / "gpu" / "conda-lock.yml", *there))
    assert (names(merged), whole) == (["numpy", "python"], True)


@pytest.mark.parametrize("other", ["../absent/environment.yml", "../broken/environment.yml", "../base/other.yml"])
def test_with_a_source_missing_or_broken_the_environment_stands_alone(
    other: str, project: EnvironmentFile, tmp_path: Path
) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "environment.yml").write_text("]")
    merged, whole = merged_sources(project, lock(tmp_path / "gpu" / "conda-lock.yml", "environment.yml", other))
    assert (merged, whole) == (project, False)


def test_a_lock_of_other_files_does_not_tell_the_sources(project: EnvironmentFile, tmp_path: Path) -> None:
    merged, whole = merged_sources(
        project, lock(tmp_path / "conda-lock.yml", "base/environment.yml", "more/environment.yml")
    )
    assert (merged, whole) == (project, False)


def test_requirements_files_are_read_along(tmp_path: Path) -> None:
    (tmp_path / "more.txt").write_text("six\n")
    environment = written(tmp_path / "environment.yml", "pip: [-r more.txt, -r absent.txt]")
    merged, whole = merged_sources(environment, lock(tmp_path / "conda-lock.yml", "environment.yml"))
    assert ([line.text for line in merged.pip], whole) == (["six", "-r absent.txt"], True)


def test_a_file_of_virtual_packages_is_read_and_a_broken_one_tells_nothing(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (tmp_path / "virtual-packages.yml").write_text('subdirs: {linux-64: {packages: {__cuda: "12.0"}}}')
    (other / "virtual-packages.yaml").write_text("]")
    machines = list(described_machines(tmp_path, other))
    assert [str(package) for machine in machines for package in machine["linux-64"]] == ["__cuda=12.0=0"]
