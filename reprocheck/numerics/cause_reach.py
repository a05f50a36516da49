"""Which phase of a step a difference of two machines can touch at all: what cannot touch it did not cause it.

Data come from packages that read and shuffle, not from the processor; hashed first weights come from nothing that
differs, drawn ones from the generator and the kernels that fill tensors; sums over ranks are additions of IEEE 754 in
the order of the collective, so that only what chooses this order touches them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Final

from reprocheck.facts.switch_effects import effects_of
from reprocheck.facts.switches import all_switches
from reprocheck.model.verdicts import Cause
from reprocheck.numerics.causes import Difference, relevance_of

COMPUTED: Final = frozenset({"forward", "scale", "unscale", "backward", "clip", "optimizer"})
ARITHMETIC: Final = COMPUTED | {"all-reduce"}
DRAWN: Final = frozenset({"init", "data", "random"})
ALL: Final = ARITHMETIC | DRAWN
LARGEST_ROUNDING: Final = 0.05  # relative, in one forward pass, even in bfloat16; what is larger is no rounding

_COLLECTIVES = re.compile(r"nccl|gloo|NCCL_|GLOO_|ddp", re.IGNORECASE)
_NUMPY = re.compile(r"packages\.numpy\b")  # torch computes nothing with it
_READERS = re.compile(
    r"packages\.(pillow|torchvision|torchaudio|opencv|datasets|tokenizers|transformers|pandas|pyarrow|scikit-learn|"
    r"librosa|albumentations|numpy)\b"
)
# What a difference is called -> the phases that it can touch in a user's own training, and in a workload of ours.
_REACHED: Final = {
    "another build of torch": (ALL, ARITHMETIC | {"init"}),
    "another GPU": (ARITHMETIC | {"init", "random"}, ARITHMETIC),
    "another numeric library": (ARITHMETIC, ARITHMETIC),
    "another GPU driver": (ARITHMETIC, ARITHMETIC),
    "another numeric switch": (COMPUTED | {"init"}, COMPUTED),
    "another processor: kernels are chosen by its instruction sets": (COMPUTED | {"init"}, COMPUTED),
    "another platform": (ALL, ARITHMETIC),
    "another seed": (DRAWN | {"forward"}, DRAWN | {"forward"}),
    "another learning rate": (frozenset({"optimizer"}), frozenset({"optimizer"})),
    "another device": (ARITHMETIC | {"init", "random"}, ARITHMETIC),
    "another number of threads": (COMPUTED | {"init"}, COMPUTED),
}


def can_touch(what: str, phases: Collection[str], *, is_own: bool) -> bool:
    """Say whether something that differs can touch one of the phases; what nobody knows better may touch any."""
    known = _REACHED.get(what)
    return known is None or _is_elsewhere(phases) or not known[0 if is_own else 1].isdisjoint(phases)


def differences_in_reach(
    differences: Iterable[Difference], phases: Collection[str], *, is_own: bool
) -> tuple[Difference, ...]:
    """Return the differences of two fingerprints that can touch one of the phases."""
    return tuple(one for one in differences if _difference_reaches(one.path, phases, is_own=is_own))


def reading_packages(differences: Iterable[Difference]) -> tuple[Difference, ...]:
    """Return the packages that differ and that read, decode or shuffle data."""
    return tuple(one for one in differences if _READERS.search(one.path))


def causes_in_reach(causes: Iterable[Cause], phases: Collection[str], *, is_own: bool) -> tuple[Cause, ...]:
    """Return the causes that can touch one of the phases."""
    return tuple(cause for cause in causes if can_touch(cause.what, phases, is_own=is_own))


def switch_reaches(name: str, phase: str, *, on_gpu: bool) -> bool:
    """Say whether a switch can touch a phase: by where it acts, and by the table of measured effects."""
    known = all_switches().get(name)
    kind = known.kind if known else "machine"
    if phase == "all-reduce":
        return kind == "distributed" or name.startswith("ddp-")
    if phase in ("data", "random"):
        return name.startswith("loader-") or name == "python-hash-seed"
    if phase not in COMPUTED | {"init"} or kind in ("run", "distributed") or (kind == "cuda" and not on_gpu):
        return False
    effects = effects_of(name)
    return phase != "optimizer" or not effects or any(row.changes for row in effects if row.family == "optimizer")


def _is_elsewhere(phases: Collection[str]) -> bool:
    """Say whether nobody knows a phase: a run may be far from its record without a first difference."""
    return not phases or not (ALL | {"end"}).issuperset(phases)


def _difference_reaches(path: str, phases: Collection[str], *, is_own: bool) -> bool:
    relevance = relevance_of(path)
    if relevance is None or _is_elsewhere(phases):
        return relevance is not None
    if _COLLECTIVES.search(path):
        return "all-reduce" in phases
    if _NUMPY.search(path):
        return is_own and not (DRAWN | {"forward"}).isdisjoint(phases)
    if relevance.what == "another numeric library":
        return not COMPUTED.isdisjoint(phases)
    return can_touch(relevance.what, phases, is_own=is_own)
