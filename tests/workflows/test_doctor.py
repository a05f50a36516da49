"""The judges of the doctor, on readings in the shape of machines with GPUs; none was taken from hardware.

The shapes are in `doctor_shapes.py`: what the worker and the driver say there was made from public logs, data sheets
and the tables. `tests/gpu/checklist.py` is what runs on real GPUs.
"""

from __future__ import annotations

from typing import Any

import pytest

from reprocheck.model.doctors import OTHER_QUESTIONS, QUESTIONS, Answer, Checkup
from reprocheck.model.fingerprints import unread
from reprocheck.model.json_documents import Json, dump_line
from reprocheck.model.prefixes import Kernel, KernelStart
from reprocheck.workflows.doctor import judged
from reprocheck.workflows.doctoring.libraries import cudnn_version
from reprocheck.workflows.doctoring.readings import Readings
from tests.workflows.doctor_shapes import (
    A100,
    A100_SLICE,
    ABSENT,
    B200,
    CPU_TORCH,
    DDP,
    GTX_1080,
    GTX_1660,
    H100,
    NO_DRIVER,
    RTX_3090,
    RTX_4090,
    RTX_5090,
    SCALER,
    T4,
    TORCH_CU118,
    TORCH_CU121,
    TORCH_CU128,
    V100,
    Shape,
    answer,
    blind,
    driver,
    readings,
    said,
    torch,
    working,
)

NAMES = tuple(question.name for question in QUESTIONS)
NO_IMAGE = unread("raises", "RuntimeError: CUDA error: no kernel image is available for execution on the device")
TIMEOUT = unread("timeout", "no answer within 10 s")
MORE_TIME = "give it more time with `--timeout 60`"
CRASH = unread("error", "the interpreter ended with signal 11: Segmentation fault")


def statuses(told: Readings) -> dict[str, str]:
    """Return the questions that are not ok, with their status."""
    return {found.question: found.status for found in judged(told, NAMES) if found.status != "ok"}


def on(
    gpu: Shape, loaded: Any = TORCH_CU121, release: Any = "550.54.15", cuda: Any = "12.4", **changes: Any
) -> Readings:
    cudnn = 90701 if gpu in (B200, RTX_5090) else 90100
    return readings({**working(gpu, loaded, cudnn), **changes}, driver(gpu, release, cuda))


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (on(T4), {"bf16": "not", "tf32": "not", "fp8": "not"}),
        (on(V100), {"bf16": "not", "tf32": "not", "fp8": "not"}),
        (on(A100), {"fp8": "not"}),
        (on(A100_SLICE), {"fp8": "not"}),
        (on(H100), {}),
        (on(RTX_3090), {"fp8": "not"}),
        (on(RTX_4090), {}),
        (on(B200, TORCH_CU128, "570.86.10", "12.8"), {}),
        (on(GTX_1080, TORCH_CU118), {"fp16": "not", "bf16": "not", "tf32": "not", "fp8": "not"}),
        (on(GTX_1660, TORCH_CU118), {"fp16": "not", "bf16": "not", "tf32": "not", "fp8": "not"}),
    ],
    ids=["T4", "V100", "A100", "MIG", "H100", "3090", "4090", "B200", "1080", "1660"],
)
def test_a_machine_where_all_works_lacks_what_its_gpu_lacks(told: Readings, expected: dict[str, str]) -> None:
    assert statuses(told) == expected


def test_a_cpu_torch_without_a_gpu_is_no_fault() -> None:
    unasked = dict.fromkeys(NAMES[1:11], "unknown")
    assert statuses(readings(blind(CPU_TORCH))) == unasked
    assert statuses(readings(blind(CPU_TORCH), NO_DRIVER)).keys().isdisjoint(item.name for item in OTHER_QUESTIONS)
    assert said("driver", readings(blind(CPU_TORCH))) == ("unknown", "no GPU here", "")
    expected = ("unknown", "no GPU here; torch is built without CUDA", "")
    assert said("cuda-runtime", readings(blind(CPU_TORCH))) == expected


@pytest.mark.parametrize("gpu", [T4, V100])
def test_bf16_is_emulated_on_turing_and_volta_whatever_torch_claims(gpu: Shape) -> None:
    status, detail, fix = said("bf16", on(gpu))
    assert (status, fix) == ("not", "use fp16 with a GradScaler, or fp32")
    claim = ", though `torch.cuda.is_bf16_supported()` says True, 0."
    assert detail.startswith(f"emulated on {gpu[0]} (compute capability {gpu[1]}){claim}")


def test_a_gpu_without_tensor_cores_is_told_that_amp_hardly_gains_time() -> None:
    said_of_it = "has no tensor cores: AMP saves memory there, but gains little or no time, 0.9 times as fast as fp32"
    fix = "train in fp32, or on a GPU with tensor cores (compute capability 7.0 or newer)"
    expected = ("not", f"NVIDIA GeForce GTX 1080 (compute capability 6.1) {said_of_it}", fix)
    assert said("fp16", on(GTX_1080, TORCH_CU118)) == expected


