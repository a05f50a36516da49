"""From a channel as written to the places that its packages come from, and the names that may be shown."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from reprocheck.errors import InputError
from reprocheck.model.redaction import public_url

CHANNEL_ALIAS = "https://conda.anaconda.org"
_DEFAULTS = tuple(f"https://repo.anaconda.com/pkgs/{part}" for part in ("main", "r", "msys2"))
_URL = re.compile(r"^[A-Za-z][A-Za-z0-9+.\-]+://")
_LOCAL = re.compile(r"^(?:[./~\\]|[A-Za-z]:[/\\])")
_NAME = re.compile(r"^[A-Za-z0-9_][\w.\-]*(?:/[\w.\-]+)*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class CondaChannel:
    """One place of packages.

    `name` is what the lock names, `public_base` what stands in its package URLs. `base` is for fetching and
    may hold credentials. All three end without a slash.
    """

    name: str
    public_base: str
    base: str = field(repr=False)

    def answers_to(self, text: str) -> bool:
        """Say whether `text::package` means this channel; a local folder answers to its own name too."""
        plain = text.rstrip("/")
        if plain in (self.name, self.public_base, self.base):
            return True
        return self.base.startswith("file://") and self.base.endswith(f"/{plain}")

    def public_package_url(self, url: str) -> str:
        """Return a package URL as it may be written: what was fetched with credentials is named without."""
        if url.startswith(f"{self.base}/"):
            url = self.public_base + url.removeprefix(self.base)
        return public_url(url)


def resolve_channels(addresses: Iterable[str], where: str, folder: Path) -> tuple[CondaChannel, ...]:
    """Return the channels in order of priority; `nodefaults` says nothing here, `defaults` stands for three.

    Relative folders are meant from `folder`.

    Raises:
        InputError: an address that is neither a name, a URL nor a folder.
    """
    channels: dict[str, CondaChannel] = {}
    for address in addresses:
        for channel in _resolve(address.strip().rstrip("/"), where, folder):
            channels.setdefault(channel.base, channel)
    return tuple(channels.values())


def _resolve(address: str, where: str, folder: Path) -> tuple[CondaChannel, ...]:
    if address == "nodefaults":
        return ()
    if address == "defaults":
        return tuple(CondaChannel(name="defaults", public_base=base, base=base) for base in _DEFAULTS)
    if _URL.match(address):
        # `$TOKEN` in an address is how conda-lock keeps a secret out of files; the lock keeps the reference.
        shown = public_url(address)
        return (CondaChannel(name=shown, public_base=shown, base=posixpath.expandvars(address)),)
    if _LOCAL.match(address):
        uri = (folder / Path(address).expanduser()).resolve().as_uri()
        return (CondaChannel(name=uri, public_base=uri, base=uri),)
    if _NAME.match(address):
        url = f"{CHANNEL_ALIAS}/{address}"
        return (CondaChannel(name=address, public_base=url, base=url),)
    raise InputError(
        f"channel `{public_url(address)}` is neither a name, a URL nor a folder",
        where=where,
        why="channels look like `conda-forge`, `https://host/channel` or `./folder`",
        how="correct the channel",
    )
