"""Whether a pip line can live with what conda was told to install."""

from __future__ import annotations

import pytest

from reprocheck.readers.environment_yml import parse_environment
from reprocheck.rules.constraints import Pin, joined, pin_of, relate, worst_of


@pytest.mark.parametrize(
    ("conda", "pip", "relation"),
    [
        ("a=1.2.3", "a==1.2.3", "meets"),
        ("a==1.2", "a==1.3", "contradicts"),
        ("a=1.2", "a==1.2.3", "open"),
        ("a=1.2", "a==1.2", "open"),  # conda may take 1.2.1, which pip refuses
        ("a=1.2", "a==1.3.0", "contradicts"),
        ("a=1", "a>=1.3", "open"),
        ("a 1.2.*", "a>=1.3", "contradicts"),
        ("a=2.2.2", "a>=2.0", "meets"),
        ("a=2.1.0", "a==2.1.0+cu118", "contradicts"),
        ("a=1.4.0=py3_0", "a==1.4.0", "meets"),
        ("a", "a", "meets"),
        ("a>=1", "a", "meets"),
        ("a", "a>=1", "open"),
        ("a>=2.2.2", "a>=2.2.2", "meets"),
        ("a>=2.2.2", "a>=2.0", "meets"),
        ("a>2", "a>2", "meets"),
        ("a>=2", "a>2", "open"),
        ("a>=2,<3", "a>=1,<4", "meets"),
        ("a<2", "a<2", "meets"),
        ("a<=2", "a<2", "open"),
        ("a>=1", "a>=2", "open"),
        ("a>=1,<2", "a>=1,!=1.5", "open"),
        ("a>=1,<2", "a==2.1", "contradicts"),
        ("a>=1,<2", "a==1.5", "open"),
        ("a=1.21|1.22", "a==1.21.3", "open"),  # alternatives are conda's alone
        ("a=1.7.6", "a=={{latest}}", "open"),
        ("a=1.7.6", "a 1.7", "open"),
        ("a=1.4", "a @ https://example.org/a.whl", "replaces"),
        ("a=1.4", "-e git+https://example.org/a.git#egg=a", "replaces"),
        ("a==1.2", "a>=1.0rc1", "meets"),
        ("a==1.2", "a>=1.3rc1", "contradicts"),
        ("a=2023c", "a>=2023.3", "open"),  # no version after PEP 440
    ],
)
def test_how_a_pip_line_stands_to_a_conda_spec(conda: str, pip: str, relation: str) -> None:
    text = f"dependencies:\n- {conda}\n- pip:\n  - '{pip}'\n"
    environment = parse_environment(text.encode(), "environment.yml")
    assert relate(environment.conda[0].version, environment.pip[0]) == relation


@pytest.mark.parametrize(
    ("constraint", "pin"),
    [
        ("==1.2", Pin(version="1.2", exact=True)),
        ("1.2", Pin(version="1.2", exact=True)),
        ("=1.2", Pin(version="1.2", exact=False)),
        ("1.2.*", Pin(version="1.2", exact=False)),
        ("=1.2.*", Pin(version="1.2", exact=False)),
        (">=1.2", None),
        ("1.2|1.3", None),
        ("", None),
        (None, None),
    ],
)
def test_which_version_a_constraint_pins(constraint: str | None, pin: Pin | None) -> None:
    assert pin_of(constraint) == pin


def test_the_worst_relation_counts() -> None:
    assert worst_of(["meets", "open", "replaces"]) == "replaces"


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (">=1.26", "<2", ">=1.26,<2"),
        (">1", "<2", ">1,<2"),
        ("<2", "<3", "<2,<3"),
        (">=2", "<2", None),
        ("==2.6.0", ">=2.4", "==2.6.0"),
        (">=2.7", "==2.6.0", None),
        ("=1.26", ">=1.26.2", None),  # how a fuzzy pin is joined, the tools read differently
        ("=1.26", "", "=1.26"),
        ("", ">=2", ">=2"),
        ("", "", None),
        (">=1|2", ">=1", None),
        (">=1", None, None),
        (None, ">=1", None),
        ("~=1.4", "!=1.4.5", "~=1.4,!=1.4.5"),
    ],
)
def test_two_constraints_are_joined_where_one_version_is_sure_to_meet_both(
    one: str | None, other: str | None, both: str | None
) -> None:
    assert joined(one, other) == both
