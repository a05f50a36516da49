"""The whole fingerprint of this machine, the command, and what is read back from a fingerprint."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from reprocheck.errors import InputError
from reprocheck.model.json_documents import Json
from reprocheck.model.machines import Gpu, TargetMachine
from reprocheck.workflows.fingerprint import collect_fingerprint
from reprocheck.workflows.target_machine import machine_from_fingerprint, observed_machine

ROOT = Path(__file__).resolve().parents[2]
KEYS = ["schema", "accelerators", "collection", "driver", "host", "privacy", "runtime", "software", "tool"]
NO_TORCH = "raise ModuleNotFoundError(\"No module named 'torch'\", name='torch')"


@pytest.fixture
def without_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in front of the audited Python's path whose `torch` is not there: quick, and free to be changed."""
    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "torch.py").write_text(NO_TORCH)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), str(ROOT)]))
    return folder


def run_command(*arguments: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "reprocheck", "fingerprint", *arguments]
    env = {"PYTHONPATH": str(ROOT), **os.environ, **variables}
    return subprocess.run(command, capture_output=True, check=False, timeout=120, env=env)


def run_json(**variables: str) -> Any:
    done = run_command("--output-format", "json", **variables)
    assert (done.returncode, done.stderr) == (0, b"")
    return json.loads(done.stdout)


def values_in(value: Json) -> list[Json]:
    if isinstance(value, dict):
        return [item for inner in value.values() for item in values_in(inner)]
    return [item for inner in value for item in values_in(inner)] if isinstance(value, list) else [value]


def test_the_document_has_the_keys_of_the_design_and_no_null() -> None:
    pytest.importorskip("torch")
    done = run_command("--output-format", "json")
    document = json.loads(done.stdout)
    assert list(document) == KEYS
    assert document["schema"] == "reprocheck/fingerprint/1"
    assert document["privacy"] == {"profile": "standard", "withheld": []} or document["privacy"]["withheld"]
    assert set(document["runtime"]) == {"flags", "threads", "switches", "env"}
    assert document["runtime"]["switches"]["threads"].keys() >= {"value", "origin"}
    assert None not in values_in(document)
    assert not [value for value in values_in(document) if isinstance(value, float)]
    assert document["software"]["torch"]["version"]
    assert {"source": "torch", "status": "ok"} in document["collection"]


def test_two_fingerprints_are_the_same_bytes_whatever_the_hash_seed(without_torch: Path) -> None:
    documents = [run_json(PYTHONHASHSEED=seed) for seed in ("1", "1", "2")]
    assert documents[0] == documents[1]
    assert [document["runtime"]["env"].pop("PYTHONHASHSEED") for document in documents] == ["1", "1", "2"]
    texts = [json.dumps(document) for document in documents]  # keeps the order of keys and lists
    assert texts[0] == texts[1] == texts[2]


def test_no_secret_and_no_path_leaves_the_machine(without_torch: Path) -> None:
    canaries = {
        "TORCH_HOME": "/home/alice/canary-path",
        "HF_TOKEN": "hf_canarycanarycanary1",
        "AWS_SECRET_ACCESS_KEY": "canary-aws-secret",
        "NCCL_API_KEY": "canary-nccl-key",
        "NCCL_COMM_ID": "canary-host:29500",
        "CUDA_CACHE_PATH": "canary@example",
        "TORCH_PROXY": "http://canary.example/x",
        "USER": "canary-user",
        "HOSTNAME": "canary-host",
    }
    done = run_command(**canaries, MKL_NUM_THREADS="3")
    document = run_json(**canaries, MKL_NUM_THREADS="3")
    for text in (done.stdout.decode(), json.dumps(document)):
        assert "canary" not in text
        assert "alice" not in text
        assert str(without_torch) not in text
    assert "MKL_NUM_THREADS  3" in done.stdout.decode()
    assert document["runtime"]["env"]["MKL_NUM_THREADS"] == "3"
    assert document["privacy"]["withheld"] == [
        "/runtime/env/CUDA_CACHE_PATH",
        "/runtime/env/TORCH_HOME",
        "/runtime/env/TORCH_PROXY",
    ]


def test_a_missing_torch_is_a_status_and_no_failure(without_torch: Path) -> None:
    missing = {"status": "missing", "detail": "torch is not installed"}
    document: Any = collect_fingerprint()
    assert document["software"]["torch"] == missing
    assert document["runtime"]["flags"] == document["runtime"]["threads"] == missing
    assert {"source": "torch", **missing} in document["collection"]


def test_a_torch_that_crashes_costs_its_own_parts_only(without_torch: Path) -> None:
    (without_torch / "torch.py").write_text("import os; os._exit(3)")
    document: Any = collect_fingerprint()
    crashed = {"status": "error", "detail": "loading torch: the worker ended with exit code 3"}
    assert document["software"]["torch"] == crashed
    assert document["runtime"]["flags"] == crashed
    assert document["software"]["python"]["implementation"]
    assert document["software"]["packages"]


def test_a_torch_that_prints_does_not_spoil_the_answer(without_torch: Path) -> None:
    (without_torch / "torch.py").write_text('print(\'{"part": "python"}\')\n' + NO_TORCH)
    assert run_json()["software"]["python"]["implementation"]


def test_the_file_holds_the_document_and_stdout_the_page(without_torch: Path, tmp_path: Path) -> None:
    output = tmp_path / "machine.json"
    done = run_command("-o", str(output))
    assert done.returncode == 0
    assert list(json.loads(output.read_text())) == KEYS
    assert done.stdout.startswith(b"Host\n")
    assert done.stderr.decode() == f"wrote {output}\n"