def test_gtx_16_reports_the_capability_of_turing_and_has_no_tensor_cores() -> None:
    detail = "has no tensor cores: AMP saves memory there, but gains little or no time, 1.1 times as fast as fp32"
    assert said("fp16", on(GTX_1660))[:2] == (
        "not",
        f"NVIDIA GeForce GTX 1660 Ti (compute capability 7.5) {detail}",
    )
    assert answer("fp16", on(T4)).status == "ok"


def test_tf32_before_ampere_is_a_switch_that_does_nothing() -> None:
    status, detail, fix = said("tf32", on(V100))
    assert status == "not"
    assert detail == (
        "absent on Tesla V100-SXM2-16GB (compute capability 7.0): the switch does nothing, fp32 is computed in full, "
        "1.0 times as fast as fp32"
    )
    assert fix.startswith("compare runs in fp32 on every machine")


def test_tf32_on_a_consumer_gpu_may_gain_little() -> None:
    assert said("tf32", on(RTX_3090)) == ("ok", "native on NVIDIA GeForce RTX 3090, 1.1 times as fast as fp32", "")


def test_fp8_comes_with_ada_and_hopper() -> None:
    assert said("fp8", on(A100)) == ("not", f"absent on {A100[0]} (compute capability 8.0)", "use bf16")
    assert said("fp8", on(T4))[2] == "use fp16 with a GradScaler, or fp32"
    assert said("fp8", on(H100)) == ("ok", "native on NVIDIA H100 80GB HBM3, 22.5 times as fast as fp32", "")


def test_fp8_that_torch_cannot_be_asked_for_is_native_all_the_same() -> None:
    told = on(H100, fp8=unread("missing", "this torch has no fp8 product"))
    expected = ("ok", "native on NVIDIA H100 80GB HBM3, not measured: this torch has no fp8 product", "")
    assert said("fp8", told) == expected


def test_a_speed_is_measured_in_permille() -> None:
    assert answer("fp16", on(T4)).measured == {
        "fp32Ns": 18_000_000,
        "ns": 4_400_000,
        "side": 4096,
        "rounds": 12,
        "speedPermille": 4090,
    }


def test_tensor_cores_that_gain_nothing_are_a_riddle_and_no_verdict() -> None:
    status, detail, fix = said("fp16", on(A100, fp16={"fp32Ns": 1_000_000, "ns": 1_000_000}))
    held = "1.0 times as fast as fp32: tensor cores are there, and something holds them back"
    assert (status, detail) == ("unknown", f"native on {A100[0]}, {held}")
    assert fix == "look with `nvidia-smi` for another job on that GPU, a low power limit or low clocks"


@pytest.mark.parametrize(
    ("reading", "status", "detail"),
    [
        (TIMEOUT, "unknown", "but the product gave no answer within 10 s"),
        (unread("raises", "OutOfMemoryError: CUDA out of memory"), "unknown", "but its memory is full"),
        (unread("raises", "RuntimeError: no"), "not", "but it failed: RuntimeError: no"),
        (CRASH, "not", "but it failed: the interpreter ended with signal 11: Segmentation fault"),
        (unread("unanswered", "ended"), "unknown", "not measured: ended"),
        (None, "unknown", "not measured: the answer is not one that the worker gives"),
        ({"ns": 1}, "unknown", "not measured: the answer is not one that the worker gives"),
        ({"fp32Ns": 10**30, "ns": 0}, "unknown", "not measured: the answer is not one that the worker gives"),
    ],
)
def test_a_product_that_was_not_timed_says_why(reading: Json, status: str, detail: str) -> None:
    found = answer("bf16", on(A100, bf16=reading))
    assert (found.status, found.detail) == (status, f"native on {A100[0]}, {detail}")


def test_of_several_gpus_the_least_able_one_is_judged() -> None:
    answers = working(A100, TORCH_CU121, count=2)
    devices = [{"name": gpu[0], "computeCapability": gpu[1]} for gpu in (A100, T4)]
    answers["gpu-seen"] = {"available": True, "count": 2, "devices": devices, "said": ""}
    told = readings(answers, driver(A100, "550.54.15", "12.4"))
    claim = ", though `torch.cuda.is_bf16_supported()` says True"
    assert said("bf16", told)[1] == f"emulated on Tesla T4 (compute capability 7.5){claim}"  # the A100 was timed


@pytest.mark.parametrize("capability", [None, "x"])
def test_a_gpu_of_unknown_capability_is_judged_by_the_clock_alone(capability: str | None) -> None:
    device = {"name": "A GPU", "computeCapability": capability}
    seen = {"available": True, "count": 1, "devices": [device], "said": ""}
    told = on(A100, **{"gpu-seen": seen})
    assert said("fp16", told) == ("unknown", "what A GPU has is not in the table, 13.2 times as fast as fp32", "")
    assert said("gpu-kernels", told)[1] == "a kernel ran on A GPU"


