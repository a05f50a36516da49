"""How wide texts get, and what is left of those that are too wide."""

from __future__ import annotations

import pytest

from reprocheck.reports.text_width import shortened, text_width, wrapped


def test_a_text_is_as_wide_as_its_letters() -> None:
    assert text_width("", 13) == 0
    assert text_width("numpy", 1000) == 634 + 634 + 974 + 635 + 592
    assert text_width("il", 13) < text_width("WM", 13)
    assert text_width("a", 100, bold=True) == 70


def test_letters_of_other_scripts_take_more_room() -> None:
    assert text_width("漢", 100) == 105
    assert text_width("é", 100) == 85


def test_what_fits_stays_and_the_rest_is_cut_with_an_ellipsis() -> None:
    assert shortened("numpy", 100, 13) == "numpy"
    assert shortened("a" * 100, 100, 13) == "a" * 11 + "…"
    assert shortened("a " * 50, 30, 13) == "a…"


@pytest.mark.parametrize("text", ["W" * 200, "漢" * 50, "pytorch-lightning " * 9, "ii" * 99])
def test_what_is_cut_fits(text: str) -> None:
    for most in (40, 100, 230):
        assert text_width(shortened(text, most, 11), 11) <= most


def test_lines_break_between_words() -> None:
    assert wrapped("one two three four", 60, 11, 3) == ["one two", "three four"]
    assert wrapped("one two three four five six", 60, 11, 2) == ["one two", "three fou…"]
    assert wrapped("short", 60, 11, 2) == ["short"]
