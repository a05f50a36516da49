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
    hidden = filter(is_hidden, set(text))
    return text.translate({ord(character): spelled_out(character) for character in hidden})


def spelled_out(character: str) -> str:
    r"""Return a character as `\u{…}`."""
    return f"\\u{{{ord(character):x}}}"


def shortened(text: str, longest: int) -> str:
    """Return `text`, or its beginning with an ellipsis: `longest` characters at most."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def is_hidden(character: str) -> bool:
    """Say whether a character is a control, or is not seen."""
    return unicodedata.category(character) in _HIDDEN
