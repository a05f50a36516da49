"""A lock that several files were made into is told of once, by the file that knows most."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from reprocheck.model.findings import Audit, Confidence, Finding, Location, PackageRef, Severity
from reprocheck.workflows.check import CheckRequest, run_check
from reprocheck.workflows.shared_lock import told_once

LOCK = Path("conda-lock.yml")
HEAD = """\
version: 1
metadata:
  content_hash: {linux-64: '0'}
  channels: []
  platforms: [linux-64]
  sources: [SOURCES]
package:
- name: numpy
  version: 2.1.0
  manager: conda
  platform: linux-64
  dependencies: {}
  url: https://conda.anaconda.org/conda-forge/linux-64/numpy-2.1.0-0.conda
  hash: {md5: 00000000000000000000000000000000}
  category: main
  optional: false
"""


def finding(path: str, severity: Severity, platform: str | None = "linux-64", code: str = "RC420") -> Finding:
    return Finding(
        code=code,
        name="some-rule",
        severity=severity,
        confidence=Confidence.HIGH,
        message=f"seen from {path}",
        location=Location(path=path, line=1, column=1),
        packages=(PackageRef(manager="conda", name="jaxlib", platform=platform),),
    )


def audit(*findings: Finding) -> Audit:
    return Audit(findings=findings, skipped=(), suppressed=0)


def test_the_graver_finding_goes_before_and_then_the_one_in_an_environment_file() -> None:
    grave, mild = finding("conda-lock.yml", Severity.ERROR), finding("a.yml", Severity.WARNING)
    assert list(told_once([(LOCK, audit(mild)), (LOCK, audit(grave))])) == [audit(), audit(grave)]
    placed = replace(mild, severity=Severity.ERROR)
    assert list(told_once([(LOCK, audit(grave)), (LOCK, audit(placed))])) == [audit(), audit(placed)]
    assert list(told_once([(LOCK, audit(mild)), (LOCK, audit(mild))])) == [audit(mild), audit()]


def test_another_lock_another_rule_and_what_is_said_of_a_file_alone_stay() -> None:
    one, other = finding("a.yml", Severity.ERROR), finding("b.yml", Severity.ERROR)
    assert list(told_once([(LOCK, audit(one)), (Path("b.lock"), audit(other))])) == [audit(one), audit(other)]
    rule = finding("b.yml", Severity.ERROR, code="RC401")
    assert list(told_once([(LOCK, audit(one)), (LOCK, audit(rule))])) == [audit(one), audit(rule)]
    first, second = finding("a.yml", Severity.ERROR, None), finding("b.yml", Severity.ERROR, None)
    assert list(told_once([(LOCK, audit(first)), (LOCK, audit(second))])) == [audit(first), audit(second)]


def test_a_stale_lock_of_two_files_is_told_once_and_locked_from_both(tmp_path: Path) -> None:
    names = ("environment.yml", "dev.yml")
    (tmp_path / "environment.yml").write_text("dependencies:\n  - numpy=2.1\n")
    (tmp_path / "dev.yml").write_text("dependencies:\n  - pytest=8\n")
    lock = tmp_path / "conda-lock.yml"
    # Made in a container: the sources lay elsewhere there.
    lock.write_text(HEAD.replace("SOURCES", ", ".join(f"/build/x/{name}" for name in names)))
    request = CheckRequest(folder=tmp_path, files=tuple(tmp_path / name for name in names), lockfile=lock)
    found = [one for one in run_check(request).audit.findings if one.code == "RC202"]
    files = " ".join(f"-f {(tmp_path / name).as_posix()}" for name in names)
    assert [(one.message, one.fix) for one in found] == [
        ("the lock is stale: `pytest=8` is not locked on linux-64", f"reprocheck lock {files}")
    ]
