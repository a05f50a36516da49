"""py-rattler's solver behind one module: reading specs, matching them, and solving all platforms at once.

py-rattler 0.28 releases monthly and breaks; it is pinned to one minor version and hidden here, but for its installer
(`rattler_installer.py`). Known to matter (tried on 0.28.0):

* It hides a name in lower channels only after the root specs have filtered what is fetched, so that `numpy 2.*` falls
  through to a lower channel although a higher one has numpy, which conda refuses. `_Session.roots` asks for the bare
  name too, which brings in what the higher channel has.
* A package of the old lock is taken even from a channel that priority hides. `_Session.preferred` leaves those out.
* With `exclude_newer` a name hides others by records that did not exist yet. `_Session.sources` takes these away.
* A default client repeats no request that a busy server refuses; `_client` does.
"""

from __future__ import annotations

import asyncio
import datetime
import os
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import rattler
from rattler.exceptions import (
    GatewayError,
    InvalidMatchSpecError,
    InvalidPackageNameError,
    InvalidVersionError,
    SolverError,
)
from rattler.networking import Client
from rattler.package import BuildString

from reprocheck import __version__
from reprocheck.errors import InputError, UndecidedError
from reprocheck.locking.conda_specs import canonical_spec, unreadable_spec
from reprocheck.locking.solving.cache_growth import CacheGrowth, default_cache_folder
from reprocheck.locking.solving.channel_faults import (
    channel_error,
    is_missing_folder,
    no_noarch,
    public_text,
    some_channel_error,
)
from reprocheck.locking.solving.channel_names import NOARCH, ChannelNames, tiers
from reprocheck.locking.solving.channels import CondaChannel
from reprocheck.locking.solving.client_config import client_config
from reprocheck.locking.solving.locked_records import merged_dependencies, owner_of, public_package_url
from reprocheck.locking.solving.minimal_conflict import minimal_conflict
from reprocheck.locking.solving.past_channels import PastChannel, names_to_come, upload_time
from reprocheck.locking.solving.solve_jobs import Absent, Answer, Progress, Solved, SolveJob, SolveRequest, Unsolved
from reprocheck.model.conda_settings import CondaSettings
from reprocheck.model.environments import CondaSpec
from reprocheck.model.locks import LockedPackage
from reprocheck.model.virtual_packages import VirtualPackage
from reprocheck.readers.conda_urls import read_conda_url

T = TypeVar("T")
TOOLS: tuple[tuple[str, str], ...] = (("py-rattler", rattler.__version__),)
_TICK_S = 0.5
_READING = "reading the channels"


def solve_platforms(request: SolveRequest, progress: Progress) -> tuple[Answer, ...]:
    """Return one answer for each job, in order; the jobs run concurrently over one gateway.

    Raises:
        InputError: a spec that cannot be read.
        UndecidedError: a channel is out of reach or broken, or the time is over.
    """
    return asyncio.run(_solve_in_time(request, progress))


def spec_admits(spec: CondaSpec, package: LockedPackage) -> bool:
    """Say whether a locked conda package meets name, version and build of `spec`.

    Raises:
        InputError: a spec that cannot be read, or a package with a name or a version that conda cannot have.
    """
    build = BuildString.new_unchecked(package.build or "")
    try:
        record = rattler.PackageRecord(
            name=package.name, version=package.version, build=build, build_number=0, subdir=package.platform
        )
    except (InvalidPackageNameError, InvalidVersionError) as error:
        raise InputError(
            f"`{package.name} {package.version}` cannot be a conda package",
            where=package.name,
            why=str(error).lower().rstrip("."),
            how="lock anew",
        ) from error
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
            how="check the network, or raise `--timeout`"
            if session.doing == _READING
            else "raise `--timeout`, or pin more packages",
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


def _client(settings: CondaSettings, retries: int) -> Client:
    """Return a client that repeats what failed for a moment, and goes through the proxies of `settings`."""
    agent = f"reprocheck/{__version__} py-rattler/{rattler.__version__}"
    config = client_config(settings)
    if config is None:
        return Client.default_client(max_retries=retries, user_agent=agent)
    return Client.from_config(rattler.Config.from_toml(config), max_retries=retries, user_agent=agent)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """A job with the places to solve it from and the records to prefer."""

    job: SolveJob
    sources: Sequence[object]
    preferred: Sequence[rattler.RepoDataRecord]


