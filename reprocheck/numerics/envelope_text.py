"""What the envelopes of a record can tell, as a table: how often they are wrong, and how small a fault they see."""

from __future__ import annotations

from collections.abc import Sequence

from reprocheck.model.envelopes import Envelope, SeenFault
from reprocheck.model.records import Run
from reprocheck.numerics.comparison import name_of

_BRIEFLY = {
    "learning rate +0.1 %": "lr +0.1%",
    "learning rate +1 %": "lr +1%",
    "lowest mantissa bit of a weight flipped": "bit 0",
    "middle mantissa bit of a weight flipped": "bit 11",
    "highest mantissa bit of a weight flipped": "bit 22",
}
LEGEND = "lr: another learning rate; bit N: that mantissa bit of one weight flipped; -: not seen"


def envelope_lines(runs: Sequence[Run]) -> list[str]:
    """Return a line for each run that has an envelope, under a head, with the step by which each fault is seen."""
    told = [(name_of(run), run.envelope) for run in runs if run.envelope]
    faults = list(dict.fromkeys(fault.name for _, envelope in told for fault in envelope.faults))
    head = ("", "false alarms", *(_BRIEFLY.get(name, name) for name in faults))
    rows = [(name, _alarms(envelope), *_steps(envelope, faults)) for name, envelope in told]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in (head, *rows)]
    return [*lines, LEGEND][: None if faults else -1] if told else []


def _alarms(envelope: Envelope) -> str:
    return f"{envelope.false_alarms} of {len(envelope.held_out)}"


def _steps(envelope: Envelope, names: Sequence[str]) -> list[str]:
    """Return the steps of the faults with these names, nothing where a fault was not planted."""
    faults = {fault.name: fault for fault in envelope.faults}
    return [_step(faults[name]) if name in faults else "" for name in names]


def _step(fault: SeenFault) -> str:
    return "-" if fault.step is None else f"step {fault.step}"
