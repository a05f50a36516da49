"""The channels of Anaconda and of conda-forge are mixed, or stand in an order that leaves one of them out.

What it checks.
    `defaults` (also as `anaconda`, `main`, `default`, or where the file names no channel at all) beside `conda-forge`,
    and a `pytorch` channel below one that has pytorch too.

Why it matters.
    The two build the same libraries with other compilers and other settings, and nothing keeps builds of one from
    being loaded beside builds of the other. Which of them a package comes from depends on `channel_priority` in
    everybody's own `.condarc`, so one file gives two environments. A channel that stands below another one which has
    the same packages is never asked for them.

Bad.
    channels:
      - defaults
      - conda-forge
    dependencies:
      - python=3.12

Good.
    channels:
      - conda-forge
      - nodefaults
    dependencies:
      - python=3.12

How to fix.
    Keep `conda-forge` alone, with `nodefaults` below it: conda otherwise adds the channels of the user. For single
    packages of another channel write `channel::package`.

When it stays silent.
    Only one of the two is there; `nodefaults` is listed. With conda-forge first, with `conda-forge::package` in a file
    for `defaults`, and where build strings settle what comes from where, it is told as info: then little goes wrong.
    What a misplaced channel does to `pytorch-cuda` and `cpuonly` is told by RC422.

Sources.
    conda-forge.org "Using multiple channels"; docs.conda.io "Managing channels", read 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.findings import Confidence, Edit, Finding, RelatedLocation, Severity
from reprocheck.rules.channels import (
    CONDA_FORGE,
    DEFAULTS,
    NO_DEFAULTS,
    PYTORCH,
    channel_names,
    own_channel,
    place_of,
    plain_name,
    rank_of,
    rename_channel,
)
from reprocheck.rules.declarations import written
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC104",
    name="mixed-channels",
    family=Family.ENVIRONMENT,
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    needs=(Need.ENVIRONMENT,),
    since="0.1.0",
)

_SAME_LIBRARIES = "defaults and conda-forge build the same libraries with other compilers and settings"
_ONE_CHANNEL = "write the versions without their builds, and keep one of the two channels"
_CONDA_FORGE_ALONE = "keep `conda-forge` alone, with `nodefaults` below it"
# RC422 tells what happens to them.
_SELECTORS = ("pytorch-cuda", "cpuonly")
_HAVE_PYTORCH = (CONDA_FORGE, DEFAULTS)
_MOSTLY = 0.9


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for mixed channels, and one for a pytorch channel that is never asked."""
    environment = facts.environment
    if isinstance(environment, Unseen) or not environment.conda:
        return
    if NO_DEFAULTS not in channel_names(environment):
        yield from _mixed(environment)
    yield from _never_asked(environment)


def _mixed(environment: EnvironmentFile) -> Iterator[Finding]:
    anaconda, forge = rank_of(environment, DEFAULTS), rank_of(environment, CONDA_FORGE)
    if anaconda is None:
        return
    if forge is None:
        yield from _single_packages(environment)
    elif anaconda < forge and not _builds_settle_it(environment):
        yield _finding(
            environment,
            (DEFAULTS, CONDA_FORGE),
            f"`{_written(environment, DEFAULTS)}` stands above `conda-forge`: which of them a package comes from"
            " depends on everybody's own channel priority",
            RULE.severity,
            _CONDA_FORGE_ALONE,
        )
    else:
        shown = _written(environment, DEFAULTS)
        yield _finding(
            environment,
            (DEFAULTS, CONDA_FORGE),
            f"`{shown}` is mixed with `conda-forge`",
            Severity.INFO,
            _ONE_CHANNEL if _builds_settle_it(environment) else f"write `nodefaults` for `{shown}`",
        )


def _builds_settle_it(environment: EnvironmentFile) -> bool:
    """Say whether nearly every spec names its exact build, of which there is one, in one channel."""
    exact = sum(not _is_open(spec.build) for spec in environment.conda)
    return exact >= _MOSTLY * len(environment.conda)


def _single_packages(environment: EnvironmentFile) -> Iterator[Finding]:
    """Yield that single specs name conda-forge in a file for Anaconda's channels: what they need comes from both."""
    specs = [spec for spec in environment.conda if own_channel(spec) == CONDA_FORGE]
    if specs and len(specs) < len(environment.conda):
        listed = "" if environment.channels else ", because no channel is listed"
        yield Finding(
            code=RULE.code,
            name=RULE.name,
            severity=Severity.INFO,
            confidence=RULE.confidence,
            message=f"`{written(specs[0])}` is mixed with the packages of `{_written(environment, DEFAULTS)}`{listed}",
            location=specs[0].location,
            evidence=(_SAME_LIBRARIES,),
            fix=f"list the channels: {_CONDA_FORGE_ALONE}",
        )


def _never_asked(environment: EnvironmentFile) -> Iterator[Finding]:
    """Yield that another channel, which has pytorch too, stands above the pytorch channel."""
    rank = rank_of(environment, PYTORCH)
    if rank is None or any(environment.conda_named(name) for name in _SELECTORS):
        return
    specs = [spec for spec in environment.conda_named("pytorch") if spec.channel is None and _is_open(spec.build)]
    above = next((name for name in channel_names(environment)[:rank] if name in _HAVE_PYTORCH), None)
    if specs and above:
        yield _finding(
            environment,
            (PYTORCH, above),
            f"`{written(specs[0])}` comes from `{above}`: the channel `pytorch` stands below it",
            Severity.INFO,
            "remove the channel `pytorch`, or write `pytorch::pytorch` where its build is meant",
        )


def _is_open(build: str | None) -> bool:
    return build is None or "*" in build


def _written(environment: EnvironmentFile, channel: str) -> str:
    """Return a channel as the file writes it, `defaults` where it writes none."""
    place = place_of(environment, channel)
    found = (item.name for item in environment.channels if item.location == place)
    return next(found, channel).replace("`", "")


def _edits(environment: EnvironmentFile) -> tuple[Edit, ...]:
    """Write `nodefaults` for the first channel of Anaconda, take the others out; none where builds are asked for."""
    if _builds_settle_it(environment):
        return ()
    channels = [channel for channel in environment.channels if plain_name(channel.name) == DEFAULTS]
    names = (NO_DEFAULTS, *[None] * (len(channels) - 1))
    edits = tuple(rename_channel(environment, *pair) for pair in zip(channels, names, strict=True))
    return tuple(edit for edit in edits if edit) if all(edits) else ()


def _finding(
    environment: EnvironmentFile,
    channels: tuple[str, str],
    message: str,
    severity: Severity,
    fix: str,
) -> Finding:
    channel, other = channels
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=severity,
        confidence=RULE.confidence,
        message=message,
        location=place_of(environment, channel),
        related=(RelatedLocation(location=place_of(environment, other), message=f"`{_written(environment, other)}`"),),
        evidence=(_SAME_LIBRARIES,) if channel == DEFAULTS else (f"`{other}` has pytorch as well",),
        fix=fix,
        edits=_edits(environment) if channel == DEFAULTS and severity is Severity.INFO else (),
    )