def test_rocm_is_told_and_not_judged_by_tables_of_nvidia() -> None:
    rocm = {**torch("2.5.1+rocm6.2", "unset", ""), "hip": "6.2.41133"}
    told = readings({**working(A100, rocm), "torch": rocm})
    expected = "torch 2.5.1+rocm6.2 is built for ROCm 6.2.41133, and only NVIDIA's driver is asked here"
    assert said("cuda-runtime", told) == ("unknown", expected, "")
    assert answer("bf16", told).status == "unknown"
    assert said("gpu-kernels", told)[:2] == ("ok", f"a kernel ran on {A100[0]}")
    assert answer("torch", told).detail == "2.5.1+rocm6.2, built for ROCm 6.2.41133, Python 3.11.9"


def test_on_rocm_the_version_of_miopen_is_not_taken_for_one_of_cudnn() -> None:
    rocm = {**torch("2.5.1+rocm6.2", "unset", ""), "hip": "6.2.41133"}
    miopen: Json = {"loaded": 3_002_000, "built": [3, 2, 0], "tried": "ok"}
    told = readings({**working(A100, rocm), "cudnn": miopen})
    expected = "torch 2.5.1+rocm6.2 is built for ROCm 6.2.41133, which computes with MIOpen"
    assert said("cudnn", told) == ("unknown", expected, "")


def test_the_releases_of_the_libraries_are_measured() -> None:
    assert answer("cudnn", on(A100)).measured == {"loaded": "9.1.0", "built": "9.1.0"}
    assert answer("nccl", on(A100)).measured == {"loaded": "2.21.5", "built": "2.21.5"}


def test_a_driver_that_is_too_old_is_told_with_the_one_that_is_needed() -> None:
    excuse = "RuntimeError: The NVIDIA driver on your system is too old (found version 11040). Please update it"
    told = readings(blind(TORCH_CU121, excuse), driver(V100, "470.57.02", "11.4"))
    fix = "install driver 525.60.13 or newer, or install a build of torch for CUDA 11"
    expected = "CUDA 12.1 of torch takes driver 525.60.13 or newer, and here is 470.57.02"
    assert said("driver", told) == ("ok", "470.57.02, brings CUDA 11.4", "")
    assert said("cuda-runtime", told) == ("not", expected, fix)
    assert said("gpu-seen", told) == ("not", f"torch does not see {V100[0]}: {excuse.partition('. ')[0]}", fix)
    assert said("cudnn", told) == ("unknown", "9.1.0 is loaded; torch sees no GPU", "")


def test_cuda_compat_lifts_a_driver_that_is_too_old() -> None:
    told = on(V100, TORCH_CU121, "470.57.02", "11.4")
    expected = "CUDA 12.1 runs on driver 470.57.02, which is too old for it, by cuda-compat"
    assert said("cuda-runtime", told) == ("ok", expected, "")


def test_minor_version_compatibility_is_ok_and_told() -> None:
    told = on(A100, TORCH_CU128, "535.183.01", "12.2")
    status, detail, _ = said("cuda-runtime", told)
    assert status == "ok"
    assert detail == (
        "CUDA 12.8 of torch runs on driver 535.183.01, which brings CUDA 12.2, by minor-version compatibility: machine "
        "code runs, what is compiled on the way (PTX, Triton) may not"
    )


@pytest.mark.parametrize(
    ("cuda", "release", "brings", "status"),
    [
        ("99.1", "999.1", "99.1", "ok"),
        ("99.1", "550.54.15", "12.4", "not"),
        ("99.1", "550.54.15", unread("error", "no CUDA version"), "not"),
        ("99.1", "300.1", unread("error", "no CUDA version"), "unknown"),
    ],
)
def test_a_cuda_newer_than_the_table_is_judged_by_what_the_driver_says(
    cuda: str, release: str, brings: Any, status: str
) -> None:
    told = readings(blind(torch("9.9.0", cuda, "sm_80")), driver(A100, release, brings))
    assert answer("cuda-runtime", told).status == status


def test_cuda_newer_than_the_table_asks_for_a_newer_driver() -> None:
    told = readings(blind(torch("9.9.0", "99.1", "sm_80")), driver(A100, "550.54.15", "12.4"))
    fix = "install a newer driver, or install a build of torch for CUDA 12"
    assert said("cuda-runtime", told) == (
        "not",
        "CUDA 99.1 of torch takes a newer driver, and here is 550.54.15",
        fix,
    )


def test_a_cpu_torch_on_a_gpu_machine_is_a_fault() -> None:
    told = readings(blind(CPU_TORCH), driver(A100, "550.54.15", "12.4"))
    expected = f"torch 2.5.1+cpu is built without CUDA, and {A100[0]} is here"
    assert said("cuda-runtime", told) == ("not", expected, "install a build of torch for CUDA 12.4 or older")
    assert said("gpu-seen", told) == ("unknown", "torch 2.5.1+cpu is built without CUDA", "")
    assert [name for name, status in statuses(told).items() if status == "not"] == ["cuda-runtime"]


def test_a_cpu_torch_beside_a_driver_that_tells_no_cuda() -> None:
    told = readings(blind(CPU_TORCH), driver(A100, "1.0", "x"))
    assert said("cuda-runtime", told)[2] == "install a build of torch for CUDA"
    assert said("driver", told)[1] == "1.0"


