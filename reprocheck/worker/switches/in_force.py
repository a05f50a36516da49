"""Read every switch: the value in force, and where it comes from."""

from __future__ import annotations

from typing import Any, Callable, Dict, Mapping

from ..environment_variables import is_harmless, withheld
from ..readings import reading
from .table import SWITCHES, Switch


def read_switches(torch: Any, environ: Mapping[str, str]) -> Dict[str, Dict[str, Any]]:
    """Return `{"value": …, "origin": …}` by name; for what cannot be read, its status in the place of both.

    `origin` is `environment` where a variable that governs the switch is set and took effect, `code` where the value
    is not torch's own and no variable explains it, else `default`. A variable that is set and did not get its way
    stands in `asked`: `OMP_NUM_THREADS=8` may give two threads.
    """
    return {switch.name: _told(switch, torch, environ) for switch in SWITCHES}


def _told(switch: Switch, torch: Any, environ: Mapping[str, str]) -> Dict[str, Any]:
    value = reading(lambda: switch.read(torch, environ))
    if isinstance(value, dict):
        return value
    texts = [environ[name] for name in switch.variables if environ.get(name)]
    is_default = _is_default(switch, torch, value)
    if any(_asks_for(switch.asks, text, value) for text in texts) or (texts and not is_default):
        origin = "environment"
    else:
        origin = "default" if is_default else "code"
    told = {"value": _shown(value), "origin": origin}
    return told if not texts or _asks_for(switch.asks, texts[0], value) else {**told, "asked": _shown(texts[0])}


def _is_default(switch: Switch, torch: Any, value: Any) -> bool:
    return bool(switch.default(torch, value)) if callable(switch.default) else bool(value == switch.default)


def _asks_for(asks: Callable[[str], Any], text: str, value: Any) -> bool:
    return bool(asks(text) == value)


def _shown(value: Any) -> Any:
    """Return a value of a variable as it may be shown: a text could reveal a place or a person."""
    return value if not isinstance(value, str) or is_harmless(value) else withheld(value)
