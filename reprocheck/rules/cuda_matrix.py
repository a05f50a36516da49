"""CUDA pins of an environment.yml against what was ever built: releases of torch, selectors, and names with a CUDA.

Source: facts/tables/torch_conda.yaml and torch_wheels.yaml; conda-forge builds of pytorch for CUDA 11.2 take any later
11.x, and its oldest ones are for CUDA 9.2, from pytorch 1.11 on for 10.2 (conda-forge pinning of those days).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from reprocheck.facts.conda_builds import flavour_of_pin
from reprocheck.facts.cuda_versions import Numbers, dotted, numbers
from reprocheck.facts.nvidia_wheels import suffix_cuda
from reprocheck.facts.torch_companions import padded, pairs_of
from reprocheck.facts.torch_conda import channel_builds, pytorch_cuda_versions
from reprocheck.facts.torch_wheels import is_dropped, newest_torch, wheel_builds
from reprocheck.model.environments import CondaSpec, EnvironmentFile, PipRequirement
from reprocheck.model.findings import Severity
from reprocheck.rules.channels import CONDA_FORGE, DEFAULTS, PYTORCH, channel_names, plain_name
from reprocheck.rules.constraints import pin_of
from reprocheck.rules.cuda_carriers import declared_carriers, declared_conda_stack
from reprocheck.rules.cuda_claims import CudaClaim, label_in
from reprocheck.rules.declarations import Declaration, platforms_of, written
from reprocheck.rules.declared_cuda import pinned_numbers

_SELECTORS: Final = ("cudatoolkit", "pytorch-cuda")
_OLDEST_OF_CONDA_FORGE = (9, 2)
_OLDEST_FROM_1_11 = (10, 2)
_FORGE_DROPPED_OLD_CUDA = (1, 11)
_BINDINGS: Final = ("cuda-python", "cuda-bindings")  # follow the minor release, and work with the major
_WITH_PRIVATE_RUNTIME = "nvidia-dali"


class Objection(NamedTuple):
    """Pins that nothing was built for: the entry to mend, those against it, what to say, why, and how to mend it."""

    entry: Declaration
    others: tuple[Declaration, ...]
    severity: Severity
    message: str
    why: str
    fix: str


def objections(environment: EnvironmentFile, platform: str) -> Iterator[Objection]:
    """Yield the pins of one platform that no build exists for; the tables are of Linux x86_64."""
    conda = [spec for spec in environment.conda if platform in platforms_of(spec, environment)]
    pip = [item for item in environment.pip if platform in platforms_of(item, environment)]
    yield from _selectors_that_do_not_exist(conda)
    yield from _builds_that_do_not_exist(environment, conda)
    yield from labels_that_do_not_exist(pip)
    yield from _names_for_another_release(environment, platform, (*conda, *pip))
    yield from _bindings_of_another_major(environment, platform, (*conda, *pip))
    yield from _label_against_selector(environment, conda, pip, platform)


def _selectors_that_do_not_exist(conda: Sequence[CondaSpec]) -> Iterator[Objection]:
    for spec in conda:
        if not _exists(spec):
            cuda, known = pinned_numbers(spec.version)[:2], pytorch_cuda_versions()
            why = f"`pytorch-cuda` ends at {dotted(known[-1])}; there are {_listed(known)}"
            fix = f"write `pytorch-cuda={dotted(_nearest(known, cuda))}`, or take pytorch from conda-forge"
            yield Objection(spec, (), Severity.ERROR, f"no `{written(spec)}` exists", why, fix)


def _exists(spec: CondaSpec) -> bool:
    """Say whether there is such a `pytorch-cuda`; True for other packages, and for ranges."""
    cuda = pinned_numbers(spec.version)[:2] if spec.name == "pytorch-cuda" else ()
    return not cuda or any(release[: len(cuda)] == cuda for release in pytorch_cuda_versions())


def _builds_that_do_not_exist(environment: EnvironmentFile, conda: Sequence[CondaSpec]) -> Iterator[Objection]:
    torch = next((spec for spec in conda if spec.name == "pytorch"), None)
    vision = next((spec for spec in conda if spec.name == "torchvision"), None) if torch is None else None
    spec = torch or vision
    # A build pin names its CUDA itself, or none at all: RC414 holds those against the selectors.
    if spec is None or (spec.build and flavour_of_pin(spec.build)) or _is_built_elsewhere(environment, spec):
        return
    for selector in conda:
        cuda = pinned_numbers(selector.version)[:2] if selector.name in _SELECTORS and _exists(selector) else ()
        builds, is_whole = _builds_of(spec) if cuda else ((), True)
        from_channel = selector.name == "pytorch-cuda" or _is_of_channel(environment, spec)
        if builds and _is_missing(cuda, builds, is_whole=is_whole, from_channel=from_channel, torch=_releases(spec)):
            yield _no_build(selector, spec, builds)


def _no_build(selector: CondaSpec, spec: CondaSpec, builds: Sequence[Numbers]) -> Objection:
    shown = f"`{written(spec)}`"
    return Objection(
        entry=selector,
        others=(spec,),
        severity=Severity.ERROR,
        message=f"{shown} has no build for the CUDA of `{written(selector)}`: the solver takes a CPU build, or none",
        why=f"the `pytorch` channel has {shown} for CUDA {_listed(builds)}",
        fix=f"ask for CUDA {_listed(builds)}, or for another release of torch",
    )


def _is_built_elsewhere(environment: EnvironmentFile, spec: CondaSpec) -> bool:
    """Say whether a channel that the tables do not know may have the package: a URL, nightly or long-term builds."""
    names = (plain_name(spec.channel),) if spec.channel else channel_names(environment)
    return any("://" in name or name.startswith(f"{PYTORCH}-") for name in names)


def _is_of_channel(environment: EnvironmentFile, spec: CondaSpec) -> bool:
    """Say whether a spec comes from the `pytorch` channel for sure: by name, or since no other one has it."""
    names = channel_names(environment)
    alone = PYTORCH in names and not {CONDA_FORGE, DEFAULTS} & {*names}
    return plain_name(spec.channel) == PYTORCH if spec.channel else alone


def _releases(spec: CondaSpec) -> tuple[Numbers, ...]:
    """Return the torch releases that a pin of pytorch or torchvision means, as far as they are written."""
    pin = pin_of(spec.version)
    wanted = numbers(pin.version) if pin else ()
    if spec.name == "pytorch" or not wanted:
        return (wanted,) if wanted else ()
    return tuple(torch for torch, vision in pairs_of("torchvision") if vision[: len(wanted)] == wanted)


def _builds_of(spec: CondaSpec) -> tuple[tuple[Numbers, ...], bool]:
    found = [channel_builds(release) for release in _releases(spec)]
    builds = {cuda for known, _ in found for cuda in known}
    return tuple(sorted(builds)), all(is_whole for _, is_whole in found)


def _is_missing(
    cuda: Numbers, builds: Sequence[Numbers], *, is_whole: bool, from_channel: bool, torch: Sequence[Numbers]
) -> bool:
    """Where another channel may have builds too, or not all are known, only what lies outside counts."""
    if any(known[: len(cuda)] == cuda for known in builds):
        return False
    if from_channel and is_whole:
        return True
    if cuda[0] not in {known[0] for known in builds} or cuda < _OLDEST_OF_CONDA_FORGE:
        return True
    oldest = builds[0] if from_channel else _OLDEST_FROM_1_11 if torch[0] >= _FORGE_DROPPED_OLD_CUDA else ()
    return len(cuda) > 1 and cuda < oldest


def labels_that_do_not_exist(pip: Sequence[PipRequirement]) -> Iterator[Objection]:
    """Yield pins of torch for a CUDA that its release has no wheels for."""
    for item in pip:
        cuda = label_in(item.specifier) if item.name == "torch" else None
        pin = pin_of(item.specifier) if cuda else None
        release = numbers(pin.version.partition("+")[0]) if pin else ()
        rows = (builds for torch, builds in wheel_builds() if numbers(torch) == padded(release)) if pin else ()
        known = [numbers(one) for builds in rows for one in builds]
        # A later CUDA for the newest release may be one that the table does not know yet.
        may_be_new = cuda is not None and padded(release) == newest_torch() and cuda > max(known, default=())
        if not cuda or not known or may_be_new:
            continue
        # Builds between two listed ones were published unannounced now and then, though not for a CUDA given up before.
        is_between = min(known) <= cuda <= max(known)
        if not is_between or is_dropped(dotted(release), cuda):
            why = f"torch {dotted(release)} has wheels for CUDA {_listed(sorted(known))}"
            fix = f"take the label of one of these, for example `torch=={dotted(release)}+cu{_tag(max(known))}`"
            severity = Severity.WARNING if is_between else Severity.ERROR
            yield Objection(item, (), severity, f"there is no wheel `{written(item)}`", why, fix)


def _names_for_another_release(
    environment: EnvironmentFile, platform: str, entries: Sequence[Declaration]
) -> Iterator[Objection]:
    """Yield packages named after a minor release of CUDA, such as `dgl-cu110`, beside a framework for another one."""
    named = [(entry, suffix_cuda(entry.name or "")) for entry in entries]
    minor = [(entry, cuda) for entry, cuda in named if cuda and len(cuda) > 1]
    main = _main_claim(declared_carriers(environment, platform)) if minor else None
    for entry, cuda in minor:
        if main is None or main.location == entry.location or (entry.name or "").startswith(_WITH_PRIVATE_RUNTIME):
            continue
        same_major = cuda[0] == main.cuda[0]
        if len(main.cuda) > 1 and cuda != main.cuda and (same_major or isinstance(entry, CondaSpec)):
            other = next(one for one in entries if one.location == main.location)
            yield Objection(
                entry=entry,
                others=(other,),
                severity=Severity.WARNING if same_major else Severity.ERROR,
                message=f"`{written(entry)}` is built for CUDA {dotted(cuda)},"
                f" and `{written(other)}` is for {dotted(main.cuda)}",
                why=main.said,
                fix=f"take the build for CUDA {dotted(main.cuda)}, or torch for CUDA {dotted(cuda)}",
            )


def _bindings_of_another_major(
    environment: EnvironmentFile, platform: str, entries: Sequence[Declaration]
) -> Iterator[Objection]:
    bindings = [entry for entry in entries if entry.name in _BINDINGS]
    main = _main_claim(declared_carriers(environment, platform)) if bindings else None
    for entry in bindings if main else ():
        cuda = pinned_numbers(entry.version if isinstance(entry, CondaSpec) else entry.specifier)[:1]
        if main and cuda and cuda != main.cuda[:1]:
            yield Objection(
                entry=entry,
                others=tuple(one for one in entries if one.location == main.location),
                severity=Severity.WARNING,
                message=f"`{written(entry)}` is for CUDA {dotted(cuda)}, the environment for {dotted(main.cuda)}",
                why=main.said,
                fix=f"write `{entry.name}={main.cuda[0]}`",
            )


def _main_claim(claims: Sequence[CudaClaim]) -> CudaClaim | None:
    return next((item for item in claims if item.kind != "name"), None)


def _label_against_selector(
    environment: EnvironmentFile, conda: Sequence[CondaSpec], pip: Sequence[PipRequirement], platform: str
) -> Iterator[Objection]:
    """Yield a `cuda-version` of another minor release than the label of pip's torch; RC410 tells other majors."""
    selectors = [(spec, pinned_numbers(spec.version)[:2]) for spec in conda if spec.name == "cuda-version"]
    labelled = [(item, label_in(item.specifier)) for item in pip if item.name == "torch"]
    for spec, cuda in selectors:
        for item, label in labelled:
            differ = label and len(cuda) > 1 and label[0] == cuda[0] and label != cuda
            if differ and label and not declared_conda_stack(environment, platform):
                yield Objection(
                    entry=spec,
                    others=(item,),
                    severity=Severity.WARNING,
                    message=f"`{written(spec)}` and `{written(item)}` name two releases of CUDA",
                    why=f"label of `{written(item)}` gives CUDA {dotted(label)}",
                    fix=f"write `cuda-version={dotted(label)}`",
                )


def _nearest(known: Sequence[Numbers], cuda: Numbers) -> Numbers:
    return next((release for release in reversed(known) if release <= cuda), known[0])


def _tag(cuda: Numbers) -> str:
    return "".join(str(part) for part in cuda)


def _listed(releases: Sequence[Numbers]) -> str:
    words = [dotted(release) for release in releases]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
