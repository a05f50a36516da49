"""The quick road reads what it takes exactly as the event reader does, and refuses the rest."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reprocheck.errors import ReprocheckError
from reprocheck.readers.plain_blocks import Block, Irregular, Value, blocks_of, scan_blocks
from reprocheck.readers.yaml_events import parse_yaml

REGULAR = """\
# a comment

version: 1
metadata:
  content_hash: {}
  channels:
  - url: conda-forge
    used_env_vars: []
  sources:
    - environment.yml
    - 'it''s.yml'
  note:
package:
- name: "x y"
  url: https://host/a#b
  dependencies:
    __glibc: '>=2.17'
    7zip: ''
"""


def plain(value: Value) -> object:
    """Return a block as builtins, with its lines, so that two of them compare."""
    if isinstance(value, Block):
        return {key: (value.lines[key], plain(item)) for key, item in value.values.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def slowly(text: str) -> object:
    node = parse_yaml(text, "x.yml")
    assert node is not None
    return plain(blocks_of(node))


def test_regular_text_reads_as_the_event_reader_reads_it() -> None:
    assert plain(scan_blocks(REGULAR)) == slowly(REGULAR.replace("{}", "{}"))


def test_a_block_answers_only_for_what_it_holds() -> None:
    block = scan_blocks(REGULAR)
    assert (block.line, block.text("version"), block.text("metadata"), block.text("absent")) == (3, "1", None, None)
    assert block.block("package").values == {}
    assert block.items("metadata") == []
    assert Block().line == 1


@pytest.mark.parametrize(
    "text",
    [
        "a: 1  # why",
        "a: &x 1",
        "a: *x",
        "a: {b: 1}",
        "a: [1]",
        "a: |\n  text",
        "a: >-\n  text",
        "a: one\n  more",
        "a:\n  - one\n    more",
        "- a\n- b",
        "a: 1\na: 2",
        'a: "\\x41"',
        "a:\tb",
        "a: b\u2028c",
        "a: b: c",
        "a: 'open",
        "? a\n: b",
        "---\na: 1",
        "a: 1\n...",
        "a:\n- - b",
        "a:\n-\n  b: 1",
        "<<<<<<< HEAD\na: 1",
        "a: 1 ",
        "a: !!int 1",
        "a:\n  b: 1\n c: 2",
        "a:\n    b: 1\n  c: 2",
        "a b: 1",
        "a: -",
        "a:  two",
        "  # indented\na: 1",
        "%YAML 1.1",
        "a: @b",
        "10: x",
        "just text",
        "a:\n  - b\n - c",
    ],
)
def test_irregular_text_is_left_to_the_event_reader(text: str) -> None:
    with pytest.raises(Irregular):
        scan_blocks(text)


LINES = (
    "a:",
    "b: 1",
    "- ",
    "- a: x",
    "- b",
    "  ",
    "\n",
    "\n  ",
    "\n- ",
    "\n  - ",
    "\n    ",
    "c: 'q'",
    'd: "r"',
    "a: []",
    "a: {}",
)
MARKS = (" #x", ": ", "&a", "<<", "{}", "[]", "é", *"#:'\"|*!0-?,\t\u2028 ")
FRAGMENTS = st.sampled_from([*LINES, *MARKS])


@settings(max_examples=1500)
@given(st.lists(FRAGMENTS, max_size=14).map("".join))
def test_whatever_the_quick_road_takes_the_event_reader_reads_alike(text: str) -> None:
    try:
        quick = scan_blocks(text)
    except Irregular:
        return
    if quick.values:
        assert plain(quick) == slowly(text)


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=12)


@settings(max_examples=500)
@given(st.dictionaries(TEXT, TEXT, min_size=1, max_size=4))
def test_what_pyyaml_dumps_is_refused_or_read_back(pairs: dict[str, str]) -> None:
    text = yaml.safe_dump({"package": [pairs]}, sort_keys=False, allow_unicode=True)
    try:
        entry = scan_blocks(text).items("package")[0]
    except Irregular:
        return
    assert isinstance(entry, Block)
    assert entry.values == pairs


def test_the_event_reader_refuses_what_the_quick_road_must_not_hide() -> None:
    with pytest.raises(ReprocheckError):
        parse_yaml("a: 1\na: 2", "x.yml")
