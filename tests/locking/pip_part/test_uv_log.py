"""uv's log becomes demands, and its ranges become PEP 440."""

from __future__ import annotations

import pytest
from packaging.version import Version

from reprocheck.locking.pip_part.uv_log import Demand, admits, bounds_of, constraint_of, read_demands

LOG = """\
DEBUG Searching for a compatible version of pandas (>=2)
DEBUG Adding direct dependency: Torch[opt]>=2
DEBUG Adding direct dependency: pandas*
DEBUG Adding transitive dependency for pandas==2.2.0: numpy{python_full_version == '3.11.*'}>=1.23.2, <2
DEBUG Adding transitive dependency for pandas==2.2.0: pandas[extra]==2.2.0
DEBUG Adding transitive dependency for my_pkg[a]{sys_platform == 'linux'}==1.0+cu1: low.level[x,y]!=2
DEBUG Adding transitive dependency for pandas==2.2.0: numpy{python_full_version == '3.11.*'}>=1.23.2, <2
error: Adding nothing
"""


def test_every_demand_is_read_once_and_a_package_asks_nothing_of_itself() -> None:
    assert read_demands(LOG) == (
        Demand(wanted_by=None, version="", project="torch", extras=("opt",), range=">=2"),
        Demand(wanted_by=None, version="", project="pandas", extras=(), range="*"),
        Demand(wanted_by="pandas", version="2.2.0", project="numpy", extras=(), range=">=1.23.2, <2"),
        Demand(wanted_by="my-pkg", version="1.0+cu1", project="low-level", extras=("x", "y"), range="!=2"),
    )


@pytest.mark.parametrize(
    ("text", "constraint"),
    [
        ("*", "*"),
        (">=1.17", ">=1.17"),
        (">=0.3.0, <0.4.2", ">=0.3.0,<0.4.2"),
        (">=13.2.2, <13.2.2+", "==13.2.2"),
        ("==2.1.0+cu121", "==2.1.0+cu121"),
        (">=2023.1.0, <=2026.9.0+", ">=2023.1.0,<=2026.9.0"),
        (">1.0+", ">1.0"),
        ("<2.0 | >=2.0+, <3", "!=2.0,<3"),
        (">=1, <1.5 | >=1.5+, <1.7 | >=1.7+", ">=1,!=1.5,!=1.7"),
        ("<1 | >2", "*"),
        (">=1.0, nonsense", "*"),
    ],
)
def test_a_range_is_written_as_pep_440_does_or_as_anything(text: str, constraint: str) -> None:
    assert constraint_of(text) == constraint


@pytest.mark.parametrize(
    ("text", "version", "held"),
    [
        ("*", "1.0", True),
        (">=1, <2", "1.5", True),
        (">=1, <2", "2.0", False),
        ("<2.0 | >=2.0+, <3", "2.0", False),
        ("<2.0 | >=2.0+, <3", "2.5", True),
        (">=2.0rc1", "2.0rc2", True),
        ("∅", "1.0", True),
        ("==1.*.2", "1.0", True),
    ],
)
def test_a_range_holds_a_version(text: str, version: str, held: bool) -> None:
    assert admits(text, version) is held


def test_bounds_are_those_that_a_range_names() -> None:
    assert bounds_of(">=1, <2 | >=3+") == (Version("1"), Version("2"))
    assert bounds_of("*") == (None, None)
    assert bounds_of(">=what.ever") == (None, None)
    assert bounds_of("nonsense") == (None, None)
