"""Read a new lock with two readers before it replaces the old one: ours, and PyYAML, with which conda-lock reads.

conda-lock itself would cost 0.8 s of CPU here, three times the solve (measured), and beyond PyYAML checks only that
the keys are there. That it reads what we write is held by the tests, over every lock that the corpus gives.
"""

from __future__ import annotations

import yaml

from reprocheck.locking.conda_lock_format import lock_document
from reprocheck.locking.differences.lock_changes import says_the_same
from reprocheck.model.locks import Lock
from reprocheck.readers.conda_lock_yml import parse_lock


def read_back(data: bytes, lock: Lock) -> None:
    """Read the bytes of a lock file and compare them with the lock that was meant.

    Raises:
        AssertionError: a reader sees something else than we wrote, which is a bug of ours.
    """
    if not says_the_same(lock, parse_lock(data, lock.path)):
        raise AssertionError("our own reader sees another lock than was written")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    if yaml.load(data, Loader=loader) != lock_document(lock):  # noqa: S506  # a safe loader, in C where there is one
        raise AssertionError("PyYAML reads another lock than was written")
