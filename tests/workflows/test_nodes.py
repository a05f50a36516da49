"""The stack of another node, from its lock or its fingerprint."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reprocheck.errors import InputError
from reprocheck.model.json_documents import Json
from reprocheck.workflows.nodes import read_node

CASES = Path(__file__).resolve().parents[2] / "fixtures" / "rules" / "rc452"
LOCK = CASES / "fires" / "another_cuda_and_cudnn" / "conda-lock.yml"
TWO_PLATFORMS = CASES / "silent" / "the_other_platform_of_the_lock" / "conda-lock.yml"


def fingerprint(folder: Path, **torch: Json) -> Path:
    packages: Json = [
        {"manager": "pip", "name": "nvidia_nccl_cu12", "version": "2.21.5"},
        {"manager": "pip", "name": "nvidia-cudnn-cu12", "version": "9.1.0.70"},
        {"manager": "conda", "name": "nccl", "version": "2.18.3.1"},
        {"manager": "pip", "name": "numpy", "version": "2.2.1"},
    ]
    document: Json = {
        "schema": "reprocheck/fingerprint/1",
        "accelerators": [],
        "driver": {"version": "550.54.14"},
        "software": {"torch": torch, "packages": packages},
    }
    path = folder / "node.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_a_lock_tells_torch_cudnn_nccl_and_its_cuda() -> None:
    assert read_node(LOCK).components == (
        ("torch", "2.6.0"),
        ("cudnn", "9.8.0.87"),
        ("nccl", "2.25.1.1"),
        ("cuda", "12.6"),
    )


def test_a_lock_of_several_platforms_needs_one_named() -> None:
    with pytest.raises(InputError) as raised:
        read_node(TWO_PLATFORMS)
    assert raised.value.what == "nobody said which platform the node is"
    assert raised.value.why == "the lock is for linux-64, linux-aarch64"
    assert raised.value.how == "name one with `--platform`, or give the node's fingerprint"
    assert dict(read_node(TWO_PLATFORMS, "linux-aarch64").components)["nccl"] == "2.24.3.1"


def test_a_fingerprint_tells_the_nccl_that_is_installed_not_the_one_torch_was_built_with(tmp_path: Path) -> None:
    node = read_node(fingerprint(tmp_path, version="2.5.1+cu124", cuda="12.4.127", nccl="2.99.0"))
    assert node.components == (("torch", "2.5.1"), ("cuda", "12.4"), ("nccl", "2.21.5"), ("cudnn", "9.1.0.70"))


def test_what_a_fingerprint_could_not_read_is_not_compared(tmp_path: Path) -> None:
    unread: Json = {"status": "missing", "detail": "a build without CUDA"}
    node = read_node(fingerprint(tmp_path, version="2.5.1+cpu", cuda=unread))
    assert "cuda" not in dict(node.components)


def test_a_file_that_is_neither_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("2.21.5", encoding="utf-8")
    with pytest.raises(InputError, match="neither a lock nor a fingerprint"):
        read_node(path)


def test_json_that_is_no_fingerprint_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "node.json"
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match="not a fingerprint"):
        read_node(path)


def test_json_that_nests_too_deeply_is_no_fingerprint(tmp_path: Path) -> None:
    path = tmp_path / "node.json"
    path.write_text("[" * 100_000)
    with pytest.raises(InputError, match="cannot read the fingerprint"):
        read_node(path)
