"""A loss that differs though the modules gave the same: what computes it is no module."""

from __future__ import annotations

from reprocheck.model.verdicts import Cause
from reprocheck.numerics.watched_case import Case, Opinion


def another_loss(case: Case) -> Opinion:
    """Look for equal outputs of all modules, where both steps tell them, and another loss."""
    left, right = case.notes
    if not left.outputs or not right.outputs or case.found.quantity != "loss":
        return None
    return Cause(
        what="the loss is computed otherwise from equal outputs",
        evidence=(f"all {len(left.outputs)} modules that ran gave the same, and the loss differs",),
        fix="compare the loss function and its arguments: `label_smoothing`, `weight`, `ignore_index`, `reduction`, "
        "and what is added to it",
    )
