"""What a `.condarc` says about channels and the network, as data."""

from __future__ import annotations

from dataclasses import dataclass, field

from reprocheck.model.environments import CHANNEL_ALIAS


@dataclass(frozen=True, slots=True, kw_only=True)
class CondaSettings:
    """conda's own settings, as far as a lock depends on them; pairs are sorted by key.

    `channel_alias` goes before a plain channel name, `custom_channels` are locations of single names,
    `multichannels` are names that stand for several channels, `default_channels` is what `defaults` stands for
    (empty: Anaconda's three). `mirrors` are whole addresses of a channel, the first of which is asked. `proxies` are
    (scheme, URL) pairs. Addresses may hold credentials and `$VAR` references. `notes` say what could not be honoured.
    """

    channel_alias: str = field(default=CHANNEL_ALIAS, repr=False)
    custom_channels: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    multichannels: tuple[tuple[str, tuple[str, ...]], ...] = field(default=(), repr=False)
    default_channels: tuple[str, ...] = field(default=(), repr=False)
    mirrors: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    proxies: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    verify_tls: bool = True
    notes: tuple[str, ...] = ()
