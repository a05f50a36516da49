"""Why a fleet has the outcome that it has, in one line."""

from __future__ import annotations

from reprocheck.model.fleets import Fleet


def fleet_reason(fleet: Fleet) -> str:
    """Return what stands behind the outcome."""
    if fleet.outcome == "alike":
        return f"{counted(fleet.world_size, 'rank')} compute the same bits"
    if fleet.outcome == "undecided":
        return "one rank alone is compared with nothing" if fleet.world_size == 1 else "not all ranks could be compared"
    return "; ".join(filter(None, (_groups(fleet), _unsteady(fleet), _sums(fleet))))


def counted(number: int, noun: str) -> str:
    """Return `1 rank` or `2 ranks`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _groups(fleet: Fleet) -> str:
    if len(fleet.groups) < 2:  # all alike
        return ""
    sizes = [len(group.ranks) for group in fleet.groups]
    if fleet.tied:
        equal = sizes.count(sizes[0])
        return f"{equal} groups of equal size, {counted(sizes[0], 'rank')} each: none of them is the usual one"
    odd = sum(sizes[1:])
    return f"{odd} of {counted(fleet.world_size, 'rank')} {'computes' if odd == 1 else 'compute'} other bits"


def _unsteady(fleet: Fleet) -> str:
    number = len(fleet.unsteady)
    verb = "does not repeat itself" if number == 1 else "do not repeat themselves"
    return f"{counted(number, 'rank')} {verb}" if number else ""


def _sums(fleet: Fleet) -> str:
    number = len(fleet.wrong_sums)
    return f"{counted(number, 'sum')} over all ranks {'is' if number == 1 else 'are'} wrong" if number else ""
