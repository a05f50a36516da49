"""The settings of an optimizer as texts, for any class that keeps `param_groups`."""

from __future__ import annotations

from typing import Any, Dict, Optional

PARAMETERS = ("params", "param_names")


def optimizer_settings(optimizer: Any) -> Dict[str, str]:
    """Return numbers, switches and tuples of them by `GROUP.NAME`, floats with all their digits.

    A tensor on the CPU is told by its value, one on another device by the device, since its value would have to be
    waited for. Texts are left out: they change no number, and nobody knows what they tell.
    """
    found: Dict[str, str] = {}
    for number, group in enumerate(optimizer.param_groups):
        prefix = "{}.".format(number)
        for name, value in group.items():
            text = None if name in PARAMETERS else _text(value)
            if text is not None:
                found[prefix + name] = text
    return found


def _text(value: Any) -> Optional[str]:
    if value is None or type(value) in (bool, int, float, complex):
        return repr(value)
    if type(value) in (tuple, list):
        texts = [_text(one) for one in value]
        return None if None in texts else "({})".format(", ".join(str(text) for text in texts))
    if type(value).__module__ == "torch" and hasattr(value, "numel") and value.numel() == 1:
        return repr(value.item()) if value.device.type == "cpu" else "on {}".format(value.device.type)
    return None
