"""Known faults and traps of numerics that apply to a machine, read off its fingerprint.

Source: the table `numeric_bugs.yaml`, whose rows name theirs. A predicate is a subject, a comparison and a value, as
`mkl < 2025.0`; one whose subject could not be read does not hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Final, NamedTuple

from reprocheck.facts.cuda_versions import Numbers, numbers
from reprocheck.facts.tables import Row, optional_text, rows_of, text
from reprocheck.model.fingerprints import unread_status, value_at
from reprocheck.model.json_documents import Json, entries


class KnownBug(NamedTuple):
    """A fault or trap: `kind` is wrong-values, nondeterministic, platform or settings.

    Rows of low confidence are worth telling and decide nothing.
    """

    id: str
    kind: str
    what: str
    effect: str
    fix: str
    reference: str | None
    confidence: str


# Where a fingerprint tells what.
_PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    "architecture": ("host", "architecture"),
    "aten": ("runtime", "flags", "cpu", "capability"),
    "cuda": ("software", "torch", "cuda"),
    "cudnn": ("software", "torch", "cudnn"),
    "isa": ("host", "cpu", "isa"),
    "mkl": ("software", "torch", "libraries", "mkl"),
    "onednn": ("software", "torch", "libraries", "onednn"),
    "threads": ("runtime", "threads", "intraOp"),
    "torch": ("software", "torch", "version"),
}
# What one GPU tells; all predicates on these must hold for one and the same.
_OF_A_GPU: Final[Mapping[str, str]] = {"capability": "computeCapability", "gpu": "model"}
_COMPARISONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "<": lt,
    "<=": le,
    "==": eq,
    "!=": ne,
    ">=": ge,
    ">": gt,
}
_OLDEST_OF_FIVE_DIGITS = 90000  # cuDNN 9 writes 91002 for 9.10.2, cuDNN 8 wrote 8902 for 8.9.2


def known_bugs(fingerprint: Mapping[str, Json]) -> tuple[KnownBug, ...]:
    """Return the known faults and traps that apply to the machine of a fingerprint, in the order of the table."""
    return tuple(_bug(row) for row in rows_of("numeric_bugs", "bugs") if _applies(row, fingerprint))


def _bug(row: Row) -> KnownBug:
    return KnownBug(
        id=text(row, "id"),
        kind=text(row, "kind"),
        what=text(row, "what"),
        effect=text(row, "effect"),
        fix=text(row, "fix"),
        reference=optional_text(row, "reference"),
        confidence=text(row, "confidence"),
    )


def _applies(row: Row, fingerprint: Mapping[str, Json]) -> bool:
    predicates = [predicate.split() for predicate in row["when"]]
    elsewhere = [predicate for predicate in predicates if predicate[0] not in _OF_A_GPU]
    of_a_gpu = [predicate for predicate in predicates if predicate[0] in _OF_A_GPU]
    return all(_holds(_told(fingerprint, subject), sign, value) for subject, sign, value in elsewhere) and (
        not of_a_gpu
        or any(
            all(_holds(gpu.get(_OF_A_GPU[subject]), sign, value) for subject, sign, value in of_a_gpu)
            for gpu in _gpus(fingerprint)
        )
    )


def _holds(told: Json, sign: str, value: str) -> bool:
    """Compare what was told with the value of a predicate: as versions where that is one, as text otherwise."""
    if told is None or unread_status(told):
        return False
    if sign == "has":
        return value in told if isinstance(told, str | list | tuple) else False
    wanted = numbers(value)
    if not wanted:
        return _COMPARISONS[sign](told, value)
    found = numbers(str(told))
    return bool(found) and _COMPARISONS[sign](*_of_one_length(found, wanted))


def _of_one_length(found: Numbers, wanted: Numbers) -> tuple[Numbers, Numbers]:
    """Fill the shorter version with zeros: 2.9 is 2.9.0."""
    length = max(len(found), len(wanted))
    return found + (0,) * (length - len(found)), wanted + (0,) * (length - len(wanted))


def _told(fingerprint: Mapping[str, Json], subject: str) -> Json:
    if subject == "gpus":
        return sum(_count(gpu) for gpu in _gpus(fingerprint))
    if subject == "nccl":
        return _nccl(fingerprint)
    told = value_at(fingerprint, *_PLACES[subject])
    return _cudnn(told) if subject == "cudnn" and isinstance(told, int) else told


def _nccl(fingerprint: Mapping[str, Json]) -> Json:
    """Return the NCCL that is loaded; the one that torch was built with where it is linked in, or not told."""
    versions = [value_at(fingerprint, "software", "torch", "nccl", key) for key in ("loaded", "built")]
    return next((version for version in versions if isinstance(version, str) and numbers(version)), None)


def _cudnn(code: int) -> str:
    major, rest = divmod(code, 10000 if code >= _OLDEST_OF_FIVE_DIGITS else 1000)
    return f"{major}.{rest // 100}.{rest % 100}"


def _gpus(fingerprint: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    yield from (gpu for gpu in entries(fingerprint.get("accelerators")) if isinstance(gpu, Mapping))


def _count(gpu: Mapping[str, Json]) -> int:
    count = gpu.get("count", 1)
    return count if isinstance(count, int) else 1
