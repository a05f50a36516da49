"""The lock holds a CPU build although a GPU is meant.

What it checks.
    Frameworks that the lock took without CUDA although something asks for a GPU: the recorded CUDA decision, a CUDA
    package or index that was declared, another framework of the same lock that is built for CUDA, the GPU that the
    audit is for, or `--expect-gpu`; with that option, also what an environment.yml without a lock asks for.

Why it matters.
    Without a driver in sight (a login node, CI, a container build) conda-forge's pytorch becomes the CPU build, in
    silence; `pytorch-cuda` does not prevent it, and one package that needs `cpuonly` turns the whole environment.
    Training runs, many times slower, and its numbers are not those of the GPU.

Bad.
    environment.yml:
      dependencies:
        - pytorch=2.6
        - cuda-version=12.6

    conda-lock.yml, shortened:
      - conda linux-64 pytorch 2.6.0 cpu_mkl_py312_h446997d_101
      - conda linux-64 cuda-version 12.6 h7480c83_3

Good.
    environment.yml:
      dependencies:
        - pytorch=2.6
        - cuda-version=12.6

    conda-lock.yml, shortened:
      - conda linux-64 pytorch 2.6.0 cuda126_mkl_py312_h30b5a27_300
      - conda linux-64 cuda-version 12.6 h7480c83_3

How to fix.
    Say which CUDA: `reprocheck lock --cuda 12.6`, or ask for `pytorch-gpu`. From PyPI on Windows name PyTorch's
    own wheel index of that CUDA; of tensorflow ask for `tensorflow[and-cuda]`.

When it stays silent.
    Nothing asks for a GPU (a `cpuonly` that nobody declared is told as info); the lock was made with `--cuda none`; the
    environment.yml itself asks for the CPU build (`cpuonly`, `pytorch=*=cpu*`, `torch==2.6.0+cpu`) and only the
    machine has a GPU; the platform is macOS. Beside another framework with CUDA it only warns, unless CUDA was asked
    for of this very one: `pytorch-cuda` says nothing of tensorflow.

Sources.
    conda/conda#14761; conda-forge/pytorch-cpu-feedstock recipe and #187; meta-pytorch/data#315; astral-sh/uv#17236;
    PyTorch "Start Locally" (Windows wheels on PyPI are CPU-only); tensorflow/tensorflow#66987; read 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.facts.cuda_versions import dotted, numbers
from reprocheck.facts.torch_wheels import is_newer_than_known, pypi_cuda
from reprocheck.model.environments import CondaSpec, EnvironmentFile, PipRequirement
from reprocheck.model.findings import Confidence, Finding, Location, PackageRef, RelatedLocation, Severity
from reprocheck.model.locks import CUDA_KEY, Lock, LockedPackage
from reprocheck.rules.closure import arrows, path_to
from reprocheck.rules.cuda_claims import FRAMEWORKS, label_in
from reprocheck.rules.declarations import Declaration, declared, first_place, written
from reprocheck.rules.effective_cuda import platforms_in
from reprocheck.rules.facts import Facts
from reprocheck.rules.gpu_wish import EXPECTED, asks_by_name, asks_for_cpu, entries_on, named_cuda, wish_for_gpu
from reprocheck.rules.locked_cuda import framework_flavour, is_cpu_build, reference
from reprocheck.rules.relock_command import anew, lock_for_cuda
from reprocheck.rules.rule import Family, Rule
from reprocheck.rules.torch_channel import is_locked_from_channel
from reprocheck.rules.wording import in_lock, the_lock

RULE = Rule(
    code="RC420",
    name="cpu-build-resolved",
    family=Family.CUDA,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(),  # looks at the lock; without one, at what the environment file asks for
    since="0.1.0",
)

_LIBRARIES = ("libtorch", "tensorflow-base")  # parts of a framework, told with it
_FIRST_BARE_TENSORFLOW = (2, 12)  # its wheels look for CUDA libraries that they do not bring
_BESIDE_TENSORFLOW = ("cudnn", "cudatoolkit", "nvidia-cudnn-cu11", "nvidia-cudnn-cu12", "torch", "pytorch", "jaxlib")

_Wish = tuple[Severity, str]  # how bad a CPU build is, and the sentence, with its "but", that says why it is told


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each framework without CUDA, its platforms together."""
    if not isinstance(facts.lock, Lock):
        yield from _declared(facts)
    elif facts.lock.custom(CUDA_KEY) != "none" or facts.expects_gpu:
        yield from _locked(facts, facts.lock)


