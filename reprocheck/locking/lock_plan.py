"""What to solve, settled before anything is fetched: platforms, channels, specs, machines, and what is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from reprocheck.errors import InputError, ReprocheckError, raise_gathered
from reprocheck.facts.name_map import NameMap, load_name_map
from reprocheck.locking.conda_specs import canonical_spec
from reprocheck.locking.cuda_decision import PROBE, assumed_version, check_cuda
from reprocheck.locking.exclude_newer import read_time
from reprocheck.locking.platforms import check_platform, has_cuda, specs_on, virtual_packages
from reprocheck.locking.solving.channels import CondaChannel, resolve_channels
from reprocheck.locking.solving.solve_jobs import SolveJob
from reprocheck.model.conda_settings import CondaSettings
from reprocheck.model.environments import CondaSpec, EnvironmentFile, PipRequirement
from reprocheck.model.locking_requests import DEFAULT_PLATFORMS, LockRequest
from reprocheck.model.locks import LockedPackage
from reprocheck.model.redaction import public_url
from reprocheck.model.virtual_packages import VirtualPackage

CUDA = "__cuda"


@dataclass(frozen=True, slots=True, kw_only=True)
class LockPlan:
    """A request with every default filled in and every input checked.

    `channels` are those of the lock, `searched` adds those that single specs name. `machines` are the assumed
    virtual packages by platform. `names` tell which projects conda packages provide. `notes` say what was assumed.
    """

    environment: EnvironmentFile
    platforms: tuple[str, ...]
    channels: tuple[CondaChannel, ...]
    searched: tuple[CondaChannel, ...]
    specs: Mapping[str, tuple[CondaSpec, ...]]
    cuda: str | None
    machines: Mapping[str, tuple[VirtualPackage, ...]]
    exclude_newer: datetime | None = None
    without_pip: bool = False
    settings: CondaSettings = field(default_factory=CondaSettings)
    names: NameMap = field(default_factory=load_name_map)
    notes: tuple[str, ...] = ()

    @property
    def has_pip(self) -> bool:
        """Say whether there is a pip part to lock."""
        return bool(self.environment.pip) and not self.without_pip

    def jobs(self, preferred: Sequence[LockedPackage] = ()) -> tuple[SolveJob, ...]:
        """Return one job a platform, in order; `preferred` packages of an old lock stay where they can."""
        return tuple(
            self._job(platform, self.machines[platform], tuple(p for p in preferred if p.platform == platform))
            for platform in self.platforms
        )

    def probes(self) -> tuple[tuple[SolveJob, SolveJob], ...]:
        """Return what tells whether CUDA matters where nobody decided: one solve without and one with a driver.

        An old lock has no say here, for what stays as it was shows no difference.
        """
        if self.cuda is not None:
            return ()
        return tuple(
            (
                self._job(platform, self.machines[platform]),
                self._job(platform, _with_driver(self.machines[platform]), explain=False),
            )
            for platform in self.platforms
            if has_cuda(platform)
        )

    def _job(
        self,
        platform: str,
        machine: tuple[VirtualPackage, ...],
        preferred: tuple[LockedPackage, ...] = (),
        *,
        explain: bool = True,
    ) -> SolveJob:
        return SolveJob(
            platform=platform,
            specs=self.specs[platform],
            virtual_packages=machine,
            explain=explain,
            preferred=tuple(package for package in preferred if package.manager == "conda"),
        )


def make_plan(
    environment: EnvironmentFile,
    request: LockRequest,
    machines: Mapping[str, tuple[VirtualPackage, ...]] | None = None,
    settings: CondaSettings | None = None,
) -> LockPlan:
    """Return the plan for a request.

    `machines` are virtual packages that a file gives for some platforms; `settings` are conda's own (`.condarc`).

    Raises:
        UsageError: an unknown platform, CUDA decision or time.
        InputError: specs, channels or selectors that cannot be locked.
        GatheredErrors: several of them.
    """
    platforms = _platforms(environment, request)
    settings = settings or CondaSettings()
    channels = _channels(environment, request, settings)
    _check_specs(environment)
    asked = None if request.cuda is None else check_cuda(request.cuda, "--cuda")
    described = machines or {}
    cuda = asked or _cuda_of(described, platforms)
    return LockPlan(
        environment=environment,
        platforms=platforms,
        channels=channels,
        searched=_searched(environment, channels, settings, request),
        specs={platform: specs_on(platform, environment.conda) for platform in platforms},
        cuda=cuda,
        machines={
            platform: _decided(platform, described[platform], asked)
            if platform in described
            else virtual_packages(platform, assumed_version(cuda))
            for platform in platforms
        },
        exclude_newer=read_time(request.exclude_newer, "--exclude-newer") if request.exclude_newer else None,
        without_pip=request.without_pip,
        settings=settings,
        notes=(*settings.notes, *_notes(environment, request), *_masked(channels)),
    )


def _platforms(environment: EnvironmentFile, request: LockRequest) -> tuple[str, ...]:
    if request.platforms:
        wanted = [(name, "--platform") for name in request.platforms]
    else:
        wanted = [(platform.name, str(platform.location)) for platform in environment.platforms]
    for name, where in wanted:
        check_platform(name, where)
    return tuple(sorted({name for name, _ in wanted})) or DEFAULT_PLATFORMS


def _cuda_of(machines: Mapping[str, tuple[VirtualPackage, ...]], platforms: Sequence[str]) -> str | None:
    """Return the CUDA decision that a file of virtual packages takes: a driver somewhere, or for good none."""
    given = [package for name in platforms for package in machines.get(name, ()) if package.name == CUDA]
    return max((package.version for package in given), default=None)


def _decided(platform: str, machine: tuple[VirtualPackage, ...], asked: str | None) -> tuple[VirtualPackage, ...]:
    """Return the machine that a file describes, with what `--cuda` asks for in the place of the file's own driver."""
    version = assumed_version(asked)
    if asked is None:
        return machine
    driver = [VirtualPackage(name=CUDA, version=version)] if version is not None and has_cuda(platform) else []
    return tuple(sorted([*(package for package in machine if package.name != CUDA), *driver]))