class _Session:
    """One gateway, the names that every channel has, and the count of what is done."""

    def __init__(self, request: SolveRequest) -> None:
        self.request = request
        self.channels = request.channels
        self.names = ChannelNames(channels=request.channels, names={})
        self.doing = _READING
        self.read = ""
        self.done = 0
        bound = request.exclude_newer
        # The bound itself is outside, while rattler lets in what is exactly at it; and it would drop the offset.
        self.newest = bound.astimezone(datetime.UTC) - datetime.timedelta(milliseconds=1) if bound else None
        folder = request.cache_folder or default_cache_folder(os.environ)
        self.growth = CacheGrowth(folder)
        action = "force-cache-only" if request.offline else "cache-or-fetch"
        self.gateway = rattler.Gateway(
            cache_dir=folder,
            default_config=rattler.SourceConfig(cache_action=action),
            client=_client(request.settings, request.retries),
        )

    async def report(self, progress: Progress) -> None:
        """Tell now and then what is being done, until cancelled."""
        while True:
            progress(f"{self.doing}{self.read}{self.growth.text()}" if self.read else self.doing)
            await asyncio.sleep(_TICK_S)

    async def learn_names(self) -> None:
        """Fetch which names every channel has, which also shows what is out of reach."""
        folders = [*sorted({job.platform for job in self.request.jobs}), NOARCH]
        places = [(channel, folder) for channel in self.channels for folder in folders]
        found = await asyncio.gather(*(self._names_in(*place, len(places)) for place in places))
        read = dict(zip(((channel.base, folder) for channel, folder in places), found, strict=True))
        for channel in self.channels:
            self._check(channel, {folder: read[channel.base, folder] for folder in folders})
        names = {place: names for place, names in read.items() if not isinstance(names, str)}
        self.names = ChannelNames(channels=self.channels, names=names)

    async def _names_in(self, channel: CondaChannel, folder: str, total: int) -> frozenset[str] | str:
        """Return the names in one folder of a channel, or why there is none to be had."""
        try:
            names = await self.gateway.names([_source(channel)], [folder], channel_relations="disabled")
        except GatewayError as error:
            return str(error)
        self.done += 1
        self.read = f": {self.done} of {total}"
        return frozenset(name.normalized for name in names)

    def _check(self, channel: CondaChannel, folders: dict[str, frozenset[str] | str]) -> None:
        faults = {folder: fault for folder, fault in folders.items() if isinstance(fault, str)}
        filled = [folder for folder, names in folders.items() if names and folder not in faults]
        if list(faults) == [NOARCH] and filled and is_missing_folder(faults[NOARCH]):
            raise no_noarch(channel, filled)
        for fault in faults.values():
            raise channel_error(channel, fault, offline=self.request.offline)

    async def answer_all(self) -> tuple[Answer, ...]:
        """Solve all jobs concurrently; answers stand in the order of the jobs."""
        self.done, self.read = 0, ""
        self.doing = f"solving: 0 of {len(self.request.jobs)} done"
        try:
            return await _all_of(self.answer(job) for job in self.request.jobs)
        except GatewayError as error:
            raise await self._fault(error) from error

    async def _fault(self, error: GatewayError) -> UndecidedError:
        """Return what went wrong, of the channel where it did: each is asked alone, for the message names none."""
        offline = self.request.offline
        platforms = [*sorted({job.platform for job in self.request.jobs}), NOARCH]
        names = sorted({spec.name for job in self.request.jobs for spec in job.specs if not spec.name.startswith("__")})
        specs = [rattler.MatchSpec(name, strict=True) for name in names]
        for channel in self.channels:
            try:
                await self.gateway.query([_source(channel)], platforms, specs, channel_relations="disabled")
            except GatewayError as found:
                return channel_error(channel, str(found), offline=offline)
        return some_channel_error(self.channels, str(error), offline=offline)

    async def answer(self, job: SolveJob) -> Answer:
        """Solve one job, and explain where there is no solution."""
        absent = [spec for spec in job.specs if not self._exists(spec, job.platform)]
        if absent:
            return Absent(job=job, specs=tuple((spec, self.names.near(spec.name, job.platform)) for spec in absent))
        task = _Task(job=job, sources=await self.sources(job), preferred=await self.preferred(job))
        answer = await self._answer(task)
        self.done += 1
        self.doing = f"solving: {self.done} of {len(self.request.jobs)} done"
        return answer

    def _exists(self, spec: CondaSpec, platform: str) -> bool:
        return spec.name.startswith("__") or bool(self.names.meant_by(spec, platform))

    async def _answer(self, task: _Task) -> Answer:
        job = task.job
        try:
            records = await self._solve(task, job.specs)
        except SolverError as error:
            tree = public_text(str(error).strip(), self.channels)
            return Unsolved(job=job, conflict=await self._conflict(task), tree=tree)
        packages = (_locked(record, job.platform, self.channels) for record in records)
        undated = {record.name.normalized for record in records if self.newest and upload_time(record) is None}
        return Solved(
            job=job,
            packages=tuple(sorted(packages, key=lambda package: package.name)),
            undated=tuple(sorted(undated)),
        )

    async def _conflict(self, task: _Task) -> tuple[CondaSpec, ...]:
        plain = replace(task, preferred=())  # what is only preferred never stands in the way

        async def clash(specs: Sequence[CondaSpec]) -> bool:
            try:
                await self._solve(plain, specs)
            except SolverError:
                return True
            return False

        return await minimal_conflict(task.job.specs, clash) if task.job.explain else task.job.specs

    async def _solve(self, task: _Task, specs: Sequence[CondaSpec]) -> list[rattler.RepoDataRecord]:
        job = task.job
        try:
            records: list[rattler.RepoDataRecord] = await rattler.solve(
                task.sources,
                [root for spec in specs for root in self.roots(spec, job.platform)],
                gateway=self.gateway,
                platforms=[job.platform, NOARCH],
                locked_packages=task.preferred,
                virtual_packages=[_as_rattler(package) for package in job.virtual_packages],
                timeout=datetime.timedelta(seconds=self.request.timeout_s),
                exclude_newer=self.newest,
                timestamp_policy="allow-missing",
                constraints=[_read_spec(limit, None) for limit in job.limits],
                channel_relations="disabled",
            )
        except SolverError as error:
            if "operation has been cancelled" in str(error):
                raise TimeoutError from error
            raise
        return records

    def roots(self, spec: CondaSpec, platform: str) -> list[rattler.MatchSpec]:
        """Return the spec as the solver is asked for it: with its channel, or beside its name in all channels."""
        if spec.channel is None:
            crowded = len(tiers(self.names.having(spec.name, platform))) > 1
            bare = [rattler.MatchSpec(spec.name, strict=True)] if crowded else []
            return [_read_spec(spec, None), *bare]
        meant = self.names.meant_by(spec, platform)
        return [_read_spec(spec, meant[0].base if len(meant) == 1 else meant[0].group)]

    async def sources(self, job: SolveJob) -> list[object]:
        """Return the channels by rank, as they were at the time asked for."""
        kinds = {channel: _source(channel) for channel in self.channels}
        ranks = tiers(self.channels)
        if self.newest is not None and len(ranks) > 1:
            roots = [rattler.MatchSpec(spec.name, strict=True) for spec in job.specs if not spec.name.startswith("__")]
            records = await self._query(job, roots, recursive=True)
            to_come = names_to_come(records, self.newest)
            for channel, found in records.items() if to_come else ():
                kinds[channel] = PastChannel(found, {name for base, name in to_come if base == channel.base})
        return [
            rattler.MultiSource(members[0].group, [kinds[one] for one in members])
            if len(members) > 1
            else kinds[members[0]]
            for members in ranks
        ]

    async def preferred(self, job: SolveJob) -> list[rattler.RepoDataRecord]:
        """Return the records that the channels still have of the old lock's packages, where priority lets them be."""
        wanted = {package.url for package in job.preferred}
        specs = [spec for package in job.preferred if (spec := _exactly(package)) is not None]
        found = await self._query(job, specs, recursive=False) if specs else {}
        return [
            record
            for channel, records in found.items()
            for record in records
            if channel.public_package_url(str(record.url)) in wanted
            and channel in self._allowed(record.name.normalized, job)
        ]

    def _allowed(self, name: str, job: SolveJob) -> tuple[CondaChannel, ...]:
        """Return the channels that a package may come from: one that a spec of its name names, or by priority."""
        named = next((spec for spec in job.specs if spec.name == name and spec.channel is not None), None)
        return self.names.meant_by(named, job.platform) if named else self.names.visible(name, job.platform)

    async def _query(
        self, job: SolveJob, specs: Sequence[rattler.MatchSpec], *, recursive: bool
    ) -> dict[CondaChannel, list[rattler.RepoDataRecord]]:
        """Return the records by channel, in order of priority."""
        found = await self.gateway.query(
            [_source(channel) for channel in self.channels],
            [job.platform, NOARCH],
            specs,
            recursive=recursive,
            channel_relations="disabled",
        )
        records: dict[CondaChannel, list[rattler.RepoDataRecord]] = {channel: [] for channel in self.channels}
        for record in (record for part in found for record in part):
            owner = owner_of(str(record.url), self.channels)
            if owner is not None:
                records[owner].append(record)
        return records


