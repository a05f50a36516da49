"""A mend may change the lines that it names and nothing else: the file is read before and after, and compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reprocheck.errors import ReprocheckError
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.findings import Edit, Location
from reprocheck.model.line_edits import lines_after, lines_put
from reprocheck.readers.environment_yml import parse_environment
from reprocheck.readers.yaml_events import parse_yaml
from reprocheck.readers.yaml_nodes import scalars_in

_Entry = tuple[str, str, int, int]  # what it is, its text, and where it stands


def keeps_the_rest(before: EnvironmentFile, after: bytes, edits: Sequence[Edit]) -> bool:
    """Say whether `after`, the file with its edits, can be read and declares all that stands on other lines."""
    try:
        mended = parse_environment(after, before.path)
    except ReprocheckError:
        return False
    new = lines_put(edits)
    kept = [entry for entry in _entries(mended) if entry[2] not in new]
    place = lines_after(edits, len(before.lines))
    moved = ((entry, place[entry[2]]) for entry in _entries(before))
    expected = [(what, text, line, column) for (what, text, _, column), line in moved if line is not None]
    return kept == expected and _keys_are_kept(before, mended, edits) and _scalars_are_kept(before, mended, edits)


def _scalars_are_kept(before: EnvironmentFile, after: EnvironmentFile, edits: Sequence[Edit]) -> bool:
    """Say whether all that stands on other lines is the same to YAML: no value went on there, no list is empty now.

    Installers refuse a section without lines.
    """
    new = lines_put(edits)
    kept = [(one[0], *one[1]) for one in _scalars(after) if new.isdisjoint(one[1])]
    place = lines_after(edits, len(before.lines))
    moved = ((text, [place[line] for line in lines]) for text, lines in _scalars(before))
    return kept == [(text, *lines) for text, lines in moved if None not in lines]


def _scalars(environment: EnvironmentFile) -> Iterator[tuple[str, range]]:
    """Yield the text of each scalar, and its lines; a block ends at the start of the line after it."""
    root = parse_yaml("\n".join(environment.lines), environment.path)
    for scalar in scalars_in(root) if root else ():
        last = scalar.end.line - (scalar.end.column == 1 and scalar.end.line > scalar.location.line)
        yield scalar.value, range(scalar.location.line, last + 1)


def _entries(environment: EnvironmentFile) -> list[_Entry]:
    places: list[tuple[str, str, Location]] = [
        *(("conda", one.text, one.location) for one in environment.conda),
        *(("pip", one.address, one.location) for one in environment.pip),
        *(("channels", one.address, one.location) for one in environment.channels),
        *(("platforms", one.name, one.location) for one in environment.platforms),
        *(("pip-repositories", one.address, one.location) for one in environment.pip_repositories),
    ]
    sections = (("prefix", environment.prefix), ("pip:", environment.pip_location))
    places += [(what, "", place) for what, place in sections if place]
    return [(what, text, place.line, place.column) for what, text, place in places]


def _keys_are_kept(before: EnvironmentFile, after: EnvironmentFile, edits: Iterable[Edit]) -> bool:
    """What has no place of its own may change only where an edited line speaks of it."""
    edited = [line for edit in edits for line in (*before.lines[edit.first - 1 : edit.last], *edit.lines)]
    values = (
        ("name", before.name, after.name),
        ("category", before.category, after.category),
        ("allow-pypi-requests", before.allow_pypi_requests, after.allow_pypi_requests),
        *((name, True, name in after.variables) for name in before.variables),
        *((name, name in before.variables, True) for name in after.variables),
    )
    return all(old == new or any(f"{key}:" in line for line in edited) for key, old, new in values)
