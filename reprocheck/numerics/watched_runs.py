"""Run a user's own training under the hooks, and put what its ranks told back together as one run."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from reprocheck.errors import UndecidedError
from reprocheck.machine.watched_process import COMMAND_PLACE, CommandOptions, told_lines, watched_command
from reprocheck.model.command_words import python_call, script_name
from reprocheck.model.json_documents import Json
from reprocheck.model.records import NO_MARK, RankStep, Run, TensorSpec
from reprocheck.model.step_notes import WatchedProgram
from reprocheck.numerics.runs import command_plan
from reprocheck.numerics.watched_lines import IN_FORCE, ProcessLines, read_process

DENSE = (0, 1, 10, 100, 1_000, 10_000, 100_000)
LARGEST_SIGNAL = 64
_SHELL_SIGNAL = 128  # added to the number of a signal, as shells do
RUN_BY_HAND = "see what it printed, or start it without reprocheck"


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchCommand:
    """What to run and how closely to look; the time may be infinite.

    `dense` are the steps with sampled elements and outputs of modules. `until` ends each rank behind that step; the
    others change the run: `perturb` moves the first weights by one ULP, as member k, `twin` switches mixed precision
    off, `sketch` adds the sketches of gradients.
    """

    words: tuple[str, ...]
    dense: tuple[int, ...] = DENSE
    until: int | None = None
    perturb: int = 0
    twin: bool = False
    sketch: bool = False
    timeout_s: float = math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What was seen of a command: the run as far as all its ranks told it, None where that was nothing.

    `fault` says what went wrong, None where the command ended well, or was ended behind the step it was to go to.
    `python` is the interpreter that the first rank named.
    """

    run: Run | None
    fault: UndecidedError | None = None
    python: Path | None = None


def watch(command: WatchCommand, tell: Callable[[str], None]) -> Watched:
    """Run the command to its end and return what was seen of it; what it prints goes to stderr.

    Raises:
        InputError: the command is no program.
        UndecidedError: there is no room for the hooks.
    """
    options = CommandOptions(timeout_s=command.timeout_s, tell=tell)
    with watched_command(command.words, watch_job(command), options) as end:
        processes = [read_process(told_lines(file)) for file in end.files]
    return assemble(command, end.status, [process for process in processes if process.steps or process.fault])


def watch_job(command: WatchCommand) -> Mapping[str, Json]:
    """Return the job that the hooks read."""
    return {
        "dense": command.dense,
        "until": command.until,
        "perturb": command.perturb,
        "twin": command.twin,
        "sketch": command.sketch,
    }


def assemble(command: WatchCommand, status: str, processes: Sequence[ProcessLines]) -> Watched:
    """Return what the processes of a command that ended with `status` told, as one run."""
    stepped = sorted((process for process in processes if process.steps), key=lambda process: process.rank)
    if not stepped:
        return Watched(run=None, fault=_nothing(command, status, processes))
    if fault := _misfits(command, status, stepped):
        return Watched(run=None, fault=fault)
    run = _run(command, stepped)
    fault = _early_end(command, status, stepped)
    program = stepped[0].first.get("python")
    return Watched(run=run, fault=fault, python=Path(program) if isinstance(program, str) else None)


def _nothing(command: WatchCommand, status: str, processes: Sequence[ProcessLines]) -> UndecidedError:
    faults = [process.fault for process in processes if process.fault]
    if faults:
        return _broken_watch(command, faults[0])
    if status != "ok":
        return UndecidedError(
            f"{ended(status, command.timeout_s)} before its first optimizer step",
            where=script_name(command.words),
            why="without a step there are no numbers to keep, and none to compare",
            how=RUN_BY_HAND,
        )
    call = python_call(command.words)
    if call and call.deaf:
        return UndecidedError(
            "nothing was seen of the command",
            where=COMMAND_PLACE,
            why=f"its Python is told by `{call.deaf}` to take no notice of what reprocheck puts before it",
            how=f"leave out `{call.deaf}`",
        )
    return UndecidedError(
        "no optimizer step was seen",
        where=script_name(command.words),
        why="expected a Python that loads torch and calls `step` of an optimizer of `torch.optim`",
        how="give the command that trains; it must hand on `PYTHONPATH`, as some wrappers do not",
    )


