"""Whole runs of the program: the same bytes under any hash seed, real rules in every format, the step summary."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import termios
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest

from reprocheck.reports.registry import AUDIT_FORMATS
from reprocheck.rules.engine import Selection
from reprocheck.rules.registry import RULES
from reprocheck.workflows.rule_texts import rule_texts

ENVIRONMENT = """\
name: study
channels: [pytorch, nvidia, conda-forge, defaults]
dependencies:
  - python >=3.10 <3.12
  - pytorch=2.5.1  # the one we trained with
  - numpy=1.26.4=py310hb13e2d6_0
  - numpy
  - pip:
      - torch==2.6.0
      - numpy>=2
      - -e .
      - git+https://me:hunter9@h.invalid/ours.git
      - opencv-python
      - opencv-python-headless
prefix: /home/me/envs/study
"""

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run the program in a folder with an environment file that many rules object to, and no surroundings."""
    (tmp_path / "environment.yml").write_text(ENVIRONMENT, encoding="utf-8")

    def start(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        root = Path(__file__).parents[2]
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return subprocess.run(
            [sys.executable, "-m", "reprocheck", *words],
            cwd=tmp_path,
            env={"PYTHONPATH": str(root), **kept, **variables},
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=60,
        )

    return start


@pytest.mark.parametrize("name", AUDIT_FORMATS)
def test_two_hash_seeds_give_the_same_bytes(name: str, run: Run) -> None:
    first, second = (run("check", "--output-format", name, PYTHONHASHSEED=seed) for seed in ("1", "4711"))
    assert (first.returncode, first.stderr) == (1, "")
    assert first.stdout == second.stdout
    assert len({code for code in ("RC102", "RC106", "RC107", "RC201", "RC301") if code in first.stdout}) == 5
    assert "hunter9" not in first.stdout


@pytest.mark.parametrize("name", AUDIT_FORMATS)
def test_a_report_in_a_file_is_the_report_on_stdout(name: str, run: Run, tmp_path: Path) -> None:
    shown = run("check", "--output-format", name)
    written = run("check", "--output-format", name, "-o", "report")
    assert (shown.returncode, written.returncode, written.stdout) == (1, 1, "")
    assert (tmp_path / "report").read_text(encoding="utf-8") == shown.stdout


def test_sarif_and_junit_tell_of_the_selected_rules(run: Run) -> None:
    (sarif,) = json.loads(run("check", "--output-format", "sarif", "--select", "RC1").stdout)["runs"]
    selected = [module.RULE.code for module in RULES if module.RULE.code.startswith("RC1")]
    assert [rule["id"] for rule in sarif["tool"]["driver"]["rules"]] == selected
    junit = ET.fromstring(run("check", "--output-format", "junit", "--select", "RC1").stdout)
    assert [(case.get("name") or "")[:5] for case in junit.iter("testcase")] == selected


def test_the_sarif_of_a_real_run_with_every_rule_is_valid(run: Run, sarif_faults: Callable[[str], list[str]]) -> None:
    text = run("check", "--output-format", "sarif").stdout
    assert sarif_faults(text) == []
    (sarif,) = json.loads(text)["runs"]
    assert [rule["id"] for rule in sarif["tool"]["driver"]["rules"]] == [module.RULE.code for module in RULES]
    assert all(rule["help"]["markdown"] for rule in sarif["tool"]["driver"]["rules"])


def test_every_page_of_a_rule_has_the_parts_that_formats_need() -> None:
    from reprocheck.reports.rule_text import first_sentence, sections

    for rule in rule_texts(Selection()):
        assert {"What it checks", "Why it matters", "Bad", "Good", "How to fix", "Sources"} <= sections(rule).keys()
        assert first_sentence(rule).endswith(".")


def test_github_also_writes_the_step_summary(run: Run, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("# before\n", encoding="utf-8")
    done = run("check", GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary))
    assert done.stdout.startswith("::error file=environment.yml,")
    assert done.stderr == ""
    text = summary.read_text(encoding="utf-8")
    assert text.startswith("# before\n**")
    assert text.removeprefix("# before\n") == run("check", "--output-format", "markdown").stdout


def test_a_summary_that_cannot_be_written_is_a_note(run: Run, tmp_path: Path) -> None:
    usual = run("check", "--output-format", "github")
    full = tmp_path / "full.md"
    full.write_bytes(b"x" * (1024 * 1024 - 10))
    for path, why in (
        (tmp_path / "none" / "summary.md", "No such file or directory"),
        (tmp_path, "Is a directory"),
        (full, "the step has no room left in it"),
    ):
        done = run("check", "--output-format", "github", GITHUB_STEP_SUMMARY=str(path))
        assert (done.returncode, done.stdout) == (usual.returncode, usual.stdout)
        assert done.stderr == f"note: the step summary was not written: {why}\n"
    assert full.stat().st_size == 1024 * 1024 - 10


@pytest.mark.parametrize(("columns", "longest"), [(80, 80), (200, 100), (10, 40)])
def test_a_terminal_gets_lines_of_its_width(columns: int, longest: int, run: Run, tmp_path: Path) -> None:
    run("check")
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, columns))
    process = subprocess.Popen(
        [sys.executable, "-m", "reprocheck", "check", "--color", "never"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": os.environ["PATH"]},
        stdout=theirs,
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs)
    text = read_all(ours)
    assert process.wait(timeout=60) == 1
    prose = [line for line in text.splitlines() if line.startswith("  ") and "`" not in line]
    assert prose
    assert max(map(len, prose)) <= longest


def read_all(descriptor: int) -> str:
    """Read until the other end is closed, which Linux tells as an error."""
    read = b""
    try:
        while part := os.read(descriptor, 65536):
            read += part
    except OSError:
        pass
    finally:
        os.close(descriptor)
    return read.decode("utf-8")
