"""Options that name a Python or seconds mean what was written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conftest import Runner

TAKES_SECONDS = {
    "fingerprint": ("fingerprint", "--probes"),
    "diff": ("diff", "a.json", "b.json", "--explain-by-experiment"),
    "doctor": ("doctor",),
    "fleet": ("fleet",),
}


@pytest.mark.parametrize("command", TAKES_SECONDS)
def test_no_number_is_no_time(reprocheck: Runner, command: str) -> None:
    done = reprocheck(*TAKES_SECONDS[command], "--timeout", "nan")
    assert (done.code, done.err.splitlines()) == (
        2,
        [
            "error: invalid value for '--timeout': nan is no time",
            f"  where: reprocheck {command}",
            f"  how:   see `reprocheck {command} --help`",
        ],
    )


@pytest.mark.parametrize("command", TAKES_SECONDS)
def test_a_time_without_end_is_out_of_range(reprocheck: Runner, command: str) -> None:
    done = reprocheck(*TAKES_SECONDS[command], "--timeout", "inf")
    assert (done.code, "'--timeout': inf is not in the range" in done.err) == (2, True)


@pytest.mark.parametrize("written", [f".{os.sep}python", "python"])
def test_a_python_of_this_folder_is_not_looked_for_on_path(reprocheck: Runner, tmp_path: Path, written: str) -> None:
    """`./python` is the file here; `python` alone is looked for on PATH, as in a shell."""
    (tmp_path / "python").mkdir()
    done = reprocheck("fingerprint", "--python", written, env={"PATH": str(tmp_path / "empty")})
    what, *_ = done.err.splitlines()
    meant = "python" if written == "python" else str(tmp_path / "python")
    assert (done.code, what) == (2, f"error: `{meant}` is not a Python interpreter")


@pytest.mark.parametrize(
    "words",
    [("fingerprint", "--probes"), ("fingerprint", "--portable"), ("diff", "a", "b", "--explain-by-experiment")],
    ids=["probes", "portable", "experiment"],
)
def test_that_a_report_cannot_be_written_is_told_before_anything_is_measured(
    reprocheck: Runner, words: tuple[str, ...]
) -> None:
    done = reprocheck(*words, "--python", "no-such-python", "-o", "nowhere/report.json")
    assert (done.code, done.err.splitlines()) == (
        3,
        [
            "error: cannot write `nowhere/report.json`",
            "  where: nowhere",
            "  why:   no such folder",
            "  how:   choose a folder that exists and is writable",
        ],
    )