def _locked(facts: Facts, lock: Lock) -> Iterator[Finding]:
    found: dict[tuple[str, str], list[LockedPackage]] = {}
    wishes: dict[tuple[str, str], _Wish] = {}
    for platform in platforms_in(facts):
        if platform.startswith("osx-"):
            continue
        for package in _without_cuda(lock, platform):
            wish = _wish(facts, lock, package)
            if wish:
                wishes.setdefault((package.name, package.version), wish)
                found.setdefault((package.name, package.version), []).append(package)
        yield from _wheel_of_another_index(facts, lock, platform)
    for key, packages in found.items():
        yield _finding(facts, lock, packages, wishes[key])


def _without_cuda(lock: Lock, platform: str) -> tuple[LockedPackage, ...]:
    found = tuple(package for package in lock.named(platform, *FRAMEWORKS, "torch") if is_cpu_build(package))
    whole = tuple(package for package in found if package.name not in _LIBRARIES)
    return (*(whole or found), *_bare_tensorflow(lock, platform))


def _bare_tensorflow(lock: Lock, platform: str) -> Iterator[LockedPackage]:
    """Yield a tensorflow of PyPI that is the only framework, and whose CUDA libraries nothing brings."""
    if platform.startswith("linux-") and not lock.named(platform, *_BESIDE_TENSORFLOW):
        for package in lock.named(platform, "tensorflow"):
            if package.manager == "pip" and numbers(package.version)[:2] >= _FIRST_BARE_TENSORFLOW:
                yield package


def _is_bare(package: LockedPackage) -> bool:
    return package.name == "tensorflow" and package.manager == "pip"


def _wish(facts: Facts, lock: Lock, package: LockedPackage) -> _Wish | None:
    """Return what asks for a GPU, None when nothing does."""
    said, entries = wish_for_gpu(facts, lock, package), entries_on(facts, package.platform)
    if said:
        # CUDA libraries may lie on the system, where tensorflow finds them.
        firm = facts.expects_gpu or asks_by_name(entries, package) or _is_alone(lock, package)
        return RULE.severity if firm and not _is_bare(package) else Severity.WARNING, f"but {said}"
    if any(map(asks_for_cpu, entries)) or _is_bare(package):
        return None
    beside = _cuda_beside(lock, package)
    if beside:
        return Severity.WARNING, f"but `{beside.name} {beside.version}` of {_same(lock)} is built for CUDA"
    other = _cuda_elsewhere(lock, package)
    return (Severity.INFO, f"but {other}") if other else _pulled(facts, lock, package)


def _same(lock: Lock) -> str:
    return the_lock(lock).replace("the ", "the same ")


def _is_alone(lock: Lock, package: LockedPackage) -> bool:
    """Say whether no other framework answers the wish; beside one, the CPU build may be meant."""
    return not any(_has_cuda(one) for one in lock.named(package.platform, *FRAMEWORKS, "torch"))


def _has_cuda(package: LockedPackage) -> bool:
    flavour = framework_flavour(package)
    return (flavour is not None and flavour.cuda is not None) or (package.name == "torch" and not is_cpu_build(package))


def _cuda_beside(lock: Lock, package: LockedPackage) -> LockedPackage | None:
    """Return another conda framework of the platform that is built for CUDA; cupy always is."""
    if package.manager != "conda":
        return None
    for other in lock.named(package.platform, *FRAMEWORKS, "cupy"):
        flavour = framework_flavour(other)
        if other.manager == "conda" and (other.name == "cupy" or (flavour and flavour.cuda)):
            return other
    return None


