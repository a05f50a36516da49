"""Each rule about locked packages over what is installed: where it fires, and what is nearly the same and well."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from reprocheck.facts.name_map import load_name_map
from reprocheck.model.findings import Finding
from reprocheck.model.locks import Lock
from reprocheck.model.machines import Gpu, TargetMachine
from reprocheck.model.prefixes import Prefix
from reprocheck.readers.conda_lock_yml import read_lock
from reprocheck.readers.environment_yml import parse_environment
from reprocheck.rules.engine import Selection, run_rules
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.late_rule import code_of, needs_of
from reprocheck.rules.registry import RULES
from reprocheck.workflows.installed import Installed, installed_findings, with_installed, without_told
from tests.rules.conftest import described, short_lock
from tests.rules.short_prefix import short_prefix

NOT_ASKED = Unseen(reason="not asked for")
FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "rules"
META = "env/conda-meta"
SITE = "env/lib/python3.11/site-packages"
ALL = Selection(select=("RC3", "RC4"))

FORGE_TORCH = "- conda linux-64 pytorch 2.6.0 cuda126_mkl_py312_h30b5a27_300\n"
CHANNEL_TORCH = "- conda linux-64 pytorch 2.5.1 py3.12_cuda12.4_cudnn9.1.0_0, channel pytorch\n"
TORCH = "- pip linux-64 torch {}, by pip\n"
MKL = "- conda osx-64 mkl 2023.2.2 h6ffd3d6_49628, needs intel-openmp 2023.*\n"
INTEL = "- conda osx-64 intel-openmp 2023.2.0 h6ffd3d6_49628\n"
NUMPY = "- conda linux-64 numpy {} py311_0\n"
CUDNNS = "- pip linux-64 nvidia-cudnn-cu12 9.1.0.70, by pip\n- pip linux-64 nvidia-cudnn-cu13 9.13.0.50, by pip\n"
NCCL = "- pip linux-64 torch 2.8.0, needs nvidia-nccl-cu12 ==2.27.3, by pip\n"
SCIPY_MKL = "- conda linux-64 scipy 1.11.4 py311_0, needs mkl >=2023\n- conda linux-64 mkl 2023.2.0 h84fe81f_50496\n"
PIP_NUMPY = "- pip linux-64 numpy 1.26.4, by pip\n  - lib/python3.11/site-packages/numpy.libs/{}\n"
CV2 = "- pip linux-64 opencv-python 4.9.0.80, by pip\n- pip linux-64 opencv-python-headless 4.9.0.80, by pip\n"
PYTHON = "- conda win-64 python 3.11.9 h631f459_0\n"


def facts_of(prefix: str, options: str = "", seen: str = "", **more: object) -> Facts:
    machine, precision, nodes = described(options, seen)
    facts = Facts(
        environment=NOT_ASKED,
        lock=NOT_ASKED,
        lock_path="conda-lock.yml",
        freshness=NOT_ASKED,
        machine=machine,
        names=load_name_map(),
        precision=precision,
        nodes=nodes,
    )
    return with_installed(replace(facts, **more), Installed(*short_prefix(prefix)))  # type: ignore[arg-type]


def found(facts: Facts, selection: Selection = ALL) -> tuple[Finding, ...]:
    return installed_findings(facts, selection)


def told(facts: Facts, code: str) -> list[str]:
    return [finding.location.path for finding in found(facts) if finding.code == code]


FIRES: dict[str, tuple[str, str, str, str]] = {  # code -> prefix, options, seen, place
    "RC305": (CV2, "", "", f"{SITE}/opencv_python-4.9.0.80.dist-info"),
    "RC306": (
        NUMPY.format("2.0.0") + "- pip linux-64 h5py 3.10.0, needs numpy >=1.17.3, by pip\n",
        "",
        "",
        f"{SITE}/h5py-3.10.0.dist-info",
    ),
    "RC401": (FORGE_TORCH, "--driver 470.57.02", "", f"{META}/pytorch-2.6.0-cuda126_mkl_py312_h30b5a27_300.json"),
    "RC402": (TORCH.format("2.5.1"), "--driver 535.129.03", "", f"{SITE}/torch-2.5.1.dist-info"),
    "RC403": (
        FORGE_TORCH + "- conda linux-64 cuda-compat 12.9.1 h1_0\n",
        "--driver 535.129.03 --gpu RTX4090",
        "",
        f"{META}/cuda-compat-12.9.1-h1_0.json",
    ),
    "RC404": (TORCH.format("2.5.1"), "--gpu sm_120", "", f"{SITE}/torch-2.5.1.dist-info"),
    "RC405": (
        "- pip linux-64 nvidia-cuda-runtime 13.0.48, by pip\n",
        "--gpu V100",
        "",
        f"{SITE}/nvidia_cuda_runtime-13.0.48.dist-info",
    ),
    "RC406": (
        "- conda linux-64 cuda-version 12.9 h1_3\n- conda linux-64 cudnn 9.13.1.26 h1_0\n",
        "--gpu V100",
        "",
        f"{META}/cudnn-9.13.1.26-h1_0.json",
    ),
    "RC410": (
        "- pip linux-64 torch 2.6.0+cu126, by pip\n- pip linux-64 jax-cuda13-plugin 0.8.0, by pip\n",
        "",
        "",
        f"{SITE}/jax_cuda13_plugin-0.8.0.dist-info",
    ),
    "RC411": (CUDNNS, "", "", f"{SITE}/nvidia_cudnn_cu12-9.1.0.70.dist-info"),
    "RC412": (
        "- conda linux-64 libtorch 2.6.0 cpu_mkl_h1_0\n" + TORCH.format("2.5.1"),
        "",
        "",
        f"{SITE}/torch-2.5.1.dist-info",
    ),
    "RC414": (
        "- conda linux-64 cuda-version 12.6 h1_3\n- conda linux-64 cudatoolkit 11.8.0 h1_13\n",
        "",
        "",
        f"{META}/cudatoolkit-11.8.0-h1_13.json",
    ),
    "RC416": (
        TORCH.format("2.5.1") + "- conda linux-64 cuda-nvcc 11.8.89 0\n",
        "",
        "",
        f"{META}/cuda-nvcc-11.8.89-0.json",
    ),
    "RC420": (TORCH.format("2.6.0+cpu"), "--gpu A100", "", f"{SITE}/torch-2.6.0+cpu.dist-info"),
    "RC430": (
        TORCH.format("2.4.1") + "- pip linux-64 torchvision 0.17.0, by pip\n",
        "",
        "",
        f"{SITE}/torchvision-0.17.0.dist-info",
    ),
    "RC431": (
        "- pip linux-64 torch 2.6.0, needs triton ==3.2.0, by pip\n- pip linux-64 triton 3.1.0, by pip\n",
        "",
        "",
        f"{SITE}/triton-3.1.0.dist-info",
    ),
    "RC432": (
        TORCH.format("2.4.0") + "- pip linux-64 torch-scatter 2.1.2+pt21cu118, by pip\n",
        "",
        "",
        f"{SITE}/torch_scatter-2.1.2+pt21cu118.dist-info",
    ),
    "RC433": (
        NCCL + "- pip linux-64 nvidia-nccl-cu12 2.21.5, by pip\n",
        "",
        "",
        f"{SITE}/nvidia_nccl_cu12-2.21.5.dist-info",
    ),
    "RC434": ("- pip linux-64 nvidia-cufft-cu13 0.0.1, by pip\n", "", "", f"{SITE}/nvidia_cufft_cu13-0.0.1.dist-info"),
    "RC440": (
        MKL + INTEL + "- pip osx-64 torch 2.2.2, by pip\n  - lib/python3.11/site-packages/torch/lib/libomp.dylib\n",
        "",
        "",
        f"{META}/intel-openmp-2023.2.0-h6ffd3d6_49628.json",
    ),
    "RC441": (SCIPY_MKL + PIP_NUMPY.format("libopenblas64_p-r0-1.so"), "", "", f"{SITE}/numpy-1.26.4.dist-info"),
    "RC442": (
        CHANNEL_TORCH + "- conda linux-64 mkl 2025.0.0 h1_941\n",
        "",
        "",
        f"{META}/mkl-2025.0.0-h1_941.json",
    ),
    "RC443": (TORCH.format("2.2.0") + NUMPY.format("2.1.3"), "", "", f"{SITE}/torch-2.2.0.dist-info"),
    "RC446": (
        "- pip linux-64 pyarrow 19.0.1, by pip, tagged cp311-cp311-manylinux_2_28_x86_64\n",
        "",
        "glibc 2.17",
        f"{SITE}/pyarrow-19.0.1.dist-info",
    ),
    "RC450": (TORCH.format("2.5.1"), "--gpu T4", "precision bf16", f"{SITE}/torch-2.5.1.dist-info"),
    "RC451": (TORCH.format("2.5.1"), "--gpu V100 --gpu A100", "", f"{SITE}/torch-2.5.1.dist-info"),
    "RC452": (
        TORCH.format("2.5.1"),
        "",
        "node b.json torch=2.4.1",
        f"{SITE}/torch-2.5.1.dist-info",
    ),
}


@pytest.mark.parametrize("code", sorted(FIRES))
def test_a_rule_about_packages_fires_at_the_record_of_what_is_installed(code: str) -> None:
    prefix, options, seen, place = FIRES[code]
    findings = found(facts_of(prefix, options, seen))
    assert [finding.location.path for finding in findings if finding.code == code] == [place]
    assert all(finding.location.path.startswith("env/") for finding in findings)


def test_every_rule_that_runs_over_what_is_installed_has_a_case() -> None:
    ran = {code_of(rule) for rule in RULES if code_of(rule).startswith(("RC3", "RC4"))}
    others = {"RC301", "RC302", "RC303", "RC304", "RC413", "RC415", "RC421", "RC422", "RC423", "RC444", "RC445"}
    assert ran - {*others, "RC453", "RC454", "RC455"} == set(FIRES)


@pytest.mark.parametrize(
    ("code", "prefix", "options", "seen"),
    [
        # both list their files, and share none: nothing is overwritten, whatever their names are
        ("RC305", "".join(f"{line}\n  - lib/{n}.py\n" for n, line in enumerate(CV2.splitlines())), "", ""),
        ("RC306", NUMPY.format("1.26.4") + "- pip linux-64 h5py 3.10.0, by pip\n", "", ""),
        ("RC401", FORGE_TORCH, "--driver 560.28.03", ""),
        ("RC402", TORCH.format("2.5.1") + "", "--driver 550.54.14", ""),
        ("RC403", FORGE_TORCH + "- conda linux-64 cuda-compat 12.9.1 h1_0\n", "--driver 535.129.03 --gpu A100", ""),
        ("RC404", TORCH.format("2.5.1"), "--gpu A100", ""),
        # somebody's own build for that GPU: which kernels it holds nobody knows
        ("RC404", "- pip linux-64 torch 2.5.1, by pip, for cuda 12.8\n", "--gpu sm_120", ""),
        ("RC404", "- pip linux-64 torch 2.5.1+gita8d6afb, by pip, for cuda 12.4\n", "--gpu sm_120", ""),
        ("RC405", "- pip linux-64 nvidia-cuda-runtime-cu12 12.4.127, by pip\n", "--gpu V100", ""),
        ("RC406", "- conda linux-64 cuda-version 12.9 h1_3\n- conda linux-64 cudnn 9.10.1.4 h1_0\n", "--gpu V100", ""),
        ("RC410", "- pip linux-64 torch 2.6.0+cu126, by pip\n- pip linux-64 jax-cuda12-plugin 0.5.0, by pip\n", "", ""),
        ("RC411", CUDNNS.replace("70, by pip", "70\n  - lib/1").replace("50, by pip", "50\n  - lib/2"), "", ""),
        (  # pip has taken the place of conda's pytorch, whose libtorch stays: RC604 tells it
            "RC412",
            "- conda linux-64 pytorch 2.6.0 cpu_mkl_py311_0\n"
            "  - lib/python3.11/site-packages/torch-2.6.0.dist-info/METADATA\n"
            "- conda linux-64 libtorch 2.6.0 cpu_mkl_h1_0\n" + TORCH.format("2.5.1"),
            "",
            "",
        ),
        ("RC414", "- conda linux-64 cuda-version 11.8 h1_3\n- conda linux-64 cudatoolkit 11.8.0 h1_13\n", "", ""),
        ("RC416", TORCH.format("2.5.1") + "- conda linux-64 cuda-nvcc 12.4.131 0\n", "", ""),
        # what is installed has been compiled; that no nvcc is there is no loss any more
        ("RC416", TORCH.format("2.5.1") + "- pip linux-64 flash-attn 2.6.3, by pip\n", "", ""),
        (
            "RC416",
            TORCH.format("2.5.1") + "- pip linux-64 deepspeed 0.15.0, by pip, tagged cp311-cp311-linux_x86_64\n",
            "",
            "",
        ),
        ("RC420", TORCH.format("2.6.0"), "--gpu A100", ""),
        # NVIDIA's builds for Jetson boards, and one that tells by itself what it was built for
        ("RC420", "- pip linux-aarch64 torch 2.5.0a0+872d972e41.nv24.8, by pip\n", "--gpu sm_87", ""),
        ("RC420", "- pip linux-aarch64 torch 2.8.0, by pip, for cuda 12.6\n", "--gpu sm_87", ""),
        ("RC430", TORCH.format("2.4.1") + "- pip linux-64 torchvision 0.19.1, by pip\n", "", ""),
        (  # both of another index, which writes no labels
            "RC430",
            "- pip linux-64 torch 2.4.1, by pip, for cuda 11.8\n- pip linux-64 torchvision 0.19.1, by pip\n",
            "",
            "",
        ),
        ("RC430", TORCH.format("0+unknown") + "- pip linux-64 torchvision 0.17.0, by pip\n", "", ""),
        ("RC431", "- pip linux-64 torch 2.6.0+cpu, by pip\n- pip linux-64 triton 3.1.0, by pip\n", "", ""),
        ("RC432", TORCH.format("2.1.0+cu118") + "- pip linux-64 torch-scatter 2.1.2+pt21cu118, by pip\n", "", ""),
        (  # the C++ interface of a torch that somebody else built is not known
            "RC432",
            "- pip linux-64 torch 2.5.1, by pip, for cuda 12.8\n- pip linux-64 flash-attn 2.7.0, by pip, direct archive"
            " https://w.invalid/flash_attn-2.7.0+cu12torch2.5cxx11abiTRUE-cp311-cp311-linux_x86_64.whl\n",
            "",
            "",
        ),
        ("RC432", PYTHON + "- pip win-64 lmdb 1.4.1, by pip, tagged cp311-cp311-win_amd64\n", "", ""),
        ("RC432", PYTHON + "- pip win-64 bcrypt 4.2.0, by pip, tagged cp39-abi3-win_amd64\n", "", ""),
        ("RC433", NCCL + "- pip linux-64 nvidia-nccl-cu12 2.27.3, by pip\n", "", ""),
        # a torch of another index asks for none of these libraries
        ("RC433", TORCH.format("2.8.0") + "- pip linux-64 nvidia-nccl-cu12 2.21.5, by pip\n", "", ""),
        ("RC434", "- pip linux-64 nvidia-cufft-cu12 11.2.1.3, by pip\n", "", ""),
        ("RC440", MKL + INTEL + "- pip osx-64 torch 2.2.2, by pip\n  - lib/torch/lib/libtorch_cpu.dylib\n", "", ""),
        ("RC441", SCIPY_MKL + PIP_NUMPY.format("libgfortran-1.so"), "", ""),
        ("RC442", CHANNEL_TORCH + "- conda linux-64 mkl 2023.2.0 h1_941\n", "", ""),
        ("RC443", TORCH.format("2.2.0") + NUMPY.format("1.26.4"), "", ""),
        ("RC443", TORCH.format("0+unknown") + NUMPY.format("2.1.3"), "", ""),
        (
            "RC446",
            "- pip linux-64 pyarrow 19.0.1, by pip, tagged cp311-cp311-manylinux_2_17_x86_64"
            " cp311-cp311-manylinux2014_x86_64\n",
            "",
            "glibc 2.17",
        ),
        ("RC446", "- pip linux-64 pyarrow 19.0.1, by pip, tagged cp311-cp311-linux_x86_64\n", "", "glibc 2.17"),
        ("RC450", TORCH.format("2.5.1"), "--gpu A100", "precision bf16"),
        ("RC451", TORCH.format("2.5.1"), "--gpu A100 --gpu sm_80", ""),
        ("RC452", TORCH.format("2.5.1"), "", "node b.json torch=2.5.1"),
    ],
)
def test_what_is_nearly_the_same_and_well_gives_nothing(code: str, prefix: str, options: str, seen: str) -> None:
    assert told(facts_of(prefix, options, seen), code) == []


def test_the_tags_of_a_wheel_tell_for_which_python_it_is() -> None:
    wheel = PYTHON + "- pip win-64 lmdb 1.4.1, by pip, tagged cp39-cp39-win_amd64\n"
    [finding] = found(facts_of(wheel))
    assert finding.message == "`lmdb 1.4.1` does not fit on win-64: the wheel is for cp39, and Python is 3.11"
    assert finding.fix == (
        "take the `lmdb` that is made for the torch, the CUDA and the Python of this environment, and"
        " run `reprocheck lock`, then `reprocheck create -p env`"
    )


def test_deepspeed_that_compiles_on_first_use_is_told_without_a_compiler() -> None:
    deepspeed = "- pip linux-64 deepspeed 0.15.0, by pip, tagged py3-none-any\n"
    [finding] = found(facts_of(TORCH.format("2.5.1") + deepspeed))
    assert finding.message == "`deepspeed 0.15.0` is compiled with nvcc, and none is installed"
    assert finding.evidence == (
        "unlabelled PyPI wheel `torch 2.5.1` gives CUDA 12.4",
        "that happens on first use, by the compiler of the system (CUDA_HOME), if there is one",
    )


def test_torch_itself_tells_its_cuda_before_any_table() -> None:
    prefix = "- pip linux-64 torch 2.5.1, by pip, for cuda 12.1\n"
    [finding] = found(facts_of(prefix, "--driver 470.57.02"))
    assert finding.evidence[0] == "`torch/version.py` of `torch 2.5.1` gives CUDA 12.1"
    [finding] = found(facts_of(prefix + "- pip linux-64 torchvision 0.20.1+cu118, by pip\n"))
    assert finding.evidence == ("torch 2.5.1 is built with CUDA 12.1, torchvision 0.20.1+cu118 with CUDA 11.8",)


def test_a_torch_that_names_no_cuda_is_a_build_without_it_whatever_its_label() -> None:
    [finding] = found(facts_of("- pip linux-64 torch 2.5.1, by uv, for cuda none\n", "--gpu A100"))
    assert finding.message == (
        "`torch 2.5.1` is a build without CUDA on linux-64,"
        " but the machine has A100 according to `--driver` and `--gpu`"
    )
    assert finding.evidence[0] == "`torch/version.py` of `torch 2.5.1` names no CUDA"
    assert found(facts_of("- pip linux-64 torch 2.5.1, by uv, for cuda none\n")) == ()


@pytest.mark.parametrize(
    ("environment", "lock"),
    [
        ("dependencies:\n- pytorch-cpu=2.6\n", None),
        (None, "- reprocheck.cuda: none\n- conda linux-64 pytorch 2.6.0 cpu_mkl_py312_h446997d_101\n"),
    ],
)
def test_a_cpu_build_that_was_decided_for_is_no_surprise_on_a_machine_with_a_gpu(
    environment: str | None, lock: str | None
) -> None:
    prefix = "- conda linux-64 pytorch 2.6.0 cpu_mkl_py312_h446997d_101\n"
    file = parse_environment(environment.encode(), "environment.yml") if environment else NOT_ASKED
    facts = facts_of(prefix, "--gpu A100", environment=file, lock=short_lock(lock) if lock else NOT_ASKED)
    assert found(facts) == ()
    assert [finding.code for finding in found(facts_of(prefix, "--gpu A100"))] == ["RC420"]


def test_a_record_that_was_left_behind_is_no_package() -> None:
    prefix = TORCH.format("2.2.0") + TORCH.format("2.5.1") + NUMPY.format("2.1.3")
    assert found(facts_of(prefix)) == ()


@pytest.mark.parametrize(
    ("prefix", "code"),
    [
        (TORCH.format("2.4.1") + "- pip linux-64 torchvision 0.17.0, needs torch ==2.2.0, by pip\n", "RC430"),
        (FIRES["RC431"][0], "RC431"),
        (FIRES["RC433"][0], "RC433"),
        (TORCH.format("2.4.0") + "- pip linux-64 xformers 0.0.25, needs torch ==2.2.1, by pip\n", "RC432"),
        (NUMPY.format("1.21.6") + "- pip linux-64 pandas 2.2.3, needs numpy >=1.22.4, by pip\n", "RC306"),
    ],
)
def test_a_need_that_a_rule_knows_more_about_is_told_once(prefix: str, code: str) -> None:
    facts = facts_of(prefix)
    selection = Selection(select=("RC3", "RC4", "RC6"))
    beside = found(facts, selection)
    audit = run_rules(without_told(facts, beside), RULES, selection, beside)
    assert [finding.code for finding in audit.findings] == [code]
    only_needs = Selection(select=("RC610",))
    beside = found(facts, only_needs)
    assert [finding.code for finding in run_rules(without_told(facts, beside), RULES, only_needs, beside).findings] == [
        "RC610"
    ]


def test_a_need_that_no_other_rule_tells_stays() -> None:
    more = "- pip linux-64 tool 1.0, needs einops >=0.8, by pip\n- pip linux-64 einops 0.7, by pip\n"
    facts = facts_of(FIRES["RC431"][0] + more + "- pip linux-64 other 1.0, needs nowhere, by pip\n")
    kept = without_told(facts, found(facts)).installed_unmet
    assert [(one.package.name, one.name) for one in kept] == [("other", "nowhere"), ("tool", "einops")]


@pytest.mark.parametrize(
    ("lines", "fix"),
    [
        ("", "run `reprocheck lock`, then `reprocheck create -p env`"),
        ("- maker reprocheck\n", "run `reprocheck lock`, then `reprocheck create -p env`"),
        ("- maker conda\n", "run `conda env update -p env -f environment.yml`"),
        ("- maker micromamba\n", "run `micromamba install -p env -f environment.yml`"),
        ("- maker pixi\n", "run `pixi install`"),
        ("- maker uv\n- kind venv\n", "install it by `uv pip install -p env`"),
        ("- maker venv\n- kind venv\n", "install it by pip"),
    ],
)
def test_a_fix_speaks_of_the_tool_that_made_the_environment(lines: str, fix: str) -> None:
    prefix = TORCH.format("2.4.1") + "- pip linux-64 torchvision 0.17.0, by pip\n"
    [finding] = found(facts_of(prefix + lines))
    assert finding.fix == f"ask for `torchvision==0.19.1`, from the index of torch, and {fix}"


@pytest.mark.parametrize(
    ("lines", "fix"),
    [
        ("- maker reprocheck\n", "run `reprocheck lock --cuda 11.4`, then `reprocheck create -p env`"),
        ("- maker mamba\n", "run `CONDA_OVERRIDE_CUDA=11.4 mamba env update -p env -f environment.yml`"),
        ("- maker pixi\n", 'write `cuda = "11.4"` in `[system-requirements]` and run `pixi install`'),
    ],
)
def test_another_cuda_is_asked_for_by_the_tool_that_made_the_environment(lines: str, fix: str) -> None:
    [finding] = found(facts_of(FORGE_TORCH + lines, "--driver 470.57.02"))
    assert finding.fix == f"upgrade the driver to 525.60.13 or newer, or {fix}"


@pytest.mark.parametrize(
    ("prefix", "place"),
    [
        (TORCH.format("2.5.1"), f"{SITE}/torch-2.5.1.dist-info"),
        (FORGE_TORCH, f"{META}/pytorch-2.6.0-cuda126_mkl_py312_h30b5a27_300.json"),
        (NUMPY.format("2.1.3"), "env"),
    ],
)
def test_what_is_said_of_a_machine_alone_stands_at_the_torch_that_is_installed(prefix: str, place: str) -> None:
    facts = facts_of(prefix, "--gpu V100 --gpu A100")
    audit = run_rules(facts, RULES, Selection(select=("RC451",)), found(facts, Selection(select=("RC451",))))
    assert [finding.location.path for finding in audit.findings] == [place]


def test_what_is_said_of_a_machine_alone_stands_at_the_lock_where_there_is_one() -> None:
    lock = short_lock("- conda linux-64 numpy 1.26.4 py311_0\n")
    facts = facts_of(TORCH.format("2.5.1"), "--gpu V100 --gpu A100", lock=lock)
    audit = run_rules(facts, RULES, Selection(select=("RC451",)), found(facts, Selection(select=("RC451",))))
    assert [finding.location.path for finding in audit.findings] == ["conda-lock.yml"]


@pytest.mark.parametrize(
    ("seen", "code"),
    [
        ("compat libcuda 550.54.15\nrefusal compat CUDA error 804: forward compatibility was attempted", "RC403"),
        ("driver part kernel module 535.129.03\ndriver part libcuda 535.183.01", "RC453"),
        ("LD_LIBRARY_PATH libcudart.so.12", "RC415"),
    ],
)
def test_what_was_observed_of_this_machine_is_told_once_and_at_what_is_installed(seen: str, code: str) -> None:
    facts = facts_of(TORCH.format("2.5.1"), seen=seen)
    audit = run_rules(facts, RULES, ALL, found(facts))
    assert [(finding.code, finding.location.path) for finding in audit.findings] == [
        (code, f"{SITE}/torch-2.5.1.dist-info")
    ]


def test_the_driver_and_the_gpus_of_this_machine_are_held_against_what_is_installed() -> None:
    gpu = Gpu(name="NVIDIA RTX PRO 6000 Blackwell", compute_capability="12.0")
    machine = TargetMachine(driver_version="580.65.06", gpus=(gpu,), source="this machine")
    [finding] = found(facts_of(TORCH.format("2.5.1"), machine=machine))
    assert (finding.code, finding.evidence[-1]) == (
        "RC404",
        "NVIDIA RTX PRO 6000 Blackwell (sm_120) according to this machine",
    )
    assert found(facts_of(TORCH.format("2.7.1+cu128"), machine=machine)) == ()


_SPEAKS_OF_A_LOCK = re.compile(r"\block(?:s|ed)?\b")
_QUOTED = re.compile(r"`[^`]*`")  # names of files, and commands


def _as_installed(lock: Lock, platform: str) -> tuple[Lock, Prefix]:
    """Return a lock of a fixture as if its packages were installed."""
    packages = tuple(replace(one, line=line) for line, one in enumerate(lock.on(platform), start=1))
    records = tuple(f"env/{one.name}" for one in packages)
    there = replace(lock, path="env", platforms=(platform,), packages=packages, records=records, custom_metadata=())
    return there, short_prefix("")[0]


def _cases() -> Iterator[tuple[Path, str]]:
    for case in sorted(FIXTURES.glob("rc[34]*/fires/*/conda-lock.yml")):
        for platform in read_lock(case).platforms:
            yield case, platform


@pytest.mark.parametrize(("case", "platform"), tuple(_cases()), ids=lambda part: str(part).rpartition("rules/")[2])
def test_nothing_that_is_said_of_an_environment_speaks_of_a_lock(case: Path, platform: str) -> None:
    lock, prefix = _as_installed(read_lock(case), platform)
    options = case.with_name("options.txt")
    words, _, seen = (options.read_text("utf-8") if options.exists() else "").partition("\n")
    machine, precision, nodes = described(words.replace("--expect-gpu", ""), seen)
    facts = replace(
        facts_of(""),
        lock=lock,
        lock_path="env",
        prefix=prefix,
        platforms=(platform,),
        machine=machine,
        precision=precision,
        nodes=nodes,
        expects_gpu="--expect-gpu" in words,
    )
    for rule in RULES:
        blind = any(isinstance(getattr(facts, need.value), Unseen) for need in needs_of(rule))
        for finding in () if code_of(rule) not in FIRES or blind else rule.check(facts):
            beside = (one.message for one in finding.related)
            fix = (finding.fix or "").replace("install every node from one lock", "")
            said = (_QUOTED.sub("", text) for text in (finding.message, *finding.evidence, *beside, fix))
            assert [text for text in said if _SPEAKS_OF_A_LOCK.search(text)] == [], finding.code
