"""Read `reprocheck.json` at the door: every fault is told with its file and key, unknown keys are ignored."""

from __future__ import annotations

import json
import re
from typing import NoReturn

from reprocheck.errors import InputError
from reprocheck.model.json_documents import LARGEST_SAFE_INTEGER
from reprocheck.model.operations import OperationDigest
from reprocheck.model.records import AS_RANK_0, COMMAND, RECORD_SCHEMA, RankStep, Record, Run, RunPlan, TensorSpec
from reprocheck.numerics.abridged_reader import read_measurements
from reprocheck.numerics.envelope_reader import read_envelope
from reprocheck.numerics.operations_reader import read_operations, read_operations_table
from reprocheck.numerics.record_nodes import Node, read_tensor
from reprocheck.numerics.run_measurements import read_times, read_updates
from reprocheck.numerics.run_references import without_references
from reprocheck.numerics.runs import DTYPES, LARGEST_WORLD, REVISION, workload_fault
from reprocheck.numerics.watched_reader import Initial, Steps, read_ranks, read_watched_run

LARGEST_RECORD_BYTES = 256 * 2**20
LARGEST_STEP_COUNT = 10_000
DEEPEST_NESTING = 64  # a record has a dozen levels; what reads it recurses
_MARK = re.compile(r"[0-9a-f]{16}:([0-9a-f]{1,16}(\.[0-9a-f]{1,16}){0,7})?")


def parse_record(data: bytes, file: str) -> Record:
    """Return the record that `data` holds.

    Raises:
        InputError: broken, foreign or newer, with the file and the key.
    """
    root = Node(value=_load(data, file), path="")
    try:
        return _record(root)
    except InputError as error:
        raise InputError(
            error.what, where=f"{file}: {error.where}" if error.where else file, why=error.why, how=error.how
        ) from error


