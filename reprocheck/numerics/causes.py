"""Why a rerun may differ: drills, settings seen in the numbers, then differences of the fingerprints.

Fingerprint differences come in the order in which they change bits in practice (measured on CPU: torch build
and libraries, then instruction sets and switches); what decides no bits, such as memory or the kernel, is
left out, and what the launcher pins for the reference runs (threads, determinism) is judged by what torch
reported from the run itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from reprocheck.model.fingerprints import unread_reason, unread_status, value_at
from reprocheck.model.json_documents import Json, dump_line
from reprocheck.model.records import Run
from reprocheck.model.verdicts import Cause, Check

LONGEST_VALUE = 120
NOT_THERE = "not there"
UNREAD = "could not be read: "
MEASURED_KEYS = frozenset({"probes", "numerics", "probeTimes"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One place where two fingerprints differ; a value as compact JSON, or `not there`."""

    path: str
    recorded: str
    observed: str

    def __str__(self) -> str:
        """Return it as evidence."""
        return f"{self.path}: recorded {self.recorded}, here {self.observed}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Relevance:
    """A group of fingerprint keys that decide bits, what a difference means, and what to do about it."""

    keys: re.Pattern[str]
    what: str
    fix: str


def _relevance(keys: str, what: str, fix: str) -> Relevance:
    return Relevance(keys=re.compile(rf"(^|\.)(?:{keys})"), what=what, fix=fix)


_INSTALL = "install the locked environment and verify again"
PINNED = re.compile(
    r"(^|\.)(threads|determinism|usableCores|hashRandomization)(\.|$)"
    r"|(OMP_NUM_THREADS|MKL_NUM_THREADS|PYTHONHASHSEED|CUBLAS_WORKSPACE_CONFIG)$"
)
# A cap is set by hand and shows in what the processor tells: it comes before the processor it hides.
CAPS = r"(?:ATEN_CPU_CAPABILITY|(?:ONEDNN|DNNL)_MAX_CPU_ISA|MKL_(?:CBWR|ENABLE_INSTRUCTIONS|DEBUG_CPU_TYPE))"
_SWITCH = ("another numeric switch", "set the switch as recorded, and verify again")
RELEVANCES = (
    _relevance(
        r"software\.torch($|\.(version|gitVersion|debug|cuda|hip|cxx11Abi|architectures|status|detail))",
        "another build of torch",
        _INSTALL,
    ),
    _relevance(r"packages\.(torch|pytorch)\b", "another build of torch", _INSTALL),
    _relevance(
        r"accelerators|flags\.devices\.",
        "another GPU",
        "verify on the recorded model; bits are promised on no other",
    ),
    _relevance(
        r"software\.torch\.(cudnn|nccl|libraries|loadedLibraries|settings)", "another numeric library", _INSTALL
    ),
    _relevance(r"driver($|\.)", "another GPU driver", "use the recorded driver, or record anew after the update"),
    _relevance(rf"runtime\.env\.{CAPS}$", *_SWITCH),
    _relevance(
        r"cpu\.(model|isa|vendor|family|modelNumber|stepping|capability|bf16Matmul|fp16Matmul|denormals)",
        "another processor: kernels are chosen by its instruction sets",
        "verify on the recorded model, or cap ATEN_CPU_CAPABILITY, ONEDNN_MAX_CPU_ISA and MKL_CBWR on both",
    ),
    _relevance(
        r"flags\.(precision|backends|attention|amp)\.|runtime\.env\.",
        *_SWITCH,
    ),
    _relevance(
        r"packages\.(numpy|mkl|intel-openmp|llvm-openmp|libblas|openblas|libopenblas|blas|nvidia-)",
        "another numeric library",
        _INSTALL,
    ),
    _relevance(r"host\.(architecture|os|libc)", "another platform", "verify on the recorded platform"),
)


def fingerprint_differences(recorded: Mapping[str, Json], observed: Mapping[str, Json]) -> tuple[Difference, ...]:
    """Return where two fingerprints differ, sorted by key; list members are named by their `name`.

    What was measured is left out: three hundred digests tell nobody anything (`numeric_comparison` compares them).
    """
    both_know = all(_knows_switches(document) for document in (recorded, observed))
    left, right = (dict(_leaves(_described(document, both_know))) for document in (recorded, observed))
    return tuple(
        Difference(path=path, recorded=left.get(path, NOT_THERE), observed=right.get(path, NOT_THERE))
        for path in sorted({*left, *right})
        if left.get(path) != right.get(path)
    )


