"""The child that asks libcuda, run as it is run, with a small C library that plays libcuda."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import reprocheck.machine.accelerators as accelerators
from reprocheck.machine.child_process import ChildOutcome, run_child
from reprocheck.machine.cuda_answer import parse_cuda
from reprocheck.model.fingerprints import unread

SCRIPT = Path(accelerators.__file__).with_name("cuda_driver_child.py")
COMPILER = shutil.which("cc") or ""
pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the loader of Linux"),
    pytest.mark.skipif(not COMPILER, reason="needs a C compiler"),
]

# Signatures as in cuda.h; 75 and 76 are the two numbers of the compute capability.
LIBCUDA = """
#include <stddef.h>
#include <string.h>
#include <unistd.h>
int cuDriverGetVersion(int *version) { *version = 12040; return 0; }
int cuInit(unsigned flags) { (void)flags; %s }
int cuDeviceGetCount(int *count) { *count = 2; return 0; }
int cuDeviceGet(int *device, int index) { *device = index; return index == 0 ? 0 : 101; }
int cuDeviceGetName(char *name, int size, int device) { (void)device; strncpy(name, "NVIDIA A100", size); return 0; }
int cuDeviceTotalMem_v2(size_t *size, int device) { (void)device; *size = 85899345920; return 0; }
int cuDeviceGetAttribute(int *value, int attribute, int device) {
  (void)device; *value = attribute == 75 ? 8 : 0; return 0;
}
"""

Ask = Callable[..., ChildOutcome]


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """Run the child with a libcuda whose `cuInit` is the C statement given."""

    def asking(cu_init: str, folder: str = "lib", deadline_s: float = 20.0) -> ChildOutcome:
        library = tmp_path / folder / "libcuda.so.550.54.15"
        library.parent.mkdir(parents=True)
        source = tmp_path / "cuda.c"
        source.write_text(LIBCUDA % cu_init)
        subprocess.run([COMPILER, "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
        library.with_name("libcuda.so.1").symlink_to(library.name)
        env = {**os.environ, "LD_LIBRARY_PATH": str(library.parent)}
        return run_child([sys.executable, "-I", "-S", str(SCRIPT)], deadline_s=deadline_s, env=env)

    return asking


def test_version_library_and_devices_are_told(ask: Ask) -> None:
    outcome = ask("return 0;")
    assert (outcome.status, outcome.stderr) == ("ok", "")
    driver = parse_cuda(outcome.stdout, None)
    assert (driver.cuda, driver.library, driver.is_compat, driver.init) == ("12.4", "550.54.15", False, 0)
    wrong = {"status": "error", "detail": "CUDA error 101"}
    untold = {"status": "missing", "detail": "not told"}
    first = {"name": "NVIDIA A100", "memoryBytes": 85899345920, "computeCapability": "8.0", "mig": untold}
    second = {"name": wrong, "memoryBytes": wrong, "computeCapability": wrong, "mig": untold}
    assert driver.devices == [first, second]
    assert driver.outcome is True


@pytest.mark.parametrize("folder", ["cuda-12.4/compat", "cuda/compat/lib.real", "env/cuda-compat"])
def test_a_libcuda_of_cuda_compat_is_told_by_its_folder_whose_name_stays_here(ask: Ask, folder: str) -> None:
    outcome = ask("return 804;", folder)
    assert "/" not in outcome.stdout
    driver = parse_cuda(outcome.stdout, None)
    words = "CUDA error 804: the libcuda of cuda-compat does not run on this GPU"
    assert (driver.is_compat, driver.refusal) == (True, ("compat", words))
    assert driver.outcome == {"status": "error", "detail": words}


def test_a_driver_that_hangs_has_told_its_version_before(ask: Ask) -> None:
    started = time.monotonic()
    outcome = ask("sleep(60); return 0;", deadline_s=2.0)
    assert time.monotonic() - started < 10
    assert outcome.status == "timeout"
    late = unread("timeout", "no answer within 2 s")
    driver = parse_cuda(outcome.stdout, late)
    assert (driver.cuda, driver.library, driver.init, driver.outcome) == ("12.4", "550.54.15", None, late)


def test_a_driver_that_crashes_has_told_its_version_before(ask: Ask) -> None:
    outcome = ask("return *(volatile int *)0;")
    assert outcome.status == "exit-139"
    assert parse_cuda(outcome.stdout, unread(outcome.status)).cuda == "12.4"


def test_a_library_that_cannot_be_loaded_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "libcuda.so.1").write_text("no library")
    env = {**os.environ, "LD_LIBRARY_PATH": str(tmp_path)}
    outcome = run_child([sys.executable, str(SCRIPT)], deadline_s=20.0, env=env)
    answer = json.loads(outcome.stdout)
    assert answer["status"] == "error"
    assert answer["detail"].startswith("libcuda cannot be loaded: ")


def test_without_libcuda_the_child_says_so() -> None:
    outcome = run_child([sys.executable, str(SCRIPT)], deadline_s=20.0)
    if '"cuda"' in outcome.stdout:
        pytest.skip("this machine has a libcuda")
    assert json.loads(outcome.stdout) == {"status": "missing", "detail": "there is no libcuda"}
