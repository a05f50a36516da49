"""How one installed package differs from the lock's package of that name.

conda's are compared by version, build, and the hash of the archive, those of pip by version, and by what their origin
tells. The bytes count, not the place: the same archive from a mirror is no difference.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from reprocheck.model.locks import LockedPackage
from reprocheck.model.prefixes import UNKNOWN_VERSION, CondaRecord, Distribution, Origin, Package
from reprocheck.model.project_names import normalise_name
from reprocheck.model.redaction import public_url
from reprocheck.readers.conda_urls import read_conda_url
from reprocheck.rules.direct_origins import file_name, is_local
from reprocheck.rules.overlap_verdicts import are_one_version
from reprocheck.rules.wording import SHOWN_DIGITS

DriftKind = Literal["format", "channel", "origin", "archive", "commit", "build", "version", "missing", "extra"]

_FORMATS = (".conda", ".tar.bz2")
_REPOSITORIES = ("git+", "hg+", "bzr+", "svn+")
_COMMIT = r"[@#]([0-9a-f]{40,64})(?![0-9a-f])"


class Drift(NamedTuple):
    """One package that is not as the lock says; `said` goes on where the name of the installed package ends."""

    kind: DriftKind
    locked: LockedPackage | None
    installed: Package | None
    said: str = ""


def of_record(locked: LockedPackage, record: CondaRecord) -> Drift | None:
    """Compare a conda package with its record."""
    if is_folder(locked.url):
        return None
    if not are_one_version(locked.version, record.version):
        return Drift("version", locked, record, f"is installed, the lock holds version {locked.version}")
    if locked.build and locked.build != record.build:
        said = f"is installed in build `{record.build}`, the lock holds build `{locked.build}`"
        return Drift("build", locked, record, said)
    digests = _digests(locked, record)
    if digests and digests[1] == digests[2]:
        return None  # the same bytes, whichever mirror they came from
    here, wanted = _channels(locked, record)
    if digests and not _are_two_formats(locked.url, record.url):
        source = "" if here == wanted else f", from `{here}` instead of `{wanted}`"
        return Drift("archive", locked, record, f"{_of_another('name', *digests)}{source}")
    if here != wanted:
        return Drift("channel", locked, record, f"is installed from `{here}`, the lock takes it from `{wanted}`")
    return Drift("format", locked, record) if digests else None


def is_folder(url: str) -> bool:
    """Say whether a package is built from a folder when it is installed: then only its name says something."""
    return is_local(url) and not file_name(url).endswith((*_FORMATS, ".whl", ".tar.gz", ".zip"))


def _digests(locked: LockedPackage, record: CondaRecord) -> tuple[str, str, str] | None:
    """Return the kind of digest that both tell, that of what is installed, and that of the lock."""
    if record.sha256 and locked.sha256:
        return "sha256", record.sha256, locked.sha256
    return ("md5", record.md5, locked.md5) if record.md5 and locked.md5 else None


def _of_another(same: str, kind: str, here: str, wanted: str) -> str:
    digests = f"`{here[:SHOWN_DIGITS]}` instead of `{wanted[:SHOWN_DIGITS]}`"
    return f"is installed from another archive of the same {same}: {kind} {digests}"


def _channels(locked: LockedPackage, record: CondaRecord) -> tuple[str, str]:
    """Return the channel of what is installed and that of the lock, the same twice where one of them is not told."""
    wanted = read_conda_url(public_url(locked.url))[1]
    here = read_conda_url(record.url)[1] or record.channel
    return (here, wanted) if here and wanted else ("", "")


def _are_two_formats(one: str, other: str) -> bool:
    """Say whether two addresses end in the two formats of archives: they hold one build, under two digests."""
    ends = {end for url in (one, other) for end in _FORMATS if file_name(url).endswith(end)}
    return len(ends) == len(_FORMATS)


def of_distribution(locked: LockedPackage, item: Distribution) -> Drift | None:
    """Compare a pip package with what is installed; beside the version, only an origin tells something."""
    if is_folder(locked.url) or item.version == UNKNOWN_VERSION:
        return None
    if locked.version and not are_one_release(locked.version, item.version):
        return Drift("version", locked, item, f"is installed, the lock holds version {locked.version}")
    origin, is_repository = item.origin, locked.url.startswith(_REPOSITORIES)
    if origin is None or origin.kind in ("editable", "folder"):
        return None
    if (origin.kind == "vcs") != is_repository:
        here, wanted = ("an archive", "a repository") if is_repository else ("a repository", "an archive")
        return Drift("origin", locked, item, f"is installed from {here}, the lock takes {wanted}")
    return _of_commit(locked, item, origin) if is_repository else _of_archive(locked, item, origin)


def _of_commit(locked: LockedPackage, item: Distribution, origin: Origin) -> Drift | None:
    wanted = re.search(_COMMIT, locked.url)
    if origin.commit is None or wanted is None or origin.commit == wanted[1]:
        return None
    here, there = (commit[:SHOWN_DIGITS] for commit in (origin.commit, wanted[1]))
    return Drift("commit", locked, item, f"is installed at commit `{here}`, the lock holds commit `{there}`")


def _of_archive(locked: LockedPackage, item: Distribution, origin: Origin) -> Drift | None:
    kind, _, here = (origin.digest or "").partition("=")
    if kind != "sha256" or locked.sha256 in (None, here):
        return None
    return Drift("archive", locked, item, _of_another("version", kind, here, locked.sha256))


def of_the_other(locked: LockedPackage, other: Package) -> Drift | None:
    """Compare versions only where both are called the same: conda counts those of some projects its own way."""
    same_name = normalise_name(locked.name) == normalise_name(other.name)
    if not same_name or not locked.version or are_one_release(locked.version, other.version):
        return None
    said = f"is installed, the lock holds {locked.manager}'s version {locked.version}"
    return Drift("version", locked, other, said)


def are_one_release(one: str, other: str) -> bool:
    """Say whether two versions are equal after PEP 440: 1.0 is 1.0.0, and 2.6.0+cu124 is not 2.6.0."""
    if one == other:
        return True
    # Imported where it is needed: nearly all versions are spelled as the lock spells them.
    from packaging.version import Version

    try:
        return Version(one) == Version(other)
    except ValueError:  # no version, or a number of more digits than Python reads
        return are_one_version(one, other)
