"""CUDA is decided by somebody, or the lock says that nobody did."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reprocheck.errors import UsageError
from reprocheck.locking.cuda_decision import assumed_version, changed_by_cuda, check_cuda
from reprocheck.model.locks import LockedPackage


def test_a_decision_is_a_version_or_none() -> None:
    assert (check_cuda("12.4", "x"), check_cuda(" None ", "x")) == ("12.4", "none")
    assert (assumed_version("12.4"), assumed_version("none"), assumed_version(None)) == ("12.4", None, None)


@pytest.mark.parametrize("text", ["12", "cuda", "12.4.1", "", "v12.4"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_cuda(text, "--cuda")
    assert caught.value.lines() == [
        f"error: CUDA decision `{text}` is neither a version nor `none`",
        "  where: --cuda",
        "  why:   it is the CUDA version of the driver, as `nvidia-smi` shows it, for example `12.4`",
        "  how:   write `--cuda 12.4` or `--cuda none`",
    ]


def test_what_cuda_changes_is_every_package_that_comes_goes_or_differs(
    package: Callable[..., LockedPackage],
) -> None:
    without = [package("torch", build="cpu_0"), package("numpy")]
    probe = [package("torch", build="cuda_0"), package("numpy"), package("cudnn")]
    assert changed_by_cuda(without, probe) == ("cudnn", "torch")
    assert changed_by_cuda(without, without) == ()
