"""Two CUDA stacks in one environment.

What it checks.
    What the names, labels, build strings and selectors of all packages say about CUDA, conda and pip together: two
    majors, or a CUDA runtime from each side.

Why it matters.
    The libraries of two majors are loaded into one process, or one of them lies there unused while the framework runs
    with the other. What was compiled for one major does not find its symbols in the other.

Bad.
    dependencies:
      - cudatoolkit=10.2
      - pip
      - pip:
          - torch==2.0.0

Good.
    dependencies:
      - pip
      - pip:
          - torch==2.0.0

How to fix.
    Choose one CUDA major. The wheel of torch brings its own CUDA: take the toolkit out of the conda part, or take
    torch from conda as well.

When it stays silent.
    The versions of single libraries differ, which says nothing (nvidia-cublas 13.1 is of CUDA 13.0); RC411 (wheels in
    one folder), RC412 (two torches) or RC414 (conda against conda) tells the two majors; conda's torch meets the pip
    line; `cuda-nvcc` alone stands beside a torch of its major. Two runtimes of one release are told as info.

Sources.
    rwth-i6/returnn#1802; VichyTong/CodeJudge#2; conda/conda-lock#914; METADATA of the wheels on PyPI, read 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reprocheck.facts.cuda_versions import dotted
from reprocheck.facts.nvidia_wheels import library_of
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.findings import Confidence, Edit, Finding, PackageRef, RelatedLocation, Severity
from reprocheck.model.locks import Lock
from reprocheck.rules.closure import ways_in
from reprocheck.rules.cuda_claims import CudaClaim, agree
from reprocheck.rules.cuda_compilers import declared_sources
from reprocheck.rules.declarations import first_place
from reprocheck.rules.effective_cuda import platforms_in
from reprocheck.rules.facts import Facts
from reprocheck.rules.mends import removal
from reprocheck.rules.rule import Family, Rule
from reprocheck.rules.two_cudas import NOBODY, Sides, declared_sides, locked_sides
from reprocheck.rules.wording import shortened

RULE = Rule(
    code="RC410",
    name="two-cuda-majors",
    family=Family.CUDA,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(),  # looks at the lock, at the environment file, or at both, whichever is there
    since="0.1.0",
)

_MOST_SHOWN = 3
# What may use a CUDA runtime of conda beside the torch of pip, which does not.
_USERS = (
    *("tensorflow", "tensorflow-gpu", "numba", "cupy", "onnxruntime-gpu", "paddlepaddle-gpu", "mxnet"),
    *("flash-attn", "deepspeed", "apex", "detectron2", "pytorch3d"),
)
_WITH_PRIVATE_RUNTIME = "nvidia-dali"


def check(facts: Facts) -> Iterator[Finding]:
    """Yield what the lock holds; where it holds nothing of the kind, what the environment file asks for."""
    locked = list(_locked(facts, facts.lock)) if isinstance(facts.lock, Lock) else []
    yield from locked
    if not locked and isinstance(facts.environment, EnvironmentFile):
        yield from _declared(facts, facts.environment)


def _locked(facts: Facts, lock: Lock) -> Iterator[Finding]:
    told: dict[str, list[tuple[str, Sides]]] = {}
    for platform in platforms_in(facts):
        sides = locked_sides(lock, platform)
        if sides != NOBODY:
            told.setdefault(_said(sides), []).append((platform, sides))
    for message, cases in told.items():
        platforms, sides = tuple(platform for platform, _ in cases), cases[0][1]
        held = {item.name for item in lock.on(platforms[0])}
        paths = ways_in(facts, lock, (item.package for item in sides[1][:_MOST_SHOWN]))
        finding = _finding(sides, f"{message} on {', '.join(platforms)}", [name for name in _USERS if name in held])
        wanted = (*((item.package.manager, item.package.name) for item in sides[1]), *_starts(paths))
        packages = tuple(item.package for _, parts in cases for part in parts for item in part)
        place = first_place(facts, wanted) or finding.location
        fix = _fix_of_path(sides, paths) or finding.fix
        yield replace(finding, location=place, packages=packages, platforms=platforms, paths=paths, fix=fix)


def _fix_of_path(sides: Sides, paths: Sequence[tuple[PackageRef, ...]]) -> str:
    """Name the package that brought conda's side in; it is the one that the user can change."""
    if not paths or any(item.package.manager != "conda" for item in sides[1]):
        return ""
    return f"take out `{paths[0][0].name}`, which needs `{paths[0][-1].name}`, or take the framework from conda as well"


