"""Known failures of real environments, and the rules that see them before anything is installed.

Each pattern names a rule that tells it, a case of `fixtures/rules` in which it fires and a near miss in which it is
silent; `test_fixtures.py` runs the cases. What no file can show is listed with its reason.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from reprocheck.rules.registry import RULES

CASES = Path(__file__).resolve().parents[2] / "fixtures" / "rules"

# pattern: (what happens, rule, the case that fires, the near miss)
SEEN = {
    "F01": ("CPU build since no driver was seen while solving", "RC420", "cuda_version_declared", "cuda_build"),
    "F02": ("lock made for another machine's CUDA", "RC421", "recorded_too_high", "recorded_as_the_driver"),
    "F03": ("pytorch-cuda forces no CUDA build", "RC422", "pytorch_cuda_below_conda_forge", "pytorch_channel_first"),
    "F04": ("cpuonly pulled in by another package", "RC420", "cpuonly_came_by_dependency", "cpuonly_declared"),
    "F05": ("driver older than the CUDA runtime", "RC401", "build_string_against_470", "minor_version_compatibility"),
    "F06": ("PTX must be compiled by an older driver", "RC402", "triton_of_a_newer_cuda", "driver_of_the_same_branch"),
    "F07": ("no kernels for a newer GPU", "RC404", "blackwell_and_an_older_wheel", "kernels_of_a_lower_minor"),
    "F08": ("newer wheel dropped an older GPU", "RC404", "volta_and_a_wheel_for_cuda_13", "volta_and_cu126"),
    "F09": ("forward-compatibility libcuda on the wrong GPU", "RC403", "geforce", "data_centre_gpu_on_a_target"),
    "F11": ("two OpenMP runtimes", "RC440", "mkl_of_conda_and_torch_on_macos", "one_runtime_of_conda_forge"),
    "F12": ("two copies of libgomp bind to one core", "RC440", "threads_bound_to_cores", "wheels_alone"),
    "F13": ("libgomp and static TLS on aarch64", "RC440", "no_room_for_threads_on_aarch64", "one_wheel_on_aarch64"),
    "F14": ("MKL 2024.1 with the pytorch channel's torch", "RC442", "in_the_lock", "older_mkl_in_the_lock"),
    "F15": ("NumPy 2 with modules built for NumPy 1", "RC443", "both_pinned", "torch_that_can"),
    "F16": ("numpy is older than others want", "RC444", "older_than_what_others_were_built_for", "within_all_bounds"),
    "F17": ("another cuDNN than torch was built with", "RC433", "older_cudnn", "those_of_the_metadata"),
    "F18": ("nvJitLink older than cuSPARSE", "RC433", "older_linker_than_its_caller", "later_linker"),
    "F19": ("older NCCL is found first", "RC433", "locked", "locked"),
    "F20": ("wheels of two CUDA majors", "RC410", "libraries_left_by_the_solver", "one_major_throughout"),
    "F21": ("cuDNN of two majors in one folder", "RC411", "two_cudnn", "one_major"),
    "F22": ("ranks with different NCCL", "RC452", "older_nccl_on_one_node", "as_far_as_both_tell"),
    "F23": ("flash-attn wheel for another torch", "RC432", "flash_attn_wheel", "flash_attn_of_this_torch"),
    "F24": ("xformers built for another torch", "RC432", "xformers_asks_for_another", "source_distribution"),
    "F25": ("torchvision of another torch", "RC430", "vision_of_another_torch", "one_release"),
    "F26": ("torchtext after its end", "RC430", "text_after_its_end", "text_with_its_torch"),
    "F27": ("onnxruntime over onnxruntime-gpu", "RC445", "onnxruntime_over_its_gpu_build", "gpu_build_alone"),
    "F28": ("onnxruntime-gpu for another CUDA", "RC432", "onnxruntime_for_cuda_11", "in_the_lock"),
    "F29": ("extension compiled by another nvcc", "RC416", "another_major", "majors_agree"),
    "F30": ("cuDNN too old for JAX", "RC433", "cudnn_older_than_jaxlib", "those_of_the_metadata"),
    "F31": ("several cupy packages", "RC305", "cupy", "one_of_each"),
    "F32": ("C library older than a wheel needs", "RC446", "wheel_on_centos_7", "new_enough"),
    "F33": ("several OpenCV distributions", "RC305", "opencv", "parts_of_one_conda_package"),
    "F34": ("PyPI's torch for Windows is for the CPU", "RC420", "windows_wheel", "expected_with_an_index"),
    "F35": ("bitsandbytes without the library", "RC432", "bitsandbytes_without_the_library", "source_distribution"),
    "F36": ("tensorflow without its CUDA extra", "RC420", "tensorflow_without_its_extra", "tensorflow_with_its_extra"),
    "F37": ("CUDA packages of two channels", "RC413", "releases_that_do_not_mix", "all_from_conda_forge"),
    "F38": ("OpenBLAS threads under OpenMP", "RC441", "threads_of_openblas_under_torch", "openmp_build_of_openblas"),
    "F39": ("bf16 on a GPU that emulates it", "RC450", "bf16_on_t4", "bf16_on_a100"),
    "F40": ("TF32 on some GPUs only", "RC450", "tf32_on_v100_beside_a100", "bf16_on_a100"),
    "F41": ("unpinned torch crosses a CUDA major", "RC423", "bare_name", "pinned"),
    "F42": ("the pytorch channel has ended", "RC111", "newer_than_the_last", "conda_forge"),
    "F43": ("pip overwrites a compiled conda package", "RC444", "numpy_2_over_numpy_1", "same_version"),
    "F44": ("pip torch beside conda pytorch", "RC412", "locked", "one_per_platform"),
    "F45": ("LD_LIBRARY_PATH shadows the environment", "RC415", "cuda_of_the_system", "other_variables"),
    "F46": ("torch from PyPI, past the index named", "RC420", "wheel_of_another_index", "index_of_the_default_cuda"),
    "F47": ("fp8 on a GPU without it", "RC450", "fp8_on_a100", "fp8_on_ada"),
}
UNSEEN = {
    "F10": "user-mode and kernel driver differ: a state of the host, which RC453 reads there",
}


def case(code: str, kind: str, name: str) -> Path:
    folder = CASES / code.lower() / kind
    return folder / name if (folder / name).is_dir() else folder / f"{name}.yml"


def test_every_pattern_is_seen_or_told_why_not() -> None:
    assert sorted({*SEEN, *UNSEEN}) == [f"F{number:02}" for number in range(1, 48)]
    assert not SEEN.keys() & UNSEEN.keys()


@pytest.mark.parametrize("pattern", SEEN)
def test_a_pattern_has_a_rule_a_case_that_fires_and_a_near_miss(pattern: str) -> None:
    _, code, fires, silent = SEEN[pattern]
    assert code in {module.RULE.code for module in RULES}
    assert case(code, "fires", fires).exists()
    assert case(code, "silent", silent).exists()
