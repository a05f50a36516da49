"""Reading and setting switches: in fresh processes of a real torch, and with values that are played."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from reprocheck.worker.switches import mkl_calls, python_side, run_side, topology
from reprocheck.worker.switches.in_force import read_switches
from reprocheck.worker.switches.table import SWITCHES, any_value, count

ROOT = Path(__file__).resolve().parents[2]
OURS = ("OMP_", "MKL_", "ATEN_", "ONEDNN_", "DNNL_", "CUBLAS", "NCCL_", "TORCH", "PYTHONHASHSEED", "NVIDIA_")

IN_A_FRESH_PROCESS = """
import json, os, sys, warnings
warnings.simplefilter("ignore")
before = dict(os.environ)
import torch
from reprocheck.worker.switches.applied import apply
from reprocheck.worker.switches.in_force import read_switches
said = []
for settings in json.loads(sys.argv[1]):
    try:
        apply(torch, settings)
    except ValueError as error:
        said.append(str(error))
exec(sys.argv[2])
print(json.dumps([said, read_switches(torch, before)], allow_nan=False))
"""


def told(*settings: dict[str, Any], code: str = "", **variables: str) -> tuple[list[str], dict[str, Any]]:
    """Return what a fresh process says when it sets these switches under these variables, and what is in force."""
    pytest.importorskip("torch")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    command = [sys.executable, "-c", IN_A_FRESH_PROCESS, json.dumps(settings), code]
    env = {**kept, "PYTHONPATH": str(ROOT), **variables}
    done = subprocess.run(command, capture_output=True, check=True, text=True, timeout=120, env=env)
    said, switches = json.loads(done.stdout.splitlines()[-1])
    return said, switches


@pytest.fixture(scope="module")
def untouched() -> dict[str, Any]:
    return told()[1]


def test_an_untouched_torch_has_everything_at_its_default(untouched: dict[str, Any]) -> None:
    assert set(untouched) == {switch.name for switch in SWITCHES}
    read = {name: entry for name, entry in untouched.items() if "value" in entry}
    assert {entry["origin"] for entry in read.values()} == {"default"}
    assert {entry["status"] for name, entry in untouched.items() if name not in read} <= {"missing"}
    assert read["threads"]["value"] >= 1
    assert read["python-hash-seed"] == {"value": "random", "origin": "default"}
    assert read["ddp-bucket-cap-mb"] == {"value": 25, "origin": "default"}
    assert read["loader-workers"] == {"value": 0, "origin": "default"}


def test_variables_that_took_effect_are_the_origin_and_others_are_told(untouched: dict[str, Any]) -> None:
    _, switches = told(
        OMP_NUM_THREADS="1",
        ATEN_CPU_CAPABILITY="DEFAULT",
        MKL_CBWR="COMPATIBLE",
        ONEDNN_DEFAULT_FPMATH_MODE="bf16",
        DNNL_MAX_CPU_ISA="sse41",
        PYTHONHASHSEED="7",
        NCCL_ALGO="Ring",
        CUBLAS_WORKSPACE_CONFIG=":4096:8",
        TORCHINDUCTOR_MAX_AUTOTUNE="1",
        NCCL_PROTO="/home/alice/proto",
        MKL_DEBUG_CPU_TYPE="",
    )
    assert switches["threads"] == {"value": 1, "origin": "environment"}
    capability = untouched["aten-cpu-capability"]["value"]
    expected = {"value": capability, "origin": "default", "asked": "DEFAULT"}  # torch knows small letters only
    assert switches["aten-cpu-capability"] == expected or capability == "default"
    assert switches["mkl-cbwr"] in ({"value": "COMPATIBLE", "origin": "environment"}, untouched["mkl-cbwr"])
    assert switches["onednn-fpmath"] == {"value": "BF16", "origin": "environment"}
    assert switches["onednn-max-cpu-isa"] == {"value": "SSE41", "origin": "environment"}
    assert switches["python-hash-seed"] == {"value": "7", "origin": "environment"}
    assert switches["nccl-algo"] == {"value": "Ring", "origin": "environment"}
    assert switches["cublas-workspace"] == {"value": ":4096:8", "origin": "environment"}
    assert switches["inductor-max-autotune"] == {"value": True, "origin": "environment"}
    assert switches["nccl-proto"]["value"].startswith("<withheld sha256:")
    assert switches["mkl-debug-cpu-type"] == {"value": "unset", "origin": "default"}


REFUSED: dict[str, dict[str, Any]] = {
    "switch `something` is unknown": {"something": 1},
    "switch `mkl-cbwr` is set by `MKL_CBWR`, before Python starts": {"mkl-cbwr": "AVX2"},
    "switch `loader-workers` is set by code of the run alone": {"loader-workers": 2},
    "switch `threads` takes a whole number from 1 on, not 0": {"threads": 0},
    "switch `threads` takes a whole number from 1 on, not True": {"threads": True},
    "switch `flush-denormal` takes True or False, not 1": {"flush-denormal": 1},
    "switch `float32-matmul-precision` takes 'highest' or 'high' or 'medium', not 'low'": {
        "float32-matmul-precision": "low"
    },
    "switch `sdpa-priority` takes a list of math, flash, memoryEfficient, cudnn, overrideable, not 'math'": {
        "sdpa-priority": "math"
    },
    "switch `deterministic-warn-only` cannot be set to True: `deterministic-algorithms` is off": {
        "deterministic-warn-only": True
    },
}
SET = {
    "flush-denormal": True,
    "float32-matmul-precision": "medium",
    "mkldnn-enabled": False,
    "deterministic-algorithms": True,
    "deterministic-warn-only": True,
    "default-dtype": "float64",
    "sdpa-flash": False,
    "cudnn-benchmark": True,
    "fp16-reduced-precision-reduction": False,
}


def test_what_is_set_in_process_is_in_force_and_what_cannot_be_set_says_why() -> None:
    said, switches = told(*REFUSED.values(), {**SET, "threads": 1})
    assert said == list(REFUSED)
    assert {name: switches[name] for name in SET} == {
        name: {"value": value, "origin": "code"} for name, value in SET.items()
    }
    assert switches["threads"]["value"] == 1


def test_getters_that_raise_are_told_as_such_and_hide_no_other() -> None:
    torch = pytest.importorskip("torch")
    if not hasattr(torch._C, "_set_fp32_precision_setter"):
        pytest.skip("a torch with the old switches alone")
    said, switches = told({"fp32-precision-cuda-matmul": "tf32", "fp32-precision-cudnn-conv": "ieee"})
    assert said == []
    assert switches["allow-tf32-cudnn"]["status"] == "raises"
    assert switches["fp32-precision-cudnn-conv"] == {"value": "ieee", "origin": "code"}
    assert switches["fp32-precision-mkldnn"] == {"value": "none", "origin": "default"}
    said, switches = told({"fp32-precision-mkldnn": "bf16", "sdpa-priority": ["math", "flash"]})
    assert said == []  # through the attribute, 2.13.0 would set the precision of all backends
    assert switches["fp32-precision"] == {"value": "none", "origin": "default"}
    assert switches["sdpa-priority"]["value"][:2] == ["math", "flash"]


def test_a_switch_that_this_torch_lacks_says_so() -> None:
    from reprocheck.worker.switches.applied import apply

    old = SimpleNamespace(__version__="1.0", _C=SimpleNamespace())
    with pytest.raises(ValueError, match=r"^switch `nnpack-enabled` is not in this torch \(1\.0\)$"):
        apply(old, {"nnpack-enabled": False})


def test_an_empty_torch_has_a_status_for_all_that_it_must_tell() -> None:
    entries = read_switches(SimpleNamespace(), {})
    assert entries["threads"] == {"status": "missing", "detail": "not in this torch"}
    assert entries["mkl-cbwr"] == {"status": "missing", "detail": "a build without MKL"}
    assert entries["flush-denormal"]["status"] == "raises"
    assert entries["nccl-version"] == {"status": "missing", "detail": "a build without NCCL"}
    assert entries["nccl-algo"] == {"value": "unset", "origin": "default"}


@pytest.mark.parametrize(
    ("code", "name"),
    [(1, "OFF"), (2, "AUTO"), (3, "COMPATIBLE"), (10, "AVX2"), (0x1000C, "AVX512,STRICT"), (99, "99")],
)
def test_the_branch_of_mkl_has_the_name_of_its_variable(code: int, name: str) -> None:
    assert mkl_calls.branch_name(code) == name


def without_torch(expression: str, *options: str, **variables: str) -> str:
    """Return what an expression over these modules gives in a Python of its own that loads no torch."""
    script = f"""
