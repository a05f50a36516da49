"""Which channel has which names, and what strict priority makes of that.

conda's strict priority goes by name: the first channel that has a name, for the platform or `noarch`, hides that
name in every channel behind it. Channels of one group (`defaults`, a multichannel) rank alike.
Source: docs.conda.io "Managing channels", section "Strict channel priority"; "Multichannels".
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reprocheck.locking.solving.channels import CondaChannel
from reprocheck.model.environments import CondaSpec

NOARCH = "noarch"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelNames:
    """The names in every channel; the keys are (channel base, platform folder)."""

    channels: tuple[CondaChannel, ...]
    names: Mapping[tuple[str, str], frozenset[str]]

    def has(self, channel: CondaChannel, name: str, platform: str) -> bool:
        """Say whether a channel has a name for a platform, itself or in `noarch`."""
        return any(name in self.names.get((channel.base, folder), ()) for folder in (platform, NOARCH))

    def having(self, name: str, platform: str) -> tuple[CondaChannel, ...]:
        """Return the channels that have a name, in order of priority."""
        return tuple(channel for channel in self.channels if self.has(channel, name, platform))

    def visible(self, name: str, platform: str) -> tuple[CondaChannel, ...]:
        """Return the channels whose packages of this name strict priority leaves: the first, and its group."""
        having = self.having(name, platform)
        return tuple(channel for channel in having if rank(channel) == rank(having[0]))

    def meant_by(self, spec: CondaSpec, platform: str) -> tuple[CondaChannel, ...]:
        """Return the channels that may serve a spec: those it names, else those that strict priority leaves."""
        if spec.channel is None:
            return self.visible(spec.name, platform)
        named = [one for one in self.having(spec.name, platform) if one.answers_to(spec.channel)]
        return tuple(channel for channel in named if rank(channel) == rank(named[0]))

    def near(self, name: str, platform: str) -> tuple[str, ...]:
        """Return up to three names that look like `name`, the likeliest first."""
        known: set[str] = set()
        for channel in self.channels:
            known.update(*(self.names.get((channel.base, folder), frozenset()) for folder in (platform, NOARCH)))
        return tuple(difflib.get_close_matches(name, sorted(known - {name}), n=3, cutoff=0.8))


def rank(channel: CondaChannel) -> str:
    """Return what channels of equal priority have in common."""
    return channel.group or channel.base


def tiers(channels: Sequence[CondaChannel]) -> tuple[tuple[CondaChannel, ...], ...]:
    """Return the channels by rank, the highest first."""
    ranked: dict[str, list[CondaChannel]] = {}
    for channel in channels:
        ranked.setdefault(rank(channel), []).append(channel)
    return tuple(tuple(members) for members in ranked.values())
