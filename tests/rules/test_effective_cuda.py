"""Which source of CUDA is believed, and the chain that says so."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reprocheck.rules.effective_cuda import effective_cuda, evidence_of, platforms_in
from reprocheck.rules.facts import Facts

MakeFacts = Callable[..., Facts]


def chain(facts: Facts, platform: str = "linux-64") -> tuple[str, ...]:
    return evidence_of(effective_cuda(facts, platform))


def test_the_chain_of_a_lock_begins_with_the_build_string(make_facts: MakeFacts) -> None:
    lock = """\
- conda linux-64 cuda-version 12.9 h4f385c5_3
- conda linux-64 cuda-cudart 12.9.79 h5888daf_0
- conda linux-64 pytorch 2.6.0 cuda126_mkl_py312_h30b5a27_300
- conda linux-64 numpy 2.2.4 py312h72c5963_0"""
    assert chain(make_facts(None, lock)) == (
        "build string `cuda126_mkl_py312_h30b5a27_300` of `pytorch 2.6.0` gives CUDA 12.6",
        "runtime `cuda-cudart 12.9.79` gives CUDA 12.9",
        "selector `cuda-version 12.9` gives CUDA 12.9",
    )


@pytest.mark.parametrize(
    ("package", "said"),
    [
        ("pip linux-64 torch 2.4.1+cu118", ("label of `torch 2.4.1+cu118` gives CUDA 11.8",)),
        ("pip linux-64 torch 2.4.1+cpu", ()),
        ("pip linux-64 torch 2.6.0", ("unlabelled PyPI wheel `torch 2.6.0` gives CUDA 12.4",)),
        ("pip linux-64 torch 99.0", ()),
        (
            "pip linux-64 nvidia-cuda-runtime-cu12 12.4.127",
            ("runtime `nvidia-cuda-runtime-cu12 12.4.127` gives CUDA 12.4",),
        ),
        ("pip linux-64 cuda-toolkit 13.0.2", ("runtime `cuda-toolkit 13.0.2` gives CUDA 13.0",)),
        ("pip linux-64 nvidia-cublas-cu12 12.4.5.8", ()),  # versions of components are no CUDA versions
        ("conda linux-64 cudatoolkit 11.8.0 h4ba93d1_13", ("selector `cudatoolkit 11.8.0` gives CUDA 11.8",)),
        ("conda linux-64 pytorch 2.6.0 cpu_mkl_py312_h446997d_101", ()),
        ("conda linux-64 numpy 2.2.4 py312h72c5963_0", ()),
        ("pip linux-64 tensorflow 2.19.0", ()),
    ],
)
def test_what_one_locked_package_says(package: str, said: tuple[str, ...], make_facts: MakeFacts) -> None:
    assert chain(make_facts(None, f"- {package}")) == said


def test_beside_a_cpu_build_a_selector_steers_nothing(make_facts: MakeFacts) -> None:
    lock = "- conda linux-64 pytorch 2.6.0 cpu_mkl_py312_h446997d_101\n- conda linux-64 cuda-version 12.6 h7480c83_3"
    assert chain(make_facts(None, lock)) == ()


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ("- pytorch=2.5.*=cuda126*", ("build pin of `pytorch=2.5.*=cuda126*` gives CUDA 12.6",)),
        ("- cuda-version=12.4", ("selector `cuda-version=12.4` gives CUDA 12.4",)),
        ("- cuda-cudart=12.1.105", ("runtime `cuda-cudart=12.1.105` gives CUDA 12.1",)),
        ("- cudatoolkit=11", ("selector `cudatoolkit=11` gives CUDA 11",)),
        ("- cuda-version>=12.4", ()),
        ("- cudatoolkit=11.8  # [win]", ()),
        ("- pip: [torch==2.6.0]", ("unlabelled PyPI wheel `torch==2.6.0` gives CUDA 12.4",)),
        ("- pip: [torch>=2.6.0]", ()),
        ("- pip: [torch==2.4.1+cu118]", ("label of `torch==2.4.1+cu118` gives CUDA 11.8",)),
        ("- pip: [torch==2.4.1+cpu]", ()),
        (
            "- pip: [nvidia-cuda-runtime-cu12==12.4.127]",
            ("runtime `nvidia-cuda-runtime-cu12==12.4.127` gives CUDA 12.4",),
        ),
        ("- pip: [nvidia-cuda-runtime-cu12]", ()),
        (
            "- pip: ['--index-url https://wheels.invalid/whl/cu121', torch==2.4.1]",
            ("package index for `torch==2.4.1` gives CUDA 12.1",),
        ),
        ("- pip: ['--index-url https://wheels.invalid/whl/cpu', torch==2.4.1]", ()),
        (
            "- pip: ['--index-url https://example.org/simple', torch==2.4.1]",
            ("unlabelled PyPI wheel `torch==2.4.1` gives CUDA 12.1",),
        ),
        (
            "- pip: ['torch @ https://example.org/torch-2.1.0%2Bcu118-cp310-cp310-linux_x86_64.whl']",
            (
                "label of `torch @ https://example.org/torch-2.1.0%2Bcu118-cp310-cp310-linux_x86_64.whl`"
                " gives CUDA 11.8",
            ),
        ),
    ],
)
def test_what_an_environment_file_pins(entries: str, said: tuple[str, ...], make_facts: MakeFacts) -> None:
    assert chain(make_facts(f"dependencies:\n{entries}\n")) == said


def test_there_is_no_cuda_on_macos(make_facts: MakeFacts) -> None:
    assert chain(make_facts("dependencies: [cudatoolkit=10.2]"), "osx-64") == ()


def test_nothing_is_said_about_nothing(make_facts: MakeFacts) -> None:
    assert chain(make_facts(None, None)) == ()


def test_platforms_are_those_asked_for_then_locked_then_declared(make_facts: MakeFacts) -> None:
    declared = "platforms: [linux-aarch64]\ndependencies: [python]"
    lock = "- conda win-64 python 3.12.9 h3f84c4b_1_cpython"
    assert platforms_in(make_facts(declared, lock, platforms=("osx-64",))) == ("osx-64",)
    assert platforms_in(make_facts(declared, lock)) == ("win-64",)
    assert platforms_in(make_facts(declared)) == ("linux-aarch64",)
    assert platforms_in(make_facts(None)) == ("linux-64",)


@pytest.mark.parametrize(
    ("builds", "platform"),
    [
        ("[pip=25.0=py312haa95532_0, xz=5.4.6=h8cc25b3_1, python=3.12]", "win-64"),
        ("[pip=25.0=py312haa95532_0, xz=5.6.4=h5eee18b_1]", "linux-64"),  # two that disagree tell nothing
        ("[pip=25.0=py312haa95532_*, tqdm=4.67=pyhd8ed1ab_0]", "linux-64"),
    ],
)
def test_exact_builds_name_the_platform_that_a_file_leaves_out(
    builds: str, platform: str, make_facts: MakeFacts
) -> None:
    assert platforms_in(make_facts(f"dependencies: {builds}")) == (platform,)


def test_the_wheel_of_torch_comes_before_selectors_that_no_framework_of_conda_follows(make_facts: MakeFacts) -> None:
    beside = "dependencies:\n- cudatoolkit=10.2\n- pip: [torch==2.0.0]\n"
    assert chain(make_facts(beside)) == (
        "unlabelled PyPI wheel `torch==2.0.0` gives CUDA 11.7",
        "selector `cudatoolkit=10.2` gives CUDA 10.2",
    )
    followed = "dependencies:\n- pytorch\n- cudatoolkit=10.2\n- pip: [torch==2.0.0]\n"
    assert chain(make_facts(followed))[0] == "selector `cudatoolkit=10.2` gives CUDA 10.2"


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ("- cuda-toolkit=12.4", ("runtime `cuda-toolkit=12.4` gives CUDA 12.4",)),
        ("- cuda-runtime=11.7.1=0\n- cuda-cudart=11.7.99=0", ("runtime `cuda-cudart=11.7.99=0` gives CUDA 11.7",)),
        ("- pip: [torch==1.7.1]", ("unlabelled PyPI wheel `torch==1.7.1` gives CUDA 10.2",)),
        ("- pip: [torch==2.0]", ("unlabelled PyPI wheel `torch==2.0` gives CUDA 11.7",)),
        ("- pip: [jaxlib==0.3.22+cuda11.cudnn82]", ("label of `jaxlib==0.3.22+cuda11.cudnn82` gives CUDA 11",)),
        ("- pip: [jaxlib==0.4.30]", ()),
    ],
)
def test_what_else_an_environment_file_pins(entries: str, said: tuple[str, ...], make_facts: MakeFacts) -> None:
    assert chain(make_facts(f"dependencies:\n{entries}\n")) == said


def test_a_package_index_of_the_lock_tool_counts_too(make_facts: MakeFacts) -> None:
    entries = "pip-repositories: ['https://wheels.invalid/whl/cu121']\ndependencies:\n- pip: [torch==2.4.1]\n"
    assert chain(make_facts(entries)) == ("package index for `torch==2.4.1` gives CUDA 12.1",)


def test_builds_of_other_channels_are_read(make_facts: MakeFacts) -> None:
    lock = "- conda linux-ppc64le pytorch 2.0.1 cuda11.8_py310_1\n- pip linux-ppc64le jaxlib 0.4.13+cuda11.cudnn86"
    assert chain(make_facts(None, lock), "linux-ppc64le") == (
        "label of `jaxlib 0.4.13+cuda11.cudnn86` gives CUDA 11",
        "build string `cuda11.8_py310_1` of `pytorch 2.0.1` gives CUDA 11.8",
    )
