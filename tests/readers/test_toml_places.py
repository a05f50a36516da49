"""Places of the keys of a TOML file."""

from __future__ import annotations

from reprocheck.readers.toml_places import TomlPlaces

TEXT = '''\
title = "a"
text = """
[not.a.table]
key = "inside a string"
"""
one = """in one line"""

[project]
dependencies = [
    "numpy >=1.2",  # a comment
    'scipy',
]
[tool.conda-lock]
channels = ["conda-forge"]
  [tool.conda-lock.dependencies]
  "quoted.name" = ">=1"
  inline = { version = "1" }
[[tool.poetry.source]]
group.dev.dependencies.pytest = "*"
'''


def places() -> TomlPlaces:
    return TomlPlaces(TEXT, "pyproject.toml")


def test_keys_are_found_under_their_tables() -> None:
    found = places()
    assert str(found.of_key("title")) == "pyproject.toml:1:1"
    assert str(found.of_key("one")) == "pyproject.toml:6:1"
    assert str(found.of_key("tool", "conda-lock", "channels")) == "pyproject.toml:14:1"
    assert str(found.of_key("tool", "conda-lock", "dependencies")) == "pyproject.toml:15:4"
    assert str(found.of_key("tool", "conda-lock", "dependencies", "quoted.name")) == "pyproject.toml:16:3"


def test_dotted_keys_are_taken_apart() -> None:
    keys = ("tool", "poetry", "source", "group", "dev", "dependencies", "pytest")
    assert places().of_key(*keys).line == 19


def test_what_is_not_found_is_placed_at_the_nearest_key_above() -> None:
    found = places()
    assert found.of_key("tool", "conda-lock", "dependencies", "inline", "version").line == 17
    assert found.of_key("tool", "conda-lock", "absent").line == 13
    assert str(found.of_key("absent")) == "pyproject.toml:1:1"


def test_a_text_inside_of_a_long_string_is_no_key() -> None:
    assert places().of_key("not", "a", "table").line == 1
    assert places().of_key("key").line == 1


def test_items_of_a_list_have_places_of_their_own() -> None:
    found = places()
    assert str(found.of_item("numpy >=1.2", "project", "dependencies")) == "pyproject.toml:10:5"
    assert str(found.of_item("scipy", "project", "dependencies")) == "pyproject.toml:11:5"
    assert str(found.of_item("conda-forge", "tool", "conda-lock", "channels")) == "pyproject.toml:14:13"
    assert found.of_item("written\\u0020otherwise", "project", "dependencies").line == 9
