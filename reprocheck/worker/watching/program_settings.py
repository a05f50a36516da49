"""What a program is set to beside the groups of its optimizers: seed, data loader and sampler, bounds of clipping.

Everything is read from attributes that lie on the host, so that nothing waits for a device.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Sequence

OF_SAMPLER = ("epoch", "seed", "shuffle", "replacement", "num_samples")
_DEFAULTS = {"clip_grad_norm_": ("clip.norm", "max_norm"), "clip_grad_value_": ("clip.value", "clip_value")}


def seed_setting(torch: Any) -> Dict[str, str]:
    """Return the seed that torch's generator of the CPU was given last."""
    return {"seed.torch": str(torch.initial_seed())}


def autocast_setting(torch: Any) -> Dict[str, str]:
    """Return in which format autocast computes now, by device; `off` where it is on for none."""
    if hasattr(torch, "get_autocast_dtype"):  # torch 2.4; the older names warn there
        devices = [(name, torch.is_autocast_enabled(name), torch.get_autocast_dtype(name)) for name in ("cpu", "cuda")]
    else:
        devices = [
            ("cpu", torch.is_autocast_cpu_enabled(), torch.get_autocast_cpu_dtype()),
            ("cuda", torch.is_autocast_enabled(), torch.get_autocast_gpu_dtype()),
        ]
    told = ["{} {}".format(name, str(dtype).replace("torch.", "")) for name, is_on, dtype in devices if is_on]
    return {"autocast": ", ".join(told) or "off"}


def loader_settings(iterator: Any) -> Dict[str, str]:
    """Return how the loader behind an iterator is set, and its sampler, as far as it has one."""
    batches = getattr(iterator, "_index_sampler", None)
    sampler = getattr(batches, "sampler", batches)
    told = {"data.sampler": type(sampler).__name__, "data.workers": str(getattr(iterator, "_num_workers", 0))}
    for owner, names in ((batches, ("batch_size", "drop_last")), (sampler, OF_SAMPLER)):
        own = getattr(owner, "__dict__", {})  # no property is asked: it might compute, or raise
        told.update({"data." + name: str(own[name]) for name in names if _is_plain(own.get(name))})
    seed = getattr(getattr(sampler, "__dict__", {}).get("generator"), "initial_seed", None)
    return {**told, "data.generator_seed": str(seed())} if seed else told


def clip_settings(function: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Dict[str, str]:
    """Return the bound that gradients are clipped to, with the kind of norm if it is one."""
    key, bound = _DEFAULTS[function]
    values: List[Any] = [args[0] if args else kwargs.get(bound)]
    if bound == "max_norm":
        values.append(args[1] if len(args) > 1 else kwargs.get("norm_type", 2.0))
    return {key: " ".join(str(float(value)) for value in values)} if all(map(_is_plain, values)) else {}


def state_setting(number: int, optimizer: Any) -> Dict[str, str]:
    """Return the state of an optimizer before its first step here: none, or that of the step it was resumed from."""
    states = [state for state in optimizer.state.values() if state]
    if not states:
        return {"{}.state".format(number): "empty"}
    step: Any = states[0].get("step") if isinstance(states[0], Mapping) else None
    is_far = getattr(getattr(step, "device", None), "type", "cpu") != "cpu"
    known = step is not None and not is_far
    return {"{}.state".format(number): "step {}".format(int(step)) if known else "filled"}


def _is_plain(value: Any) -> bool:
    return type(value) in (bool, int, float)
