"""Packages of the lock need a newer C library than the machine has.

What it checks.
    The glibc that wheels (`manylinux_2_28`) and conda packages (`__glibc >=2.28`) of the lock need, against the one
    of the audited machine.

Why it matters.
    pip refuses such a wheel or builds the source archive instead, and an installer of locks unpacks it all the same:
    then the import ends with "version `GLIBC_2.28' not found". Wheels of torch need 2.28 since 2.7.

Bad.
    conda-lock.yml, shortened:
      - conda linux-64 python 3.12.9 h9e4cc4f_1
      - conda linux-64 cuda-nvrtc 13.0.88 hecca717_0, needs __glibc >=2.28

    seen: glibc 2.17

Good.
    conda-lock.yml, shortened:
      - conda linux-64 python 3.12.9 h9e4cc4f_1
      - conda linux-64 cuda-nvrtc 12.6.85 hbd13f7d_0, needs __glibc >=2.17

    seen: glibc 2.17

How to fix.
    Use a newer base image, or lock for the machine: `virtual-packages.yml` with its `__glibc`.

When it stays silent.
    The machine's C library is new enough, or is not glibc; the platform is not Linux; an installed wheel was made on
    some machine for that machine (`linux_x86_64`), which tells no version.

Sources.
    PEP 600 (manylinux_x_y); conda documentation "Managing virtual packages"; torch wheels of PyPI, read 2026-11-20.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from reprocheck.facts.cuda_versions import Numbers, dotted, numbers
from reprocheck.model.findings import Confidence, Finding, Severity
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.rules.closure import path_to
from reprocheck.rules.effective_cuda import platforms_in
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.gpu_cases import told_by
from reprocheck.rules.locked_cuda import reference
from reprocheck.rules.rule import Family, Need, Rule
from reprocheck.rules.wording import listed

RULE = Rule(
    code="RC446",
    name="c-runtime-too-old",
    family=Family.CUDA,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(Need.LOCK, Need.GLIBC),
    since="0.1.0",
)

_LEGACY = "manylinux"  # of manylinux1, manylinux2010 and manylinux2014


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for all packages that need more than the machine has."""
    if isinstance(facts.lock, Unseen) or isinstance(facts.glibc, Unseen):
        return
    has = numbers(facts.glibc)
    linux = [name for name in platforms_in(facts) if name.startswith("linux-")]
    needy = [
        (floor, package) for name in linux for package in facts.lock.on(name) if (floor := needed_glibc(package)) > has
    ]
    if needy:
        yield _finding(facts, facts.lock, needy)


def needed_glibc(package: LockedPackage) -> Numbers:
    """Return the glibc that a package needs, () where it names none."""
    if package.manager == "pip":
        # A wheel may carry several tags, of which the oldest is enough; manylinux1 to 2014 take glibc 2.17 or older.
        told = " ".join((package.url, *package.tags))
        floors = [(int(major), int(minor)) for major, minor in _patterns()[0].findall(told)]
        return () if _LEGACY in told.replace("manylinux_", "") else min(floors, default=())
    bound = _patterns()[1].match(next((text for name, text in package.dependencies if name == "__glibc"), ""))
    return numbers(bound["version"]) if bound else ()


def _older(lock: Lock, glibc: str) -> str:
    if lock.records:
        return f"take releases that were built for glibc {glibc}"
    return "describe the machine in `virtual-packages.yml` (`__glibc`) and lock anew"


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    return re.compile(r"manylinux_(\d+)_(\d+)_"), re.compile(r">=(?P<version>[\d.]+)")


def _finding(facts: Facts, lock: Lock, needy: list[tuple[Numbers, LockedPackage]]) -> Finding:
    highest, first = max(needy, key=lambda pair: pair[0])
    packages = [package for _, package in needy]
    path = path_to(facts, lock, first)
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"{listed(packages)} {'needs' if len(packages) == 1 else 'need'} glibc {dotted(highest)}"
        f" or newer, the machine has {facts.glibc}",
        location=lock.location_of(first),
        packages=tuple(reference(package) for package in packages),
        platforms=tuple(dict.fromkeys(package.platform for package in packages)),
        evidence=(
            f"`{first.name} {first.version}` needs glibc {dotted(highest)}",
            f"glibc according to {told_by(facts)}",
        ),
        fix=f"use a newer base image, or {_older(lock, str(facts.glibc))}",
        paths=(path,) if path else (),
    )
