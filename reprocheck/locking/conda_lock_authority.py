"""conda-lock 4 as the authority over its own format: content hashes, reading a lock back, explicit files.

The one module that imports conda_lock (half a second): never on the path of `check`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from conda_lock.content_hash import compute_content_hashes
from conda_lock.lockfile import parse_conda_lock_file
from conda_lock.models.channel import Channel
from conda_lock.models.lock_spec import LockSpecification, VersionedDependency
from conda_lock.src_parser.conda_common import conda_spec_to_versioned_dep
from conda_lock.virtual_package import FakeRepoData
from conda_lock.virtual_package import VirtualPackage as TheirVirtualPackage

from reprocheck.locking.conda_lock_format import used_variables
from reprocheck.model.environments import CondaSpec
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.model.virtual_packages import VirtualPackage

CONDA_LOCK_VERSION = version("conda-lock")


def content_hashes(
    specs: Mapping[str, Sequence[CondaSpec]],
    channels: Sequence[str],
    machines: Mapping[str, Sequence[VirtualPackage]],
) -> dict[str, str]:
    """Return conda-lock's content hash by platform, so that conda-lock takes our lock for current."""
    specification = LockSpecification(
        dependencies={platform: [_dependency(spec) for spec in specs[platform]] for platform in sorted(specs)},
        channels=[Channel(url=channel, used_env_vars=tuple(used_variables(channel))) for channel in channels],
        sources=[],
    )
    with tempfile.TemporaryDirectory(prefix="reprocheck-") as folder:
        repository = _fake_repository(Path(folder), machines)
        hashes: dict[str, str] = compute_content_hashes(specification, repository)
    return hashes


def _dependency(spec: CondaSpec) -> VersionedDependency:
    try:
        return conda_spec_to_versioned_dep(spec.text, "main")
    except RuntimeError:  # conda-lock cannot read this spec; it could not lock it either
        return VersionedDependency(
            name=spec.name, version=spec.version or "", build=spec.build, conda_channel=spec.channel
        )


def _fake_repository(folder: Path, machines: Mapping[str, Sequence[VirtualPackage]]) -> FakeRepoData:
    repository = FakeRepoData(base_path=folder)
    for platform, packages in machines.items():
        for package in packages:
            build = "" if package.build == "0" else package.build
            theirs = TheirVirtualPackage(name=package.name, version=package.version, build_string=build)
            repository.add_package(theirs, subdirs=[platform])
    if "osx-64" in machines:
        # conda-lock keeps a second, meaningless `__osx` there for the sake of old hashes (virtual_package.py).
        repository.add_package(TheirVirtualPackage(name="__osx", version="10.15"), subdirs=["osx-64"])
    repository.write()
    return repository


def read_back(path: Path, lock: Lock) -> tuple[LockedPackage, ...]:
    """Let conda-lock parse the file and return the packages of `lock` in its installation order.

    Raises:
        AssertionError: conda-lock reads something else than we wrote, which is a bug of ours.
    """
    parsed = parse_conda_lock_file(path)
    ours = {(package.manager, package.name, package.platform): package for package in lock.packages}
    theirs = {(package.manager, package.name, package.platform): package for package in parsed.package}
    if len(ours) != len(lock.packages) or ours.keys() != theirs.keys():
        raise AssertionError(f"conda-lock reads other packages: {sorted(ours.keys() ^ theirs.keys())[:5]}")
    for key, package in ours.items():
        read = theirs[key]
        seen = (
            read.version,
            read.url,
            read.hash.md5 or None,
            read.hash.sha256,
            tuple(sorted(read.dependencies.items())),
        )
        meant = (package.version, package.url, package.md5, package.sha256, tuple(sorted(package.dependencies)))
        if seen != meant:
            raise AssertionError(f"conda-lock reads {key} as {seen}, not {meant}")
    return tuple(ours[package.manager, package.name, package.platform] for package in parsed.package)
