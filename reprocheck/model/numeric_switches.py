"""The switches in force that change bits, as a Python told them: the value of each and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from reprocheck.model.fingerprints import unread_reason, unread_status, value_at
from reprocheck.model.json_documents import Json
from reprocheck.model.numeric_fingerprints import NumericFingerprint, numeric_fingerprint


class Switch(NamedTuple):
    """One switch: its value, where that comes from (default, environment or code), and what was asked for in vain."""

    value: Json
    origin: str
    asked: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchesInForce:
    """All switches of one Python.

    `source` says who told us, in words that fit after "according to". `unread` are the reasons of those that raised
    when they were asked; what this torch does not have is in neither. `cuda` is the CUDA of the build, None without
    one, `gpus` how many devices it sees. `measured` is what the probes gave, None where none were run; `document` is
    the fingerprint that all this was read from.
    """

    source: str
    torch: str
    switches: Mapping[str, Switch] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)
    cuda: str | None = None
    gpus: int = 0
    measured: NumericFingerprint | None = None
    document: Mapping[str, Json] = field(default_factory=dict, repr=False, compare=False)

    def value(self, name: str) -> Json:
        """Return the value of a switch, None where it is not known."""
        return self.switches[name].value if name in self.switches else None

    def is_left_open(self, name: str) -> bool:
        """Say whether a switch is there and nobody chose its value."""
        return name in self.switches and self.switches[name].origin == "default"


def switches_of(document: Mapping[str, Json], source: str) -> SwitchesInForce | str:
    """Return the switches that a fingerprint document tells, or in words why it tells none."""
    told = value_at(document, "runtime", "switches")
    if unread_status(told) or not isinstance(told, Mapping):
        return f"{source} tells no switches ({unread_reason(told)})"
    cuda = value_at(document, "software", "torch", "cuda")
    count = value_at(document, "runtime", "flags", "devices", "cudaCount")
    return SwitchesInForce(
        source=source,
        torch=str(value_at(document, "software", "torch", "version")),
        switches={name: _switch(entry) for name, entry in sorted(told.items()) if not unread_status(entry)},
        unread={name: unread_reason(entry) for name, entry in sorted(told.items()) if unread_status(entry) == "raises"},
        cuda=cuda if isinstance(cuda, str) else None,
        gpus=count if isinstance(count, int) else 0,
        measured=numeric_fingerprint(document),
        document=document,
    )


def _switch(entry: Json) -> Switch:
    asked = value_at(entry, "asked")
    shown = asked if isinstance(asked, str) else None
    return Switch(value_at(entry, "value"), str(value_at(entry, "origin")), shown)
