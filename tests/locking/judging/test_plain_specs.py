"""Plain specs are answered without the solver, and exactly as the solver answers them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprocheck.errors import InputError
from reprocheck.locking.judging.plain_specs import plainly_admits
from reprocheck.locking.solving.rattler_solver import spec_admits
from reprocheck.model.environments import CondaSpec
from reprocheck.model.findings import Location
from reprocheck.model.locks import LockedPackage


def spec(version: str | None, build: str | None = None) -> CondaSpec:
    place = Location(path="e.yml", line=1, column=1)
    return CondaSpec(text="x", name="x", version=version, build=build, channel=None, location=place)


def locked(version: str) -> LockedPackage:
    return LockedPackage(
        name="x",
        version=version,
        manager="conda",
        platform="linux-64",
        dependencies=(),
        url="",
        md5=None,
        sha256=None,
        category="main",
        optional=False,
        build="h0_0",
        channel=None,
        line=1,
    )


@pytest.mark.parametrize(
    ("constraint", "version", "answer"),
    [
        (None, "1.2.3", True),
        (None, "2024a", True),
        ("*", "1", True),
        ("=", "1", True),
        ("=1.2", "1.2.9", True),
        ("=1.2", "1.2rc1", True),
        ("=1.2", "1.20", False),
        ("=1.2.*", "1.2", True),
        ("=1.2*", "1.2.5", True),
        ("==1.2", "1.2.0", True),
        ("==1.2", "1.2.1", False),
        ("1.2", "1.2", True),
        ("1.2|1.3.*", "1.3.1", True),
        (">=1.2,<2", "1.10", True),
        (">=1.2,<2", "2.0", False),
        (">=3.11,<3.12.0a0", "3.12.0rc1", False),
        ("!=1.3", "1.3.0", False),
        (">1.2", "1.2.0", False),
        ("<=1.2", "1.2.0", True),
        ("~=1.2.3", "1.2.9", True),
    ],
)
def test_a_plain_spec_is_answered(constraint: str | None, version: str, answer: bool) -> None:
    assert plainly_admits(spec(constraint), version, "h0_0") is answer


@pytest.mark.parametrize(
    ("constraint", "version"),
    [
        ("=>1.2", "1.2"),
        ("==1.2.*.3", "1.2"),
        ("^1\\..*$", "1.2"),
        (">=1.2", "1.2-3"),
        ("=1.2", "one two"),
        ("~=1", "1"),
    ],
)
def test_anything_else_is_left_to_the_solver(constraint: str, version: str) -> None:
    assert plainly_admits(spec(constraint), version, "h0_0") is None


@pytest.mark.parametrize(
    ("constraint", "pattern", "build", "answer"),
    [
        ("=1.2", "py311*", "py311h0_0", True),
        ("=1.2", "py311*", "py312h0_0", False),
        ("=1.2", "*", None, True),
        (None, "h0_0", "h0_0", True),
        (None, "h0", "h0_0", False),
        ("==1.3", "py311*", None, False),
        ("=1.2", "py311*", None, None),
        ("=1.2", "^py.*$", "py311h0_0", None),
        ("=1.2", "<3", "h0_0", None),
    ],
)
def test_a_build_string_is_a_pattern_with_stars(
    constraint: str | None, pattern: str, build: str | None, answer: bool | None
) -> None:
    assert plainly_admits(spec(constraint, pattern), "1.2", build) is answer


def test_before_a_build_one_equals_sign_is_exact() -> None:
    assert plainly_admits(spec("=1.2", "h0_0"), "1.2.9", "h0_0") is False
    assert plainly_admits(spec("=1.2.*", "h0_0"), "1.2.9", "h0_0") is True


def test_keys_in_brackets_are_left_to_the_solver() -> None:
    assert plainly_admits(replace(spec("=1.2"), text="x[version='=1.2', build_number=3]"), "1.2", "h0_0") is None


PLAIN = st.lists(st.integers(0, 3), min_size=1, max_size=4).map(lambda parts: ".".join(map(str, parts)))
ODD = st.builds("{}{}".format, PLAIN, st.sampled_from(["", "a0", "rc1", ".dev1", ".post1", "b"]))
CLAUSE = st.builds("{}{}".format, st.sampled_from(["=", "==", ">=", "<=", ">", "<", "!="]), ODD)
STARRED = PLAIN.map("={}.*".format)


@given(constraint=st.lists(CLAUSE | STARRED, min_size=1, max_size=2).map(",".join), version=ODD)
def test_the_plain_answer_is_the_solvers_answer(constraint: str, version: str) -> None:
    """docs.conda.io, "Package match specifications": the two must never differ."""
    assert plainly_admits(spec(constraint), version, "h0_0") is spec_admits(spec(constraint), locked(version))


@pytest.mark.parametrize(("name", "version"), [("a b", "1.0"), ("x", "\x1b"), ("x", "9" * 5000)])
def test_a_package_that_conda_cannot_have_is_an_input_error(name: str, version: str) -> None:
    with pytest.raises(InputError, match="cannot be a conda package"):
        spec_admits(spec(">=1"), replace(locked(version), name=name))
