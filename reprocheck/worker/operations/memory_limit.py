"""A bound on the memory that replayed operations may ask for: a record is a file, and a file may say anything.

The sizes of inputs are counted beforehand, those of outputs are not known; so the system is told to refuse. It keeps
count on Linux only.
"""

from __future__ import annotations

import contextlib
import os
from typing import Iterator

MORE_BYTES = 16 * 2**30


@contextlib.contextmanager
def bounded_memory(device: str) -> Iterator[None]:
    """Allow this process `MORE_BYTES` of address space beyond what it has, inside this context.

    Not where CUDA computes: it reserves addresses for all the memory that there is, and bounds that of the GPU itself.
    """
    if device != "cpu":
        yield
        return
    try:
        import resource

        with open("/proc/self/statm", encoding="ascii") as stream:
            taken = int(stream.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    except (ImportError, OSError, ValueError):
        yield
        return
    ceilings = [limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_AS, (min([taken + MORE_BYTES, *ceilings]), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
