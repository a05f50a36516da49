"""Where the files of a noarch Python package lie: conda's records list them as the archive does.

The archive has `site-packages/six.py` and `python-scripts/tool`, and conda writes them so into `paths_data`, on every
platform; only `files` tells where they were put (`lib/python3.12/site-packages/six.py`, `Lib/site-packages/six.py`).
mamba, rattler and constructor write the same whole paths into both.

Sources: records of conda 4.8 to 24.9, read 2026-11-21; conda, `get_python_noarch_target_path`; mamba-org/mamba#4259.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_SITE, _SCRIPTS = "site-packages/", "python-scripts/"
_WHOLE_SITE = re.compile(r"(?:lib/(?:python|pypy)[\d.]+t?|Lib)/site-packages/")


def whole_paths(listed: Sequence[str], files: Sequence[str]) -> list[str]:
    """Return the paths of `paths_data` where they lie in the prefix, as `files` of the same record tells it."""
    if not any(path.startswith((_SITE, _SCRIPTS)) for path in listed):
        return list(listed)
    known = set(files)
    site = next((found[0] for path in files if (found := _WHOLE_SITE.match(path))), _SITE)
    places = {_SITE: (site,), _SCRIPTS: ("bin/", "Scripts/")}
    return [_whole(path, places, known) for path in listed]


def _whole(path: str, places: dict[str, tuple[str, ...]], known: set[str]) -> str:
    for short, folders in places.items():
        if path.startswith(short) and path not in known:
            whole = (folder + path[len(short) :] for folder in folders)
            return next((place for place in whole if place in known), path)
    return path
