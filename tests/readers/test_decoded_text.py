"""Bytes become text of one kind; what is no text is refused (by the hostile files of the tests of YAML too)."""

from __future__ import annotations

from reprocheck.readers.decoded_text import decode_text


def test_a_byte_order_mark_and_windows_line_ends_are_taken_off() -> None:
    assert decode_text(b"\xef\xbb\xbfa: b\r\nc: d\re: f", "e.yml") == "a: b\nc: d\ne: f"
