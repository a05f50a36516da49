"""Why this processor disagrees with the other one, cell by cell, each reason with the experiment that bears it out.

A reason counts only where its experiment came out as it says: `operation_by_switch_checks.py` under the switches, or
the probes themselves. Not collected by pytest.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from reprocheck.machine.host import read_host
from reprocheck.numerics.switch_settings import Setting, environment_of
from reprocheck.numerics.switched_probes import Switched

ROOT = Path(__file__).resolve().parent.parent
CHECKS = Path(__file__).with_name("operation_by_switch_checks.py")
ONE = Setting("threads", 1)
UNDER: Mapping[str, tuple[Setting, ...]] = {
    "base": (ONE,),
    "t2": (Setting("threads", 2),),
    "t4": (Setting("threads", 4),),
    "aten-avx2": (ONE, Setting("aten-cpu-capability", "avx2")),
    "aten-default": (ONE, Setting("aten-cpu-capability", "default")),
    "cbwr-auto": (ONE, Setting("mkl-cbwr", "AUTO")),
    "cbwr-compatible": (ONE, Setting("mkl-cbwr", "COMPATIBLE")),
    "fpmath-bf16": (ONE, Setting("onednn-fpmath", "BF16")),
    "medium": (ONE,),
}


@dataclass(frozen=True)
class Evidence:
    """What the checks gave under each switch, the probes under each column, and the processor's instruction sets."""

    checks: Mapping[str, Mapping[str, str]]
    probes: Mapping[str, Switched]
    instructions: frozenset[str]

    def changed(self, pattern: str, *columns: str) -> list[str]:
        """Return the checks of a name that have other bits under any of the columns."""
        base = self.checks["base"]
        names = [name for name in base if fnmatchcase(name, pattern)]
        assert names, pattern
        return [name for name in names if any(self.checks[column].get(name) != base[name] for column in columns)]

    def same_bits(self, one: str, other: str) -> bool:
        """Say whether all probes have the same bits under two columns."""
        return all(self.probes[one].digest(key) == self.probes[other].digest(key) for key in self.probes[one].probes)


@dataclass(frozen=True)
class Reason:
    """What explains some disagreements: groups as patterns, dtypes, columns, and whether they changed here."""

    text: str
    groups: tuple[str, ...]
    dtypes: str
    columns: str
    here: str  # `same`, `changed`, or `either`
    holds: Callable[[Evidence], bool]

    def covers(self, group: str, dtype: str, column: str, *, changed: bool) -> bool:
        return (
            any(fnmatchcase(group, pattern) for pattern in self.groups)
            and dtype in self.dtypes.split()
            and column in self.columns.split()
            and self.here in ("either", "changed" if changed else "same")
        )


def gather(python: Path, probes: Mapping[str, Switched]) -> Evidence:
    """Run the checks under every switch and return all evidence."""
    checks = {column: _checked(python, column) for column in UNDER}
    isa = read_host()["cpu"]["isa"]  # type: ignore[index,call-overload]
    return Evidence(checks, probes, frozenset(map(str, isa)))  # type: ignore[arg-type]


def reason_for(group: str, dtype: str, column: str, changed: bool, evidence: Evidence) -> str | None:
    """Return the first reason that covers a disagreement and whose experiment bears it out."""
    fitting = (reason for reason in REASONS if reason.covers(group, dtype, column, changed=changed))
    return next((reason.text for reason in fitting if reason.holds(evidence)), None)


def _checked(python: Path, column: str) -> Mapping[str, str]:
    environment = {**os.environ, **environment_of(UNDER[column]), "PYTHONPATH": str(ROOT)}
    command = [str(python), "-W", "ignore", str(CHECKS), *(["medium"] if column == "medium" else [])]
    done = subprocess.run(command, env=environment, capture_output=True, check=True, text=True, timeout=300)
    return dict(line.rsplit(" ", 1) for line in done.stdout.splitlines())


def _is_auto(evidence: Evidence) -> bool:
    return evidence.same_bits("cbwr-avx2", "cbwr-auto") and evidence.same_bits("cbwr-strict", "cbwr-auto")


def _functions_are_alike(evidence: Evidence) -> bool:
    return not evidence.changed("function *", "cbwr-auto", "cbwr-compatible")


def _no_half_precision(evidence: Evidence) -> bool:
    return evidence.checks["base"]["onednn-fp16"] == "False"


