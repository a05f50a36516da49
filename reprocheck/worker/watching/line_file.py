"""The lines of one process, on disk when they are known: values that are still on a device are fetched later.

A value of a line may be a function: it is called when the line is written. With a training on the CPU that is at
once; on another device a few steps are held back, so that no step waits for the device.
"""

from __future__ import annotations

import json
import os
from typing import Any, Dict, List, Mapping, Tuple

HELD_LINES = 32
Line = Dict[str, Any]


class LineFile:
    """Writes `run-RANK-PID.jsonl` in a folder; opened anew for each line, for a program may close all its files."""

    def __init__(self, torch: Any, folder: str) -> None:
        self._torch = torch
        self._folder = folder
        self._held: List[Line] = []
        self.pid = os.getpid()
        self.is_begun = False
        self.place = (0, 1)

    def begin(self) -> None:
        """Fix this process's rank and world size, which are known at its first step at the latest."""
        self.is_begun = True
        self.place = rank_and_world_size(self._torch, os.environ)

    def put(self, line: Line, *, may_wait: bool = False) -> None:
        """Write a line behind those that wait, or let it wait with them."""
        self._held.append(line)
        if not may_wait or len(self._held) >= HELD_LINES:
            self.flush()

    def flush(self) -> None:
        """Write the lines that wait.

        Raises:
            OSError: there is no room.
        """
        held, self._held = self._held, []
        if held:
            self._append("".join(json.dumps(_known(line), sort_keys=True) + "\n" for line in held))

    def tell_fault(self, where: str, reason: str) -> None:
        """Write what ended the watch; lines that wait go first, if they can still be had."""
        if not self.is_begun:
            self.begin()
        try:
            self.flush()
        finally:
            self._append(json.dumps({"kind": "fault", "where": where, "reason": reason}) + "\n")

    def _append(self, text: str) -> None:
        if not self.is_begun:
            self.begin()
        path = os.path.join(self._folder, "run-{}-{}.jsonl".format(self.place[0], self.pid))
        with open(path, "a", encoding="utf-8") as stream:
            stream.write(text)


def rank_and_world_size(torch: Any, environ: Mapping[str, str]) -> Tuple[int, int]:
    """Return both from torch.distributed, from torchrun's variables, or those of a process that is alone."""
    distributed = torch.distributed
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    rank, world_size = environ.get("RANK", ""), environ.get("WORLD_SIZE", "")
    if rank.isdecimal() and world_size.isdecimal():
        return int(rank), int(world_size)
    return 0, 1


def _known(line: Line) -> Line:
    return {key: value() if callable(value) else value for key, value in line.items()}
