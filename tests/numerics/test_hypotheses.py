"""What may have made another machine's bits: what it recorded, what its processor suggests, and a fixed list."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from reprocheck.facts.switches import all_switches
from reprocheck.numerics.hypotheses import (
    STANDARD_CPU,
    STANDARD_CUDA,
    hardware_settings,
    hypotheses,
    recorded_settings,
)
from reprocheck.numerics.switch_settings import (
    IN_PROCESS,
    Setting,
    applied_of,
    environment_of,
    is_variable,
    setting_from,
    words_of,
)


def recorded(**switches: Any) -> dict[str, Any]:
    named = {name.replace("_", "-"): {"value": value, "origin": "default"} for name, value in switches.items()}
    return {"runtime": {"switches": named}}


def processor(*isa: str, cores: int = 2) -> dict[str, Any]:
    return {"host": {"cpu": {"isa": list(isa), "usableCores": cores}}}


def test_a_setting_reads_as_people_write_it() -> None:
    settings = Setting("threads", 4), Setting("mkldnn-enabled", False), Setting("mkl-cbwr", None)
    assert words_of(settings) == "threads=4 and mkldnn-enabled=off and mkl-cbwr=default"
    assert str(Setting("flush-denormal", True)) == "flush-denormal=on"


def test_variables_and_what_is_set_in_process_are_told_apart() -> None:
    settings = Setting("threads", 4), Setting("mkldnn-enabled", False), Setting("mkl-cbwr", None)
    assert environment_of(settings) == {
        "OMP_NUM_THREADS": "4",
        "MKL_NUM_THREADS": "4",
        "MKL_DYNAMIC": "FALSE",
        "MKL_CBWR": "",
    }
    assert applied_of(settings) == {"mkldnn-enabled": False}


@pytest.mark.parametrize(
    ("switch", "value", "setting"),
    [
        ("threads", 6, Setting("threads", 6)),
        ("onednn-max-cpu-isa", "unset", Setting("onednn-max-cpu-isa", None)),
        ("mkl-cbwr", "OFF", Setting("mkl-cbwr", None)),
        ("mkl-dynamic", True, Setting("mkl-dynamic", "TRUE")),
        ("mkldnn-enabled", False, Setting("mkldnn-enabled", False)),
        ("mkldnn-enabled", None, None),
        ("ddp-bucket-cap-mb", 25, None),
        ("threads", ["a", "list"], None),
    ],
)
def test_a_recorded_value_becomes_a_setting_where_it_can_be_set(switch: str, value: Any, setting: Any) -> None:
    assert setting_from(switch, value) == setting


def test_only_switches_that_both_recorded_with_other_values_are_tried() -> None:
    here = recorded(threads=2, mkl_cbwr="OFF", mkldnn_enabled=True, flush_denormal={"status": "raises"})
    there = recorded(threads=2, mkl_cbwr="COMPATIBLE", mkldnn_enabled=False, onednn_fpmath="BF16")
    assert recorded_settings(here, there) == (Setting("mkl-cbwr", "COMPATIBLE"), Setting("mkldnn-enabled", False))
    assert recorded_settings({}, there) == ()


def test_what_follows_from_another_switch_is_not_tried_by_itself() -> None:
    here = recorded(threads=2, openmp_threads=2, mkl_threads=2, omp_num_threads="unset")
    there = recorded(threads=1, openmp_threads=1, mkl_threads=1, omp_num_threads=1)
    assert recorded_settings(here, there) == (Setting("threads", 1),)


def test_a_processor_without_an_instruction_set_suggests_its_kernels() -> None:
    ours = processor("avx2", "avx512f", "avx512_bf16", "amx_bf16")
    assert hardware_settings(ours, processor("avx2", cores=8)) == (
        Setting("aten-cpu-capability", "avx2"),
        Setting("onednn-max-cpu-isa", "AVX2"),
        Setting("mkl-enable-instructions", "AVX2"),
        Setting("onednn-max-cpu-isa", "AVX512_CORE_FP16"),
        Setting("onednn-max-cpu-isa", "AVX512_CORE"),
        Setting("threads", 8),
    )
    assert hardware_settings(ours, processor("sse4_2"))[3:5] == (
        Setting("aten-cpu-capability", "default"),
        Setting("onednn-max-cpu-isa", "SSE41"),
    )


def test_a_processor_that_is_not_known_or_is_newer_suggests_nothing() -> None:
    assert hardware_settings(processor("avx2"), {}) == ()
    assert hardware_settings(processor("avx2"), processor("avx2", "avx512f")) == ()


def test_each_hypothesis_comes_once_the_likeliest_first() -> None:
    here = {**recorded(threads=2, mkl_cbwr="OFF"), **processor("avx2", "avx512f")}
    there = {**recorded(threads=4, mkl_cbwr="COMPATIBLE"), **processor("avx2", cores=4)}
    found = hypotheses(here, there, ["cpu"])
    assert [(words_of(one.settings), one.origin) for one in found[:4]] == [
        ("mkl-cbwr=COMPATIBLE", "recorded"),
        ("threads=4", "recorded"),
        ("mkl-cbwr=COMPATIBLE and threads=4", "recorded"),
        ("aten-cpu-capability=avx2", "hardware"),
    ]
    assert len({one.settings for one in found}) == len(found)
    assert len(found) == len(STANDARD_CPU) + 1


def test_switches_of_a_gpu_are_tried_where_its_probes_differ() -> None:
    assert {one.settings for one in hypotheses({}, {}, ["cuda"])} == {
        (setting,) for setting in STANDARD_CPU + STANDARD_CUDA
    }


def test_whatever_may_be_set_is_a_switch_that_the_worker_can_set() -> None:
    applied = importlib.import_module("reprocheck.worker.switches.applied")
    assert set(applied.SETTERS) >= IN_PROCESS
    assert set(all_switches()) >= IN_PROCESS
    for setting in STANDARD_CPU + STANDARD_CUDA:
        assert is_variable(setting.switch) or setting.switch in IN_PROCESS, setting
