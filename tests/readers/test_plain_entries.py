"""Entries in the layout of their writers are read by one pattern, as they are read line by line; others are refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprocheck.errors import ReprocheckError
from reprocheck.model.locks import Lock
from reprocheck.readers.conda_lock_yml import lift_lock, parse_lock
from reprocheck.readers.plain_blocks import Irregular, scan_blocks
from reprocheck.readers.plain_entries import split_entries

HEAD = """\
version: 1
metadata:
  platforms:
  - linux-64
package:
"""
NUMPY = """\
- name: numpy
  version: '1.26'
  manager: conda
  platform: linux-64
  dependencies:
    python: '>=3.11,<3.12.0a0'
    libblas: ''
  url: https://conda.invalid/conda-forge/linux-64/numpy-1.26-py311_0.conda#a
  hash:
    md5: A502D7AAD449A1206EFB366D6A12C52D
    sha256: '12345678'
  category: main
  optional: false
"""
REQUESTS = """\
- name: requests
  version: 2.31.0
  manager: pip
  platform: linux-64
  dependencies: {}
  url: https://files.invalid/requests-2.31.0-py3-none-any.whl
  hash:
  category: dev
  optional: true
"""
LOCK = HEAD + NUMPY + REQUESTS


def test_entries_are_read_with_their_lines() -> None:
    head, packages = split_entries(LOCK)
    assert head == HEAD
    assert [(package.name, package.line) for package in packages] == [("numpy", 6), ("requests", 19)]
    assert packages == lift_lock(scan_blocks(LOCK), "x.yml").packages


def test_a_lock_without_an_entry_has_no_package() -> None:
    assert split_entries(HEAD) == (HEAD, ())


@pytest.mark.parametrize(
    ("usual", "unusual"),
    [
        ("\npackage:\n", "\npackage: []\n"),
        ("  manager: conda\n", "  manager: npm\n"),
        ("  manager: conda\n  platform: linux-64\n", "  platform: linux-64\n  manager: conda\n"),
        ("'1.26'", "'1.26"),
        ("'1.26'", "null"),
        ("'1.26'", "'null'"),
        ("'1.26'", "~"),
        ("'1.26'", "''"),
        ("'1.26'", '"1.26"'),
        ("'1.26'", "1.26  # by hand"),
        ("'1.26'", "1.26\n    more"),
        ("'1.26'", "1.26:"),
        ("'1.26'", "&x 1.26"),
        ("numpy\n", "'it''s'\n"),
        ("  category: dev\n", "  source: x\n  category: dev\n"),
        ("    libblas: ''\n", "    libblas:\n"),
        ("    libblas: ''\n", "    libblas: {}\n"),
        ("    libblas: ''\n", "    libblas: '\n"),
        ("    libblas: ''\n", "    python: ''\n"),
        ("    libblas: ''\n", "      libblas: ''\n"),
        ("    libblas: ''\n", "    - libblas\n"),
        ("    libblas: ''\n", "    # by hand\n"),
        ("    sha256: '12345678'\n", "    sha1: '12345678'\n"),
        ("  optional: false\n", "  optional: no\n"),
        ("  optional: false\n", "  optional: false\n\n"),
        ("  optional: true\n", "  optional: true\nversion: 1\n"),
        ("  category: dev\n", ""),
        ("libblas", "lib\u2028blas"),
        ("libblas", "lib\tblas"),
    ],
)
def test_another_layout_is_left_to_the_lines(usual: str, unusual: str) -> None:
    assert LOCK.count(usual) == 1
    with pytest.raises(Irregular):
        split_entries(LOCK.replace(usual, unusual))


MARKS = ("null", "~", "''", "'", '"', "#", " #", ": ", ":", "é", " ", "\n", "&", "{}", "-", "0", "$x", "/", "\n- ")
CHANGES = st.tuples(st.integers(0, len(LOCK)), st.integers(0, 3), st.sampled_from(MARKS))


@settings(max_examples=1500)
@given(st.lists(CHANGES, min_size=1, max_size=3))
def test_a_changed_lock_reads_or_fails_as_it_does_line_by_line(changes: list[tuple[int, int, str]]) -> None:
    text = LOCK
    for at, length, mark in changes:
        text = text[:at] + mark + text[at + length :]
    try:
        root = scan_blocks(text)
    except Irregular:
        return
    assert told(lambda: parse_lock(text.encode(), "x.yml")) == told(lambda: lift_lock(root, "x.yml"))


def told(read: Callable[[], Lock]) -> Lock | list[str]:
    try:
        return read()
    except ReprocheckError as error:
        return error.lines()
