"""What two fingerprints measured, held against each other: probes, orders of addition, arithmetic, and the causes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from reprocheck.model.fingerprints import entry_reason
from reprocheck.model.json_documents import Json
from reprocheck.model.numeric_differences import NumericDifference, ProbeDifference
from reprocheck.model.numeric_fingerprints import NumericFingerprint, Probe
from reprocheck.numerics.explanations import explain
from reprocheck.numerics.first_values import decimal_values
from reprocheck.numerics.measured_parts import faults_between, one_sided_parts, sides_of_parts
from reprocheck.numerics.numeric_candidates import candidates_between
from reprocheck.numerics.probe_comparison import compare_probes

Document = Mapping[str, Json]

HOW_TO_PROBE = "take it anew with `reprocheck fingerprint --probes -o FILE`"


def numeric_difference(
    documents: tuple[Document, Document], measured: tuple[NumericFingerprint, NumericFingerprint]
) -> NumericDifference:
    """Return what two fingerprints, old and new, say differently of what their machines compute."""
    old, new = measured
    rows, probes = compare_probes(old.probes, new.probes)
    candidates = candidates_between(*documents)
    difference = NumericDifference(rows=rows, probes=tuple(map(_with_values, probes)), candidates=candidates)
    explained = explain(candidates, difference.to_explain, _equal(old, new))
    return replace(
        difference,
        measured=sides_of_parts(old, new),
        faults=faults_between(old, new),
        explanations=explained.explanations,
        ruled_out=explained.ruled_out,
        unexplained=explained.unexplained,
    )


def numeric_notes(
    names: tuple[str, str], measured: tuple[NumericFingerprint | None, NumericFingerprint | None]
) -> Iterator[str]:
    """Yield what of the measurements could not be compared, each a sentence without a final stop."""
    old, new = measured
    if old is None or new is None:
        if old is not new:
            lacking = names[0] if old is None else names[1]
            yield f"what the machines compute was not compared, for `{lacking}` has no probes: {HOW_TO_PROBE}"
        return
    for side, one in (("there", old), ("here", new)):
        for entry in one.collection:
            reason = entry_reason(entry)
            yield f"{entry.get('source')} was not measured {side}: {reason}"
    yield from one_sided_parts(old, new)
    yield from _unsteady(old, new)


def _unsteady(old: NumericFingerprint, new: NumericFingerprint) -> Iterator[str]:
    """Yield a sentence on probes that do not repeat themselves and have the same bits: nothing else tells of them."""
    equal = {probe.key for probe in _same(old, new)}
    shaky = [probe.name for probe in (*old.nondeterministic, *new.nondeterministic) if probe.key in equal]
    if shaky:
        names = ", ".join(dict.fromkeys(shaky))
        yield f"equal this time, although a side does not repeat its bits: {names}"


def _equal(old: NumericFingerprint, new: NumericFingerprint) -> list[Probe]:
    """Return the probes with the same bits on both sides, each time."""
    shaky = {probe.key for probe in (*old.nondeterministic, *new.nondeterministic)}
    return [probe for probe in _same(old, new) if probe.key not in shaky]


def _same(old: NumericFingerprint, new: NumericFingerprint) -> Iterator[Probe]:
    there = {probe.key: probe.digest for probe in old.probes if probe.digest}
    return (probe for probe in new.probes if probe.digest and there.get(probe.key) == probe.digest)


def _with_values(difference: ProbeDifference) -> ProbeDifference:
    return replace(
        difference,
        old_values=decimal_values(difference.old) if difference.old else (),
        new_values=decimal_values(difference.new) if difference.new else (),
    )
