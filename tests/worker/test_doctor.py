"""What the worker tries for the doctor: on this machine's torch, and on a small torch that plays a GPU.

The played torch computes nothing: it shows what is asked of CUDA and in which order, not that a GPU answers.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from reprocheck.machine.worker_process import WorkerOptions, attempt_job
from reprocheck.worker import doctor_runtimes, torch_build
from reprocheck.worker.doctor import doctor
from reprocheck.worker.doctor_gpu import cudnn, gpu_kernels, gpu_seen, nccl
from reprocheck.worker.doctor_speed import FEWEST_ROUNDS, MOST_ROUNDS, speed_against_fp32

NO_GPU = {"status": "missing", "detail": "torch sees no GPU"}


class Played:
    """A tensor that remembers nothing but what a test wants back from it."""

    def __init__(self, value: float = 56.0) -> None:
        self.value = value
        self.device = "cuda"

    def __mul__(self, other: object) -> Played:
        return self

    def __matmul__(self, other: object) -> Played:
        return self

    def __float__(self) -> float:
        return self.value

    def sum(self) -> Played:
        return self

    def mean(self) -> Played:
        return self

    def t(self) -> Played:
        return self

    def to(self, dtype: object) -> Played:
        return self


class Event:
    """A clock that tells `milliseconds` for the precision in force; each look at it is one more call."""

    def __init__(self, torch: Any) -> None:
        self._torch = torch

    def record(self) -> None:
        self._torch.calls.append(self._torch.matmul_precision)

    def synchronize(self) -> None:
        pass

    def elapsed_time(self, end: Event) -> float:
        return 8.0 if self._torch.matmul_precision == "highest" else 2.0


def played(value: float = 56.0, **cuda: Any) -> Any:
    """Return a torch that sees one GPU on which every sum gives `value`."""
    torch: Any = SimpleNamespace(
        calls=[], matmul_precision="medium", float32="float32", float16="float16", bfloat16="bfloat16"
    )
    told = {
        "device_count": lambda: 1,
        "is_available": lambda: True,
        "get_device_name": lambda index: "A GPU",
        "get_device_capability": lambda index: (9, 0),
        "is_bf16_supported": lambda: True,
        "set_device": torch.calls.append,
        "Event": lambda enable_timing: Event(torch),
        "nccl": SimpleNamespace(version=lambda: (2, 21, 5)),
    }
    torch.cuda = SimpleNamespace(**{**told, **cuda})
    torch.device = lambda *where: where
    torch.arange = torch.ones = torch.rand = lambda *shape, **options: Played(value)
    torch.get_float32_matmul_precision = lambda: torch.matmul_precision
    torch.set_float32_matmul_precision = lambda name: setattr(torch, "matmul_precision", name)
    torch.backends = SimpleNamespace(cudnn=SimpleNamespace(version=lambda: 90100, is_acceptable=lambda picture: True))
    torch._C = SimpleNamespace(_cudnn=SimpleNamespace(getCompileVersion=lambda: (9, 1, 0)), _nccl_version=None)
    torch.nn = SimpleNamespace(functional=SimpleNamespace(conv2d=lambda picture, weight: Played(value)))
    torch.distributed = SimpleNamespace(
        is_nccl_available=lambda: True,
        HashStore=lambda: "a store",
        init_process_group=lambda backend, **options: torch.calls.append((backend, options)),
        all_reduce=lambda values: torch.calls.append("all-reduce"),
        destroy_process_group=lambda: torch.calls.append("destroyed"),
    )
    return torch


def raising(message: str) -> Callable[..., Any]:
    def fail(*_: object, **__: object) -> Any:
        raise RuntimeError(message)

    return fail


def asked(*questions: str, gpu: bool = True) -> dict[str, Any]:
    job: dict[str, Any] = {"job": "doctor", "questions": list(questions), "gpu": gpu}
    outcome = attempt_job(Path(sys.executable), job, WorkerOptions(switches={}, deadline_s=60.0))
    assert outcome.fault is None
    return {str(line["question"]): line["reading"] for line in outcome.lines}


def test_this_torch_answers_on_the_cpu() -> None:
    pytest.importorskip("torch")
    names = ("gpu-seen", "gpu-kernels", "cudnn", "nccl", "fp16", "bf16", "tf32", "fp8", "grad-scaler", "openmp")
    told = asked(*names, gpu=False)
    assert list(told) == ["torch", *names]
    assert told["torch"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert told["grad-scaler"] == {"device": "cpu", "stepped": True, "skipped": True, "halved": True}
    assert all(told[name] == NO_GPU for name in ("gpu-kernels", "fp16", "bf16", "tf32", "fp8"))
    assert told["cudnn"]["tried"] == {"status": "missing", "detail": "no GPU to try it on"}
    assert told["openmp"]["numpy"] in ("loaded", {"status": "missing", "detail": "numpy is not installed"})


@pytest.mark.ddp
def test_two_processes_sum_over_gloo() -> None:
    pytest.importorskip("torch")
    outcome = attempt_job(
        Path(sys.executable), {"job": "doctor-ddp", "gpu": False}, WorkerOptions(switches={}, deadline_s=60.0)
    )
    assert outcome.lines == ({"question": "ddp", "reading": {"backend": "gloo", "gpus": 0, "right": True}},)


@pytest.mark.parametrize(
    ("source", "reading"),
    [
        (
            "raise ModuleNotFoundError(\"No module named 'torch'\", name='torch')",
            {"status": "missing", "detail": "torch is not installed"},
        ),
        ("import nobody_has_it", {"status": "error", "detail": "ModuleNotFoundError: No module named 'nobody_has_it'"}),
        (
            "raise OSError('libcudnn.so.9: no /home/alice/x')",
            {"status": "error", "detail": "OSError: libcudnn.so.9: no <path>"},
        ),
    ],
)
def test_without_torch_nothing_else_is_asked(
    source: str, reading: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "torch.py").write_text(source)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert asked("openmp") == {"torch": reading}


def test_a_torch_that_lacks_everything_fails_question_by_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "torch.py").write_text("")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    told = asked("gpu-seen", "fp16")
    assert told["torch"]["version"] == {"status": "missing", "detail": "not in this torch"}
    assert told["gpu-seen"]["status"] == "raises"
    assert told["fp16"] == {"status": "raises", "detail": "AttributeError: module 'torch' has no attribute 'cuda'"}


def test_each_question_is_asked_of_a_gpu_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = played()
    torch.__config__ = SimpleNamespace(show=lambda: "")
    torch.version = SimpleNamespace(__version__="2.5.1", cuda="12.4", hip=None)
    torch._C._cuda_getArchFlags = lambda: "sm_80 sm_90"
    monkeypatch.setitem(sys.modules, "torch", torch)
    lines: list[dict[str, Any]] = []
    doctor({"questions": ["gpu-seen", "gpu-kernels", "cudnn", "nccl", "fp16"], "gpu": True}, lines.append)
    told = {line["question"]: line["reading"] for line in lines}
    assert told["torch"]["architectures"] == ["sm_80", "sm_90"]
    assert told["gpu-kernels"] == ["ok"]
    assert told["cudnn"]["tried"] == "a wrong result: 56.0 instead of 27.0"
    assert told["nccl"]["tried"] == "a wrong result: 56.0 instead of 4.0"
    assert told["fp16"]["rounds"] == MOST_ROUNDS


def test_a_gpu_is_seen_by_name_and_capability() -> None:
    assert gpu_seen(played()) == {
        "available": True,
        "count": 1,
        "devices": [{"name": "A GPU", "computeCapability": "9.0"}],
        "said": "",
    }


def test_cuda_that_does_not_start_says_why() -> None:
    def warns() -> bool:
        warnings.warn("CUDA initialization: driver too old", UserWarning, stacklevel=1)
        return False

    silent = played(is_available=warns, init=lambda: None)
    assert gpu_seen(silent)["said"] == "UserWarning: CUDA initialization: driver too old"
    raises = played(is_available=warns, init=raising("the driver is too old"))
    assert gpu_seen(raises)["said"] == "RuntimeError: the driver is too old"
    assert gpu_seen(played(is_available=lambda: False, init=lambda: None))["said"] == ""


def test_a_kernel_is_tried_on_every_gpu() -> None:
    assert gpu_kernels(played(device_count=lambda: 3)) == ["ok"] * 3
    assert gpu_kernels(played(value=1.0)) == ["a wrong result: 1.0 instead of 56.0"]
    torch = played()
    torch.arange = raising("CUDA error: no kernel image")
    assert gpu_kernels(torch) == [{"status": "raises", "detail": "RuntimeError: CUDA error: no kernel image"}]


def test_cudnn_tells_both_versions_and_a_convolution() -> None:
    torch = played(value=27.0)
    assert cudnn(torch, has_gpu=True) == {"loaded": 90100, "built": [9, 1, 0], "tried": "ok"}
    torch.backends.cudnn.is_acceptable = lambda picture: False
    assert cudnn(torch, has_gpu=True)["tried"] == "torch does without it"
    torch.backends.cudnn.version = raising("cuDNN version incompatibility")
    told = cudnn(torch, has_gpu=False)
    assert told["loaded"] == {"status": "raises", "detail": "RuntimeError: cuDNN version incompatibility"}


def test_nccl_sums_over_one_process_and_leaves_no_group_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_build, "mapped_files", list)
    torch = played(value=4.0)
    told = nccl(torch, has_gpu=True)
    assert told == {"built": "2.21.5", "loaded": "linked into torch", "tried": "ok"}
    options = {"store": "a store", "rank": 0, "world_size": 1}
    assert torch.calls == [0, ("nccl", options), "all-reduce", "destroyed"]
    assert nccl(torch, has_gpu=False)["tried"] == {"status": "missing", "detail": "no GPU"}
    torch.distributed.is_nccl_available = lambda: False
    assert nccl(torch, has_gpu=True)["tried"] == "torch.distributed was built without it"
    del torch._C._nccl_version
    assert nccl(torch, has_gpu=True) == {"status": "missing", "detail": "a build without NCCL"}


def test_a_group_that_fails_is_destroyed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_build, "mapped_files", list)
    torch = played()
    torch.distributed.all_reduce = raising("NCCL error")
    assert nccl(torch, has_gpu=True)["tried"] == {"status": "raises", "detail": "RuntimeError: NCCL error"}
    assert torch.calls[-1] == "destroyed"


def test_rounds_of_a_precision_and_of_fp32_are_interleaved() -> None:
    torch = played()
    told = speed_against_fp32(torch, "tf32")
    assert told == {"side": 2048, "fp32Ns": 4_000_000, "ns": 1_000_000, "rounds": MOST_ROUNDS}
    measured = torch.calls[-4 * MOST_ROUNDS :]
    assert measured == ["highest", "highest", "high", "high"] * MOST_ROUNDS  # each time its start and its end
    assert torch.matmul_precision == "medium"


def test_a_fast_gpu_gets_the_larger_product() -> None:
    torch = played()
    torch.cuda.Event = lambda enable_timing: SimpleNamespace(
        record=lambda: None, synchronize=lambda: None, elapsed_time=lambda end: 1.0
    )
    assert speed_against_fp32(torch, "fp16")["side"] == 4096


def test_a_slow_gpu_is_asked_few_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 10_000, 10))
    monkeypatch.setattr("reprocheck.worker.doctor_speed.time", SimpleNamespace(monotonic=lambda: float(next(clock))))
    assert speed_against_fp32(played(), "fp16")["rounds"] == FEWEST_ROUNDS


def test_bf16_tells_what_torch_claims() -> None:
    assert speed_against_fp32(played(), "bf16")["claimed"] is True
    assert speed_against_fp32(played(is_bf16_supported=raising("no")), "bf16")["claimed"]["status"] == "raises"


def test_fp8_goes_through_the_product_of_torch_where_there_is_one() -> None:
    torch = played()
    assert speed_against_fp32(torch, "fp8") == {"status": "missing", "detail": "this torch has no fp8 product"}
    torch.float8_e4m3fn = "float8"
    torch._scaled_mm = lambda left, right, **options: torch.calls.append(sorted(options))
    assert speed_against_fp32(torch, "fp8")["rounds"] == MOST_ROUNDS
    assert ["out_dtype", "scale_a", "scale_b"] in torch.calls


def test_a_precision_that_fails_leaves_the_settings_as_they_were() -> None:
    torch = played(Event=raising("out of memory"))
    with pytest.raises(RuntimeError, match="out of memory"):
        speed_against_fp32(torch, "fp16")
    assert torch.matmul_precision == "medium"


def test_one_file_under_two_names_is_one_runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = tmp_path / "libgomp.so.1"
    first.write_text("")
    (tmp_path / "libgomp-a34b3233.so.1").hardlink_to(first)
    paths = [
        str(first),
        str(tmp_path / "libgomp-a34b3233.so.1"),
        "/gone/libiomp5.so",
        "/lib/libompi.so",
        "/lib/libc.so",
    ]
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(doctor_runtimes, "mapped_files", lambda: paths)
    monkeypatch.setattr(doctor_runtimes, "BESIDE_TORCH", "json")
    assert doctor_runtimes.openmp() == {"families": ["libgomp", "libiomp5"], "json": "loaded"}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (None, {"status": "missing", "detail": "beside_torch is not installed"}),
        ("", "loaded"),
        (
            "import nobody_has_it",
            {"status": "error", "detail": "ModuleNotFoundError: No module named 'nobody_has_it'"},
        ),
        (
            "raise ImportError('built for another numpy')",
            {"status": "error", "detail": "ImportError: built for another numpy"},
        ),
    ],
)
def test_what_is_loaded_beside_torch_may_be_absent_or_broken(
    source: str | None, expected: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if source is not None:
        (tmp_path / "beside_torch.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(doctor_runtimes, "BESIDE_TORCH", "beside_torch")
    assert doctor_runtimes.openmp()["beside_torch"] == expected
    sys.modules.pop("beside_torch", None)


def test_other_systems_do_not_tell_what_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert doctor_runtimes.openmp() == {"status": "missing", "detail": "only Linux tells the loaded libraries"}
