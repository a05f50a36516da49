"""Edits change the lines that they name; every other byte stays, whatever the line ends are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprocheck.model.findings import Edit
from reprocheck.model.line_edits import apply_edits, is_sound, lines_after, lines_put, touched

BOM = b"\xef\xbb\xbf"


def edit(first: int, last: int, *lines: str, path: str = "e.yml") -> Edit:
    return Edit(path=path, first=first, last=last, lines=lines, safe=True)


@pytest.mark.parametrize(
    ("data", "edits", "expected"),
    [
        (b"a\nb\nc\n", [edit(2, 2, "B")], b"a\nB\nc\n"),
        (b"a\nb\nc\n", [edit(2, 2)], b"a\nc\n"),
        (b"a\nb\nc\n", [edit(2, 1, "x")], b"a\nx\nb\nc\n"),
        (b"a\nb\nc\n", [edit(1, 0, "x")], b"x\na\nb\nc\n"),
        (b"a\nb\nc\n", [edit(4, 3, "x")], b"a\nb\nc\nx\n"),
        (b"a\nb", [edit(3, 2, "x")], b"a\nb\nx"),
        (b"a\nb\nc", [edit(3, 3, "C")], b"a\nb\nC"),
        (b"a\nb\nc", [edit(3, 3)], b"a\nb\n"),
        (b"a\nb\nc", [edit(2, 3, "x")], b"a\nx"),
        (b"a\nb\nc", [edit(2, 2, "x", "y")], b"a\nx\ny\nc"),
        (b"a\r\nb\r\nc", [edit(2, 2, "x", "y")], b"a\r\nx\r\ny\r\nc"),
        (b"a\r\nb\nc\r", [edit(2, 2, "B"), edit(3, 3, "C")], b"a\r\nB\nC\r"),
        (b"a\r\nb\r\n", [edit(3, 2, "x")], b"a\r\nb\r\nx\r\n"),
        (BOM + b"a\nb\n", [edit(1, 1, "A")], BOM + b"A\nb\n"),
        (b"a", [edit(1, 1, "A")], b"A"),
        (b"a", [edit(1, 1, "A", "B")], b"A\nB"),
        (b"a\nb\nc\nd\n", [edit(4, 4, "D"), edit(1, 1), edit(3, 2, "x")], b"b\nx\nc\nD\n"),
        ("ä\nb\n".encode(), [edit(2, 2, "ö")], "ä\nö\n".encode()),
    ],
)
def test_edits_change_their_lines_only(data: bytes, edits: list[Edit], expected: bytes) -> None:
    assert apply_edits(data, edits) == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (edit(2, 3), edit(3, 4), True),
        (edit(2, 3), edit(4, 4), False),
        (edit(2, 1, "x"), edit(2, 1, "y"), True),
        (edit(2, 1, "x"), edit(2, 2), True),
        (edit(2, 1, "x"), edit(1, 1), False),
        (edit(2, 2), edit(2, 2, path="other.yml"), False),
    ],
)
def test_mends_overlap_where_they_touch_the_same_line_or_the_gap_before_it(
    one: Edit, other: Edit, expected: bool
) -> None:
    assert bool(touched([one]) & touched([other])) is expected


@pytest.mark.parametrize(
    ("bad", "lines"), [(edit(0, 0), 3), (edit(3, 1), 3), (edit(4, 4), 3), (edit(1, 1, "a\nb"), 3), (edit(5, 4, "x"), 3)]
)
def test_an_edit_outside_of_the_file_or_of_lines_is_not_sound(bad: Edit, lines: int) -> None:
    assert not is_sound(bad, lines)


@pytest.mark.parametrize("good", [edit(1, 1), edit(3, 3, "x"), edit(4, 3, "x"), edit(1, 0, "x"), edit(1, 3)])
def test_an_edit_within_the_file_is_sound(good: Edit) -> None:
    assert is_sound(good, 3)


# An empty line between `\\r` and `\\n` would be none, whether it was there or is put there.
texts = st.lists(st.text(alphabet="ab #é", min_size=1, max_size=3), min_size=1, max_size=8)
ends = st.sampled_from(["\n", "\r\n", "\r"])


@given(lines=texts, line_ends=st.lists(ends, min_size=8, max_size=8), last=st.booleans(), data=st.data())
def test_every_line_that_no_edit_names_keeps_its_bytes_and_is_where_it_is_said_to_be(
    lines: list[str], line_ends: list[str], last: bool, data: st.DataObject
) -> None:
    whole = [line + end for line, end in zip(lines, line_ends, strict=False)]
    if last:
        whole[-1] = lines[-1]
    edits: list[Edit] = []
    for _ in range(data.draw(st.integers(0, 3))):
        first = data.draw(st.integers(1, len(whole)))
        new = data.draw(st.lists(st.text(alphabet="xy", min_size=1, max_size=2), max_size=2))
        one = edit(first, data.draw(st.integers(first - 1, min(first + 1, len(whole)))), *new)
        if not touched([one]) & touched(edits):
            edits.append(one)
    before = "".join(whole)
    after = apply_edits(before.encode(), edits).decode()
    told_before, told_after = split(before), split(after)
    for number, line in enumerate(whole, start=1):
        moved = lines_after(edits, len(whole))[number]
        if moved is not None and moved not in lines_put(edits):
            assert told_after[moved - 1] == told_before[number - 1] == line.rstrip("\r\n")
    put = sorted(lines_put(edits))
    assert [told_after[number - 1] for number in put] == [
        line for one in sorted(edits, key=lambda one: (one.first, one.last)) for line in one.lines
    ]


def split(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