def _no_tiles(evidence: Evidence) -> bool:
    return not any(name.startswith("amx") for name in evidence.instructions)


def _products_are_not_split(evidence: Evidence) -> bool:
    return not evidence.changed("matmul *", "t2") and not evidence.changed("matrix-vector *", "t2", "t4")


def _only_larger(pattern: str, larger: str, *columns: str) -> Callable[[Evidence], bool]:
    """Return the test that of the checks `pattern`, only those that `larger` names change, and some of them do."""

    def holds(evidence: Evidence) -> bool:
        found = evidence.changed(pattern, *columns)
        return bool(found) and all(fnmatchcase(name, larger) for name in found)

    return holds


def _changes(pattern: str, *columns: str) -> Callable[[Evidence], bool]:
    return lambda evidence: bool(evidence.changed(pattern, *columns))


def _no_convolution_in_bf16(evidence: Evidence) -> bool:
    return _no_tiles(evidence) and not evidence.changed("conv *", "fpmath-bf16")


def _probe_changes(name: str, column: str) -> Callable[[Evidence], bool]:
    key = (name, "cpu")
    return lambda evidence: evidence.probes[column].digest(key) != evidence.probes["base"].digest(key)


def _is_a_race(evidence: Evidence) -> bool:
    """Say whether the two processes of two and four threads, or two runs in one, gave other bits."""
    runs = [
        evidence.probes[column].probes.get(("scatter/index-put-accumulate-200k/fp32", "cpu")) for column in ("t2", "t4")
    ]
    return any(run is not None and run.differing for run in runs) or len({run.digest for run in runs if run}) > 1


