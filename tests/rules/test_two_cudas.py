"""Who brings a CUDA runtime, which names tell a CUDA, and what two of them are."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.findings import Finding
from reprocheck.model.locks import Lock
from reprocheck.rules import (
    rc410_two_cuda_majors,
    rc411_nvidia_wheels_share_a_directory,
    rc414_cuda_selectors_contradict,
    rc433_gpu_library_pins_differ,
)
from reprocheck.rules.cuda_carriers import (
    declared_carriers,
    declared_conda_stack,
    declared_pip_stack,
    locked_carriers,
    locked_conda_stack,
    locked_pip_stack,
)
from reprocheck.rules.facts import Facts
from reprocheck.rules.registry import RULES
from reprocheck.rules.shared_folders import declared_pairs

MakeFacts = Callable[..., Facts]


def environment_of(facts: Facts) -> EnvironmentFile:
    assert isinstance(facts.environment, EnvironmentFile)
    return facts.environment


def lock_of(facts: Facts) -> Lock:
    assert isinstance(facts.lock, Lock)
    return facts.lock


def told(facts: Facts, *codes: str) -> list[str]:
    found: list[Finding] = [one for rule in RULES if rule.RULE.code in codes or not codes for one in rule.check(facts)]
    return [f"{one.code} {one.severity.value}" for one in found]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("cupy-cuda12x", ("name `cupy-cuda12x` gives CUDA 12",)),
        ("jax[cuda12]==0.4.30", ("name `jax[cuda12]==0.4.30` gives CUDA 12",)),
        ("jax[cuda12-local]", ("name `jax[cuda12-local]` gives CUDA 12",)),
        ("jax[cuda111]", ("name `jax[cuda111]` gives CUDA 11.1",)),
        ("jax[tpu]", ()),
        ("jax-cuda12-plugin==0.4.30", ("name `jax-cuda12-plugin==0.4.30` gives CUDA 12",)),
        ("jaxlib==0.4.13+cuda11.cudnn86", ("label of `jaxlib==0.4.13+cuda11.cudnn86` gives CUDA 11",)),
        ("jax-cudax-plugin==1.0", ()),
        ("tensorflow[and-cuda]", ("name `tensorflow[and-cuda]` gives CUDA 12",)),
        ("tensorflow[and-cuda]==2.15.0", ("name `tensorflow[and-cuda]==2.15.0` gives CUDA 12",)),
        ("tensorflow[and-cuda]==2.14.0", ()),
        ("tensorflow[and-cuda]==2.99.0", ()),  # newer than what was read
        ("tensorflow==2.15.0", ()),
        ("nvidia-cublas==13.1.0.3", ("name `nvidia-cublas==13.1.0.3` gives CUDA 13",)),
        ("nvidia-ml-py", ()),
    ],
)
def test_names_and_extras_of_pip_lines_tell_a_cuda(line: str, said: tuple[str, ...], make_facts: MakeFacts) -> None:
    facts = make_facts(f"dependencies:\n- pip: ['{line}']\n")
    assert tuple(item.said for item in declared_carriers(environment_of(facts), "linux-64")) == said


@pytest.mark.parametrize(
    ("line", "brings"),
    [
        ("torch", True),
        ("torch==2.4.1+cu121", True),
        ("torch==2.4.1+cpu", False),
        ("torch @ https://example.org/torch-2.1.0%2Bcu118-cp310-cp310-linux_x86_64.whl", True),
        ("torch @ git+https://example.org/torch.git@v2.1", False),
        ("torchvision==0.19.0", True),  # it needs torch, and nothing else brings one
        ("torchvision==0.19.0+cpu", False),
        ("nvidia-cublas-cu12", True),
        ("nvidia-cudnn-cu12", False),  # cuDNN comes without a runtime
        ("cuda-toolkit==12.8.1", True),
        ("jax[cuda12]", True),
        ("jax[cuda12-local]", False),
        ("tensorflow[and-cuda]==2.16.1", True),
        ("spacy[cuda12x]", False),
        ("cupy-cuda12x", False),
    ],
)
def test_some_pip_lines_bring_a_cuda_runtime(line: str, brings: bool, make_facts: MakeFacts) -> None:
    facts = make_facts(f"dependencies:\n- pip: ['{line}']\n")
    assert bool(declared_pip_stack(environment_of(facts), "linux-64")) is brings


@pytest.mark.parametrize(
    ("option", "brings"), [("cu121", True), ("cpu", False), ("rocm5.2", False), ("nightly/cu126", True)]
)
def test_the_index_decides_which_wheel_of_torch_comes(option: str, brings: bool, make_facts: MakeFacts) -> None:
    facts = make_facts(f"dependencies:\n- pip: ['--index-url https://wheels.invalid/whl/{option}', torch==2.4.1]\n")
    assert bool(declared_pip_stack(environment_of(facts), "linux-64")) is brings


@pytest.mark.parametrize("platform", ["osx-arm64", "win-64", "linux-aarch64"])
def test_pypi_has_torch_with_cuda_for_linux_only(platform: str, make_facts: MakeFacts) -> None:
    facts = make_facts("dependencies:\n- pip: [torch==2.4.1, torchvision==0.19.1]\n")
    assert declared_pip_stack(environment_of(facts), platform) == ()


@pytest.mark.parametrize(
    ("spec", "brings"),
    [
        ("cudatoolkit", True),
        ("pytorch=2.5=cuda126*", True),
        ("pytorch=2.5=cpu*", False),
        ("pytorch", False),
        ("cuda-nvcc=12.6", False),
        ("cuda-version=12.6", False),
    ],
)
def test_some_conda_specs_bring_a_cuda_runtime(spec: str, brings: bool, make_facts: MakeFacts) -> None:
    facts = make_facts(f"dependencies: ['{spec}']\n")
    assert bool(declared_conda_stack(environment_of(facts), "linux-64")) is brings


def test_what_a_lock_holds_is_told_by_name_and_build(make_facts: MakeFacts) -> None:
    lock = lock_of(
        make_facts(
            None,
            """\
