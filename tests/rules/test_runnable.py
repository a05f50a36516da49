"""What becomes of a lock with a driver and a GPU: every verdict, its reasons, and what nobody knows."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reprocheck.facts.cuda_versions import numbers
from reprocheck.model.judgements import KINDS, VERDICTS, Judgement, Reason, judgement_of
from reprocheck.rules.facts import Facts
from reprocheck.rules.registry import RULES
from reprocheck.rules.rule import Family
from reprocheck.rules.runnable import Stack, judge, stack_of
from reprocheck.rules.torch_builds import torch_build

MakeFacts = Callable[..., Facts]

WHEEL_26 = "- pip linux-64 torch 2.6.0\n- pip linux-64 nvidia-cuda-runtime-cu12 12.4.127"
FORGE_129 = "- conda linux-64 pytorch 2.8.0 cuda129_mkl_py312_h464b887_301\n- conda linux-64 cudnn 9.13.1.26 hbcb9cd8_0"
JETSON = (
    "- conda linux-aarch64 pytorch 2.8.0 cuda129_generic_py312_h464b887_201\n"
    "- conda linux-aarch64 arm-variant 1.2.0 tegra_0"
)
OLD_CUDNN = "- pip linux-64 torch 2.7.1+cu128\n- pip linux-64 nvidia-cudnn-cu12 9.5.1.17"
FORGE_126 = "- conda linux-64 pytorch 2.6.0 cuda126_mkl_py312_h30b5a27_300"
SELECTOR_126 = "- conda linux-64 cuda-version 12.6 h0_0"
COMPAT_126 = "- conda linux-64 cuda-compat 12.6.3 h0_0"
COMPAT_130 = "- conda linux-64 cuda-version 13.0 h0_0\n- conda linux-64 cuda-compat 13.0.2 h0_0"
TENSORFLOW = "- conda linux-64 tensorflow-base 2.8.1 cuda112py39h0bbbad9_0"


def stack(make_facts: MakeFacts, lock: str) -> Stack:
    facts = make_facts(None, lock)
    found = stack_of(facts, lock.split()[2])
    assert found is not None
    return found


def kinds(judgement: Judgement) -> tuple[str, ...]:
    return tuple(reason.kind for reason in judgement.reasons)


@pytest.mark.parametrize(
    ("lock", "driver", "gpu", "verdict", "reasons"),
    [
        (WHEEL_26, "550.54.14", "8.0", "runs", ()),
        (WHEEL_26, None, "8.0", "runs", ()),
        (WHEEL_26, "535.129.03", "8.0", "limited", ("minor-version-compatibility",)),
        (WHEEL_26, "470.57.02", "8.0", "no", ("driver-too-old",)),
        (WHEEL_26, "580.95", "12.0", "no", ("no-kernels",)),
        (WHEEL_26, "470.57.02", "12.0", "no", ("no-kernels", "driver-too-old")),
        (WHEEL_26, "9999", "9.0", "runs", ()),  # newer than the table
        (WHEEL_26, "535", "10.0", "no", ("no-kernels",)),  # what nothing runs on needs no second reason
        (FORGE_129, "580", "7.0", "no", ("cudnn-dropped-gpu",)),
        (FORGE_129, "580", "8.6", "runs", ()),
        (FORGE_129, "590", "8.6", "runs", ()),
        (FORGE_129, "535", "12.1", "no", ("no-such-machine",)),
        (FORGE_129, None, "8.7", "no", ("no-such-machine",)),
        (JETSON, "535", "9.0", "no", ("ptx-needs-newer-driver",)),
        (JETSON, "580", "9.0", "limited", ("only-ptx",)),
        (JETSON, "580", "8.7", "runs", ()),
        ("- pip linux-aarch64 torch 2.9.0+cu128", "580", "8.7", "unknown", ("desktop-kernels-on-tegra",)),
        ("- pip linux-64 torch 2.15.0", "616", "9.0", "unknown", ("unknown-kernels",)),
        ("- pip linux-64 torch 2.15.0", "580", "7.0", "no", ("cuda-outside-gpu-range",)),
        ("- pip linux-64 torch 99.0", "580", "9.0", "unknown", ("unknown-kernels", "unknown-cuda")),
        ("- conda linux-64 cuda-version 14.0 h0_0", "580", "9.0", "unknown", ("unknown-kernels", "unknown-cuda")),
        (TENSORFLOW, "580", "8.9", "unknown", ("unknown-kernels",)),
        (TENSORFLOW, "580", "9.0", "unknown", ("unknown-kernels", "cuda-older-than-gpu")),
        (TENSORFLOW, "580", "99.0", "unknown", ("unknown-kernels",)),  # a GPU that is not in the table
        (OLD_CUDNN, "570", "12.0", "limited", ("cudnn-older-than-gpu",)),
        (f"{FORGE_126}\n{COMPAT_126}", "535", "8.0", "limited", ("forward-compatibility",)),
        (f"{SELECTOR_126}\n{COMPAT_126}", "470", "8.0", "no", ("driver-too-old",)),
        (COMPAT_130, "535", "8.0", "unknown", ("unknown-kernels", "forward-compatibility")),
        ("- conda linux-64 cudatoolkit 10.2.89 h0_0", "435", "7.0", "no", ("driver-too-old",)),
    ],
)
def test_what_becomes_of_a_pair(
    lock: str, driver: str | None, gpu: str, verdict: str, reasons: tuple[str, ...], make_facts: MakeFacts
) -> None:
    judged = judge(stack(make_facts, lock), driver, numbers(gpu))
    assert (judged.verdict, kinds(judged)) == (verdict, reasons)


@pytest.mark.parametrize(
    ("lock", "said"),
    [
        (
            "- pip linux-64 torch 2.15.0",
            "`torch 2.15.0` for CUDA 13.2 holds kernels for sm_75, sm_80, sm_86, sm_90, sm_100, sm_120 and no PTX, if"
            " nothing changed since the release before: that is not known",
        ),
        ("- pip linux-64 torch 99.0", "for which GPUs `torch 99.0` holds kernels is not known"),
        (TENSORFLOW, "for which GPUs `tensorflow-base` holds kernels is not known"),
        (
            f"{TENSORFLOW}\n- conda linux-64 jaxlib 0.7.2 cuda112py39h0bbbad9_0",
            "for which GPUs `jaxlib` and `tensorflow-base` hold kernels is not known",
        ),
        ("- conda linux-64 cuda-version 12.6 h0_0", "for which GPUs the other packages hold kernels is not known"),
    ],
)
def test_what_nobody_knows_is_said(lock: str, said: str, make_facts: MakeFacts) -> None:
    assert judge(stack(make_facts, lock), None, (8, 6)).reasons == (Reason("unknown-kernels", said),)


@pytest.mark.parametrize(
    ("lock", "said"),
    [
        ("- pip linux-64 torch 2.4.1+cu118", "`torch 2.4.1+cu118` for CUDA 11.8"),
        ("- conda linux-64 pytorch 2.5.1 py3.12_cuda12.4_cudnn9.1.0_0", "`pytorch 2.5.1` (pytorch) for CUDA 12.4"),
        ("- conda linux-64 libtorch 2.7.1 cuda129_mkl_h9562ed8_304", "`libtorch 2.7.1` (conda-forge) for CUDA 12.9"),
        (
            "- conda linux-64 pytorch 2.6.0 gpu_cuda124_py312hdc9ab26_301",
            "`pytorch 2.6.0` (unknown channel) for CUDA 12.4",
        ),
        (
            "- pip linux-64 torch 2.6.0+cu124\n- conda linux-64 pytorch 2.5.1 py3.12_cuda12.1_cudnn9.1.0_0",
            "`torch 2.6.0+cu124` for CUDA 12.4",  # pip comes last and wins
        ),
        ("- pip linux-64 torch 2.6.0+cpu", None),
        ("- pip linux-64 torch 2.6.0+rocm6.2", None),
        ("- pip win-64 torch 2.6.0", None),
        ("- conda linux-64 pytorch 2.6.0 cpu_mkl_py312_h446997d_101", None),
        ("- conda linux-64 pytorch 2.6.0 py312h_0", None),
        ("- conda linux-64 numpy 2.2.4 py312h72c5963_0", None),
    ],
)
def test_which_build_of_torch_is_locked(lock: str, said: str | None, make_facts: MakeFacts) -> None:
    found = torch_build(make_facts(None, lock), lock.split()[2])
    assert (found.said if found else None) == said


@pytest.mark.parametrize(
    ("entries", "channels", "known"),
    [
        ("- pytorch=2.5.1=*cuda126*", "conda-forge", True),
        ("- pytorch=2.5.1\n- pytorch-cuda=12.4", "pytorch, nvidia, conda-forge", True),
        ("- pytorch=1.12\n- cudatoolkit=11.3", "defaults, pytorch", True),
        ("- pytorch=2.0.1\n- pytorch-cuda=11.8", "conda-forge, pytorch", None),  # of either channel
        ("- pytorch::pytorch=2.0.1\n- pytorch-cuda=11.8", "conda-forge, pytorch", True),
        ("- pytorch=2.0.1=py3.9_cuda11.8_cudnn8.7.0_0", "conda-forge, pytorch", True),
        ("- pytorch=2.0.1\n- cudatoolkit=11.8", "defaults", None),
        ("- pytorch\n- cudatoolkit=11.8", "pytorch", None),
        ("- pytorch=1.12\n- cudatoolkit=11", "pytorch", None),
        ("- pytorch=2.5.1", "pytorch", None),
        ("- pytorch=2.5.1  # [win]\n- cudatoolkit=11.8", "pytorch", None),
        ("- pip: [torch==2.6.0]", "conda-forge", True),
        ("- pip: [torch==2.4.0+cu118]", "conda-forge", True),
        ("- pip: ['--index-url https://wheels.invalid/whl/cu121', torch]", "conda-forge", False),
        ("- pip: ['torch @ https://example.org/torch-2.1.0%2Bcu118-cp310-cp310-linux_x86_64.whl']", "x", False),
        ("- pip: [torch>=2.6.0]", "conda-forge", None),
        ("- pip: ['torch==2.6.0; sys_platform == \"win32\"']", "conda-forge", None),
    ],
)
def test_which_build_of_torch_is_declared(
    entries: str, channels: str, *, known: bool | None, make_facts: MakeFacts
) -> None:
    found = torch_build(make_facts(f"channels: [{channels}]\ndependencies:\n{entries}\n"), "linux-64")
    assert (found.archs is not None if found else None) == known


def test_without_lock_and_environment_there_is_nothing_to_judge(make_facts: MakeFacts) -> None:
    assert torch_build(make_facts(), "linux-64") is None
    assert stack_of(make_facts(), "linux-64") is None


def test_without_anything_no_package_is_objected_to(make_facts: MakeFacts) -> None:
    facts = make_facts(machine="--driver 535 --gpu RTX4090")
    assert [finding for module in RULES for finding in module.check(facts) if module.RULE.family is Family.CUDA] == []


def test_a_stack_is_worked_out_once(make_facts: MakeFacts) -> None:
    facts = make_facts(None, WHEEL_26)
    assert stack_of(facts, "linux-64") is stack_of(facts, "linux-64")
    assert stack_of(facts, "osx-arm64") is None


def test_declared_parts_count_without_a_lock(make_facts: MakeFacts) -> None:
    facts = make_facts("dependencies: [cuda-version=12.9, cudnn=9.13, cuda-compat]")
    found = stack_of(facts, "linux-64")
    assert found is not None
    assert found.cudnn is not None
    assert found.compat is not None
    assert (found.cudnn.said, found.cudnn.version) == ("`cudnn=9.13`", "9.13")
    assert (found.compat.said, found.compat.version) == ("`cuda-compat`", "")


def test_the_worst_reason_decides_and_conditions_are_kept_only_where_something_may_run() -> None:
    limited, unknown, no = Reason("only-ptx", "p"), Reason("unknown-cuda", "u"), Reason("no-kernels", "k")
    assert judgement_of(()) == Judgement("runs", ())
    assert judgement_of((limited, unknown)) == Judgement("unknown", (limited, unknown))
    assert judgement_of((limited, unknown, no)) == Judgement("no", (no,))


def test_every_kind_of_reason_has_a_verdict_and_a_rule_that_exists() -> None:
    codes = {module.RULE.code for module in RULES}
    assert all(kind.verdict in VERDICTS for kind in KINDS.values())
    assert {kind.rule for kind in KINDS.values() if kind.rule} <= codes
    letters = [(kind.letter, kind.verdict) for kind in KINDS.values()]
    assert len({letter for letter, _ in letters}) == len(set(letters))  # one letter, one verdict
