"""Environments on disk, as pip, uv and conda write them, read and judged by the rules about packages."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from reprocheck.facts.name_map import load_name_map
from reprocheck.model.findings import Finding
from reprocheck.readers.prefixes.inspection import InspectionRequest, inspect
from reprocheck.readers.prefixes.installed import read_prefix
from reprocheck.rules.engine import Selection
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.workflows.installed import Installed, installed_findings, with_installed
from tests.rules.conftest import described

NOT_ASKED = Unseen(reason="not asked for")
SITE = "lib/python3.11/site-packages"
LINUX = "cp311-cp311-manylinux_2_17_x86_64 cp311-cp311-manylinux2014_x86_64"
VERSION_PY = """\
from typing import Optional

__all__ = ['__version__', 'debug', 'cuda', 'git_version', 'hip']
__version__ = '{version}'
debug = False
cuda: Optional[str] = {cuda}
git_version = 'a8d6afb511a69687bbb2b7e88a3cf67917e1697e'
hip: Optional[str] = None
"""


class Disk:
    """An environment that is written by hand."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text, encoding="utf-8")

    def wheel(self, name: str, version: str, tags: str, files: Mapping[str, str], *needs: str) -> None:
        """Write a project as pip does: its files, METADATA, WHEEL, INSTALLER and RECORD."""
        info = f"{name.replace('-', '_')}-{version}.dist-info"
        head = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        own = {
            f"{info}/METADATA": head + "".join(f"Requires-Dist: {need}\n" for need in needs),
            f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: bdist_wheel (0.44.0)\nRoot-Is-Purelib: false\n"
            + "".join(f"Tag: {tag}\n" for tag in tags.split()),
            f"{info}/INSTALLER": "pip\n",
        }
        rows = []
        for path, text in {**files, **own}.items():
            self.write(f"{SITE}/{path}", text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            rows.append(f"{path},sha256={digest},{len(text.encode())}\n")
        self.write(f"{SITE}/{info}/RECORD", "".join(rows) + f"{info}/RECORD,,\n")

    def torch(self, version: str, cuda: str | None, *files: str) -> None:
        """Write torch with what its build writes into `version.py`."""
        told = VERSION_PY.format(version=version, cuda=repr(cuda))
        libraries = dict.fromkeys((f"torch/lib/{name}" for name in files), "library")
        self.wheel("torch", version, "cp311-cp311-linux_x86_64", {"torch/version.py": told, **libraries})

    def record(self, name: str, version: str, build: str, subdir: str = "linux-64", *depends: str) -> None:
        """Write a record of `conda-meta` as conda does, of a package of conda-forge without files."""
        channel = f"https://conda.anaconda.org/conda-forge/{subdir}"
        record = {
            "name": name,
            "version": version,
            "build": build,
            "subdir": subdir,
            "channel": channel,
            "url": f"{channel}/{name}-{version}-{build}.conda",
            "sha256": "b" * 64,
            "depends": list(depends),
            "files": [],
            "paths_data": {"paths_version": 1, "paths": []},
        }
        self.write(f"conda-meta/{name}-{version}-{build}.json", json.dumps(record))

    def judged(self, options: str = "", seen: str = "") -> list[Finding]:
        """Return what the rules about packages and machines find."""
        prefix = read_prefix(self.root, "env", "linux-64")
        request = InspectionRequest(fast=True, journal=None, progress=lambda _: None)
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
        facts = with_installed(facts, Installed(prefix, inspect(self.root, prefix, request)))
        return list(installed_findings(facts, Selection()))


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    """Return an environment of conda with its Python and nothing else."""
    made = Disk(tmp_path)
    made.record("python", "3.11.9", "hb806964_0_cpython")
    return made


def place(name: str) -> str:
    return f"env/{SITE}/{name}.dist-info"


@pytest.mark.parametrize(("driver", "expected"), [("470.57.02", ["RC401"]), ("550.54.14", [])])
def test_a_driver_is_held_against_the_cuda_that_torch_itself_names(
    disk: Disk, driver: str, expected: list[str]
) -> None:
    disk.torch("2.5.1", "12.4", "libtorch_cuda.so")
    findings = disk.judged(f"--driver {driver}")
    assert [finding.code for finding in findings] == expected
    for finding in findings:
        assert finding.location.path == place("torch-2.5.1")
        assert finding.message == f"driver {driver} is too old for CUDA 12.4 on linux-64: it takes 525.60.13 or newer"
        assert finding.evidence[0] == "`torch/version.py` of `torch 2.5.1` gives CUDA 12.4"


def test_a_driver_is_held_against_the_build_string_of_a_record(disk: Disk) -> None:
    disk.record("pytorch", "2.6.0", "cuda126_mkl_py311_h30b5a27_300")
    [finding] = disk.judged("--driver 470.57.02")
    assert (finding.code, finding.location.path) == (
        "RC401",
        "env/conda-meta/pytorch-2.6.0-cuda126_mkl_py311_h30b5a27_300.json",
    )


@pytest.mark.parametrize(
    ("cuda", "gpu", "expected"),
    [("12.4", "sm_120", ["RC404"]), ("12.4", "A100", []), ("12.8", "sm_120", []), ("12.4", "V100", [])],
)
def test_kernels_are_those_of_the_wheel_that_is_there(disk: Disk, cuda: str, gpu: str, expected: list[str]) -> None:
    disk.torch("2.5.1", cuda, "libtorch_cuda.so")
    findings = disk.judged(f"--gpu {gpu}")
    assert [finding.code for finding in findings] == expected
    assert all(finding.location.path == place("torch-2.5.1") for finding in findings)


@pytest.mark.parametrize(("version", "expected"), [("0.19.1", []), ("0.20.1", ["RC430"])])
def test_torchvision_is_held_against_the_torch_that_is_there(disk: Disk, version: str, expected: list[str]) -> None:
    disk.torch("2.4.1", "12.1")
    disk.wheel("torchvision", version, LINUX, {"torchvision/__init__.py": ""}, "numpy; extra == 'x'", "torch (==2.5.1)")
    # The table says which torch a release is for; what the wheel asks for itself comes before it.
    findings = disk.judged()
    assert [finding.code for finding in findings] == ["RC430"]
    disk.wheel("torchvision", version, LINUX, {"torchvision/__init__.py": ""})
    findings = disk.judged()
    assert [finding.code for finding in findings] == expected
    for finding in findings:
        assert finding.location.path == place(f"torchvision-{version}")
        assert finding.evidence == ("torchvision 0.20.1 is made for torch 2.5.1",)


@pytest.mark.parametrize(
    ("version", "address", "expected"),
    [
        ("2.1.2+pt24cu121", None, []),
        ("2.1.2+pt21cu118", None, ["RC432"]),
        ("2.1.2", None, []),  # nothing tells what it was built for
        ("2.1.2", "https://wheels.invalid/torch_scatter-2.1.2%2Bpt21cu118-cp311-cp311-linux_x86_64.whl", ["RC432"]),
    ],
)
def test_an_extension_is_held_against_the_torch_that_is_there(
    disk: Disk, version: str, address: str | None, expected: list[str]
) -> None:
    disk.torch("2.4.0", "12.1")
    disk.wheel("torch-scatter", version, "cp311-cp311-linux_x86_64", {"torch_scatter/__init__.py": ""})
    if address:
        origin = {"url": address, "archive_info": {}}
        disk.write(f"{SITE}/torch_scatter-{version}.dist-info/direct_url.json", json.dumps(origin))
    findings = disk.judged()
    assert [finding.code for finding in findings] == expected
    for finding in findings:
        assert finding.location.path == place(f"torch_scatter-{version}")
        assert finding.evidence[0] == "it is built for torch 2.1, not 2.4.0"


@pytest.mark.parametrize(("library", "expected"), [("libgomp-a34b3233.so.1", ["RC440"]), ("libother.so", [])])
def test_an_openmp_runtime_counts_where_a_wheel_lists_it(disk: Disk, library: str, expected: list[str]) -> None:
    disk.record("llvm-openmp", "18.1.8", "hf5423f3_1")
    disk.torch("2.4.1", "12.1", library)
    findings = disk.judged()
    assert [finding.code for finding in findings] == expected
    assert all(finding.location.path == "env/conda-meta/llvm-openmp-18.1.8-hf5423f3_1.json" for finding in findings)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [("cp311-cp311-manylinux_2_28_x86_64", ["RC446"]), (LINUX, []), ("cp311-cp311-linux_x86_64", []), ("", [])],
)
def test_glibc_is_held_against_the_tags_of_a_wheel(disk: Disk, tags: str, expected: list[str]) -> None:
    disk.wheel("pyarrow", "19.0.1", tags, {"pyarrow/__init__.py": ""})
    assert [finding.code for finding in disk.judged(seen="glibc 2.17")] == expected


