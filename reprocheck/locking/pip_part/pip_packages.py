"""From what uv chose to locked packages: one file each, what they depend on, and notes on what is unusual."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reprocheck.errors import UnsatisfiableError
from reprocheck.locking.pip_part.pip_addresses import Addresses
from reprocheck.locking.pip_part.pip_edges import Dependencies
from reprocheck.locking.pip_part.pip_jobs import PipAnswer, PipJob, PipSolved, PipUnsolved
from reprocheck.locking.pip_part.provided_projects import ProvidedProject, Provision
from reprocheck.locking.pip_part.uv_log import Demand
from reprocheck.locking.pip_part.wheel_choice import WheelTarget, choose_file, wheel_ranks
from reprocheck.model.environments import MAIN
from reprocheck.model.locks import LockedPackage
from reprocheck.readers.pylock_toml import PylockPackage


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What uv chose for one job, and all that says how to write it down.

    `direct` are the addresses of direct references as written, by project.
    """

    job: PipJob
    target: WheelTarget
    packages: tuple[PylockPackage, ...]
    provision: Provision
    dependencies: Dependencies
    demands: tuple[Demand, ...]
    direct: Mapping[str, str]
    addresses: Addresses


def lock_resolution(resolution: Resolution) -> PipAnswer:
    """Return the packages that pip installs beside conda's, or why one of them cannot be locked."""
    provided = {project.name: project for project in resolution.provision.projects}
    ranks = wheel_ranks(resolution.target)
    locked: list[LockedPackage] = []
    built: list[str] = []
    notes = [*resolution.provision.notes, *_extra_notes(resolution.demands, provided)]
    for package in sorted(resolution.packages, key=lambda package: package.name):
        direct = package.archive is not None or package.commit is not None
        chosen = package if direct else replace(package, archive=choose_file(package, ranks))
        if chosen.archive is None and chosen.commit is None:
            return PipUnsolved(job=resolution.job, error=_nothing_fits(package, resolution.job))
        locked.append(_locked(chosen, resolution))
        notes.extend(_file_notes(chosen))
        if chosen.archive is not None and chosen.archive == chosen.sdist:
            built.append(f"`{chosen.name} {chosen.version}`")
    notes.extend(_built_notes(built, resolution.target))
    notes.extend(_doubts(locked, resolution.provision))
    return PipSolved(job=resolution.job, packages=tuple(locked), notes=tuple(dict.fromkeys(notes)))


def _locked(package: PylockPackage, resolution: Resolution) -> LockedPackage:
    """Return a package whose chosen file is its `archive`."""
    return LockedPackage(
        name=package.name,
        version=package.version,
        manager="pip",
        platform=resolution.job.platform,
        dependencies=resolution.dependencies.get(package.name, ()),
        url=_url(package, resolution),
        md5=None,
        sha256=package.archive.sha256 if package.archive else None,
        category=MAIN,
        optional=False,
        build=None,
        channel=None,
        line=0,
    )


def _url(package: PylockPackage, resolution: Resolution) -> str:
    addresses, commit = resolution.addresses, package.commit
    if commit is not None:
        folder = f"#subdirectory={commit.subdirectory}" if commit.subdirectory else ""
        return f"git+{addresses.to_lock(commit.url)}@{commit.commit}{folder}"
    fetched = package.archive.url if package.archive else ""
    return addresses.to_lock(resolution.direct.get(package.name, fetched).partition("#")[0])


def _built_notes(built: Sequence[str], target: WheelTarget) -> Iterator[str]:
    """Yield one note on all packages that have no wheel for the target: an old project has dozens."""
    if built:
        yield (
            f"no wheel fits {target} and python {target.python} of {', '.join(built)}: what is locked is source, to be "
            "built where it is installed; another version, or a newer assumed system, may have a wheel"
        )


def _file_notes(package: PylockPackage) -> Iterator[str]:
    who = f"`{package.name} {package.version}`"
    if package.commit is not None:
        yield f"{who} is locked by its commit: there is no sha256 to check what pip builds of it"
    elif package.archive is not None and package.archive.url.startswith("file:"):
        yield f"{who} comes from a local folder: other machines cannot fetch it"


def _extra_notes(demands: Iterable[Demand], provided: Mapping[str, ProvidedProject]) -> Iterator[str]:
    for demand in demands:
        for extra in demand.extras if demand.project in provided else ():
            project = provided[demand.project]
            yield f"`{project.name}[{extra}]` is {project}: what the extra needs is not known, and not locked"


def _doubts(locked: Iterable[LockedPackage], provision: Provision) -> Iterator[str]:
    own = {package.name for package in locked}
    for name, package in provision.doubtful:
        if name in own:
            yield f"`{name}` is locked for pip, though conda {package.name} {package.version} may provide it already"


def _nothing_fits(package: PylockPackage, job: PipJob) -> UnsatisfiableError:
    names = sorted(f"`{wheel.filename}`" for wheel in package.wheels)
    return UnsatisfiableError(
        f"no file of `{package.name} {package.version}` fits {job.platform}",
        where=", ".join(str(line.location) for line in job.requirements if line.name == package.name),
        why=f"there is no source archive, and the wheels are for others: {', '.join(names[:3])}",
        how="name another version, or raise the version of `__glibc` or `__osx` that is assumed",
    )
