"""The digest changes with what was meant, and with nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reprocheck.locking.input_digest import declared_channels, input_digest
from reprocheck.model.environments import EnvironmentFile

Environments = Callable[..., EnvironmentFile]


def digest(
    environment: EnvironmentFile, platforms: tuple[str, ...] = ("linux-64", "win-64"), cuda: str | None = None
) -> str:
    return input_digest(environment, platforms, declared_channels(environment), cuda)


def test_order_of_specs_and_platforms_comments_and_spaces_do_not_count(environment: Environments) -> None:
    plain = environment("numpy >=1,<2", "python=3.11")
    assert digest(plain) == digest(environment("python=3.11  # newest", "numpy >=1, <2"), ("win-64", "linux-64"))
    assert digest(plain).startswith("sha256:")


@pytest.mark.parametrize(
    "other",
    [
        ("numpy >=1", "python=3.11"),
        ("numpy >=1,<2",),
        ("numpy >=1,<2  # [linux]", "python=3.11"),
        ("conda-forge::numpy >=1,<2", "python=3.11"),
        ("numpy >=1,<2 py_0", "python=3.11"),
        ("'numpy >=1,<2[md5=a]'", "python=3.11"),
        ("numpy >=1,<2", "python=3.11", "pip: [torch]"),
    ],
)
def test_a_changed_spec_counts(other: tuple[str, ...], environment: Environments) -> None:
    assert digest(environment("numpy >=1,<2", "python=3.11")) != digest(environment(*other))


def test_channels_in_order_platforms_and_cuda_count(environment: Environments) -> None:
    one = environment("numpy", head="channels: [a, b]")
    assert digest(one) != digest(environment("numpy", head="channels: [b, a]"))
    assert digest(one) == digest(environment("numpy", head="channels: [a, b, nodefaults]"))
    assert len({digest(one), digest(one, ("linux-64",)), digest(one, cuda="12.4"), digest(one, cuda="none")}) == 4
