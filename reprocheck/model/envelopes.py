"""How far honest reruns of one run lie apart: measured on references whose first weights were moved by one ULP.

A *deviation* is relative: of the loss, of the gradient norm, and of each gradient as the norm of the difference over
the norm. The envelope of a step is the largest deviation of any member within three steps of it, and at least 2^-24.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from reprocheck.model.json_documents import Json

FLOOR_BITS = 24
FLOOR = 2.0**-FLOOR_BITS
GRADES_A_DOUBLING = 16  # a grade is 4 %, an envelope is rounded up to one
LARGEST_GRADE = 0xFFF
REVIEW_ABOVE = 3.0
FAIL_ABOVE = 5.0
DEFAULT_MEMBERS = 8
LOSS, GRADIENT_NORM = "loss", "gradient norm"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenFault:
    """A fault that was planted while recording: the first step at which the envelope shows it, None where it does not.

    `ratio` is its worst deviation in units of the envelope, as a decimal.
    """

    name: str
    ratio: str
    step: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """The envelope of one run.

    `grades[step]` are those of the loss, of the gradient norm and of each gradient in turn, see `grade_of`. `held_out`
    are the ratios of the members, each held against the envelope of the others, up to the step at which its loss scale
    took another way than that of the reference; `borders` are these steps.
    """

    members: int
    grades: tuple[tuple[int, ...], ...]
    held_out: tuple[str, ...] = ()
    faults: tuple[SeenFault, ...] = ()
    borders: tuple[int, ...] = ()

    @property
    def false_alarms(self) -> int:
        """Return how many members the envelope of the others would not have passed."""
        return sum(float(ratio) > FAIL_ABOVE for ratio in self.held_out)


def grade_of(deviation: float) -> int:
    """Return the grade of a deviation: sixteenths of doublings above the floor, rounded up."""
    if deviation <= FLOOR:
        return 0
    return min(LARGEST_GRADE, math.ceil(GRADES_A_DOUBLING * (math.log2(deviation) + FLOOR_BITS)))


def limit_of(grade: int) -> float:
    """Return the deviation that a grade stands for."""
    return math.exp2(grade / GRADES_A_DOUBLING - FLOOR_BITS)


def ratio_text(ratio: float) -> str:
    """Return a ratio as people read it: two digits behind the point, fewer where it is large."""
    if ratio < 100:
        return f"{ratio:.2f}"
    return f"{ratio:.0f}" if ratio < 10**6 else f"{ratio:.1e}"  # infinity is `inf`


def envelope_document(envelope: Envelope) -> Mapping[str, Json]:
    """Return the envelope as a member of its run's document: a text of grades a step, three hexadecimal digits each."""
    return {
        "members": envelope.members,
        "grades": ["".join(f"{grade:03x}" for grade in row) for row in envelope.grades],
        "held_out": envelope.held_out,
        "false_alarms": envelope.false_alarms,
        "faults": [{"name": fault.name, "ratio": fault.ratio, "step": fault.step} for fault in envelope.faults],
        "borders": envelope.borders,
    }
