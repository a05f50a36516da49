"""Packages come from a regional mirror, so the lock will not travel.

What it checks.
    Channels and package indexes of the environment.yml that are mirrors, and URLs of packages in the lock that lead
    to one. One finding tells all of them.

Why it matters.
    A mirror is near to those who set it up. From elsewhere it is slow, refuses, or is gone in some years; it may lag
    behind; and to conda a channel and its mirror are two channels, so strict priority treats them as strangers. The
    lock writes the mirror into every URL.

Bad.
    channels:
      - https://mirrors.tuna.invalid/anaconda/cloud/conda-forge
    dependencies:
      - python=3.12

Good.
    channels:
      - conda-forge
    dependencies:
      - python=3.12

How to fix.
    Write the plain name of the channel here, and the mirror into your own `.condarc` (`channel_alias`,
    `custom_channels`) or `pip.conf`: then everybody uses the nearest copy.

When it stays silent.
    The host is no mirror of the table; the URL leads to something else on the host of a mirror.

Sources.
    Table channel_mirrors.yaml, whose rows name theirs; docs.conda.io "Mirroring channels", read 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reprocheck.facts.channel_mirrors import mirror_of
from reprocheck.model.environments import Channel, EnvironmentFile, PipRequirement
from reprocheck.model.findings import Confidence, Edit, Finding, Location, RelatedLocation, Severity
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.model.redaction import public_url
from reprocheck.rules.channels import plain_name, rename_channel
from reprocheck.rules.declarations import written
from reprocheck.rules.facts import Facts
from reprocheck.rules.locked_cuda import reference
from reprocheck.rules.mends import removal
from reprocheck.rules.relock_command import relock_command
from reprocheck.rules.rule import Family, Rule

RULE = Rule(
    code="RC112",
    name="mirror-channel",
    family=Family.ENVIRONMENT,
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    needs=(),  # looks at the environment file, or at the lock where the file names no mirror
    since="0.1.0",
)

_MOST_URLS = 3
_TWO_CHANNELS = "to conda a channel and its mirror are two channels"
_NEAR_ONLY = "a mirror may lag behind, and may refuse who is far away"
_NOT_A_NAME = ("://", " ")


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for the mirrors that the file names; where it names none, for those in the lock."""
    environment = facts.environment
    if isinstance(environment, EnvironmentFile):
        channels = [channel for channel in environment.channels if mirror_of(channel.name)]
        options = [line for line in environment.pip if line.kind == "option" and _mirror_in(line.text)]
        if channels or options:
            yield _declared(environment, channels, options)
            return
    if isinstance(facts.lock, Lock):
        yield from _locked(facts, facts.lock)


def _mirror_in(text: str) -> str | None:
    """Return the mirror that one of the words of an option line leads to."""
    words = text.replace("=", " ").split() if "://" in text else ()
    return next(filter(None, map(mirror_of, words)), None)


def _declared(environment: EnvironmentFile, channels: list[Channel], options: list[PipRequirement]) -> Finding:
    told: list[tuple[Location, str, str]] = [
        *((one.location, one.name.replace("`", ""), mirror_of(one.name) or "") for one in channels),
        *((one.location, written(one), _mirror_in(one.text) or "") for one in options),
    ]
    place, first, mirror = told[0]
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"`{first}` is a mirror, that of {mirror}{_more(told[1:])}",
        location=place,
        related=tuple(RelatedLocation(location=other, message=f"`{text}` too") for other, text, _ in told[1:]),
        evidence=(_TWO_CHANNELS if channels else _NEAR_ONLY,),
        fix=_fix(channels),
        edits=_edits(environment, channels, options),
    )


def _fix(channels: list[Channel]) -> str:
    names = dict.fromkeys(f"`{plain_name(channel.name)}`" for channel in channels if _canonical(channel))
    instead = f"write {', '.join(names)} instead, and " if names else "remove the line, and "
    return f"{instead}keep the mirror in your own `.condarc` or `pip.conf`"


def _canonical(channel: Channel) -> str | None:
    """Return the plain name of what a channel mirrors, None where its address does not tell."""
    name = plain_name(channel.name)
    return None if any(part in name for part in _NOT_A_NAME) else name


def _edits(environment: EnvironmentFile, channels: list[Channel], options: list[PipRequirement]) -> tuple[Edit, ...]:
    """Write the plain names; a name that stands in the list already is not written again."""
    known = {plain_name(channel.name) for channel in environment.channels if channel not in channels}
    edits: list[Edit] = []
    for channel in channels:
        name = _canonical(channel)
        edit = rename_channel(environment, channel, None if name in known else name) if name else None
        if edit is None:
            return ()
        edits.append(edit)
        known.add(name or "")
    removals = [removal(environment, option, safe=False) for option in options]
    if not all(removals):
        return ()
    return (*edits, *(edit for edits_of_one in removals for edit in edits_of_one))


def _locked(facts: Facts, lock: Lock) -> Iterator[Finding]:
    hosts: dict[str, str | None] = {}
    found: list[tuple[LockedPackage, str]] = []
    for package in lock.packages:
        # Up to the third slash it is the host, of which there are few; the rest tells whether it holds packages.
        start = "/".join(package.url.split("/", 4)[:4])
        if start not in hosts:
            hosts[start] = mirror_of(package.url)
        mirror = hosts[start]
        if mirror:
            found.append((package, mirror))
    if found:
        yield _locked_finding(facts, lock, found)


def _locked_finding(facts: Facts, lock: Lock, found: list[tuple[LockedPackage, str]]) -> Finding:
    package, mirror = found[0]
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"the lock takes `{package.name}` from a mirror, that of {mirror}{_more(found[1:])}",
        location=lock.location_of(package),
        packages=tuple(reference(one) for one, _ in found),
        evidence=(*(f"`{public_url(one.url)}`" for one, _ in found[:_MOST_URLS]), _NEAR_ONLY),
        fix=f"take the mirror out of your `.condarc` or `pip.conf`, and run `{relock_command(facts)}`",
    )


def _more(others: Sequence[object]) -> str:
    return f" (and {len(others)} more like it)" if others else ""
