"""Several distributions that were asked for install the same module.

What it checks.
    Two or more entries of the environment file whose distributions install one importable module: `opencv-python`
    and `opencv-python-headless` (cv2), `onnxruntime` and `onnxruntime-gpu`, several `cupy-cuda…`, `pillow` and
    `pillow-simd`, `rdkit` and `rdkit-pypi`, and others. A lock that is looked at alone is searched as a whole.

Why it matters.
    They write the same files, and nothing tells them apart: the last one installed wins, and in which order they come
    depends on the installer and on the day. Removing one takes files of the other away. `onnxruntime` over
    `onnxruntime-gpu` computes on the CPU without a word.

Bad.
    dependencies:
      - python=3.11
      - pip
      - pip:
          - albumentations==1.4.0
          - opencv-python==4.9.0.80
          - opencv-python-headless==4.9.0.80

Good.
    dependencies:
      - python=3.11
      - pip
      - pip:
          - albumentations==1.4.0
          - opencv-python-headless==4.9.0.80

How to fix.
    Keep one. The others go from the file, and from the environment before the one is installed anew.

When it stays silent.
    Markers or selectors put them on different platforms or Pythons; conda provides the same project, which RC301
    and RC302 tell; one of them came in by dependency only (RC445); parts of one conda package (`libopencv`,
    `py-opencv`); releases that hold the module no more, such as pynvml from 12 on. Where they are installed and list
    their files, RC603 and RC604 tell which of these were overwritten.

Sources.
    opencv/opencv-python#467, microsoft/onnxruntime#23833, cupy/cupy#9719, facebookresearch/faiss#2892,
    tensorflow/tensorflow PR#125351, BiomedSciAI/fuse-drug#131 and others of the table `import_collisions.yaml`, read
    2026-11-20 and 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.errors import InputError
from reprocheck.facts.import_collisions import Collision
from reprocheck.model.environments import EnvironmentFile, PipRequirement
from reprocheck.model.findings import Confidence, Finding, PackageRef, RelatedLocation, Severity
from reprocheck.model.locks import Lock
from reprocheck.model.platform_selectors import PLATFORMS
from reprocheck.rules.constraints import pin_of
from reprocheck.rules.declarations import Declaration, constraint_of, declared, manager_of, platforms_of, written
from reprocheck.rules.facts import Facts
from reprocheck.rules.locked_cuda import reference
from reprocheck.rules.one_module import Member, both, locked_modules, quoted, severity_of, shared_modules
from reprocheck.rules.rule import Family, Rule
from reprocheck.rules.wording import listed, the_lock

RULE = Rule(
    code="RC305",
    name="one-import-many-distributions",
    family=Family.OVERLAP,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(),  # looks at the environment file, and at the lock where there is none
    since="0.1.0",
)

_OF_PYTHON = ("python_version", "python_full_version", "implementation_name", "extra")


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each module that several declared, or else locked, distributions install."""
    if isinstance(facts.environment, EnvironmentFile):
        yield from _declared(facts, facts.environment)
    elif isinstance(facts.lock, Lock):
        yield from _locked(facts, facts.lock)


def _declared(facts: Facts, environment: EnvironmentFile) -> Iterator[Finding]:
    entries: list[Declaration] = [*environment.conda, *(item for item in environment.pip if item.name)]
    found: dict[tuple[str, tuple[Member, ...]], Collision] = {}
    asked = any(shared_modules(map(_told, entries), facts.names))
    for platform in sorted(PLATFORMS) if asked else ():
        here = [entry for entry in entries if platform in _where(entry, environment)]
        for group, members in shared_modules(map(_told, here), facts.names):
            found.setdefault((group.module, members), group)
    for (_, members), group in found.items():
        yield _declared_finding(facts, group, members)


def _told(entry: Declaration) -> tuple[str, str, str | None]:
    pin = pin_of(constraint_of(entry))
    return (manager_of(entry), entry.name or "", pin.version if pin else None)


def _where(entry: Declaration, environment: EnvironmentFile) -> frozenset[str]:
    """Return the platforms of an entry; none where its marker asks for more than the platform."""
    kept = platforms_of(entry, environment)
    marker = entry.marker if isinstance(entry, PipRequirement) else None
    if not marker:
        return kept
    if any(name in marker for name in _OF_PYTHON):
        return frozenset()
    # Imported where it is needed: it brings packaging, and hardly any line has a marker.
    from reprocheck.readers.pip_markers import platforms_of_marker

    try:
        return kept & platforms_of_marker(marker, str(entry.location))
    except InputError:
        return frozenset()


def _declared_finding(facts: Facts, group: Collision, members: tuple[Member, ...]) -> Finding:
    entries = [entry for member in members if (entry := declared(facts, member.manager, member.name))]
    first, *others = sorted(entries, key=lambda entry: entry.location)
    keep = members[0].name
    lines = sorted(entry.location.line for entry in entries if entry.name != keep)
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=severity_of(group),
        confidence=RULE.confidence,
        message=f"{quoted(members)} {both(members)} install the module `{group.module}`:"
        " the last one installed overwrites the rest",
        location=others[-1].location,
        related=tuple(
            RelatedLocation(location=entry.location, message=f"`{written(entry)}`") for entry in (first, *others[:-1])
        ),
        packages=tuple(PackageRef(manager=member.manager, name=member.name) for member in members),
        evidence=(f"each of them is `import {group.module}`",),
        fix=f"keep one: with `{keep}`, remove {'lines' if len(lines) > 1 else 'line'} {', '.join(map(str, lines))}",
    )


def _locked(facts: Facts, lock: Lock) -> Iterator[Finding]:
    for group, same in locked_modules(facts, lock):
        packages, platforms = same[0], tuple(members[0].platform for members in same)
        yield Finding(
            code=RULE.code,
            name=RULE.name,
            severity=severity_of(group),
            confidence=RULE.confidence,
            message=f"{the_lock(lock)} holds {listed(packages)} on {', '.join(platforms)}, which {both(packages)}"
            f" install the module `{group.module}`: the last one installed overwrites the rest",
            location=lock.location_of(packages[0]),
            related=tuple(
                RelatedLocation(location=lock.location_of(one), message=f"{one.manager}'s `{one.name}`")
                for one in packages[1:]
            ),
            packages=tuple(reference(package) for members in same for package in members),
            platforms=platforms,
            evidence=(f"each of them is `import {group.module}`",),
            fix=_fix(lock, packages[0].name),
        )


def _fix(lock: Lock, kept: str) -> str:
    if lock.records:
        return f"keep one, `{kept}` for instance: take the others out, then install it anew, for its files go with them"
    return f"keep one, `{kept}` for instance, and lock anew"
