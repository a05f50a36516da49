"""Marks and columns of values as short texts: a step of a hundred tensors takes a little over eight bytes a tensor.

The words of a text stand apart by one space. In a text of marks a word is `digest:bits` as it is where elements were
sampled, `-` for a tensor that a step has nothing of, and else the digests of neighbours, eight bytes each, together in
base64 (RFC 4648, section 4, without padding). In a column a word is a value, `-` an empty one. `word*3` is three of it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from reprocheck.model.records import NO_MARK

EMPTY = "-"
DIGEST_BYTES = 8
# The leading 64 bits of a digest, and the bits of up to eight sampled elements, of up to 16 bytes each.
MARK = re.compile(r"[0-9a-f]{16}:([0-9a-f]{1,32}(\.[0-9a-f]{1,32}){0,7})?")
_COUNT = re.compile(r"[1-9][0-9]{0,8}")


def pack_marks(marks: Sequence[str]) -> str:
    """Return marks as one text."""
    return " ".join(word for kind, group in groupby(marks, key=_kind) for word in _words(kind, list(group)))


def unpack_marks(text: str, count: int) -> tuple[str, ...]:
    """Return the marks of a text, which must be `count`.

    Raises:
        ValueError: it holds something else; the message says what was expected.
    """
    found: list[str] = []
    for word in text.split(" ") if text else ():
        if len(found) >= count:
            raise ValueError(_expected(count, "marks"))
        found += _marks(word, count)
    if len(found) != count:
        raise ValueError(_expected(count, "marks"))
    return tuple(found)


def pack_column(values: Iterable[str]) -> str:
    """Return one value a step as one text; no value holds a space or a star."""
    return " ".join(_repeated(value or EMPTY, len(list(group))) for value, group in groupby(values))


def unpack_column(text: str, count: int) -> tuple[str, ...]:
    """Return the values of a column, which must be `count`.

    Raises:
        ValueError: it holds something else; the message says what was expected.
    """
    found: list[str] = []
    for word in text.split(" ") if text else ():
        value, times = _counted(word)
        if len(found) + times > count:
            raise ValueError(_expected(count, "values"))
        found += ["" if value == EMPTY else value] * times
    if len(found) != count:
        raise ValueError(_expected(count, "values"))
    return tuple(found)


def _kind(mark: str) -> str:
    if mark == NO_MARK:
        return "absent"
    return "bare" if mark.endswith(":") else "sampled"


def _words(kind: str, marks: list[str]) -> Iterator[str]:
    if kind == "absent":
        yield _repeated(NO_MARK, len(marks))
    elif kind == "sampled":
        yield from marks
    else:
        digests = bytes.fromhex("".join(mark[:-1] for mark in marks))
        yield _base64(digests)


def _marks(word: str, count: int) -> list[str]:
    if ":" in word:
        if not MARK.fullmatch(word):
            raise ValueError("expected a mark, `digest:bits`")
        return [word]
    value, times = _counted(word)
    if value == NO_MARK:
        if times > count:
            raise ValueError(_expected(count, "marks"))
        return [NO_MARK] * times
    return list(_digests(word))


def _digests(word: str) -> Iterator[str]:
    try:
        data = base64.b64decode(word + "=" * (-len(word) % 4), validate=True)
    except ValueError:
        data = b""
    if not data or len(data) % DIGEST_BYTES or _base64(data) != word:
        raise ValueError(f"expected digests of {DIGEST_BYTES} bytes in base64")
    whole, digits = data.hex(), 2 * DIGEST_BYTES
    return (f"{whole[start : start + digits]}:" for start in range(0, len(whole), digits))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii").rstrip("=")


def _repeated(word: str, times: int) -> str:
    return word if times == 1 else f"{word}*{times}"


def _counted(word: str) -> tuple[str, int]:
    value, star, times = word.partition("*")
    if not value or (star and not _COUNT.fullmatch(times)):
        raise ValueError("expected words with one space between them")
    return value, int(times) if star else 1


def _expected(count: int, what: str) -> str:
    return f"expected {count} {what}"
