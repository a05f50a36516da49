"""From what rattler's installer says of a failure to an error that a person can act on.

The messages are a chain of causes, the first of which names the archive and the last of which says most (tried on
py-rattler 0.28.0).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from reprocheck.errors import InputError, ReprocheckError, UndecidedError
from reprocheck.locking.installing.cache_check import wrong_archive
from reprocheck.model.locks import LockedPackage
from reprocheck.model.redaction import public_line

_ARCHIVE = re.compile(r"failed to (?:fetch|link|unlink) (?P<file>\S+\.(?:conda|tar\.bz2))")
_MISMATCH = re.compile(r"hash mismatch when extracting .*, got (?P<found>[0-9a-f]+)")
_STATUS = re.compile(r"HTTP status \w+ error \((?P<code>\d{3}) (?P<phrase>[^)]*)\)")
_URL = re.compile(r"[a-z]+://[^\s()]+")
_PATH = re.compile(r"[`'](?P<path>(?:/|[A-Za-z]:[/\\])[^`'\n]*)[`']")
_DISK = re.compile(
    r"No space left on device|Disk quota exceeded|Read-only file system|Permission denied|File too large"
)
_PACKAGE_FAULTS = ("target prefix cannot be longer than the placeholder prefix", "there is no python version specified")
_AGAIN = "run again: `create` goes on from there"


def install_failure(message: str, packages: Sequence[LockedPackage], *, offline: bool) -> ReprocheckError:
    """Return the error for `message`, which holds no secrets of ours any more."""
    lines = [public_line(line.strip()) for line in message.split("\n") if line.strip()]
    text, cause = "\n".join(lines), lines[-1].removeprefix("Caused by: ") if lines else "it does not say why"
    archive = _ARCHIVE.search(text)
    package = next(
        (item for item in packages if archive and item.url.partition("#")[0].endswith(f"/{archive['file']}")), None
    )
    who = f"`{package.name} {package.version}`" if package else f"`{archive['file']}`" if archive else "the conda part"
    where = found[0] if (found := _URL.search(text)) else ""
    if package and (mismatch := _MISMATCH.search(text)):
        return wrong_archive(package, where, mismatch["found"])
    if status := _STATUS.search(text):
        return _answered(who, where, status)
    if _DISK.search(text):
        path = _PATH.search(text)
        how = f"make room, or make the folder writable, and {_AGAIN}"
        return UndecidedError(f"{who} cannot be written", where=path["path"] if path else "", why=cause, how=how)
    if any(fault in text for fault in _PACKAGE_FAULTS):
        return _does_not_fit(who, cause)
    if archive and "failed to fetch" in archive[0]:
        how = "run once without `--offline`" if offline else f"check the network, and {_AGAIN}"
        return UndecidedError(f"{who} cannot be fetched", where=where, why=cause, how=how)
    return UndecidedError(f"{who} cannot be installed", where=where, why=cause, how=_AGAIN, detail=text)


def _answered(who: str, where: str, status: re.Match[str]) -> UndecidedError:
    why = f"the server answered `{status['code']} {status['phrase']}`"
    if status["code"] == "404":
        how = "the channel has it no more: lock anew, or fetch from a mirror that keeps it"
        return UndecidedError(f"{who} is gone from its channel", where=where, why=why, how=how)
    if status["code"] in ("401", "403", "407"):
        how = "have the lock name a variable with credentials, as in `https://$USER:$TOKEN@host/…`, or check them"
        return UndecidedError(f"access to {who} is refused", where=where, why=why, how=how)
    return UndecidedError(f"{who} cannot be fetched", where=where, why=f"{why} again and again", how="try again later")


def _does_not_fit(who: str, cause: str) -> InputError:
    if "placeholder" in cause:
        why = "its programs hold the path of the prefix, and this one is longer than the place for it"
        return InputError(f"{who} cannot be installed under so long a path", why=why, how="name a shorter prefix")
    why = "it is a Python package, and the lock has no `python`"
    return InputError(f"{who} cannot be installed", why=why, how="lock `python` too")
