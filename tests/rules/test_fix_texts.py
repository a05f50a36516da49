"""A fix text leads out: done to the letter, the finding is gone and no rule objects anew; its commands can be run."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from reprocheck.cli.app import group
from reprocheck.model.findings import Audit, Finding, Severity
from reprocheck.rules.engine import Selection, run_rules
from reprocheck.rules.facts import Unseen
from reprocheck.rules.registry import RULES
from reprocheck.workflows.gathering import Subject, gather

CASES = Path(__file__).resolve().parents[2] / "fixtures" / "rules"
# What is told next, once the first trouble is out of the way: rightly, for the file then asks for something else.
NEXT = {
    "rc412/fires/contradiction.yml": {"RC410"},  # the toolkit of the pytorch that went
    "rc412/fires/open_question.yml": {"RC423"},  # the torch that stays is not pinned
    "rc414/fires/versions_that_do_not_exist.yml": {"RC107"},  # the case asks for one name in several wrong ways
}

Lines = list[str]
Mend = Callable[[Lines, Finding, re.Match[str]], Lines]


def without(lines: Lines, *numbers: int) -> Lines:
    return [line for number, line in enumerate(lines, start=1) if number not in numbers]


def remove_lines(lines: Lines, _: Finding, found: re.Match[str]) -> Lines:
    return without(lines, *map(int, re.findall(r"\d+", found["lines"])))


def remove_and_write(lines: Lines, _: Finding, found: re.Match[str]) -> Lines:
    at = int(found["at"])
    return without([*lines[: at - 1], f"  - {found['text']}", *lines[at:]], int(found["line"]))


def remove_from_conda(lines: Lines, _: Finding, found: re.Match[str]) -> Lines:
    entry = rf"  - (\S+::)?{re.escape(found['name'])}([ =<>!~].*)?"
    return [line for line in lines if not re.fullmatch(entry, line)]


def remove_here(lines: Lines, finding: Finding, _: re.Match[str]) -> Lines:
    return without(lines, finding.location.line)


def remove_prefix(lines: Lines, finding: Finding, _: re.Match[str]) -> Lines:
    rest = lines[finding.location.line :]
    more = next((number for number, line in enumerate(rest) if not line.startswith(" ")), len(rest))
    return [*lines[: finding.location.line - 1], *rest[more:]]


def write_here(lines: Lines, finding: Finding, found: re.Match[str]) -> Lines:
    at = finding.location.line - 1
    lead = re.match(r"\s*(- )?", lines[at])
    return [*lines[:at], (lead[0] if lead else "") + found["text"], *lines[at + 1 :]]


def write_instead(lines: Lines, finding: Finding, found: re.Match[str]) -> Lines:
    at = finding.location.line - 1
    return [*lines[:at], lines[at].replace(found["old"], found["text"]), *lines[at + 1 :]]


def write_before(lines: Lines, _: Finding, found: re.Match[str]) -> Lines:
    at = int(found["line"]) - 1
    indentation = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
    return [*lines[:at], indentation + found["text"], *lines[at:]]


def add_to_conda(lines: Lines, _: Finding, found: re.Match[str]) -> Lines:
    at = lines.index("dependencies:") + 1
    return [*lines[:at], f"  - {found['text']}", *lines[at:]]


MENDS: tuple[tuple[str, Mend], ...] = (
    (r"remove lines? (?P<lines>\d+(, \d+)*)(, or .*|: .*)?", remove_lines),
    (
        r"(keep one: with `.+`|take torch from one side only).+remove lines? (?P<lines>\d+(, \d+)*)(, or .*)?",
        remove_lines,
    ),
    (r"keep one: remove line (?P<line>\d+) and write `(?P<text>[^`]+)` in line (?P<at>\d+)", remove_and_write),
    (r".*remove line \d+, or `(?P<name>[^`]+)` from the conda part", remove_from_conda),
    (r"remove (the line|it)", remove_here),
    (r"remove the key `prefix`", remove_prefix),
    (r"write `(?P<text>- pip)` before line (?P<line>\d+)", write_before),
    (r"write `(?P<text>[^`]+)` (instead of|for) `(?P<old>[^`]+)`", write_instead),
    (r"write `(?P<text>[^`]+)`(, or .*)?", write_here),
    (r"add `(?P<text>[^`]+)` to the conda part", add_to_conda),
)


def mends_of(finding: Finding) -> Iterator[tuple[Mend, re.Match[str]]]:
    """Yield every mend of the file that a text names: both sides of its `or`."""
    for pattern, mend in MENDS:
        found = re.fullmatch(pattern, finding.fix or "")
        if found:
            yield mend, found


def environments() -> list[str]:
    """Return the cases without a lock: there an edit of the environment file alone must do."""
    found = (case for case in CASES.glob("rc*/fires/*") if case.is_dir() or case.suffix == ".yml")
    files = {case: {file.name for file in case.iterdir()} if case.is_dir() else {case.name} for case in found}
    asked = {case: names for case, names in files.items() if not case.is_dir() or "environment.yml" in names}
    plain = (case for case, names in asked.items() if not any("lock" in name for name in names))
    return sorted(case.relative_to(CASES).as_posix() for case in plain)


def told_in(name: str) -> tuple[Finding, ...]:
    unseen = Unseen(reason="not asked for")
    facts = gather(Subject(environment=Path(name), lock=Path("conda-lock.yml")), unseen, ())
    return run_rules(facts, RULES, Selection()).findings


@pytest.mark.parametrize("case", environments())
def test_what_a_fix_says_to_do_ends_the_finding_and_begins_no_other(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = CASES / case
    shutil.copytree(source if source.is_dir() else source.parent, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    name = "environment.yml" if source.is_dir() else source.name
    text, before = Path(name).read_text(encoding="utf-8"), told_in(name)
    expected = {finding.code for finding in before} | NEXT.get(case, set())
    for finding in before:
        for mend, found in mends_of(finding) if finding.location.path == name else ():
            Path(name).write_text("\n".join(mend(text.splitlines(), finding, found)) + "\n", encoding="utf-8")
            after = told_in(name)
            assert (finding.code, finding.message) not in {(one.code, one.message) for one in after}, finding.fix
            assert {one.code for one in after if one.severity is not Severity.INFO} <= expected, finding.fix


@pytest.mark.parametrize("case", sorted(path.parent.name for path in CASES.glob("rc*/fires")))
def test_every_command_of_a_fix_is_one_that_reprocheck_takes(
    case: str, audit_case: Callable[[Path, str], tuple[Audit, str]]
) -> None:
    for path in sorted((CASES / case / "fires").iterdir()):
        if path.suffix != ".yml" and not path.is_dir():
            continue
        for finding in audit_case(path, case.upper())[0].findings:
            fix = finding.fix or ""
            for command in [fix] if fix.startswith("reprocheck ") else re.findall(r"`(reprocheck [^`]+)`", fix):
                _, name, *arguments = shlex.split(command.replace("X.Y", "12.4"))
                chosen = group.get_command(click.Context(group), name)
                assert chosen is not None, command
                chosen.make_context(name, arguments)  # raises where an option or its value is refused
