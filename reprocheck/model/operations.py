"""The operations that a run is made of, and what each of them computed on hashed inputs.

An operation is one line of text, `aten.mm.default(fp32[256,64]~-4,fp32[64,64]~0)`: name, overload, and for each tensor
type, shape, strides where it is not contiguous, `@device` where that is not the CPU, and behind `~` what it held. Its
*outcome* is the leading 64 bits of a SHA-256 over all that came out, or a word that says why there is none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reprocheck.model.json_documents import Json

# Why an operation has no digest.
WORDS: Mapping[str, str] = {
    "blind": "gave no number on hashed inputs that could tell machines apart",
    "foreign": "is not torch's own",
    "gone": "is not in this torch",
    "late": "was not replayed within the time for it",
    "object": "takes what cannot be made again",
    "out-of-memory": "found too little memory",
    "raises": "raised an error on hashed inputs",
    "ranks": "needs another number of ranks",
    "ranks-differ": "gave other bits on other ranks",
    "too-large": "takes too much memory to be replayed",
    "unreadable": "is not spelled as this release spells it",
    "untried": "was not replayed",
    "varies": "did not repeat itself",
}
LONGEST_TEXT = 20_000
MOST_OPERATIONS = 20_000
LARGEST_EXTENT = 2**40

_TENSOR = re.compile(
    r"(?P<dtype>[a-z][a-z0-9_]*)\[(?P<shape>(?:\d{1,13}(?:,\d{1,13}){0,31})?)\](?:\{(?P<strides>(?:\d{1,13}(?:,\d{1,13}){0,31})?)\})?"
    r"(?:@[a-z]+)?(?:~(?:z|-?\d{1,19}:-?\d{1,19}\^?|-?\d{1,4}[+-]?))?(?:&\d{1,5})?"
)
_CALL = re.compile(r"[A-Za-z_]\w*\.\w+\.\w+\([\w.,=+\-*'\[\]T ]*\)", re.ASCII)
_MISPLACED_LIST = re.compile(r"[^(,=\[]\[")
_CONTENTS = re.compile(r"~(?:z|[-+:^\d]+)")
# Neighbours that are the same once contents are gone, each perhaps counted already: `fp32[64]*2,fp32[64]`.
_ITEM = r"(?:[a-z]\w*\[[\dx]*\](?:\{[\dx]*\})?(?:@[a-z]+)?(?:&\d+)?|[^,=*\[\](){}]+)"
_SHAPE = re.compile(r"(?<=\w)\[[\d,]*\](?:\{[\d,]*\})?")
_EQUAL_NEIGHBOURS = re.compile(
    rf"(?<=[\[,(])(?P<item>{_ITEM})(?P<times>(?:\*\d+)?(?:,(?P=item)(?:\*\d+)?(?=[,\])]))+)", re.ASCII
)
_HEX_FLOAT = re.compile(r"-?0x[01]\.[0-9a-f]+p[+-]\d+")
_DIGEST = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationDigest:
    """One operation and its outcome."""

    text: str
    outcome: str

    @property
    def is_digest(self) -> bool:
        """Return whether the outcome is a digest and no word."""
        return bool(_DIGEST.fullmatch(self.outcome))


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOperations:
    """The operations that the first `steps` steps of a run asked for, and the outcomes of those that were replayed.

    `complete` where longer looking would bring no more; if not, `detail` may say why.
    """

    steps: int
    complete: bool
    detail: str
    traced: tuple[str, ...]
    digests: tuple[OperationDigest, ...]


def structure_of(text: str) -> str:
    """Return the text without what tensors held, and without numbers that kernels do not treat in their own way.

    Shapes are written `64x32` in it: no comma then stands inside a tensor.
    """
    plain = _SHAPE.sub(lambda shape: shape[0].replace(",", "x"), _CONTENTS.sub("", text))
    return _EQUAL_NEIGHBOURS.sub(_counted_together, _HEX_FLOAT.sub("float", plain))


def _counted_together(found: re.Match[str]) -> str:
    counts = found["times"].replace(found["item"], "").split(",")
    return f"{found['item']}*{sum(int(count.removeprefix('*') or 1) for count in counts)}"


def label_of(text: str) -> str:
    """Return name and first type for people: `mm bf16`."""
    name = text.partition("(")[0].split(".")
    tensor = _TENSOR.search(text)
    overload = "" if name[2:] == ["default"] else "." + ".".join(name[2:])
    return f"{'.'.join(name[1:2])}{overload}" + (f" {tensor['dtype']}" if tensor else "")


def labels_of(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the labels of `texts`, each once, in their order."""
    return tuple(dict.fromkeys(map(label_of, texts)))


def fault_of_text(text: str) -> str | None:
    """Return why `text` is no operation that a record holds, or None."""
    if len(text) > LONGEST_TEXT:
        return f"expected an operation of at most {LONGEST_TEXT} characters"
    plain = _TENSOR.sub("T", text)
    if not _CALL.fullmatch(plain) or _MISPLACED_LIST.search(plain):
        return "expected an operation such as `aten.sqrt.default(fp32[64]~-4+)`"
    for tensor in _TENSOR.finditer(text):
        if _extent(tensor) > LARGEST_EXTENT:
            return "expected tensors of at most 2^40 elements"
    return None


def _extent(tensor: re.Match[str]) -> int:
    """Return how many elements of memory a tensor reaches over, and at least how many it has."""
    shape = [int(size) for size in tensor["shape"].split(",") if size]
    strides = [int(stride) for stride in (tensor["strides"] or "").split(",") if stride]
    count = 1
    for size in shape:
        count *= size
    return max(count, 1 + sum(size * stride for size, stride in zip(shape, strides, strict=False)))


def operations_table(operations: Sequence[RunOperations | None]) -> tuple[OperationDigest, ...]:
    """Return all outcomes of all runs, each once: runs share most of theirs."""
    return tuple(dict.fromkeys(digest for one in operations if one for digest in one.digests))


def operations_document(operations: RunOperations, places: Mapping[OperationDigest, int]) -> Mapping[str, Json]:
    """Return the part of a run's document: its operations are told by their places in the record's table."""
    return {
        "steps": operations.steps,
        "complete": operations.complete,
        "detail": operations.detail,
        "used": spelled_ranges([places[digest] for digest in operations.digests]),
    }


def spelled_ranges(numbers: Sequence[int]) -> str:
    """Return `0-12,14` for numbers in their order; neighbours that rise by one are told by their ends."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][-1] + 1:
            ranges[-1][1:] = [number]
        else:
            ranges.append([number])
    return ",".join("-".join(map(str, ends)) for ends in ranges)
