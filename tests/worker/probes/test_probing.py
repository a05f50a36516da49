"""The job: its lines, what it is asked for, and operations that fail."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a torch without numpy says so once
    torch = pytest.importorskip("torch", reason="probes are operations of torch", exc_type=ImportError)

from reprocheck.model.json_documents import dump_line
from reprocheck.worker.jobs import JOBS
from reprocheck.worker.probes.probe import CUDA_ONLY, Bench, Case, Probe
from reprocheck.worker.probing import failure_of, tell_families

CPU = torch.device("cpu")
FP8_IS_THERE = hasattr(torch, "float8_e4m3fn")
Line = dict[str, Any]


@dataclass(frozen=True)
class Family:
    """A family as a module of probes is one."""

    FAMILY: str
    members: tuple[Probe, ...]

    def probes(self) -> Sequence[Probe]:
        return self.members


def probe_of(operation: str, run: Callable[[], Any], family: str = "planted") -> Probe:
    return Probe(family, operation, "fp32", lambda bench: Case(run=run))


def raising(error: BaseException) -> Callable[[], Any]:
    def run() -> Any:
        raise error

    return run


def fine() -> Any:
    return torch.tensor([1.5, -2.0])


def told(*families: Family, **job: Any) -> list[Line]:
    lines: list[Line] = []
    tell_families(families, CPU, job, lines.append)
    return lines


def statuses(lines: Sequence[Line]) -> dict[str, str]:
    return {line["operation"]: line.get("status", "") for line in lines if "probe" in line}


def test_a_probe_tells_its_bits() -> None:
    begin, line = told(Family("planted", (probe_of("fine", fine),)), repeats=3)
    assert begin == {"family": "planted", "state": "begin"}
    assert line.pop("ns") > 0
    assert line.pop("digest") == "34c4df1d2229f7ba805eb6f8cf4d923757cff446afa04e9a6fc5e787a7a94c43"
    assert {round(abs(float.fromhex(number)) * 2**0.5, 6) for number in line.pop("coarse")} <= {0.5, 3.5}
    assert line == {
        "probe": "planted/fine/fp32",
        "family": "planted",
        "operation": "fine",
        "dtype": "fp32",
        "device": "cpu",
        "shape": [2],
        "first": ["3fc00000", "c0000000"],
        "repeats": 3,
        "differing": 0,
    }


def test_what_does_not_repeat_itself_is_counted() -> None:
    values = iter([1.0, 2.0, 1.0, 3.0])
    lines = told(Family("planted", (probe_of("varying", lambda: torch.tensor([next(values)])),)), repeats=4)
    assert (lines[-1]["repeats"], lines[-1]["differing"]) == (4, 2)


@pytest.mark.parametrize(("races", "shown"), [(True, (14, 12)), (False, (2, 0))])
def test_an_operation_that_may_race_is_run_by_several_threads_at_once(races: bool, shown: tuple[int, int]) -> None:
    def run() -> Any:
        return torch.tensor([float(threading.current_thread() is threading.main_thread())])

    probe = Probe("planted", "racing", "fp32", lambda bench: Case(run=run, races=races))
    line = told(Family("planted", (probe,)), repeats=2)[-1]
    assert (line["repeats"], line["differing"]) == shown


def test_an_operation_that_may_race_and_does_not_stays_silent() -> None:
    probe = Probe("planted", "steady", "fp32", lambda bench: Case(run=fine, races=True))
    line = told(Family("planted", (probe,)), repeats=2)[-1]
    assert (line["repeats"], line["differing"]) == (14, 0)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (MemoryError(), "out-of-memory"),
        (RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"), "out-of-memory"),
        (
            RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory"),
            "out-of-memory",
        ),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate`"), "out-of-memory"),
        (RuntimeError("CUDA error: unspecified launch failure"), "lost-device"),
        (RuntimeError("CUDA error: device-side assert triggered"), "lost-device"),
        (RuntimeError("CUDA error: an illegal memory access was encountered"), "lost-device"),
        (RuntimeError("CUDA error: uncorrectable ECC error encountered"), "lost-device"),
        (RuntimeError("No CUDA-capable device is detected"), "lost-device"),
        (RuntimeError("\"addmm_impl_cpu_\" not implemented for 'Half'"), "unsupported"),
        (RuntimeError("Currently, AutocastCPU only support Bfloat16 as the autocast_cpu_dtype"), "unsupported"),
        (RuntimeError("No available kernel. Aborting execution."), "unsupported"),
        (RuntimeError("CUDA error: no kernel image is available for execution on the device"), "unsupported"),
        (NotImplementedError("Could not run 'aten::_fused_adam_'"), "unsupported"),
        (AttributeError("module 'torch' has no attribute 'rms_norm'"), "unsupported"),
        (AttributeError("type object 'torch._C._VariableFunctions' has no attribute 'lstm'"), "unsupported"),
        (AttributeError("'_OpNamespace' 'aten' object has no attribute 'new'"), "unsupported"),
        (AttributeError("Unknown attribute fp32_precision"), "unsupported"),
        (AttributeError("'NoneType' object has no attribute 'shape'"), "raises"),
        (AttributeError("module 'reprocheck_worker.inputs' has no attribute 'wider'"), "raises"),
        (AssertionError("Torch not compiled with CUDA enabled"), "unsupported"),
        (RuntimeError("No viable backend for scaled_dot_product_attention was found."), "unsupported"),
        (RuntimeError("Current CUDA Device does not support bfloat16. Please switch dtype to float16."), "unsupported"),
        (RuntimeError("linalg.qr: on a CPU tensor requires compiling PyTorch with LAPACK."), "unsupported"),
        (RuntimeError("CUDA error: invalid program counter"), "lost-device"),
        (RuntimeError("CUDA error: operation not supported on global/shared address space"), "lost-device"),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), "raises"),
        (ValueError("what nobody thought of"), "raises"),
    ],
)
def test_a_failure_has_a_status_and_the_next_probe_runs(error: Exception, status: str) -> None:
    lines = told(Family("planted", (probe_of("broken", raising(error)),)), Family("sound", (probe_of("fine", fine),)))
    assert statuses(lines) == {"broken": status, "fine": "lost-device" if status == "lost-device" else ""}
    assert lines[1]["detail"].startswith(type(error).__name__)
    assert failure_of(error)["status"] == status


def test_a_case_that_cannot_be_made_has_a_status_too() -> None:
    def make(bench: Bench) -> Case:
        raise NotImplementedError("this torch has no such type")

    lines = told(Family("planted", (Probe("planted", "unmade", "fp32", make),)))
    assert {key: lines[1][key] for key in ("status", "detail")} == {
        "status": "unsupported",
        "detail": "NotImplementedError: this torch has no such type",
    }


def test_a_lost_device_is_not_called_again() -> None:
    calls: list[str] = []

    def count() -> Any:
        calls.append("called")
        return fine()

    lost = probe_of("lost", raising(RuntimeError("CUDA error: unspecified launch failure")))
    lines = told(
        Family("first", (probe_of("before", count), lost, probe_of("after", count))),
        Family("second", (probe_of("later", count),)),
    )
    assert statuses(lines) == {"before": "", "lost": "lost-device", "after": "lost-device", "later": "lost-device"}
    assert len(calls) == 2  # the two repeats of the first


def test_a_dtype_that_this_torch_lacks_is_unsupported() -> None:
    bench = Bench(CPU, "fp8e4m3")
    if FP8_IS_THERE:
        assert bench.dtype == torch.float8_e4m3fn
        return
    with pytest.raises(NotImplementedError, match="this torch has no fp8e4m3"):
        bench.wide("x", 3)


def two_families() -> tuple[Family, Family]:
    here = Family("here", (probe_of("one", fine, "here"), probe_of("two", fine, "here")))
    return here, Family("there", (probe_of("three", fine, "there"),))


def test_families_and_names_are_chosen_and_skipped() -> None:
    def names(**job: Any) -> list[str]:
        return [str(line.get("operation", line["family"])) for line in told(*two_families(), **job)]

    assert names() == ["here", "one", "two", "there", "three"]
    assert names(families=["there"]) == ["there", "three"]
    assert names(only=["here/two/fp32"]) == ["here", "two"]
    assert names(skip=["here"]) == ["there", "three"]
    assert names(families=["none"]) == []


def test_a_probe_of_another_device_is_no_probe_here() -> None:
    elsewhere = Probe("planted", "elsewhere", "fp32", lambda bench: Case(run=fine), CUDA_ONLY)
    assert told(Family("planted", (elsewhere,))) == []


def test_the_job_tells_a_family_in_lines_without_floats() -> None:
    lines: list[Line] = []
    JOBS["probe"]({"device": "cpu", "families": ["subnormal"], "repeats": 1}, lines.append)
    assert lines[0] == {"family": "subnormal", "state": "begin"}
    assert {line["family"] for line in lines} == {"subnormal"}
    assert len(dump_line(lines)) > 1000


def test_the_job_refuses_a_switch_that_it_does_not_know() -> None:
    with pytest.raises(ValueError, match="no-such-switch"):
        JOBS["probe"]({"device": "cpu", "families": ["subnormal"], "apply": {"no-such-switch": 1}}, lambda line: None)


def test_cuda_that_is_not_there_is_told_once() -> None:
    if torch.cuda.is_available():
        pytest.skip("there is CUDA")
    lines: list[Line] = []
    JOBS["probe"]({"device": "cuda", "families": ["matmul", "random"]}, lines.append)
    assert lines == [{"probe": "cuda", "device": "cuda", "status": "missing", "detail": "torch sees no CUDA device"}]
