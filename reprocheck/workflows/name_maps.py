"""Which PyPI projects conda packages install: the packaged table, under what a file of the user says."""

from __future__ import annotations

from pathlib import Path

from reprocheck.facts.name_map import NameMap, load_name_map, override_names


def names_of(name_map: str | None) -> NameMap:
    """Return the packaged names, with those of the file `name_map` in their place.

    Raises:
        InputError, GatheredErrors: the file is missing, or a line of it is no pair.
    """
    if name_map is None:
        return load_name_map()
    # Imported where it is needed: few projects have names of their own.
    from reprocheck.readers.name_map_file import read_name_map

    return override_names(load_name_map(), read_name_map(Path(name_map)))