import os
from types import SimpleNamespace as Part
from reprocheck.worker.switches import mkl_calls, python_side
torch = Part(backends=Part(mkl=Part(is_available=lambda: True)))
print({expression})
"""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    script = f"import sys; sys.path.insert(0, {str(ROOT)!r})" + script
    command = [sys.executable, *options, "-c", script]
    done = subprocess.run(command, capture_output=True, check=True, text=True, timeout=60, env={**kept, **variables})
    return done.stdout.strip()


def test_mkl_whose_functions_cannot_be_reached_is_told_by_its_variables() -> None:
    both = "mkl_calls.mkl_branch(torch, os.environ), mkl_calls.mkl_dynamic(torch, os.environ)"
    assert without_torch(both, MKL_CBWR="avx2", MKL_DYNAMIC="false") == "AVX2 False"
    assert without_torch(both) == "OFF True"


@pytest.mark.parametrize(("text", "number"), [("4", 4), ("4,3,2", 4), (" 8 ", 8), ("many", "many"), ("", "")])
def test_the_first_number_of_a_list_counts(text: str, number: object) -> None:
    assert count(text) == number


def test_cores_are_counted_once_however_many_processors_share_one() -> None:
    usable = topology.usable_processors()
    assert topology.cores_among([]) == 0
    assert topology.cores_among([10**6]) is None
    assert topology.is_a_default_thread_count(None, len(usable) or 3)
    assert any_value(None, 7)


@pytest.mark.parametrize(
    ("options", "variables", "seed"),
    [
        ((), {}, "random"),
        ((), {"PYTHONHASHSEED": "random"}, "random"),
        ((), {"PYTHONHASHSEED": "3"}, "3"),
        ((), {"PYTHONHASHSEED": "0"}, "0"),
        (("-E",), {"PYTHONHASHSEED": "3"}, "random"),
    ],
)
def test_the_seed_of_hashes_is_that_of_the_variable_where_python_looked_at_it(
    options: tuple[str, ...], variables: dict[str, str], seed: str
) -> None:
    assert without_torch("python_side.hash_seed(torch, os.environ)", *options, **variables) == seed


def test_an_option_of_a_loaded_compiler_is_asked_and_one_that_it_lacks_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = python_side.inductor("max_autotune", "TORCHINDUCTOR_MAX_AUTOTUNE")
    monkeypatch.delitem(sys.modules, "torch._inductor.config", raising=False)
    nowhere = SimpleNamespace(__file__=str(tmp_path / "__init__.py"))
    assert read(nowhere, {"TORCHINDUCTOR_MAX_AUTOTUNE": "1"}) == {"status": "missing", "detail": "not in this torch"}
    monkeypatch.setitem(sys.modules, "torch._inductor.config", SimpleNamespace(max_autotune=True))
    assert read(nowhere, {}) is True


def test_what_a_class_takes_by_itself_is_told_and_what_it_lacks_is_missing() -> None:
    class Parallel:
        def __init__(self, bucket_cap_mb: int | None = None, static_graph: bool = False) -> None: ...

    torch = SimpleNamespace(nn=SimpleNamespace(parallel=SimpleNamespace(DistributedDataParallel=Parallel)))
    assert run_side.ddp_argument("bucket_cap_mb", 25)(torch, {}) == 25
    assert run_side.ddp_argument("static_graph")(torch, {}) is False
    assert run_side.ddp_argument("other")(torch, {}) == {"status": "missing", "detail": "not in this torch"}