- conda linux-64 pytorch 2.6.0 cuda126_mkl_py312_h30b5a27_300
- conda linux-64 libtorch 2.6.0 cpu_mkl_h446997d_101
- conda linux-64 cudatoolkit 11.8.0 h4ba93d1_13
- pip linux-64 torch 2.4.1+cpu
- pip linux-64 nvidia-cublas-cu12 12.1.3.1
- pip linux-64 cupy-cuda11x 13.3.0
- pip linux-64 curio 1.6""",
        )
    )
    assert [item.name for item in locked_conda_stack(lock, "linux-64")] == ["cudatoolkit", "pytorch"]
    assert [item.name for item in locked_pip_stack(lock, "linux-64")] == ["nvidia-cublas-cu12"]
    assert [item.package.name for item in locked_carriers(lock, "linux-64")] == [
        "pytorch",
        "cudatoolkit",
        "nvidia-cublas-cu12",
        "cupy-cuda11x",
    ]


def test_two_torches_are_told_once(make_facts: MakeFacts) -> None:
    exported = """\
channels: [conda-forge]
dependencies:
- python=3.9
- pytorch=1.12.1=py3.9_cuda10.2_cudnn7.6.5_0
- cudatoolkit=10.2
- pip
- pip:
  - torch==2.0.0
  - nvidia-cublas-cu11==11.10.3.66
  - nvidia-cuda-runtime-cu11==11.7.99
"""
    assert told(make_facts(exported), "RC410", "RC411", "RC412", "RC414") == ["RC412 error"]


def test_a_lock_with_two_torches_is_told_once(make_facts: MakeFacts) -> None:
    lock = """\
