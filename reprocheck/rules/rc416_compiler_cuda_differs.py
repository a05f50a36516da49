"""What is compiled in the environment finds another nvcc than its torch was built with, or none.

What it checks.
    The compiler in the conda part (`cuda-nvcc`, `cuda-toolkit`, `cudatoolkit-dev`) against the CUDA of torch, and
    packages that pip compiles with it: flash-attn, deepspeed, apex, detectron2, pytorch3d.

Why it matters.
    The extension is compiled for the CUDA of the compiler and loaded into a torch for another: the build stops with a
    long message, or the import does. Without a compiler pip takes the one of the system, whichever it is that day.

Bad.
    dependencies:
      - cuda-nvcc=11.8
      - pip
      - pip:
          - torch==2.4.1+cu121
          - flash-attn==2.6.3

Good.
    dependencies:
      - cuda-nvcc=12.1
      - pip
      - pip:
          - --extra-index-url https://wheels.invalid/whl/cu121
          - torch==2.4.1+cu121
          - flash-attn==2.6.3

How to fix.
    Declare `cuda-nvcc` of the CUDA that torch was built with, and set CUDA_HOME to the environment; or name a wheel.

When it stays silent.
    Compiler and torch are of one release; the package is a wheel or comes from conda; torch is a CPU build; a
    conda-forge build of torch stands with a later compiler of its major, which it is made for; nothing known is
    compiled and the majors agree. A compiler that only the system has cannot be seen here, so a missing one is told as
    info, and as a warning for flash-attn from git. What is installed has been compiled, but for deepspeed where it does
    that on first use.

Sources.
    deepspeedai/DeepSpeed#3223 and #2902; flash-attention setup.py; conda-forge cuda-feedstock guide, read 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reprocheck.facts.cuda_versions import dotted
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.findings import Confidence, Edit, Finding, Location, RelatedLocation, Severity
from reprocheck.model.locks import Lock
from reprocheck.rules.cuda_carriers import CONDA_LIBTORCHES
from reprocheck.rules.cuda_claims import CudaClaim
from reprocheck.rules.cuda_compilers import (
    COMPILERS,
    METAPACKAGES,
    Piece,
    declared_compilers,
    declared_sources,
    locked_compilers,
    locked_sources,
)
from reprocheck.rules.declarations import first_place
from reprocheck.rules.declared_cuda import declared_claims
from reprocheck.rules.effective_cuda import platforms_in
from reprocheck.rules.facts import Facts
from reprocheck.rules.locked_cuda import is_cpu_build, locked_claims
from reprocheck.rules.mends import replacement
from reprocheck.rules.rule import Family, Rule
from reprocheck.rules.wording import held

RULE = Rule(
    code="RC416",
    name="compiler-cuda-differs",
    family=Family.CUDA,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(),  # looks at the lock, without one at the environment file
    since="0.1.0",
)

_UNSEEN = "a compiler of the system (CUDA_HOME) is in no file, so another machine compiles with another one"
_ON_FIRST_USE = "that happens on first use, by the compiler of the system (CUDA_HOME), if there is one"
_MOST_SHOWN = 3
_TORCH = ("torch", "pytorch", "pytorch-cuda")
_FIRST_WITH_NVCC = 12  # conda-forge has `cuda-nvcc` from CUDA 12 on


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each compiler that differs, or for the one that is missing."""
    told: set[tuple[str, ...]] = set()
    for platform in platforms_in(facts):
        if platform.startswith("osx-"):
            continue
        for found in _on(facts, platform):
            if (found.message,) not in told:
                told.add((found.message,))
                yield found


def _on(facts: Facts, platform: str) -> Iterator[Finding]:
    if isinstance(facts.lock, Lock):
        sources = locked_sources(facts.lock, platform)
        compilers = locked_compilers(facts.lock, platform)
        torches = facts.lock.named(platform, "torch", *CONDA_LIBTORCHES) if sources or compilers else ()
        if torches and not any(map(is_cpu_build, torches)):
            yield from _judge(facts, sources, compilers, locked_claims(facts.lock, platform))
    elif isinstance(facts.environment, EnvironmentFile):
        sources = declared_sources(facts.environment, platform)
        compilers = declared_compilers(facts.environment, platform)
        if (sources or compilers) and not _asks_for_cpu(facts.environment):
            yield from _judge(facts, sources, compilers, declared_claims(facts.environment, platform))


def _asks_for_cpu(environment: EnvironmentFile) -> bool:
    if environment.conda_named("cpuonly") or environment.conda_named("pytorch-cpu"):
        return True
    return any("+cpu" in item.specifier or "/whl/cpu" in item.text for item in environment.pip)


