"""Conda specs that should choose the CUDA of pytorch and choose nothing, by what the channels give.

Sources: pytorch/builder recipes (`pytorch-mutex`, `pytorch-cuda`); conda-forge pytorch feedstock (which CUDA its builds
have); the pairs were solved on real repodata, 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from reprocheck.facts.cuda_versions import numbers
from reprocheck.model.conda_versions import constraint_admits
from reprocheck.model.environments import CondaSpec, EnvironmentFile
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.rules.channels import (
    CONDA_FORGE,
    DEFAULTS,
    NO_DEFAULTS,
    PYTORCH,
    channel_names,
    own_channel,
    plain_name,
)
from reprocheck.rules.constraints import pin_of
from reprocheck.rules.declarations import Declaration, written
from reprocheck.rules.effective_cuda import platforms_in
from reprocheck.rules.facts import Facts

_PYTORCH_ONLY = ("pytorch-cuda", "cpuonly")
_KNOWN = frozenset({CONDA_FORGE, DEFAULTS, NO_DEFAULTS, "nvidia", "bioconda", "rapidsai"})
_HAVE_PYTORCH = (PYTORCH, CONDA_FORGE, DEFAULTS)
_LAST_ON_CHANNEL = "2.5.1"
_FIRST_WITH_PYTORCH_CUDA = (1, 13)  # the first release on the pytorch channel that looks at `pytorch-cuda` instead
_FIRST_WITHOUT_CUDA_11 = (2, 6)  # of conda-forge's builds
# Older ones have no release that new: on the pytorch channel from 3.8 on, on conda-forge from 3.9 on.
_PYTHONS = {
    PYTORCH: ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13"),
    CONDA_FORGE: ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14"),
}


class Idle(NamedTuple):
    """Entries of which the first steers nothing; a message, the fact behind it, and what to do."""

    entries: tuple[Declaration, ...]
    message: str
    why: str
    fix: str


def idle_selectors(facts: Facts, environment: EnvironmentFile) -> Iterator[Idle]:
    """Yield `pytorch-cuda`, `cpuonly` and `cudatoolkit` where pytorch does not look at them."""
    locked = _of_pytorch_channel(facts)
    if locked:
        # The lock shows that the pytorch channel was asked in the end.
        toolkit = next(iter(environment.conda_named("cudatoolkit")), None)
        if toolkit and numbers(locked.version) >= _FIRST_WITH_PYTORCH_CUDA:
            yield _idle_toolkit(toolkit, f"pytorch {locked.version} of the channel `pytorch`")
        return
    for spec in environment.conda:
        if spec.name in _PYTORCH_ONLY:
            yield from _without_its_channel(environment, spec)
            yield from _below_another(environment, spec, is_locked=isinstance(facts.lock, Lock))
        elif spec.name == "cudatoolkit":
            yield from _toolkit(environment, spec)


def _of_pytorch_channel(facts: Facts) -> LockedPackage | None:
    """Return the locked pytorch that comes from the pytorch channel, None without one."""
    if not isinstance(facts.lock, Lock):
        return None
    found = (package for platform in platforms_in(facts) for package in facts.lock.named(platform, "pytorch"))
    return next((one for one in found if one.channel and plain_name(one.channel) == PYTORCH), None)


def _without_its_channel(environment: EnvironmentFile, spec: CondaSpec) -> Iterator[Idle]:
    """Yield a package of the pytorch channel in a file whose channels, all of them known, do not have it."""
    names = channel_names(environment)
    if spec.channel is None and frozenset(names) <= _KNOWN:
        yield Idle(
            (spec,),
            f"no channel of this file has `{spec.name}`: it is on the channel `pytorch` only",
            "without that channel the file cannot be solved, or a channel of the user's own settings answers",
            _instead(spec),
        )


def _below_another(environment: EnvironmentFile, spec: CondaSpec, *, is_locked: bool) -> Iterator[Idle]:
    """Yield a selector of the pytorch channel where the pytorch of a channel above it is taken, which ignores it."""
    torch = next(iter(environment.conda_named("pytorch")), None)
    if torch is None or torch.channel is not None or _is_exact(torch):
        return
    names = channel_names(environment)
    if PYTORCH not in names and own_channel(spec) != PYTORCH:
        return
    # A single release may be missing on conda-forge, and come from the pytorch channel after all.
    is_sure = is_locked or not pin_of(torch.version)
    condition = "" if is_sure else f" if conda-forge has `{written(torch)}`"
    if CONDA_FORGE in names[: names.index(PYTORCH) if PYTORCH in names else None]:
        yield Idle(
            (spec, torch),
            f"`{written(spec)}` steers nothing{condition}: `conda-forge`"
            f" stands above the channel `pytorch`, and its pytorch does not look at `{spec.name}`",
            f"`{spec.name}` works through `pytorch-mutex`, which only the builds of the channel `pytorch` need",
            f"{_instead(spec)}; or put the channel `pytorch` first",
        )


def _instead(spec: CondaSpec) -> str:
    if spec.name == "cpuonly":
        return "write `pytorch=*=cpu*` for conda-forge's build, and remove `cpuonly`"
    return "write `pytorch-gpu` and `cuda-version=X.Y` for conda-forge's build, and remove `pytorch-cuda`"


def _is_exact(spec: CondaSpec) -> bool:
    return spec.build is not None and "*" not in spec.build


def _provider(environment: EnvironmentFile) -> str | None:
    """Return the first channel that has pytorch; a channel that is not known here may have it too."""
    return next((name for name in channel_names(environment) if name in _HAVE_PYTORCH), None)


def _toolkit(environment: EnvironmentFile, spec: CondaSpec) -> Iterator[Idle]:
    torch = next(iter(environment.conda_named("pytorch")), None)
    if torch is None or not _steers_alone(environment, spec):
        return
    provider = own_channel(torch) or _provider(environment)
    if provider == PYTORCH and _is_newer(environment, torch, _FIRST_WITH_PYTORCH_CUDA, PYTORCH):
        yield _idle_toolkit(spec, f"`{written(torch)}` of the channel `pytorch`")
    elif provider == CONDA_FORGE and _has_no_cuda_11(environment, torch):
        yield Idle(
            (spec, torch),
            f"`{written(spec)}` leaves only a CPU build of `{written(torch)}`: from 2.6 on conda-forge builds"
            " pytorch for CUDA 12 and later",
            "`cudatoolkit` ends at 11.8, and `cuda-version`, which the CUDA builds need, keeps it to their CUDA",
            "write `pytorch-gpu` and `cuda-version=12.6` instead of `cudatoolkit`",
        )


def _has_no_cuda_11(environment: EnvironmentFile, torch: CondaSpec) -> bool:
    return torch.build is None and _is_newer(environment, torch, _FIRST_WITHOUT_CUDA_11, CONDA_FORGE)


def _steers_alone(environment: EnvironmentFile, spec: CondaSpec) -> bool:
    """Say whether no other selector stands beside it: pairs of selectors are another rule's."""
    others = ("cpuonly", "pytorch-cpu", "pytorch-gpu", "cuda-version")
    pinned = any(pin_of(one.version) for one in environment.conda_named("pytorch-cuda"))
    return not pinned and not any(environment.conda_named(name) for name in others) and not _is_exact(spec)


def _is_newer(environment: EnvironmentFile, torch: CondaSpec, first: tuple[int, ...], channel: str) -> bool:
    """Say whether the pytorch that will be taken is `first` or newer: pinned there, or free to be the newest."""
    pin = pin_of(torch.version)
    if pin:
        return numbers(pin.version) >= first
    newest = _LAST_ON_CHANNEL if channel == PYTORCH else "2.6"
    if torch.version and constraint_admits(torch.version, newest) is not True:
        return False
    tied = [one for name in ("torchvision", "torchaudio") for one in environment.conda_named(name) if one.version]
    pythons = [one.version for one in environment.conda_named("python") if one.version]
    return not tied and all(
        any(constraint_admits(python, one) is True for one in _PYTHONS[channel]) for python in pythons
    )


def _idle_toolkit(spec: CondaSpec, torch: str) -> Idle:
    return Idle(
        (spec,),
        f"`{written(spec)}` steers nothing beside {torch}, which looks at `pytorch-cuda`",
        "builds of the channel `pytorch` need `cudatoolkit` up to 1.12, and `pytorch-cuda` from 1.13 on",
        "write `pytorch-cuda=X.Y` instead of `cudatoolkit`",
    )
