"""What every format of `diff` gets, and the words that they share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Protocol

from reprocheck.model.differences import CHANGES, Change, Compared, Difference, HeadDifference, PackageDifference

WORDS: Final[Mapping[Change, str]] = MappingProxyType(
    {
        "rehashed": "replaced under the same URL",
        "downgraded": "downgraded",
        "upgraded": "upgraded",
        "changed": "changed",
        "added": "added",
        "removed": "removed",
        "rebuilt": "rebuilt",
        "moved": "from another URL",
        "patched": "with other dependencies",
        "recategorised": "in another category",
    }
)
_NOTHING: Final[Mapping[Compared, str]] = MappingProxyType(
    {
        "locks": "no difference: the locks say the same",
        "environments": "no difference: the environment files ask for the same",
        "fingerprints": "no difference: the fingerprints say the same",
        "records": "no difference: fingerprints, locks and runs are the same",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffReport:
    """A difference, and whether the text may be coloured."""

    difference: Difference
    color: bool = False


class DiffFormat(Protocol):
    """One module of the registry: its name on the command line, and its text."""

    NAME: str

    def render(self, report: DiffReport) -> str:
        """Return the whole report, ending in a newline."""
        ...


def summary(difference: Difference) -> str:
    """Return one line that counts what differs, most telling first."""
    if difference.is_empty:
        return _NOTHING[difference.compared]
    entries = len(difference.head_to_read)
    computed = _computed(difference)
    counted = [f"{count} {WORDS[change]}" for change in CHANGES if (count := difference.count(change))]
    if not counted and not entries and computed:
        return computed
    if not counted and not entries:
        return "the lock's sources changed, no package did"
    if not counted:
        told = f"{entries} {'entry differs' if entries == 1 else 'entries differ'}{_aside(difference)}"
        return f"{told}; {computed}" if computed else told
    others = f"{entries} other {'change' if entries == 1 else 'changes'}"
    return ", ".join([*counted, *([others] if entries else [])])


def _computed(difference: Difference) -> str:
    """Return how much of what the machines compute differs, "" where nothing does."""
    numeric = difference.numeric
    if numeric is None or numeric.is_empty:
        return ""
    unlike = numeric.count("different") + numeric.count("rounding")
    unsteady = numeric.count("varying")
    lacking = len(numeric.probes) - unlike - unsteady
    told = [f"{unlike} {'probe differs' if unlike == 1 else 'probes differ'}"] if unlike else []
    told += [
        f"{unsteady} {'probe does not repeat itself' if unsteady == 1 else 'probes do not repeat themselves'}"
    ] * bool(unsteady)
    told += [f"{lacking} {'probe was' if lacking == 1 else 'probes were'} not compared"] if lacking else []
    if told:
        return ", ".join(told)
    return "a machine is at fault" if numeric.faults else "the measured arithmetic differs"


def _aside(difference: Difference) -> str:
    return ", but no package" if difference.compared in ("locks", "environments") else ""


def head_sides(head: HeadDifference) -> str:
    """Return both sides of what no package says."""
    if head.old is None:
        return f"added, {head.new}"
    if head.new is None:
        return f"removed, was {head.old}"
    return f"{head.old or '(none)'} -> {head.new or '(none)'}"


def package_name(package: PackageDifference) -> str:
    """Return the name, with the manager where it is not conda."""
    return package.name if package.manager == "conda" else f"{package.name} (pip)"


def side(text: str | None, difference: Difference) -> str:
    """Return a version, or a declared constraint, as people read it."""
    if text:
        return text
    return "any version" if difference.compared == "environments" else "of unknown version"


def everywhere(package: PackageDifference, difference: Difference) -> bool:
    """Say whether a package changed so on every platform that was compared."""
    return package.platforms == () or set(package.platforms) == set(difference.platforms)
