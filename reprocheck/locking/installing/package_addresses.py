"""Where a locked conda package is really fetched from, and the address without secrets that it is known by.

A lock keeps a secret out by a reference (`https://$USER:$TOKEN@host/channel`, `…/t/$TOKEN/channel`). rattler writes
the URL that it is given into `conda-meta`, so it is given the plain one; what really goes over the wire is told to
its client alone, as mirrors and credentials in memory. Mirrors of `.condarc` go the same way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from reprocheck.errors import InputError
from reprocheck.locking.pip_part.pip_addresses import Addresses
from reprocheck.locking.solving.channels import resolve_channels
from reprocheck.model.conda_settings import CondaSettings
from reprocheck.model.locks import LockedPackage
from reprocheck.model.redaction import public_url
from reprocheck.readers.conda_urls import read_conda_url

_USER = re.compile(r"(?<=://)[^/?#]*@")
_TOKEN = re.compile(r"/t/[^/]+(?=/)")
_SECRET_PLACES = re.compile(r"(?<=://)[^/?#]*@|/t/[^/]+")
_VARIABLE = re.compile(r"\$\{?(\w+)")
_ENDS_A_PART = re.compile(r"[\s/?#@\x00-\x1f]")
_ON_MIRRORS = ("https://conda.anaconda.org/", "https://repo.anaconda.com/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """Plain URLs by the URL of the lock; `mirrors` are real channel addresses by plain ones; `users` by host."""

    plain: Mapping[str, str]
    mirrors: Mapping[str, str] = field(repr=False)
    users: Mapping[str, tuple[str, str]] = field(repr=False)

    def hide(self, text: str) -> str:
        """Return what a client says, with the addresses that the packages are known by."""
        for plain, real in self.mirrors.items():
            text = text.replace(real, plain)
        for secret in sorted({part for user in self.users.values() for part in user if len(part) > 1}):
            text = text.replace(secret, "<secret>")
        return text


def routes_of(
    packages: Sequence[LockedPackage], lock_folder: Path, environ: Mapping[str, str], settings: CondaSettings
) -> Routes:
    """Return how the packages are reached.

    Raises:
        InputError: an address refers to a variable that is not set, or to an address that cannot be read.
    """
    addresses = Addresses(folder=lock_folder, written=tuple(package.url for package in packages), environ=environ)
    plain: dict[str, str] = {}
    mirrors: dict[str, str] = {}
    users: dict[str, tuple[str, str]] = {}
    for package in packages:
        _refuse_odd_secrets(package.url, environ)
        full = addresses.to_fetch(package.url) if "$" in package.url else package.url
        plain[package.url] = without_secrets(full)
        base = plain[package.url].rsplit("/", 2)[0]
        if base.startswith("file://"):
            _parts_of(base, base)
        elif base not in mirrors:
            mirrors[base] = _real_base(full.rsplit("/", 2)[0], base, package, settings)
            _keep_user(mirrors[base], base, users)
    real = {base: _USER.sub("", address) for base, address in mirrors.items()}
    return Routes(plain=plain, mirrors={base: at for base, at in real.items() if at != base}, users=users)


def _refuse_odd_secrets(url: str, environ: Mapping[str, str]) -> None:
    """Refuse a secret that would end before its place in the address does: what is behind would be taken for plain."""
    for place in _SECRET_PLACES.finditer(url):
        for name in _VARIABLE.findall(place[0]):
            if _ENDS_A_PART.search(environ.get(name, "")):
                raise InputError(
                    f"the value of `{name}` cannot stand in an address",
                    where=public_url(url),
                    why="it holds white space or one of `/`, `?`, `#`, `@`, which end a name, a password or a token",
                    how="percent-encode it, as in `%2F` for `/`",
                )


def without_secrets(url: str) -> str:
    """Return the URL of a package without user, token, query and fragment."""
    return public_url(_TOKEN.sub("", _USER.sub("", url.partition("#")[0])))


def _real_base(full: str, base: str, package: LockedPackage, settings: CondaSettings) -> str:
    """Return where a channel is: as the lock says, unless `.condarc` has a mirror of it."""
    name = read_conda_url(package.url)[1]
    if full != base or not base.startswith(_ON_MIRRORS) or not name:
        return full
    channels = resolve_channels([name], ".condarc", Path(), settings)
    return channels[0].base if channels and channels[0].public_base == base else full


def _keep_user(address: str, base: str, users: dict[str, tuple[str, str]]) -> None:
    """Note who asks at the host; rattler looks the plain one up before it goes to the mirror."""
    parts, host = _parts_of(address, base), _parts_of(base, base).hostname
    user = (unquote(parts.username or ""), unquote(parts.password or ""))
    if host and any(user):
        users.setdefault(host, user)


def _parts_of(address: str, base: str) -> SplitResult:
    try:
        parts = urlsplit(address)
        _ = parts.port  # what is no number raises here
    except ValueError as error:
        raise InputError(
            "the address of a channel cannot be read",
            where=public_url(base),
            why="its host or its port is none",
            how="correct it in the lock, or the variable that it refers to",
        ) from error
    return parts
