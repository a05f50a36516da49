"""Specs mean to the solver what they mean to conda."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reprocheck.errors import InputError
from reprocheck.locking.conda_specs import canonical_spec
from reprocheck.model.environments import CondaSpec, EnvironmentFile

Environments = Callable[..., EnvironmentFile]


@pytest.fixture
def spec(environment: Environments) -> Callable[[str], CondaSpec]:
    return lambda text: environment(f"'{text}'").conda[0]


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("numpy", "numpy"),
        ("NumPy", "numpy"),
        ("numpy=1.26", 'numpy[version="1.26.*"]'),
        ("numpy 1.26", 'numpy[version="==1.26"]'),
        ("numpy==1.26", 'numpy[version="==1.26"]'),
        ("numpy==1.26.*", 'numpy[version="1.26.*"]'),
        ("numpy=1.26.*", 'numpy[version="1.26.*"]'),
        ("numpy=1.26=py_0", 'numpy[version="==1.26",build="py_0"]'),
        ("numpy 1.26 py_0", 'numpy[version="==1.26",build="py_0"]'),
        ("numpy=1.26.*=*cuda*", 'numpy[version="1.26.*",build="*cuda*"]'),
        ("numpy>=1.26,<2", 'numpy[version=">=1.26,<2"]'),
        ("numpy=1.2|1.3", 'numpy[version="=1.2|1.3"]'),
        ("numpy=>1.2", 'numpy[version=">1.2"]'),
        ("numpy *", "numpy"),
        ("numpy=*=py_0", 'numpy[build="py_0"]'),
        ('numpy[version=">=1"]', 'numpy[version=">=1"]'),
    ],
)
def test_a_spec_is_spelled_as_conda_reads_it(text: str, canonical: str, spec: Callable[[str], CondaSpec]) -> None:
    assert canonical_spec(spec(text), None) == canonical


def test_the_channel_is_the_one_that_the_caller_found(spec: Callable[[str], CondaSpec]) -> None:
    assert canonical_spec(spec("numpy"), "file:///c") == 'numpy[channel="file:///c"]'


def test_a_constraint_behind_a_space_is_not_taken_for_a_build(spec: Callable[[str], CondaSpec]) -> None:
    with pytest.raises(InputError) as caught:
        canonical_spec(spec("python >=3.11 <3.12"), None)
    assert caught.value.lines() == [
        "error: spec `python >=3.11 <3.12` is ambiguous",
        "  where: environment.yml:3:3",
        "  why:   after a space conda reads `<3.12` as a build string (RC102)",
        "  how:   write `python >=3.11,<3.12`",
    ]


def test_keys_that_would_be_lost_are_refused(spec: Callable[[str], CondaSpec]) -> None:
    with pytest.raises(InputError) as caught:
        canonical_spec(spec("numpy[md5=abc]"), None)
    assert caught.value.what == "key `md5` of `numpy[md5=abc]` is not supported"
