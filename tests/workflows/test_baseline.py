"""What a baseline recognises a finding by: rule, file, packages, platforms and severity, never the line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from reprocheck.model.baselines import Key, Known
from reprocheck.model.findings import Audit, Confidence, Finding, Location, PackageRef, Severity
from reprocheck.readers.baseline_json import read_baseline
from reprocheck.workflows.baseline import Scope, format_baseline, known_alone, outgrown, set_apart

TORCH = PackageRef(manager="pip", name="torch", version="2.4.1")
FINDING = Finding(
    code="RC302",
    name="locked-twice",
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    message="m",
    location=Location(path="conda-lock.yml", line=7, column=1),
    packages=(TORCH, PackageRef(manager="conda", name="pytorch")),
    platforms=("linux-64", "osx-arm64"),
)
WHOLE = Scope(codes=frozenset({"RC302"}), paths=frozenset({"conda-lock.yml"}), platforms=())


def audit(*findings: Finding) -> Audit:
    return Audit(findings=findings, skipped=())


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "conda-lock.yml").touch()
    return Path("known.json")


def known(path: Path, *findings: Finding) -> tuple[Known, ...]:
    path.write_bytes(format_baseline(findings, path))
    return read_baseline(path)


def moved(finding: Finding) -> Finding:
    return replace(finding, location=replace(finding.location, line=99), message="other words")


@pytest.mark.parametrize(
    "other",
    [
        moved(FINDING),
        replace(FINDING, platforms=("linux-64",)),
        replace(FINDING, packages=(replace(TORCH, version="2.5.0"),)),
        replace(FINDING, severity=Severity.INFO),
        replace(FINDING, packages=(replace(TORCH, platform="linux-64"),)),
    ],
    ids=["moved", "fewer-platforms", "other-version", "milder", "package-with-its-platform"],
)
def test_a_finding_is_known(path: Path, other: Finding) -> None:
    assert set_apart(audit(other), known(path, FINDING), path) == replace(audit(), known=1)


@pytest.mark.parametrize(
    "other",
    [
        replace(FINDING, platforms=("linux-64", "win-64")),
        replace(FINDING, packages=(*FINDING.packages, PackageRef(manager="pip", name="triton"))),
        replace(FINDING, severity=Severity.ERROR),
        replace(FINDING, code="RC303"),
        replace(FINDING, location=replace(FINDING.location, path="other.yml")),
        replace(FINDING, packages=()),
    ],
    ids=["new-platform", "new-package", "worse", "other-rule", "other-file", "no-package"],
)
def test_a_finding_is_new(path: Path, other: Finding) -> None:
    assert set_apart(audit(other), known(path, FINDING), path) == audit(other)


def test_equal_findings_are_counted(path: Path) -> None:
    twice = known(path, FINDING, moved(FINDING))
    assert {one.times for one in twice} == {2}
    third = replace(moved(FINDING), message="a third")
    found = set_apart(audit(FINDING, moved(FINDING), third), twice, path)
    assert (found.findings, found.known) == ((third,), 2)


def test_the_worst_severity_of_equal_findings_is_known(path: Path) -> None:
    worse = replace(moved(FINDING), severity=Severity.ERROR)
    assert set_apart(audit(worse, FINDING), known(path, FINDING, worse), path).known == 2


def test_a_finding_without_packages_or_platforms_has_one_key(path: Path) -> None:
    bare = replace(FINDING, packages=(), platforms=())
    assert [one.key for one in known(path, bare)] == [Key("RC302", "conda-lock.yml", "", "", "")]


def test_a_package_in_two_versions_is_one_key(path: Path) -> None:
    both = replace(FINDING, packages=(TORCH, replace(TORCH, version="2.5.0")), platforms=("linux-64",))
    assert [one.key.package for one in known(path, both)] == ["torch"]


def test_a_baseline_of_all_findings_leaves_none(path: Path) -> None:
    found = audit(FINDING, moved(FINDING))
    assert known_alone(found) == set_apart(found, known(path, *found.findings), path)


def test_the_order_of_findings_changes_no_byte(path: Path) -> None:
    other = replace(FINDING, code="RC101", packages=(), platforms=("win-64",))
    assert format_baseline([FINDING, other], path) == format_baseline([other, FINDING], path)


def test_what_no_longer_occurs_is_told_with_how_often(path: Path) -> None:
    before = known(path, FINDING, moved(FINDING))
    gone = outgrown(audit(replace(FINDING, platforms=("linux-64",))), before, path, WHOLE)
    assert [(one.key.platform, one.key.package, one.times) for one in gone] == [
        ("linux-64", "pytorch", 1),
        ("osx-arm64", "pytorch", 2),
        ("linux-64", "torch", 1),
        ("osx-arm64", "torch", 2),
    ]


def test_a_finding_that_grew_is_new_and_none_of_it_is_gone(path: Path) -> None:
    grown = replace(FINDING, platforms=("linux-64", "osx-arm64", "win-64"))
    assert outgrown(audit(grown), known(path, FINDING), path, WHOLE) == ()


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (WHOLE, 4),
        (replace(WHOLE, codes=frozenset()), 0),
        (replace(WHOLE, paths=frozenset()), 0),
        (replace(WHOLE, platforms=("linux-64",)), 2),
    ],
    ids=["all", "rule-not-run", "file-not-read", "one-platform"],
)
def test_only_what_was_looked_at_can_be_gone(path: Path, scope: Scope, expected: int) -> None:
    assert len(outgrown(audit(), known(path, FINDING), path, scope)) == expected


def test_a_file_that_is_gone_takes_its_findings_along(path: Path) -> None:
    before = known(path, FINDING)
    Path("conda-lock.yml").unlink()
    assert len(outgrown(audit(), before, path, replace(WHOLE, paths=frozenset()))) == 4


@pytest.mark.parametrize("name", ["a" * 5000, "a\0b", "\ud800"])
def test_a_path_that_no_file_can_have_is_gone(path: Path, name: str) -> None:
    key = Key("RC302", name, "", "", "")
    assert outgrown(audit(), (Known(key, Severity.ERROR, 1),), path, WHOLE) == (Known(key, Severity.ERROR, 1),)
