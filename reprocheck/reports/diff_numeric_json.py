"""What two machines compute differently, for programs: the object `numeric` of `reprocheck/diff/1`.

Null where a side has no probes, else:

* `summary`: how many probes are `equal`, and how many differ in each way (see `ProbeChange` in
  `model/numeric_differences.py`);
* `families[]`: the same by family, dtype and device, `onlyOld` and `onlyNew` told apart;
* `probes[]`: what differs, the farthest apart first: `change`, `distance` in rounding units of the dtype (null: not
  known) as `hex` and `decimal`, and both sides (null: not there) with `digest`, `first` values as `bits` and decimal
  `value`, `repeats` and `differing`, or with `status` and `detail`;
* `faults[]` (`side` is `there` for the old one, `here` for the new one, or `both`), `measured[]` (orders of addition,
  arithmetic, canaries and relations as sentences; `rows` lay two orders side by side), `candidates[]`,
  `explanations[]`, `ruledOut[]`, `unexplained[]`; probes are named there by their labels: the name, and the device in
  parentheses where that is not the CPU.
"""

from __future__ import annotations

from itertools import zip_longest

from reprocheck.model.json_documents import Json
from reprocheck.model.numeric_differences import PROBE_CHANGES, FamilyRow, NumericDifference, ProbeDifference
from reprocheck.model.numeric_fingerprints import Probe
from reprocheck.reports.experiment_json import experiment_json

_KEYS = {"one-sided": "oneSided"}


def numeric_json(numeric: NumericDifference | None) -> Json:
    """Return the object, None where nothing was measured on a side."""
    if numeric is None:
        return None
    counts = {_KEYS.get(kind, kind): numeric.count(kind) for kind in PROBE_CHANGES}
    return {
        "summary": {"equal": sum(row.equal for row in numeric.rows), **counts},
        "families": [_family(row) for row in numeric.rows],
        "probes": [_probe(probe) for probe in numeric.probes],
        "faults": [{"side": fault.side, "text": fault.text} for fault in numeric.faults],
        "measured": [
            {
                "part": one.part,
                "what": one.what,
                "old": one.old,
                "new": one.new,
                "rows": [list(row) for row in one.rows],
            }
            for one in numeric.measured
        ],
        "candidates": [
            {"cause": one.cause, "kind": one.kind, "old": one.old, "new": one.new} for one in numeric.candidates
        ],
        "explanations": [
            {
                "cause": one.cause,
                "how": one.how,
                "explains": list(one.explains),
                "contradicts": list(one.contradicts),
                "text": one.text,
            }
            for one in numeric.explanations
        ],
        "ruledOut": list(numeric.ruled_out),
        "unexplained": list(numeric.unexplained),
        "experiment": experiment_json(numeric.experiment),
    }


def _family(row: FamilyRow) -> Json:
    return {
        "family": row.family,
        "dtype": row.dtype,
        "device": row.device,
        "equal": row.equal,
        "rounding": row.rounding,
        "different": row.different,
        "varying": row.varying,
        "unmeasured": row.unmeasured,
        "onlyOld": row.only_old,
        "onlyNew": row.only_new,
    }


def _probe(probe: ProbeDifference) -> Json:
    distance = probe.distance
    return {
        "probe": probe.name,
        "family": probe.family,
        "operation": probe.operation,
        "dtype": probe.dtype,
        "device": probe.device,
        "change": probe.kind,
        "distance": None if distance is None else {"hex": distance.hex(), "decimal": f"{distance:.6g}"},
        "old": _side(probe.old, probe.old_values),
        "new": _side(probe.new, probe.new_values),
    }


def _side(probe: Probe | None, values: tuple[str, ...]) -> Json:
    if probe is None:
        return None
    if probe.status:
        return {"status": probe.status, "detail": probe.detail}
    return {
        "digest": probe.digest,
        "first": [{"bits": bits, "value": value} for bits, value in zip_longest(probe.first, values)],
        "repeats": probe.repeats,
        "differing": probe.differing,
    }