def test_a_cuda_torch_without_a_driver_is_a_fault() -> None:
    told = readings(blind(TORCH_CU121))
    expected = "no NVIDIA driver on this machine, and torch 2.5.1+cu121 is built for CUDA 12.1"
    fix = "install the driver, start the container with its GPUs (`--gpus all`), or ask about the CPU only: `--cpu`"
    assert said("driver", told) == ("not", expected, fix)
    assert said("cuda-runtime", told)[:2] == ("unknown", "CUDA 12.1 of torch, and no driver to compare it with")
    assert [name for name, status in statuses(told).items() if status == "not"] == ["driver"]


def test_a_driver_that_hangs_is_unknown_and_one_that_fails_is_not() -> None:
    hung = {"driver": {"version": unread("timeout", "no answer within 8 s")}, "accelerators": TIMEOUT}
    status, detail, fix = said("driver", readings(blind(TORCH_CU121), hung))
    assert (status, detail) == ("unknown", "the driver gave no answer within 8 s")
    assert fix.startswith("look into `dmesg` for an `Xid` error")
    broken = {"driver": {"version": unread("error", "unable to talk to the driver")}, "accelerators": TIMEOUT}
    expected = ("not", "unable to talk to the driver", "run `nvidia-smi` to see what the driver says")
    assert said("driver", readings(blind(TORCH_CU121), broken)) == expected
    card = {"driver": {"version": ABSENT}, "accelerators": unread("missing", "no NVIDIA driver, but a GPU of AMD")}
    assert said("driver", readings(blind(CPU_TORCH), card))[:2] == ("unknown", "no NVIDIA driver on this machine")
    assert said("fp16", readings(blind(CPU_TORCH), card))[1] == "whether there is a GPU is not known"


def test_two_halves_of_a_driver_are_a_fault() -> None:
    halves = driver(A100, "550.54.15", "12.4")
    halves["driver"]["kernelModule"] = "535.183.01"
    expected = "the kernel module is of release 535.183.01, the libraries are of 550.54.15"
    fix = "restart the machine: the driver was updated under a running kernel module"
    assert said("driver", readings(blind(TORCH_CU121), halves)) == ("not", expected, fix)
    refused = readings(
        blind(TORCH_CU121), driver(A100, "550.54.15", "12.4"), refusals=(("mismatch", "CUDA error 803: differ"),)
    )
    assert said("driver", refused) == ("not", "CUDA error 803: differ", fix)


def test_cuda_that_sees_no_gpu_is_no_fault_of_the_driver() -> None:
    told = readings(
        blind(TORCH_CU121), driver(A100, "550.54.15", "12.4"), refusals=(("no-device", "CUDA error 100: none"),)
    )
    assert answer("driver", told).status == "ok"


HIDDEN = "`CUDA_VISIBLE_DEVICES` hides every GPU"


def test_a_variable_that_hides_all_gpus_is_named() -> None:
    excuse = "RuntimeError: No CUDA GPUs are available"
    told = readings(blind(TORCH_CU121, excuse), driver(A100, "550.54.15", "12.4"), hidden=HIDDEN)
    fix = "unset `CUDA_VISIBLE_DEVICES`, or name a GPU in it"
    assert said("gpu-seen", told) == ("not", f"torch does not see {A100[0]}: {HIDDEN}", fix)


def test_a_variable_that_hides_gpus_is_not_blamed_for_a_driver_that_is_too_old() -> None:
    told = readings(blind(TORCH_CU121), driver(V100, "470.57.02", "11.4", count=2), hidden="one of two is hidden")
    fix = "install driver 525.60.13 or newer, or install a build of torch for CUDA 11"
    assert said("gpu-seen", told) == ("not", f"torch does not see {V100[0]}", fix)


def test_a_variable_that_hides_gpus_that_nobody_could_count_is_told() -> None:
    hung = {"driver": {"version": TIMEOUT}, "accelerators": TIMEOUT}
    assert said("gpu-seen", readings(blind(TORCH_CU121), hung, hidden=HIDDEN)) == ("unknown", HIDDEN, "")


def test_gpus_that_are_hidden_are_told_and_no_fault() -> None:
    told = readings(
        working(A100, TORCH_CU121, count=2),
        driver(A100, "550.54.15", "12.4", count=8),
        hidden="`CUDA_VISIBLE_DEVICES` hides 6 of 8 GPUs",
    )
    expected = "2 x NVIDIA A100-SXM4-40GB (`CUDA_VISIBLE_DEVICES` hides 6 of 8 GPUs)"
    assert said("gpu-seen", told) == ("ok", expected, "")


def test_torch_that_does_not_say_why_it_sees_no_gpu_is_asked_by_hand() -> None:
    told = readings(blind(TORCH_CU121), driver(A100, "550.54.15", "12.4"))
    status, detail, fix = said("gpu-seen", told)
    assert (status, detail) == ("not", f"torch does not see {A100[0]}")
    assert fix.startswith("run `python -c 'import torch; torch.cuda.init()'`")