def _misfits(command: WatchCommand, status: str, stepped: Sequence[ProcessLines]) -> UndecidedError | None:
    """Return what keeps the processes from being the ranks of one job."""
    ranks, sizes = [process.rank for process in stepped], sorted({process.world_size for process in stepped})
    twice = next((rank for rank in ranks if ranks.count(rank) > 1), None)
    if twice is not None:
        return _unfit(
            command,
            f"{ranks.count(twice)} processes trained as rank {twice}",
            "a record holds one training",
            "start them one by one, each with a record of its own",
        )
    missing = sorted({*range(sizes[0])} - {*ranks})
    if len(sizes) == 1 and not missing:
        return None
    if status != "ok":
        return _ended_early(command, status, stepped)
    if len(sizes) > 1:
        return _unfit(
            command,
            f"the ranks do not agree on their number: {' and '.join(map(str, sizes))}",
            "a record holds one training",
            "start the jobs one by one, each with a record of its own",
        )
    return _unfit(
        command,
        f"rank {missing[0]} of {sizes[0]} made no optimizer step here",
        "all ranks of a job are needed, and all of them on this machine",
        "start all ranks by one command on one machine",
    )


def _unfit(command: WatchCommand, what: str, why: str, how: str) -> UndecidedError:
    return UndecidedError(what, where=script_name(command.words), why=why, how=how)


def _early_end(command: WatchCommand, status: str, stepped: Sequence[ProcessLines]) -> UndecidedError | None:
    """Return why the run may not be whole."""
    counts = [len(process.steps) for process in stepped]
    if command.until is not None and min(counts) > command.until:
        return None
    broken = next((process for process in stepped if process.fault), None)
    if broken:
        return _broken_watch(command, broken.fault)
    if status != "ok":
        return _ended_early(command, status, stepped)
    if len(set(counts)) == 1:
        return _unseen_end(command, stepped)
    few = counts.index(min(counts))
    return _unfit(
        command,
        f"the ranks made different numbers of optimizer steps: rank {stepped[few].rank} {min(counts)}, others up to"
        f" {max(counts)}",
        "a record holds each step of each rank",
        "see that no rank ends early",
    )


def _unseen_end(command: WatchCommand, stepped: Sequence[ProcessLines]) -> UndecidedError | None:
    if all(process.end == len(process.steps) for process in stepped):
        return None
    return _unfit(
        command,
        f"the end of the training was not seen behind step {len(stepped[0].steps) - 1}",
        "its process was killed or put another in its place, or there was no room left for temporary files",
        "let it end by itself, or record its first steps with `--steps N`",
    )


def _ended_early(command: WatchCommand, status: str, stepped: Sequence[ProcessLines]) -> UndecidedError:
    last = max(len(process.steps) for process in stepped) - 1
    if status == "too-long":
        return _unfit(
            command,
            f"the training tells more than a record holds: it was ended at step {last}",
            "a record of up to 256 MiB is read",
            "record its first steps with `--steps N`",
        )
    return _unfit(
        command,
        f"{ended(status, command.timeout_s)}; the last optimizer step was step {last}",
        "expected it to end by itself with exit code 0",
        RUN_BY_HAND
        if status != "timeout"
        else "give it more time by `--timeout`, or record its first steps by `--steps`",
    )


def _broken_watch(command: WatchCommand, reason: str) -> UndecidedError:
    return _unfit(
        command,
        "the watch of the command failed",
        reason,
        "the training itself went on; report this, and record the built-in workloads meanwhile",
    )


def ended(status: str, timeout_s: float) -> str:
    """Return in words how a command ended."""
    if status == "timeout":
        return f"the command did not end within {timeout_s:g} s"
    code = int(status.removeprefix("exit-")) if status.startswith("exit-") else 0
    is_signal = _SHELL_SIGNAL < code <= _SHELL_SIGNAL + LARGEST_SIGNAL
    return f"the command ended with signal {code - 128}" if is_signal else f"the command ended with exit code {code}"


