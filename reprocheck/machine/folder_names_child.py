"""List folders, in a process of its own: `python -I folder_names_child.py FOLDER…` prints JSON lines. Never imported.

A folder on a network disk that is gone holds whoever lists it for ever. Each folder is told before the next is asked,
so that one that hangs costs those behind it only.
"""

from __future__ import annotations

import json
import os
import sys


def main() -> None:
    """Print `[index, names]` for each folder that can be listed; one that cannot has no line."""
    for index, folder in enumerate(sys.argv[1:]):
        try:
            names = sorted(entry.name for entry in os.scandir(folder) if entry.name.startswith("lib"))
        except OSError:
            continue  # a search path often names folders that are not there, or may not be read
        print(json.dumps([index, names]), flush=True)


if __name__ == "__main__":
    main()
