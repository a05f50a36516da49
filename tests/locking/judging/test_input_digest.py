"""The digest changes with what was meant, and with nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from reprocheck.locking.judging.input_digest import declared_channels, input_digest
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


@pytest.mark.parametrize(
    ("lines", "head"),
    [
        (("numpy", "pip: [torch, six]"), "category: dev"),
        (("numpy", "pip: [torch, six]"), "pip-repositories: [https://index.invalid/simple]"),
        (("numpy", "pip: [torch, six]"), "allow-pypi-requests: false"),
        (("numpy", "pip:\n  - torch  # [linux]\n  - six"), "name: x"),
    ],
)
def test_what_few_files_have_counts_as_well(lines: tuple[str, ...], head: str, environment: Environments) -> None:
    plain = environment("numpy", "pip: [torch, six]", head="name: x")
    assert digest(environment(*lines, head=head)) != digest(plain)


def test_constraints_of_pip_count_and_no_digest_of_other_files_has_changed(environment: Environments) -> None:
    one = environment("numpy", "pip: [six]")
    assert digest(replace(one, pip_constraints=one.pip)) != digest(one)
    assert digest(one) == "sha256:cc92069e29ed34f7a467c483d12c6de231df57e26072df072e11bb42369e7e20"
