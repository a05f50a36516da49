"""Rules that are left out for some files: `GLOB:CODE,CODE`, as options and variables spell it."""

from __future__ import annotations

from collections.abc import Iterable

from reprocheck.errors import UsageError

PerFileIgnores = tuple[tuple[str, tuple[str, ...]], ...]


def read_per_file_ignores(texts: Iterable[str], where: str) -> PerFileIgnores:
    """Return (glob, codes) pairs; an entry without a colon is a further code for the glob before it.

    Raises:
        UsageError: a glob without a code, or a code without a glob.
    """
    codes_by_glob: dict[str, list[str]] = {}
    for text in texts:
        glob = ""
        for part in filter(None, map(str.strip, text.split(","))):
            before, colon, code = part.rpartition(":")
            glob = whole_folder(before.strip()) if colon else glob
            if not glob or not code.strip():
                raise _no_pair(part, where)
            codes_by_glob.setdefault(glob, []).append(code.strip())
    return tuple((glob, tuple(codes)) for glob, codes in codes_by_glob.items())


def whole_folder(glob: str) -> str:
    """Return a glob that names a folder, by a slash at its end, as one for all that is in it."""
    return f"{glob}**" if glob.endswith("/") else glob


def _no_pair(part: str, where: str) -> UsageError:
    return UsageError(
        f"`{part}` names no rule for files",
        where=where,
        why="it reads `GLOB:CODE`, for example `legacy/**:RC107`",
        how="put the glob and a colon in front of the code",
    )
