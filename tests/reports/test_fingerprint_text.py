"""The page of a fingerprint, whole."""

from __future__ import annotations

import pytest

from reprocheck.model.fingerprints import fingerprint_digest
from reprocheck.model.json_documents import Json
from reprocheck.reports.fingerprint_text import render_fingerprint, words

ABSENT: Json = {"status": "missing", "detail": "no NVIDIA driver on this machine"}
NO_TORCH: Json = {"status": "missing", "detail": "torch is not installed"}

CPU: dict[str, Json] = {
    "model": "Some CPU",
    "family": "6",
    "modelNumber": "85",
    "stepping": "7",
    "cores": 2,
    "logicalCores": 4,
    "usableCores": 4,
    "sockets": 1,
    "isa": ["avx", "avx2"],
    "hypervisor": True,
}
HOST: dict[str, Json] = {
    "os": "debian 12",
    "kernel": "Linux 6.1",
    "architecture": "x86_64",
    "libc": "glibc 2.36",
    "cpu": CPU,
    "memoryBytes": 8 * 2**30,
    "container": {"kind": "none seen"},
}
PYTHON: dict[str, Json] = {
    "implementation": "CPython",
    "version": "3.11.7",
    "compiler": "GCC 12",
    "environment": "venv",
    "hashRandomization": True,
}
PACKAGES: list[Json] = [
    {"name": "numpy", "manager": "conda", "scope": "environment"},
    {"name": "rich", "manager": "pip", "scope": "user"},
    {"name": "torch", "manager": "pip", "scope": "environment"},
]
TORCH: dict[str, Json] = {
    "version": "2.6.0+cu124",
    "gitVersion": "2236df17",
    "cuda": "12.4",
    "hip": {"status": "missing", "detail": "a build without ROCm"},
    "cudnn": 90100,
    "nccl": {"built": "2.21.5", "loaded": {"status": "raises", "detail": "OSError"}},
    "libraries": {"mkl": "2024.2", "onednn": "3.5", "openmp": "201511", "compiler": "GCC 9.3"},
    "architectures": ["sm_80", "sm_90"],
    "loadedLibraries": ["libgomp.so.1"],
}
GPU: dict[str, Json] = {
    "vendor": "nvidia",
    "model": "NVIDIA H100",
    "count": 8,
    "memoryBytes": {"status": "denied", "detail": "insufficient permissions"},
    "computeCapability": "9.0",
    "mig": "disabled",
}
FULL: dict[str, Json] = {
    "schema": "reprocheck/fingerprint/1",
    "host": HOST,
    "accelerators": [GPU],
    "driver": {"version": "550.54.15", "cudaUserMax": "12.4", "kernelModule": "550.54.15"},
    "software": {"python": PYTHON, "torch": TORCH, "packages": PACKAGES},
    "runtime": {
        "threads": {"intraOp": 4, "mkl": {"status": "missing"}},
        "flags": {
            "precision": {"fp32CudnnConv": "tf32", "allowTf32Cudnn": {"status": "raises", "detail": "RuntimeError"}},
            "attention": {"priority": ["flash", "math"], "flash": True, "math": False},
        },
        "env": {"MKL_NUM_THREADS": "3", "TORCH_HOME": "<withheld sha256:0123456789ab>"},
    },
    "collection": [{"source": "nvml", "status": "denied", "detail": "why"}, {"source": "torch", "status": "ok"}],
}
FULL_PAGE = """\
Host
  system          debian 12, Linux 6.1, x86_64, glibc 2.36
  processor       Some CPU, family 6, model 85, stepping 7, virtual machine
  cores           2 physical, 4 logical, 4 usable, 1 socket(s)
  instructions    avx avx2
  memory          8.0 GiB
  container       none seen

Accelerators
  GPU             8 x NVIDIA H100, compute capability 9.0, memory not read (denied: insufficient
                  permissions), MIG disabled
  driver          550.54.15
  newest CUDA     12.4
  kernel module   550.54.15

Python
  python          CPython, 3.11.7, GCC 12
  environment     venv
  hash seed       random
  packages        3: 1 by conda, 2 by pip
  from outside    rich

Torch
  torch           2.6.0+cu124, commit 2236df17
  CUDA            12.4
  ROCm            none (a build without ROCm)
  cuDNN           90100
  NCCL            built with 2.21.5, loaded not read (raises: OSError)
  MKL             2024.2
  oneDNN          3.5
  OpenMP          201511
  compiler        GCC 9.3
  GPU code for    sm_80 sm_90
  loaded          libgomp.so.1

Settings in force
  threads         intraOp=4
  attention       flash=yes math=no priority=flash,math
  precision       allowTf32Cudnn=(raises) fp32CudnnConv=tf32

Environment variables that change numbers
  MKL_NUM_THREADS  3
  TORCH_HOME       withheld, sha256 begins 0123456789ab

Sources that told nothing
  nvml            denied: why

Fingerprint sha256:DIGEST
"""


