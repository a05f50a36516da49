"""The ranks of a job as a document, `reprocheck/fleet/1`: a line a rank, and of the odd ones what differs; no float.

No host is named unless it was asked for, and no digest is in it: what counts is who differs, and in what.
"""

from __future__ import annotations

from collections.abc import Mapping

import reprocheck
from reprocheck.model.fleets import Fleet, FleetGroup, RankAnswer
from reprocheck.model.json_documents import Json
from reprocheck.reports.json_text import inert_document

SCHEMA = "reprocheck/fleet/1"
_TRAITS = {
    "cpu": "cpu",
    "switch aten-cpu-capability": "cpuCapability",
    "switch threads": "threads",
    "torch": "torch",
    "gpu": "gpu",
    "driver": "driver",
}


def render_fleet_json(fleet: Fleet) -> str:
    """Return the document as text; `slow` is in permille of the median rank's time."""
    return inert_document(
        {
            "schema": SCHEMA,
            "tool": {"name": "reprocheck", "version": reprocheck.__version__},
            "outcome": fleet.outcome,
            "worldSize": fleet.world_size,
            "nodes": fleet.nodes,
            "operations": fleet.operations,
            "groups": [_group(group, fleet) for group in fleet.groups],
            "ranks": [_rank(answer) for answer in fleet.ranks],
            "silent": fleet.silent,
            "unsteady": [_unsteady(answer, fleet) for answer in fleet.ranks if answer.rank in fleet.unsteady],
            "unrepeatable": fleet.unrepeatable,
            "sums": {"backend": fleet.sums, "wrong": fleet.wrong_sums, "fault": fleet.sums_fault},
            "slow": [{"rank": rank, "permille": permille} for rank, permille in sorted(fleet.slow.items())],
            "mixed": [
                {"trait": trait, "values": [{"value": value, "ranks": ranks} for value, ranks in values.items()]}
                for trait, values in sorted(fleet.mixed.items())
            ],
            "notes": fleet.notes,
            "fault": fleet.fault,
        }
    )


def _group(group: FleetGroup, fleet: Fleet) -> Mapping[str, Json]:
    is_reference = group is fleet.groups[0] and not fleet.tied
    traits = [{"trait": one.trait, "here": one.here, "there": one.there} for one in group.traits]
    return {"ranks": group.ranks, "reference": is_reference, "operations": group.operations, "traits": traits}


def _rank(answer: RankAnswer) -> Mapping[str, Json]:
    told = {key: answer.traits[name] for name, key in _TRAITS.items() if name in answer.traits}
    optional = {"host": answer.host, "ended": answer.ended}
    return {
        "rank": answer.rank,
        "node": answer.node,
        "localRank": answer.local_rank,
        "device": answer.device,
        **told,
        **{key: value for key, value in optional.items() if value},
    }


def _unsteady(answer: RankAnswer, fleet: Fleet) -> Mapping[str, Json]:
    operations: list[Json] = [
        {"probe": name, "differing": differing, "repeats": repeats}
        for name, (differing, repeats) in sorted(answer.unsteady.items())
        if name not in fleet.unrepeatable
    ]
    return {"rank": answer.rank, "operations": operations}