def test_torch_that_sees_a_gpu_where_the_driver_did_not_answer_is_believed() -> None:
    hung = {"driver": {"version": TIMEOUT}, "accelerators": TIMEOUT}
    assert said("gpu-seen", readings(working(A100, TORCH_CU121), hung))[:2] == ("ok", A100[0])
    assert said("gpu-seen", readings(blind(TORCH_CU121), hung))[:2] == ("unknown", "no answer within 10 s")


def test_an_old_arch_list_on_a_new_gpu_names_the_wheel_that_reaches_it() -> None:
    told = on(RTX_5090, TORCH_CU121, "570.86.10", "12.8", **{"gpu-kernels": [NO_IMAGE], "fp16": NO_IMAGE})
    listed = "kernels for sm_50, sm_60, sm_70, sm_75, sm_80, sm_86, sm_90 and no PTX"
    expected = f"no kernel of torch 2.5.1+cu121 runs on NVIDIA GeForce RTX 5090 (sm_120): it holds {listed}"
    fix = "install torch 2.7.0 for CUDA 12.8, whose wheel holds kernels for that GPU"
    assert said("gpu-kernels", told) == ("not", expected, fix)
    assert said("fp16", told) == ("unknown", "kernels fail on that GPU", "")


def test_a_fault_of_the_kernels_is_told_once() -> None:
    failing = dict.fromkeys(("fp16", "bf16", "tf32", "fp8", "grad-scaler"), NO_IMAGE)
    cudnn = {"loaded": 90701, "built": [9, 7, 1], "tried": NO_IMAGE}
    told = on(RTX_5090, TORCH_CU121, "570.86.10", "12.8", **{"gpu-kernels": [NO_IMAGE], "cudnn": cudnn, **failing})
    assert [name for name, status in statuses(told).items() if status == "not"] == ["gpu-kernels"]
    assert said("grad-scaler", told) == ("unknown", "kernels fail on that GPU", "")
    assert said("cudnn", told) == ("unknown", "9.7.1 is loaded; kernels fail on that GPU", "")


def test_an_arch_list_that_misses_the_gpu_is_a_fault_where_no_kernel_could_be_tried() -> None:
    told = readings(blind(TORCH_CU121), driver(RTX_5090, "570.86.10", "12.8"))
    status, detail, fix = said("gpu-kernels", told)
    assert status == "not"
    assert detail.endswith("and no PTX: none of these runs on NVIDIA GeForce RTX 5090 (sm_120)")
    assert fix.startswith("install torch 2.7.0 for CUDA 12.8")


def test_no_wheel_reaches_a_gpu_that_nobody_knows() -> None:
    strange = ("A GPU", "99.0", 1, 1, 1, 1, None)
    told = on(strange, TORCH_CU121, "570.86.10", "12.8", **{"gpu-kernels": [NO_IMAGE]})
    assert said("gpu-kernels", told)[2] == "install a build of torch that holds kernels for that GPU"


def test_ptx_runs_and_takes_minutes_at_first() -> None:
    told = on(B200, torch("2.7.0", "12.8", "sm_80 sm_90 compute_90"), "570.86.10", "12.8")
    expected = (
        "a kernel ran on NVIDIA B200 (sm_100) from PTX alone: the driver compiles it, which takes minutes at first"
    )
    assert said("gpu-kernels", told) == ("ok", expected, "")


@pytest.mark.parametrize(
    ("result", "detail"),
    [
        (unread("raises", "AcceleratorError: CUDA error"), "a kernel failed on {}: AcceleratorError: CUDA error"),
        ("a wrong result: 1.0 instead of 56.0", "a kernel failed on {}: a wrong result: 1.0 instead of 56.0"),
    ],
)
def test_a_kernel_that_fails_on_a_gpu_that_it_was_built_for(result: Json, detail: str) -> None:
    told = on(A100, **{"gpu-kernels": [result]})
    expected = ("not", detail.format(f"{A100[0]} (sm_80)"), "look into `dmesg` for an `Xid` error of that GPU")
    assert said("gpu-kernels", told) == expected


def test_a_kernel_that_ran_outweighs_an_unknown_arch_list() -> None:
    told = on(A100, torch("2.5.1", "12.1", ""))
    assert said("gpu-kernels", told)[:2] == ("ok", f"a kernel ran on {A100[0]} (sm_80)")
    failing = on(A100, torch("2.5.1", "12.1", ""), **{"gpu-kernels": CRASH})
    assert said("gpu-kernels", failing)[:2] == ("not", CRASH["detail"])


def test_cudnn_counts_in_two_ways() -> None:
    assert [cudnn_version(code) for code in (7605, 8907, 90100, 91002)] == [(7, 6, 5), (8, 9, 7), (9, 1, 0), (9, 10, 2)]


