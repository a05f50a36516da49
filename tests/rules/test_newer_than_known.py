"""What is newer than the tables is never called wrong: only RC454 speaks of it, as info."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from reprocheck.model.findings import Finding, Severity
from reprocheck.rules.engine import Selection, run_rules
from reprocheck.rules.facts import Facts
from reprocheck.rules.registry import RULES

MakeFacts = Callable[..., Facts]

# Without a machine, with one of today, and with one whose driver no table knows.
MACHINES = ("", "--driver 595.58.03 --gpu H100", "--driver 999.10 --gpu H100", "--driver 999.10 --gpu 'RTX 5090'")
PLATFORMS = ("linux-64", "linux-aarch64", "win-64")

INDEX = "--index-url https://wheels.invalid/whl"
PIP_LINES = (
    ("torch==99.0.0",),
    ("torch==2.99.0",),
    (f"{INDEX}/cu140", "torch==99.0.0+cu140"),
    (f"{INDEX}/cu130", "torch==99.0.0+cu130"),
    (f"{INDEX}/cu140", "torch"),
    ("torch==99.0.0.dev20990101",),
    ("torch>=99.0.0",),
    ("torch==99.0.0", "torchvision==99.0.0", "torchaudio==99.0.0", "triton==99.0.0"),
    (f"{INDEX}/cu140", "torch==99.0.0+cu140", "torchvision==99.0.0+cu140", "torchaudio==99.0.0+cu140"),
    ("torch==99.0.0", "torchvision==0.29.2", "torchaudio==2.11.0"),
    (f"{INDEX}/cu132", "torch==2.15.0", "torchvision==99.0.0", "torchaudio==99.0.0"),
    ("torch==99.0.0", "numpy==99.0.0", "pandas==99.0.0", "scipy==99.0.0", "scikit-learn==99.0.0"),
    (f"{INDEX}/cu132", "torch==2.15.0", "numpy==99.0.0"),
    ("torch==99.0.0", "nvidia-cudnn-cu13==99.0.0", "nvidia-nccl-cu13==99.0.0"),
    ("torch==99.0.0", "nvidia-cudnn-cu14==99.0.0", "nvidia-nccl-cu14==99.0.0"),
    ("torch==99.0.0", "cuda-toolkit==14.0.0", "nvidia-cuda-runtime==14.0.1", "nvidia-cublas==14.1.0"),
    (f"{INDEX}/cu140", "torch==99.0.0+cu140", "nvidia-cuda-runtime==14.0.1", "nvidia-nvjitlink==14.0.2"),
    ("torch==99.0.0", "xformers==99.0", "flash-attn==99.0", "bitsandbytes==99.0", "vllm==99.0"),
    ("onnxruntime-gpu==99.0.0", "torch==99.0.0"),
    ("jax==99.0.0", "jaxlib==99.0.0", "jax-cuda14-plugin==99.0.0"),
    ("tensorflow==99.0.0", "numpy==99.0.0"),
)
CONDA_LINES = (
    ("pytorch=99.0.0",),
    ("pytorch=99.0.0=cuda140*", "cuda-version=14.0"),
    ("pytorch=99.0.0", "cuda-version=99.0"),
    ("pytorch-gpu=99.0.0", "cuda-version=14.0", "cudnn=99.0"),
    ("pytorch=99.0.0", "torchvision=99.0.0", "numpy=99.0.0"),
    ("pytorch=2.13.0", "torchvision=99.0.0", "numpy=99.0.0"),
    ("cuda-version=14.0", "cuda-nvcc=14.0.1", "cuda-cudart=14.0.1", "libcublas=14.0.1"),
)
LOCKS = (
    "- pip {on} torch 99.0.0",
    "- pip {on} torch 99.0.0\n- pip {on} torchvision 99.0.0, needs torch ==99.0.0\n- pip {on} triton 99.0.0",
    "- pip {on} torch 99.0.0+cu140\n- pip {on} torchvision 99.0.0+cu140\n- pip {on} nvidia-cublas 14.1.0",
    "- pip {on} torch 2.99.0\n- pip {on} torchvision 0.99.0\n- pip {on} torchaudio 2.99.0",
    "- pip {on} torch 99.0.0\n- pip {on} nvidia-cuda-runtime 14.0.1\n- pip {on} nvidia-cudnn-cu14 99.0.0",
    "- pip {on} torch 99.0.0\n- pip {on} cuda-toolkit 14.0.0\n- pip {on} nvidia-cudnn-cu14 99.0.0",
    "- pip {on} torch 99.0.0\n- pip {on} numpy 99.0.0\n- pip {on} pandas 99.0.0\n- pip {on} scipy 99.0.0",
    "- conda {on} pytorch 99.0.0 cuda140_mkl_py312_h30b5a27_300\n- conda {on} cuda-version 14.0 h0_0\n"
    "- conda {on} cuda-cudart 14.0.1 h0_0\n- conda {on} cudnn 99.0.0 h0_0",
    "- conda {on} pytorch 99.0.0 cuda990_generic_py312_h30b5a27_300\n- conda {on} cuda-version 99.0 h0_0",
    "- conda {on} pytorch 2.13.0 cuda130_mkl_py312_h30b5a27_300\n- conda {on} cuda-version 13.9 h0_0\n"
    "- conda {on} cuda-cudart 13.9.7 h0_0\n- conda {on} cudnn 99.0.0 h0_0\n- conda {on} numpy 99.0.0 py312h0_0",
)


def told(facts: Facts) -> tuple[Finding, ...]:
    ignored = ("RC1", "RC2")  # how a file is written, and what locks it: no table stands behind these
    return run_rules(facts, RULES, Selection(ignore=ignored)).findings


def assert_only_the_newer_is_told(facts: Facts) -> None:
    findings = told(facts) + told(replace(facts, expects_gpu=True, memo={}))
    grave = [(one.code, one.message) for one in findings if one.severity is not Severity.INFO]
    assert grave == []
    about_tables = [one for one in findings if "newer than the table" in " ".join((one.message, *one.evidence))]
    assert {one.code for one in about_tables} <= {"RC454"}


@pytest.mark.parametrize("lines", PIP_LINES, ids=" ".join)
@pytest.mark.parametrize("machine", MACHINES)
def test_newer_wheels_of_an_environment_are_never_wrong(
    lines: tuple[str, ...], machine: str, make_facts: MakeFacts
) -> None:
    text = "\n".join(["dependencies:", "- python=3.12", "- pip", "- pip:", *(f"  - {line}" for line in lines)])
    for platform in PLATFORMS:
        assert_only_the_newer_is_told(make_facts(text, machine=machine, platforms=(platform,)))


@pytest.mark.parametrize("lines", CONDA_LINES, ids=" ".join)
@pytest.mark.parametrize("machine", MACHINES)
def test_newer_conda_packages_of_an_environment_are_never_wrong(
    lines: tuple[str, ...], machine: str, make_facts: MakeFacts
) -> None:
    text = "\n".join(["channels: [conda-forge]", "dependencies:", "- python=3.12", *(f"- {line}" for line in lines)])
    for platform in PLATFORMS:
        assert_only_the_newer_is_told(make_facts(text, machine=machine, platforms=(platform,)))


@pytest.mark.parametrize("lock", LOCKS)
@pytest.mark.parametrize("machine", MACHINES)
def test_newer_packages_of_a_lock_are_never_wrong(lock: str, machine: str, make_facts: MakeFacts) -> None:
    for platform in PLATFORMS:
        assert_only_the_newer_is_told(make_facts(None, lock.format(on=platform), machine=machine))
