"""Read the measurements that a record holds: every fault is told with its key."""

from __future__ import annotations

from reprocheck.model.abridged_measurements import probe_of
from reprocheck.model.json_documents import Json
from reprocheck.model.numeric_fingerprints import NumericFingerprint, Probe
from reprocheck.numerics.record_nodes import Node

MOST_PROBES = 10_000  # twenty times as many as there are


def read_measurements(root: Node) -> NumericFingerprint | None:
    """Return what the record says was measured, None where nothing was.

    Raises:
        InputError: a probe or an entry is not of its form, or two probes have one name.
    """
    lines = root["probes"].items() if root.has("probes") else []
    if not lines:
        return None
    if len(lines) > MOST_PROBES:
        root["probes"].refuse(f"expected at most {MOST_PROBES} probes, found {len(lines)}")
    probes: dict[tuple[str, str], Probe] = {}
    for line in lines:
        probe = _probe(line)
        if probe.key in probes:
            line.refuse(f"`{probe.name[:80]}` on `{probe.device[:80]}` is there twice")
        probes[probe.key] = probe
    numerics = root["numerics"]
    return NumericFingerprint(
        probes=tuple(probes.values()),
        trees=_entries(numerics, "trees"),
        canary=_entries(numerics, "canary"),
        relations=_entries(numerics, "relations"),
        collection=_entries(numerics, "collection"),
    )


def _probe(line: Node) -> Probe:
    probe = probe_of(line.text())
    if probe is None:
        line.refuse("expected a probe: name, device, digest, runs, differing runs and coarse digest, or a status")
    return probe


def _entries(numerics: Node, part: str) -> tuple[dict[str, Json], ...]:
    return tuple(dict(entry.mapping()) for entry in numerics[part].items())
