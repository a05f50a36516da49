"""Why a user's own training parts from its record: what the notes of both show, the likeliest cause first.

A cause counts only with evidence, and only in a phase that it can touch. Where nothing was found, that is said, with
what was ruled out: "unknown" is an answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from reprocheck.model.verdicts import Cause, Divergence
from reprocheck.numerics.cause_reach import ARITHMETIC
from reprocheck.numerics.data_causes import (
    another_epoch,
    another_loader,
    another_order,
    other_content,
    other_micro_batches,
    other_samples,
    past_the_model,
)
from reprocheck.numerics.gradient_causes import (
    a_multiple,
    another_ddp,
    missing_unscale,
    missing_zero_grad,
    missing_zero_grad_within_the_step,
    other_clipping,
    ranks_not_synchronised,
    rounded,
    summed_over_ranks,
)
from reprocheck.numerics.loss_causes import another_loss, other_forward_code
from reprocheck.numerics.model_causes import (
    altered_start,
    another_module,
    another_number_of_ranks,
    buffers_not_restored,
    changed_between_steps,
    other_parameters,
    other_start,
    stale_statistics,
)
from reprocheck.numerics.optimizer_causes import (
    another_optimizer,
    another_scaler,
    another_skip,
    changed_alone,
    lost_state,
    other_optimizer_settings,
    schedule_off,
    settings_within_the_step,
)
from reprocheck.numerics.random_causes import another_seed, drawn_in_the_forward_pass, not_restored, other_draws
from reprocheck.numerics.setting_causes import ended_early, other_autocast, other_in_force, other_switches
from reprocheck.numerics.watched_case import Case, Look, size_of

_GRADIENTS = frozenset({"backward", "all-reduce", "unscale", "clip"})


def _in(*phases: str) -> frozenset[str]:
    return frozenset(phases)


# In which phases to look for what, in the order of the ranking: the most specific evidence first.
LOOKS: Final[tuple[tuple[frozenset[str], Look], ...]] = (
    (_in("init"), another_number_of_ranks),
    (_in("end"), ended_early),
    (_in("init", "data", "random"), another_seed),
    (_in("data", "random"), not_restored),
    (_in("data"), another_loader),
    (_in("data"), another_epoch),
    (_in("data", "forward", "backward", "all-reduce"), past_the_model),
    (_in("data", "forward", "backward"), other_micro_batches),
    (_in("parameters"), changed_between_steps),
    (_in("init", "forward", "backward"), another_module),
    (_in("forward", "scale", "backward"), other_autocast),
    (_in("data", "forward", "backward"), settings_within_the_step),
    (_in("data", "forward"), missing_zero_grad_within_the_step),
    (_in("forward"), drawn_in_the_forward_pass),
    (_in("forward"), stale_statistics),
    (_in("forward"), buffers_not_restored),
    (_in("init"), other_parameters),
    (_in("init"), altered_start),
    (_in("init"), other_start),
    (_in("data"), another_order),
    (_in("init", "data", "random"), other_draws),
    (_in("data"), other_samples),
    (_in("data"), other_content),
    (_in("forward"), a_multiple),
    (_in("forward"), another_loss),
    (_in("unscale"), missing_unscale),
    (_GRADIENTS, missing_zero_grad),
    (_in("clip"), other_clipping),
    (_in("all-reduce"), ranks_not_synchronised),
    (_in("all-reduce"), summed_over_ranks),
    (_in("all-reduce"), another_ddp),
    (_in("forward", "backward", "all-reduce"), rounded),
    (_in("optimizer"), another_optimizer),
    (_in("optimizer"), lost_state),
    (_in("optimizer"), schedule_off),
    (_in("optimizer"), other_optimizer_settings),
    (_in("optimizer"), changed_alone),
    (_in("scale", "unscale", "optimizer"), another_scaler),
    (_in("optimizer"), another_skip),
    (ARITHMETIC, other_in_force),
    (frozenset(ARITHMETIC | _in("init", "data", "random")), other_switches),
)
# What is asked where these found nothing: it knows the place and not the reason.
LAST_LOOKS: Final[tuple[Look, ...]] = (other_forward_code,)
# What single roundings of one step come to, relatively: below the first bound another order of sums is enough.
_SIZES: Final = (
    (2e-6, "no more than another order of float32 additions or another kernel makes"),
    (2e-3, "as much as inputs of ten or eleven bits make (TF32, float16), and more than an order of sums does"),
    (2e-2, "as much as bfloat16 makes, and more than an order of float32 sums does"),
)


def watched_causes(case: Case) -> tuple[tuple[Cause, ...], tuple[str, ...]]:
    """Return the causes that the notes show, the likeliest first, and what they rule out."""
    opinions = [look(case) for phases, look in LOOKS if case.found.phase in phases]
    causes = tuple(opinion for opinion in opinions if isinstance(opinion, Cause))
    causes = causes or tuple(opinion for look in LAST_LOOKS if isinstance(opinion := look(case), Cause))
    return causes, tuple(opinion for opinion in opinions if isinstance(opinion, str))


def unknown_cause(found: Divergence, ruled_out: Sequence[str]) -> Cause:
    """Return that nobody knows, what was ruled out, and how large the difference is."""
    return Cause(
        what=f"unknown: nothing that was noted explains why the {found.quantity} differs",
        evidence=(*_size(found), *(f"ruled out: {text}" for text in ruled_out)),
        fix="compare the script, its arguments and its configuration with the recorded ones: what they compute "
        "without a module, an optimizer or a setting of torch leaves no note",
    )


def _size(found: Divergence) -> Iterable[str]:
    size = size_of(found)
    if size is None:
        return ()
    words = next((words for bound, words in _SIZES if size <= bound), "more than rounding makes in one step")
    return (f"a relative difference of {found.relative}: {words}",)
