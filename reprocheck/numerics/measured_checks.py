"""What the measurements say before any training is compared: canary, relations, and which operations compute otherwise.

A canary that died, or a relation that must hold and does not, is a fault of this machine, whatever the record says.
Probes that differ are worth a look and decide nothing: the runs decide whether they matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from reprocheck.model.fingerprints import entry_reason
from reprocheck.model.json_documents import Json
from reprocheck.model.numeric_differences import NumericDifference
from reprocheck.model.numeric_fingerprints import Entry, NumericFingerprint
from reprocheck.model.verdicts import Cause, Check

MOST_NAMED = 4
_WHAT: Mapping[str, str] = MappingProxyType(
    {
        "canary": "this machine does not compute as IEEE 754 says",
        "relations": "this machine breaks what holds on every healthy one",
        "prefix": "the installed environment is damaged, or not the locked one",
    }
)
_FIXES: Mapping[str, str] = MappingProxyType(
    {
        "canary": "see `reprocheck audit --switches` for flushed subnormals; where nothing is set, try another machine",
        "relations": "run `reprocheck fingerprint --probes` again: a fault that stays speaks for the hardware or torch",
        "prefix": "see `reprocheck audit --prefix`, and repair it with `reprocheck create`",
    }
)


def measured_checks(
    recorded: NumericFingerprint | None, here: NumericFingerprint | None, difference: NumericDifference | None
) -> tuple[Check, ...]:
    """Return the checks `canary`, `relations` and `probes`; skipped, with the reason, where nothing was measured."""
    if here is None:
        reason = "not measured here" if recorded else "the record holds no measurements"
        return tuple(Check(name=name, status="skip", detail=reason) for name in ("canary", "relations", "probes"))
    return _canary(here.canary), _relations(here.relations), _probes(recorded, here, difference)


def causes_in_surroundings(checks: Iterable[Check]) -> tuple[Cause, ...]:
    """Return a cause for each check before the runs that failed: what it found stands in the way of any equal bits."""
    return tuple(
        Cause(what=_WHAT[check.name], evidence=(f"{check.name}: {check.detail}",), fix=_FIXES[check.name])
        for check in checks
        if check.status == "fail" and check.name in _WHAT
    )


def _canary(canaries: Sequence[Entry]) -> Check:
    told = [entry for entry in canaries if not isinstance(entry.get("status"), str)]
    dead = [_on(entry, "canary") for entry in told if entry.get("digest") != entry.get("expected")]
    if dead:
        detail = f"other bits than IEEE 754 gives: {_listed(dead)}; this machine, or a switch set here, is at fault"
        return Check(name="canary", status="fail", detail=detail)
    if not told:
        return Check(name="canary", status="skip", detail=_first_reason(canaries) or "not measured here")
    return Check(name="canary", status="pass", detail=f"IEEE 754 holds in {_listed([_on(e, 'canary') for e in told])}")


def _relations(relations: Sequence[Entry]) -> Check:
    musts = [entry for entry in relations if entry.get("kind") == "must"]
    broken = [_on(entry, "relation") for entry in musts if entry.get("status") == "broken"]
    held = [entry for entry in musts if entry.get("status") == "holds"]
    if broken:
        return Check(name="relations", status="fail", detail=f"does not hold, and must everywhere: {_listed(broken)}")
    if not held:
        return Check(name="relations", status="skip", detail=_first_reason(musts) or "not measured here")
    return Check(name="relations", status="pass", detail=f"all {len(held)} that must hold everywhere do")


def _probes(
    recorded: NumericFingerprint | None, here: NumericFingerprint, difference: NumericDifference | None
) -> Check:
    if recorded is None or difference is None:
        return Check(name="probes", status="skip", detail="the record holds no probes")
    compared = sum(row.compared for row in difference.rows)
    if not compared:
        return Check(name="probes", status="skip", detail=_first_reason(here.collection) or "none in common")
    changed = difference.to_explain
    if not changed:
        steady = compared - difference.count("varying")
        return Check(name="probes", status="pass", detail=f"all {steady} have the recorded bits{_varying(difference)}")
    families = dict.fromkeys(f"{probe.family} {probe.dtype}" for probe in changed)
    detail = f"{len(changed)} of {compared} have other bits: {_listed(families)}{_because(difference)}"
    return Check(name="probes", status="review", detail=detail)


def _varying(difference: NumericDifference) -> str:
    shaky = [probe.label for probe in difference.probes if probe.kind == "varying"]
    return f", but for {_listed(shaky)}, which does not repeat itself" if shaky else ""


def _because(difference: NumericDifference) -> str:
    """Return the first cause that was found, as `; mostly onednn-max-cpu-isa`."""
    causes = [one.cause for one in difference.explanations if one.how != "possible"]
    return f"; explained by {_listed(causes)}" if causes else ""


def _on(entry: Entry, key: str) -> str:
    device = _text(entry.get("device"))
    return _text(entry.get(key)) + (f" on {device}" if device not in ("", "cpu") else "")


def _first_reason(found: Iterable[Entry]) -> str:
    return next((entry_reason(entry) for entry in _with_status(found)), "")


def _with_status(found: Iterable[Entry]) -> Iterator[Entry]:
    return (entry for entry in found if isinstance(entry.get("status"), str))


def _listed(names: Iterable[str]) -> str:
    every = list(dict.fromkeys(names))
    more = f" and {len(every) - MOST_NAMED} more" if len(every) > MOST_NAMED else ""
    return ", ".join(every[:MOST_NAMED]) + more


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
