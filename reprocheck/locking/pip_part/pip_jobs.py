"""What the resolver of the pip part is asked and what it answers, in words that know no resolver."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from reprocheck.errors import ReprocheckError
from reprocheck.facts.name_map import NameMap, load_name_map
from reprocheck.model.environments import CondaSpec, PipRequirement
from reprocheck.model.locks import LockedPackage
from reprocheck.model.virtual_packages import VirtualPackage


@dataclass(frozen=True, slots=True, kw_only=True)
class PipIndexes:
    """Where the pip part comes from; addresses may hold credentials and are for fetching only.

    `index_url` None means the resolver's default. Of several indexes that have a project, the first of
    `extra_index_urls`, then `index_url`, is the only one for it; the files of `find_links` stand beside it. Local paths
    are meant from the folder of the request; `$VAR` and `${VAR}` are replaced to fetch, and stay in what is locked.
    """

    index_url: str | None = field(default=None, repr=False)
    extra_index_urls: tuple[str, ...] = field(default=(), repr=False)
    find_links: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PipJob:
    """The pip part of one platform, against the conda packages that were solved for it (`python` among them).

    `requirements` and `constraints` are those whose `# [selector]` holds there; markers are not looked at yet.
    `preferred` are pip packages of the old lock that stay as they are wherever the requirements let them.
    """

    platform: str
    virtual_packages: tuple[VirtualPackage, ...]
    requirements: tuple[PipRequirement, ...]
    constraints: tuple[PipRequirement, ...]
    conda: tuple[LockedPackage, ...]
    preferred: tuple[LockedPackage, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PipRequest:
    """Jobs over the same indexes. `folder` is where relative paths are meant from.

    `names` tell which projects conda packages provide.
    """

    jobs: tuple[PipJob, ...]
    indexes: PipIndexes
    folder: Path
    timeout_s: int
    offline: bool = False
    exclude_newer: datetime | None = None
    cache_folder: Path | None = None
    names: NameMap = field(default_factory=load_name_map)


@dataclass(frozen=True, slots=True, kw_only=True)
class PipSolved:
    """The pip packages of one platform, sorted by name, none of which conda provides.

    `notes` say what was seen and not locked: local paths, editable installs.
    """

    job: PipJob
    packages: tuple[LockedPackage, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PipClash:
    """A requirement that the conda package which provides the project does not meet.

    `specifier` is the PEP 440 constraint that was asked for, `wanted_by` who asks: the text of a declared line, or
    `NAME VERSION` of a package. `against` are the conda specs that forbid to meet it, where that was tried.
    """

    job: PipJob
    project: str
    provided_by: LockedPackage
    specifier: str
    wanted_by: str
    against: tuple[CondaSpec, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PipUnsolved:
    """No solution for another reason than what conda provides; `error` says it for people."""

    job: PipJob
    error: ReprocheckError


PipAnswer = PipSolved | PipClash | PipUnsolved