def causes_of_differences(differences: Sequence[Difference]) -> tuple[Cause, ...]:
    """Group the differences that may change bits into causes, the most telling first."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for difference in telling_differences(differences):
        for relevance in filter(None, [relevance_of(difference.path)]):
            grouped.setdefault((relevance.what, relevance.fix), []).append(str(difference))
    return tuple(Cause(what=what, evidence=tuple(found), fix=fix) for (what, fix), found in grouped.items())


def telling_differences(differences: Sequence[Difference]) -> tuple[Difference, ...]:
    """Return the differences that may change bits: the most telling first, versions before what follows from them."""
    ranked = [
        (RELEVANCES.index(relevance), not difference.path.endswith(".version"), difference.path, difference)
        for difference in differences
        if (relevance := relevance_of(difference.path)) and not _is_unread_setting(difference)
    ]
    return tuple(difference for *_, difference in sorted(ranked, key=lambda entry: entry[:3]))


def relevance_of(path: str) -> Relevance | None:
    """Return why a fingerprint key matters for the bits of the reference runs, or None."""
    if PINNED.search(path):
        return None
    return next((relevance for relevance in RELEVANCES if relevance.keys.search(path)), None)


def causes_in_runs(recorded: Sequence[Run], observed: Sequence[Run]) -> tuple[Cause, ...]:
    """Return causes that the runs themselves show: another seed, learning rate, device or thread count."""
    pairs = [(left, right) for left, right in zip(recorded, observed, strict=True) if left.steps and right.steps]
    facts = (
        ("another seed", "rerun with the recorded seed", [(str(a.plan.seed), str(b.plan.seed)) for a, b in pairs]),
        (
            "another learning rate",
            "rerun with the recorded learning rate",
            [(a.plan.learning_rate, b.plan.learning_rate) for a, b in pairs],
        ),
        *(
            (f"another {words}", f"rerun with the recorded {words}", [_in_force(a, b, key) for a, b in pairs])
            for key, words in (("device", "device"), ("threads", "number of threads"))
        ),
    )
    return tuple(_cause(what, fix, values) for what, fix, values in facts if any(a != b for a, b in values))


def causes_in_phases(checks: Sequence[Check]) -> tuple[Cause, ...]:
    """Return causes that the place of a divergence shows by itself."""
    parted = [check for check in checks if check.first_divergence and check.first_divergence.phase == "all-reduce"]
    if not parted:
        return ()
    evidence = tuple(
        f"{check.name}, step {check.first_divergence.step}: one gradient on all ranks in the record, several here"
        for check in parted
        if check.first_divergence
    )
    fix = "look for `no_sync`, a parameter outside DDP, or a broken collective"
    return (Cause(what="gradients were not synchronised between the ranks", evidence=evidence, fix=fix),)


def cause_without_difference(idle: Sequence[Difference] = ()) -> Cause:
    """Return what to think when nothing differs but the numbers; `idle` differences cannot touch what differs."""
    again = (
        "verify again: a difference in another place speaks for a race or the hardware, "
        "one in the same place for a record that was changed after it was made"
    )
    if idle:
        facts = tuple(f"{difference}: cannot touch this phase" for difference in idle)
        return Cause(what="unknown: what differs cannot be the cause", evidence=facts, fix=again)
    return Cause(
        what="nothing known differs: the computation itself may vary from run to run here",
        evidence=("no difference of torch, libraries, processor, switches or settings was found",),
        fix=again,
    )


def _is_unread_setting(difference: Difference) -> bool:
    """Say whether a setting could not be read on one side: another torch knows other settings, which shows nothing."""
    unread = (
        NOT_THERE in (difference.recorded, difference.observed) or UNREAD in difference.recorded + difference.observed
    )
    return unread and difference.path.startswith("runtime.flags.")


def _in_force(recorded: Run, observed: Run, key: str) -> tuple[str, str]:
    return str(recorded.in_force.get(key, NOT_THERE)), str(observed.in_force.get(key, NOT_THERE))


def _cause(what: str, fix: str, values: Sequence[tuple[str, str]]) -> Cause:
    pairs = dict.fromkeys(pair for pair in values if pair[0] != pair[1])
    return Cause(what=what, evidence=tuple(f"recorded {a}, here {b}" for a, b in pairs), fix=fix)


def _knows_switches(document: Mapping[str, Json]) -> bool:
    """Say whether a fingerprint tells of switches: older ones do not, which is no difference of the machines."""
    return not unread_status(value_at(document, "runtime", "switches"))


def _described(document: Mapping[str, Json], both_know_switches: bool) -> Mapping[str, Json]:
    described = {key: value for key, value in document.items() if key not in MEASURED_KEYS}
    runtime = described.get("runtime")
    if both_know_switches or not isinstance(runtime, Mapping):
        return described
    return {**described, "runtime": {key: value for key, value in runtime.items() if key != "switches"}}


def _leaves(value: Json, path: str = "") -> Iterator[tuple[str, str]]:
    if unread_status(value):
        yield path, UNREAD + unread_reason(value)
    elif _is_package(value):
        yield (
            f"{path}.version",
            _cut(" ".join(str(value_at(value, key)) for key in ("version", "sha256") if key in value)),
        )
    elif isinstance(value, Mapping) and {"value", "origin"} <= value.keys() <= {"value", "origin", "asked"}:
        yield path, _cut(_switch(value))
    elif isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}" if path else key)
    elif isinstance(value, Sequence) and not isinstance(value, str) and _are_named(value):
        for item in value:
            yield from _leaves(item, f"{path}.{_label(item)}")
    else:
        yield path, _cut(dump_line(value))


def _switch(entry: Mapping[str, Json]) -> str:
    """Return a switch in one line: its value, who chose it, and what a variable asked for in vain."""
    asked = f", {dump_line(entry['asked'])} was asked for" if "asked" in entry else ""
    return f"{dump_line(entry['value'])} ({entry['origin']}{asked})"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def _is_package(value: Json) -> TypeGuard[Mapping[str, Json]]:
    return isinstance(value, Mapping) and value.keys() >= {"name", "manager", "version"}


def _label(item: Json) -> str:
    """Return the name of a list member; a package may be there twice, once for each manager."""
    manager, name = (value_at(item, key) for key in ("manager", "name"))
    return f"{name} ({manager})" if isinstance(manager, str) else str(name)


def _are_named(items: Sequence[Json]) -> bool:
    return bool(items) and all(isinstance(item, Mapping) and isinstance(item.get("name"), str) for item in items)
