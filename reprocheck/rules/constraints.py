"""Whether a pip line can live with what conda was told to install.

Conda: `==1.2` and `1.2` are that version, `=1.2` and `1.2.*` any that begins so. Pip: PEP 440.
Source: docs.conda.io "Package match specifications"; PEP 440, "Version specifiers".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from reprocheck.model.conda_versions import constraint_admits
from reprocheck.model.data_classes import dataclass
from reprocheck.model.environments import PipRequirement
from reprocheck.model.plain_pip_specs import plainly_contains

if TYPE_CHECKING:
    from packaging.specifiers import Specifier, SpecifierSet

Relation = Literal["meets", "contradicts", "replaces", "open"]
"""The conda side meets the pip line, contradicts it, pip installs in any case, or it depends on the solver."""

_PIN = re.compile(r"^(?P<operator>={0,2})(?P<version>\d[^\s=<>!~,|*]*?)(?P<star>\.?\*)?$")
_ONE_VERSION = re.compile(r"^={2,3}\s*(?P<version>[^,*\s]+)$")
_LETTERED = re.compile(r"\d[a-z]$")  # conda's 2023c comes after 2023b; PEP 440 reads a release candidate
_LATE = "9999"
_WORST_FIRST: tuple[Relation, ...] = ("contradicts", "replaces", "open", "meets")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One version that a conda constraint names; `exact` when no later patch release fits as well."""

    version: str
    exact: bool


def pin_of(constraint: str | None) -> Pin | None:
    """Return the version that a conda constraint pins, None for ranges and for none."""
    found = _PIN.match(constraint.strip()) if constraint else None
    if not found:
        return None
    fuzzy = found["operator"] == "=" or found["star"] is not None
    return Pin(version=found["version"], exact=not fuzzy)


def relate(constraint: str | None, requirement: PipRequirement) -> Relation:
    """Say how a pip line stands to conda's constraint on the same project, or to `==` and the version it has locked."""
    if requirement.kind in ("url", "path", "editable"):
        return "replaces"
    if requirement.kind != "requirement":
        return "open"
    if not requirement.specifier:
        return "meets"
    pin = pin_of(constraint)
    if pin and pin.exact and not _LETTERED.search(pin.version):
        plain = plainly_contains(requirement.specifier, pin.version)
        if plain is not None:
            return "meets" if plain else "contradicts"
    # packaging takes longer to import than the whole check may take, and few overlaps need it.
    from packaging.specifiers import SpecifierSet

    try:
        wanted = SpecifierSet(requirement.specifier)
        return _relate_pin(pin, wanted) if pin else _relate_range(SpecifierSet(constraint or ""), wanted)
    except ValueError:  # neither version nor specifier, or with a number of more digits than Python reads
        return "open"


def pip_admits(specifier: str, version: str) -> bool:
    """Say whether a version meets a specifier of pip's; True where one of the two cannot be read."""
    plain = plainly_contains(specifier, version)
    if plain is not None:
        return plain
    # Imported where they are needed, see above.
    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

    try:
        return SpecifierSet(specifier).contains(Version(version), prereleases=True)
    except ValueError:  # neither version nor specifier, or with a number of more digits than Python reads
        return True


def worst_of(relations: Iterable[Relation]) -> Relation:
    """Return the relation that costs most."""
    return min(relations, key=_WORST_FIRST.index)


def joined(one: str | None, other: str | None) -> str | None:
    """Return one constraint that says what both say, None where none is sure to be met, or one is not plain.

    Of a pin and what admits it that is the pin. Ranges are joined where a version that one names, or the one after it,
    meets both.
    """
    if one is None or other is None:
        return None
    if not one or not other or one == other:
        return one or other or None
    for pinned, free in ((one, other), (other, one)):
        pin = pin_of(pinned)
        if pin:
            return pinned if pin.exact and constraint_admits(free, pin.version) else None
    named = re.findall(r"\d+(?:\.\d+)*", f"{one},{other}")
    tried = ["0", *(found for version in named for found in (version, f"{version}.1"))]
    fits = any(constraint_admits(one, version) and constraint_admits(other, version) for version in tried)
    return f"{one},{other}" if fits and "|" not in one + other else None


def _relate_pin(pin: Pin, wanted: SpecifierSet) -> Relation:
    one = _one_version(wanted)
    if _LETTERED.search(pin.version):
        return "open"
    if wanted.contains(pin.version, prereleases=True):
        # `=2.2` may become 2.2.1, which `==2.2` refuses; `=2.2.2` can become nothing else.
        return "open" if one and not pin.exact and not _is_whole(pin.version) else "meets"
    if pin.exact:
        return "contradicts"
    reachable = (
        one.startswith(f"{pin.version}.") if one else wanted.contains(f"{pin.version}.{_LATE}", prereleases=True)
    )
    return "open" if reachable else "contradicts"


def _relate_range(range_: SpecifierSet, wanted: SpecifierSet) -> Relation:
    one = _one_version(wanted)
    if one and not range_.contains(one, prereleases=True):
        return "contradicts"
    return "meets" if all(_implies(range_, bound) for bound in wanted) else "open"


def _implies(range_: SpecifierSet, bound: Specifier) -> bool:
    """Say whether whatever a range admits is within one bound: `>=2.2.2` is within `>=2.0`."""
    rising = bound.operator in (">=", ">")
    if not rising and bound.operator not in ("<=", "<"):
        return False
    limits = [part for part in range_ if part.operator[0] == bound.operator[0]]
    return any(
        (part.version == bound.version and part.operator in (bound.operator, bound.operator[0]))
        or bound.contains(part.version, prereleases=True)
        for part in limits
    )


def _one_version(wanted: SpecifierSet) -> str | None:
    """Return the one version that pip was told to install, None for ranges."""
    found = _ONE_VERSION.match(str(wanted))
    return found["version"] if found else None


def _is_whole(version: str) -> bool:
    return version.count(".") >= 2
