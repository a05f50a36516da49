"""Requirements files, and the `-r` and `-c` lines of a pip section that name them.

Paths are meant from the folder of the file that says them, as pip means them. What is behind a URL is not fetched.
Source: pip "Requirements File Format"; pip/_internal/req/req_file.py (continuations are joined before comments go, a
`-r` inside a file of constraints still names requirements, the encoding is a byte order mark's, a coding comment's or
UTF-8).
"""

from __future__ import annotations

import codecs
import re
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from reprocheck.errors import InputError
from reprocheck.model.environments import EnvironmentFile, PipRequirement
from reprocheck.model.findings import Location
from reprocheck.model.redaction import public_line
from reprocheck.readers.decoded_text import decode_text, read_given
from reprocheck.readers.pip_line import read_pip_line

_COMMENT = re.compile(r"(?:^\s*|(?<=\S)\s+)#.*$")
_NAMES_FILE = re.compile(r"^(?P<flag>-r|-c|--requirement(?=[\s=])|--constraint(?=[\s=]))[\s=]*(?P<name>.+)$")
_REMOTE = re.compile(r"^[A-Za-z][A-Za-z0-9+.\-]+://")
_CODING = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*(?P<name>[-\w.]+)")
_DEEPEST = 40
_MOST_NAMED = 5
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def expand_requirements(
    environment: EnvironmentFile, folder: Path, *, keep_unreadable: bool = False
) -> EnvironmentFile:
    """Return `environment` with the requirements files that its pip section names put in the place of their lines.

    `folder` is where the environment file lies. With `keep_unreadable` a line whose file cannot be read stays as it is.

    Raises:
        InputError: a file that is missing or unreadable, or that names itself, in one step or in several.
    """
    expansion = _Expansion(keep_unreadable)
    pip = tuple(expansion.lines_of(environment.pip, folder, ()))
    constraints = (*environment.pip_constraints, *expansion.constraints)
    return replace(environment, pip=pip, pip_constraints=constraints)


def read_requirements(path: Path) -> tuple[PipRequirement, ...]:
    """Return the lines of one requirements file, each with its place; `-r` lines stay as they are.

    Raises:
        InputError: missing, unreadable, too large, or in no known encoding.
    """
    data = read_given(path, "the requirements file", "correct the path, or remove the line")
    return parse_requirements(data, path.as_posix())


def lines_of_file(path: Path) -> tuple[str, ...]:
    """Return the lines of a requirements file as they stand there; raises as `read_requirements`."""
    data = read_given(path, "the requirements file", "correct the path, or remove the line")
    return tuple(_decode(data, path.as_posix()).split("\n"))


def parse_requirements(data: bytes, path: str) -> tuple[PipRequirement, ...]:
    """Return the lines of the bytes of a requirements file; raises as `read_requirements`."""
    return tuple(
        read_pip_line(line.strip(), Location(path=path, line=number, column=len(line) - len(line.lstrip()) + 1))
        for number, line in _logical_lines(_decode(data, path))
    )


def named_file(requirement: PipRequirement) -> tuple[str, str] | None:
    """Return `-r` or `-c` and the file that an option line names; None for other lines."""
    found = _NAMES_FILE.match(_COMMENT.sub("", requirement.address)) if requirement.kind == "option" else None
    if not found:
        return None
    return ("-c" if found["flag"] in ("-c", "--constraint") else "-r"), _unquoted(found["name"])


def is_remote(name: str) -> bool:
    """Say whether the file of a `-r` line is behind a URL; `file:` URLs count too."""
    return _REMOTE.match(name) is not None


def _unquoted(text: str) -> str:
    """Return the first word of `text` as a shell reads it, or the text where its quotation marks do not close."""
    try:
        return (shlex.split(text) or [text])[0]
    except ValueError:
        return text


