"""An installed environment in the place of a lock."""

from __future__ import annotations

import pytest

from reprocheck.facts.name_map import load_name_map
from reprocheck.model.prefixes import Distribution, Prefix
from reprocheck.workflows.installed_lock import lock_of, unmet_in
from tests.rules.short_prefix import short_prefix

SCIPY_AND_NUMPY = """\
- conda linux-64 scipy 1.11.4 py311_0, needs numpy >=1.23,<2
- conda linux-64 numpy 1.26.4 py311_0
"""


def prefix_of(text: str) -> Prefix:
    prefix, _ = short_prefix(text)
    return prefix


def unmet(prefix: Prefix, replaced: dict[str, Distribution] | None = None) -> list[str]:
    found = unmet_in(prefix, replaced or {}, load_name_map())
    return [f"{one.package.name}: {one.name} {one.constraint}: {one.locked and one.locked.version}" for one in found]


def test_a_package_is_found_at_its_record() -> None:
    lock = lock_of(prefix_of(SCIPY_AND_NUMPY + "- pip linux-64 einops 0.8.1, by uv"), {})
    assert [str(lock.location_of(package)) for package in lock.packages] == [
        "env/conda-meta/scipy-1.11.4-py311_0.json:1:1",
        "env/conda-meta/numpy-1.26.4-py311_0.json:1:1",
        "env/lib/python3.11/site-packages/einops-0.8.1.dist-info:1:1",
    ]
    assert [(package.manager, package.version, package.build) for package in lock.on("linux-64")] == [
        ("conda", "1.11.4", "py311_0"),
        ("conda", "1.26.4", "py311_0"),
        ("pip", "0.8.1", None),
    ]


def test_what_pip_has_replaced_is_no_package_of_conda_any_more() -> None:
    prefix = prefix_of(SCIPY_AND_NUMPY + "- pip linux-64 numpy 2.2.4, by pip")
    replaced = {"conda-meta/numpy-1.26.4-py311_0.json": prefix.distributions[0]}
    found = [(package.manager, package.name, package.version) for package in lock_of(prefix, replaced).packages]
    assert found == [("conda", "scipy", "1.11.4"), ("pip", "numpy", "2.2.4")]


def test_a_package_that_conda_installed_is_not_listed_a_second_time_for_its_metadata() -> None:
    prefix = prefix_of(SCIPY_AND_NUMPY + "- pip linux-64 numpy 1.26.4, by conda, owned by numpy")
    assert [package.manager for package in lock_of(prefix, {}).packages] == ["conda", "conda"]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("", []),
        ("- pip linux-64 gensim 4.3.3, needs numpy <2.0,>=1.18.5, by pip", []),
        ("- pip linux-64 gensim 4.3.3, needs numpy <1.26, by pip", ["gensim: numpy <1.26: 1.26.4"]),
        (  # a project that is linked to its sources, where its version stands
            "- pip linux-64 gensim 4.3.3, needs tool >=2, by pip\n- pip linux-64 tool 0+unknown",
            [],
        ),
        ("- pip linux-64 gensim 4.3.3, needs smart-open >=1.8, by pip", ["gensim: smart-open >=1.8: None"]),
        ("- pip linux-64 gensim 4.3.3, needs numpy ~= of old, by pip", []),
        ("- pip linux-64 gensim 4.3.3, needs NumPy, by pip", []),
        (
            "- pip linux-64 a 1.0, needs b ==2.0rc1, by pip\n- pip linux-64 b 2.0rc1, by pip",
            [],
        ),
    ],
)
def test_a_need_of_a_wheel_is_met_by_name_and_version(lines: str, expected: list[str]) -> None:
    assert unmet(prefix_of(SCIPY_AND_NUMPY + lines)) == expected


def test_the_version_that_pip_put_in_the_place_of_condas_is_what_others_meet() -> None:
    prefix = prefix_of(SCIPY_AND_NUMPY + "- pip linux-64 numpy 2.2.4, by pip")
    replaced = {"conda-meta/numpy-1.26.4-py311_0.json": prefix.distributions[0]}
    assert unmet(prefix, replaced) == ["scipy: numpy >=1.23,<2: 2.2.4"]
    assert unmet(prefix_of(SCIPY_AND_NUMPY)) == []
