"""Which GPUs a cuDNN runs on."""

from __future__ import annotations

import pytest

from reprocheck.facts.cuda_versions import Numbers
from reprocheck.facts.cudnn import dropped_by, first_for, oldest_gpu


@pytest.mark.parametrize(
    ("cudnn", "oldest"),
    [((9, 11), (7, 5)), ((9, 10, 2, 21), (5, 0)), ((9, 26, 0, 51), (7, 5)), ((8, 9, 7), (3, 5)), ((7, 4, 2), None)],
)
def test_the_oldest_gpu_of_a_cudnn(cudnn: Numbers, oldest: Numbers | None) -> None:
    assert oldest_gpu(cudnn) == oldest


@pytest.mark.parametrize(
    ("capability", "dropped"), [((7, 0), "9.11"), ((3, 7), "9.0"), ((3, 0), "8.1"), ((9, 0), None)]
)
def test_the_cudnn_that_dropped_a_gpu(capability: Numbers, dropped: str | None) -> None:
    assert dropped_by(capability) == dropped


def test_the_cudnn_that_brought_a_gpu() -> None:
    assert [first_for((10, 0)), first_for((12, 0)), first_for((9, 0))] == ["9.7", "9.7", None]
