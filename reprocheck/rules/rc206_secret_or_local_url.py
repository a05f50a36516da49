"""A URL in the lock holds credentials, or leads to a file of one machine only.

What it checks.
    Package URLs, channels and metadata of a lock, for user names with passwords, tokens and signed queries, and for
    `file://` and local paths. One finding tells all that are alike.

Why it matters.
    A lock is committed and published, and a token in it with it. A path of this machine is found on no other one.

Bad.
    conda-lock.yml, shortened:
      - conda linux-64 corp 1.0 0, from https://me:hunter2@conda.invalid/corp/linux-64/corp-1.0-0.conda

Good.
    conda-lock.yml, shortened:
      - conda linux-64 corp 1.0 0, from https://$CORP_USER:$CORP_TOKEN@conda.invalid/corp/linux-64/corp-1.0-0.conda

How to fix.
    Revoke the token first: it is in the history. Then write `$NAME` in the channel of the environment file and lock
    anew; `reprocheck lock` never writes credentials. For a local package, publish it where others can reach it.

When it stays silent.
    References such as `$TOKEN` and `${TOKEN}`, masks such as `<TOKEN>` and `*****`, the user `git` of a repository, and
    paths inside the project, such as `./tools`.

Sources.
    docs.conda.io "conda token"; conda-lock README "Authenticated channels"; RFC 3986 §3.2.1, read 2026-11-21.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from reprocheck.model.data_classes import dataclass
from reprocheck.model.findings import Confidence, Finding, Location, PackageRef, Severity
from reprocheck.model.locks import Lock
from reprocheck.model.redaction import public_url
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.locked_cuda import reference
from reprocheck.rules.relock_command import lock_tool
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC206",
    name="secret-or-local-url",
    family=Family.LOCK,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(Need.LOCK,),
    since="0.1.0",
)

# Compiled where they are needed: nearly all addresses are plain.
_IN_TEXT = r"[A-Za-z][A-Za-z0-9+.\-]*://\S+"
_USER = r"^[A-Za-z][A-Za-z0-9+.\-]*://(?P<user>[^/?#@]*)@"
_PATH_PART = r"/t/(?P<token>[^/?#]+)(?:/|$)"
_QUERY = (
    r"[?&](?:access_?token|token|api_?key|key|auth|password|sig|signature|x-(?:amz|goog)-signature|"
    r"x-amz-security-token)=(?P<value>[^&#]+)"
)
_MASK = r"^(?:\$\{?\w+\}?|%24\w+|<.*>|%3C.*%3E|\*+|)$"
_LOCAL = r"^(?:(?:\w+\+)?file:|\.\.[/\\]|[/~\\]|[A-Za-z]:[/\\])"
_MOST_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Address:
    """A URL of the lock, whose it is, and where it stands."""

    url: str
    whose: str
    location: Location
    package: PackageRef | None = None


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each kind of place of credentials, and one for all that only this machine has."""
    if isinstance(facts.lock, Unseen):
        return
    told: dict[str, list[_Address]] = {}
    for address in _addresses(facts.lock):
        place = _secret_place(address.url) or ("" if re.match(_LOCAL, address.url, re.IGNORECASE) else None)
        if place is not None:
            told.setdefault(place, []).append(address)
    for place, addresses in told.items():
        tool = lock_tool(facts.lock)
        yield _secret(place, addresses, tool) if place else _local(addresses, tool)


def _addresses(lock: Lock) -> Iterator[_Address]:
    head = Location(path=lock.path, line=1, column=1)
    for channel in lock.channels:
        yield _Address(url=channel, whose="a channel", location=head)
    for key, value in lock.custom_metadata:
        for url in re.findall(_IN_TEXT, value):
            yield _Address(url=url, whose=f"`{key}` of the metadata", location=head)
    for package in lock.packages:
        if _is_plain(package.url):
            continue
        whose, place = f"the URL of `{package.name}`", lock.location_of(package)
        yield _Address(url=package.url, whose=whose, location=place, package=reference(package))


def _is_plain(url: str) -> bool:
    """Say whether nothing can be hidden in a URL, as in nearly all; `check` has no time for the others' questions."""
    return url.startswith("https://") and not any(mark in url for mark in ("@", "/t/", "?", "&"))


def _secret_place(url: str) -> str | None:
    """Return in which part of the URL credentials stand, None where it has none."""
    user = re.match(_USER, url)
    name, _, password = user["user"].partition(":") if user else ("", "", "")
    token, query = re.search(_PATH_PART, url), re.search(_QUERY, url, re.IGNORECASE)
    parts = {
        "as user name or password": password or ("" if name == "git" else name),
        "as a token in its path": token["token"] if token else "",
        "in its query": query["value"] if query else "",
    }
    return next((part for part, secret in parts.items() if not re.match(_MASK, secret)), None)


def _secret(place: str, addresses: Sequence[_Address], tool: str) -> Finding:
    return _finding(
        addresses,
        RULE.severity,
        f"holds credentials {place}, at",
        evidence=("the credentials are left out here, but not in the lock",),
        fix=f"revoke the credentials, write `$NAME` in their place in the environment file, and run `{tool}`",
    )


def _local(addresses: Sequence[_Address], tool: str) -> Finding:
    return _finding(
        addresses,
        Severity.WARNING,
        "leads to a file of one machine,",
        fix=f"publish it where others can reach it, and run `{tool}`",
    )


def _finding(
    addresses: Sequence[_Address], severity: Severity, said: str, *, fix: str, evidence: tuple[str, ...] = ()
) -> Finding:
    """Return one finding for all of `addresses`: one channel holds hundreds of packages."""
    first, *others = dict.fromkeys(public_url(address.url) for address in addresses)
    more = f" (and {len(others)} more like it)" if others else ""
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=severity,
        confidence=RULE.confidence,
        message=f"{addresses[0].whose} in the lock {said} `{first}`{more}",
        location=addresses[0].location,
        packages=tuple(address.package for address in addresses if address.package),
        evidence=(*(f"`{url}` too" for url in others[:_MOST_NAMED]), *evidence),
        fix=fix,
    )
