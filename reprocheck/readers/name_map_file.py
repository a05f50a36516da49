"""A file of name pairs, which say what conda packages install where the packaged table is wrong or knows nothing.

One pair a line, `conda-name: pypi-name`; `[one, other]` for several projects, `null` for none; comments begin with `#`.
That is YAML as well, but no YAML parser is asked: `check` has no time for it, and a line is easier to object to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from reprocheck.errors import InputError, ReprocheckError, raise_gathered
from reprocheck.model.project_names import normalise_name
from reprocheck.model.redaction import public_line
from reprocheck.readers.decoded_text import decode_text, read_given

_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._\-]*[A-Za-z0-9_])?")
_NONE = ("null", "~")
_SHAPE = "a line reads `conda-name: pypi-name`, `conda-name: [one, other]` or `conda-name: null`"


def read_name_map(path: Path) -> Mapping[str, tuple[str, ...]]:
    """Return the projects of each conda name, as written; empty for a package that installs none.

    Raises:
        InputError: missing, unreadable, or a line that is no pair.
        GatheredErrors: several such lines.
    """
    data = read_given(path, "the name map", "name an existing file with `--name-map`, or remove `name-map`")
    return parse_name_pairs(decode_text(data, path.as_posix()), path.as_posix())


def parse_name_pairs(text: str, path: str) -> Mapping[str, tuple[str, ...]]:
    """Return the pairs of the text of a name map; raises as `read_name_map`."""
    errors: list[ReprocheckError] = []
    places: dict[str, int] = {}
    pairs: dict[str, tuple[str, ...]] = {}
    for number, line in _lines(text):
        where = f"{path}:{number}"
        try:
            conda, projects = _pair(line, where)
            _refuse_second(conda, places, where)
        except InputError as error:
            errors.append(error)
            continue
        places[normalise_name(conda)] = number
        pairs[conda] = projects
    raise_gathered(errors)
    return pairs


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that say something, without their comments."""
    for number, line in enumerate(text.split("\n"), start=1):
        said = re.sub(r"(?:^|\s)#.*$", "", line).strip()
        if said not in ("", "---"):
            yield number, said


def _pair(line: str, where: str) -> tuple[str, tuple[str, ...]]:
    conda, colon, value = (_unquoted(part) for part in line.partition(":"))
    if not colon or not value:
        raise InputError(f"`{_shown(line)}` is no pair of names", where=where, why=_SHAPE, how="correct or remove it")
    if value in _NONE:
        listed: tuple[str, ...] = ()
    else:
        inside = value[1:-1] if value.startswith("[") and value.endswith("]") else value
        listed = tuple(_unquoted(part) for part in inside.split(","))
    for name in (conda, *listed):
        if not _NAME.fullmatch(name):
            raise InputError(f"`{_shown(name)}` is no name of a package", where=where, why=_SHAPE, how="correct it")
    return conda.lower(), listed


def _unquoted(text: str) -> str:
    plain = text.strip()
    quoted = len(plain) > 1 and plain[0] == plain[-1] and plain[0] in "'\""
    return plain[1:-1] if quoted else plain


def _refuse_second(conda: str, places: Mapping[str, int], where: str) -> None:
    line = places.get(normalise_name(conda))
    if line is not None:
        raise InputError(
            f"`{conda}` stands twice in the name map",
            where=where,
            why=f"line {line} says what it installs already",
            how="write one line, with all of its projects in brackets",
        )


def _shown(text: str) -> str:
    return public_line(text.replace("`", ""))[:80]
