"""The one module that touches py-rattler: reading specs, matching them, and solving all platforms at once.

py-rattler 0.28 releases monthly and breaks; it is pinned to one minor version and hidden here. Known to matter
(tried on 0.28.0): it filters strict channel priority after the root specs, so that `numpy 2.*` falls through to
a lower channel although a higher one has numpy, which conda refuses. `_Session.root` pins the channel instead.
"""

from __future__ import annotations

import asyncio
import datetime
import difflib
from collections.abc import Awaitable, Iterable, Sequence
from typing import TypeVar

import rattler
from rattler.exceptions import GatewayError, InvalidMatchSpecError, SolverError
from rattler.package import BuildString

from reprocheck.errors import UndecidedError
from reprocheck.locking.channels import CondaChannel
from reprocheck.locking.conda_specs import canonical_spec, unreadable_spec
from reprocheck.locking.minimal_conflict import minimal_conflict
from reprocheck.locking.solve_jobs import Absent, Answer, Progress, Solved, SolveJob, SolveRequest, Unsolved
from reprocheck.model.environments import CondaSpec
from reprocheck.model.locks import LockedPackage
from reprocheck.model.redaction import public_url
from reprocheck.model.virtual_packages import VirtualPackage
from reprocheck.readers.conda_lock_yml import read_conda_url

T = TypeVar("T")
RATTLER_VERSION: str = rattler.__version__
_TICK_S = 0.5
_NOARCH = "noarch"


def solve_platforms(request: SolveRequest, progress: Progress) -> tuple[Answer, ...]:
    """Return one answer for each job, in order; the jobs run concurrently over one gateway.

    Raises:
        InputError: a spec that cannot be read.
        UndecidedError: a channel is out of reach, or the time is over.
    """
    return asyncio.run(_solve_in_time(request, progress))


def spec_admits(spec: CondaSpec, package: LockedPackage) -> bool:
    """Say whether a locked conda package meets name, version and build of `spec`.

    Raises:
        InputError: a spec that cannot be read.
    """
    build = BuildString.new_unchecked(package.build or "")
    record = rattler.PackageRecord(
        name=package.name, version=package.version, build=build, build_number=0, subdir=package.platform
    )
    matched: bool = _read_spec(spec, None).matches(record)
    return matched


def _read_spec(spec: CondaSpec, channel: str | None) -> rattler.MatchSpec:
    """Read strictly; then leniently what conda takes too, such as `==1.20.*` (tried against conda's VersionSpec)."""
    text = canonical_spec(spec, channel)
    try:
        return rattler.MatchSpec(text, strict=True)
    except InvalidMatchSpecError as strict:
        try:
            return rattler.MatchSpec(text, strict=False)
        except InvalidMatchSpecError:
            raise unreadable_spec(spec, str(strict).lower().rstrip(".")) from strict


async def _solve_in_time(request: SolveRequest, progress: Progress) -> tuple[Answer, ...]:
    session = _Session(request)
    ticker = asyncio.create_task(session.report(progress))
    try:
        async with asyncio.timeout(request.timeout_s):
            await session.learn_names()
            return await session.answer_all()
    except TimeoutError as error:
        raise UndecidedError(
            f"no solution within {request.timeout_s} s",
            where=", ".join(channel.name for channel in request.channels),
            why=f"the time was over while {session.doing}",
            how="raise `--timeout`, or pin more packages"
            if session.names
            else "check the network, or raise `--timeout`",
        ) from error
    finally:
        ticker.cancel()


