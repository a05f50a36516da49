"""Several distributions that install the same module are locked, and not all of them were asked for.

What it checks.
    Two or more packages of the lock that install one importable module, of which at least one came in because another
    package needs it. The path shows which.

Why it matters.
    They write the same files, and the last one installed wins. A package that asks for `onnxruntime` puts the CPU
    build over the `onnxruntime-gpu` that you asked for: no error, only `CPUExecutionProvider` and a long wait.
    cupy warns at import, cv2 loses attributes, and removing one takes files of the other away.

Bad.
    environment.yml:
      dependencies:
        - python=3.11
        - pip:
            - onnxruntime-gpu==1.19.2
            - rembg==2.0.59

    conda-lock.yml, shortened:
      - conda linux-64 python 3.11.10 hc5c86c4_3_cpython
      - pip linux-64 onnxruntime-gpu 1.19.2
      - pip linux-64 rembg 2.0.59, needs onnxruntime *
      - pip linux-64 onnxruntime 1.19.2

Good.
    environment.yml:
      dependencies:
        - python=3.11
        - pip:
            - onnxruntime-gpu==1.19.2

    conda-lock.yml, shortened:
      - conda linux-64 python 3.11.10 hc5c86c4_3_cpython
      - pip linux-64 onnxruntime-gpu 1.19.2

How to fix.
    Choose a release or an extra of the package that pulls the other one in (`rembg[gpu]`), or tell the resolver to
    leave it out with an override; then lock anew.

When it stays silent.
    All of them were asked for by name, or there is no environment file to tell (RC305); conda and pip install the
    same project (RC302, RC303); parts of one conda package; releases that hold the module no more.

Sources.
    microsoft/onnxruntime#23833, gpustack/gpustack#5459, cupy/cupy#9719, opencv/opencv-python#467,
    albumentations-team/albumentations#1528 and others of the table `import_collisions.yaml`, read 2026-11-20 and
    2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.facts.import_collisions import Collision
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.findings import Confidence, Finding, PackageRef, RelatedLocation, Severity
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.model.project_names import normalise_name
from reprocheck.rules.closure import path_to
from reprocheck.rules.declarations import declared, first_place
from reprocheck.rules.facts import Facts
from reprocheck.rules.locked_cuda import reference
from reprocheck.rules.one_module import both, locked_modules, severity_of
from reprocheck.rules.relock_command import lock_tool
from reprocheck.rules.rule import Family, Need, Rule
from reprocheck.rules.wording import listed

RULE = Rule(
    code="RC445",
    name="several-distributions-by-dependency",
    family=Family.CUDA,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(Need.ENVIRONMENT, Need.LOCK),
    since="0.1.0",
)


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each module that was not asked for several times, its platforms together."""
    if not isinstance(facts.lock, Lock) or not isinstance(facts.environment, EnvironmentFile):
        return
    for group, same in locked_modules(facts, facts.lock):
        if not all(_is_asked_for(facts, package) for package in same[0]):
            yield _finding(facts, facts.lock, group, same)


def _is_asked_for(facts: Facts, package: LockedPackage) -> bool:
    name = normalise_name(package.name) if package.manager == "pip" else package.name
    return declared(facts, package.manager, name) is not None


def _finding(facts: Facts, lock: Lock, group: Collision, same: list[tuple[LockedPackage, ...]]) -> Finding:
    packages, platforms = same[0], tuple(members[0].platform for members in same)
    paths = tuple(filter(None, (path_to(facts, lock, package) for package in packages)))
    pulled = sorted((path for path in paths if len(path) > 1), key=len)
    roots = tuple((path[0].manager, path[0].name) for path in (*pulled, *paths))
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=severity_of(group),
        confidence=RULE.confidence,
        message=f"the lock holds {listed(packages)} on {', '.join(platforms)}, which {both(packages)} install"
        f" the module `{group.module}`{_by(pulled)}: the last one installed overwrites the rest",
        location=first_place(facts, roots) or lock.location_of(packages[0]),
        related=tuple(
            RelatedLocation(location=lock.location_of(one), message=f"{one.manager}'s `{one.name}`") for one in packages
        ),
        packages=tuple(reference(package) for members in same for package in members),
        platforms=platforms,
        evidence=(f"each of them is `import {group.module}`",),
        fix=_fix(lock, packages, pulled),
        paths=paths,
    )


def _by(pulled: list[tuple[PackageRef, ...]]) -> str:
    return f" (`{pulled[0][-1].name}` is pulled in by `{pulled[0][-2].name}`)" if pulled else ""


def _fix(lock: Lock, packages: tuple[LockedPackage, ...], pulled: list[tuple[PackageRef, ...]]) -> str:
    if not pulled:
        unneeded = f"nothing that was declared needs them all; `{packages[0].name}` alone is enough"
        return f"run `{lock_tool(lock)}`: {unneeded}"
    puller, name = pulled[0][-2].name, pulled[0][-1].name
    return f"choose a release or an extra of `{puller}` that does not need `{name}`, or leave it out, and lock anew"
