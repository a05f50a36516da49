"""The optimizer as a run configured it, on hashed numbers: an update whose inputs have the same bits everywhere.

Low precision and chaos hide a learning rate that is off by 0.1 % from any comparison of whole runs; here the only
difference between two platforms is the rounding of one update. The elements of the sample span twenty powers of two in
their gradients and seventeen in their values, so that the rate, the decay, the betas and eps each decide some of them.
Gradient, momentum and value of an element have one sign: nothing cancels, and a rounding stays a rounding.
Legend: N elements.
"""

from __future__ import annotations

from typing import Any, Dict, List

import torch

from .hashing import hashed_below, key_of

ELEMENTS = 16
LARGEST_STEP_DOWN = 20  # powers of two from the largest gradient to the smallest
VALUES_STEP_DOWN = 17
SQUARED = ("sq", "square", "sum")  # in the names of what optimizers keep of squared gradients


def replayed_updates(optimizer: torch.optim.Optimizer) -> List[Dict[str, Any]]:
    """Return one update of each parameter group: type of the optimizer, and bits before and after as hex words."""
    return [_update(optimizer, number, group) for number, group in enumerate(optimizer.param_groups)]


def _update(optimizer: torch.optim.Optimizer, number: int, group: Dict[str, Any]) -> Dict[str, Any]:
    model = next((p for p in group["params"] if optimizer.state.get(p)), group["params"][0])
    value_N = _hashed("value", _exponents(VALUES_STEP_DOWN, stride=5)).to(model.device)
    gradient_N = _hashed("gradient", _exponents(LARGEST_STEP_DOWN)).to(model.device)
    parameter = torch.nn.Parameter(value_N.clone())
    parameter.grad = gradient_N.clone()
    settings = {key: value for key, value in group.items() if key != "params"}
    # torch's own optimizers take their settings from the group; SGD of torch 2.0 asks for a rate beside it.
    twin: Any = type(optimizer)([{"params": [parameter], **settings}], lr=group["lr"])  # type: ignore[call-arg]
    for name, kept in optimizer.state.get(model, {}).items():
        twin.state[parameter][name] = _state(name, kept, model)
    twin.step()
    words = (_words(tensor) for tensor in (value_N, gradient_N, parameter.detach()))
    before, gradient, after = words
    return {
        "group": number,
        "optimizer": type(optimizer).__name__,
        "before": before,
        "gradient": gradient,
        "after": after,
    }


def _state(name: str, kept: Any, model: torch.Tensor) -> Any:
    """Return hashed numbers for what is kept of each element; all else, as the count of steps, stays."""
    if not isinstance(kept, torch.Tensor):
        return kept
    if kept.shape != model.shape:
        return kept.clone()
    exponents = _exponents(LARGEST_STEP_DOWN)
    hashed_N = _hashed(name, exponents)
    squared = any(word in name for word in SQUARED)
    return (hashed_N * hashed_N if squared else hashed_N).to(model.device)


def _exponents(steps: int, stride: int = 1) -> List[int]:
    """Return the exponents of the elements: evenly from 0 down, or mixed by a stride."""
    if stride > 1:
        return [-((index * stride) % steps) for index in range(ELEMENTS)]
    return [-(index * steps // ELEMENTS) for index in range(ELEMENTS)]


def _hashed(name: str, exponents: List[int]) -> torch.Tensor:
    """Return float32 numbers of the given exponents; the mantissas are those of `name`, the signs of all names one."""
    mantissa_N = 1.0 + hashed_below(key_of("update", name), ELEMENTS, 1 << 23).to(torch.float32) * (2.0**-23)
    sign_N = 1.0 - 2.0 * hashed_below(key_of("update", "signs"), ELEMENTS, 2).to(torch.float32)
    return sign_N * mantissa_N * torch.tensor([2.0**exponent for exponent in exponents])


def _words(values_N: torch.Tensor) -> str:
    words = values_N.detach().cpu().view(torch.int32).tolist()
    return ".".join(format(word & 0xFFFFFFFF, "08x") for word in words)
