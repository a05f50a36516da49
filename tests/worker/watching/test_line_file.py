"""Lines reach the disk in order, held back only where a step would wait for the device."""

from __future__ import annotations

import functools
import json
import os
import warnings
from pathlib import Path

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    torch = pytest.importorskip("torch", reason="ranks are torch's", exc_type=ImportError)

from reprocheck.worker.watching.line_file import HELD_LINES, LineFile, rank_and_world_size


def written(folder: Path) -> list[object]:
    return [json.loads(text) for path in folder.iterdir() for text in path.read_text().splitlines()]


def test_a_line_is_on_disk_at_once_and_its_functions_are_asked(tmp_path: Path) -> None:
    lines = LineFile(torch, str(tmp_path))
    assert list(tmp_path.iterdir()) == []
    lines.put({"kind": "start", "late": lambda: [1]})
    assert written(tmp_path) == [{"kind": "start", "late": [1]}]
    assert [path.name for path in tmp_path.iterdir()] == [f"run-0-{os.getpid()}.jsonl"]


def test_lines_that_may_wait_are_asked_when_enough_are_there_or_one_may_not(tmp_path: Path) -> None:
    lines = LineFile(torch, str(tmp_path))
    asked: list[int] = []

    def ask(number: int) -> int:
        asked.append(number)
        return number

    for number in range(HELD_LINES - 1):
        lines.put({"n": functools.partial(ask, number)}, may_wait=True)
    assert (asked, list(tmp_path.iterdir())) == ([], [])
    lines.put({"n": HELD_LINES - 1}, may_wait=True)
    lines.put({"n": HELD_LINES}, may_wait=True)
    lines.put({"kind": "end"})
    assert written(tmp_path) == [*({"n": number} for number in range(HELD_LINES + 1)), {"kind": "end"}]


def test_a_fault_stands_behind_the_lines_that_wait_even_if_these_are_lost(tmp_path: Path) -> None:
    lines = LineFile(torch, str(tmp_path))
    lines.put({"n": 1}, may_wait=True)
    lines.tell_fault("step", "reason")
    lines.put({"n": lambda: 1 // 0}, may_wait=True)
    with pytest.raises(ZeroDivisionError):
        lines.tell_fault("step", "again")
    assert written(tmp_path) == [
        {"n": 1},
        {"kind": "fault", "where": "step", "reason": "reason"},
        {"kind": "fault", "where": "step", "reason": "again"},
    ]


@pytest.mark.parametrize(
    ("environ", "place"),
    [({"RANK": "2", "WORLD_SIZE": "4"}, (2, 4)), ({"RANK": "2"}, (0, 1)), ({"RANK": "x", "WORLD_SIZE": "y"}, (0, 1))],
)
def test_rank_and_world_size_are_torchruns_or_those_of_a_process_alone(
    environ: dict[str, str], place: tuple[int, int]
) -> None:
    assert rank_and_world_size(torch, environ) == place
