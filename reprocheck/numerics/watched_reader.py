"""Read a watched run of a record at the door, as `model/watched_documents.py` writes it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from reprocheck.model.packed_marks import MARK, unpack_column, unpack_marks
from reprocheck.model.records import AS_RANK_0, NO_MARK, RankStep, Run, RunPlan
from reprocheck.model.sketches import Sketch, unpack_sketches
from reprocheck.model.step_notes import EVENTS, StepNotes, WatchedProgram
from reprocheck.model.watched_documents import split_losses
from reprocheck.numerics.envelope_reader import read_envelope
from reprocheck.numerics.record_nodes import HEX_FLOAT_MEANING, Node, is_hex_float, read_tensor
from reprocheck.numerics.runs import LARGEST_WATCHED_WORLD, LONGEST_WATCHED_RUN, REVISION, command_plan

Initial = tuple[tuple[str, ...], ...]
Steps = tuple[tuple[RankStep, ...], ...]

_WORD = re.compile(r"[^\s*]*")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,5}")
_EVENTS = re.compile(rf"[{''.join(EVENTS)}]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rank:
    """One rank of a run beside the first, to which it may refer."""

    node: Node
    first: Node
    plan: RunPlan
    tensor_count: int

    def member(self, key: str) -> Node:
        """Return what stands under `key`, of the first rank where this one refers to it."""
        node = self.node[key]
        return self.first[key] if node.value == AS_RANK_0 and self.node is not self.first else node

    def column(self, node: Node, is_fine: Callable[[str], object], meaning: str) -> tuple[str, ...]:
        """Return one word a step, each of which must be fine."""
        try:
            words = unpack_column(node.text(), self.plan.step_count)
        except ValueError as error:
            node.refuse(str(error))
        wrong = next((number for number, word in enumerate(words) if not is_fine(word)), None)
        if wrong is not None:
            Node(value=words[wrong], path=f"{node.path}[{wrong}]").refuse(f"expected {meaning}")
        return words

    def numbers(self, key: str) -> tuple[str, ...]:
        """Return one hex float a step."""
        return self.column(self.member(key), is_hex_float, HEX_FLOAT_MEANING)

    def marks(self, key: str) -> list[tuple[str, ...]]:
        """Return the marks of every step."""
        node, first = self.member(key), self.first[key]
        items, firsts = _exactly(node, self.plan.step_count), first.items()
        return [
            self.packed(firsts[step] if item.value == AS_RANK_0 and step < len(firsts) else item)
            for step, item in enumerate(items)
        ]

    def packed(self, node: Node) -> tuple[str, ...]:
        """Return the marks of all tensors."""
        try:
            return unpack_marks(node.text(), self.tensor_count)
        except ValueError as error:
            node.refuse(str(error))

    def sketches(self, gradients: Sequence[tuple[str, ...]]) -> list[tuple[Sketch, ...]]:
        """Return the sketches of the gradients that have a mark, step by step; none at all where there are none."""
        if not self.node.has("sketches"):
            return [()] * self.plan.step_count
        node, first = self.member("sketches"), self.first["sketches"]
        items, firsts = _exactly(node, self.plan.step_count), first.items()
        sources = [
            firsts[step] if item.value == AS_RANK_0 and step < len(firsts) else item for step, item in enumerate(items)
        ]
        return [_sketches(source, marks, self.plan.dtype) for source, marks in zip(sources, gradients, strict=True)]

    def at_steps(self, key: str) -> Mapping[int, Node]:
        """Return what is there for some steps only."""
        return {step: node for step in range(self.plan.step_count) if (node := _at(self.member(key), str(step)))}


def read_watched_run(node: Node) -> Run:
    """Return the run of a user's own training.

    Raises:
        InputError: a value is not what it must be, with its key.
    """
    if node["revision"].integer(1, 10**6) != REVISION:
        node["revision"].refuse(f"this release has revision {REVISION} of watched runs")
    world_size = node["world_size"].integer(1, LARGEST_WATCHED_WORLD)
    plan = command_plan(world_size, node["step_count"].integer(1, LONGEST_WATCHED_RUN))
    node["dtype"].one_of((plan.dtype,))
    node["status"].one_of(("recorded",))
    tensors = tuple(read_tensor(item) for item in node["tensors"].items())
    initial, steps = read_ranks(node, plan, len(tensors), with_notes=True)
    return Run(
        plan=plan,
        in_force=node["in_force"].mapping(),
        tensors=tensors,
        initial=initial,
        steps=steps,
        program=_program(node["program"]),
        envelope=read_envelope(node, steps),
    )


def read_ranks(node: Node, plan: RunPlan, tensor_count: int, *, with_notes: bool) -> tuple[Initial, Steps]:
    """Return the marks of the first parameters, and the steps, as the ranks of a run told them.

    Raises:
        InputError: a value is not what it must be, with its key.
    """
    nodes = _exactly(node["ranks"], plan.world_size)
    ranks = [_Rank(node=rank, first=nodes[0], plan=plan, tensor_count=tensor_count) for rank in nodes]
    initial = tuple(rank.packed(rank.member("initial")) for rank in ranks)
    return initial, tuple(zip(*(_steps(rank, with_notes=with_notes) for rank in ranks), strict=True))


def _program(node: Node) -> WatchedProgram:
    return WatchedProgram(
        script=node["script"].text(),
        modules=tuple(_pair(item) for item in node["modules"].items()),
        optimizers=tuple(item.text() for item in node["optimizers"].items()),
        ddp=_texts(node["ddp"]),
        switches=node["switches"].mapping(),
        complete=node["complete"].flag(),
    )


def _steps(rank: _Rank, *, with_notes: bool) -> Sequence[RankStep]:
    losses, gradients = rank.numbers("loss"), rank.marks("gradients")
    nothing: list[StepNotes | None] = [None] * rank.plan.step_count
    fields = zip(
        rank.column(rank.member("data"), _WORD.fullmatch, "a word"),
        losses,
        rank.numbers("loss_scale"),
        gradients,
        rank.numbers("gradient_norm"),
        rank.numbers("learning_rate"),
        _skips(rank),
        rank.marks("parameters"),
        _notes(rank, losses) if with_notes else nothing,
        rank.sketches(gradients),
        strict=True,
    )
    return [
        RankStep(
            data=data,
            loss=loss,
            loss_scale=scale,
            gradients=marks if with_notes else tuple(mark for mark in marks if mark != NO_MARK),
            gradient_norm=norm,
            learning_rate=rate,
            skipped=skipped,
            parameters=parameters,
            notes=notes,
            sketches=sketches if with_notes else tuple(filter(None, sketches)),
        )
        for data, loss, scale, marks, norm, rate, skipped, parameters, notes, sketches in fields
    ]


def _sketches(node: Node, marks: Sequence[str], dtype: str) -> tuple[Sketch, ...]:
    try:
        found = iter(unpack_sketches(node.text(), sum(mark != NO_MARK for mark in marks), dtype))
    except ValueError as error:
        node.refuse(str(error))
    told = [next(found) if mark != NO_MARK else () for mark in marks]
    return tuple(told)


def _skips(rank: _Rank) -> list[bool]:
    left_out = {item.integer(0, rank.plan.step_count - 1) for item in rank.member("skipped").items()}
    return [step in left_out for step in range(rank.plan.step_count)]


def _notes(rank: _Rank, losses: Sequence[str]) -> list[StepNotes]:
    optimizers = rank.column(rank.member("optimizer"), _NUMBER.fullmatch, "the number of an optimizer")
    events = rank.column(rank.member("events"), _EVENTS.fullmatch, f"letters of `{''.join(EVENTS)}`")
    local = rank.column(rank.member("local"), _WORD.fullmatch, "a word")
    apart = rank.column(rank.member("losses"), _are_losses, f"hex floats with commas between, each {HEX_FLOAT_MEANING}")
    random = {name: rank.column(item, _WORD.fullmatch, "a word") for name, item in _members(rank.member("random"))}
    settings, before, outputs = (rank.at_steps(key) for key in ("settings", "before", "outputs"))
    return [
        StepNotes(
            optimizer=int(optimizers[step]),
            events=events[step],
            random={name: words[step] for name, words in random.items() if words[step]},
            losses=split_losses(apart[step], losses[step]),
            local=local[step],
            settings=_texts(settings[step]) if step in settings else {},
            before=_marks_by_name(before[step]) if step in before else {},
            outputs=tuple(_marked(item) for item in outputs[step].items()) if step in outputs else (),
        )
        for step in range(rank.plan.step_count)
    ]


def _are_losses(word: str) -> bool:
    return all(text in ("", "=") or is_hex_float(text) for text in word.split(","))


def _members(node: Node) -> Sequence[tuple[str, Node]]:
    return [(name, node[name]) for name in sorted(node.mapping())]


def _texts(node: Node) -> Mapping[str, str]:
    return {name: item.text() for name, item in _members(node)}


def _marks_by_name(node: Node) -> Mapping[str, str]:
    return {name: item.text(MARK, "a mark, `digest:bits`") for name, item in _members(node)}


def _pair(node: Node) -> tuple[str, str]:
    left, right = _exactly(node, 2)
    return left.text(), right.text()


def _marked(node: Node) -> tuple[str, str]:
    left, right = _exactly(node, 2)
    return left.text(), right.text(MARK, "a mark, `digest:bits`")


def _at(node: Node, key: str) -> Node | None:
    return node[key] if key in node.mapping() else None


def _exactly(node: Node, count: int) -> list[Node]:
    items = node.items()
    if len(items) != count:
        node.refuse(f"expected {count} members, found {len(items)}")
    return items
