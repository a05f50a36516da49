"""`--fix`, `--unsafe-fixes` and `--diff` as processes: what is written, what is told, which code follows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Runner = Callable[..., Any]

ROOT = Path(__file__).resolve().parents[2]
BAD = """\
channels:
  - conda-forge
dependencies:
  - python >=3.11 <3.12  # keep
  - numpy=2.1  # last one [abi]
  - pytorch=2.6.0
  - pip
  - pip:
      - torch==2.4.1
"""
MENDED = BAD.replace(">=3.11 <3.12", ">=3.11,<3.12").replace("[abi]", "(abi)")
ONES = ("--select", "RC101,RC102,RC107,RC301", "--output-format", "concise")
LEFT = (
    "environment.yml:9:9: RC301 error: `torch==2.4.1` (pip) is also `pytorch=2.6.0` (conda): the two contradict each "
    "other, and pip overwrites what conda installed\n"
)


def write(folder: Path, text: str, name: str = "environment.yml") -> Path:
    (folder / name).write_bytes(text.encode())
    return folder / name


def test_safe_mends_are_made_and_what_is_left_fails(reprocheck: Runner, tmp_path: Path) -> None:
    path = write(tmp_path, BAD)
    done = reprocheck("check", "--fix", *ONES)
    assert (done.code, done.err) == (1, "")
    assert done.out == f"{LEFT}1 error\n2 fixed, 1 fixable with --unsafe-fixes\n"
    assert path.read_text() == MENDED


def test_the_report_says_what_could_be_mended(reprocheck: Runner, tmp_path: Path) -> None:
    write(tmp_path, BAD)
    done = reprocheck("check", *ONES)
    assert done.out.splitlines()[-1] == "2 fixable with --fix, 1 fixable with --unsafe-fixes"


def test_all_mended_is_exit_zero(reprocheck: Runner, tmp_path: Path) -> None:
    path = write(tmp_path, BAD)
    done = reprocheck("check", "--fix", "--unsafe-fixes", *ONES)
    assert (done.code, done.out, done.err) == (0, "no findings\n3 fixed\n", "")
    assert path.read_text() == MENDED.replace("2.6.0", "2.4.1").replace("  - pip:\n      - torch==2.4.1\n", "")


def test_audit_mends_as_check_does(reprocheck: Runner, tmp_path: Path) -> None:
    path = write(tmp_path, BAD)
    done = reprocheck("audit", "--driver", "550", "--fix", *ONES)
    assert (done.code, path.read_text()) == (1, MENDED)


def test_a_second_fix_changes_nothing(reprocheck: Runner, tmp_path: Path) -> None:
    path = write(tmp_path, BAD)
    reprocheck("check", "--fix", *ONES)
    before = path.stat()
    done = reprocheck("check", "--fix", *ONES)
    assert done.out == f"{LEFT}1 error\n1 fixable with --unsafe-fixes\n"
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_the_report_goes_to_its_file_and_counts_what_was_mended(reprocheck: Runner, tmp_path: Path) -> None:
    write(tmp_path, BAD)
    done = reprocheck("check", "--fix", "--select", "RC1", "--output-format", "json", "-o", "report.json")
    assert (done.code, done.out) == (0, "")
    document = json.loads((tmp_path / "report.json").read_text())
    assert (document["summary"]["fixed"], document["findings"]) == (2, [])


def test_two_files_are_mended_and_the_lock_is_not_touched(reprocheck: Runner, tmp_path: Path) -> None:
    one, two = write(tmp_path, BAD, "environment.yml"), write(tmp_path, BAD, "environment-dev.yaml")
    lock = write(
        tmp_path, "version: 1\nmetadata:\n  platforms: [linux-64]\n  sources: []\npackage: []\n", "conda-lock.yml"
    )
    before = lock.read_bytes()
    done = reprocheck("check", "environment.yml", "environment-dev.yaml", "conda-lock.yml", "--fix", *ONES)
    assert done.out.splitlines()[-1] == "4 fixed, 2 fixable with --unsafe-fixes"
    assert (one.read_text(), two.read_text(), lock.read_bytes()) == (MENDED, MENDED, before)


DIFF = """\
--- environment.yml
+++ environment.yml
@@ -1,8 +1,8 @@
 channels:
   - conda-forge
 dependencies:
