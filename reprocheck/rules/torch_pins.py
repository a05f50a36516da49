"""Which releases an environment.yml pins of torch, of what goes with it, and of Python."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from reprocheck.facts.cuda_versions import Numbers, numbers
from reprocheck.facts.torch_companions import padded, plain_release
from reprocheck.model.environments import CondaSpec, EnvironmentFile, PipRequirement
from reprocheck.rules.constraints import Pin, pin_of
from reprocheck.rules.declarations import Declaration, manager_of, platforms_of

CONDA_TORCHES = ("pytorch", "pytorch-gpu", "pytorch-cpu")

_WHEEL_VERSION = r"/[A-Za-z0-9_.]+-(?P<version>\d[^-/]*)-[^/]*\.whl"


class Pinned(NamedTuple):
    """A declared entry and the releases that it leaves."""

    entry: Declaration
    pin: Pin

    @property
    def manager(self) -> str:
        """Return whose entry it is: `conda` or `pip`."""
        return manager_of(self.entry)

    def admits(self, release: Numbers) -> bool:
        """Say whether a release is one of those that the pin leaves."""
        wanted = numbers(self.pin.version)
        return padded(release) == padded(wanted) if self.pin.exact else release[: len(wanted)] == wanted


def pinned(entry: Declaration) -> Pinned | None:
    """Return the entry with what it pins, None for ranges, for none, and for what is no final release."""
    pin = pin_of(_constraint(entry))
    release = plain_release(pin.version) if pin else None
    if pin is None or release is None:
        return None
    # `=2.1` may become 2.1.2; `=2.1.0` can become nothing else.
    return Pinned(entry, Pin(version=release, exact=pin.exact or len(numbers(release)) > len(("major", "minor"))))


def pinned_named(environment: EnvironmentFile, *, conda: tuple[str, ...], pip: tuple[str, ...]) -> Iterator[Pinned]:
    """Yield the pinned entries of these names, those of pip first, since pip installs last."""
    entries: tuple[Declaration, ...] = (
        *(item for item in environment.pip if item.name in pip),
        *(spec for spec in environment.conda if spec.name in conda),
    )
    yield from (found for entry in entries if not is_conditional(entry) and (found := pinned(entry)))


def is_conditional(entry: Declaration) -> bool:
    """Say whether a marker asks for more than the system: whether such a line stands, its Python decides."""
    marker = entry.marker if isinstance(entry, PipRequirement) else None
    return marker is not None and any(word in marker for word in ("python", "machine", "implementation", "extra"))


def pinned_torches(environment: EnvironmentFile) -> tuple[Pinned, ...]:
    """Return the pinned torches of both managers."""
    return tuple(pinned_named(environment, conda=CONDA_TORCHES, pip=("torch",)))


def pinned_python(environment: EnvironmentFile) -> Pinned | None:
    """Return the pinned Python, None where its minor release is left open."""
    found = next(pinned_named(environment, conda=("python",), pip=()), None)
    return found if found and len(numbers(found.pin.version)) > 1 else None


def meet(one: Declaration, other: Declaration, environment: EnvironmentFile) -> bool:
    """Say whether two entries stand on one platform."""
    return bool(platforms_of(one, environment) & platforms_of(other, environment))


def _constraint(entry: Declaration) -> str | None:
    if isinstance(entry, CondaSpec):
        return entry.version
    if entry.kind == "requirement":
        return entry.specifier
    # Imported on use: few lines are URLs.
    from urllib.parse import unquote

    found = re.search(_WHEEL_VERSION, unquote(entry.text)) if entry.kind in ("url", "path") else None
    return f"=={found['version']}" if found else None
