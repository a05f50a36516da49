"""From a channel as written to the places that its packages come from, and the names that may be shown."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from reprocheck.errors import InputError
from reprocheck.model.conda_settings import CondaSettings
from reprocheck.model.environments import CHANNEL_ALIAS
from reprocheck.model.redaction import public_url

_ANACONDA = "https://repo.anaconda.com"
_DEFAULTS = tuple(f"{_ANACONDA}/pkgs/{part}" for part in ("main", "r", "msys2"))
# A location of one of these names in `custom_channels` is a mirror; any other name there is a channel of its own.
_PUBLIC_NAMES = frozenset(
    {
        "anaconda",
        "bioconda",
        "conda-forge",
        "deepmodeling",
        "dglteam",
        "fastai",
        "fermi",
        "huggingface",
        "intel",
        "menpo",
        "microsoft",
        "msys2",
        "nvidia",
        "omnia",
        "openmm",
        "plotly",
        "pyg",
        "pytorch",
        "pytorch-lts",
        "pytorch-nightly",
        "pytorch-test",
        "pytorch3d",
        "r",
        "rapidsai",
        "rapidsai-nightly",
        "robostack",
        "salilab",
        "simpleitk",
        "xformers",
    }
)
_ANACONDA_NAME = re.compile(r"pkgs/(?:main|r|msys2|free|pro|mro)")
_URL = re.compile(r"^[A-Za-z][A-Za-z0-9+.\-]+://")
_LOCAL = re.compile(r"^(?:[./~\\]|[A-Za-z]:[/\\])")
_NAME = re.compile(r"^[A-Za-z0-9_][\w.\-]*(?:/[\w.\-]+)*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class CondaChannel:
    """One place of packages.

    `name` is what the lock names, `public_base` what stands in its package URLs. `base` is for fetching, may be a
    mirror and may hold credentials. All three end without a slash. Channels of one `group` rank alike, as those
    of `defaults` do.
    """

    name: str
    public_base: str
    base: str = field(repr=False)
    group: str | None = None

    def answers_to(self, text: str) -> bool:
        """Say whether `text::package` means this channel; a local folder answers to its own name too."""
        plain = text.rstrip("/")
        if plain in (self.name, self.public_base, self.base, self.group):
            return True
        return self.base.startswith("file://") and self.base.endswith(f"/{plain}")

    def public_package_url(self, url: str) -> str:
        """Return a package URL as it may be written: what was fetched with credentials is named without."""
        if url.startswith(f"{self.base}/"):
            url = self.public_base + url.removeprefix(self.base)
        return public_url(url)


def resolve_channels(
    addresses: Iterable[str],
    where: str,
    folder: Path,
    settings: CondaSettings | None = None,
    *,
    keep_mirror: bool = False,
) -> tuple[CondaChannel, ...]:
    """Return the channels in order of priority; `nodefaults` says nothing here, `defaults` stands for three.

    Relative folders are meant from `folder`. `settings` may have packages fetched from a mirror; the channel is
    still named by its canonical address, unless `keep_mirror` asks for the mirror's.

    Raises:
        InputError: an address that is neither a name, a URL nor a folder.
    """
    resolver = _Resolver(where, folder, settings or CondaSettings(), keep_mirror=keep_mirror)
    channels: dict[str, CondaChannel] = {}
    for address in addresses:
        for channel in resolver.resolve(address.strip().rstrip("/")):
            channels.setdefault(channel.base, channel)
    return tuple(channels.values())


class _Resolver:
    """What every address of one list is read with."""

    def __init__(self, where: str, folder: Path, settings: CondaSettings, *, keep_mirror: bool) -> None:
        self.where = where
        self.folder = folder
        self.settings = settings
        self.keep_mirror = keep_mirror
        self.multichannels = dict(settings.multichannels)

    def resolve(self, address: str) -> Iterator[CondaChannel]:
        if address == "nodefaults":
            return
        if address == "defaults":
            yield from map(self._default, self.settings.default_channels or _DEFAULTS)
        elif address in self.multichannels:
            for member in self.multichannels[address]:
                yield replace(self.single(member.rstrip("/")), group=address)
        else:
            yield self.single(address)

    def _default(self, address: str) -> CondaChannel:
        """Return a member of `defaults`, which a lock names by that word wherever it was fetched from."""
        found = self.single(address.rstrip("/"))
        part = _ANACONDA_NAME.search(found.public_base)
        if part and part.end() == len(found.public_base) and not self.keep_mirror:
            found = replace(found, public_base=f"{_ANACONDA}/{part.group()}")
        canonical = found.public_base.startswith(f"{_ANACONDA}/")
        return replace(found, name="defaults" if canonical else found.public_base, group="defaults")

    def single(self, address: str) -> CondaChannel:
        if _URL.match(address):
            # `$TOKEN` in an address is how conda-lock keeps a secret out of files; the lock keeps the reference.
            return _at(address)
        if _LOCAL.match(address):
            return _at((self.folder / Path(address).expanduser()).resolve().as_uri())
        if _NAME.match(address):
            return self._named(address)
        raise InputError(
            f"channel `{public_url(address)}` is neither a name, a URL nor a folder",
            where=self.where,
            why="channels look like `conda-forge`, `https://host/channel` or `./folder`",
            how="correct the channel",
        )

    def _named(self, name: str) -> CondaChannel:
        host = _ANACONDA if _ANACONDA_NAME.fullmatch(name) else CHANNEL_ALIAS
        canonical = CondaChannel(name=name, public_base=f"{host}/{name}", base=f"{host}/{name}")
        place, is_mirror = self._place(name, host)
        if place is None:
            return canonical
        known = _URL.match(place) or _LOCAL.match(place)
        found = self.single(place if known else f"https://{place}")
        return replace(canonical, base=found.base) if is_mirror and not self.keep_mirror else found

    def _place(self, name: str, host: str) -> tuple[str | None, bool]:
        """Return where the settings have `name`, None for where everybody has it, and whether that is a mirror."""
        if name in dict(self.settings.mirrors):
            return dict(self.settings.mirrors)[name], True
        custom = dict(self.settings.custom_channels)
        known = next((part for part in _and_parents(name) if part in custom), None)
        if known is not None:
            is_public = name.split("/")[0] in _PUBLIC_NAMES or bool(_ANACONDA_NAME.fullmatch(name))
            return f"{custom[known].rstrip('/')}/{name}", is_public
        if host == _ANACONDA or self.settings.channel_alias == CHANNEL_ALIAS:
            return None, False
        return f"{self.settings.channel_alias}/{name}", True


def _and_parents(name: str) -> Iterator[str]:
    """Yield `nvidia/label/x`, `nvidia/label`, `nvidia`: conda looks a channel up by its longest known beginning."""
    while name:
        yield name
        name = name.rpartition("/")[0]


def _at(address: str) -> CondaChannel:
    """Return the channel at a URL, named by it."""
    plain = address.rstrip("/")
    shown = public_url(plain)
    return CondaChannel(name=shown, public_base=shown, base=posixpath.expandvars(plain))
