"""How wide a text gets, without a font at hand: wide enough for every usual sans serif.

Source: advance widths of DejaVu Sans 2.37 (table `hmtx`), the widest of the fonts that browsers take for sans-serif;
Arial, Helvetica, Segoe UI, Roboto and San Francisco are narrower.
"""

from __future__ import annotations

import unicodedata
from itertools import accumulate

# Thousandths of the font size, from the space to the tilde.
_WIDTHS = (
    "318 401 460 838 636 950 780 275 390 390 500 838 318 361 318 337 636 636 636 636 636 636 636 636 636 636 337 337 "
    "838 838 838 531 1000 684 686 698 770 632 575 775 752 295 295 656 557 863 748 787 603 787 695 635 611 732 684 989 "
    "685 611 685 390 337 390 838 500 500 613 635 550 635 615 352 635 634 278 278 579 278 974 634 612 635 635 411 521 "
    "392 634 592 818 592 592 525 636 337 636 838"
)
_ASCII = tuple(map(int, _WIDTHS.split()))
_WIDE = 1050  # East Asian characters and emoji fill a square
_OTHER = 850
_BOLD_PERCENT = 114
_MARK = "…"


def text_width(text: str, size_px: int, *, bold: bool = False) -> int:
    """Return the width of a line in pixels, rounded up."""
    thousandths = sum(map(_width, text)) * size_px * (_BOLD_PERCENT if bold else 100)
    return -(-thousandths // 100_000)


def _width(character: str) -> int:
    place = ord(character) - 32
    if 0 <= place < len(_ASCII):
        return _ASCII[place]
    return _WIDE if unicodedata.east_asian_width(character) in "WF" else _OTHER


def shortened(text: str, most_px: int, size_px: int, *, bold: bool = False) -> str:
    """Return `text`, or as much of its beginning as fits with an ellipsis behind it."""
    if text_width(text, size_px, bold=bold) <= most_px:
        return text
    room = most_px * 100_000 - _OTHER * size_px * 100  # the ellipsis takes the rest
    percent = _BOLD_PERCENT if bold else 100
    ends = accumulate(_width(character) * size_px * percent for character in text)
    return text[: sum(end <= room for end in ends)].rstrip() + _MARK


def wrapped(text: str, most_px: int, size_px: int, most_lines: int) -> list[str]:
    """Return `text` in lines that fit, broken between words; the last one is shortened where there is more."""
    lines = [""]
    words = text.split(" ")
    for place, word in enumerate(words):
        longer = f"{lines[-1]} {word}".lstrip()
        if text_width(longer, size_px) <= most_px or not lines[-1]:
            lines[-1] = longer
        elif len(lines) == most_lines:
            lines[-1] = " ".join((lines[-1], *words[place:]))
            break
        else:
            lines.append(word)
    return [shortened(line, most_px, size_px) for line in lines]
