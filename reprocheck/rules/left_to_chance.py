"""What the rules about switches share: whether one can matter here, and what is known of it, as evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reprocheck.facts.switches import all_switches
from reprocheck.model.json_documents import dump_line
from reprocheck.rules.facts import Facts, Unseen

if TYPE_CHECKING:
    # For annotations only: `check` asks no Python.
    from reprocheck.model.numeric_switches import Switch, SwitchesInForce

_BY = {"default": "nobody set it", "environment": "the environment set it", "code": "code set it"}


def switches_in(facts: Facts) -> SwitchesInForce | None:
    """Return the switches of the Python that was asked, None where none was."""
    return None if isinstance(facts.switches, Unseen) else facts.switches


def uses_cuda(facts: Facts, switches: SwitchesInForce) -> bool:
    """Say whether what is set for CUDA can matter: a build with CUDA, and a GPU there or meant."""
    return switches.cuda is not None and (switches.gpus > 0 or facts.expects_gpu)


def in_words(switches: SwitchesInForce, *names: str) -> tuple[str, ...]:
    """Return the value of each switch, who set it and who said so; what is not there is left out."""
    return tuple(
        f"`{name}` is {shown(switches, name)} according to {switches.source}: {_by_whom(switches.switches[name])}"
        for name in names
        if name in switches.switches
    )


def _by_whom(switch: Switch) -> str:
    return f"`{switch.asked}` was asked for" if switch.asked else _BY.get(switch.origin, switch.origin)


def shown(switches: SwitchesInForce, name: str) -> str:
    """Return the value of a switch for people."""
    value = switches.value(name)
    if isinstance(value, bool):
        return "on" if value else "off"
    return value if isinstance(value, str) else dump_line(value)


def known_effect(name: str) -> str:
    """Return what the table knows of the effect of a switch on bits, and what that rests on."""
    known = all_switches()[name]
    families = f" ({', '.join(known.families)})" if known.families else ""
    return f"{known.what}: {known.effect}{families}; {known.basis}"
