"""Find the cause of differing probes by experiment: rerun them here under other switches, and see which give the bits.

Held constant: the machine, the Python, the inputs. Control: the probes here without any change, which must give the bits
of one side. Test: the same probes under a setting. A setting that gives the bits of the other side, and leaves alike
what is alike, is the cause, or has the very effect of the cause.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

from reprocheck.model.json_documents import Json
from reprocheck.model.numeric_experiments import Experiment, Trial
from reprocheck.model.numeric_differences import probe_label
from reprocheck.model.numeric_fingerprints import NumericFingerprint, Probe, numeric_fingerprint
from reprocheck.numerics.hypotheses import Hypothesis, hypotheses
from reprocheck.numerics.switched_probes import Bench, Key, Switched, Together, probe_under

DEADLINE_S = 300.0
MOST_SUSPECTS = 6  # settings that explain everything and are held against all other probes too
MOST_COMBINATIONS = 24
LARGEST_COMBINATION = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Two fingerprint documents with probes, the Python to experiment in, and how long that may take."""

    old: Mapping[str, Json]
    new: Mapping[str, Json]
    python: Path
    deadline_s: float = DEADLINE_S


@dataclass(frozen=True, slots=True)
class _Case:
    """The probes that differ and those that are alike, with the bits to reach, and the bits without any change."""

    differing: tuple[Key, ...]
    alike: tuple[Key, ...]
    target: Mapping[Key, str]
    control: Switched


def explain_by_experiment(question: Question, tell: Callable[[str], None]) -> Experiment:
    """Return what makes the bits of the other side here.

    Raises:
        InputError: the Python is no program.
    """
    return _Laboratory(question, tell).experiment()


class _Laboratory:
    """The trials of one question, each of them run once."""

    def __init__(self, question: Question, tell: Callable[[str], None]) -> None:
        self._question = question
        self._tell = tell
        self._end_s = time.monotonic() + question.deadline_s
        self._stop = Event()
        self._notes: list[str] = []

    def experiment(self) -> Experiment:
        """Run the control, then every hypothesis alone, then combinations of those that do something."""
        sides = _measured(self._question.old), _measured(self._question.new)
        differing, alike = _sorted_out(*sides, self._notes)
        if not differing:
            return Experiment(home="new", notes=tuple(self._notes))
        self._tell("running the probes without changes")
        control = self._run((), (*differing, *alike), repeats=2)
        home = _home(control, differing, *sides)
        if home is None:
            return self._homeless(control, differing)
        case = self._case(control, home, differing, alike, sides)
        return self._explained(case, home)

    def _homeless(self, control: Switched, differing: Sequence[Key]) -> Experiment:
        fault = f" ({control.fault})" if control.fault else ""
        self._notes.append(
            f"without changes this machine gives neither side's bits for the differing probes{fault}: run it on one of "
            "the two machines, with the same Python and the same environment variables"
        )
        return Experiment(home=None, differing=_labels(differing), notes=tuple(self._notes))
