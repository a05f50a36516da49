from __future__ import annotations

import enum
import json
import warnings
from types import SimpleNamespace
from typing import Any

import pytest

from reprocheck.worker.readings import describe_error, plain, reading, reading_at


class Raising:
    @property
    def allow_tf32(self) -> bool:
        raise RuntimeError("mix of the legacy and new APIs\nsecond line")

    @property
    def old(self) -> int:
        warnings.warn("deprecated", UserWarning, stacklevel=2)
        return 1


class Choice(enum.Enum):
    CUBLAS = 1


class Dtype:
    def __str__(self) -> str:
        return "torch.bfloat16"


def raise_error(error: Exception) -> Any:
    raise error


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "unset"),
        (True, True),
        (3, 3),
        ("highest", "highest"),
        (0.5, "0.5"),
        (Choice.CUBLAS, "CUBLAS"),
        (Dtype(), "bfloat16"),
        ((2, 21, None), [2, 21, "unset"]),
        ({1: 0.5}, {"1": "0.5"}),
    ],
)
def test_every_value_becomes_json_without_null_and_floats(value: object, expected: object) -> None:
    assert plain(value) == expected
    json.dumps(plain(value), allow_nan=False)


def test_a_getter_that_raises_is_told_in_one_line() -> None:
    expected = {"status": "raises", "detail": "RuntimeError: mix of the legacy and new APIs"}
    assert reading_at(SimpleNamespace(cudnn=Raising()), "cudnn.allow_tf32") == expected


def test_a_call_that_raises_is_told() -> None:
    torch = SimpleNamespace(get=lambda: raise_error(ValueError("")))
    assert reading_at(torch, "get()") == {"status": "raises", "detail": "ValueError"}


@pytest.mark.parametrize("path", ["none", "none.deeper", "cudnn.none()"])
def test_a_name_that_is_not_there_is_missing(path: str) -> None:
    assert reading_at(SimpleNamespace(cudnn=Raising()), path) == {"status": "missing", "detail": "not in this torch"}


def test_warnings_of_old_getters_are_silent() -> None:
    assert reading_at(Raising(), "old") == 1


def test_a_call_gives_its_value() -> None:
    assert reading_at(SimpleNamespace(threads=lambda: 4), "threads()") == 4
    assert reading(lambda: (1, 2)) == [1, 2]


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("cannot open /home/alice/lib/libcudnn.so.9: no such file", "OSError: cannot open <path>: no such file"),
        (r"cannot load C:\Users\alice\torch.dll", "OSError: cannot load <path>"),
        (
            "no answer from https://alice:secret@mirror.invalid:8080/x, sorry",
            "OSError: no answer from <address>, sorry",
        ),
        ("cannot open '~/x y'", "OSError: cannot open '<path> y'"),
        ("a::b: no such name", "OSError: a::b: no such name"),
        ("driver/library mismatch", "OSError: driver/library mismatch"),
        ("x" * 300, "OSError: " + "x" * 191),
    ],
    ids=["posix", "windows", "address", "home", "no address", "no path", "long"],
)
def test_an_error_names_no_path_and_stays_short(message: str, told: str) -> None:
    assert describe_error(OSError(message)) == told


def test_a_reading_is_silent_and_leaves_the_filters_of_warnings_alone(capsys: pytest.CaptureFixture[str]) -> None:
    def old_getter() -> bool:
        warnings.warn("old", stacklevel=1)
        return warnings.filters is filters

    with warnings.catch_warnings():
        warnings.simplefilter("default")
        warnings.filters[:] = [entry for entry in warnings.filters if entry[0] != "error"]  # type: ignore[index]
        filters = warnings.filters
        assert reading(old_getter) is True  # new filters would have Python show again what it has shown once
    assert capsys.readouterr().err == ""
