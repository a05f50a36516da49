"""What to solve, settled before anything is fetched: platforms, channels, specs, CUDA, and what is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reprocheck.errors import InputError, ReprocheckError, raise_gathered
from reprocheck.locking.channels import CondaChannel, resolve_channels
from reprocheck.locking.conda_specs import canonical_spec
from reprocheck.locking.cuda_decision import PROBE, assumed_version, check_cuda
from reprocheck.locking.platforms import check_platform, has_cuda, specs_on, virtual_packages
from reprocheck.locking.solve_jobs import SolveJob
from reprocheck.model.environments import CondaSpec, EnvironmentFile, PipRequirement
from reprocheck.model.locking_requests import DEFAULT_PLATFORMS, LockRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class LockPlan:
    """A request with every default filled in and every input checked.

    `channels` are those of the lock, `searched` adds those that single specs name. `notes` say what was assumed.
    """

    environment: EnvironmentFile
    platforms: tuple[str, ...]
    channels: tuple[CondaChannel, ...]
    searched: tuple[CondaChannel, ...]
    specs: dict[str, tuple[CondaSpec, ...]]
    cuda: str | None
    notes: tuple[str, ...]

    @property
    def jobs(self) -> tuple[SolveJob, ...]:
        """One job a platform, in order; without a CUDA decision, then one that probes what CUDA would change."""
        asked = [self._job(platform, assumed_version(self.cuda)) for platform in self.platforms]
        probes = [platform for platform in self.platforms if self.cuda is None and has_cuda(platform)]
        return (*asked, *(self._job(platform, PROBE) for platform in probes))

    def _job(self, platform: str, cuda: str | None) -> SolveJob:
        return SolveJob(
            platform=platform,
            specs=self.specs[platform],
            virtual_packages=virtual_packages(platform, cuda),
            explain=cuda != PROBE,
        )


def make_plan(environment: EnvironmentFile, request: LockRequest) -> LockPlan:
    """Return the plan for a request.

    Raises:
        UsageError: an unknown platform or CUDA decision.
        InputError: specs, channels, selectors or a pip section that cannot be locked.
        GatheredErrors: several of them.
    """
    platforms = _platforms(environment, request)
    _refuse_pip(environment, request)
    channels = _channels(environment, request)
    _check_specs(environment)
    return LockPlan(
        environment=environment,
        platforms=platforms,
        channels=channels,
        searched=_searched(environment, channels),
        specs={platform: specs_on(platform, environment.conda) for platform in platforms},
        cuda=None if request.cuda is None else check_cuda(request.cuda, "--cuda"),
        notes=tuple(_notes(environment, request)),
    )


def _platforms(environment: EnvironmentFile, request: LockRequest) -> tuple[str, ...]:
    if request.platforms:
        wanted = [(name, "--platform") for name in request.platforms]
    else:
        wanted = [(platform.name, str(platform.location)) for platform in environment.platforms]
    for name, where in wanted:
        check_platform(name, where)
    return tuple(sorted({name for name, _ in wanted})) or DEFAULT_PLATFORMS


def _refuse_pip(environment: EnvironmentFile, request: LockRequest) -> None:
    if not environment.pip or request.without_pip:
        return
    count = len(environment.pip)
    raise InputError(
        "pip requirements are not locked by this release",
        where=str(environment.pip_location),
        why=f"the section holds {count} requirement{'s' * (count > 1)}, and a lock without them would be half a lock",
        how="pass `--no-pip` to lock the conda part only; the lock will say so",
    )


def _channels(environment: EnvironmentFile, request: LockRequest) -> tuple[CondaChannel, ...]:
    if request.channels:
        found = resolve_channels(request.channels, "--channel", Path())
    else:
        folder = request.environment_path.parent
        addresses = [channel.address for channel in environment.channels]
        where = str(environment.channels[0].location) if environment.channels else environment.path
        found = resolve_channels(addresses, where, folder)
    return found or resolve_channels(["defaults"], environment.path, Path())


def _searched(environment: EnvironmentFile, channels: tuple[CondaChannel, ...]) -> tuple[CondaChannel, ...]:
    """Return the channels and, behind them, those that only a `channel::package` spec names, as conda does."""
    searched = list(channels)
    for spec in environment.conda:
        if spec.channel is not None and not any(channel.answers_to(spec.channel) for channel in searched):
            searched.extend(resolve_channels([spec.channel], str(spec.location), Path()))
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
    if environment.pip:
        notes.append(f"left out of the lock, as `--no-pip` asks: {left_out(environment.pip)}")
    return notes


def left_out(requirements: Sequence[PipRequirement]) -> str:
    """Return pip requirements in one line."""
    return ", ".join(requirement.text for requirement in requirements)