def _with_driver(machine: tuple[VirtualPackage, ...]) -> tuple[VirtualPackage, ...]:
    return tuple(sorted((*machine, VirtualPackage(name=CUDA, version=PROBE))))


def _channels(environment: EnvironmentFile, request: LockRequest, settings: CondaSettings) -> tuple[CondaChannel, ...]:
    found: list[CondaChannel] = []
    if request.channels:
        found += resolve_channels(request.channels, "--channel", Path(), settings, keep_mirror=request.keep_mirror)
    for channel in () if request.channels else environment.channels:
        folder = Path(channel.location.path).parent  # of several files each means its own folder
        where = str(channel.location)
        found += resolve_channels([channel.address], where, folder, settings, keep_mirror=request.keep_mirror)
    if not found:
        found += resolve_channels(["defaults"], environment.path, Path(), settings, keep_mirror=request.keep_mirror)
    return tuple({channel.base: channel for channel in reversed(found)}.values())[::-1]


def _searched(
    environment: EnvironmentFile,
    channels: tuple[CondaChannel, ...],
    settings: CondaSettings,
    request: LockRequest,
) -> tuple[CondaChannel, ...]:
    """Return the channels and, behind them, those that only a `channel::package` spec names, as conda does."""
    searched = list(channels)
    for spec in environment.conda:
        if spec.channel is not None and not any(channel.answers_to(spec.channel) for channel in searched):
            where = str(spec.location)
            searched += resolve_channels([spec.channel], where, Path(), settings, keep_mirror=request.keep_mirror)
    return tuple(searched)


def _check_specs(environment: EnvironmentFile) -> None:
    errors: list[ReprocheckError] = []
    for spec in environment.conda:
        try:
            canonical_spec(spec, None)
        except InputError as error:
            errors.append(error)
    raise_gathered(errors)


def _notes(environment: EnvironmentFile, request: LockRequest) -> list[str]:
    notes = []
    if not request.platforms and not environment.platforms:
        notes.append(f"no platforms named: locking for {', '.join(DEFAULT_PLATFORMS)} (`-p`, or `platforms:`)")
    if not request.channels and not environment.channels:
        notes.append("no channels named: taking `defaults`, as conda does (`-c`, or `channels:`)")
    if environment.pip and request.without_pip:
        notes.append(f"left out of the lock, as `--no-pip` asks: {left_out(environment.pip)}")
    return notes


def _masked(channels: Sequence[CondaChannel]) -> list[str]:
    """Return a note for each channel whose credentials were written out: nobody can install from the lock without."""
    return [
        f"the lock names `{channel.name}` without the credentials that it was fetched with; with `$NAME` in their "
        "place, a variable of the environment, it would refer to them"
        for channel in channels
        if channel.base != channel.public_base == public_url(channel.base)
    ]


def left_out(requirements: Sequence[PipRequirement]) -> str:
    """Return pip requirements in one line."""
    return ", ".join(requirement.text for requirement in requirements)