-  - python >=3.11 <3.12  # keep
-  - numpy=2.1  # last one [abi]
+  - python >=3.11,<3.12  # keep
+  - numpy=2.1  # last one (abi)
   - pytorch=2.6.0
   - pip
   - pip:
"""


def test_a_diff_shows_what_would_be_written_and_writes_nothing(reprocheck: Runner, tmp_path: Path) -> None:
    path = write(tmp_path, BAD)
    done = reprocheck("check", "--diff", "--select", "RC101,RC102,RC107,RC301")
    assert (done.code, done.out, done.err) == (1, DIFF, "note: 2 would be fixed\n")
    assert path.read_text() == BAD


def test_a_diff_wins_over_a_fix(reprocheck: Runner, tmp_path: Path) -> None:
    path = write(tmp_path, BAD)
    assert reprocheck("check", "--diff", "--fix", "--select", "RC102", "--quiet").err == ""
    assert path.read_text() == BAD


def test_a_diff_can_be_applied(reprocheck: Runner, tmp_path: Path) -> None:
    for name, text in (("a.yml", BAD), ("b.yml", BAD.replace("\n", "\r\n").rstrip("\r\n"))):
        write(tmp_path, text, name)
    done = reprocheck("check", "a.yml", "b.yml", "--diff", "--unsafe-fixes", "--select", "RC101,RC102,RC301")
    (tmp_path / "mend.diff").write_bytes(done.out.encode())
    applied = subprocess.run(
        ["git", "apply", "-p0", "--whitespace=nowarn", "mend.diff"], cwd=tmp_path, capture_output=True, check=False
    )
    assert (applied.returncode, applied.stderr) == (0, b"")
    mended = {name: (tmp_path / name).read_bytes() for name in ("a.yml", "b.yml")}
    again = reprocheck("check", "a.yml", "b.yml", "--fix", "--unsafe-fixes", "--select", "RC101,RC102,RC301")
    assert again.code == 0
    assert {name: (tmp_path / name).read_bytes() for name in mended} == mended


def test_a_diff_of_nothing_is_empty(reprocheck: Runner, tmp_path: Path) -> None:
    write(tmp_path, MENDED)
    done = reprocheck("check", "--diff", "--select", "RC101", "-o", "out.diff")
    assert (done.code, done.out, (tmp_path / "out.diff").read_bytes()) == (0, "", b"")


def test_credentials_reach_no_diff(reprocheck: Runner, tmp_path: Path) -> None:
    url = "https://bob:hunter2@host.invalid/t/tk-secret/ch"
    text = f"channels:\n  - {url}\ndependencies:\n  - {url}::python >=3.11 <3.12\n  - numpy  # [x]\n"
    path = write(tmp_path, text)
    done = reprocheck("check", "--diff", "--select", "RC1", "--unsafe-fixes")
    assert "-  - https://<credentials>@host.invalid/t/<token>/ch::python >=3.11 <3.12\n" in done.out
    assert not any(secret in done.out + done.err for secret in ("hunter2", "tk-secret"))
    reprocheck("check", "--fix", "--select", "RC101,RC102")
    assert path.read_text() == text.replace(" <3.12", ",<3.12").replace("[x]", "(x)")


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (("--unsafe-fixes",), "`--unsafe-fixes` without `--fix` or `--diff`"),
        (("--diff", "--output-format", "json"), "`--diff` beside `--output-format`"),
        (("--diff", "--write-baseline", "b.json"), "`--diff` beside `--write-baseline`"),
    ],
)
def test_options_that_mean_nothing_together_are_refused(
    reprocheck: Runner, tmp_path: Path, options: tuple[str, ...], what: str
) -> None:
    write(tmp_path, BAD)
    done = reprocheck("check", *options)
    assert (done.code, done.out, done.err.splitlines()[0]) == (2, "", f"error: {what}")


def test_a_read_only_file_is_exit_three_and_stays(reprocheck: Runner, tmp_path: Path) -> None:
    path = write(tmp_path, BAD)
    path.chmod(0o444)
    done = reprocheck("check", "--fix", *ONES)
    assert (done.code, done.out) == (3, "")
    assert done.err.splitlines()[0] == "error: cannot write `environment.yml`"
    assert path.read_text() == BAD


def test_a_link_stays_a_link(reprocheck: Runner, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    real = write(tmp_path / "real", BAD)
    real.chmod(0o600)
    (tmp_path / "environment.yml").symlink_to("real/environment.yml")
    reprocheck("check", "--fix", *ONES)
    assert (tmp_path / "environment.yml").is_symlink()
    assert (real.read_text(), real.stat().st_mode & 0o777) == (MENDED, 0o600)


# A process may not write a file beyond this size: the kernel's own refusal, in the middle of the bytes.
LIMITED = """
import resource, sys
from reprocheck.__main__ import main
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)),) * 2)
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs resource limits")
@pytest.mark.parametrize("limit_bytes", [0, 50])
def test_a_full_disk_leaves_all_files_as_they_were(tmp_path: Path, limit_bytes: int) -> None:
    for name in ("environment.yml", "other.yml"):
        write(tmp_path, BAD, name)
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(limit_bytes), "check", "environment.yml", "other.yml", "--fix"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.splitlines()[0] == "error: cannot write `environment.yml`"
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"environment.yml": BAD, "other.yml": BAD}


