"""What the plain road reads of an environment file, the road through PyYAML reads alike; it refuses the rest."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprocheck.errors import ReprocheckError
from reprocheck.readers.decoded_text import decode_text
from reprocheck.readers.plain_blocks import Irregular
from reprocheck.readers.plain_nodes import plain_nodes
from reprocheck.readers.yaml_events import parse_yaml

PLAIN = """\
# by hand
name: train   # what it is for
channels:
  - pytorch
  - "https://conda.invalid/a b"

dependencies:
- python=3.11.*
- numpy >=1.26, <2   # [linux64]
- nvidia::cuda-version=12.4
- 'scipy[version=">=1.10"]'
- pip:
    - --extra-index-url https://index.invalid/simple
    - torch==2.6.0+cu124#sha256
    - -e .
variables:
  CUBLAS_WORKSPACE_CONFIG: :4096:8
prefix: ~/x
"""


def test_a_usual_environment_file_reads_as_pyyaml_reads_it() -> None:
    assert plain_nodes(PLAIN, "e.yml") == parse_yaml(PLAIN, "e.yml")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing",
        "just text",
        "- a\n- b",
        "a:",
        "a:\nb: 1",
        "a: 1\na: 2",
        "a: one\n  more",
        "a:\n- one\n  more",
        "a:\n  - b\n - c",
        "a:\n  - b\n  c: d",
        "a:\n- b: 1\n  - c",
        "a:\n    b: 1\n  c: 2",
        "a:\n- - b",
        "a:\n-\n  b: 1",
        "a:\n- # why\n",
        "a: [b]",
        "a: {b: c}",
        "a: |\n  b",
        "a: &x b",
        "a: *x",
        "a: !!int 1",
        "a: 'it''s'",
        'a: "\\x41"',
        "a: 'open",
        "a: b: c",
        "a: é",
        "a:\tb",
        "---\na: b",
        "a: b\n...",
        "<<: b",
        "'a': b",
        "? a\n: b",
        "a:\n              b: c",
        "a: b\n" * 10_001,
    ],
)
def test_what_is_not_plain_is_left_to_pyyaml(text: str) -> None:
    with pytest.raises(Irregular):
        plain_nodes(text, "e.yml")


PIECES = (
    *("a:", "b: 1", "- ", "- a: x", "- b", "  ", "\n", "\n  ", "\n- ", "\n  - ", "\n    ", "\n    - ", "\n- c:"),
    *("c: 'q'", 'd: "r"', "a: []", " # x", " #x", ": ", "&a", "<<", "{}", "::", "é", "a", "-", "--x", "---", "..."),
    *"#:'\"|*!0-?,\t~$+. ",
)


@settings(max_examples=3000, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_whatever_the_plain_road_takes_pyyaml_reads_alike(text: str) -> None:
    try:
        root = plain_nodes(text, "e.yml")
    except Irregular:
        return
    assert root == parse_yaml(text, "e.yml")


def test_real_environment_files_read_alike(shared: Path) -> None:
    files = sorted((shared / "corpus" / "env").rglob("*.y*ml"))
    read = 0
    for path in files:
        try:
            text = decode_text(path.read_bytes(), "e.yml")
            root = plain_nodes(text, "e.yml")
        except (Irregular, ReprocheckError):
            continue
        read += 1
        assert root == parse_yaml(text, "e.yml"), path
    assert read > len(files) // 2