def _cuda_elsewhere(lock: Lock, package: LockedPackage) -> str:
    """Return on which platform PyPI serves the same torch with CUDA, empty where on none of the lock."""
    if package.manager != "pip" or "+" in package.version or package.cuda is not None:
        return ""
    same = (platform for platform in lock.platforms if _holds(lock, platform, package))
    pairs = ((platform, pypi_cuda(package.version, platform)) for platform in same)
    return next((f"PyPI serves it for CUDA {dotted(cuda)} on {platform}" for platform, cuda in pairs if cuda), "")


def _holds(lock: Lock, platform: str, package: LockedPackage) -> bool:
    return any(
        (one.manager, one.version) == (package.manager, package.version) for one in lock.named(platform, package.name)
    )


def _pulled(facts: Facts, lock: Lock, package: LockedPackage) -> _Wish | None:
    """A `cpuonly` that nobody declared is worth knowing, whether a GPU is meant or not."""
    path = _cpuonly_path(facts, lock, package)
    return (Severity.INFO, f"since {_brought(path)}") if path else None


def _cpuonly_path(facts: Facts, lock: Lock, package: LockedPackage) -> tuple[PackageRef, ...]:
    """Return how a `cpuonly` that was not declared came in, empty without one."""
    found = next(iter(lock.named(package.platform, "cpuonly")), None)
    if found is None or package.name != "pytorch" or declared(facts, "conda", "cpuonly"):
        return ()
    path = path_to(facts, lock, found)
    return path if len(path) > 1 else ()


def _finding(facts: Facts, lock: Lock, packages: list[LockedPackage], wish: _Wish) -> Finding:
    first, (severity, said) = packages[0], wish
    platforms = tuple(dict.fromkeys(package.platform for package in packages))
    path = _cpuonly_path(facts, lock, first)
    brought = (_brought(path),) if path else ()
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=severity,
        confidence=RULE.confidence if severity is RULE.severity else Confidence.MEDIUM,
        message=f"`{first.name} {first.version}` {'finds no' if _is_bare(first) else 'is a build without'} CUDA"
        f" on {', '.join(platforms)}, {said}",
        location=_place(facts, lock, first),
        related=(RelatedLocation(location=lock.location_of(first), message=in_lock(lock)),),
        packages=tuple(dict.fromkeys(map(reference, packages))),
        platforms=platforms,
        evidence=tuple(dict.fromkeys((_why_cpu(first), said.partition(" ")[2], *_no_use(facts, first), *brought))),
        fix=_fix(facts, first, path),
        paths=(path,) if path else (),
    )


def _why_cpu(package: LockedPackage) -> str:
    shown = f"`{package.name} {package.version}`"
    if package.manager == "conda":
        return f"build string `{package.build}` of {shown} is that of a CPU build"
    if package.cuda == "":
        return f"`torch/version.py` of {shown} names no CUDA"
    if "+cpu" in package.version:
        return f"label of {shown} is that of a CPU build"
    if _is_bare(package):
        return f"{shown} of PyPI finds no CUDA libraries here; its extra `and-cuda` brings them"
    return f"PyPI serves {shown} for {package.platform} without CUDA"


def _no_use(facts: Facts, package: LockedPackage) -> Iterator[str]:
    """Yield that `pytorch-cuda` was declared for nothing, as it is a name of the pytorch channel alone."""
    if package.name == "pytorch" and not is_locked_from_channel(package) and declared(facts, "conda", "pytorch-cuda"):
        yield "`pytorch-cuda` steers the builds of the pytorch channel alone, and this one is of another channel"


def _brought(path: tuple[PackageRef, ...]) -> str:
    return f"`cpuonly` came in through {arrows(path)}"


