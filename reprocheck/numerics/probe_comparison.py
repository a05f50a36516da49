"""Hold two sets of probes against each other: equal bits, equal up to rounding, or another result.

The coarse digest of an output y of n elements, on the scale S of its operation, is c_k = sum_i s_ki y_i / (S sqrt(n))
for four rows s_k of hashed signs. For another output y + d the change of c_k has mean zero over the signs and variance
mean(d_i^2) / S^2, so that the root mean square over k estimates the relative error of the output, as the
Johnson-Lindenstrauss lemma has it. That, in rounding units of the dtype, is the distance here.

How large may rounding make it? A sum of K products carries at most gamma_K = K u / (1 - K u) times sum |a||b| (Higham,
Accuracy and Stability of Numerical Algorithms, 2nd ed., 3.5), which is where S comes from, and in practice about
sqrt(K) u times its root mean square; the last rounding to the dtype adds half a unit. Two honest outputs are thus apart
by a small number of units whatever K is. What is wrong is far away: products of float32 from inputs of 8 bits are off
by 2^-9 each, which is 2^14 units before they average out. `BOUNDS` lies between the two.

Measured by `tests/coarse_bounds.py` on Zen 4 over threads, instruction sets, branches of MKL, and torch 2.0, 2.6 and
2.13: honest outputs are apart by at most 2.7 units in float32, 1.9 in float64, 0.8 in bfloat16 and 0.1 in float16; the
planted faults by at least 180 in float32 and 6e11 in float64. bfloat16 and float16 keep so few bits that most relative
errors of 2^-8 are rounding there. tf32 and the 8-bit types were not measured and have the bounds of their neighbours.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from reprocheck.model.numeric_differences import FamilyRow, ProbeChange, ProbeDifference
from reprocheck.model.numeric_fingerprints import Probe

# The distance from 1 to the next number (IEEE 754-2019, 3.3; bfloat16; OCP 8-bit floating point, revision 1.0). tf32
# rounds its inputs alike everywhere: what differs is the sum in float32.
ROUNDING_UNITS: Mapping[str, float] = MappingProxyType(
    {
        "fp64": 2.0**-52,
        "fp32": 2.0**-23,
        "tf32": 2.0**-23,
        "bf16": 2.0**-7,
        "fp16": 2.0**-10,
        "fp8e4m3": 2.0**-3,
        "fp8e5m2": 2.0**-2,
    }
)
# In rounding units of the dtype.
BOUNDS: Mapping[str, float] = MappingProxyType(
    {"fp64": 1024.0, "fp32": 24.0, "tf32": 24.0, "bf16": 2.0, "fp16": 2.0, "fp8e4m3": 2.0, "fp8e5m2": 2.0}
)
RESOLUTION = 2.0**-23  # of a coarse digest, half of it on either side: it has 24 bits, 53 where the output has
_ORDER: tuple[ProbeChange, ...] = ("different", "rounding", "varying", "unmeasured", "one-sided")

Probes = Mapping[tuple[str, str], Probe]


def compare_probes(
    old: Iterable[Probe], new: Iterable[Probe]
) -> tuple[tuple[FamilyRow, ...], tuple[ProbeDifference, ...]]:
    """Return the counts by family, dtype and device, and the probes that differ: the farthest apart first."""
    before, after = {probe.key: probe for probe in old}, {probe.key: probe for probe in new}
    found = {
        key: difference
        for key in {**before, **after}
        if (difference := _difference(before.get(key), after.get(key))) is not None
    }
    return tuple(_rows(before, after, found)), tuple(sorted(found.values(), key=_rank))


def distance_of(old: Probe, new: Probe) -> float | None:
    """Return how far two outputs are apart in rounding units of their dtype, None where that cannot be known."""
    unit = ROUNDING_UNITS.get(old.dtype)
    if unit is None or not old.coarse or len(old.coarse) != len(new.coarse):
        return None
    pairs = zip(map(float.fromhex, old.coarse), map(float.fromhex, new.coarse), strict=True)
    return math.hypot(*(was - now for was, now in pairs)) / math.sqrt(len(old.coarse)) / unit


def is_rounding(old: Probe, new: Probe) -> bool:
    """Say whether two outputs are so near to each other that rounding alone may make the difference."""
    distance = distance_of(old, new)
    if distance is None:
        return False
    unit = ROUNDING_UNITS[old.dtype]
    largest = max(abs(float.fromhex(number)) for number in (*old.coarse, *new.coarse))
    return distance <= BOUNDS[old.dtype] + min(RESOLUTION, unit) * largest / unit


def _difference(old: Probe | None, new: Probe | None) -> ProbeDifference | None:
    """Return in what two probes of one name differ, None where they do not; that both lack an operation is alike."""
    one = old or new
    kind = _kind(old, new)
    if one is None or kind is None:
        return None
    measured = old and new and kind not in ("unmeasured", "one-sided")
    return ProbeDifference(
        name=one.name,
        family=one.family,
        operation=one.operation,
        dtype=one.dtype,
        device=one.device,
        kind=kind,
        distance=distance_of(old, new) if measured and old and new else None,
        old=old,
        new=new,
    )


def _kind(old: Probe | None, new: Probe | None) -> ProbeChange | None:
    if old is None or new is None:
        return "one-sided"
    if old.status or new.status:
        return "unmeasured" if old.status != new.status else None
    if old.digest == new.digest:
        return None
    if old.differing or new.differing:
        return "varying"
    return "rounding" if (old.shape, old.dtype) == (new.shape, new.dtype) and is_rounding(old, new) else "different"


def _rows(old: Probes, new: Probes, found: Mapping[tuple[str, str], ProbeDifference]) -> Iterator[FamilyRow]:
    """Yield the rows in the order in which families first come."""
    counts: dict[tuple[str, str, str], dict[str, int]] = {}
    for key, probe in {**new, **old}.items():
        row = counts.setdefault((probe.family, probe.dtype, probe.device), {})
        column = _column(old.get(key), new.get(key), found.get(key))
        row[column] = row.get(column, 0) + 1
    for (family, dtype, device), row in counts.items():
        yield FamilyRow(family=family, dtype=dtype, device=device, **row)


def _column(old: Probe | None, new: Probe | None, difference: ProbeDifference | None) -> str:
    if old is None or new is None:
        return "only_new" if old is None else "only_old"
    if old.status or new.status:
        return "unmeasured"
    return difference.kind if difference else "equal"


def _rank(difference: ProbeDifference) -> tuple[int, float, str, str]:
    unknown = math.inf if difference.distance is None else difference.distance
    return _ORDER.index(difference.kind), -unknown, difference.name, difference.device
