"""Mending: rounds, what spoils other lines, what changed in the meantime, and files that are replaced all or none."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from reprocheck.errors import InputError, UndecidedError
from reprocheck.model.findings import Audit, Confidence, Edit, Finding, Location, Severity
from reprocheck.readers.environment_yml import parse_environment
from reprocheck.rules.engine import Selection
from reprocheck.workflows.check import CheckRequest
from reprocheck.workflows.fixing import Change, Drafts, Plan, mend_until_quiet, plan_mends, write_changes
from reprocheck.workflows.mend_safety import keeps_the_rest

ONES = Selection(select=("RC101", "RC102", "RC107", "RC301"))
HEAD = b"channels:\n  - conda-forge\ndependencies:\n"


@pytest.fixture
def plan(tmp_path: Path) -> Callable[..., Plan]:
    """Write one environment file and return what would be mended in it."""

    def planned(data: bytes, *, unsafe: bool = False, name: str = "environment.yml") -> Plan:
        path = tmp_path / name
        path.write_bytes(data)
        found = plan_mends(CheckRequest(folder=tmp_path, files=(path,), selection=ONES), unsafe=unsafe)
        assert path.read_bytes() == data  # planning writes nothing
        return found

    return planned


def after(plan: Plan) -> bytes:
    [change] = plan.changes
    return change.after


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (HEAD + b"  - python >=3.11 <3.12\n", HEAD + b"  - python >=3.11,<3.12\n"),
        (HEAD + b"  - python >=3.11 <3.12", HEAD + b"  - python >=3.11,<3.12"),
        (
            (HEAD + b"  - python >=3.11 <3.12  # x\n").replace(b"\n", b"\r\n"),
            (HEAD + b"  - python >=3.11,<3.12  # x\n").replace(b"\n", b"\r\n"),
        ),
        (
            b"\xef\xbb\xbf" + HEAD + b"  - a  \n  -   python >=3.11 <3.12\n\n\n",
            b"\xef\xbb\xbf" + HEAD + b"  - a  \n  -   python >=3.11,<3.12\n\n\n",
        ),
        (HEAD + b"  - a\t # [x]\n  - b\n", HEAD + b"  - a\t # (x)\n  - b\n"),
        (
            HEAD + "  - ä  # é\n  - python >=3.11 <3.12\n".encode(),
            HEAD + "  - ä  # é\n  - python >=3.11,<3.12\n".encode(),
        ),
    ],
    ids=["plain", "no-last-newline", "crlf", "bom-and-spaces", "tab", "not-ascii"],
)
def test_all_bytes_of_other_lines_stay(plan: Callable[..., Plan], data: bytes, expected: bytes) -> None:
    if "ä".encode() in data:
        data, expected = (text.replace("ä".encode(), b"a") for text in (data, expected))
    assert after(plan(data)) == expected


def test_utf_16_is_refused_as_by_every_reader(plan: Callable[..., Plan]) -> None:
    with pytest.raises(InputError, match="file is encoded in UTF-16"):
        plan((HEAD + b"  - python >=3.11 <3.12\n").decode().encode("utf-16"))


def test_nothing_to_mend_is_no_change(plan: Callable[..., Plan]) -> None:
    assert plan(HEAD + b"  - python=3.12\n") == Plan((), 0, ())


def test_mends_that_overlap_are_made_one_after_the_other(plan: Callable[..., Plan]) -> None:
    text = b"  - python >=3.11 <3.12  # why [x]\n  - numpy\n"
    found = plan(HEAD + text)
    assert (after(found), found.fixed) == (HEAD + b"  - python >=3.11,<3.12  # why (x)\n  - numpy\n", 2)


def test_what_is_unsafe_is_mended_when_asked_for_only(plan: Callable[..., Plan]) -> None:
    data = HEAD + b"  - pytorch=2.6.0\n  - pip\n  - pip:\n    - torch==2.4.1\n"
    assert plan(data) == Plan((), 0, ())
    found = plan(data, unsafe=True)
    assert (after(found), found.fixed) == (HEAD + b"  - pytorch=2.4.1\n  - pip\n", 1)


def test_a_section_is_never_left_empty(plan: Callable[..., Plan]) -> None:
    text = b"  - numpy=1.26.4\n  - scipy=1.11.1\n  - pip\n  - pip:\n    - numpy>=1.20\n    # more\n    - scipy>=1.10\n"
    found = plan(HEAD + text)
    assert (after(found), found.fixed) == (HEAD + b"  - numpy=1.26.4\n  - scipy=1.11.1\n  - pip\n    # more\n", 2)


def test_comments_that_allow_nothing_go_last(plan: Callable[..., Plan]) -> None:
    text = (
        b"  # reprocheck: ignore RC107 -- both\n  - numpy\n  - numpy  # reprocheck: ignore RC107, RC101 -- both\n"
        b"  - scipy  # reprocheck: ignore RC101 -- old\n"
    )
    found = plan(HEAD + text)
    assert (after(found), found.fixed) == (
        HEAD + b"  - numpy\n  - numpy  # reprocheck: ignore RC107 -- both\n  - scipy\n",
        3,
    )


def test_a_suppressed_finding_is_not_mended(plan: Callable[..., Plan]) -> None:
    text = b"  - numpy\n  - numpy  # reprocheck: ignore RC107 -- both\n"
    assert plan(HEAD + text) == Plan((), 0, ())


def test_a_file_by_two_names_is_mended_once(tmp_path: Path) -> None:
    real = tmp_path / "environment.yml"
    real.write_bytes(HEAD + b"  - python >=3.11 <3.12\n")
    link = tmp_path / "link.yml"
    link.symlink_to(real.name)
    found = plan_mends(CheckRequest(folder=tmp_path, files=(link, real), selection=ONES), unsafe=False)
    assert [change.path for change in found.changes] == [link]
    write_changes(found.changes)
    assert link.is_symlink()
    assert real.read_bytes() == HEAD + b"  - python >=3.11,<3.12\n"


def test_hard_links_are_mended_under_both_names(tmp_path: Path) -> None:
    one, other = tmp_path / "environment.yml", tmp_path / "other.yml"
    one.write_bytes(HEAD + b"  - python >=3.11 <3.12\n")
    os.link(one, other)
    found = plan_mends(CheckRequest(folder=tmp_path, files=(one, other), selection=ONES), unsafe=False)
    write_changes(found.changes)
    assert one.read_bytes() == other.read_bytes() == HEAD + b"  - python >=3.11,<3.12\n"


def test_a_pyproject_is_left_to_people(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text("[tool.conda-lock.dependencies]\npython = '>=3.11 <3.12'\n")
    assert plan_mends(CheckRequest(folder=tmp_path, files=(path,), selection=ONES), unsafe=True) == Plan((), 0, ())


def test_permissions_stay(tmp_path: Path, plan: Callable[..., Plan]) -> None:
    found = plan(HEAD + b"  - python >=3.11 <3.12\n")
    path = tmp_path / "environment.yml"
    path.chmod(0o640)
    write_changes(found.changes)
    assert path.stat().st_mode & 0o777 == 0o640
    assert os.listdir(tmp_path) == ["environment.yml"]


def test_a_read_only_file_is_not_replaced(tmp_path: Path, plan: Callable[..., Plan]) -> None:
    data = HEAD + b"  - python >=3.11 <3.12\n"
    found = plan(data)
    path = tmp_path / "environment.yml"
    path.chmod(0o444)
    with pytest.raises(UndecidedError) as caught:
        write_changes(found.changes)
    assert caught.value.lines() == [
        f"error: cannot write `{path.as_posix()}`",
        f"  where: {path.as_posix()}",
        "  why:   the file is read-only",
        "  how:   make it writable; nothing was changed",
    ]
    assert path.read_bytes() == data


def test_a_file_that_changed_in_the_meantime_is_not_overwritten(tmp_path: Path, plan: Callable[..., Plan]) -> None:
    found = plan(HEAD + b"  - python >=3.11 <3.12\n")
    other = tmp_path / "other.yml"
    other.write_bytes(b"old\n")
    assert found.changes
    path = tmp_path / "environment.yml"
    path.write_bytes(b"of somebody else\n")
    with pytest.raises(UndecidedError) as caught:
        write_changes((Change(other, b"old\n", b"new\n"), *found.changes))
    assert caught.value.lines() == [
        f"error: `{path.as_posix()}` changed while it was mended",
        f"  where: {path.as_posix()}",
        "  why:   somebody else wrote to it in the meantime",
        "  how:   run it again; nothing was changed",
    ]
    assert (path.read_bytes(), other.read_bytes()) == (b"of somebody else\n", b"old\n")
    assert not [name for name in os.listdir(tmp_path) if name.endswith(".tmp")]


def test_a_file_that_is_gone_does_not_come_back(tmp_path: Path, plan: Callable[..., Plan]) -> None:
    found = plan(HEAD + b"  - python >=3.11 <3.12\n")
    (tmp_path / "environment.yml").unlink()
    with pytest.raises(UndecidedError, match="changed while it was mended"):
        write_changes(found.changes)
    assert os.listdir(tmp_path) == []


def edit(first: int, last: int, *lines: str) -> Edit:
    return Edit(path="e.yml", first=first, last=last, lines=lines, safe=True)


def finding(*edits: Edit, code: str = "RC999") -> Finding:
    return Finding(
        code=code,
        name="n",
        severity=Severity.ERROR,
        confidence=Confidence.HIGH,
        message="m",
        location=Location(path="e.yml", line=edits[0].first, column=1),
        edits=edits,
    )


ORIGINALS: Drafts = {Path("e.yml"): b"dependencies:\n- a\n- b\n"}


def quiet_after(*rounds: tuple[Finding, ...]) -> Callable[[Drafts], Audit]:
    """Return rules that find this in the first round, that in the second, and nothing in the end."""
    told = iter(rounds)
    return lambda _drafts: Audit(findings=next(told, ()), skipped=())


def test_what_would_spoil_other_lines_is_left_and_told_and_the_rest_is_mended() -> None:
    spoils, mends = finding(edit(2, 2, "- |")), finding(edit(3, 3, "- B"), code="RC998")
    found = mend_until_quiet(quiet_after((spoils, mends), (spoils,)), ORIGINALS, unsafe=False)
    assert [change.after for change in found.changes] == [b"dependencies:\n- a\n- B\n"]
    assert (found.fixed, found.notes) == (
        1,
        ("note: RC999 at e.yml:2:1 is left as it is: mending it would change other lines",),
    )


@pytest.mark.parametrize(
    "edits",
    [(edit(2, 2, "- a"),), (edit(9, 9),), (edit(2, 2, "- x"), edit(2, 2, "- y")), (edit(2, 2, "- a\n- x"),)],
    ids=["without-effect", "outside", "against-itself", "more-than-lines"],
)
def test_an_edit_that_is_none_is_left_and_told(edits: tuple[Edit, ...]) -> None:
    found = mend_until_quiet(quiet_after((finding(*edits),)), ORIGINALS, unsafe=False)
    assert (found.changes, found.fixed, len(found.notes)) == ((), 0, 1)


def test_a_mend_of_another_file_is_nobodys() -> None:
    other = finding(edit(2, 2)._replace(path="conda-lock.yml"))
    assert mend_until_quiet(quiet_after((other,)), ORIGINALS, unsafe=True) == Plan((), 0, ())


def test_mends_without_an_end_change_nothing() -> None:
    def never_content(drafts: Drafts) -> Audit:
        there = b"- a\n" in drafts[Path("e.yml")]
        return Audit(findings=(finding(edit(2, 2, "- A" if there else "- a")),), skipped=())

    assert mend_until_quiet(never_content, ORIGINALS, unsafe=False) == Plan(
        (), 0, ("note: mending came to no end in 25 rounds; nothing was changed",)
    )


WHOLE = "name: x\nchannels:\n- a\ndependencies:\n- b\n- c\n- pip:\n  - d\n  - e\nprefix: /x\nvariables:\n  V: 1\n"


@pytest.mark.parametrize(
    ("mended", "edits"),
    [
        (WHOLE.replace("- b\n", ""), [edit(5, 5)]),
        (WHOLE.replace("- b\n", "- b=1\n"), [edit(5, 5, "- b=1")]),
        (WHOLE.replace("- b\n", "- b\n- new\n"), [edit(6, 5, "- new")]),
        (WHOLE.replace("prefix: /x\n", ""), [edit(10, 10)]),
        (WHOLE.replace("name: x\n", "name: y\n"), [edit(1, 1, "name: y")]),
        (WHOLE.replace("variables:\n  V: 1\n", ""), [edit(11, 12)]),
        (WHOLE + '  W: "2"\n', [edit(13, 12, '  W: "2"')]),
        (WHOLE.replace("  V: 1\n", '  W: "2"\n  V: 1\n'), [edit(12, 11, '  W: "2"')]),
        (WHOLE.replace("- pip:\n  - d\n  - e\n", ""), [edit(7, 9)]),
    ],
)
def test_a_change_on_the_edited_lines_alone_keeps_the_rest(mended: str, edits: list[Edit]) -> None:
    assert keeps_the_rest(parse_environment(WHOLE.encode(), "e.yml"), mended.encode(), edits)


@pytest.mark.parametrize(
    ("mended", "edits"),
    [
        (WHOLE.replace("- b\n", "- b: |\n"), [edit(5, 5, "- b: |")]),
        (WHOLE.replace("- b\n", "- >\n"), [edit(5, 5, "- >")]),
        (WHOLE.replace("- b\n", "&"), [edit(5, 5, "&")]),
        (WHOLE.replace("- pip:\n", ""), [edit(7, 7)]),
        (WHOLE.replace("  - d\n  - e\n", ""), [edit(8, 9)]),
        (WHOLE.replace("channels:\n", ""), [edit(2, 2)]),
        (WHOLE.replace("name: x\n", "name: y\n"), [edit(2, 2, "channels:")]),
        (WHOLE.replace("  V: 1\n", ""), [edit(10, 10, "prefix: /x")]),
        (WHOLE.replace("- c\n", "- cc\n"), [edit(5, 5, "- b")]),
        (WHOLE.replace("  V: 1\n", '  V: 1\n  W: "2"\n  X: "3"\n'), [edit(13, 12, '  W: "2"')]),
    ],
    ids=["block", "folded", "broken", "section-key", "empty-section", "key", "name", "variable", "other-line", "added"],
)
def test_a_change_elsewhere_does_not(mended: str, edits: list[Edit]) -> None:
    assert not keeps_the_rest(parse_environment(WHOLE.encode(), "e.yml"), mended.encode(), edits)


def test_a_value_that_would_go_on_where_another_stood_is_not_the_same() -> None:
    text = WHOLE.replace("  V: 1\n", "  A: b\n  V: 1\n    2\n  W: c\n")
    edits = [edit(13, 13)]
    assert not keeps_the_rest(parse_environment(text.encode(), "e.yml"), text.replace("  V: 1\n", "").encode(), edits)


def test_none_of_two_sections_is_left_empty(plan: Callable[..., Plan]) -> None:
    found = plan(HEAD + b"  - numpy\n  - pip\n  - pip:\n    - numpy\n  - pip:\n    - scipy\n")
    assert found.changes == ()
    assert found.notes == (
        f"note: RC301 at {found.notes[0].split(' at ')[1].split(' is ')[0]} is left as it is: mending it would change "
        "other lines",
    )


def test_many_mends_with_one_that_spoils_are_tried_by_halves() -> None:
    data = b"dependencies:\n" + b"- a\n" * 200
    whole, looks = {Path("e.yml"): data}, 0
    mends = tuple(finding(edit(line, line, "- |" if line == 77 else "- A")) for line in range(2, 202))

    def look(drafts: Drafts) -> Audit:
        nonlocal looks
        looks += 1
        return Audit(findings=mends if drafts == whole else mends[75:76], skipped=())

    found = mend_until_quiet(look, whole, unsafe=False)
    assert (found.fixed, looks, len(found.notes)) == (199, 2, 1)


def test_a_line_that_goes_on_over_the_next_one_stays(plan: Callable[..., Plan]) -> None:
    assert plan(HEAD + b"  - python >=3.11\n    <3.12\n").changes == ()


def test_a_line_whose_twin_is_dropped_by_its_comment_stays(plan: Callable[..., Plan]) -> None:
    assert plan(HEAD + b"  - numpy  # [osx arm64]\n  - numpy\n").changes == ()
