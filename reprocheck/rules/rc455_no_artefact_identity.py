"""The lock names packages by less than a SHA-256, so nobody can prove which archive was installed.

What it checks.
    That every archive of the lock has a `sha256`.

Why it matters.
    A build string is no identity: the hash in it leaves the version out (`h30b5a27` is pytorch 2.6.0, 2.7.0 and 2.7.1),
    and MD5 can be forged. A paper that wants to show what it ran on needs the digest of every archive.

Bad.
    conda-lock.yml, shortened:
      - conda linux-64 zlib 1.3.1 hb9d3cd8_2, hashed by md5

Good.
    conda-lock.yml, shortened:
      - conda linux-64 zlib 1.3.1 hb9d3cd8_2

How to fix.
    Run `reprocheck lock -U`, which records the SHA-256 of every archive where the channel gives one.

When it stays silent.
    A package has no hash at all (RC205 tells that), or no archive (a repository with a commit, a folder).

Sources.
    conda-forge build strings seen in public locks; RFC 6151 (MD5), read 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.findings import Confidence, Finding, Severity
from reprocheck.rules.effective_cuda import platforms_in
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.locked_cuda import reference
from reprocheck.rules.relock_command import lock_tool
from reprocheck.rules.rule import Family, Need, Rule
from reprocheck.rules.wording import listed

RULE = Rule(
    code="RC455",
    name="no-artefact-identity",
    family=Family.CUDA,
    severity=Severity.INFO,
    confidence=Confidence.HIGH,
    needs=(Need.LOCK,),
    since="0.1.0",
)


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for all packages that only an MD5 identifies."""
    if isinstance(facts.lock, Unseen):
        return
    platforms = platforms_in(facts)
    weak = [package for name in platforms for package in facts.lock.on(name) if package.md5 and not package.sha256]
    # pip takes no MD5 for a proof: that is no weak identity but none, which RC205 tells.
    weak = [package for package in weak if package.manager == "conda"]
    if not weak:
        return
    yield Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"{listed(weak)} {'is' if len(weak) == 1 else 'are'} identified by MD5 alone",
        location=facts.lock.location_of(weak[0]),
        packages=tuple(reference(package) for package in weak),
        platforms=tuple(sorted({package.platform for package in weak})),
        evidence=("a build string alone names several versions, and MD5 can be forged",),
        fix=f"run `{lock_tool(facts.lock)}`, which records SHA-256 where the channel gives it",
    )
