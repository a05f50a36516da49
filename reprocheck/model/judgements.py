"""What becomes of an environment with a driver and a GPU: verdicts and their reasons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

Verdict = Literal["runs", "limited", "no", "unknown"]
"""`limited` runs under a condition, `unknown` is what nobody knows."""

# The worst one decides: what is known to fail before what is not known.
VERDICTS: Final[tuple[Verdict, ...]] = ("no", "unknown", "limited", "runs")


class Kind(NamedTuple):
    """One kind of reason: the letter that stands for it in a table, the verdict, and the rule that tells it, if any."""

    letter: str
    verdict: Verdict
    rule: str | None


KINDS: Final[Mapping[str, Kind]] = {
    "driver-too-old": Kind("D", "no", "RC401"),
    "no-kernels": Kind("K", "no", "RC404"),
    "cuda-outside-gpu-range": Kind("C", "no", "RC405"),
    "cudnn-dropped-gpu": Kind("N", "no", "RC406"),
    "ptx-needs-newer-driver": Kind("J", "no", "RC402"),
    "no-such-machine": Kind("X", "no", None),
    "unknown-kernels": Kind("U", "unknown", None),
    "unknown-cuda": Kind("U", "unknown", "RC454"),
    "desktop-kernels-on-tegra": Kind("T", "unknown", "RC404"),
    "forward-compatibility": Kind("F", "limited", "RC403"),
    "minor-version-compatibility": Kind("M", "limited", "RC402"),
    "only-ptx": Kind("P", "limited", "RC404"),
    "cuda-older-than-gpu": Kind("O", "limited", "RC405"),
    "cudnn-older-than-gpu": Kind("V", "limited", "RC406"),
}


class Reason(NamedTuple):
    """Why a pair of driver and GPU does not simply run: a key of `KINDS`, and a sentence without a final stop."""

    kind: str
    said: str


class Judgement(NamedTuple):
    """What becomes of one pair, and why; a pair that runs has no reasons."""

    verdict: Verdict
    reasons: tuple[Reason, ...]

    @property
    def is_void(self) -> bool:
        """Say whether no machine has this pair."""
        return any(reason.kind == "no-such-machine" for reason in self.reasons)


def judgement_of(reasons: tuple[Reason, ...]) -> Judgement:
    """Return the worst verdict of some reasons, with those that matter then: conditions do not where nothing runs."""
    verdicts = {KINDS[reason.kind].verdict for reason in reasons}
    verdict = next((bad for bad in VERDICTS if bad in verdicts), VERDICTS[-1])
    if verdict != "no":
        return Judgement(verdict, reasons)
    return Judgement(verdict, tuple(reason for reason in reasons if KINDS[reason.kind].verdict == "no"))
