"""The lock installs packages that nothing declared needs.

What it checks.
    That something the sources declare leads to every locked package, by conda and by pip, on every platform.

Why it matters.
    Somebody took a package out of the environment.yml, and everybody who installs from the lock still gets it. The
    code goes on importing what no file asks for, until the next lock takes it away.

    In a lock that conda-lock wrote it is worth no more than an info: `conda-lock --update` leaves packages behind,
    nothing tells those from a removed spec, and everything that is declared is there. `reprocheck lock` leaves none.

Bad.
    environment.yml:
      dependencies:
      - python=3.12

    conda-lock.yml, shortened:
      - conda linux-64 python 3.12.9 0_cpython, needs openssl >=3
      - conda linux-64 openssl 3.4.1 0
      - conda linux-64 lmdb 0.9.31 0, needs openssl >=3

Good.
    environment.yml:
      dependencies:
      - python=3.12
      - lmdb

    conda-lock.yml, shortened:
      - conda linux-64 python 3.12.9 0_cpython, needs openssl >=3
      - conda linux-64 openssl 3.4.1 0
      - conda linux-64 lmdb 0.9.31 0, needs openssl >=3

How to fix.
    Run `reprocheck lock`, or declare the package again if the code needs it. In a lock of conda-lock's, `--select
    RC203 --min-severity info` fails for it too.

When it stays silent.
    A digest or a content hash proves that the sources are those that were locked; or not every source of the lock is
    there. Pip packages are left alone where a pip line leads nobody knows where to: a path, a URL without a name.

Sources.
    conda-lock 4.0.3, `conda-lock --update` (leaves packages behind); conda/conda-lock#432, read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reprocheck.model.findings import Confidence, Finding, Severity
from reprocheck.model.locks import DIGEST_KEY, Lock, LockedPackage
from reprocheck.rules.effective_cuda import platforms_in
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.locked_cuda import reference
from reprocheck.rules.relock_command import relock_command
from reprocheck.rules.rule import Family, Need, Rule
from reprocheck.rules.wording import listed

RULE = Rule(
    code="RC203",
    name="unreachable-package",
    family=Family.LOCK,
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    needs=(Need.ENVIRONMENT, Need.LOCK, Need.FRESHNESS),
    since="0.1.0",
)


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding that names all of them: who removed one spec wants one answer."""
    if isinstance(facts.lock, Unseen) or isinstance(facts.freshness, Unseen):
        return
    platforms = platforms_in(facts)
    packages = [package for package in facts.freshness.unreachable if package.platform in platforms]
    if packages:
        yield _finding(facts, facts.lock, packages)


def _finding(facts: Facts, lock: Lock, packages: Sequence[LockedPackage]) -> Finding:
    tops = _tops(packages)
    platforms = tuple(sorted({package.platform for package in packages}))
    leaves_none = lock.custom(DIGEST_KEY) is not None
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity if leaves_none else Severity.INFO,
        confidence=RULE.confidence,
        message=f"nothing that is declared needs {listed((*tops, *packages))}, locked on {', '.join(platforms)}",
        location=lock.location_of(tops[0]),
        packages=tuple(reference(package) for package in packages),
        platforms=platforms,
        evidence=(
            f"no spec of {_sources(lock)}, and no package that one leads to, names them",
            *([] if leaves_none else ["another tool wrote the lock: `conda-lock --update` leaves packages behind"]),
        ),
        fix=relock_command(facts),
    )


def _tops(packages: Sequence[LockedPackage]) -> list[LockedPackage]:
    """Return those that no other of them needs, which is what was declared once; all of them in a circle."""
    needed = {(package.platform, name) for package in packages for name, _ in package.dependencies}
    return [package for package in packages if (package.platform, package.name) not in needed] or list(packages)


def _sources(lock: Lock) -> str:
    return ", ".join(f"`{source}`" for source in lock.sources) or "the environment file"
