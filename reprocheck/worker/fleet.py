"""The job `fleet`: one rank of many runs the probes, and all ranks learn what each of them computed.

Lines: the rank's own `place` and probes as they are known, so that a rank that dies has said something; then, from the
first rank of each node, the records of all ranks as they met (`packed`), and their sums (`sums`).
Operations whose bits are not the same on all ranks are run again, often: that tells a device that does not repeat
itself from an operation that no device repeats.
"""

from __future__ import annotations

import os
import time
from typing import Any, Dict, List

from .environment_variables import allowed_variables
from .lines import Emit
from .ranks.place import numbers_of_rank
from .ranks.watched_probes import guard, watched_probes
from .readings import describe_error

REPEATS, REPEATS_OF_DOUBTFUL = 2, 12
DIGEST_DIGITS = 16  # 64 bits of SHA-256: chance makes no two outputs equal, and a thousand ranks have to be read
PATIENCE_SHARE = 0.25  # of the time: for one family, while the others wait
FIRST_SHARE, AGAIN_SHARE, SUMS_SHARE = 0.6, 0.8, 0.9  # when the others stop to wait for a rank


def fleet(job: Dict[str, Any], emit: Emit) -> None:
    """Emit what this rank computes, and what all ranks do; `end_ms` of the job is the last moment, in Unix time."""
    environment = allowed_variables(os.environ)  # torch sets variables of its own when it is loaded
    numbers = numbers_of_rank()
    emit({"kind": "numbers", "numbers": numbers})
    import torch  # noqa: F401 -- loaded before the child is made, which shares it

    from .ranks.sums import leave

    watch = _Watch(job["end_ms"] / 1000.0)
    guard(watch.end_s)
    task = {
        "device": job["device"],
        "families": job["families"],
        "hosts": job["hosts"],
        "numbers": numbers,
        "environment": environment,
        "patience_s": watch.length_s * PATIENCE_SHARE,
    }
    record = _measured({**task, "repeats": REPEATS}, watch, emit, numbers)
    try:
        _meet(task, record, watch, emit)
    except Exception as error:  # the store is gone with the node that held it: what was said stays
        emit({"kind": "alone", "detail": describe_error(error)})
    leave()


class _Watch:
    """The clock of a rank: how long there is in all, and until when the ranks wait for each other."""

    def __init__(self, end_s: float) -> None:
        self.end_s = end_s
        self.length_s = max(end_s - time.time(), 1.0)

    def at(self, share: float) -> float:
        return self.end_s - self.length_s * (1.0 - share)


def _measured(task: Dict[str, Any], watch: _Watch, emit: Emit, numbers: Dict[str, int]) -> Dict[str, Any]:
    """Return this rank's record, `{"numbers", "place", "probes", "ended"}`, and emit it part by part."""
    record: Dict[str, Any] = {"numbers": numbers, "place": {}, "probes": {}, "ended": ""}

    def take(line: Dict[str, Any]) -> None:
        if "place" in line:
            record["place"] = line["place"]
            emit({"kind": "place", "place": line["place"]})
        elif "probe" in line:
            record["probes"][line["probe"]] = _short(line)
            emit({"kind": "probe", "probe": line["probe"], "told": _short(line)})

    record["ended"] = watched_probes(task, watch.at(FIRST_SHARE), take)
    guard(watch.end_s)
    emit({"kind": "ended", "ended": record["ended"]})
    return record


def _short(line: Dict[str, Any]) -> Dict[str, Any]:
    if "digest" not in line:
        return {"status": line["status"], "detail": line.get("detail", "")}
    kept = {key: line[key] for key in ("differing", "repeats", "ns")}
    return {"digest": line["digest"][:DIGEST_DIGITS], **kept}


def _meet(task: Dict[str, Any], record: Dict[str, Any], watch: _Watch, emit: Emit) -> None:
    from .ranks.meeting import Meeting

    meeting = Meeting(watch.at(FIRST_SHARE))
    meeting.put("first", record)
    plan = _plan(meeting, watch)
    if plan["doubtful"]:
        again = {**task, "only": plan["doubtful"], "repeats": REPEATS_OF_DOUBTFUL}
        meeting.put("again", _measured(again, watch, _silent, record["numbers"]))
    tells = record["numbers"]["localRank"] == 0
    if tells:
        emit({"kind": "plan", "backend": plan["backend"]})
        _tell(meeting, "first", len(plan["present"]), watch.at(AGAIN_SHARE), emit)
        _tell(meeting, "again", len(plan["present"]) if plan["doubtful"] else 0, watch.at(AGAIN_SHARE), emit)
    if plan["backend"]:
        from .ranks.sums import sums_of_ranks

        local_rank = record["numbers"]["localRank"]
        meeting.put("sums", sums_of_ranks(meeting, plan["backend"], local_rank, watch.at(SUMS_SHARE)))
        if tells:
            _tell(meeting, "sums", len(plan["present"]), watch.at(SUMS_SHARE), emit)
    # The store lives as long as the ranks of the node that holds it: none goes before all have read.
    meeting.put("over", {})
    meeting.present("over", len(plan["present"]), watch.end_s)


def _plan(meeting: Any, watch: _Watch) -> Dict[str, Any]:
    """Return what rank 0, which alone looks at all records, wants to be done: it must be the same on all ranks."""
    from .ranks.meeting import unpacked

    if meeting.rank == 0:
        present = meeting.present("first", meeting.ranks, watch.at(FIRST_SHARE))
        records = [unpacked(meeting.packed("first", rank)) for rank in present]
        whole = len(present) == meeting.ranks and meeting.ranks > 1
        plan = {
            "present": present,
            "doubtful": doubtful_probes(records),
            "backend": _backend(records) if whole else "",
        }
        meeting.put("plan", plan)
        return plan
    # Rank 0 waits for the last record until the same moment, and then needs a little to read them all.
    if meeting.await_rank("plan", 0, watch.at(AGAIN_SHARE)):
        return unpacked(meeting.packed("plan", 0))
    return {"present": meeting.present("first", 0, 0.0), "doubtful": [], "backend": ""}


def doubtful_probes(records: List[Dict[str, Any]]) -> List[str]:
    """Return the probes, sorted, that some rank did not repeat, or that did not give the same bits on all of them."""
    seen: Dict[str, set[str]] = {}
    unsteady = set()
    for record in records:
        for name, told in record["probes"].items():
            seen.setdefault(name, set()).add(told.get("digest", ""))
            if told.get("differing"):
                unsteady.add(name)
    return sorted(unsteady | {name for name, digests in seen.items() if len(digests) > 1})


def _backend(records: List[Dict[str, Any]]) -> str:
    from torch import distributed

    devices = {record["place"].get("device", "") for record in records}
    if devices == {"cuda"} and distributed.is_nccl_available():
        return "nccl"
    return "gloo"


def _tell(meeting: Any, topic: str, expected: int, end_s: float, emit: Emit) -> None:
    for rank in meeting.present(topic, expected, end_s):
        emit({"kind": "packed", "topic": topic, "rank": rank, "record": meeting.packed(topic, rank)})


def _silent(_line: Dict[str, Any]) -> None:
    """Say nothing: what is measured again travels as a whole."""
