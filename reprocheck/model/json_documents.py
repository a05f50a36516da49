"""The one way in which reprocheck writes JSON: sorted, without floats, the same bytes for the same data.

Integers below 2^53, everything else that is measured as text (C99 hex floats), `schema` first.
Restricted so that RFC 8785 canonical form and this form agree on every value.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

Json: TypeAlias = "bool | int | str | Sequence[Json] | Mapping[str, Json] | None"

LARGEST_SAFE_INTEGER = 2**53 - 1
LINE_WIDTH = 360  # a package of a fingerprint fits on one


def entries(value: Json) -> Sequence[Json]:
    """Return what a list holds, nothing for any other value."""
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()


def dump_document(document: Mapping[str, Json]) -> str:
    """Return `document` as indented JSON text ending in a newline, `schema` first.

    Raises:
        TypeError: a float, or an integer that JavaScript could not hold, is inside.
    """
    return json.dumps(_ordered(document), indent=2, ensure_ascii=False) + "\n"


def dump_record(document: Mapping[str, Json]) -> str:
    """Return `document` as indented JSON text in which what fits on a line is on one; `schema` first.

    Raises:
        TypeError: a float, or an integer that JavaScript could not hold, is inside.
    """
    return _laid_out(_ordered(document), "") + "\n"


def _laid_out(value: Json, indent: str) -> str:
    line = json.dumps(value, ensure_ascii=False)
    if len(indent) + len(line) <= LINE_WIDTH or not isinstance(value, (dict, list)) or not value:
        return line
    deeper = indent + " "
    if isinstance(value, dict):
        members = [
            f"{deeper}{json.dumps(key, ensure_ascii=False)}: {_laid_out(item, deeper)}" for key, item in value.items()
        ]
        return "{\n" + ",\n".join(members) + f"\n{indent}}}"
    return "[\n" + ",\n".join(deeper + _laid_out(item, deeper) for item in value) + f"\n{indent}]"


def dump_document_line(document: Mapping[str, Json]) -> str:
    """Return `document` as one line of compact JSON text ending in a newline, `schema` first.

    Raises:
        TypeError: a float, or an integer that JavaScript could not hold, is inside.
    """
    return json.dumps(_ordered(document), separators=(",", ":"), ensure_ascii=False) + "\n"


def dump_line(value: Json) -> str:
    """Return `value` as one line of sorted, compact JSON without a newline."""
    _refuse_unsafe(value, "")
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _ordered(document: Mapping[str, Json]) -> dict[str, Json]:
    _refuse_unsafe(document, "")
    head = {"schema": document["schema"]} if "schema" in document else {}
    return {**head, **{key: _sorted(value) for key, value in sorted(document.items()) if key != "schema"}}


def _sorted(value: Json) -> Json:
    if isinstance(value, Mapping):
        return {key: _sorted(item) for key, item in sorted(value.items())}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_sorted(item) for item in value]
    return value


def _refuse_unsafe(value: object, where: str) -> None:
    if isinstance(value, float):
        raise TypeError(f"a float at `{where}`: write it as a hex-float string")
    if isinstance(value, int) and abs(value) > LARGEST_SAFE_INTEGER:
        raise TypeError(f"an integer beyond 2^53 at `{where}`: write it as a string")
    if isinstance(value, Mapping):
        for key, item in value.items():
            _refuse_unsafe(item, f"{where}/{key}")
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, item in enumerate(value):
            _refuse_unsafe(item, f"{where}/{index}")
