"""A baseline is read whole or refused with the place of the fault."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reprocheck.errors import InputError
from reprocheck.model.baselines import Key, Known
from reprocheck.model.findings import Severity
from reprocheck.readers.baseline_json import read_baseline

ENTRY: dict[str, Any] = {
    "code": "RC301",
    "path": "environment.yml",
    "manager": "pip",
    "package": "torch",
    "platform": "linux-64",
    "severity": "error",
    "count": 2,
}
KEY = Key("RC301", "environment.yml", "pip", "torch", "linux-64")


def write(folder: Path, findings: object, schema: object = "reprocheck/baseline/1") -> Path:
    path = folder / "known.json"
    path.write_text(json.dumps({"schema": schema, "findings": findings, "later": "ignored"}))
    return path


def test_entries_are_read_and_keys_of_two_branches_added_up(tmp_path: Path) -> None:
    other = {**ENTRY, "severity": "info", "count": 1}
    assert read_baseline(write(tmp_path, [ENTRY])) == (Known(KEY, Severity.ERROR, 2),)
    assert read_baseline(write(tmp_path, [other, ENTRY])) == (Known(KEY, Severity.ERROR, 3),)
    assert read_baseline(write(tmp_path, [])) == ()


@pytest.mark.parametrize(
    ("findings", "where", "why"),
    [
        ({}, "findings", "expected a list"),
        ([3], "findings[0]", "expected an object"),
        ([ENTRY, {**ENTRY, "code": 3}], "findings[1].code", "expected a string"),
        ([{key: value for key, value in ENTRY.items() if key != "platform"}], "findings[0].platform", "a string"),
        ([{**ENTRY, "severity": "fatal"}], "findings[0].severity", "expected one of error, warning, info"),
        ([{**ENTRY, "severity": []}], "findings[0].severity", "expected one of error, warning, info"),
        ([{**ENTRY, "count": 0}], "findings[0].count", "expected a positive integer"),
        ([{**ENTRY, "count": True}], "findings[0].count", "expected a positive integer"),
        ([{**ENTRY, "count": 1.5}], "findings[0].count", "expected a positive integer"),
    ],
)
def test_a_fault_is_told_with_its_place(tmp_path: Path, findings: object, where: str, why: str) -> None:
    path = write(tmp_path, findings)
    with pytest.raises(InputError) as caught:
        read_baseline(path)
    assert caught.value.what == "this is not a baseline that reprocheck can read"
    assert caught.value.where == f"{path.as_posix()}, {where}"
    assert caught.value.why.endswith(why)
    assert caught.value.how == f"restore the file, or write it anew with `--write-baseline {path.as_posix()}`"


@pytest.mark.parametrize("data", [b"{", b"[" * 100_000, b"[]", b"\xff", b'{"schema": "reprocheck/findings/1"}', b"{}"])
def test_what_is_no_baseline_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "known.json"
    path.write_bytes(data)
    with pytest.raises(InputError):
        read_baseline(path)


def test_a_baseline_of_a_later_release_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, [], "reprocheck/baseline/2")
    with pytest.raises(InputError) as caught:
        read_baseline(path)
    assert caught.value.lines() == [
        "error: baseline format `reprocheck/baseline/2` is unknown",
        f"  where: {path.as_posix()}, schema",
        "  why:   this release reads `reprocheck/baseline/1`",
        f"  how:   upgrade reprocheck, or write it anew with `--write-baseline {path.as_posix()}`",
    ]


def test_a_missing_baseline_says_how_to_write_it(tmp_path: Path) -> None:
    path = tmp_path / "known.json"
    with pytest.raises(InputError) as caught:
        read_baseline(path)
    assert (caught.value.what, caught.value.how) == (
        "cannot read the baseline",
        f"write it with `--write-baseline {path.as_posix()}`",
    )