def test_a_folder_that_is_missing_exits_with_3_and_writes_nothing(without_torch: Path, tmp_path: Path) -> None:
    done = run_command("-o", str(tmp_path / "none" / "machine.json"))
    assert done.returncode == 3
    assert done.stdout == b""


def test_a_file_that_is_no_interpreter_exits_with_2(tmp_path: Path) -> None:
    done = run_command("--python", str(tmp_path / "python"))
    assert done.returncode == 2
    assert done.stderr.decode().splitlines() == [
        f"error: `{tmp_path / 'python'}` is not a Python interpreter",
        "  where: --python",
        "  why:   there is no such program",
        "  how:   give the path of an environment's `python`, for example `.venv/bin/python`",
    ]


V100: dict[str, Json] = {"model": "Tesla V100-SXM2-16GB", "computeCapability": "7.0", "count": 1}


def fingerprint_of(version: Json, accelerators: Json) -> dict[str, Json]:
    return {"schema": "reprocheck/fingerprint/1", "driver": {"version": version}, "accelerators": accelerators}


def test_a_fingerprint_gives_the_machine_to_audit_for() -> None:
    machine = machine_from_fingerprint(fingerprint_of("470.57.02", [V100]), Path("v100.json"))
    gpu = Gpu(name="Tesla V100-SXM2-16GB", compute_capability="7.0")
    assert machine == TargetMachine(
        driver_version="470.57.02",
        gpus=(gpu,),
        source="the fingerprint `v100.json`",
        driver_parts=(("NVML", "470.57.02"),),
    )


def test_a_machine_without_a_driver_says_so() -> None:
    absent: Json = {"status": "missing", "detail": "no NVIDIA driver on this machine"}
    machine = machine_from_fingerprint(fingerprint_of(absent, []), Path("cpu.json"))
    source = "the fingerprint `cpu.json`, which has no NVIDIA driver"
    assert machine == TargetMachine(driver_version=None, gpus=(), source=source)


def test_a_machine_with_a_gpu_of_another_vendor_says_so() -> None:
    absent: Json = {"status": "missing", "detail": "no NVIDIA driver on this machine"}
    other: Json = {"status": "missing", "detail": "no NVIDIA driver, but a GPU of AMD and Intel"}
    machine = machine_from_fingerprint(fingerprint_of(absent, other), Path("amd.json"))
    assert machine.source == "the fingerprint `amd.json`, which has no NVIDIA driver, but a GPU of AMD and Intel"


def test_the_cuda_of_the_driver_is_read_back() -> None:
    document = fingerprint_of("535.161.08", [V100])
    driver: dict[str, Json] = {"version": "535.161.08", "cudaUserMax": "12.4"}
    machine = machine_from_fingerprint({**document, "driver": driver}, Path("v100.json"))
    assert machine.cuda_max == "12.4"
    with pytest.raises(InputError) as caught:
        machine_from_fingerprint({**document, "driver": {**driver, "cudaUserMax": "12"}}, Path("v100.json"))
    assert caught.value.lines()[1] == "  where: the fingerprint `v100.json`: driver.cudaUserMax"


def test_a_driver_that_did_not_answer_is_not_a_missing_one() -> None:
    hung: Json = {"status": "timeout", "detail": "no answer within 20 s"}
    machine = machine_from_fingerprint(fingerprint_of(hung, hung), Path("node.json"))
    assert machine.source == (
        "the fingerprint `node.json`, whose driver could not be read (timeout: no answer within 20 s)"
        " and whose accelerators could not be read (timeout: no answer within 20 s)"
    )


def test_a_gpu_of_which_little_was_read_keeps_its_place() -> None:
    denied: Json = {"status": "denied"}
    accelerators: Json = [{"model": denied, "computeCapability": denied}]
    machine = machine_from_fingerprint(fingerprint_of("535.161.08", accelerators), Path("mig.json"))
    assert machine.gpus == (Gpu(name="a GPU without a name", compute_capability=None),)


@pytest.mark.parametrize(
    ("document", "lines"),
    [
        ([], ["error: not a fingerprint", "  where: f.json: schema"]),
        ({}, ["error: not a fingerprint", "  where: f.json: schema"]),
        (
            {"schema": "reprocheck/record/1"},
            ["error: `reprocheck/record/1` is not a fingerprint", "  where: f.json: schema"],
        ),
        (fingerprint_of(535, []), ["error: broken fingerprint", "  where: the fingerprint `f.json`: driver.version"]),
        (fingerprint_of("5.x", []), ["error: broken fingerprint", "  where: the fingerprint `f.json`: driver.version"]),
        (
            fingerprint_of("535.1", "no"),
            ["error: broken fingerprint", "  where: the fingerprint `f.json`: accelerators"],
        ),
        (
            fingerprint_of("535.1", [{"model": "X", "computeCapability": "sm_90"}]),
            ["error: broken fingerprint", "  where: the fingerprint `f.json`: accelerators[0].computeCapability"],
        ),
        (
            fingerprint_of("535.1", [{"model": 3, "computeCapability": "9.0"}]),
            ["error: broken fingerprint", "  where: the fingerprint `f.json`: accelerators[0].model"],
        ),
    ],
)
def test_a_document_that_is_broken_is_refused(document: Json, lines: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        machine_from_fingerprint(document, Path("f.json"))
    assert caught.value.lines()[:2] == lines


def test_this_machine_is_observed() -> None:
    machine = observed_machine()
    assert machine.source.startswith("this machine")
    assert machine.driver_version or ", " in machine.source
