"""Poetry's constraints in the words of conda and pip."""

from __future__ import annotations

import pytest

from reprocheck.errors import InputError
from reprocheck.readers.poetry_versions import conda_constraint, pip_specifier

# The examples of python-poetry.org "Dependency specification", and some beyond: (Poetry, conda, pip).
CASES = [
    ("^1.2.3", ">=1.2.3,<2.0.0", ">=1.2.3,<2.0.0"),
    ("^1.2", ">=1.2.0,<2.0.0", ">=1.2.0,<2.0.0"),
    ("^1", ">=1.0.0,<2.0.0", ">=1.0.0,<2.0.0"),
    ("^0.2.3", ">=0.2.3,<0.3.0", ">=0.2.3,<0.3.0"),
    ("^0.0.3", ">=0.0.3,<0.0.4", ">=0.0.3,<0.0.4"),
    ("^0.0", ">=0.0.0,<0.1.0", ">=0.0.0,<0.1.0"),
    ("^0", ">=0.0.0,<1.0.0", ">=0.0.0,<1.0.0"),
    ("^1.2.3.4", ">=1.2.3.4,<2.0.0", ">=1.2.3.4,<2.0.0"),
    ("^0.0.0.5", ">=0.0.0.5,<0.0.0.6", ">=0.0.0.5,<0.0.0.6"),
    ("^2!1.2.post1", ">=2!1.2.0.post1,<2!2.0.0", ">=2!1.2.0.post1,<2!2.0.0"),
    ("^0.8.0-alpha.2", ">=0.8.0a2,<0.9.0", ">=0.8.0a2,<0.9.0"),
    ("~1.2.3", ">=1.2.3,<1.3.0", ">=1.2.3,<1.3.0"),
    ("~1.2", ">=1.2.0,<1.3.0", ">=1.2.0,<1.3.0"),
    ("~1", ">=1.0.0,<2.0.0", ">=1.0.0,<2.0.0"),
    ("~=1.4", "~=1.4", "~=1.4"),
    (">= 1.2, < 2", ">=1.2,<2", ">=1.2,<2"),
    ("1.2.3", "1.2.3", "==1.2.3"),
    ("=1.2.3", "==1.2.3", "==1.2.3"),
    ("===1.2.3", "==1.2.3", "===1.2.3"),
    ("1.*", "1.*", "==1.*"),
    ("*", None, ""),
    ("", None, ""),
]


@pytest.mark.parametrize(("text", "conda", "pip"), CASES)
def test_a_constraint_is_translated(text: str, conda: str | None, pip: str) -> None:
    assert conda_constraint(text, "p") == conda
    assert pip_specifier(text, "p") == pip


def test_alternatives_are_conda_s_alone() -> None:
    assert conda_constraint("^5|| ^6 | 7.*", "p") == ">=5.0.0,<6.0.0|>=6.0.0,<7.0.0|7.*"
    with pytest.raises(InputError) as caught:
        pip_specifier("^5 || ^6", "p:1:1")
    assert caught.value.what == "constraint `^5 || ^6` holds an `||`"


@pytest.mark.parametrize("text", ["^latest", "~1.x"])
def test_a_caret_or_tilde_stands_before_a_version(text: str) -> None:
    with pytest.raises(InputError) as caught:
        conda_constraint(text, "p:1:1")
    assert caught.value.lines()[:2] == [f"error: constraint `{text}` holds no version", "  where: p:1:1"]
