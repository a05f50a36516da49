"""Frameworks and what must fit them, where a fixture would say too little."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from reprocheck.model.findings import Edit, Finding, Severity
from reprocheck.model.freshness import Freshness
from reprocheck.model.locks import Lock
from reprocheck.rules import (
    rc306_abi_mismatch,
    rc420_cpu_build_resolved,
    rc421_lock_not_tied_to_cuda,
    rc430_torch_companions_mismatch,
    rc431_triton_mismatch,
    rc432_extension_built_for_another_torch,
    rc442_mkl_breaks_conda_torch,
    rc443_numpy_abi_torch,
)
from reprocheck.rules.extension_fit import wrong_python
from reprocheck.rules.facts import Facts
from reprocheck.rules.numpy_choice import numpy_choice
from reprocheck.rules.rule import RuleModule
from reprocheck.rules.torch_channel import is_declared_from_channel

MakeFacts = Callable[..., Facts]

RULES = (
    rc306_abi_mismatch,
    rc420_cpu_build_resolved,
    rc430_torch_companions_mismatch,
    rc431_triton_mismatch,
    rc432_extension_built_for_another_torch,
    rc442_mkl_breaks_conda_torch,
    rc443_numpy_abi_torch,
)


def pip(*lines: str, python: str = "3.11") -> str:
    return f"dependencies:\n- python={python}\n- pip:\n" + "".join(f"  - {line}\n" for line in lines)


def messages(rule: RuleModule, facts: Facts) -> list[str]:
    return [found.message for found in rule.check(facts)]


@pytest.mark.parametrize("rule", RULES, ids=[rule.RULE.code for rule in RULES])
def test_without_lock_and_environment_nothing_is_said(rule: RuleModule, make_facts: MakeFacts) -> None:
    assert list(rule.check(make_facts())) == []


@pytest.mark.parametrize("rule", RULES, ids=[rule.RULE.code for rule in RULES])
def test_other_platforms_than_those_asked_for_are_not_looked_at(rule: RuleModule, make_facts: MakeFacts) -> None:
    facts = make_facts(
        "dependencies: [cuda-version=12.6, pytorch]\n",
        "- conda linux-64 pytorch 2.0.1 py3.11_cpu_0\n"
        "- conda linux-64 mkl 2025.0.0 h901ac74_941\n"
        "- conda linux-64 numpy 2.0.2 py311h1234567_0\n"
        "- pip linux-64 opencv-python 4.8.0.76\n"
        "- pip linux-64 triton 3.1.0\n"
        "- pip linux-64 torchvision 0.19.1\n"
        "- pip linux-64 torch-scatter 2.1.2+pt24cu121\n"
        "- conda osx-arm64 numpy 2.0.2 py311h1234567_0\n",
    )
    assert list(rule.check(facts)) != []
    assert list(rule.check(replace(facts, platforms=("osx-arm64",)))) == []


@pytest.mark.parametrize(
    ("entries", "choice"),
    [
        (("numpy",), "open"),
        (("numpy>=1.24",), "open"),
        (("numpy!=2.0.1",), "open"),
        ((), "open"),
        (("numpy==2.0.*",), "two"),
        (("numpy>=2,<3",), "two"),
        (("numpy~=2.1",), "two"),
        (("numpy<2",), "one"),
        (("numpy~=1.26",), "one"),
        (("numpy @@ 2",), "one"),
        (("numpy; python_version > '3.9'",), "one"),
        (("numpy", "-r more.txt"), "one"),
        (("numpy", "-c bounds.txt"), "one"),
        (("numpy", "git+https://git.invalid/lab/tool.git"), "one"),
        (("numpy", "mlflow==2.12.1"), "one"),
        (("numpy", "scipy<1.12"), "one"),
        (("numpy", "pandas==2.1.4"), "one"),
        (("numpy", "opencv-python==4.8.0.76", "torch==2.0.1", "tqdm==4.66", "requests>=2", "--no-binary=x"), "open"),
    ],
)
def test_numpy_is_two_where_it_must_be_and_open_where_nothing_may_hold_it(
    entries: tuple[str, ...], choice: str, make_facts: MakeFacts
) -> None:
    environment = make_facts(pip("einops", *entries)).environment
    assert numpy_choice(environment) == choice  # type: ignore[arg-type]  # it was read just now


def test_a_conda_numpy_of_any_version_is_open_and_a_conda_pin_may_hold_it(make_facts: MakeFacts) -> None:
    free = make_facts("dependencies: [python=3.10, 'numpy=*', pytorch=2.0]\n").environment
    held = make_facts("dependencies: [python=3.10, numpy, rdkit=2022.03]\n").environment
    no_python = make_facts("dependencies: [numpy]\n").environment
    assert [numpy_choice(one) for one in (free, held, no_python)] == ["open", "one", "one"]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("channels", "spec", "served"),
    [
        ("[pytorch, conda-forge]", "pytorch=2.0", True),
        ("[conda-forge, pytorch]", "pytorch=2.0", False),
        ("[defaults, pytorch]", "pytorch=2.0", False),
        ("[conda-forge]", "pytorch=2.0", False),
        ("[conda-forge]", "pytorch::pytorch=2.0", True),
        ("[conda-forge]", "pytorch/linux-64::pytorch=2.0", True),
        ("[pytorch]", "conda-forge::pytorch=2.0", False),
        ("[conda-forge]", "pytorch=2.0.1=py3.9_cuda11.7_cudnn8.5.0_0", True),
    ],
)
def test_the_pytorch_channel_serves_what_names_it_or_what_it_comes_first_for(
    channels: str, spec: str, served: bool, make_facts: MakeFacts
) -> None:
    environment = make_facts(f"channels: {channels}\ndependencies: ['{spec}']\n").environment
    assert is_declared_from_channel(environment, environment.conda[0]) is served  # type: ignore[union-attr, arg-type]


@pytest.mark.parametrize(
    ("wheel", "python", "tag"),
    [
        ("a-1-cp39-cp39-linux_x86_64.whl", (3, 8), "cp39"),
        ("a-1-cp39-cp39-linux_x86_64.whl", (3, 9, 18), None),
        ("a-1-cp37.cp38-none-any.whl", (3, 8), None),
        ("a-1-cp39-abi3-manylinux_2_28_x86_64.whl", (3, 12), None),
        ("a-1-cp39-abi3-manylinux_2_28_x86_64.whl", (3, 8), "cp39"),
        ("a-1-py3-none-any.whl", (3, 8), None),
        ("a-cp-1-py3-none-any.whl", (3, 8), None),
        ("a-1-cp39-cp39-linux_x86_64.whl", (3,), None),
        ("a-1-cp39.tar.gz", (3, 8), None),
    ],
)
def test_a_wheel_is_for_the_pythons_of_its_tag(wheel: str, python: tuple[int, ...], tag: str | None) -> None:
    assert wrong_python(f"https://wheels.invalid/{wheel}", python) == tag


def test_a_nightly_torch_is_compared_with_nothing(make_facts: MakeFacts) -> None:
    lock = "- pip linux-64 torch 2.6.0.dev20241112\n- pip linux-64 torchvision 0.19.1\n- pip linux-64 triton 2.0.0\n"
    facts = make_facts(pip("torch"), lock)
    assert messages(rc430_torch_companions_mismatch, facts) == []
    assert messages(rc431_triton_mismatch, facts) == []


def test_a_conda_torch_has_no_label_to_compare(make_facts: MakeFacts) -> None:
    lock = "- conda linux-64 pytorch 2.4.1 cpu_mkl_py311_h446997d_101\n- pip linux-64 torchvision 0.19.1+cu118\n"
    assert messages(rc430_torch_companions_mismatch, make_facts(pip("torchvision"), lock)) == []


def test_a_cpu_vision_beside_a_cuda_torch_is_found_by_its_address(make_facts: MakeFacts) -> None:
    lock = (
        "- pip linux-64 torch 2.4.1, from https://w.invalid/whl/cu121/torch-2.4.1%2Bcu121-cp311-cp311-linux_x86_64.whl\n"
        "- pip linux-64 torchvision 0.19.1, from https://w.invalid/whl/cpu/torchvision-0.19.1+cpu-cp311-cp311-x.whl\n"
    )
    [found] = rc430_torch_companions_mismatch.check(make_facts(None, lock))
    assert found.evidence == ("torch 2.4.1 is built with CUDA 12.1, torchvision 0.19.1 with no CUDA",)


def test_a_version_that_nobody_can_read_is_no_objection(make_facts: MakeFacts) -> None:
    lock = "- pip linux-64 torch 2.5.1\n- pip linux-64 triton nightly-7\n"
    assert messages(rc431_triton_mismatch, make_facts(pip("torch"), lock)) == []


def test_the_fitting_release_goes_into_the_line_and_keeps_the_label_of_torch(make_facts: MakeFacts) -> None:
    facts = make_facts(pip("torch==2.4.1+cu121", "'torchvision==0.18.0+cu118'  # for the study"))
    [found] = rc430_torch_companions_mismatch.check(facts)
    line = "  - 'torchvision==0.19.1+cu121'  # for the study"
    assert found.edits == (Edit("environment.yml", 5, 5, (line,), False),)


def test_a_wheel_by_its_address_pins_its_version_and_is_not_mended(make_facts: MakeFacts) -> None:
    wheel = "https://w.invalid/torchvision-0.18.0%2Bcu121-cp311-cp311-linux_x86_64.whl"
    [found] = rc430_torch_companions_mismatch.check(make_facts(pip("torch==2.4.1", f"torchvision @ {wheel}")))
    assert found.message == f"`torchvision @ {wheel}` (pip) does not go with `torch==2.4.1` (pip)"
    assert found.edits == ()


def test_the_bound_on_mkl_goes_under_the_line_of_pytorch(make_facts: MakeFacts) -> None:
    text = "channels: [pytorch, conda-forge]\ndependencies:\n  - 'pytorch=1.12.1'  # old\n  - tqdm\n"
    [found] = rc442_mkl_breaks_conda_torch.check(make_facts(text))
    assert found.edits == (Edit("environment.yml", 4, 3, ("  - mkl<2024.1",), False),)
    [found] = rc442_mkl_breaks_conda_torch.check(
        make_facts("channels: [pytorch, conda-forge]\ndependencies: [pytorch=1.12.1]\n")
    )
    assert found.edits == ()


def unproven(facts: Facts, cuda: str | None) -> Facts:
    return replace(facts, freshness=Freshness(fresh=True, by="content-hash", assumed_cuda=cuda))


GPU_LOCK = "- conda linux-64 pytorch 2.6.0 cuda126_mkl_py312_h30b5a27_300, needs __cuda *\n"


def test_an_assumption_that_the_content_hash_proves_counts_as_a_record(make_facts: MakeFacts) -> None:
    facts = make_facts("dependencies: [pytorch]\n", GPU_LOCK, machine="--driver 560.35.03")
    [found] = rc421_lock_not_tied_to_cuda.check(unproven(facts, "12.9"))
    assert found.message == "the lock was made for a driver with CUDA 12.9, and driver 560.35.03 brings 12.6"
    assert found.evidence[0] == "the content hash of `conda-lock.yml` is that of CUDA 12.9"
    for assumed in ("12.6", "none", None):
        assert messages(rc421_lock_not_tied_to_cuda, unproven(facts, assumed)) == []


def test_a_pixi_lock_that_names_no_driver_is_worth_knowing(make_facts: MakeFacts) -> None:
    facts = make_facts(None, GPU_LOCK + "- conda linux-64 numpy 2.2.4 py312h72c5963_0\n")
    assert isinstance(facts.lock, Lock)
    [found] = rc421_lock_not_tied_to_cuda.check(replace(facts, lock=replace(facts.lock, path="work/pixi.lock")))
    assert (found.severity, found.message) == (
        Severity.INFO,
        "the lock does not say for which CUDA driver `pytorch 2.6.0` was chosen",
    )
    assert messages(rc421_lock_not_tied_to_cuda, facts) == []


def test_a_pixi_lock_without_packages_for_cuda_has_nothing_to_record(make_facts: MakeFacts) -> None:
    facts = make_facts(None, "- conda linux-64 numpy 2.2.4 py312h72c5963_0\n")
    assert isinstance(facts.lock, Lock)
    assert messages(rc421_lock_not_tied_to_cuda, replace(facts, lock=replace(facts.lock, path="pixi.lock"))) == []


def test_expecting_a_gpu_outweighs_a_lock_for_none_and_an_environment_for_cpu(make_facts: MakeFacts) -> None:
    facts = make_facts(
        "dependencies: [pytorch, cpuonly]\n",
        "- reprocheck.cuda: none\n- conda linux-64 pytorch 2.6.0 cpu_mkl_py312_h446997d_101\n",
    )
    assert messages(rc420_cpu_build_resolved, facts) == []
    assert messages(rc420_cpu_build_resolved, replace(facts, expects_gpu=True)) == [
        "`pytorch 2.6.0` is a build without CUDA on linux-64, but `--expect-gpu` says that a GPU is meant"
    ]


def test_a_package_in_several_categories_is_told_once(make_facts: MakeFacts) -> None:
    entry = "- conda linux-64 pytorch 2.6.0 cpu_mkl_py312_h446997d_101\n"
    [found] = rc420_cpu_build_resolved.check(make_facts("dependencies: [cuda-version=12.6, pytorch]\n", entry * 2))
    assert (found.platforms, len(found.packages)) == (("linux-64",), 1)


def test_nothing_is_told_of_a_gpu_where_the_environment_asks_for_cpu(make_facts: MakeFacts) -> None:
    lock = "- conda linux-64 pytorch 2.6.0 cpu_mkl_py312_h446997d_101\n- conda linux-64 cupy 13.3.0 py312h7d319b9_2\n"
    assert messages(rc420_cpu_build_resolved, make_facts("dependencies: ['pytorch=*=cpu*', tools]\n", lock)) == []


def severities(found: list[Finding]) -> list[str]:
    return [one.severity.value for one in found]


@pytest.mark.parametrize("line", ["torch==2.6.0+cpu", "--extra-index-url https://w.invalid/whl/cpu"])
def test_expecting_a_gpu_objects_to_what_an_environment_without_a_lock_asks_for(
    line: str, make_facts: MakeFacts
) -> None:
    facts = make_facts(pip(line))
    assert list(rc420_cpu_build_resolved.check(facts)) == []
    assert severities(list(rc420_cpu_build_resolved.check(replace(facts, expects_gpu=True)))) == ["error"]


def test_the_option_reaches_the_rules(reprocheck: Callable[..., object], tmp_path: Path) -> None:
    (tmp_path / "environment.yml").write_text("dependencies:\n- python=3.12\n- pytorch=2.6=cpu*\n", encoding="utf-8")
    for command in ("check", "audit"):
        plain = reprocheck(command, "--select", "RC420", cwd=tmp_path)
        expecting = reprocheck(command, "--select", "RC420", "--expect-gpu", cwd=tmp_path)
        assert (plain.code, expecting.code) == (0, 1)  # type: ignore[attr-defined]
        assert "`pytorch=2.6=cpu*` asks for a build without CUDA on linux-64" in expecting.out  # type: ignore[attr-defined]


def test_a_pin_of_a_major_release_may_become_a_torch_that_can(make_facts: MakeFacts) -> None:
    environment = "channels: [pytorch]\ndependencies: [python=3.10, pytorch={}, 'numpy>=2']\n"
    assert messages(rc443_numpy_abi_torch, make_facts(environment.format("2"))) == []
    assert len(messages(rc443_numpy_abi_torch, make_facts(environment.format("2.1")))) == 1


def test_an_extension_is_compared_with_the_torch_of_its_platform(make_facts: MakeFacts) -> None:
    here = "torch==2.4.0; sys_platform == 'linux'"
    there = "torch==2.1.0; sys_platform == 'win32'"
    scatter = "torch-scatter==2.1.2+pt24cu121; sys_platform == 'linux'"
    assert messages(rc432_extension_built_for_another_torch, make_facts(pip(there, here, scatter))) == []
    assert (
        len(messages(rc432_extension_built_for_another_torch, make_facts(pip(here, scatter.replace("24", "21"))))) == 1
    )
    assert messages(rc432_extension_built_for_another_torch, make_facts(pip(there, scatter))) == []