def _decode(data: bytes, path: str) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _plain(data.removeprefix(mark), encoding, path)
    for line in data.split(b"\n", 2)[:2]:
        coding = _CODING.match(line)
        if coding:
            return _plain(data, coding["name"].decode("ascii", "replace"), path)
    return decode_text(data, path)


def _plain(data: bytes, encoding: str, path: str) -> str:
    try:
        text = data.decode(encoding)
    except (LookupError, UnicodeError) as error:
        raise InputError(
            f"the requirements file is not valid {encoding}",
            where=path,
            why="its first bytes or its coding comment name that encoding",
            how="save it as UTF-8",
        ) from error
    return decode_text(text.encode("utf-8", "surrogatepass"), path)


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield (number of the first line, line) with continuations joined and comments and empty lines left out."""
    begun: list[str] = []
    first = 0
    for number, line in enumerate([*text.split("\n"), ""], start=1):
        first = first if begun else number
        is_comment = line.lstrip().startswith("#")
        if line.endswith("\\") and not is_comment:
            begun.append(line.rstrip("\\"))
            continue
        joined = _COMMENT.sub("", "".join([*begun, f" {line}" if begun and is_comment else line]))
        begun = []
        if joined.strip():
            yield first, joined


class _Expansion:
    """Follows `-r` and `-c` lines; a file is read once for each set of platforms that its lines are limited to."""

    def __init__(self, keep_unreadable: bool) -> None:
        self.keep_unreadable = keep_unreadable
        self.constraints: list[PipRequirement] = []
        self.seen: set[tuple[Path, str, str | None]] = set()

    def lines_of(
        self, requirements: tuple[PipRequirement, ...], folder: Path, above: tuple[Path, ...]
    ) -> Iterator[PipRequirement]:
        """Yield the lines with files in the place of `-r` lines; `above` are the files that led here."""
        for requirement in requirements:
            named = named_file(requirement)
            if named is None or is_remote(named[1]):
                yield requirement
                continue
            try:
                found = self._follow(requirement, named, folder, above)
            except InputError:
                if not self.keep_unreadable:
                    raise
                found = (requirement,)
            yield from found

    def _follow(
        self, requirement: PipRequirement, named: tuple[str, str], folder: Path, above: tuple[Path, ...]
    ) -> tuple[PipRequirement, ...]:
        flag, name = named
        path = folder / name
        _refuse_circle(requirement, path, above)
        key = (path.resolve(), flag, requirement.selector)
        if key in self.seen:
            return ()
        inside = _read(path, requirement)
        self.seen.add(key)
        lines = tuple(replace(line, category=requirement.category, selector=requirement.selector) for line in inside)
        followed = tuple(self.lines_of(lines, path.parent, (*above, path.resolve())))
        if flag == "-r":
            return followed
        own = path.as_posix()
        self.constraints += [line for line in followed if _constrains(line, own)]
        return tuple(line for line in followed if not _constrains(line, own))


def _refuse_circle(requirement: PipRequirement, path: Path, above: tuple[Path, ...]) -> None:
    is_circle = path.resolve() in above
    if not is_circle and len(above) < _DEEPEST:
        return
    way = " -> ".join(each.name for each in (*above, path)[-_MOST_NAMED:])
    raise InputError(
        f"requirements file `{path.name}` names itself" if is_circle else "requirements files nested too deeply",
        where=str(requirement.location),
        why=f"reading it leads here again: {way}" if is_circle else f"at most {_DEEPEST} levels are read: … {way}",
        how="remove this line",
    )


def _constrains(line: PipRequirement, path: str) -> bool:
    """Say whether a line of a `-c` file is a constraint: an option is none, nor what a `-r` in it brings."""
    return line.location.path == path and line.kind != "option"


def _read(path: Path, requirement: PipRequirement) -> tuple[PipRequirement, ...]:
    if path.is_file():
        return read_requirements(path)
    raise InputError(
        "cannot read the requirements file",
        where=str(requirement.location),
        why=f"there is no file `{public_line(path.as_posix())}`",
        how="correct the path, or remove the line",
    )
