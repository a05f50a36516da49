"""Text is as wide as a terminal shows it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprocheck.reports.terminal_text import columns, cut_after, cut_before, wrapped
from reprocheck.reports.visible import visible

TEXTS = st.text(st.sampled_from("ab `漢é\u0301-")).map(visible)


def test_wide_characters_take_two_columns_and_combining_ones_none() -> None:
    assert [columns(text) for text in ("abc", "漢字", "e\u0301", "ﾊ", "🙂")] == [3, 4, 1, 1, 2]


def test_prose_is_wrapped_between_words_and_code_stays_whole() -> None:
    text = "run `reprocheck lock --cuda 12.4` and commit what it wrote"
    assert list(wrapped(text, 24)) == ["run", "`reprocheck lock --cuda 12.4`", "and commit what it wrote"]
    assert list(wrapped(text, None)) == [text]
    assert list(wrapped(text, len(text))) == [text]


@pytest.mark.parametrize(
    ("width", "after", "before"), [(6, "漢字ab", "漢字ab"), (5, "漢字…", "…字ab"), (4, "漢…", "…ab"), (1, "…", "…")]
)
def test_a_cut_never_halves_a_wide_character(width: int, after: str, before: str) -> None:
    assert (cut_after("漢字ab", width), cut_before("漢字ab", width)) == (after, before)


@given(TEXTS, st.integers(1, 30))
def test_nothing_is_wider_than_asked_for_and_no_word_is_lost(text: str, width: int) -> None:
    assert columns(cut_after(text, width)) <= width
    assert columns(cut_before(text, width)) <= width
    assert " ".join(" ".join(wrapped(text, width)).split()) == " ".join(text.split())