- conda linux-64 pytorch 1.12.1 py3.9_cuda10.2_cudnn7.6.5_0
- conda linux-64 cudatoolkit 10.2.89 hfd86e86_1
- pip linux-64 torch 2.0.0
- pip linux-64 nvidia-cuda-runtime-cu11 11.7.99"""
    assert told(make_facts(None, lock), "RC410", "RC411", "RC412", "RC414") == ["RC412 error"]


def test_a_toolkit_that_compiles_is_told_by_the_rule_of_compilers(make_facts: MakeFacts) -> None:
    entries = "dependencies:\n- cuda-toolkit=11.8\n- pip: [torch==2.4.1, flash-attn==2.6.3]\n"
    found = told(make_facts(entries), "RC410", "RC416")
    assert found == ["RC416 error"]


def test_the_torch_that_jax_stands_beside_is_the_main_one(make_facts: MakeFacts) -> None:
    facts = make_facts("dependencies:\n- pip: [jaxlib==0.4.13+cuda11.cudnn86, torch==2.1.0]\n")
    (finding,) = rc410_two_cuda_majors.check(facts)
    assert finding.message == "two CUDA majors in one environment: 12.1 (`torch`) and 11 (`jaxlib`)"


def test_a_lock_without_two_majors_leaves_the_file_to_be_looked_at(make_facts: MakeFacts) -> None:
    environment = "dependencies:\n- pip: [torch==2.4.1, cupy-cuda11x]\n"
    lock = "- pip linux-64 torch 2.4.1"
    assert told(make_facts(environment, lock), "RC410") == ["RC410 error"]


def test_the_same_lines_are_told_once_for_all_platforms(make_facts: MakeFacts) -> None:
    environment = """\
platforms: [osx-arm64, linux-64, linux-aarch64]
dependencies:
- pip: [torch==2.11.0, cupy-cuda12x]
"""
    assert told(make_facts(environment), "RC410") == ["RC410 error"]


def test_a_selector_on_macos_is_no_stack(make_facts: MakeFacts) -> None:
    facts = make_facts("platforms: [osx-arm64]\ndependencies:\n- cudatoolkit=10.2\n- pip: [torch==2.4.1]\n")
    assert told(facts, "RC410") == []


def test_wheels_of_the_pinned_torch_count_among_the_pairs(make_facts: MakeFacts) -> None:
    pip = "dependencies:\n- pip: [torch==2.11.0, nvidia-cudnn-cu12]\n"
    assert declared_pairs(environment_of(make_facts(pip)), "linux-64") == (
        ("cudnn", ("nvidia-cudnn-cu12", "nvidia-cudnn-cu13")),
    )
    beside_conda = "dependencies:\n- pytorch=2.5\n- pip: [torch==2.11.0, nvidia-cudnn-cu12]\n"
    assert declared_pairs(environment_of(make_facts(beside_conda)), "linux-64") == ()


def test_a_path_leads_to_the_selector_that_nobody_declared(make_facts: MakeFacts) -> None:
    lock = """\
- conda linux-64 pytorch 2.3.1 py3.10_cuda11.8_cudnn8.7.0_0, needs libcurand >=10.3
- conda linux-64 libcurand 10.3.6.82 he02047a_0, needs cuda-version >=12.5
- conda linux-64 cuda-version 12.5 hd4f0392_3"""
    facts = make_facts("dependencies: [pytorch=2.3]\n", lock)
    (finding,) = rc414_cuda_selectors_contradict.check(facts)
    assert [[step.name for step in path] for path in finding.paths] == [["pytorch", "libcurand", "cuda-version"]]
    assert finding.severity.value == "warning"


def test_only_exact_pins_of_libraries_are_compared(make_facts: MakeFacts) -> None:
    facts = make_facts("dependencies:\n- pip: [torch==2.5.*, nvidia-cudnn-cu12==8.9.2.26]\n")
    assert list(rc433_gpu_library_pins_differ.check(facts)) == []


def test_a_library_that_two_ask_for_names_the_other_one(make_facts: MakeFacts) -> None:
    lock = """\
