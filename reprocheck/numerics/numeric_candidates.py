"""What differs between two fingerprints and may change bits: switches, libraries, the processor, the GPU."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reprocheck.facts.switches import all_switches
from reprocheck.model.fingerprints import unread_status, value_at
from reprocheck.model.json_documents import Json, dump_line, entries
from reprocheck.model.numeric_differences import Candidate, CandidateKind, ProbeDifference
from reprocheck.numerics.probe_reader import switch_values

Document = Mapping[str, Json]

LONGEST_VALUE = 60
_LIBRARIES: tuple[tuple[str, CandidateKind, tuple[str, ...]], ...] = (
    ("torch", "library", ("software", "torch", "version")),
    ("torch's commit", "library", ("software", "torch", "gitVersion")),
    ("MKL", "library", ("software", "torch", "libraries", "mkl")),
    ("oneDNN", "library", ("software", "torch", "libraries", "onednn")),
    ("CUDA", "library", ("software", "torch", "cuda")),
    ("cuDNN", "library", ("software", "torch", "cudnn")),
    ("NCCL", "library", ("software", "torch", "nccl")),
    ("processor", "processor", ("host", "cpu", "model")),
    ("instruction sets", "processor", ("host", "cpu", "isa")),
    ("GPU", "gpu", ("accelerators",)),
    ("GPU driver", "gpu", ("driver", "version")),
)
_GPU_LIBRARIES = ("CUDA", "cuDNN", "NCCL")
_CPU_LIBRARIES = ("MKL", "oneDNN")
# The old way to set a precision sets the new ones as well (torch.backends, "Numerical accuracy").
_SETS_ALL = "float32-matmul-precision"
_SET_BY_IT = ("fp32-precision", "allow-tf32-cuda-matmul")


def candidates_between(old: Document, new: Document) -> tuple[Candidate, ...]:
    """Return everything that differs and may change bits: switches in the order of their names, then the rest."""
    return (*_switches(old, new), *_others(old, new))


def reaches(candidate: Candidate, probe: ProbeDifference) -> bool:
    """Say whether a candidate could change a probe at all, by where the operation runs."""
    on_gpu = probe.device != "cpu"
    if candidate.kind == "switch":
        kind = _kind(candidate.cause)
        return (
            kind == "machine" or (kind == "cuda" and on_gpu) or (kind == "distributed" and probe.family == "all-reduce")
        )
    if candidate.kind == "processor" or candidate.cause in _CPU_LIBRARIES:
        return not on_gpu
    return on_gpu or (candidate.kind == "library" and candidate.cause not in _GPU_LIBRARIES)


def is_for_gpu(candidate: Candidate) -> bool:
    """Say whether a switch concerns operations on a GPU alone."""
    return _kind(candidate.cause) == "cuda"


def _kind(switch: str) -> str:
    """Return where a switch acts; one that a newer release tells of may act anywhere."""
    known = all_switches().get(switch)
    return known.kind if known else "machine"


def switch_text(value: Json) -> str:
    """Return the value of a switch as people write it: on and off, a text as it is."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return value if isinstance(value, str) else dump_line(value)


def _switches(old: Document, new: Document) -> Iterator[Candidate]:
    before, after = switch_values(old), switch_values(new)
    changed = [name for name in sorted(before.keys() & after.keys()) if before[name]["value"] != after[name]["value"]]
    for name in changed:
        if not _follows(name, changed):
            sides = (_short(switch_text(side[name]["value"])) for side in (before, after))
            yield Candidate(cause=name, kind="switch", old=next(sides), new=next(sides))


def _follows(name: str, changed: Sequence[str]) -> bool:
    """Say whether a switch differs because another one does, and so tells nothing more."""
    known = all_switches().get(name)
    return (known is not None and known.part_of in changed) or (_SETS_ALL in changed and name.startswith(_SET_BY_IT))


def _others(old: Document, new: Document) -> Iterator[Candidate]:
    """Yield what differs beside switches; another release of torch comes with other libraries, which tells no more."""
    torch_differs = False
    for name, kind, keys in _LIBRARIES:
        was, now = value_at(old, *keys), value_at(new, *keys)
        if was == now or unread_status(was) or unread_status(now) or (torch_differs and kind == "library"):
            continue
        torch_differs = torch_differs or name == "torch"
        if name == "instruction sets":
            was, now = _only(was, now), _only(now, was)
        yield Candidate(cause=name, kind=kind, old=_short(_words(was)), new=_short(_words(now)))


def _only(these: Json, others: Json) -> Json:
    """Return the members that the other list lacks."""
    return [item for item in entries(these) if item not in entries(others)]


def _words(value: Json) -> str:
    if isinstance(value, str):
        return value
    names = [name if isinstance(name := value_at(item, "name"), str) else str(item) for item in entries(value)]
    return " ".join(names) if names else "none" if value in ((), []) else dump_line(value)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"
