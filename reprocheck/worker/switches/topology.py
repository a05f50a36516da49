"""How many threads torch takes when nobody says."""

from __future__ import annotations

import os
from typing import Any, Iterable, Optional, Set


def is_a_default_thread_count(_torch: Any, value: Any) -> bool:
    """Say whether torch may come to this count by itself: as many as there are usable processors, or cores.

    OpenMP counts the processors that this process may use; MKL lowers that to the cores, where two share one.
    """
    usable = usable_processors()
    return not usable or value in (len(usable), cores_among(usable))


def usable_processors() -> Set[int]:
    """Return the processors that this process may run on, none where the system does not tell."""
    return set(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else set()


def cores_among(processors: Iterable[int]) -> Optional[int]:
    """Return the number of cores that `processors` lie on, None where Linux does not tell."""
    siblings = set()
    for number in processors:
        try:
            with open(
                "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list".format(number), encoding="ascii"
            ) as stream:
                siblings.add(stream.read().strip())
        except OSError:
            return None
    return len(siblings)