ALL = "fp64 fp32 bf16 fp16"
FULL = "fp64 fp32"
REASONS: Sequence[Reason] = (
    Reason(
        "MKL takes its branch AUTO here for AVX2 and AVX512,STRICT, for the processor is not Intel's: every probe has "
        "the bits of MKL_CBWR=AUTO",
        ("*",),
        ALL,
        "cbwr-avx2 cbwr-strict",
        "either",
        _is_auto,
    ),
    Reason(
        "MKL's functions of vectors have the same bits in every branch here (6 functions of 40,000 numbers)",
        ("tanh", "exp, *", "sqrt", "logsumexp", "Adam, *"),
        FULL,
        "cbwr-compatible",
        "same",
        _functions_are_alike,
    ),
    Reason(
        "MKL's Fourier transform has the same bits in every branch here (rows of 4,096 numbers)",
        ("Fourier",),
        FULL,
        "cbwr-compatible",
        "same",
        lambda evidence: not evidence.changed("rfft *", "cbwr-auto", "cbwr-compatible"),
    ),
    Reason(
        "oneDNN takes no fp16 on this processor (no AVX512_FP16), so that its switches change nothing",
        ("*",),
        "fp16",
        "dnn-avx2 dnn-avx512 mkldnn-off",
        "same",
        _no_half_precision,
    ),
    Reason(
        "oneDNN takes no fp16 on this processor (no AVX512_FP16), so that ATen's kernels compute it",
        ("*",),
        "fp16",
        "aten-avx2 aten-default",
        "changed",
        _no_half_precision,
    ),
    Reason(
        "MKL does not split products for two threads here (matmul of three sizes, matrix times vector), nor does "
        "oneDNN with AVX512_BF16; four threads change few",
        ("matmul", "products with vectors"),
        ALL,
        "t2 t4",
        "same",
        _products_are_not_split,
    ),
    Reason(
        "oneDNN computes fp32 convolutions in bf16 with AMX only, which this processor lacks (two sizes, two kernels)",
        ("conv forward *",),
        "fp32",
        "fpmath-bf16",
        "same",
        _no_convolution_in_bf16,
    ),
    Reason(
        "no AMX here: attention and linear layers in bf16 take no other kernel by these switches, or MKL's instead",
        ("attention, *", "autocast linear"),
        "bf16",
        "dnn-avx2 dnn-avx512 mkldnn-off cbwr-compatible",
        "either",
        _no_tiles,
    ),
    Reason(
        "convolutions of 1x1 are products by MKL; those of 3x3, the only ones measured there, are oneDNN's",
        ("conv forward *",),
        "fp32",
        "cbwr-compatible",
        "changed",
        _only_larger("conv *", "conv 1x1 *", "cbwr-compatible"),
    ),
    Reason(
        "the inputs there were multiples of a fraction, whose bf16 sums are exact; with such nothing changes here",
        ("conv weight *",),
        "bf16",
        "t2 t4",
        "changed",
        _only_larger("conv weight gradient *", "* wide *", "t2", "t4"),
    ),
    Reason(
        "the sums there were exact, or far from zero; multiples of a quarter change nothing here, wide numbers do",
        ("sum of 300,000",),
        ALL,
        "t2 t4",
        "changed",
        _only_larger("sum 300000 *", "* wide *", "t2", "t4"),
    ),
    Reason(
        "515 classes are no multiple of a vector: the rest falls otherwise for every split; 512 change nothing here",
        ("softmax *",),
        "fp32 bf16",
        "t2 t4",
        "changed",
        _only_larger("softmax *", "softmax * 515 *", "t2", "t4"),
    ),
    Reason(
        "the gradient of softmax in bf16, which was not measured by itself there, goes through fp32 kernels of ATen",
        ("softmax *",),
        "bf16",
        "aten-avx2",
        "changed",
        _probe_changes("softmax/softmax-backward/bf16", "aten-avx2"),
    ),
    Reason(
        "the group held the gradient of tanh there, and that changes here too",
        ("tanh",),
        FULL,
        "aten-default",
        "same",
        _changes("gradient tanh *", "aten-default"),
    ),
    Reason(
        "what changed there was the first-call race of MKL's vector functions: the worker calls each once before",
        ("tanh",),
        "fp32",
        "t4",
        "same",
        lambda evidence: not evidence.changed("function *", "t2", "t4"),
    ),
    Reason(
        "the group held more functions there: of those, erf in fp16 changes here too",
        ("exp, *",),
        "fp16",
        "aten-default",
        "same",
        _changes("function erf fp16", "aten-default"),
    ),
    Reason(
        "the bf16 result hides what changes in fp32; the gradient in fp32 changes here",
        ("layer norm weight *",),
        "bf16",
        "aten-default",
        "same",
        _probe_changes("normalization/layer-grad-weight/fp32", "aten-default"),
    ),
    Reason(
        "the probe is smaller: fp32 products become bf16 from some size on, and attention of length 512 changes",
        ("attention, *",),
        "fp32 bf16 fp16",
        "medium",
        "same",
        _only_larger("attention *", "attention * 512 *", "medium"),
    ),
    Reason(
        "the probe is shorter: attention of length 128 changes here too",
        ("attention, *",),
        "bf16 fp16",
        "aten-avx2 aten-default cbwr-compatible",
        "same",
        _changes("attention * 128 ?p16", "aten-avx2", "aten-default", "cbwr-compatible"),
    ),
    Reason(
        "the tensors of the probe are smaller than what is split over threads; with 100,000 numbers it changes here",
        ("SGD *",),
        "bf16",
        "t2 t4",
        "same",
        _only_larger("sgd *", "sgd 100000 *", "t2", "t4"),
    ),
    Reason(
        "the probe's matrices are smaller than what MKL splits over threads; QR and inverse of 200x200 change here",
        ("linear algebra", "orthogonal initialisation"),
        "fp32",
        "t2 t4",
        "same",
        _changes("* 200 fp32", "t2", "t4"),
    ),
    Reason(
        "bf16 shows a change of the last bit of fp32 only where a rounding turns; randn of 40,000 numbers changes",
        ("randn, *",),
        "bf16",
        "aten-default",
        "same",
        _changes("randn 40000 bf16", "aten-default"),
    ),
    Reason(
        "bf16 shows a change of the last bit of fp32 only where a rounding turns, with other numbers elsewhere",
        ("Adam, *",),
        "bf16",
        "aten-default",
        "changed",
        _probe_changes("optimizer/adam-for-loop/fp32", "aten-default"),
    ),
    Reason(
        "with several threads it does not repeat itself (atomic additions), and this time it came out as with one",
        ("index_put *",),
        "fp32",
        "t2 t4",
        "same",
        _is_a_race,
    ),
    Reason(
        "another loop: the one there was in fp32 with layer norm and Adam, whose own rows change here",
        ("GradScaler",),
        "fp16",
        "aten-default",
        "same",
        _probe_changes("normalization/layer-grad-weight/fp32", "aten-default"),
    ),
)


if __name__ == "__main__":
    sys.exit("this is part of operation_by_switch.py")
