"""Make hostile text harmless: no control characters, no bidirectional overrides, nothing invisible.

Source: Unicode TR36 §2.10 and Trojan Source (CVE-2021-42574) for the bidirectional controls.
"""

from __future__ import annotations

import unicodedata

_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def visible(text: str) -> str:
    r"""Return `text` with every control or invisible character written as `\u{…}`; idempotent on clean text."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(character) for character in text)


def _escape(character: str) -> str:
    return f"\\u{{{ord(character):x}}}" if unicodedata.category(character) in _HIDDEN else character
