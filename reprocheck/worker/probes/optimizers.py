"""Three steps of an optimizer: parameter by parameter (for-loop), several at once (foreach), in one kernel (fused).

The functions below torch's optimizers are called: a step of an optimizer itself loads torch's compiler, a second or
more. Rates are large, so that what is added shows in what it is added to.
"""

from __future__ import annotations

import functools
import inspect
from typing import Any, Callable, Dict, List

import torch

from .probe import Bench, Case, Probe, in_dtypes

FAMILY = "optimizer"
SHAPES = ((24, 35), (130,), (3, 5, 7))
STEPS = 3
COMMON = {"lr": 0.3, "weight_decay": 0.01, "maximize": False}
LOOPS: Dict[str, Dict[str, bool]] = {
    "for-loop": {"foreach": False},
    "foreach": {"foreach": True},
    "fused": {"foreach": False, "fused": True},
}
Tensors = List[torch.Tensor]
Step = Callable[[Tensors], None]
Start = Callable[[Tensors, Dict[str, bool]], Step]


def probes() -> List[Probe]:
    """Return the probes of this family."""
    found: List[Probe] = []
    for name, start in (("sgd-momentum", _sgd), ("adam", _adam), ("adamw", _adamw)):
        for loop, flags in LOOPS.items():
            dtypes = ("fp32",) if name == "adam" else ("fp32", "bf16")
            make = functools.partial(_case, start=start, flags=flags)
            found += in_dtypes(FAMILY, "{}-{}".format(name, loop), dtypes, make)
    return found


def _case(bench: Bench, start: Start, flags: Dict[str, bool]) -> Case:
    first = [bench.wide("parameter", *shape, spread=2) for shape in SHAPES]
    gradients = [[bench.wide("gradient {}".format(n), *shape) for shape in SHAPES] for n in range(STEPS)]

    def run() -> Tensors:
        parameters = [parameter.clone() for parameter in first]
        step = start(parameters, flags)
        for gradient in gradients:
            step([one.clone() for one in gradient])  # some forms change the gradients
        return parameters

    return Case(run=run, scale=16.0 if start is _sgd else 4.0)


def _sgd(parameters: Tensors, flags: Dict[str, bool]) -> Step:
    from torch.optim.sgd import sgd  # a torch without optimizers fails this family, not all

    options: Dict[str, Any] = {"momentum": 0.9, "nesterov": True, "dampening": 0.0, **COMMON}
    buffers = [torch.zeros_like(parameter) for parameter in parameters]

    def step(grads: Tensors) -> None:
        with torch.no_grad():
            _known(sgd, flags)(parameters, grads, buffers, **options, **flags)

    return step


def _adam(parameters: Tensors, flags: Dict[str, bool]) -> Step:
    from torch.optim.adam import adam  # likewise

    return _adaptive(adam, parameters, flags)


def _adamw(parameters: Tensors, flags: Dict[str, bool]) -> Step:
    from torch.optim.adamw import adamw  # likewise

    return _adaptive(adamw, parameters, flags)


def _adaptive(function: Callable[..., None], parameters: Tensors, flags: Dict[str, bool]) -> Step:
    options: Dict[str, Any] = {"beta1": 0.9, "beta2": 0.99, "eps": 1e-3, "amsgrad": False, **COMMON}
    moments, squares = ([torch.zeros_like(parameter) for parameter in parameters] for _ in range(2))
    # A fused kernel counts on the device, the others on the CPU.
    place = parameters[0].device if "fused" in flags else torch.device("cpu")
    counts = [torch.zeros((), dtype=torch.float32, device=place) for _ in parameters]

    def step(grads: Tensors) -> None:
        with torch.no_grad():
            _known(function, flags)(parameters, grads, moments, squares, [], counts, **options, **flags)

    return step


def _known(function: Callable[..., None], flags: Dict[str, bool]) -> Callable[..., None]:
    """Return `function`, if this torch's knows all the flags.

    Raises:
        NotImplementedError: it does not.
    """
    missing = set(flags) - set(inspect.signature(function).parameters)
    if missing:
        raise NotImplementedError("this torch has no {} form of it".format(", ".join(sorted(missing))))
    return function