def _load(data: bytes, file: str) -> object:
    if len(data) > LARGEST_RECORD_BYTES:
        raise _unreadable(file, f"it is larger than {LARGEST_RECORD_BYTES // 2**20} MiB")
    try:
        return _parsed(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise _unreadable(file, f"byte {error.start} is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise _unreadable(f"{file}:{error.lineno}:{error.colno}", error.msg[:1].lower() + error.msg[1:]) from error
    except RecursionError as error:
        raise _unreadable(file, "it is nested too deeply") from error
    except ValueError as error:
        raise _unreadable(file, str(error)) from error


def _parsed(text: str) -> object:
    document: object = json.loads(
        text,
        parse_int=_safe_integer,
        parse_float=_refuse_float,
        parse_constant=_refuse_float,
        object_pairs_hook=_unique,
    )
    _refuse_unspeakable(document)
    return document


def _safe_integer(text: str) -> int:
    if len(text) > len(str(LARGEST_SAFE_INTEGER)) + 1 or abs(int(text)) > LARGEST_SAFE_INTEGER:
        raise ValueError(f"the integer `{text[:40]}` is beyond 2^53, which no record holds")
    return int(text)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Refuse a key that is there twice: which of the two is meant, nobody knows."""
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)!a} is there twice in one object")
    return found


def _refuse_unspeakable(value: object, depth: int = 0) -> None:
    """Refuse what could not be told in a report: text that UTF-8 has no bytes for, and endless nesting."""
    if depth > DEEPEST_NESTING:
        raise ValueError(f"it is nested more than {DEEPEST_NESTING} levels deep")
    if isinstance(value, str):
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise ValueError(f"the text {value[:40]!a} holds half of a surrogate pair") from None
    elif isinstance(value, dict):
        for key, item in value.items():
            _refuse_unspeakable(key, depth + 1)
            _refuse_unspeakable(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _refuse_unspeakable(item, depth + 1)


def _refuse_float(text: str) -> NoReturn:
    raise ValueError(f"the number `{text[:40]}` is written as a float, which no record does")


def _unreadable(where: str, why: str) -> InputError:
    return InputError(
        "the record is not readable JSON",
        where=where,
        why=why,
        how="restore the file, or write it anew with `reprocheck record`",
    )


def _record(root: Node) -> Record:
    _refuse_other_schema(root["schema"])
    settings = root["settings"]
    table = read_operations_table(root)
    return Record(
        fingerprint=root["fingerprint"].mapping(),
        lock=root["lock"].mapping(),
        device=settings["device"].one_of(("cpu", "cuda")),
        threads=settings["threads"].integer(1, 4096),
        runs=_runs(root["runs"], table),
        measured=read_measurements(root),
    )


def _refuse_other_schema(schema: Node) -> None:
    if schema.value == RECORD_SCHEMA:
        return
    family, _, version = schema.text().rpartition("/")
    newer = family == RECORD_SCHEMA.rpartition("/")[0] and version.isdigit()
    raise InputError(
        f"the record has the unknown schema `{schema.text()[:80]}`" if newer else "this is not a record of reprocheck",
        where=schema.path,
        why=f"this release reads `{RECORD_SCHEMA}`",
        how="upgrade reprocheck, or record anew" if newer else "give the file that `reprocheck record` wrote",
    )


def _runs(node: Node, table: tuple[OperationDigest, ...]) -> tuple[Run, ...]:
    runs = tuple(_run(item, table) for item in without_references(_some(node)))
    if len(runs) > 1 and any(run.program for run in runs):
        node.refuse("expected the built-in workloads or one run of a command, not both")
    return runs


def _run(node: Node, table: tuple[OperationDigest, ...]) -> Run:
    if node.has("workload") and node["workload"].value == COMMAND:
        return read_watched_run(node)
    plan = _plan(node)
    if node["status"].one_of(("recorded", "unsupported")) == "unsupported":
        return Run(plan=plan, in_force={}, unsupported=node["detail"].text())
    tensors = tuple(read_tensor(item) for item in node["tensors"].items())
    initial, steps = _ranks_told(node, plan, tensors)
    return Run(
        plan=plan,
        in_force=node["in_force"].mapping(),
        tensors=tensors,
        initial=initial,
        steps=steps,
        envelope=read_envelope(node, steps),
        operations=read_operations(node, table),
        updates=read_updates(node),
        times=read_times(node),
        resumed=node["resumed"].text() if node.has("resumed") else "",
    )


def _ranks_told(node: Node, plan: RunPlan, tensors: tuple[TensorSpec, ...]) -> tuple[Initial, Steps]:
    """Return first parameters and steps: column by column, or step by step as releases before 0.4 wrote them."""
    if not node.has("steps"):
        return read_ranks(node, plan, len(tensors), with_notes=False)
    steps = tuple(_step(item, tensors, plan.world_size) for item in _exactly(node["steps"], plan.step_count))
    ranks = _exactly(node["initial"], plan.world_size)
    return tuple(_marks(rank, ranks[0], range(len(tensors), len(tensors) + 1)) for rank in ranks), steps


def _workload(node: Node) -> str:
    if fault := workload_fault(node.text()):
        node.refuse(fault)
    return node.text()


def _plan(node: Node) -> RunPlan:
    revision = node["revision"].integer(1, 10**6)
    if revision != REVISION:
        node["revision"].refuse(f"this release has revision {REVISION} of the reference workloads")
    return RunPlan(
        workload=_workload(node["workload"]),
        dtype=node["dtype"].one_of(DTYPES),
        world_size=node["world_size"].integer(1, LARGEST_WORLD),
        seed=node["seed"].integer(0, 2**31 - 1),
        step_count=node["step_count"].integer(1, LARGEST_STEP_COUNT),
        learning_rate=node["learning_rate"].positive(),
        first_scale=node["first_scale"].positive(),
        revision=revision,
    )


def _step(node: Node, tensors: tuple[TensorSpec, ...], world_size: int) -> tuple[RankStep, ...]:
    ranks = _exactly(node["ranks"], world_size)
    return tuple(_rank_step(rank, ranks[0], len(tensors)) for rank in ranks)


def _rank_step(node: Node, first: Node, tensor_count: int) -> RankStep:
    return RankStep(
        data=node["data"].text(),
        loss=node["loss"]["hex"].hex_float(),
        loss_scale=node["loss_scale"].hex_float(),
        gradients=_marks(node["gradients"], first["gradients"], range(tensor_count + 1)),
        gradient_norm=node["gradient_norm"]["hex"].hex_float(),
        learning_rate=node["learning_rate"].hex_float(),
        skipped=node["skipped"].flag(),
        parameters=_marks(node["parameters"], first["parameters"], range(tensor_count, tensor_count + 1)),
    )


def _marks(node: Node, first: Node, counts: range) -> tuple[str, ...]:
    """Return the marks of one rank, which may refer to the first rank's; buffers have no gradients."""
    source = first if node.value == AS_RANK_0 else node
    marks = tuple(item.text(_MARK, "a mark, `digest:bits`") for item in source.items())
    if len(marks) not in counts:
        source.refuse(f"expected {counts[-1]} marks, one a tensor, found {len(marks)}")
    return marks


def _some(node: Node) -> list[Node]:
    return node.items() or node.refuse("expected at least one member")


def _exactly(node: Node, count: int) -> list[Node]:
    items = node.items()
    if len(items) != count:
        node.refuse(f"expected {count} members, found {len(items)}")
    return items