def _judge(
    facts: Facts, sources: Sequence[Piece], compilers: Sequence[Piece], claims: Sequence[CudaClaim]
) -> Iterator[Finding]:
    others = [item for item in claims if item.package.name not in COMPILERS]
    # What is compiled are extensions of torch, so its CUDA counts before that of another framework.
    torch = min(others, key=lambda item: item.package.name not in _TORCH, default=None)
    if not compilers:
        yield _missing(facts, sources, torch)
    # What else a toolkit brings, RC410 and RC414 tell; nvcc alone is there to compile something.
    counted = compilers if sources else [one for one in compilers if one.name not in METAPACKAGES]
    for compiler in counted if torch else ():
        severity = _severity(compiler, torch) if torch else None
        if torch and severity and (sources or severity is RULE.severity):
            yield _differs(facts, sources, compiler, torch, severity if sources else Severity.WARNING)


def _severity(compiler: Piece, torch: CudaClaim) -> Severity | None:
    """DeepSpeed refuses another major and warns of another minor release; torch's own extension builder likewise."""
    if not compiler.cuda or compiler.cuda[:1] != torch.cuda[:1]:
        return RULE.severity if compiler.cuda else None
    if len(compiler.cuda) < 2 or len(torch.cuda) < 2 or compiler.cuda == torch.cuda:
        return None
    made_for_it = torch.kind == "build" and not torch.exact and compiler.cuda > torch.cuda
    return None if made_for_it else Severity.WARNING


def _differs(facts: Facts, sources: Sequence[Piece], compiler: Piece, torch: CudaClaim, severity: Severity) -> Finding:
    cuda = dotted(torch.cuda)
    has_nvcc = torch.cuda[0] >= _FIRST_WITH_NVCC
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=severity,
        confidence=RULE.confidence,
        message=f"`{compiler.said}` compiles{_listed(sources)} for CUDA {dotted(compiler.cuda)},"
        f" the environment is for {cuda}",
        location=_place(facts, compiler),
        related=tuple(RelatedLocation(location=item.location, message="is compiled with it") for item in sources),
        packages=(compiler.package, *(item.package for item in sources), torch.package),
        platforms=tuple(filter(None, (compiler.package.platform,))),
        evidence=(torch.said,),
        fix=_fix(facts, torch),
        edits=_edits(facts, compiler, cuda) if has_nvcc else (),
    )


def _missing(facts: Facts, sources: Sequence[Piece], torch: CudaClaim | None) -> Finding:
    verb = "is" if len(sources) == 1 else "are"
    there = "installed" if held(facts.lock) == "installed" else "declared"
    is_sure = any(item.from_source and item.name == "flash-attn" for item in sources)
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=Severity.WARNING if is_sure else Severity.INFO,
        confidence=Confidence.MEDIUM,
        message=f"{_listed(sources).strip()} {verb} compiled with nvcc, and none is {there}",
        location=_place(facts, sources[0]),
        packages=tuple(item.package for item in sources),
        platforms=tuple(filter(None, (sources[0].package.platform,))),
        evidence=(*((torch.said,) if torch else ()), _ON_FIRST_USE if there == "installed" else _UNSEEN),
        fix=_fix(facts, torch),
    )


def _fix(facts: Facts, torch: CudaClaim | None) -> str:
    if torch and isinstance(facts.environment, EnvironmentFile) and facts.environment.conda_named("pytorch-cuda"):
        # That takes its CUDA from nvidia's channel, with which conda-forge's does not mix (RC413).
        return f"ask for `nvidia::cuda-nvcc={dotted(torch.cuda)}` and set CUDA_HOME to the environment, or name a wheel"
    if torch and torch.cuda[0] < _FIRST_WITH_NVCC:
        return f"set CUDA_HOME to a CUDA {dotted(torch.cuda)} and write down where it comes from, or name a wheel"
    cuda = f"={dotted(torch.cuda)}" if torch else ""
    return f"ask conda-forge for `cuda-nvcc{cuda}` and set CUDA_HOME to the environment, or name a wheel"


def _place(facts: Facts, piece: Piece) -> Location:
    return first_place(facts, ((piece.package.manager, piece.package.name),)) or piece.location


def _listed(sources: Sequence[Piece]) -> str:
    named = ", ".join(f"`{item.said}`" for item in sources[:_MOST_SHOWN])
    return f" {named}" if named else ""


def _edits(facts: Facts, compiler: Piece, cuda: str) -> tuple[Edit, ...]:
    """Put the CUDA of torch into the line of nvcc; what else wants the other one, only its owner knows."""
    environment = facts.environment
    if not isinstance(environment, EnvironmentFile) or compiler.name != "cuda-nvcc":
        return ()
    specs = [spec for spec in environment.conda_named("cuda-nvcc") if spec.channel is None and spec.build is None]
    return replacement(environment, specs[0], f"cuda-nvcc={cuda}", safe=False) if len(specs) == 1 else ()