def _place(facts: Facts, lock: Lock, package: LockedPackage) -> Location:
    whole = {"libtorch": "pytorch", "tensorflow-base": "tensorflow"}.get(package.name, package.name)
    wanted = ((package.manager, package.name), ("conda", whole), ("conda", f"{whole}-gpu"))
    return first_place(facts, wanted) or lock.location_of(package)


def _fix(facts: Facts, package: LockedPackage, path: tuple[PackageRef, ...]) -> str:
    if path:
        return f"remove `{path[0].name}`, or take a release of it that does not ask for `cpuonly`, and {anew(facts)}"
    if _is_bare(package):
        return "ask for `tensorflow[and-cuda]`, or for the CUDA and cuDNN of that release in the conda part"
    if package.manager == "pip":
        return "name PyTorch's own wheel index for a CUDA, and pin the build, for example `torch==2.6.0+cu126`"
    return f"write `{package.name}=*=*cuda*` in the conda part, and {lock_for_cuda(facts, 'X.Y')} for your driver"


def _wheel_of_another_index(facts: Facts, lock: Lock, platform: str) -> Iterator[Finding]:
    """Yield a torch of PyPI where the environment file names the index of another CUDA."""
    index = next((entry for entry in entries_on(facts, platform) if named_cuda(entry)), None)
    wanted = named_cuda(index) if index else None
    torch = next((one for one in lock.named(platform, "torch") if one.manager == "pip"), None) if wanted else None
    if index is None or wanted is None or torch is None or "/whl/" in torch.url:
        return
    told = "+" in torch.version or label_in(torch.url) is not None
    got = None if told else pypi_cuda(torch.version, platform)
    if got is None or got == wanted:
        return
    yield Finding(
        code=RULE.code,
        name=RULE.name,
        severity=Severity.WARNING,
        confidence=Confidence.MEDIUM,
        message=f"`torch {torch.version}` is PyPI's, for CUDA {dotted(got)}, on {platform}, but `{written(index)}`"
        f" in the environment file names CUDA {dotted(wanted)}",
        location=index.location,
        related=(RelatedLocation(location=lock.location_of(torch), message=in_lock(lock)),),
        packages=(reference(torch),),
        platforms=(platform,),
        evidence=(f"`torch {torch.version}` carries no label, as the wheels of that index do",),
        fix=f"pin the build: `torch=={torch.version}+cu{''.join(map(str, wanted))}`, and lock anew",
    )


def _declared(facts: Facts) -> Iterator[Finding]:
    """Yield what an environment file without a lock asks for against `--expect-gpu`."""
    environment = facts.environment
    if not facts.expects_gpu or not isinstance(environment, EnvironmentFile):
        return
    for platform in platforms_in(facts):
        if platform.startswith("osx-"):
            continue
        entries = entries_on(facts, platform)
        entry = next((one for one in entries if asks_for_cpu(one)), None)
        if entry:
            yield _declared_finding(entry, platform, "asks for a build without CUDA")
        elif platform.startswith("win-") and not any(map(named_cuda, entries)):
            plain = (one for one in entries if one.name == "torch" and _is_plain(one))
            yield from (_declared_finding(one, platform, "gets a build without CUDA from PyPI") for one in plain)


def _is_plain(entry: Declaration) -> bool:
    """What PyPI serves of a release newer than the table nobody knows, so such a line is none."""
    return (
        isinstance(entry, PipRequirement)
        and entry.kind == "requirement"
        and "+" not in entry.specifier
        and not is_newer_than_known(entry.specifier.lstrip("=>~ "))
    )


def _declared_finding(entry: Declaration, platform: str, said: str) -> Finding:
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"`{written(entry)}` {said} on {platform}, but {EXPECTED}",
        location=entry.location,
        packages=(PackageRef(manager="conda" if isinstance(entry, CondaSpec) else "pip", name=entry.name or "torch"),),
        platforms=(platform,),
        evidence=(EXPECTED,),
        fix="ask for a CUDA build: `pytorch-gpu` from conda-forge, or PyTorch's own wheel index for a CUDA",
    )