def _starts(paths: Sequence[tuple[PackageRef, ...]]) -> Iterator[tuple[str, str]]:
    return ((path[0].manager, path[0].name) for path in paths)


def _declared(facts: Facts, environment: EnvironmentFile) -> Iterator[Finding]:
    for platform in platforms_in(facts):
        sides = declared_sides(environment, platform)
        if sides != NOBODY:
            asked = {spec.name for spec in environment.conda} | {item.name for item in environment.pip}
            asked |= {piece.name for piece in declared_sources(environment, platform)}
            users = [name for name in _USERS if name in asked]
            yield replace(_finding(sides, _said(sides), users), edits=_edits(environment, sides))
            return  # the same lines on every platform


def _finding(sides: Sides, message: str, users: Sequence[str]) -> Finding:
    main, other = sides
    severity = _severity(sides, users)
    said = tuple(item.said for side in sides for item in side[:_MOST_SHOWN])
    spared = () if _are_majors(sides) or not users else (f"`{users[0]}` may use the runtime of conda",)
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=severity,
        confidence=RULE.confidence if severity is RULE.severity else Confidence.MEDIUM,
        message=message,
        location=other[0].location,
        related=(RelatedLocation(location=main[0].location, message=main[0].said),),
        packages=tuple(dict.fromkeys(item.package for side in sides for item in side)),
        evidence=(*said, *spared),
        fix=_fix(sides),
    )


def _said(sides: Sides) -> str:
    main, other = sides
    if _are_majors(sides):
        return f"two CUDA majors in one environment: {_side(main)} and {_side(other)}"
    return f"conda and pip each bring a CUDA runtime: {_side(other)} and {_side(main)}"


def _are_majors(sides: Sides) -> bool:
    main, other = (side[0].cuda[:1] for side in sides)
    return main != () != other and main != other


def _side(claims: Sequence[CudaClaim]) -> str:
    """Return `11.7 (`torch`)`: the version of the first, and the packages that say it."""
    names = list(dict.fromkeys(f"`{item.package.name}`" for item in claims))
    cuda = dotted(claims[0].cuda) if claims[0].cuda else "an open release"
    return f"{cuda} ({shortened(names, _MOST_SHOWN)})"


def _severity(sides: Sides, users: Sequence[str]) -> Severity:
    if _are_majors(sides):
        return Severity.WARNING if _lies_unused(sides) else RULE.severity
    main, other = (side[0].cuda for side in sides)
    same = bool(main) and bool(other) and agree(main, other)
    return Severity.INFO if same or users else Severity.WARNING


def _lies_unused(sides: Sides) -> bool:
    """Say whether the other side is no framework but libraries that this environment's framework does not load."""
    main, other = ({item.package.name for item in side} for side in sides)
    if any(map(library_of, main)) and any(map(library_of, other)):
        return False
    return all(library_of(name) or name == "cuda-version" or name.startswith(_WITH_PRIVATE_RUNTIME) for name in other)


def _fix(sides: Sides) -> str:
    main, other = sides
    if not _are_majors(sides) or all(item.package.manager == "conda" for item in other):
        line = f" (line {other[0].location.line})" if other[0].package.version is None else ""
        return f"remove `{other[0].package.name}`{line} from the conda part, or take the framework from conda as well"
    if _lies_unused(sides):
        return f"take out what is for CUDA {_side(other)}: `{main[0].package.name}` runs with {dotted(main[0].cuda)}"
    return f"choose one CUDA major: builds for CUDA {main[0].cuda[0]} instead of {_side(other)}, or the other way round"


def _edits(environment: EnvironmentFile, sides: Sides) -> tuple[Edit, ...]:
    """Take a single conda line out; what else needs it, only its owner knows."""
    others = [item for item in sides[1] if item.package.manager == "conda"]
    specs = [spec for spec in environment.conda if spec.location == others[0].location] if len(others) == 1 else []
    return removal(environment, specs[0], safe=False) if specs and len(sides[1]) == 1 else ()
