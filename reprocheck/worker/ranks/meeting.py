"""Where the ranks of a job meet: the store that torchrun gives every job, which works before any collective does.

What a rank puts there is counted, so that nobody waits inside the store: a wait that runs out leaves the connection of
an old torch out of step, and a rank that is gone must not keep the others from reading what is there.
"""

from __future__ import annotations

import base64
import json
import time
import zlib
from datetime import timedelta
from typing import Any, Dict, List

_SHORTEST_S, _LONGEST_S = 0.02, 0.5  # between two looks; thousands of ranks ask one store


class Meeting:
    """The records that the ranks put down, by topic and rank. Every method raises `RuntimeError` without the store."""

    def __init__(self, end_s: float) -> None:
        from torch.distributed.rendezvous import rendezvous

        timeout = timedelta(seconds=max(end_s - time.time(), 1.0))
        self.store, self.rank, self.ranks = next(iter(rendezvous("env://", timeout=timeout)))

    def put(self, topic: str, record: Dict[str, Any]) -> None:
        """Put down this rank's record."""
        packed = base64.b64encode(zlib.compress(json.dumps(record, sort_keys=True).encode("utf-8")))
        self.store.set(_key(topic, self.rank), packed)
        self.store.add(_key(topic, "there", self.rank), 1)
        self.store.add(_key(topic, "count"), 1)

    def present(self, topic: str, expected: int, end_s: float) -> List[int]:
        """Wait until `expected` ranks have put down their records, or the time is over; return those that have."""
        pause_s = _SHORTEST_S
        while self.store.add(_key(topic, "count"), 0) < expected and time.time() < end_s:
            time.sleep(pause_s)
            pause_s = min(pause_s * 1.25, _LONGEST_S)
        return [rank for rank in range(self.ranks) if self.is_there(topic, rank)]

    def await_rank(self, topic: str, rank: int, end_s: float) -> bool:
        """Wait until one rank has put down its record, or the time is over; say whether it has."""
        pause_s = _SHORTEST_S
        while not self.is_there(topic, rank):
            if time.time() > end_s:
                return False
            time.sleep(pause_s)
            pause_s = min(pause_s * 1.25, _LONGEST_S)
        return True

    def is_there(self, topic: str, rank: int) -> bool:
        """Say whether a rank has put down its record."""
        return bool(self.store.add(_key(topic, "there", rank), 0))

    def packed(self, topic: str, rank: int) -> str:
        """Return the record that a rank has put down, as it travels: compressed, in base 64."""
        value: bytes = self.store.get(_key(topic, rank))
        return value.decode("ascii")


def unpacked(text: str) -> Dict[str, Any]:
    """Return a record that has travelled."""
    record: Dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(text)))
    return record


def _key(*parts: object) -> str:
    return "/".join(map(str, ("reprocheck", *parts)))
