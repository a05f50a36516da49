"""What the envelopes of a record can tell, in sentences: how often they are wrong, and how small a fault they see."""

from __future__ import annotations

from collections.abc import Sequence

from reprocheck.model.envelopes import Envelope
from reprocheck.model.records import Run


def envelope_lines(runs: Sequence[Run]) -> list[str]:
    """Return a line for each run that has an envelope."""
    return [f"{run.plan.name}: {envelope_sentence(run.envelope)}" for run in runs if run.envelope]


def envelope_sentence(envelope: Envelope) -> str:
    """Return the false alarms among the members, each held against the others, and which planted faults are seen."""
    alarms = f"{envelope.false_alarms} of {len(envelope.held_out)} honest runs taken for faulty"
    seen = [f"{fault.name} by step {fault.step}" for fault in envelope.faults if fault.step is not None]
    missed = [fault.name for fault in envelope.faults if fault.step is None]
    parts = [f"{alarms}; seen: {', '.join(seen) or 'none of the planted faults'}", f"not seen: {', '.join(missed)}"]
    return "; ".join((parts if missed else parts[:1]) if envelope.faults else [alarms])
