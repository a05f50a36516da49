"""What a machine computes: probes, accumulation orders, arithmetic, canary and relations, to and from a fingerprint.

In the document: `probes[]`, `numerics{trees[], arithmetic[], canary[], relations[], collection[]}`. Measured values are
hex floats or hex digits; what could not be measured has a `status`. No times: those are in `probeTimes`, if asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reprocheck.model.fingerprints import value_at
from reprocheck.model.json_documents import Json, entries

Entry = Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One micro-operation on hashed inputs.

    `digest` is the SHA-256 of the output's bits, `coarse` four projections as hex floats in units of the operation's
    scale, `first` the bits of the first values in hex; all three are empty where there is a `status`. `differing` of
    `repeats` runs gave other bits than the first.
    """

    name: str
    family: str
    operation: str
    dtype: str
    device: str
    shape: tuple[int, ...] = ()
    digest: str = ""
    coarse: tuple[str, ...] = ()
    first: tuple[str, ...] = ()
    repeats: int = 0
    differing: int = 0
    status: str = ""
    detail: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Return what names the probe: its name and its device."""
        return self.name, self.device


@dataclass(frozen=True, slots=True, kw_only=True)
class NumericFingerprint:
    """All that was measured, part by part; `trees`, `arithmetic`, `canary` and `relations` as the worker told them.

    `collection` says of each part how asking for it ended, `times_ns` how long each probe took.
    """

    probes: tuple[Probe, ...] = ()
    trees: tuple[Entry, ...] = ()
    arithmetic: tuple[Entry, ...] = ()
    canary: tuple[Entry, ...] = ()
    relations: tuple[Entry, ...] = ()
    collection: tuple[Entry, ...] = ()
    times_ns: Mapping[str, int] = field(default_factory=dict)

    @property
    def nondeterministic(self) -> tuple[Probe, ...]:
        """Return the probes that did not repeat themselves."""
        return tuple(probe for probe in self.probes if probe.differing)


def probe_from(entry: Entry) -> Probe:
    """Return the probe that a line of the worker, or an entry of a fingerprint, tells of."""
    return Probe(
        name=_text(entry, "probe"),
        family=_text(entry, "family"),
        operation=_text(entry, "operation"),
        dtype=_text(entry, "dtype"),
        device=_text(entry, "device"),
        shape=tuple(item for item in entries(entry.get("shape")) if isinstance(item, int)),
        digest=_text(entry, "digest"),
        coarse=tuple(map(str, entries(entry.get("coarse")))),
        first=tuple(map(str, entries(entry.get("first")))),
        repeats=_count(entry, "repeats"),
        differing=_count(entry, "differing"),
        status=_text(entry, "status"),
        detail=_text(entry, "detail"),
    )


def probe_entry(probe: Probe) -> Entry:
    """Return a probe as an entry of a fingerprint."""
    head: dict[str, Json] = {
        "probe": probe.name,
        "family": probe.family,
        "operation": probe.operation,
        "dtype": probe.dtype,
        "device": probe.device,
    }
    if probe.status:
        return {**head, "status": probe.status, **({"detail": probe.detail} if probe.detail else {})}
    return {
        **head,
        "shape": probe.shape,
        "digest": probe.digest,
        "coarse": probe.coarse,
        "first": probe.first,
        "repeats": probe.repeats,
        "differing": probe.differing,
    }


def numeric_parts(measured: NumericFingerprint, *, times: bool) -> Entry:
    """Return the keys that a fingerprint document gains by what was measured; times, in ns, only if asked for."""
    return {
        "probes": [probe_entry(probe) for probe in measured.probes],
        "numerics": {
            "trees": measured.trees,
            "arithmetic": measured.arithmetic,
            "canary": measured.canary,
            "relations": measured.relations,
            "collection": measured.collection,
        },
        **({"probeTimes": dict(measured.times_ns)} if times else {}),
    }


def numeric_fingerprint(document: Mapping[str, Json]) -> NumericFingerprint | None:
    """Return what a fingerprint document says was measured, None where it was taken without probes."""
    if "probes" not in document:
        return None
    return NumericFingerprint(
        probes=tuple(probe_from(entry) for entry in _mappings(document["probes"])),
        trees=_part(document, "trees"),
        arithmetic=_part(document, "arithmetic"),
        canary=_part(document, "canary"),
        relations=_part(document, "relations"),
        collection=_part(document, "collection"),
    )


def faults_of(measured: NumericFingerprint) -> tuple[str, ...]:
    """Return in words what no healthy machine does: a canary that died, a relation that must hold and does not."""
    canaries = [
        f"the canary in {entry.get('canary')} on {entry.get('device')} has other bits than IEEE 754 gives"
        for entry in measured.canary
        if not _has_no_result(entry) and entry.get("digest") != entry.get("expected")
    ]
    relations = [
        f"{entry.get('relation')} does not hold on {entry.get('device')}"
        for entry in measured.relations
        if entry.get("kind") == "must" and entry.get("status") == "broken"
    ]
    return (*canaries, *relations)


def _has_no_result(entry: Entry) -> bool:
    return isinstance(entry.get("status"), str)


def _part(document: Mapping[str, Json], name: str) -> tuple[Entry, ...]:
    return _mappings(value_at(document, "numerics", name))


def _mappings(value: Json) -> tuple[Entry, ...]:
    return tuple(item for item in entries(value) if isinstance(item, Mapping))


def _text(entry: Entry, key: str) -> str:
    value = entry.get(key, "")
    return value if isinstance(value, str) else ""


def _count(entry: Entry, key: str) -> int:
    value = entry.get(key, 0)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
