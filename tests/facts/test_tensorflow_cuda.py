"""Which CUDA a wheel of TensorFlow was built for, and which wheels were built without."""

from __future__ import annotations

import pytest

from reprocheck.facts.tensorflow_cuda import tensorflow_cuda


@pytest.mark.parametrize(
    ("project", "release", "cuda"),
    [
        ("tensorflow-gpu", (2, 1, 0), (10, 1)),
        ("tensorflow-gpu", (1, 12, 3), (9,)),
        ("tensorflow-gpu", (2, 12, 0), None),  # an empty package
        ("tensorflow", (2, 10, 1), (11, 2)),
        ("tensorflow", (2, 0, 0), None),  # without GPU
        ("tensorflow", (2, 18), (12, 5)),
        ("tensorflow", (2, 99, 0), None),  # not known
        ("tensorflow", (2,), None),
    ],
)
def test_the_cuda_of_a_wheel_is_that_of_its_minor_release(
    project: str, release: tuple[int, ...], cuda: tuple[int, ...] | None
) -> None:
    assert tensorflow_cuda(project, release) == cuda
