"""Write the answer of a job: one JSON object a line, on disk as soon as it is said."""

from __future__ import annotations

import contextlib
import json
from typing import Any, Callable, Dict, Iterator

Emit = Callable[[Dict[str, Any]], None]


@contextlib.contextmanager
def write_lines_to(path: str) -> Iterator[Emit]:
    """Yield a function that appends one object to `path` and flushes."""
    with open(path, "w", encoding="utf-8") as stream:

        def emit(line: Dict[str, Any]) -> None:
            stream.write(json.dumps(line, sort_keys=True, allow_nan=False) + "\n")
            stream.flush()

        yield emit
