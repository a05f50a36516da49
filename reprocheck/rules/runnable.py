"""What becomes of an environment on one platform with one driver and one GPU: the judgement behind rules and matrix."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from reprocheck.facts.cuda_drivers import (
    FIRST_MAJOR_WITH_MINOR_COMPATIBILITY,
    branch_of,
    compat_cuda,
    first_branch_for,
    forward_compatibility,
    is_newer_than_known,
    is_older,
    newest_cuda,
    oldest_driver,
)
from reprocheck.facts.cuda_versions import Numbers, dotted, numbers
from reprocheck.facts.cudnn import first_for, oldest_gpu
from reprocheck.facts.gpu_arch import architecture_of, is_tegra, is_within_reach
from reprocheck.facts.torch_archs import coverage, shown
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.findings import Location, PackageRef
from reprocheck.model.judgements import Judgement, Reason, judgement_of
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.rules.constraints import pin_of
from reprocheck.rules.cuda_claims import CudaClaim
from reprocheck.rules.declarations import Declaration, constraint_of, package_of, standing_on, written
from reprocheck.rules.effective_cuda import effective_cuda
from reprocheck.rules.facts import Facts
from reprocheck.rules.locked_cuda import reference
from reprocheck.rules.torch_builds import TorchBuild, torch_build

JETSON_PLATFORM = "linux-aarch64"
COMPAT_PACKAGES = ("cuda-compat", "cuda-compat-impl")
CUDNN_PACKAGES = ("cudnn", "nvidia-cudnn-cu13", "nvidia-cudnn-cu12", "nvidia-cudnn-cu11")
_COMPILERS = ("triton", "pytorch-triton", "numba", "numba-cuda", "cupy", "cuda-nvrtc")
_COMPILER_FAMILIES = ("cupy-cuda", "nvidia-cuda-nvrtc")
_COMPUTING = ("label", "build", "runtime", "wheel")  # what brings code; selectors only steer


class Part(NamedTuple):
    """One package that matters besides torch: how it is shown, its version, and where it stands."""

    said: str
    version: str
    package: PackageRef
    location: Location


class Stack(NamedTuple):
    """What one platform of an environment brings; `claims` is empty where nothing says which CUDA will run."""

    platform: str
    claims: tuple[CudaClaim, ...]
    torch: TorchBuild | None
    cudnn: Part | None
    compat: Part | None
    jit: tuple[str, ...]

    @property
    def cuda(self) -> Numbers:
        """The CUDA that is believed, () where none is known."""
        return self.claims[0].cuda if self.claims else self.torch.cuda if self.torch else ()

    @property
    def runtime(self) -> Numbers:
        """The newest CUDA of the same major that brings code: a build for 12.6 may run with the libraries of 12.9."""
        brought = [found.cuda for found in self.claims if found.kind in _COMPUTING and found.cuda[:1] == self.cuda[:1]]
        return max(brought, default=self.cuda)

    @property
    def is_windows(self) -> bool:
        """Say whether the driver floors of Windows count."""
        return self.platform.startswith("win-")


def stack_of(facts: Facts, platform: str) -> Stack | None:
    """Return what a platform brings, None where no CUDA will run; worked out once and kept."""
    key = ("stack", platform)
    if key not in facts.memo:
        facts.memo[key] = _stack(facts, platform)
    kept = facts.memo[key]
    return kept if isinstance(kept, Stack) else None


def _stack(facts: Facts, platform: str) -> Stack | None:
    if platform.startswith("osx-"):
        return None
    claims, torch = effective_cuda(facts, platform), torch_build(facts, platform)
    if not (claims or torch):
        return None
    return Stack(
        platform=platform,
        claims=claims,
        torch=torch,
        cudnn=part_of(facts, platform, _cudnn_of(torch)),
        compat=part_of(facts, platform, COMPAT_PACKAGES),
        jit=_compilers(facts.lock, platform) if isinstance(facts.lock, Lock) else (),
    )


def _cudnn_of(torch: TorchBuild | None) -> tuple[str, ...]:
    """Return the packages that torch may load its cuDNN from: one of another origin or CUDA lies there unused."""
    if torch is None:
        return CUDNN_PACKAGES
    if torch.package.manager == "conda":
        # Builds of the `pytorch` channel carry their own.
        return () if torch.build and torch.build.origin == "pytorch" else CUDNN_PACKAGES[:1]
    major = f"-cu{torch.cuda[0]}" if torch.cuda else ""
    return tuple(name for name in CUDNN_PACKAGES[1:] if name.endswith(major))


def part_of(facts: Facts, platform: str, names: tuple[str, ...]) -> Part | None:
    """Return the first locked package of some names; without a lock, the first declared one."""
    if isinstance(facts.lock, Lock):
        locked = facts.lock.named(platform, *names)
        return _locked_part(facts.lock, locked[0]) if locked else None
    if isinstance(facts.environment, EnvironmentFile):
        return next(_declared_parts(facts.environment, platform, names), None)
    return None


def _locked_part(lock: Lock, package: LockedPackage) -> Part:
    said = f"`{package.name} {package.version}`"
    return Part(said, package.version, reference(package), lock.location_of(package))


def _declared_parts(environment: EnvironmentFile, platform: str, names: tuple[str, ...]) -> Iterator[Part]:
    entries: tuple[Declaration, ...] = (*environment.conda, *environment.pip)
    for entry in standing_on(platform, (entry for entry in entries if entry.name in names), environment):
        pin = pin_of(constraint_of(entry))
        yield Part(f"`{written(entry)}`", pin.version if pin else "", package_of(entry), entry.location)


def _compilers(lock: Lock, platform: str) -> tuple[str, ...]:
    """Return the packages that compile for the GPU while a program runs."""
    return tuple(dict.fromkeys(package.name for package in lock.on(platform) if _is_compiler(package.name)))


def _is_compiler(name: str) -> bool:
    return name in _COMPILERS or name.startswith(_COMPILER_FAMILIES)


def judge(stack: Stack, driver: str | None, compute_capability: Numbers) -> Judgement:
    """Return what becomes of a driver (None: any) with a GPU, by all that is known."""
    alone = judge_gpu(stack, compute_capability)
    if driver is None:
        return judgement_of(alone)
    apart = judgement_of((*alone, *judge_driver(stack, driver)))
    together = judge_pair(stack, driver, compute_capability)
    return judgement_of((*apart.reasons, *together)) if apart.verdict != "no" else apart


def judge_driver(stack: Stack, driver: str) -> tuple[Reason, ...]:
    """Return what a driver alone says: too old, or new enough by minor-version compatibility only."""
    floor = oldest_driver(stack.cuda, windows=stack.is_windows) if stack.cuda else None
    if floor is None:
        return (Reason("unknown-cuda", _unknown_cuda(stack)),)
    if is_older(driver, floor.driver):
        too_old = Reason("driver-too-old", f"CUDA {dotted(stack.cuda)} takes driver {floor.driver} or newer")
        return (_lifted(stack) if is_lifted(stack, driver) else too_old,)
    if needs_minor_compatibility(stack, driver):
        said = f"the driver is older than CUDA {dotted(stack.runtime)}: {_MINOR}"
        limited = Reason("minor-version-compatibility", said)
        return (_lifted(stack) if is_lifted(stack, driver) else limited,)
    return ()


_MINOR = "minor-version compatibility runs machine code, not what is compiled for it on the way"


def needs_minor_compatibility(stack: Stack, driver: str) -> bool:
    """Say whether a driver, new enough for the major, brings an older CUDA than the environment."""
    newest, wanted = newest_cuda(driver), stack.runtime
    if newest is None or not wanted or wanted[0] < FIRST_MAJOR_WITH_MINOR_COMPATIBILITY or is_newer_than_known(driver):
        return False
    return newest[0] == wanted[0] and newest < wanted[:2]


def is_lifted(stack: Stack, driver: str) -> bool:
    """Say whether a cuda-compat is there that is made for a driver, and brings a newer libcuda on eligible GPUs."""
    made_for = compat_cuda(stack.compat.version) if stack.compat else ()
    return forward_compatibility(made_for, driver) == "supported"


def _lifted(stack: Stack) -> Reason:
    said = stack.compat.said if stack.compat else ""
    return Reason("forward-compatibility", f"{said} lifts the driver floor, on data-centre GPUs and Jetson only")


def _unknown_cuda(stack: Stack) -> str:
    if stack.cuda:
        return f"CUDA {dotted(stack.cuda)} is newer than the table of drivers"
    return f"the CUDA of {stack.torch.said if stack.torch else 'this environment'} is not known"


def judge_gpu(stack: Stack, compute_capability: Numbers) -> tuple[Reason, ...]:
    """Return what a GPU alone says: kernels, the range of CUDA, cuDNN; each fault is told once."""
    if is_of_another_processor(stack.platform, compute_capability):
        return (Reason("no-such-machine", f"Jetson boards are {JETSON_PLATFORM}"),)
    kernels = judge_kernels(stack, compute_capability)
    unknown = kernels is not None and kernels.kind == "unknown-kernels"
    ranges = judge_range(stack, compute_capability) if unknown else None
    found = tuple(reason for reason in (kernels, ranges) if reason)
    cudnn = judge_cudnn(stack, compute_capability)
    if cudnn is None or any(reason.kind != "unknown-kernels" for reason in found):
        return found
    return (*found, cudnn)


def is_of_another_processor(platform: str, compute_capability: Numbers) -> bool:
    """Say whether a GPU sits on Jetson boards, whose processor runs nothing of a platform."""
    return platform != JETSON_PLATFORM and is_tegra(compute_capability)


def judge_kernels(stack: Stack, compute_capability: Numbers) -> Reason | None:
    """Return how the kernels of torch miss a GPU, None where they reach it."""
    torch = stack.torch
    if torch is None:
        return Reason("unknown-kernels", f"for which GPUs {_named(stack)} kernels is not known")
    if torch.archs is None:
        return Reason("unknown-kernels", f"for which GPUs {torch.said} holds kernels is not known")
    kernels = f"{torch.said} holds {shown(torch.archs)}"
    if not torch.archs.firm:
        return Reason("unknown-kernels", f"{kernels}, if nothing changed since the release before: that is not known")
    match coverage(torch.archs, compute_capability):
        case "cubin":
            return None
        case "ptx":
            said = f"{kernels}: only that PTX fits, and the driver takes minutes to compile it at the first start"
            return Reason("only-ptx", said)
        case "tegra":
            said = f"{kernels}: built for other boards than Jetson, and not promised to run there"
            return Reason("desktop-kernels-on-tegra", said)
        case _:
            return Reason("no-kernels", f"{kernels}: none of these kernels runs there")


def _named(stack: Stack) -> str:
    """Return what brings kernels, with its verb."""
    builds = dict.fromkeys(f"`{found.package.name}`" for found in stack.claims if found.kind == "build")
    names = " and ".join(sorted(builds))
    return f"{names} {'holds' if len(builds) == 1 else 'hold'}" if builds else "the other packages hold"


def judge_range(stack: Stack, compute_capability: Numbers) -> Reason | None:
    """Return how the CUDA of an environment misses what NVIDIA compiles for a GPU."""
    known, cuda = architecture_of(compute_capability), stack.cuda[:2]
    if known is None or not cuda:
        return None
    if known.last_cuda and cuda[:1] > known.last_cuda[:1]:
        said = f"CUDA {dotted(known.last_cuda)} was the last for GPUs of this age, CUDA {dotted(cuda)} dropped them"
        return Reason("cuda-outside-gpu-range", said)
    if len(cuda) > 1 and not is_within_reach(compute_capability, cuda):
        said = f"CUDA {dotted(cuda)} is older than GPUs of this major: of its code only what has PTX inside runs"
        return Reason("cuda-older-than-gpu", said)
    return None


def judge_cudnn(stack: Stack, compute_capability: Numbers) -> Reason | None:
    """Return how cuDNN misses a GPU."""
    if stack.cudnn is None or not stack.cudnn.version:
        return None
    version = numbers(stack.cudnn.version)
    oldest, first = oldest_gpu(version), first_for(compute_capability)
    if oldest and compute_capability < oldest:
        return Reason("cudnn-dropped-gpu", f"{stack.cudnn.said} runs on compute capability {dotted(oldest)} or newer")
    if first and version < numbers(first):
        said = f"{stack.cudnn.said} is older than the GPU, for which cuDNN {first} is the first"
        return Reason("cudnn-older-than-gpu", said)
    return None


def judge_pair(stack: Stack, driver: str, compute_capability: Numbers) -> tuple[Reason, ...]:
    """Return what only a driver together with a GPU says."""
    absent = _never_together(driver, compute_capability)
    if absent:
        return (absent,)
    if needs_ptx(stack, compute_capability) and is_ptx_too_new(stack, driver):
        torch = f"{stack.torch.said} holds {shown(stack.torch.archs)}" if stack.torch and stack.torch.archs else ""
        said = f"{torch}: only that PTX fits, and the driver cannot compile it: it brings an older CUDA"
        return (Reason("ptx-needs-newer-driver", said),)
    return ()


def runs_by_minor_compatibility(stack: Stack, driver: str) -> bool:
    """Say whether a driver runs the CUDA of an environment at all, and by minor-version compatibility only."""
    return any(reason.kind == "minor-version-compatibility" for reason in judge_driver(stack, driver))


def blocked_ptx(stack: Stack, driver: str, compute_capability: Numbers) -> Reason | None:
    """Return that a GPU needs PTX which its driver, new enough for the rest, cannot compile."""
    if judgement_of(judge_driver(stack, driver)).verdict in ("no", "unknown") or is_lifted(stack, driver):
        return None
    pair = judge_pair(stack, driver, compute_capability)
    return next((reason for reason in pair if reason.kind == "ptx-needs-newer-driver"), None)


def needs_ptx(stack: Stack, compute_capability: Numbers) -> bool:
    """Say whether a GPU is reached by PTX only."""
    reason = judge_kernels(stack, compute_capability)
    return reason is not None and reason.kind == "only-ptx"


def is_ptx_too_new(stack: Stack, driver: str) -> bool:
    """Say whether the CUDA that wrote the PTX is newer than the one that a driver brings."""
    newest = newest_cuda(driver)
    return newest is not None and not is_newer_than_known(driver) and newest < stack.cuda[:2]


def _never_together(driver: str, compute_capability: Numbers) -> Reason | None:
    branch, known = branch_of(driver), drivers_of(compute_capability)
    if known is None:
        return None
    first, last = known
    if branch is None or branch < first or (last is not None and branch > last):
        return Reason("no-such-machine", "that driver does not know the GPU")
    return None


def drivers_of(compute_capability: Numbers) -> tuple[int, int | None] | None:
    """Return the first and the last driver branch that know a GPU, the last None while there is none."""
    known = architecture_of(compute_capability)
    first = first_branch_for(known.first_cuda) if known else None
    return (first, known.last_driver_branch) if known and first else None
