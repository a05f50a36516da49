from __future__ import annotations

import json
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from reprocheck.worker.numeric_settings import (
    SETTINGS,
    attention_order,
    autocast_dtype,
    numeric_settings,
    parallel_threads,
)

PARALLEL_INFO = """\
ATen/Parallel:
\tat::get_num_threads() : 2
OpenMP 201511 (a.k.a. OpenMP 4.5)
\tomp_get_max_threads() : 4
Intel(R) oneAPI Math Kernel Library Version 2024.2-Product Build 20240605
\tmkl_get_max_threads() : 8
ATen parallel backend: OpenMP
"""

# What a fresh process with these switches says; the switches must not touch the process of the tests.
IN_A_FRESH_PROCESS = """
import sys, json, warnings
warnings.simplefilter("ignore")
import torch
from reprocheck.worker.numeric_settings import numeric_settings
{switch}
print(json.dumps(numeric_settings(torch)))
"""


def settings_after(switch: str) -> Any:
    pytest.importorskip("torch")
    script = IN_A_FRESH_PROCESS.format(switch=switch)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True, timeout=120)
    return json.loads(done.stdout.splitlines()[-1])


def test_threads_of_openmp_and_mkl_are_read_apart() -> None:
    assert parallel_threads(PARALLEL_INFO) == {"openmp": 4, "mkl": 8, "backend": "OpenMP"}


def test_threads_that_are_not_told_are_missing() -> None:
    assert parallel_threads({"status": "raises"}) == {
        "openmp": {"status": "missing", "detail": "not in this build"},
        "mkl": {"status": "missing", "detail": "not in this build"},
        "backend": {"status": "missing", "detail": "not told by this torch"},
    }


def test_the_order_of_attention_is_told_by_name() -> None:
    assert attention_order([1, 2, 0, 3, 4]) == ["flash", "memoryEfficient", "math", "cudnn", "overrideable"]
    assert attention_order([9]) == ["9"]
    assert attention_order({"status": "missing"}) == {"status": "missing"}


def test_an_older_torch_tells_the_autocast_type_by_another_name() -> None:
    assert autocast_dtype(SimpleNamespace(get_autocast_gpu_dtype=lambda: "half"), "cuda") == "half"
    assert autocast_dtype(SimpleNamespace(get_autocast_dtype=lambda device: f"{device} type"), "cpu") == "cpu type"


def test_no_setting_is_asked_twice() -> None:
    places = [(group, key) for group, key, _ in SETTINGS]
    assert len(set(places)) == len(places)


def test_a_torch_that_knows_nothing_gives_a_status_for_every_setting() -> None:
    settings = numeric_settings(SimpleNamespace())
    assert settings["precision"]["float32MatmulPrecision"] == {"status": "missing", "detail": "not in this torch"}
    assert settings["cpu"]["denormals"]["status"] == "raises"


def test_switches_in_force_are_seen() -> None:
    settings = settings_after(
        "torch.set_num_threads(1); torch.use_deterministic_algorithms(True, warn_only=True)\n"
        "torch.backends.cudnn.benchmark = True; torch.set_default_dtype(torch.float64)\n"
        "torch.set_autocast_dtype('cpu', torch.float16); torch.backends.cuda.enable_flash_sdp(False)"
    )
    assert settings["threads"]["intraOp"] == 1
    assert settings["determinism"]["algorithms"] is True
    assert settings["determinism"]["warnOnly"] is True
    assert settings["determinism"]["cudnnBenchmark"] is True
    assert settings["precision"]["defaultDtype"] == "float64"
    assert settings["amp"]["cpu"] == "float16"
    assert settings["attention"]["flash"] is False
    assert settings["cpu"]["denormals"] == "kept"


def test_flushed_denormals_are_found_by_trying() -> None:
    settings = settings_after("if not torch.set_flush_denormal(True): print('null'); sys.exit()")
    if settings is None:
        pytest.skip("this processor cannot flush denormals")
    assert settings["cpu"]["denormals"] == "flushed"


def test_a_getter_that_raises_after_mixed_switches_hides_no_other() -> None:
    torch = pytest.importorskip("torch")
    if not hasattr(torch.backends.cudnn, "conv"):
        pytest.skip("this torch has one way to set TF32 only")
    precision = settings_after("torch.backends.cudnn.conv.fp32_precision = 'ieee'")["precision"]
    assert precision["allowTf32Cudnn"]["status"] == "raises"
    assert precision["allowTf32Cudnn"]["detail"].startswith("RuntimeError: ")
    assert precision["fp32CudnnConv"] == "ieee"
    assert precision["fp32CudnnRnn"] == "tf32"