def test_a_cudnn_of_another_major_than_torch_was_built_for() -> None:
    refusal = unread(
        "raises",
        "RuntimeError: cuDNN version incompatibility: compiled against (9, 1, 0), found (8, 9, 7)",
    )
    own = "install torch and its cuDNN together, and take folders with another cuDNN out of `LD_LIBRARY_PATH`"
    refused = on(A100, cudnn={"loaded": refusal, "built": [9, 1, 0], "tried": "ok"})
    assert said("cudnn", refused) == ("not", refusal["detail"], own)
    skipped = on(A100, cudnn={"loaded": 8907, "built": [9, 1, 0], "tried": "ok"})
    assert said("cudnn", skipped) == ("not", "8.9.7 is loaded, and torch was built for 9.1.0", own)
    older = on(A100, cudnn={"loaded": 90100, "built": [9, 5, 1], "tried": "ok"})
    assert answer("cudnn", older).status == "not"
    newer = on(A100, cudnn={"loaded": 90501, "built": [9, 1, 0], "tried": "ok"})
    assert said("cudnn", newer) == ("ok", "9.5.1 is loaded, a convolution came out right", "")


def test_a_cudnn_that_dropped_the_gpu_is_told_where_the_convolution_failed() -> None:
    failed = unread("raises", "RuntimeError: CUDNN_STATUS_ARCH_MISMATCH")
    told = on(V100, cudnn={"loaded": 91100, "built": [9, 11, 0], "tried": failed})
    expected = "9.11.0 runs on compute capability 7.5 or newer, Tesla V100-SXM2-16GB has 7.0"
    fix = "install a build of torch with a cuDNN before 9.11, for an older CUDA"
    assert said("cudnn", told) == ("not", expected, fix)
    assert answer("cudnn", on(V100, cudnn={"loaded": 91100, "built": [9, 11, 0], "tried": "ok"})).status == "ok"


def test_a_cudnn_older_than_the_gpu_is_told_where_the_convolution_failed() -> None:
    told = on(B200, TORCH_CU128, "570.86.10", "12.8", cudnn={"loaded": 90100, "built": "?", "tried": NO_IMAGE})
    expected = "9.1.0 is older than NVIDIA B200, for which cuDNN 9.7 is the first"
    assert said("cudnn", told) == ("not", expected, "install a newer build of torch")


def test_a_convolution_that_failed_on_a_gpu_that_cudnn_knows() -> None:
    status, detail, _ = said(
        "cudnn", on(A100, cudnn={"loaded": 90100, "built": [9, 1, 0], "tried": "torch does without it"})
    )
    assert (status, detail) == ("not", "9.1.0 is loaded, a convolution failed: torch does without it")
    assert said("cudnn", on(A100, cudnn={"loaded": "unset", "built": [9, 1, 0], "tried": "ok"})) == (
        "unknown",
        "this build of torch has no cuDNN",
        "",
    )


def test_an_interpreter_that_crashed_in_cudnn_is_a_fault_of_cudnn_alone() -> None:
    assert statuses(on(H100, cudnn=CRASH)) == {"cudnn": "not"}
    assert said("cudnn", on(H100, cudnn=CRASH))[1] == "the interpreter ended with signal 11: Segmentation fault"


def test_an_older_nccl_than_that_of_torch_is_a_fault_and_a_newer_one_is_told() -> None:
    older = on(A100, nccl={"built": "2.21.5", "loaded": "2.18.1", "tried": "ok"})
    own = "install torch and its NCCL together, and take folders with another NCCL out of `LD_LIBRARY_PATH`"
    assert said("nccl", older) == ("not", "2.18.1 is loaded, and torch was built with 2.21.5", own)
    newer = on(A100, nccl={"built": "2.21.5", "loaded": "2.27.3", "tried": "ok"})
    expected = "2.27.3 is loaded, torch was built with 2.21.5, a sum over one process came out right"
    assert said("nccl", newer) == ("ok", expected, "")
    linked = on(A100, nccl={"built": "2.21.5", "loaded": "linked into torch", "tried": "ok"})
    assert said("nccl", linked)[1] == "2.21.5 is loaded, a sum over one process came out right"


def test_nccl_that_fails_is_asked_to_say_more() -> None:
    told = on(
        A100, nccl={"built": "2.21.5", "loaded": "2.21.5", "tried": unread("raises", "DistBackendError: no socket")}
    )
    expected = "2.21.5 is loaded, a sum over one process failed: DistBackendError: no socket"
    assert said("nccl", told) == ("not", expected, "run the training with `NCCL_DEBUG=INFO` to see what NCCL says")
    assert answer("nccl", on(A100, nccl={"built": 5, "loaded": 5})).status == "unknown"


def test_a_build_for_cuda_without_nccl_has_gloo() -> None:
    told = on(A100, nccl=unread("missing", "a build without NCCL"))
    fix = "use the backend `gloo`, or run under Linux (WSL2 on Windows)"
    assert said("nccl", told) == ("not", "this build of torch has no NCCL", fix)


@pytest.mark.parametrize(
    ("key", "detail"),
    [
        ("stepped", "a good step was not taken (on the GPU)"),
        ("skipped", "an overflow did not skip the step (on the GPU)"),
        ("halved", "an overflow did not halve the scale (on the GPU)"),
    ],
)
def test_a_loss_scale_that_neglects_a_duty(key: str, detail: str) -> None:
    found = answer("grad-scaler", on(A100, **{"grad-scaler": {**SCALER, key: False}}))
    assert (found.status, found.detail) == ("not", detail)


