r"""JSON that does nothing to the terminal it is shown on: what is invisible is escaped as `\uXXXX`.

JSON itself escapes only the controls below U+0020. Such characters stand in strings alone, so the text means the same.
Source: RFC 8259 §7 (escapes; characters beyond U+FFFF as two surrogates). A lone surrogate, which UTF-8 cannot hold,
is escaped, too; and so are the `##[` and `##vso[` that CI systems obey wherever they stand in a log.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from reprocheck.model.json_documents import Json, dump_document
from reprocheck.reports.log_text import ANYWHERE
from reprocheck.reports.visible import is_hidden

_COMMAND = re.compile(ANYWHERE)


def inert_document(document: Mapping[str, Json]) -> str:
    """Return a document as text: sorted, indented, and harmless where it is shown."""
    return inert_json(dump_document(document))


def inert_json(text: str) -> str:
    """Return JSON text without an invisible character but the line ends between its values."""
    hidden = filter(is_hidden, set(text) - {"\n"})
    safe = text.translate({ord(character): _escaped(character) for character in hidden})
    return _COMMAND.sub(r"\\u0023", safe)


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))
