"""A variable that hides GPUs is told with numbers; its value never is."""

from __future__ import annotations

import pytest

from reprocheck.machine.gpu_visibility import hidden_gpus, keeps_gpus_out
from reprocheck.model.json_documents import Json

GPU: Json = {"name": "NVIDIA A100", "mig": "disabled"}
SLICED: Json = {"name": "NVIDIA A100", "mig": "enabled"}
UNREAD: Json = {"status": "timeout"}
SET = {"CUDA_VISIBLE_DEVICES": "GPU-1a2b3c4d"}


@pytest.mark.parametrize(
    ("devices", "seen", "words"),
    [
        ([GPU, GPU, GPU], 1, "`CUDA_VISIBLE_DEVICES` hides 2 of 3 GPUs"),
        ([GPU], 0, "`CUDA_VISIBLE_DEVICES` hides 1 of 1 GPU"),
        ([GPU, GPU], 2, ""),
        ([GPU], None, ""),
        ([GPU, SLICED], 1, ""),
        (UNREAD, 0, ""),
        ([], 0, ""),
    ],
)
def test_cuda_sees_fewer_than_the_driver(devices: Json, seen: int | None, words: str) -> None:
    assert hidden_gpus(SET, devices, seen) == words


@pytest.mark.parametrize("value", ["", " ", "-1"])
@pytest.mark.parametrize(("devices", "seen"), [([GPU], 0), ([GPU, SLICED], None), (UNREAD, None)])
def test_a_variable_that_names_no_gpu_hides_every_gpu(value: str, devices: Json, seen: int | None) -> None:
    assert hidden_gpus({"CUDA_VISIBLE_DEVICES": value}, devices, seen) == "`CUDA_VISIBLE_DEVICES` hides every GPU"


def test_where_there_is_no_gpu_none_is_hidden() -> None:
    assert hidden_gpus({"CUDA_VISIBLE_DEVICES": "-1"}, [], 0) == ""


def test_without_the_variable_nothing_is_hidden_by_it() -> None:
    assert hidden_gpus({"PATH": "/bin"}, [GPU, GPU], 1) == ""


@pytest.mark.parametrize(
    ("value", "devices", "words"),
    [
        ("void", [], "`NVIDIA_VISIBLE_DEVICES` keeps all GPUs out"),
        ("none", UNREAD, "`NVIDIA_VISIBLE_DEVICES` keeps all GPUs out"),
        ("void", [GPU], ""),
        ("all", [], ""),
        ("0,1", [], ""),
    ],
)
def test_a_container_may_be_started_without_gpus(value: str, devices: Json, words: str) -> None:
    assert keeps_gpus_out({"NVIDIA_VISIBLE_DEVICES": value}, devices) == words
