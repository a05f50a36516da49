"""From what uv said when it could not install to an error for people."""

from __future__ import annotations

import re
from collections.abc import Mapping

from reprocheck.errors import InputError, ReprocheckError, UndecidedError
from reprocheck.locking.installing.cache_check import wrong_archive
from reprocheck.locking.pip_part.uv_failure import UvFailure, plain_reason, read_failure, undecided
from reprocheck.model.locks import LockedPackage
from reprocheck.model.project_names import normalise_name
from reprocheck.model.redaction import public_url

_MISMATCH = re.compile(
    r"Hash mismatch for `(?P<name>[\w.-]+)[^`]*`\s+"
    r"Expected:\s+(?:\w+:[0-9a-f]+\s+)+Computed:\s+sha256:(?P<found>[0-9a-f]+)"
)
_NO_FIT = re.compile(r"Package `(?P<name>[^`]+)` can't be installed because (?P<why>.+)")
_NO_ROOM = re.compile(r"No space left|Permission denied|Read-only file system|Disk quota", re.IGNORECASE)
_GONE = re.compile(r"failed to query metadata of file", re.IGNORECASE)
_NOT_BUILT = re.compile(r"^Failed to build|build backend|build-system\.requires", re.IGNORECASE)
_SETTINGS = re.compile(r"^(?:failed to (?:open|read from) file|Failed to parse:) `?(?P<path>[^`]*?\.toml)(?:`|$)")
_SUBJECT = re.compile(r"^Failed to (?:[a-z]+ )*`?(?P<name>[\w.-]+?)(?:==| @ |`)")
_LONGEST = 300


def install_failure(stderr: str, packages: Mapping[str, LockedPackage], *, offline: bool) -> ReprocheckError:
    """Return the error that a failed `uv pip install` of `packages`, by normalised name, stands for.

    `stderr` is without credentials.
    """
    mismatch = _MISMATCH.search(stderr)
    if mismatch and (package := packages.get(normalise_name(mismatch["name"]))):
        return wrong_archive(package, public_url(package.url), mismatch["found"])
    failure = read_failure(stderr)
    no_fit = _NO_FIT.search(failure.explanation)
    if no_fit:
        return InputError(
            f"`{no_fit['name']}` does not fit the Python of the prefix",
            why=(failure.hints or (no_fit["why"],))[0],
            how="lock anew for this platform and this Python",
        )
    settings = _SETTINGS.search(failure.first)
    if settings:
        return InputError(
            "the settings of uv cannot be read",
            where=settings["path"],
            why=plain_reason(failure.explanation, _LONGEST),
            how="correct them; `UV_CONFIG_FILE` may name the file, else they are the user's own",
        )
    return _out_of_reach(failure, packages, offline=offline) or InputError(
        "uv cannot install the pip part",
        why=plain_reason(": ".join(dict.fromkeys([failure.first, failure.explanation])), _LONGEST) or "it does not say",
        how="lock anew with `reprocheck lock`",
        detail=stderr,
    )


def _out_of_reach(failure: UvFailure, packages: Mapping[str, LockedPackage], *, offline: bool) -> UndecidedError | None:
    """Return the error for what stands in the way and says nothing of the lock: network, disk, a build."""
    said = "\n".join([failure.first, *failure.causes])
    what, where = "the pip part cannot be installed", ""
    subject = _SUBJECT.search(failure.first)
    if subject and (package := packages.get(normalise_name(subject["name"]))):
        verb = "built" if _NOT_BUILT.search(said) else "fetched"
        what, where = f"`{package.name} {package.version}` cannot be {verb}", public_url(package.url)
    known = undecided(failure, offline=offline)
    if _GONE.search(said):
        why, how = "no such file, and the lock names it", "put it there, or lock anew"
    elif _NO_ROOM.search(said):
        why, how = failure.explanation, "make room, or make the folder writable, then run again: it goes on from there"
    elif known is None:
        return None
    elif _NOT_BUILT.search(said) and "--offline" not in known.how:
        why, how = known.why, "lock a version that has wheels, or see under `-v` what its build lacks"
    else:
        why, how = known.why, known.how
    return UndecidedError(what, where=where, why=why, how=how, detail=said)