def _run(command: WatchCommand, stepped: Sequence[ProcessLines]) -> Run:
    """Return the steps that all ranks told, with the tensors of all optimizers of all ranks."""
    count = min(len(process.steps) for process in stepped)
    tensors, places = _layout(stepped)
    first = stepped[0].first
    by_rank = [
        [_spread(step, rank_places, len(tensors)) for step in process.steps[:count]]
        for process, rank_places in zip(stepped, places, strict=True)
    ]
    initial = [_initial(process, there, len(tensors)) for process, there in zip(stepped, places, strict=True)]
    return Run(
        plan=command_plan(len(stepped), count),
        in_force={key: first.get(key) for key in IN_FORCE},
        tensors=tensors,
        initial=tuple(initial),
        steps=tuple(zip(*by_rank, strict=True)),
        program=_program(command, stepped),
    )


def _program(command: WatchCommand, stepped: Sequence[ProcessLines]) -> WatchedProgram:
    told, starts = stepped[0].first, stepped[0].starts
    modules = told.get("modules")
    ddp, switches = told.get("ddp"), told.get("switches")
    return WatchedProgram(
        script=script_name(command.words),
        modules=tuple((str(path), str(text)) for path, text in modules) if isinstance(modules, list) else (),
        optimizers=tuple(starts[number].kind for number in sorted(starts)),
        ddp={name: str(value) for name, value in ddp.items()} if isinstance(ddp, Mapping) else {},
        switches=switches if isinstance(switches, Mapping) else {},
        complete=_is_complete(command, stepped),
    )


def _is_complete(command: WatchCommand, stepped: Sequence[ProcessLines]) -> bool:
    """Say whether all ranks came to their end by themselves, and not because they were to go no further."""
    is_whole = all(process.end == len(process.steps) and not process.fault for process in stepped)
    return is_whole and not (command.until is not None and len(stepped[0].steps) > command.until)


Places = Mapping[int, tuple[int, ...]]  # by optimizer: where its tensors stand among all


def _layout(stepped: Sequence[ProcessLines]) -> tuple[tuple[TensorSpec, ...], list[Places]]:
    """Return all tensors once, and for each rank where those of its optimizers stand.

    An optimizer that is made anew has the tensors of the one before it, and ranks mostly have the same.
    """
    known: dict[tuple[TensorSpec, int], int] = {}
    places: list[Places] = []
    for process in stepped:
        of_optimizer: dict[int, tuple[int, ...]] = {}
        for number in sorted(process.starts):
            seen: dict[TensorSpec, int] = {}
            keys = [_numbered(tensor, seen) for tensor in process.starts[number].tensors]
            of_optimizer[number] = tuple(known.setdefault(key, len(known)) for key in keys)
        places.append(of_optimizer)
    return tuple(tensor for tensor, _ in known), places


def _numbered(tensor: TensorSpec, seen: dict[TensorSpec, int]) -> tuple[TensorSpec, int]:
    """Return a tensor with the number of those before it that are called the same."""
    seen[tensor] = seen.get(tensor, -1) + 1
    return tensor, seen[tensor]


def _initial(process: ProcessLines, places: Places, total: int) -> tuple[str, ...]:
    """Return the first marks; of a tensor that two optimizers step, those before the first."""
    marks = [NO_MARK] * total
    for number in sorted(process.starts, reverse=True):
        for place, mark in zip(places[number], process.starts[number].marks, strict=True):
            marks[place] = mark
    return tuple(marks)


def _spread(step: RankStep, places: Places, total: int) -> RankStep:
    """Return a step with a mark for every tensor of the run."""
    there = places[step.notes.optimizer if step.notes else 0]
    if there == tuple(range(total)):
        return step
    sketches = dict(zip(there, step.sketches, strict=False))
    return replace(
        step,
        gradients=_at(there, step.gradients, total),
        parameters=_at(there, step.parameters, total),
        sketches=tuple(sketches.get(place, ()) for place in range(total)) if sketches else (),
    )


def _at(places: tuple[int, ...], marks: tuple[str, ...], total: int) -> tuple[str, ...]:
    found = dict(zip(places, marks, strict=True))
    return tuple(found.get(place, NO_MARK) for place in range(total))
