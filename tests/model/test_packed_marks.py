from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprocheck.model.packed_marks import pack_column, pack_marks, unpack_column, unpack_marks

ONES, TWOS = f"{'1' * 16}:", f"{'2' * 16}:"
SAMPLED = f"{'a' * 16}:3f800000.3f800000"
HEX = st.text("0123456789abcdef", min_size=16, max_size=16)
MARKS = st.lists(st.one_of(st.just("-"), HEX.map("{}:".format), HEX.map("{}:3f800000.0".format)))
VALUES = st.lists(st.sampled_from(["", "a", "0x1.8p+1", "ZFBS"]))


@given(MARKS)
def test_reading_packed_marks_is_identity(marks: list[str]) -> None:
    """RFC 4648, section 4: base64 loses nothing."""
    assert unpack_marks(pack_marks(marks), len(marks)) == tuple(marks)


@given(VALUES)
def test_reading_a_packed_column_is_identity(values: list[str]) -> None:
    assert unpack_column(pack_column(values), len(values)) == tuple(values)


def test_bare_digests_stand_together_and_take_eleven_bytes_each_at_most() -> None:
    assert pack_marks([ONES, TWOS]) == "EREREREREREiIiIiIiIiIg"


def test_absent_marks_are_counted_and_sampled_ones_stand_as_they_are() -> None:
    assert pack_marks(["-", "-", "-", SAMPLED, "-"]) == f"-*3 {SAMPLED} -"


def test_equal_values_of_a_column_are_counted_and_empty_ones_told() -> None:
    assert pack_column(["a", "a", "", "b"]) == "a*2 - b"


COUNT = "expected 2 marks"
WORDS = "expected words with one space between them"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", COUNT),
        ("-", COUNT),
        ("-*3", COUNT),
        ("-*999999999", COUNT),
        ("-*9999999999", WORDS),
        ("- - -", COUNT),
        ("ERERERERERE", COUNT),
        ("-*0", WORDS),
        ("-*", WORDS),
        ("-  -", WORDS),
        ("- ", WORDS),
        ("- zz:", "expected a mark, `digest:bits`"),
        (f"- {SAMPLED}.", "expected a mark, `digest:bits`"),
        ("- ERER", "expected digests of 8 bytes in base64"),
        ("- ERERERERERF", "expected digests of 8 bytes in base64"),
        ("- ERERERERERE*2", "expected digests of 8 bytes in base64"),
        ("- ERERERERE", "expected digests of 8 bytes in base64"),
        ("- \u00e9", "expected digests of 8 bytes in base64"),
    ],
)
def test_marks_of_another_form_are_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match="expected") as caught:
        unpack_marks(text, 2)
    assert str(caught.value) == why


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "expected 2 values"),
        ("a", "expected 2 values"),
        ("a*3", "expected 2 values"),
        ("a b c", "expected 2 values"),
        ("a*2*2", WORDS),
        ("*2", WORDS),
        ("a  b", WORDS),
    ],
)
def test_a_column_of_another_form_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match="expected") as caught:
        unpack_column(text, 2)
    assert str(caught.value) == why
