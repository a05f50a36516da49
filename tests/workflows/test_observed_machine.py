"""This machine as `audit` sees it: a root of our making, and programs that play the driver's; down to the findings."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from reprocheck.facts.name_map import load_name_map
from reprocheck.machine.driver_questions import AcceleratorSources
from reprocheck.model.json_documents import Json
from reprocheck.model.machines import Gpu, TargetMachine
from reprocheck.readers.environment_yml import parse_environment
from reprocheck.rules.engine import Selection, run_rules
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.registry import RULES
from reprocheck.workflows.target_machine import observed_machine

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX shell scripts play the programs")

ENVIRONMENT = b"name: t\nchannels: [conda-forge]\ndependencies:\n  - pytorch=2.6\n"
MODULE = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.161.08  Release\n"
A100: Json = {"name": "NVIDIA A100", "memoryBytes": 85_899_345_920, "computeCapability": "8.0", "mig": "disabled"}
V100: Json = {"name": "Tesla V100", "memoryBytes": 34_359_738_368, "computeCapability": "7.0", "mig": "disabled"}
NO_NVML: Json = {"status": "missing", "detail": "nvidia-ml-py is not installed"}
NO_LIBCUDA: Json = {"status": "missing", "detail": "there is no libcuda"}
MISMATCH: Json = {"status": "error", "detail": "rm has detected an nvml/rm version mismatch."}

Observe = Callable[..., TargetMachine]


def saying(*lines: Json) -> Sequence[str]:
    return [sys.executable, "-I", "-S", "-c", "\n".join(f"print({json.dumps(line)!r})" for line in lines)]


def nvml(*devices: Json, driver: str = "535.161.08", cuda: int = 12020) -> Json:
    return {"driver": driver, "cuda": cuda, "devices": list(devices)}


def libcuda(*devices: Json, init: int = 0, release: str = "535.161.08", **more: Json) -> list[Json]:
    last: Json = {"devices": list(devices)}
    head: Json = {"cuda": 12020, "library": f"libcuda.so.{release}", "compat": False, **more}
    return [head, {"init": init}, *([last] if not init else [])]


@pytest.fixture
def observe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Observe:
    """Observe a machine of which the files below its root and the words of its driver are given."""
    for name in ("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "LD_LIBRARY_PATH"):
        monkeypatch.delenv(name, raising=False)

    def observing(
        told: Json = NO_NVML, cuda: Sequence[Json] = (NO_LIBCUDA,), files: Sequence[str] = (), module: str = ""
    ) -> TargetMachine:
        for name in files:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        if module:
            (tmp_path / "proc/driver/nvidia").mkdir(parents=True)
            (tmp_path / "proc/driver/nvidia/version").write_text(module)
        return observed_machine(
            AcceleratorSources(
                nvml_command=saying(told),
                cuda_command=saying(*cuda),
                nvidia_smi=str(tmp_path / "nvidia-smi"),
                root=tmp_path,
            )
        )

    return observing


def findings(machine: TargetMachine) -> dict[str, str]:
    unseen = Unseen(reason="not asked for")
    facts = Facts(
        environment=parse_environment(ENVIRONMENT, "environment.yml"),
        lock=unseen,
        lock_path="conda-lock.yml",
        freshness=unseen,
        machine=machine,
        names=load_name_map(),
    )
    return {found.code: found.message for found in run_rules(facts, RULES, Selection()).findings}


def test_a_driver_of_one_release_is_observed_whole_and_nothing_is_wrong_with_it(observe: Observe) -> None:
    machine = observe(nvml(A100), libcuda(A100), ["usr/lib64/libnvidia-ml.so.535.161.08"], MODULE)
    assert machine.source == "this machine"
    assert machine.driver_version == "535.161.08"
    assert machine.gpus == (Gpu(name="NVIDIA A100", compute_capability="8.0"),)
    assert machine.driver_parts == (
        ("kernel module", "535.161.08"),
        ("NVML", "535.161.08"),
        ("libcuda", "535.161.08"),
        ("libnvidia-ml", "535.161.08"),
    )
    assert (machine.cuda_max, machine.compat_libcuda, machine.refusals) == ("12.2", None, ())
    assert not {"RC401", "RC403", "RC451", "RC453"} & findings(machine).keys()


def test_the_libcuda_that_is_loaded_counts_and_not_a_file_beside_it(observe: Observe) -> None:
    """An image may bring files of another driver: the loader takes those that the container engine mounts."""
    machine = observe(nvml(A100), libcuda(A100), ["usr/lib64/libcuda.so.520.61.05"], MODULE)
    assert dict(machine.driver_parts)["libcuda"] == "535.161.08"
    assert "RC453" not in findings(machine)


def test_an_upgrade_without_a_reboot_is_found_by_the_files_and_in_the_words_of_the_driver(observe: Observe) -> None:
    files = ["usr/lib64/libcuda.so.535.183.01", "usr/lib64/libnvidia-ml.so.535.183.01"]
    machine = observe(MISMATCH, libcuda(init=803, release="535.183.01"), files, MODULE)
    assert machine.driver_version == "535.161.08"
    assert [kind for kind, _ in machine.refusals] == ["mismatch", "mismatch"]
    assert findings(machine)["RC453"] == (
        "the parts of the driver disagree: kernel module 535.161.08, libcuda 535.183.01, libnvidia-ml 535.183.01"
    )


def test_a_mismatch_that_only_nvml_tells_is_found_too(observe: Observe) -> None:
    machine = observe(MISMATCH, module=MODULE)
    assert findings(machine)["RC453"] == (
        "the parts of the driver disagree: nvml: rm has detected an nvml/rm version mismatch."
    )


def test_another_failure_of_the_driver_is_no_mismatch(observe: Observe) -> None:
    machine = observe({"status": "error", "detail": "gpu is lost"}, libcuda(init=999), module=MODULE)
    assert machine.source == "this machine, whose accelerators could not be read (error: gpu is lost)"
    assert "RC453" not in findings(machine)


def test_a_cuda_compat_that_the_gpu_refuses_is_found_and_is_no_mismatch(observe: Observe) -> None:
    cuda = libcuda(init=804, release="550.54.15", compat=True)
    machine = observe(nvml(A100, cuda=12040), cuda, ["usr/lib64/libcuda.so.535.161.08"], MODULE)
    assert machine.compat_libcuda == "550.54.15"
    found = findings(machine)
    assert found["RC403"] == "the libcuda of cuda-compat 550.54.15 is loaded on this machine, whose GPU does not run it"
    assert "RC453" not in found


def test_a_cuda_compat_whose_file_tells_no_release_is_named_by_its_cuda(observe: Observe) -> None:
    cuda: list[Json] = [{"cuda": 12040, "library": "libcuda.so.1", "compat": True}, {"init": 803}]
    machine = observe(nvml(A100, cuda=12040), cuda, module=MODULE)
    assert findings(machine)["RC403"] == (
        "the libcuda of cuda-compat 12.4 is loaded on this machine, and does not fit driver 535.161.08"
    )


def test_gpus_that_a_variable_hides_are_not_judged(observe: Observe, monkeypatch: pytest.MonkeyPatch) -> None:
    both = observe(nvml(A100, V100), libcuda(A100, V100))
    assert "RC451" in findings(both)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-1a2b3c4d")
    one = observe(nvml(A100, V100), libcuda(A100))
    assert one.gpus == (Gpu(name="NVIDIA A100", compute_capability="8.0"),)
    assert one.source == "this machine, where `CUDA_VISIBLE_DEVICES` hides 1 of 2 GPUs"
    assert "RC451" not in findings(one)


def test_gpus_that_are_all_hidden_are_judged_for_the_machine_has_them(
    observe: Observe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    machine = observe(nvml(A100), libcuda(init=100))
    assert machine.gpus == (Gpu(name="NVIDIA A100", compute_capability="8.0"),)
    assert machine.source == "this machine, where `CUDA_VISIBLE_DEVICES` hides every GPU"


def test_a_process_in_a_slice_is_judged_by_its_slice(observe: Observe) -> None:
    parent: Any = {**A100, "mig": "enabled"}  # type: ignore[dict-item]  # a mapping, which `Json` does not promise
    part: Any = {**A100, "name": "NVIDIA A100-SXM4-80GB MIG 1g.10gb"}  # type: ignore[dict-item]  # as above
    machine = observe(nvml(parent), libcuda(part))
    assert machine.gpus == (Gpu(name="NVIDIA A100-SXM4-80GB MIG 1g.10gb", compute_capability="8.0"),)


def test_a_machine_with_a_card_of_another_vendor_is_not_said_to_have_no_gpu(observe: Observe) -> None:
    card = "sys/bus/pci/devices/0000:03:00.0"
    machine = observe(files=[f"{card}/class", f"{card}/vendor"])
    assert machine.source == "this machine, which has no NVIDIA driver"


def test_a_machine_with_a_card_of_amd_says_so(observe: Observe, tmp_path: Path) -> None:
    card = tmp_path / "sys/bus/pci/devices/0000:03:00.0"
    card.mkdir(parents=True)
    (card / "class").write_text("0x030000\n")
    (card / "vendor").write_text("0x1002\n")
    machine = observe()
    assert machine.source == "this machine, which has no NVIDIA driver, but a GPU of AMD"
    assert machine.gpus == ()


def test_in_wsl_the_files_of_linux_are_no_parts_of_the_driver(observe: Observe) -> None:
    files = ["dev/dxg", "usr/lib/wsl/lib/libcuda.so.1.1", "usr/lib/x86_64-linux-gnu/libcuda.so.550.54.14"]
    machine = observe(nvml(A100, driver="552.22"), libcuda(A100, release="1.1"), files)
    assert machine.driver_parts == ()
    assert "RC453" not in findings(machine)


def test_whatever_nvml_says_the_machine_is_observed(observe: Observe) -> None:
    machine = observe({"driver": 7, "cuda": "x", "devices": [{"name": None}]}, [{"init": "no"}], module=MODULE)
    assert machine.driver_version == "535.161.08"
    assert machine.gpus == (Gpu(name="a GPU without a name", compute_capability=None),)
