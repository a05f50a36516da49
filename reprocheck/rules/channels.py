"""The channels of an environment file under their plain names, whatever address leads to them.

Source: docs.conda.io "Managing channels" and "Mirroring channels"; conda/base/constants.py (the alias `defaults`).
"""

from __future__ import annotations

import re
from typing import Final

from reprocheck.model.environments import CHANNEL_ALIAS, Channel, CondaSpec, EnvironmentFile
from reprocheck.model.findings import Edit, Location
from reprocheck.rules.mends import match_item, put_in_item

DEFAULTS: Final = "defaults"
CONDA_FORGE: Final = "conda-forge"
PYTORCH: Final = "pytorch"
NO_DEFAULTS: Final = "nodefaults"

# The channels of Anaconda, Inc.: conda's alias, the same with a letter lost, and its parts by name.
_ANACONDAS = frozenset(
    {"defaults", "default", "anaconda", "main", "free", "pkgs/main", "pkgs/free", "pkgs/r", "pkgs/msys2"}
)
_ANACONDAS_PATH = re.compile(r"(?:^|/)pkgs/(?:main|free|r|msys2|pro|mro)$")
_CHANNEL_PATH = re.compile(r"(?:^|/)cloud/(?P<mirrored>[\w.\-]+)$")


def plain_name(channel: str) -> str:
    """Return `conda-forge` for its name, its URL, its labels and its mirrors, `defaults` for Anaconda's own channels.

    An address that is none of these comes back as it is.
    """
    name = channel.rstrip("/").partition("/label/")[0]
    if "://" in name:
        name = _name_in_url(name.partition("://")[2]) or channel
    return DEFAULTS if name in _ANACONDAS else name


def _name_in_url(address: str) -> str | None:
    path = re.sub(r"/t/[^/]+(?=/)", "", address)
    alias = CHANNEL_ALIAS.partition("://")[2] + "/"
    if path.startswith(alias):
        return path.removeprefix(alias)
    if _ANACONDAS_PATH.search(path):
        return DEFAULTS
    mirrored = _CHANNEL_PATH.search(path)
    return mirrored["mirrored"] if mirrored else None


def channel_names(environment: EnvironmentFile) -> tuple[str, ...]:
    """Return the plain names of the channels, the first to be asked first; `defaults` where the file names none."""
    return tuple(plain_name(channel.name) for channel in environment.channels) or (DEFAULTS,)


def rank_of(environment: EnvironmentFile, channel: str) -> int | None:
    """Return the place of a channel in the list, 0 for the first, None where it is not listed."""
    names = channel_names(environment)
    return names.index(channel) if channel in names else None


def place_of(environment: EnvironmentFile, channel: str) -> Location:
    """Return where a channel is listed first; the start of the file where it is not."""
    found = (item.location for item in environment.channels if plain_name(item.name) == channel)
    return next(found, environment.start)


def own_channel(spec: CondaSpec) -> str | None:
    """Return the plain name of the channel that a spec itself names, as in `pytorch::pytorch`."""
    return plain_name(spec.channel) if spec.channel else None


def rename_channel(environment: EnvironmentFile, channel: Channel, name: str | None) -> Edit | None:
    """Return the unsafe edit that writes `name` for a channel, or takes its line out for None.

    None where the line holds more than the channel and a comment.
    """
    number = channel.location.line
    found = match_item(environment, number, channel.address)
    if not found:
        return None
    lines = () if name is None else (put_in_item(found, name),)
    return Edit(path=environment.path, first=number, last=number, lines=lines, safe=False)