- pip linux-64 torch 2.8.0, needs nvidia-nccl-cu12 ==2.27.3
- pip linux-64 speech-tools 2.0, needs nvidia-nccl-cu12 ==2.21.5
- pip linux-64 nvidia-nccl-cu12 2.21.5"""
    (finding,) = rc433_gpu_library_pins_differ.check(make_facts(None, lock))
    assert finding.evidence == (
        "torch 2.8.0 requires `nvidia-nccl-cu12==2.27.3`",
        "`speech-tools` asks for `nvidia-nccl-cu12 ==2.21.5`",
    )
    assert finding.platforms == ("linux-64",)


def test_nothing_is_said_about_nothing(make_facts: MakeFacts) -> None:
    codes = ("RC410", "RC411", "RC413", "RC414", "RC416", "RC433", "RC434")
    assert told(make_facts(None), *codes) == []
    assert told(make_facts("dependencies: [python=3.11]\n", ""), *codes) == []


def test_declared_wheels_of_a_lock_come_without_a_path(make_facts: MakeFacts) -> None:
    environment = "dependencies:\n- pip: [nvidia-nccl-cu12, nvidia-nccl-cu13]\n"
    lock = "- pip linux-64 nvidia-nccl-cu12 2.27.5\n- pip linux-64 nvidia-nccl-cu13 2.32.3"
    (finding,) = rc411_nvidia_wheels_share_a_directory.check(make_facts(environment, lock))
    assert finding.paths == ()
    assert finding.evidence == ("the wheels of every CUDA major install into `nvidia/nccl/lib`, and the last one wins",)


def test_one_compiler_for_two_platforms_is_told_once(make_facts: MakeFacts) -> None:
    environment = """\
platforms: [linux-64, linux-aarch64]
dependencies:
- cuda-nvcc=12.4
- pip: [torch==2.11.0, flash-attn==2.8.0]
"""
    assert told(make_facts(environment), "RC416") == ["RC416 error"]


def test_a_cudnn_that_jaxlib_was_compiled_with_fits(make_facts: MakeFacts) -> None:
    entries = "dependencies:\n- pip: [jaxlib==0.4.13+cuda11.cudnn86, nvidia-cudnn-cu11==8.6.0.163]\n"
    assert told(make_facts(entries), "RC433") == []


def test_the_selector_goes_by_the_channel_that_the_build_is_of(make_facts: MakeFacts) -> None:
    facts = make_facts("dependencies:\n- pytorch=2.1.0=py3.10_cuda12.1_cudnn8.9.2_0\n- cuda-toolkit=11.8\n")
    (finding,) = rc414_cuda_selectors_contradict.check(facts)
    assert finding.fix == "state one CUDA only, with `pytorch-cuda=12.1`, and drop the rest"


def test_elsewhere_the_selector_is_cuda_version(make_facts: MakeFacts) -> None:
    facts = make_facts("dependencies: [cuda-version=12.4, cudatoolkit=11.8]\n")
    (finding,) = rc414_cuda_selectors_contradict.check(facts)
    assert finding.fix == "state one CUDA only, with `cuda-version=12.4`, and drop the rest"


def test_a_torch_that_brings_no_nccl_says_nothing_about_condas(make_facts: MakeFacts) -> None:
    assert told(make_facts("dependencies:\n- nccl=2.14\n- pip: [torch==1.13.1]\n"), "RC433") == []


def test_a_later_cuda_of_single_libraries_is_no_fault_of_a_lock_alone(make_facts: MakeFacts) -> None:
    lock = """\
- conda linux-64 pytorch-cuda 12.1 ha16c6d3_5, needs libcufile >=1.0
- conda linux-64 libcufile 1.11.1.6 h5888daf_4, needs cuda-version >=12.6
- conda linux-64 cuda-version 12.6 h7480c83_3"""
    assert told(make_facts(None, lock), "RC414") == ["RC414 info"]
    asked = lock.replace(", needs cuda-version >=12.6", "")
    assert told(make_facts(None, asked), "RC414") == ["RC414 warning"]