def test_a_torch_without_a_loss_scale_for_the_cpu_is_unknown() -> None:
    detail = "torch 2.1.0 has no GradScaler for the CPU (it came with 2.3)"
    told = readings({**blind(CPU_TORCH), "grad-scaler": unread("missing", detail)})
    assert said("grad-scaler", told) == ("unknown", detail, "")


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        (DDP, ("ok", "two processes summed over gloo on loopback (NCCL needs two GPUs)")),
        ({**DDP, "backend": "nccl", "gpus": 2}, ("ok", "two processes summed over nccl on two GPUs")),
        ({**DDP, "gpus": 0}, ("ok", "two processes summed over gloo on loopback")),
        ({**DDP, "right": False}, ("not", "the sum of two processes over gloo is wrong")),
        (unread("raises", "RuntimeError: no route"), ("not", "RuntimeError: no route")),
        (TIMEOUT, ("unknown", "no answer within 10 s")),
        (unread("missing", "no distributed"), ("unknown", "no distributed")),
    ],
)
def test_two_processes_sum(reading: Json, expected: tuple[str, str]) -> None:
    assert said("ddp", on(A100, ddp=reading))[:2] == expected


@pytest.mark.parametrize(
    ("families", "status", "detail"),
    [
        (["libgomp"], "ok", "torch and numpy loaded libgomp"),
        (["libgomp", "libgomp"], "ok", "torch and numpy loaded 2 x libgomp"),
        (["libmkl_core", "libmkl_rt", "libiomp5"], "ok", "torch and numpy loaded libiomp5, libmkl_core, libmkl_rt"),
        ([], "ok", "torch and numpy loaded no OpenMP runtime of their own"),
        (
            ["libgomp", "libiomp5"],
            "not",
            "torch and numpy loaded libgomp, libiomp5: they may hang together, and their threads compete for the same "
            "cores",
        ),
        (
            ["libomp", "libiomp5"],
            "not",
            "torch and numpy loaded libiomp5, libomp: a second runtime of that family ends the process "
            "(`OMP: Error #15`)",
        ),
        (
            ["libmkl_rt", "libmkl_rt"],
            "not",
            "torch and numpy loaded 2 x libmkl_rt: two copies of MKL, each with settings of its own",
        ),
    ],
)
def test_openmp_runtimes_that_do_not_bear_each_other(families: list[str], status: str, detail: str) -> None:
    found = answer("openmp", on(A100, openmp={"families": families, "numpy": "loaded"}))
    assert (found.status, found.detail) == (status, detail)


def test_numpy_that_cannot_be_loaded_leaves_openmp_open() -> None:
    told = on(A100, openmp={"families": ["libgomp"], "numpy": unread("raises", "ImportError: no")})
    assert said("openmp", told) == ("unknown", "libgomp with torch; numpy: ImportError: no", "")
    assert said("openmp", on(A100, openmp=TIMEOUT)) == ("unknown", "no answer within 10 s", MORE_TIME)


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        (
            unread("missing", "torch is not installed"),
            (
                "not",
                "torch is not installed",
                "install torch there, or name the environment that has it: `--python`, `--prefix` or `-n`",
            ),
        ),
        (TIMEOUT, ("unknown", "no answer within 10 s", MORE_TIME)),
        (
            unread("error", "ImportError: libcudnn.so.9"),
            (
                "not",
                "ImportError: libcudnn.so.9",
                "install torch anew in that environment; `python -c 'import torch'` there shows all it says",
            ),
        ),
        (5, ("ok", "of unknown version, built without CUDA", "")),
    ],
)
def test_torch_itself(reading: Json, expected: tuple[str, str, str]) -> None:
    assert said("torch", readings({"torch": reading})) == expected


@pytest.mark.parametrize("failure", [TIMEOUT, unread("missing", "torch is not installed"), CRASH])
def test_what_torch_cannot_be_asked_is_unknown(failure: Json) -> None:
    found = statuses(readings({"torch": failure}, driver(A100, "550.54.15", "12.4")))
    assert found.pop("torch") in ("not", "unknown")
    assert set(found.values()) == {"unknown"}
    assert len(found) == len(NAMES) - 1 - len(("driver", "jupyter-kernel", "disk", "shared-memory", "open-files"))


def kernel(name: str, starts: KernelStart) -> Kernel:
    return Kernel(name, name, f"/k/{name}/kernel.json", "environment", "python", starts)


@pytest.mark.parametrize(
    ("kernels", "expected"),
    [
        ((), ("ok", "no kernel is registered, so none starts another Python")),
        ((kernel("python3", "this"),), ("ok", "`python3` starts this environment")),
        ((kernel("a", "this"), kernel("b", "this")), ("ok", "`a`, `b` start this environment")),
        ((kernel("a", "this"), kernel("b", "other")), ("not", "the kernel `b` starts another Python")),
        (
            (kernel("a", "missing"), kernel("b", "other")),
            ("not", "the kernel `a` starts a Python that is not there, as 1 more do"),
        ),
        ((kernel("a", "unknown"),), ("unknown", "whose Python the kernel `a` starts is not known")),
        (TIMEOUT, ("unknown", "no answer within 10 s")),
    ],
)
def test_jupyter_kernels(kernels: Any, expected: tuple[str, str]) -> None:
    assert said("jupyter-kernel", readings({}, kernels=kernels))[:2] == expected


