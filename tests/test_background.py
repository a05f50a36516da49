"""Work in the background gives its result, or its failure, to whoever asks."""

from __future__ import annotations

import threading

import pytest

from reprocheck.background import Background
from reprocheck.errors import InputError


def test_the_result_comes_back() -> None:
    assert Background(lambda: 42).result() == 42


def test_the_work_goes_on_beside_the_caller() -> None:
    let_go = threading.Event()
    work = Background(lambda: let_go.wait(20))
    let_go.set()
    assert work.result() is True


def test_a_failure_is_raised_where_the_result_is_asked_for() -> None:
    def fail() -> None:
        raise InputError("broken")

    work = Background(fail)
    with pytest.raises(InputError, match="broken"):
        work.result()


def test_waiting_ends_with_the_work_or_with_the_time() -> None:
    let_go = threading.Event()
    work = Background(lambda: let_go.wait(20))
    work.wait(0.01)
    let_go.set()
    work.wait(20)
    assert work.result() is True
