"""`matrix`: which driver branches, GPUs and platforms can run a lock, and why not the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from reprocheck.errors import UsageError
from reprocheck.facts.cuda_drivers import branches, oldest_driver
from reprocheck.facts.cuda_versions import Numbers, dotted, numbers
from reprocheck.facts.gpu_arch import Architecture, architecture_of, architectures, is_tegra, sm_name
from reprocheck.facts.name_map import load_name_map
from reprocheck.facts.torch_archs import shown
from reprocheck.model.judgements import Judgement
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.model.machines import Gpu
from reprocheck.model.matrices import DriverColumn, GpuRow, Matrix, PlatformTable
from reprocheck.readers.locks import read_any_lock
from reprocheck.rules.cuda_claims import FRAMEWORKS
from reprocheck.rules.effective_cuda import evidence_of
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.locked_cuda import is_cpu_build
from reprocheck.rules.runnable import Stack, drivers_of, judge, stack_of
from reprocheck.workflows.audit import MachineRequest, find_machine

_OLDEST_GPU: Numbers = (5, 0)  # older ones are told of only where their CUDA is at hand
_OLDEST_GPU_ON_ARM: Numbers = (7, 0)  # no server with an ARM processor had an older one

_Cells = tuple[Judgement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixRequest:
    """Which lock, and which platforms, drivers and GPUs of it; empty means all that are known."""

    lock: Path
    environment: str
    platforms: tuple[str, ...] = ()
    drivers: tuple[str, ...] = ()
    gpus: tuple[str, ...] = ()


def make_matrix(request: MatrixRequest) -> Matrix:
    """Return the tables of a lock; platforms with the same one are told together.

    Raises:
        UsageError: a platform that the lock does not hold, a driver or GPU that cannot be read.
        InputError, GatheredErrors: the lock is missing or broken.
    """
    lock = read_any_lock(request.lock, request.environment)
    platforms, gpus = _platforms(request, lock), _named_gpus(request)
    for driver in request.drivers:
        find_machine(MachineRequest(driver=driver))
    facts = _facts_of(lock)
    tables: dict[PlatformTable, list[str]] = {}
    for platform in platforms:
        stack = stack_of(facts, platform)
        if stack:
            table = _table(stack, gpus, request.drivers)
            table = replace(table, evidence=(*table.evidence, *_left_out(lock, platform)))
        else:
            table = PlatformTable(without_cuda=_why_no_cuda(lock, platform))
        tables.setdefault(table, []).append(platform)
    found = (replace(table, platforms=tuple(names)) for table, names in tables.items())
    return Matrix(lock=lock.path, tables=tuple(found))


def _platforms(request: MatrixRequest, lock: Lock) -> tuple[str, ...]:
    absent = next((name for name in request.platforms if name not in lock.platforms), None)
    if absent:
        raise UsageError(
            f"the lock holds nothing for `{absent}`",
            where="--platform",
            why=f"`{lock.path}` is for {', '.join(lock.platforms)}",
            how="name one of these",
        )
    return tuple(dict.fromkeys(request.platforms or lock.platforms))


def _named_gpus(request: MatrixRequest) -> tuple[Gpu, ...]:
    return tuple(dict.fromkeys(find_machine(MachineRequest(gpus=request.gpus)).gpus)) if request.gpus else ()


def _facts_of(lock: Lock) -> Facts:
    unseen = Unseen(reason="the matrix is about the lock alone")
    return Facts(
        environment=unseen,
        lock=lock,
        lock_path=lock.path,
        freshness=unseen,
        machine=unseen,
        names=load_name_map(),
    )


def _left_out(lock: Lock, platform: str) -> Iterator[str]:
    """Yield the frameworks that the table of a platform says nothing of, as they use no GPU."""
    for found in _cpu_builds(lock, platform):
        yield f"`{found.name} {found.version}` is a build without CUDA: the table is of what else is locked"


def _cpu_builds(lock: Lock, platform: str) -> Iterator[LockedPackage]:
    return (found for found in lock.named(platform, *FRAMEWORKS, "torch") if is_cpu_build(found))


def _why_no_cuda(lock: Lock, platform: str) -> str:
    if platform.startswith("osx-"):
        return "there is no CUDA on macOS"
    built = next(_cpu_builds(lock, platform), None)
    if built:
        return f"CPU only: `{built.name} {built.version}` is a build without CUDA"
    return "CPU only: nothing that is locked brings CUDA"


def _table(stack: Stack, gpus: tuple[Gpu, ...], drivers: tuple[str, ...]) -> PlatformTable:
    """Return the table of a platform, which it does not name yet."""
    rows = [(gpu, numbers(gpu.compute_capability or "")) for gpu in gpus or _usual_gpus(stack)]
    if drivers:
        columns = [DriverColumn(first=name, last=name) for name in dict.fromkeys(drivers)]
        cells = [tuple(judge(stack, column.first, capability) for _, capability in rows) for column in columns]
    else:
        columns, cells = _branch_columns(stack, [capability for _, capability in rows])
    floor = oldest_driver(stack.cuda, windows=stack.is_windows) if stack.cuda else None
    torch = stack.torch
    return PlatformTable(
        cuda=dotted(stack.cuda),
        driver=floor.driver if floor else "",
        evidence=evidence_of(stack.claims),
        torch=torch.said if torch else "",
        kernels=shown(torch.archs) if torch and torch.archs else "",
        cudnn=stack.cudnn.said if stack.cudnn else "",
        columns=tuple(columns),
        rows=tuple(_row(gpu, line) for (gpu, _), line in zip(rows, zip(*cells, strict=True), strict=True)),
    )


def _branch_columns(stack: Stack, capabilities: Sequence[Numbers]) -> tuple[list[DriverColumn], list[_Cells]]:
    """Return the known driver branches, neighbours with the same cells as one column; void cells fit beside all."""
    found: list[tuple[list[int], _Cells]] = []
    for branch in branches():
        cells = tuple(judge(stack, str(branch), capability) for capability in capabilities)
        if found and _fit(found[-1][1], cells):
            known, kept = found.pop()
            found.append(([*known, branch], tuple(b if a.is_void else a for a, b in zip(kept, cells, strict=True))))
        else:
            found.append(([branch], cells))
    newest = branches()[-1]
    columns = [
        DriverColumn(first=str(known[0]), last=str(known[-1]), open_end=known[-1] == newest) for known, _ in found
    ]
    return columns, [cells for _, cells in found]


def _fit(one: _Cells, other: _Cells) -> bool:
    return all(a == b or a.is_void or b.is_void for a, b in zip(one, other, strict=True))


def _row(gpu: Gpu, cells: _Cells) -> GpuRow:
    capability = numbers(gpu.compute_capability or "")
    known, (first, last) = architecture_of(capability), drivers_of(capability) or (None, None)
    return GpuRow(
        name=gpu.name,
        compute_capability=gpu.compute_capability or "",
        told=_told(gpu, known) if known else "",
        drivers=("" if first in (None, branches()[0]) else str(first), str(last or "")),
        cells=cells,
    )


def _told(gpu: Gpu, known: Architecture) -> str:
    """Return what an architecture is, with products for one that was not named by a product."""
    architecture = sm_name(dotted(known.compute_capability))
    if gpu.name != architecture:
        return f"{architecture}, {known.name}"
    return f"{known.name}: {', '.join(_examples(known))}"


def _examples(known: Architecture) -> tuple[str, ...]:
    """Return the first product, the last (the newest GeForce, where there is one) and the second; short names first."""
    first, *others = known.products
    outer = sorted({first, *others[-1:]}, key=lambda name: (len(name), name))
    return tuple(dict.fromkeys((*outer, *others[:1])))


def _usual_gpus(stack: Stack) -> Iterator[Gpu]:
    """Yield the GPUs that somebody may think of: Jetson on its own platform only, Kepler beside an old CUDA only."""
    for known in architectures():
        name = dotted(known.compute_capability)
        if _is_usual(stack, known):
            yield Gpu(name=sm_name(name), compute_capability=name)


def _is_usual(stack: Stack, known: Architecture) -> bool:
    if stack.platform == "linux-aarch64":
        return known.compute_capability >= _OLDEST_GPU_ON_ARM
    at_hand = bool(stack.cuda) and known.last_cuda is not None and stack.cuda[0] <= known.last_cuda[0]
    return not is_tegra(known.compute_capability) and (known.compute_capability >= _OLDEST_GPU or at_hand)