def test_comments_that_allow_nothing_are_told_fail_when_strict_and_go_with_a_fix(
    reprocheck: Runner, tmp_path: Path
) -> None:
    text = MENDED.replace("  # keep", "  # reprocheck: ignore RC101, RC10 -- old").replace("==2.4.1", "==2.6.0")
    path = write(tmp_path, text)
    options = ("check", "--select", "RC101,RC102", "--output-format", "concise")
    told = (
        "no findings\n"
        "environment.yml:4:26: suppression of an unknown rule: RC10, did you mean RC101?\n"
        "environment.yml:4:26: unused suppression: RC101 finds nothing here\n"
    )
    assert (reprocheck(*options).code, reprocheck(*options).out) == (0, told)
    assert reprocheck(*options, "--strict").code == 1
    assert reprocheck(*options, "--fix").out.splitlines()[:2] == ["no findings", "1 fixed"]
    assert path.read_text() == text.replace("RC101, RC10", "RC10")


@pytest.mark.parametrize("option", ["--output", "--write-baseline"])
def test_what_cannot_be_written_is_told_before_anything_is_mended(
    reprocheck: Runner, tmp_path: Path, option: str
) -> None:
    path = write(tmp_path, BAD)
    done = reprocheck("check", "--fix", *ONES, option, "absent/x")
    assert (done.code, done.out, path.read_text()) == (3, "", BAD)
    assert done.err.splitlines()[0] == "error: cannot write `absent/x`"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("-o", "environment.yml"), "--output environment.yml"),
        (("--diff", "-o", "./link.yml"), "--output link.yml"),
        (("--write-baseline", "environment.yml"), "--write-baseline environment.yml"),
        (("--baseline", "known.json", "-o", "known.json"), "--output known.json"),
        (("--write-baseline", "known.json", "-o", "known.json"), "--output known.json"),
    ],
)
def test_no_input_is_overwritten_by_a_report(
    reprocheck: Runner, tmp_path: Path, options: tuple[str, ...], told: str
) -> None:
    path = write(tmp_path, BAD)
    (tmp_path / "link.yml").symlink_to("environment.yml")
    done = reprocheck("check", *options)
    assert (done.code, path.read_text()) == (2, BAD)
    assert done.err.splitlines() == [
        f"error: `{told}` would overwrite a file of this run",
        "  why:   it is an environment file, a lock, a name map or a baseline",
        "  how:   name another file",
    ]


def test_secrets_of_variables_reach_no_diff(reprocheck: Runner, tmp_path: Path) -> None:
    write(tmp_path, f"{BAD}variables:\n  HF_TOKEN: hunter2\n  TZ: UTC\nprefix: /x\n")
    done = reprocheck("check", "--diff", "--select", "RC108")
    assert "   HF_TOKEN: <secret>\n   TZ: UTC\n-prefix: /x\n" in done.out