def test_the_page_of_a_gpu_node() -> None:
    assert render_fingerprint(FULL) == FULL_PAGE.replace("DIGEST", fingerprint_digest(FULL))


def section(page: str, title: str) -> list[str]:
    lines = page.splitlines()
    start = lines.index(title) + 1
    return lines[start : lines.index("", start)]


def test_a_machine_without_gpu_and_torch_says_so() -> None:
    document: dict[str, Json] = {
        **FULL,
        "accelerators": [],
        "driver": {"version": ABSENT},
        "software": {"python": PYTHON, "torch": NO_TORCH, "packages": []},
        "runtime": {"flags": NO_TORCH, "threads": NO_TORCH, "env": {}},
        "collection": [],
    }
    page = render_fingerprint(document)
    assert section(page, "Accelerators") == [
        "  GPU             none",
        "  driver          none (no NVIDIA driver on this machine)",
    ]
    assert section(page, "Python")[3] == "  packages        none"
    assert section(page, "Torch") == ["  torch           none (torch is not installed)"]
    assert section(page, "Settings in force") == ["  settings        none (torch is not installed)"]
    assert section(page, "Environment variables that change numbers") == ["  none            is set"]
    assert "Sources that told nothing" not in page


def test_a_fingerprint_with_nothing_in_it_is_still_a_page() -> None:
    page = render_fingerprint({"schema": "reprocheck/fingerprint/1"})
    assert section(page, "Host") == ["  host            none (not in this fingerprint)"]
    assert section(page, "Accelerators")[0] == "  GPU             none (not in this fingerprint)"
    assert section(page, "Python")[-1] == "  packages        none (not in this fingerprint)"
    assert section(page, "Sources that told nothing") == ["  sources         none (not in this fingerprint)"]


def test_a_driver_that_hangs_is_told_as_not_read() -> None:
    hung: Json = {"status": "timeout", "detail": "no answer within 20 s"}
    page = render_fingerprint({**FULL, "accelerators": hung, "driver": {"version": hung}})
    assert section(page, "Accelerators") == [
        "  GPU             not read (timeout: no answer within 20 s)",
        "  driver          not read (timeout: no answer within 20 s)",
    ]


def test_a_build_without_nccl_says_so() -> None:
    nccl: Json = {"status": "missing", "detail": "a build without NCCL"}
    page = render_fingerprint({**FULL, "software": {"python": PYTHON, "torch": {**TORCH, "nccl": nccl}}})
    assert "  NCCL            none (a build without NCCL)" in page.splitlines()


def test_one_group_of_settings_that_is_unread_hides_no_other() -> None:
    flags: Json = {"amp": {"status": "raises", "detail": "why"}, "cpu": {"capability": "AVX2"}}
    page = render_fingerprint({**FULL, "runtime": {"flags": flags, "threads": {}, "env": {}}})
    assert section(page, "Settings in force")[1:] == [
        "  amp             not read (raises: why)",
        "  cpu             capability=AVX2",
    ]


def test_switches_that_nobody_touched_are_counted_and_others_told_with_who_did_it() -> None:
    title = "Switches that change bits, where not at their defaults"
    quiet: dict[str, Json] = {"threads": {"value": 2, "origin": "default"}, "nnpack": {"status": "missing"}}
    page = render_fingerprint({**FULL, "runtime": {"switches": quiet}})
    assert section(page, title) == ["  none            all 2 are as torch and the machine have them"]
    switches: dict[str, Json] = {
        **quiet,
        "threads": {"value": 2, "origin": "default", "asked": "8"},
        "mkl-cbwr": {"value": "AUTO", "origin": "environment", "asked": "AVX2"},
        "sdpa-priority": {"value": ["math", "flash"], "origin": "code"},
        "allow-tf32-cudnn": {"status": "raises", "detail": "RuntimeError: mixed"},
    }
    page = render_fingerprint({**FULL, "runtime": {"switches": switches}})
    assert section(page, title) == [
        "  allow-tf32-cudnn  (raises)",
        "  mkl-cbwr          AUTO, by the environment (AVX2 was asked for)",
        "  sdpa-priority     math,flash, by code",
        "  threads           2 (8 was asked for)",
    ]


def test_a_fingerprint_without_switches_has_no_section_of_them() -> None:
    assert "Switches that change bits" not in render_fingerprint(FULL)


def test_hostile_text_is_made_visible() -> None:
    page = render_fingerprint({**FULL, "runtime": {"env": {"OMP_\x1b[31m": "a\u202eb"}}})
    assert "  OMP_\\u{1b}[31m  a\\u{202e}b" in page.splitlines()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "yes"),
        (False, "no"),
        ([], "none"),
        (["a", True], "a yes"),
        (3, "3"),
        ({"status": "missing"}, "not read (missing)"),
        ({"status": "exit-9", "detail": "no driver"}, "not read (exit-9: no driver)"),
    ],
)
def test_every_value_has_words(value: Json, text: str) -> None:
    assert words(value) == text
