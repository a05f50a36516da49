"""`--baseline`, `--write-baseline`, `--per-file-ignore` and `--statistics` as processes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Runner = Callable[..., Any]

BAD = """\
channels:
  - conda-forge
dependencies:
  - python >=3.11 <3.12
  - pytorch=2.6.0
  - pip
  - pip:
      - torch==2.4.1
"""
ONES = ("--select", "RC102,RC107,RC301", "--output-format", "concise")


def write(folder: Path, text: str, name: str = "environment.yml") -> Path:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(text.encode())
    return folder / name


BASELINE = """\
{
  "schema": "reprocheck/baseline/1",
  "findings": [
    {
      "code": "RC102",
      "count": 1,
      "manager": "conda",
      "package": "python",
      "path": "environment.yml",
      "platform": "",
      "severity": "error"
    },
    {
      "code": "RC301",
      "count": 1,
      "manager": "conda",
      "package": "pytorch",
      "path": "environment.yml",
      "platform": "",
      "severity": "error"
    },
    {
      "code": "RC301",
      "count": 1,
      "manager": "pip",
      "package": "torch",
      "path": "environment.yml",
      "platform": "",
      "severity": "error"
    }
  ]
}
"""


def test_a_baseline_makes_its_own_run_clean_and_every_later_one(reprocheck: Runner, tmp_path: Path) -> None:
    write(tmp_path, BAD)
    written = reprocheck("check", "--write-baseline", "known.json", *ONES)
    later = reprocheck("check", "--baseline", "known.json", *ONES)
    for done in (written, later):
        assert (done.code, done.out, done.err) == (0, "no findings (2 in the baseline)\n", "")
    assert (tmp_path / "known.json").read_text() == BASELINE


def test_lines_may_move_and_a_new_finding_fails(reprocheck: Runner, tmp_path: Path) -> None:
    write(tmp_path, BAD)
    reprocheck("check", "--write-baseline", "known.json", *ONES)
    write(tmp_path, BAD.replace("dependencies:\n", "\n\ndependencies:\n") + "      - torch==2.4.1\n")
    done = reprocheck("check", "--baseline", "known.json", *ONES)
    assert done.code == 1
    assert [line.split(": ")[1] for line in done.out.splitlines()[:2]] == ["RC107 info", "RC301 error"]
    assert done.out.splitlines()[2] == "1 error, 1 info (2 in the baseline)"


def test_what_is_mended_is_told_so_that_the_baseline_shrinks(reprocheck: Runner, tmp_path: Path) -> None:
    write(tmp_path, BAD)
    reprocheck("check", "--write-baseline", "known.json", *ONES)
    write(tmp_path, BAD.replace(">=3.11 <3.12", ">=3.11,<3.12"))
    done = reprocheck("check", "--baseline", "known.json", *ONES)
    assert (done.code, done.out) == (0, "no findings (1 in the baseline)\n")
    assert done.err == (
        "note: `known.json` knows what no longer occurs: RC102 python in environment.yml; "
        "`--write-baseline known.json` lets it go\n"
    )
    assert reprocheck("check", "--baseline", "known.json", *ONES, "--quiet").err == ""


def test_what_was_not_looked_at_is_not_told_to_be_gone(reprocheck: Runner, tmp_path: Path) -> None:
    write(tmp_path, BAD)
    write(tmp_path, "channels: [a]\ndependencies: [python]\n", "other.yml")
    reprocheck("check", "--write-baseline", "known.json", *ONES)
    other = reprocheck("check", "other.yml", "--baseline", "known.json", *ONES)
    fewer = reprocheck("check", "--baseline", "known.json", "--select", "RC107")
    assert (other.code, other.err, fewer.code, fewer.err) == (0, "", 0, "")
    (tmp_path / "environment.yml").unlink()
    assert "no longer occurs" in reprocheck("check", "other.yml", "--baseline", "known.json", *ONES).err


def test_the_configuration_names_a_baseline_from_any_folder(reprocheck: Runner, tmp_path: Path) -> None:
    write(tmp_path, BAD, "envs/environment.yml")
    write(tmp_path, "baseline = 'known.json'\n", "reprocheck.toml")
    reprocheck("check", "envs/environment.yml", "--write-baseline", "known.json", *ONES)
    assert '"path": "envs/environment.yml"' in (tmp_path / "known.json").read_text()
    below = reprocheck("check", *ONES, cwd=tmp_path / "envs")
    whole = reprocheck("check", tmp_path / "envs" / "environment.yml", *ONES)
    assert [below.out, whole.out] == ["no findings (2 in the baseline)\n"] * 2
    assert reprocheck("check", *ONES, cwd=tmp_path / "envs", env={"REPROCHECK_BASELINE": ""}).code == 1


def test_known_findings_are_not_mended(reprocheck: Runner, tmp_path: Path) -> None:
    path = write(tmp_path, BAD)
    reprocheck("check", "--write-baseline", "known.json", *ONES)
    done = reprocheck("check", "--baseline", "known.json", "--fix", "--unsafe-fixes", *ONES)
    assert (done.code, path.read_text()) == (0, BAD)


def test_what_is_mended_does_not_reach_the_baseline(reprocheck: Runner, tmp_path: Path) -> None:
    write(tmp_path, BAD)
    done = reprocheck("check", "--fix", "--write-baseline", "known.json", *ONES)
    assert (done.code, done.out) == (0, "no findings (1 in the baseline)\n1 fixed\n")
    assert "RC102" not in (tmp_path / "known.json").read_text()


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (None, "cannot read the baseline"),
        ("{", "this is not a baseline that reprocheck can read"),
        ('{"schema": "reprocheck/baseline/9", "findings": []}', "baseline format `reprocheck/baseline/9` is unknown"),
    ],
)
def test_a_broken_or_future_baseline_is_exit_two(
    reprocheck: Runner, tmp_path: Path, text: str | None, what: str
) -> None:
    write(tmp_path, BAD)
    if text is not None:
        write(tmp_path, text, "known.json")
    done = reprocheck("check", "--baseline", "known.json")
    assert (done.code, done.out, done.err.splitlines()[0]) == (2, "", f"error: {what}")


def test_rules_are_left_out_for_some_files(reprocheck: Runner, tmp_path: Path) -> None:
    for name in ("environment.yml", "legacy/a.yml", "legacy/deep/b.yml"):
        write(tmp_path, BAD, name)
    files = ("environment.yml", "legacy/a.yml", tmp_path / "legacy" / "deep" / "b.yml")
    done = reprocheck("check", *files, *ONES, "--per-file-ignore", "legacy/**:RC1,RC301", "--select", "RC102")
    assert done.out.splitlines()[-2:] == [
        "2 errors (4 suppressed)",
        "1 fixable with --fix, 1 fixable with --unsafe-fixes",
    ]


CONFIGURED = (
    "[tool.reprocheck]\nselect = ['RC102', 'RC301']\n[tool.reprocheck.per-file-ignores]\n'**/b.yml' = ['RC102']\n"
)


def test_globs_of_the_configuration_are_meant_from_its_folder(reprocheck: Runner, tmp_path: Path) -> None:
    write(tmp_path, BAD, "legacy/deep/b.yml")
    write(tmp_path, CONFIGURED, "pyproject.toml")
    for folder in ("", "legacy", "legacy/deep"):
        file = tmp_path / "legacy" / "deep" / "b.yml"
        done = reprocheck("check", file.relative_to(tmp_path / folder), cwd=tmp_path / folder)
        assert "1 error (1 suppressed)" in done.out.splitlines(), folder


def test_the_command_line_and_variables_replace_the_table(reprocheck: Runner, tmp_path: Path) -> None:
    write(tmp_path, BAD, "b.yml")
    write(tmp_path, CONFIGURED, "pyproject.toml")
    line = reprocheck("check", "b.yml", "--per-file-ignore", "*.yml:RC301", "--output-format", "concise")
    variable = reprocheck("check", "b.yml", env={"REPROCHECK_PER_FILE_IGNORES": "x:RC102,RC107,b.yml:RC301"})
    assert "RC102" in line.out
    assert "RC301" not in line.out
    assert "RC102" in variable.out
    assert "1 error (1 suppressed)" in variable.out


@pytest.mark.parametrize(
    ("option", "lines"),
    [
        ("RC107", ["error: `RC107` names no rule for files", "  where: --per-file-ignore"]),
        ("legacy/**:RC102x", ["error: `RC102x` matches no rule", "  where: --per-file-ignore"]),
    ],
)
def test_an_ignore_that_names_nothing_is_refused(
    reprocheck: Runner, tmp_path: Path, option: str, lines: list[str]
) -> None:
    write(tmp_path, BAD)
    done = reprocheck("check", "--per-file-ignore", option)
    assert (done.code, done.err.splitlines()[:2]) == (2, lines)


def test_an_unknown_code_of_the_table_gets_the_likeliest_one(reprocheck: Runner, tmp_path: Path) -> None:
    write(tmp_path, BAD)
    write(tmp_path, "[per-file-ignores]\n'a.yml' = ['RC301', 'rc102']\n", "reprocheck.toml")
    done = reprocheck("check")
    assert done.code == 2
    assert done.err.splitlines() == [
        "error: `rc102` matches no rule",
        "  where: per-file-ignores",
        done.err.splitlines()[2],
        "  how:   did you mean `RC102`?",
    ]


STATISTICS = """\
1  RC102  ambiguous-spec  1 error  1 fixable
1  RC301  declared-twice  1 error  1 unsafely fixable
"""


@pytest.mark.parametrize("name", ["full", "concise", "github"])
def test_statistics_come_behind_a_report_for_people(reprocheck: Runner, tmp_path: Path, name: str) -> None:
    write(tmp_path, BAD)
    options = ("check", "--select", "RC102,RC301", "--output-format", name)
    assert reprocheck(*options, "--statistics").out == f"{reprocheck(*options).out}\n{STATISTICS}"


@pytest.mark.parametrize("name", ["json", "sarif", "markdown"])
def test_statistics_are_notes_beside_a_document(reprocheck: Runner, tmp_path: Path, name: str) -> None:
    write(tmp_path, BAD)
    options = ("check", "--select", "RC102,RC301", "--output-format", name)
    done = reprocheck(*options, "--statistics")
    assert (done.out, done.err) == (reprocheck(*options).out, STATISTICS)


def test_statistics_of_nothing_are_nothing(reprocheck: Runner, tmp_path: Path) -> None:
    write(tmp_path, BAD)
    assert reprocheck("check", "--select", "RC107", "--statistics").out == "no findings\n"


def test_the_reports_of_a_mend_and_a_baseline_are_the_same_under_two_hash_seeds(
    reprocheck: Runner, tmp_path: Path
) -> None:
    seen = set()
    for seed in ("1", "2"):
        folder = tmp_path / seed
        write(folder, BAD)
        env = {"PYTHONHASHSEED": seed}
        done = reprocheck("check", "--fix", "--write-baseline", "b.json", "--statistics", cwd=folder, env=env)
        seen.add((done.out, (folder / "b.json").read_bytes()))
    assert len(seen) == 1
    assert json.loads(seen.pop()[1])["schema"] == "reprocheck/baseline/1"


def test_names_out_of_a_hostile_baseline_are_inert(reprocheck: Runner, tmp_path: Path) -> None:
    write(tmp_path, BAD)
    entry = {"code": "RC102", "manager": "", "package": "##[error]p", "platform": "", "severity": "info", "count": 1}
    known = {"schema": "reprocheck/baseline/1", "findings": [{**entry, "path": "gone\n::error::x\u202e"}]}
    write(tmp_path, json.dumps(known), "known.json")
    done = reprocheck("check", "--baseline", "known.json", *ONES)
    assert done.err == (
        "note: `known.json` knows what no longer occurs: RC102 #\\u{23}[error]p in gone\\u{a}::error::x\\u{202e}; "
        "`--write-baseline known.json` lets it go\n"
    )
