"""The code of a rule that somebody likely meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_LIKE = 0.75  # one character of `RC101` may be another one


def near_code(word: str, codes: Iterable[str]) -> str:
    """Return the first code that `word` begins, else the closest one, of its own family if there is one; or nothing."""
    wanted, known = word.upper(), list(codes)
    begun = [code for code in known if wanted and code.startswith(wanted)]
    close = difflib.get_close_matches(wanted, known, n=max(1, len(known)), cutoff=_LIKE)
    family = [code for code in close if code[:3] == wanted[:3]]
    return next(iter((*begun, *family, *close)), "")
