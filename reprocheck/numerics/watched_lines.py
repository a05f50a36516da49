"""What one process of a watched command told, lifted from its lines.

A *start* comes before the first step of each optimizer, with its tensors; a *step* has marks of those tensors alone;
an *end* says that the process ended by itself, a *fault* that a hook failed and nothing more was watched, a *restart*
that a block begins which alone is to be recorded.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from reprocheck.model.json_documents import Json
from reprocheck.model.packed_marks import MARK
from reprocheck.model.records import NO_MARK, RankStep, TensorSpec
from reprocheck.model.sketches import rounded_sketch
from reprocheck.model.step_notes import StepNotes
from reprocheck.numerics.record_nodes import is_hex_float
from reprocheck.numerics.runs import OWN

Line = Mapping[str, Json]
NOT_A_NUMBER = "nan"
IN_FORCE = ("device", "torch", "threads", "deterministic_algorithms", "cudnn_benchmark", "compiled")


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimizerStart:
    """An optimizer before its first step: the name of its class, its tensors, and their first marks."""

    kind: str
    tensors: tuple[TensorSpec, ...]
    marks: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class ProcessLines:
    """What one process told so far; `first` is its first start line, `end` the number of steps that it ended with.

    `fault` says in words why nothing more was watched, empty where nothing failed.
    """

    rank: int = 0
    world_size: int = 1
    first: Line = field(default_factory=dict)
    starts: dict[int, OptimizerStart] = field(default_factory=dict)
    steps: list[RankStep] = field(default_factory=list)
    end: int | None = None
    fault: str = ""


def read_process(lines: Iterable[Line]) -> ProcessLines:
    """Return what the lines of one process tell; a line that is not of the form ends them with a fault."""
    told = ProcessLines()
    try:
        for line in lines:
            _take(told, line)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        told.fault = f"a line of the hooks is not of their form ({type(error).__name__}: {error})"
    return told


def _take(told: ProcessLines, line: Line) -> None:
    kind = line["kind"]
    if told.fault:
        return
    if kind == "start":
        _start(told, line)
    elif kind == "step":
        told.steps.append(_step(told, line))
    elif kind == "restart":
        told.first, told.starts, told.steps = {}, {}, []
    elif kind == "end":
        told.end = _integer(line["steps"])
    elif kind == "fault":
        told.fault = f"{line['where']}: {line['reason']}"


def _start(told: ProcessLines, line: Line) -> None:
    if not told.starts:
        told.first, told.rank, told.world_size = line, _integer(line["rank"]), _integer(line["world_size"])
    tensors = tuple(_tensor(spec) for spec in cast("Sequence[Line]", line["tensors"]))
    marks = _marks(line["parameters"], len(tensors))
    told.starts[_integer(line["optimizer"])] = OptimizerStart(kind=str(line["type"]), tensors=tensors, marks=marks)


def _tensor(spec: Line) -> TensorSpec:
    shape = tuple(_integer(size) for size in cast("Sequence[Json]", spec["shape"]))
    return TensorSpec(name=str(spec["name"]), dtype=str(spec["dtype"]), shape=shape)


def _step(told: ProcessLines, line: Line) -> RankStep:
    """Return a step with marks of the tensors of its optimizer alone.

    Raises:
        ValueError: it is not the next one, or a value is not of its form.
    """
    if line["step"] != len(told.steps):
        raise ValueError(f"step {line['step']} after {len(told.steps)} steps")
    optimizer = _integer(line["optimizer"])
    count = len(told.starts[optimizer].tensors)
    return RankStep(
        data=_word(line["data"]),
        loss=_number(line["loss"]),
        loss_scale=_number(line["loss_scale"]),
        gradients=_marks(line["gradients"], count),
        gradient_norm=_number(line["gradient_norm"]),
        learning_rate=_number(line["learning_rate"]),
        skipped=bool(line["skipped"]),
        parameters=_marks(line["parameters"], count),
        notes=_notes(line, optimizer),
        sketches=_sketches(line.get("sketch")),
    )


def _notes(line: Line, optimizer: int) -> StepNotes:
    return StepNotes(
        optimizer=optimizer,
        events=_word(line["events"]),
        random={name: text for name, text in _texts(line["random"]).items() if text},
        losses=tuple(_number(loss) for loss in cast("Sequence[Json]", line["losses"])),
        local=_word(line["local"]),
        settings=_texts(line["settings"]),
        outputs=tuple((str(path), _mark(mark)) for path, mark in cast("Sequence[tuple[str, str]]", line["outputs"])),
        before={name: _mark(mark) for name, mark in _texts(line.get("before")).items()},
    )


def _marks(marks: Json, count: int) -> tuple[str, ...]:
    """Return a mark for each of `count` tensors; those left out at the end, as buffers of gradients, have none.

    One text serves all ranks and steps that hold the same mark.
    """
    found = tuple(_mark(mark) for mark in cast("Sequence[str]", marks))
    if len(found) > count:
        raise ValueError(f"{len(found)} marks of {count} tensors")
    return found + (NO_MARK,) * (count - len(found))


def _mark(mark: str) -> str:
    if mark != NO_MARK and not MARK.fullmatch(mark):
        raise ValueError(f"no mark: {mark[:40]!a}")
    return sys.intern(mark)


def _number(text: Json) -> str:
    """Return a hex float; where nothing was seen of a number, it is none."""
    if text is None or text == "":
        return NOT_A_NUMBER
    if not isinstance(text, str) or not is_hex_float(text):
        raise ValueError(f"no hex float: {text!a}")
    return text


def _word(text: Json) -> str:
    if not isinstance(text, str) or "*" in text or text.split() not in ([], [text]):
        raise ValueError(f"no word: {text!a}")
    return sys.intern(text)


def _texts(mapping: Json) -> dict[str, str]:
    return {str(name): str(text) for name, text in cast("Line", mapping or {}).items()}


def _integer(value: Json) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"no number of something: {value!a}")
    return value


def _sketches(sketches: Json) -> tuple[tuple[float, ...], ...]:
    rows = cast("Sequence[Sequence[str | int]]", sketches or ())
    return tuple(rounded_sketch(tuple(_float(number) for number in row or ()), OWN) for row in rows)


def _float(number: str | int) -> float:
    """Return a number that is written as a hex float or as JSON does."""
    return float.fromhex(number) if isinstance(number, str) and "x" in number else float(number)
