"""Probes made by hand, as short as the tests want them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reprocheck.model.json_documents import Json
from reprocheck.model.numeric_fingerprints import Probe, probe_entry

SAME, OTHER = "a" * 64, "b" * 64
HALF = tuple(float(value).hex() for value in (0.5, -0.25, 0.125, 0.5))


def probe(name: str, digest: str = SAME, *, apart: float = 0.0, **more: object) -> Probe:
    """Return `family/operation/dtype`; its coarse digest is `apart` from that of any other."""
    family, operation, dtype = name.split("/")
    fields: dict[str, object] = {
        "device": "cpu",
        "shape": (2,),
        "digest": digest,
        "coarse": tuple((float.fromhex(number) + apart).hex() for number in HALF),
        "first": ("3f800000",),
        "repeats": 2,
        **more,
    }
    return Probe(name=name, family=family, operation=operation, dtype=dtype, **fields)  # type: ignore[arg-type]


def lacking(name: str, status: str = "unsupported", detail: str = "") -> Probe:
    """Return a probe that could not be measured."""
    return probe(name, "", coarse=(), first=(), shape=(), repeats=0, status=status, detail=detail)


def document(probes: Iterable[Probe], **more: Json) -> Mapping[str, Json]:
    """Return a fingerprint of these probes."""
    return {"schema": "reprocheck/fingerprint/1", "probes": [probe_entry(one) for one in probes], **more}


def switches(**values: Json) -> Mapping[str, Json]:
    """Return the part `runtime` in which these switches have these values."""
    told = {name.replace("_", "-"): {"value": value, "origin": "default"} for name, value in values.items()}
    return {"switches": told}
