"""A URL in the lock holds credentials, or leads to a file of one machine only.

What it checks.
    Package URLs, channels and package indexes in a lock, for user names with passwords, tokens and signed queries,
    and for `file://` and local paths.

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
from collections.abc import Iterator

from reprocheck.model.findings import Confidence, Finding, Location, PackageRef, Severity
from reprocheck.model.locks import Lock
from reprocheck.model.redaction import public_url
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.locked_cuda import reference
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC206",
    name="secret-or-local-url",
    family=Family.LOCK,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(Need.LOCK,),
    since="0.2.0",
)

_USER = re.compile(r"^[A-Za-z][A-Za-z0-9+.\-]*://(?P<user>[^/?#@]*)@")
_TOKEN = re.compile(r"/t/(?P<token>[^/?#]+)(?:/|$)")
_QUERY = re.compile(
    r"[?&](?:access_?token|token|api_?key|key|auth|password|sig|signature|x-amz-signature|x-amz-security-token)="
    r"(?P<value>[^&#]+)",
    re.IGNORECASE,
)
_NO_SECRET = re.compile(r"^(?:\$\{?\w+\}?|%24\w+|<.*>|%3C.*%3E|\*+|)$")
_LOCAL = re.compile(r"^(?:file:|\.\.[/\\]|[/~\\]|[A-Za-z]:[/\\])", re.IGNORECASE)


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each place of packages that gives a secret away or that only this machine has."""
    if isinstance(facts.lock, Unseen):
        return
    lock, told = facts.lock, set[tuple[str, str]]()
    for url, location, package in _addresses(lock):
        kind = "secret" if _has_secret(url) else "local" if _LOCAL.match(url) else ""
        place = (kind, public_url(url).rpartition("/")[0])
        if kind and place not in told:  # one channel holds hundreds of packages
            told.add(place)
            yield _finding(kind, url, location, package)


def _addresses(lock: Lock) -> Iterator[tuple[str, Location, PackageRef | None]]:
    for channel in lock.channels:
        yield channel, Location(path=lock.path, line=1, column=1), None
    for package in lock.packages:
        yield package.url, lock.location_of(package), reference(package)


def _has_secret(url: str) -> bool:
    user = _USER.match(url)
    name, _, password = user["user"].partition(":") if user else ("", "", "")
    token, query = _TOKEN.search(url), _QUERY.search(url)
    secrets = (password or ("" if name == "git" else name), token and token["token"], query and query["value"])
    return any(secret and not _NO_SECRET.match(secret) for secret in secrets)


def _finding(kind: str, url: str, location: Location, package: PackageRef | None) -> Finding:
    whose = f"the URL of `{package.name}`" if package else "a channel"
    shown = public_url(url)
    secret = kind == "secret"
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity if secret else Severity.WARNING,
        confidence=RULE.confidence,
        message=f"{whose} in the lock holds credentials, at `{shown}`"
        if secret
        else f"{whose} in the lock leads to a file of one machine, `{shown}`",
        location=location,
        packages=(package,) if package else (),
        evidence=("the credentials are left out here, but not in the lock",) if secret else (),
        fix="revoke the credentials, write `$NAME` in their place in the environment file, and run `reprocheck lock`"
        if secret
        else "publish it where others can reach it, and run `reprocheck lock`",
    )
