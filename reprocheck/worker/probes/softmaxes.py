"""Softmax, its logarithm and the cross entropy, forward and backward, on spread scores. Legend: B rows, C classes."""

from __future__ import annotations

from typing import List

import torch
from torch.nn import functional

from .probe import Bench, Case, Probe, gradients, in_dtypes

FAMILY = "softmax"
ROWS, CLASSES = 64, 515
ALL, MAIN, SHORT = ("fp64", "fp32", "bf16", "fp16"), ("fp64", "fp32", "bf16"), ("fp32", "bf16")
# The largest scores are near ±8: a few classes share the weight, so a row sums to one in large terms and many tiny.
PROBABILITY_SCALE, LOGARITHM_SCALE, GRADIENT_SCALE = 0.125, 16.0, 2.0


def probes() -> List[Probe]:
    """Return the probes of this family."""
    return [
        *in_dtypes(FAMILY, "softmax", ALL, _softmax),
        *in_dtypes(FAMILY, "softmax-first-dim", ("fp32",), _softmax_first_dim),
        *in_dtypes(FAMILY, "softmax-backward", SHORT, _softmax_backward),
        *in_dtypes(FAMILY, "log-softmax", MAIN, _log_softmax),
        *in_dtypes(FAMILY, "log-softmax-backward", ("fp32",), _log_softmax_backward),
        *in_dtypes(FAMILY, "cross-entropy", ("fp32",), _cross_entropy),
        *in_dtypes(FAMILY, "cross-entropy-backward", SHORT, _cross_entropy_backward),
    ]


def _scores(bench: Bench) -> torch.Tensor:
    return bench.leaf("scores", ROWS, CLASSES, spread=2)


def _gradient(bench: Bench) -> torch.Tensor:
    return bench.wide("gradient", ROWS, CLASSES, spread=2)


def _softmax(bench: Bench) -> Case:
    scores_BC = _scores(bench).detach()
    return Case(run=lambda: torch.softmax(scores_BC, 1), scale=PROBABILITY_SCALE)


def _softmax_first_dim(bench: Bench) -> Case:
    scores_BC = _scores(bench).detach()
    return Case(run=lambda: torch.softmax(scores_BC, 0), scale=PROBABILITY_SCALE)


def _softmax_backward(bench: Bench) -> Case:
    scores_BC = _scores(bench)
    return Case(
        run=gradients(torch.softmax(scores_BC, 1), [scores_BC], _gradient(bench)),
        scale=GRADIENT_SCALE * PROBABILITY_SCALE,
    )


def _log_softmax(bench: Bench) -> Case:
    scores_BC = _scores(bench).detach()
    return Case(run=lambda: torch.log_softmax(scores_BC, 1), scale=LOGARITHM_SCALE)


def _log_softmax_backward(bench: Bench) -> Case:
    scores_BC = _scores(bench)
    run = gradients(torch.log_softmax(scores_BC, 1), [scores_BC], _gradient(bench))
    return Case(run=run, scale=8.0 * GRADIENT_SCALE)


def _targets(bench: Bench) -> torch.Tensor:
    return bench.indices("targets", ROWS, CLASSES)


def _cross_entropy(bench: Bench) -> Case:
    """Each loss and, as one more output, the smoothed mean: the sum of all."""
    scores_BC, targets_B = _scores(bench).detach(), _targets(bench)

    def run() -> List[torch.Tensor]:
        losses_B = functional.cross_entropy(scores_BC, targets_B, reduction="none")
        return [losses_B, functional.cross_entropy(scores_BC, targets_B, label_smoothing=0.125)]

    return Case(run=run, scale=LOGARITHM_SCALE)


def _cross_entropy_backward(bench: Bench) -> Case:
    scores_BC = _scores(bench)
    loss = functional.cross_entropy(scores_BC, _targets(bench))
    return Case(run=lambda: torch.autograd.grad(loss, [scores_BC], retain_graph=True), scale=PROBABILITY_SCALE / ROWS)