def test_a_kernel_is_registered_anew_under_its_name_whatever_that_is() -> None:
    fix = "register it anew with that environment's Python: `python -m ipykernel install --sys-prefix --name 'a; b'`"
    assert said("jupyter-kernel", readings({}, kernels=(kernel("a; b", "other"),)))[2] == fix


GIB = 2**30


@pytest.mark.parametrize(
    ("here", "temporary", "status", "detail", "fix"),
    [
        (5 * GIB, 12 * GIB, "ok", "5 GiB free here, 12 GiB free for temporary files", ""),
        (
            5 * GIB - 1,
            12 * GIB,
            "not",
            "4.9 GiB free here, 12 GiB free for temporary files",
            "make room: one checkpoint of a middling model takes 5 GiB",
        ),
        (
            80 * GIB,
            0,
            "not",
            "80 GiB free here, 0 GiB free for temporary files",
            "set `TMPDIR` to a folder with more room",
        ),
    ],
)
def test_room_on_disk(here: int, temporary: int, status: str, detail: str, fix: str) -> None:
    told = readings({}, room={"disk": {"here": here, "temporary": temporary}})
    assert said("disk", told) == (status, detail, fix)


def test_a_disk_that_cannot_be_read_is_a_fault_and_one_that_hangs_unknown() -> None:
    broken = {"disk": {"here": unread("error", "stale file handle"), "temporary": 80 * GIB}}
    assert said("disk", readings({}, room=broken)) == ("not", "stale file handle", "look at that file system by hand")
    assert said("disk", readings({}, room=TIMEOUT)) == ("unknown", "no answer within 10 s", MORE_TIME)


def test_sixty_four_mebibytes_of_shared_memory_are_too_few_for_loaders() -> None:
    told = readings({}, room={"sharedMemory": {"free": 2**26, "size": 2**26}})
    status, detail, fix = said("shared-memory", told)
    assert (status, fix) == (
        "not",
        "start the container with `--shm-size=8g` or `--ipc=host`; till then `num_workers=0` in the loaders",
    )
    assert detail == "64 MiB of 64 MiB free in `/dev/shm`: the workers of a data loader die of it with a bus error"
    full = readings({}, room={"sharedMemory": {"free": 2**26, "size": 2**33}})
    assert said("shared-memory", full)[2] == "remove what dead processes left in `/dev/shm`"


def test_shared_memory_elsewhere() -> None:
    absent = readings({}, room={"sharedMemory": unread("missing", "no /dev/shm")})
    assert said("shared-memory", absent) == ("ok", "no `/dev/shm` here, loaders do without it", "")
    denied = readings({}, room={"sharedMemory": unread("error", "i/o error")})
    assert answer("shared-memory", denied).status == "not"


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        ({"limit": 1024}, ("ok", "a process may open 1024")),
        ({"limit": 256}, ("not", "a process may open 256: a data loader fails with `Too many open files`")),
        (unread("missing", "Windows has no such limit"), ("ok", "no limit here")),
        ({"limit": "many"}, ("unknown", "the answer is not one that the worker gives")),
        (TIMEOUT, ("unknown", "no answer within 10 s")),
    ],
)
def test_files_that_may_be_open(reading: Json, expected: tuple[str, str]) -> None:
    assert said("open-files", readings({}, room={"openFiles": reading}))[:2] == expected


@pytest.mark.parametrize(
    "value", [None, True, -1, 2**60, "x", [], [[]], {}, {"status": 5}, ["ok", 5], {"devices": [5]}]
)
def test_whatever_an_interpreter_says_is_answered_and_fits_into_a_document(value: Json) -> None:
    told = readings(dict.fromkeys(NAMES, value), {"driver": {}, "accelerators": value})
    for found in judged(told, NAMES):
        assert found.status in ("ok", "not", "unknown")
        assert found.detail
        dump_line(found.measured)


@pytest.mark.parametrize(
    ("told", "precisions", "fails"),
    [
        (on(A100), (), False),
        (on(A100), ("bf16",), False),
        (on(A100), ("fp8",), True),
        (on(T4), (), False),
        (on(T4), ("bf16", "fp16"), True),
        (on(GTX_1080, TORCH_CU118), ("fp16",), True),
    ],
)
def test_what_a_kind_of_gpu_lacks_fails_who_trains_in_it(
    told: Readings, precisions: tuple[str, ...], fails: bool
) -> None:
    assert Checkup(answers=tuple(judged(told, NAMES))).fails_for(precisions) is fails


def test_what_ought_to_work_and_does_not_fails_everybody() -> None:
    failed = Answer(question="fp16", status="not", detail="native on a T4, but it failed: CUDA error")
    assert Checkup(answers=(failed,)).fails_for(())