def _source(channel: CondaChannel) -> rattler.Channel:
    return rattler.Channel(channel.base)


def _exactly(package: LockedPackage) -> rattler.MatchSpec | None:
    """Return a spec for one locked package, None where its version or build is none that a channel could hold."""
    if package.manager != "conda":
        return None
    build = f',build="{package.build}"' if package.build else ""
    try:
        return rattler.MatchSpec(f'{package.name}[version="=={package.version}"{build}]', strict=True)
    except InvalidMatchSpecError:
        return None


def _as_rattler(package: VirtualPackage) -> rattler.GenericVirtualPackage:
    return rattler.GenericVirtualPackage(
        rattler.PackageName(package.name), rattler.Version(package.version), BuildString(package.build)
    )


def _locked(record: rattler.RepoDataRecord, platform: str, channels: Sequence[CondaChannel]) -> LockedPackage:
    url = public_package_url(str(record.url), channels)
    return LockedPackage(
        name=record.name.normalized,
        version=str(record.version),
        manager="conda",
        platform=platform,
        dependencies=merged_dependencies(record.depends),
        url=url,
        md5=record.md5.hex() if record.md5 else None,
        sha256=record.sha256.hex() if record.sha256 else None,
        category="main",
        optional=False,
        build=str(record.build),
        channel=read_conda_url(url)[1],
        line=0,
    )
