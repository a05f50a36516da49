"""One JSON file as a mapping, or why it is none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from reprocheck.errors import InputError

Document = Mapping[str, Any]


def parse_json(data: bytes) -> Document:
    """Return the mapping that the bytes of a JSON file hold.

    Raises:
        InputError: not UTF-8, no JSON, no mapping, nested deeper than Python can follow, or with half a character.
    """
    why = "is no JSON"
    try:
        text = data.decode("utf-8-sig")
        document = json.loads(text)
        if isinstance(document, dict):
            if "\\ud" in text or "\\uD" in text:  # half of a surrogate pair is no character, and cannot be printed
                json.dumps(document, ensure_ascii=False).encode()
            return document
        why = "holds no mapping"
    except UnicodeError:
        why = "is not UTF-8 text"
    except RecursionError:
        why = "is nested too deeply"
    except ValueError:
        pass
    raise InputError("broken JSON file", where="", why=why, how="install the package again")
