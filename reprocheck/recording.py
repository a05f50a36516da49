"""`with reprocheck.recording(): …` around the training in a script: the record of that block, in one line.

Under `reprocheck record -- …` and `verify -- …` the block only says which steps are meant, and the record is theirs.
"""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

WATCH_VARIABLE = "REPROCHECK_WATCH"
_BEGIN = "reprocheck_worker.watching.begin"
_begun: list[Path] = []  # the blocks of this process


@contextlib.contextmanager
def recording(path: str | Path = "reprocheck.json") -> Iterator[None]:
    """Record the optimizer steps of the block to `path`, if it ends well; what the block raises goes on.

    A block without a step, or one in which the hooks failed, leaves `path` as it is and warns: no training ends for a
    record that cannot be written.

    Raises:
        UsageError: it is the second block of this process, or one of several ranks.
        UndecidedError: `path` could not be written, found before the training.
    """
    if os.environ.get(WATCH_VARIABLE):
        with _marked():
            yield
        return
    # Imported on use: who imports reprocheck for this one line should not wait for all of it.
    from reprocheck.errors import ReprocheckError
    from reprocheck.workflows.record_block import record_block, require_alone

    with contextlib.ExitStack() as stack:
        try:
            require_alone(os.environ, _begun)
            # The block may change the folder, and the record belongs where it was found that it can be written.
            block = stack.enter_context(record_block(Path(path).absolute()))
        except ReprocheckError as error:
            error.add_note("\n".join(error.lines()[1:]))  # a traceback shows the first line alone
            raise
        _begun.append(Path(path))
        yield
        try:
            block.write()
        except ReprocheckError as error:
            said = f"no record was written: {error.what}: {error.why}; {error.how}"
            warnings.warn(said, RuntimeWarning, stacklevel=3)


@contextlib.contextmanager
def _marked() -> Iterator[None]:
    """Tell the hooks where the block begins and ends; they are there once torch is."""
    for watch in _watches():
        watch.restart()
    yield
    for watch in _watches():
        watch.end()


def _watches() -> list[Any]:
    return list(getattr(sys.modules.get(_BEGIN), "WATCHES", ()))