def test_a_torch_whose_version_cannot_be_read_is_what_its_label_says(disk: Disk) -> None:
    disk.wheel("torch", "2.5.1+cu121", LINUX, {"torch/lib/libtorch_cuda.so": "library"})
    disk.write(f"{SITE}/torch/version.py/oddly", "a folder")
    [finding] = disk.judged("--driver 470.57.02")
    assert finding.evidence[0] == "label of `torch 2.5.1+cu121` gives CUDA 12.1"


def test_what_conda_installed_is_told_by_its_record_alone(disk: Disk) -> None:
    info = f"{SITE}/torch-2.5.1.dist-info"
    disk.torch("2.5.1", "12.4")
    (disk.root / info / "INSTALLER").write_text("conda\n", encoding="utf-8")
    disk.record("pytorch", "2.5.1", "cpu_mkl_py311_h446997d_101")
    path = disk.root / "conda-meta/pytorch-2.5.1-cpu_mkl_py311_h446997d_101.json"
    record = json.loads(path.read_text("utf-8"))
    record["files"] = [f"{info}/METADATA"]
    record["paths_data"]["paths"] = [{"_path": f"{info}/METADATA", "path_type": "hardlink"}]
    path.write_text(json.dumps(record), encoding="utf-8")
    [torch] = read_prefix(disk.root, "env", "linux-64").distributions
    assert (torch.tags, torch.cuda) == ((), None)
    [finding] = disk.judged("--gpu A100")
    assert (finding.code, finding.packages[0].manager) == ("RC420", "conda")


def test_a_virtual_environment_is_judged_as_well(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    disk.write("pyvenv.cfg", "home = /usr/bin\nversion = 3.11.9\n")
    disk.torch("2.2.0", "12.1")
    disk.wheel("numpy", "2.1.3", LINUX, {"numpy/__init__.py": ""})
    [finding] = disk.judged()
    assert (finding.code, finding.location.path) == ("RC443", place("torch-2.2.0"))
    assert finding.fix == "pin `numpy<2`, or take torch 2.3.0 or later, and install it by pip"