async def _all_of(tasks: Iterable[Awaitable[T]]) -> tuple[T, ...]:
    """Return all results; wait for every one before the first failure is raised.

    A Rust future that is abandoned calls back into a closed loop later and prints a traceback.
    """
    results = await asyncio.gather(*tasks, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return tuple(result for result in results if not isinstance(result, BaseException))


class _Session:
    """One gateway, the names that every channel has, and the count of what is done."""

    def __init__(self, request: SolveRequest) -> None:
        self.request = request
        self.doing = "reading the channels"
        self.done = 0
        self.names: dict[tuple[str, str], frozenset[str]] = {}
        action = "force-cache-only" if request.offline else "cache-or-fetch"
        self.gateway = rattler.Gateway(
            cache_dir=request.cache_folder, default_config=rattler.SourceConfig(cache_action=action)
        )

    async def report(self, progress: Progress) -> None:
        """Tell now and then what is being done, until cancelled."""
        while True:
            progress(self.doing)
            await asyncio.sleep(_TICK_S)

    async def learn_names(self) -> None:
        """Fetch which names every channel has, which also shows what is out of reach."""
        platforms = sorted({job.platform for job in self.request.jobs})
        places = [(channel, platform) for channel in self.request.channels for platform in platforms]
        found = await _all_of(self._names_of(channel, platform) for channel, platform in places)
        self.names = {(channel.base, platform): names for (channel, platform), names in zip(places, found, strict=True)}

    async def _names_of(self, channel: CondaChannel, platform: str) -> frozenset[str]:
        try:
            names = await self.gateway.names([rattler.Channel(channel.base)], [platform, _NOARCH])
        except GatewayError as error:
            raise _out_of_reach(channel, str(error), self.request.offline) from error
        return frozenset(name.normalized for name in names)

    async def answer_all(self) -> tuple[Answer, ...]:
        """Solve all jobs concurrently; answers stand in the order of the jobs."""
        self.doing = f"solving: 0 of {len(self.request.jobs)} done"
        return await _all_of(self.answer(job) for job in self.request.jobs)

    async def answer(self, job: SolveJob) -> Answer:
        """Solve one job, and explain where there is no solution."""
        absent = [spec for spec in job.specs if not spec.name.startswith("__") and not self._having(spec, job.platform)]
        if absent:
            return Absent(job=job, specs=tuple((spec, self._near(spec.name, job.platform)) for spec in absent))
        try:
            packages = await self._solve(job, job.specs)
        except SolverError as error:
            answer: Answer = Unsolved(job=job, conflict=await self._conflict(job), tree=str(error).strip())
        else:
            answer = Solved(job=job, packages=packages)
        self.done += 1
        self.doing = f"solving: {self.done} of {len(self.request.jobs)} done"
        return answer

    async def _conflict(self, job: SolveJob) -> tuple[CondaSpec, ...]:
        async def clash(specs: Sequence[CondaSpec]) -> bool:
            try:
                await self._solve(job, specs)
            except SolverError:
                return True
            return False

        return await minimal_conflict(job.specs, clash) if job.explain else job.specs

    async def _solve(self, job: SolveJob, specs: Sequence[CondaSpec]) -> tuple[LockedPackage, ...]:
        roots = [self.root(spec, job.platform) for spec in specs]
        try:
            records = await rattler.solve(
                [rattler.Channel(channel.base) for channel in self.request.channels],
                roots,
                gateway=self.gateway,
                platforms=[job.platform, _NOARCH],
                virtual_packages=[_as_rattler(package) for package in job.virtual_packages],
                timeout=datetime.timedelta(seconds=self.request.timeout_s),
                channel_relations="disabled",
            )
        except GatewayError as error:
            raise _out_of_reach(None, str(error), self.request.offline) from error
        except SolverError as error:
            if "operation has been cancelled" in str(error):
                raise TimeoutError from error
            raise
        packages = (_locked(record, job.platform, self.request.channels) for record in records)
        return tuple(sorted(packages, key=lambda package: package.name))

    def root(self, spec: CondaSpec, platform: str) -> rattler.MatchSpec:
        """Return the spec as strict priority means it: bound to the highest channel that has the name."""
        having = self._having(spec, platform)
        pinned = spec.channel is not None or len(having) > 1
        return _read_spec(spec, having[0].base if having and pinned else None)

    def _having(self, spec: CondaSpec, platform: str) -> list[CondaChannel]:
        return [
            channel
            for channel in self.request.channels
            if (spec.channel is None or channel.answers_to(spec.channel))
            and spec.name in self.names[channel.base, platform]
        ]

    def _near(self, name: str, platform: str) -> tuple[str, ...]:
        known: set[str] = set()
        for channel in self.request.channels:
            known |= self.names[channel.base, platform]
        return tuple(difflib.get_close_matches(name, sorted(known), n=3, cutoff=0.8))


def _as_rattler(package: VirtualPackage) -> rattler.GenericVirtualPackage:
    return rattler.GenericVirtualPackage(
        rattler.PackageName(package.name), rattler.Version(package.version), BuildString(package.build)
    )


def _locked(record: rattler.RepoDataRecord, platform: str, channels: Iterable[CondaChannel]) -> LockedPackage:
    url = str(record.url)
    owner = next((channel for channel in channels if url.startswith(f"{channel.base}/")), None)
    shown = owner.public_package_url(url) if owner else public_url(url)
    return LockedPackage(
        name=record.name.normalized,
        version=str(record.version),
        manager="conda",
        platform=platform,
        dependencies=_dependencies(record.depends),
        url=shown,
        md5=record.md5.hex() if record.md5 else None,
        sha256=record.sha256.hex() if record.sha256 else None,
        category="main",
        optional=False,
        build=str(record.build),
        channel=read_conda_url(shown)[1],
        line=0,
    )


def _dependencies(depends: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return (name, constraint) pairs sorted by name; two constraints on one name become one, joined by a comma."""
    merged: dict[str, str] = {}
    for text in depends:
        name, _, constraint = text.strip().partition(" ")
        both = [part for part in (merged.get(name), constraint.strip()) if part]
        # A build string cannot be joined: the last of two such constraints stands, as conda-lock has it.
        merged[name] = ",".join(both) if not any(" " in part for part in both) else both[-1]
    return tuple(sorted(merged.items()))


def _out_of_reach(channel: CondaChannel | None, message: str, offline: bool) -> UndecidedError:
    cause = " ".join(public_url(word) for word in message.strip().rsplit("Caused by: ", 1)[-1].split())
    if channel is not None:
        cause = cause.replace(channel.base, channel.public_base)
    return UndecidedError(
        f"channel `{channel.name}` is out of reach" if channel else "a channel is out of reach",
        where=channel.public_base if channel else "",
        why=cause,
        how="run once without `--offline`" if offline else "check its name and the network, then try again",
    )
