"""The event-level reader: marks kept, scalars never interpreted, hostile input refused with one clear error."""

from __future__ import annotations

import contextlib

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reprocheck.errors import GatheredErrors, InputError, ReprocheckError
from reprocheck.readers import yaml_events
from reprocheck.readers.decoded_text import decode_text
from reprocheck.readers.yaml_events import parse_yaml
from reprocheck.readers.yaml_nodes import YamlMapping, YamlNode, YamlScalar, YamlSequence


def scalar(node: YamlNode | None) -> str:
    assert isinstance(node, YamlScalar)
    return node.value


def parsed(text: str) -> YamlMapping:
    root = parse_yaml(text, "e.yml")
    assert isinstance(root, YamlMapping)
    return root


def fault(data: bytes) -> ReprocheckError:
    with pytest.raises(ReprocheckError) as caught:
        parse_yaml(decode_text(data, "e.yml"), "e.yml")
    return caught.value


@pytest.mark.parametrize("text", ["3.10", "no", "012", "1_000", "12:30:45", "null", "~", "0x1F", "2024-01-01", ".inf"])
def test_scalars_stay_strings(text: str) -> None:
    assert scalar(parsed(f"python: {text}").get("python")) == text


def test_every_node_knows_its_line_and_column() -> None:
    root = parsed("name: a\ndependencies:\n  - numpy\n")
    sequence = root.get("dependencies")
    assert isinstance(sequence, YamlSequence)
    place = sequence.items[0].location
    assert (place.path, place.line, place.column) == ("e.yml", 3, 5)


def test_columns_count_characters_not_bytes() -> None:
    sequence = parsed("a: [é, x]").get("a")
    assert isinstance(sequence, YamlSequence)
    assert sequence.items[1].location.column == 8


def test_quoted_scalars_are_not_plain() -> None:
    node = parsed("a: '~'").get("a")
    assert isinstance(node, YamlScalar)
    assert not node.plain


def test_an_absent_key_is_none() -> None:
    assert parsed("a: b").get("c") is None


def test_an_empty_text_has_no_document() -> None:
    assert parse_yaml("# nothing\n", "e.yml") is None


HOSTILE = {
    "utf16": (b"\xff\xfea\x00", "file is encoded in UTF-16"),
    "latin1": (b"a: caf\xe9\n", "byte 0xe9 is not valid UTF-8"),
    "nul": (b"a: \x00\n", "control character 0x00"),
    "escape": (b"a: \x1b[31m\n", "control character 0x1b"),
    "elf": (b"\x7fELF\x02\x01\x01\x00", "control character 0x7f"),
    "tag": (b"a: !!python/object/apply:os.system [x]\n", "YAML tag `tag:yaml.org,2002:python/object/apply:os.system`"),
    "anchor": (b"a: &x b\n", "YAML anchor or alias"),
    "alias": (b"a: *x\n", "YAML anchor or alias"),
    "merge": (b"<<: {a: b}\n", "YAML merge key `<<`"),
    "two documents": (b"a: b\n---\nc: d\n", "second YAML document"),
    "complex key": (b"? [a]\n: b\n", "mapping key that is no scalar"),
    "deep": (b"[" * 20_000, "YAML nested too deeply"),
    "wide": (b"a: [" + b"x," * 60_000 + b"]", "too many YAML nodes"),
    "duplicate": (b"a: 1\nb: 2\na: 3\n", "key `a` stands twice"),
    "conflict": (b"a: 1\n<<<<<<< HEAD\n", "conflict marker `<<<<<<<`"),
    "tab": (b"a:\n\t- b\n", "tab in the indentation"),
    "next line": (b"- a # \xc2\x85- b\n", "line break U+0085 within a line"),
    "line separator": (b"a: b # \xe2\x80\xa8c: d\n", "line break U+2028 within a line"),
    "unbalanced": (b"a: [b\n", "not valid YAML: did not find expected ',' or ']'"),
    "huge": (b"a: " + b"x" * 50_000_000, "file of 50000003 bytes is too large"),
}


@pytest.mark.parametrize(("data", "what"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_input_is_refused_with_one_clear_error(data: bytes, what: str) -> None:
    error = fault(data)
    assert error.what == what
    assert error.where.startswith("e.yml")
    assert error.why
    assert error.how
    assert error.exit_code == 2


def test_an_alias_bomb_is_refused_before_it_grows() -> None:
    bomb = "a0: &a0 [x,x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1},*a{i - 1}]\n" for i in range(1, 60))
    assert fault(bomb.encode()).what == "YAML anchor or alias"


def test_a_duplicate_key_names_both_lines() -> None:
    assert fault(b"a: 1\nb: 2\na: 3\n").lines() == [
        "error: key `a` stands twice",
        "  where: e.yml:3:1",
        "  why:   it stands in line 1 already, and readers differ on which one wins",
        "  how:   merge the two",
    ]


def test_independent_faults_are_told_together() -> None:
    error = fault(b"<<<<<<< HEAD\na: 1\n=======\n>>>>>>> b\n")
    assert isinstance(error, GatheredErrors)
    assert [one.where for one in error.errors] == ["e.yml:1:1", "e.yml:3:1", "e.yml:4:1"]


@pytest.mark.parametrize("line", ["a: <<<<<<<", "======== eight", "# <<<<<<<"])
def test_a_text_that_only_resembles_a_conflict_marker_passes(line: str) -> None:
    with_key = line if ":" in line or line.startswith("#") else f"k: '{line}'"
    parse_yaml(with_key, "e.yml")


def test_a_tab_between_values_is_no_indentation() -> None:
    assert scalar(parsed("a:\tb").get("a")) == "b"


def test_a_fault_without_a_mark_names_the_file() -> None:
    error = yaml_events._yaml_fault(yaml.YAMLError(), "e.yml")
    assert (error.what, error.where) == ("not valid YAML: text that is no YAML", "e.yml")


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_bytes_give_a_tree_or_a_typed_error(data: bytes) -> None:
    with contextlib.suppress(ReprocheckError):
        parse_yaml(decode_text(data, "e.yml"), "e.yml")


@given(st.text(alphabet="ab:-[]{}#&*!|>'\"%@`,? \n\ud800\u2028\x85", max_size=60))
@settings(max_examples=500, deadline=None)
def test_any_text_gives_a_tree_or_a_typed_error(text: str) -> None:
    with contextlib.suppress(ReprocheckError):
        parse_yaml(text, "e.yml")


def test_an_input_error_is_what_hostile_yaml_raises() -> None:
    assert type(fault(b"a: *x\n")) is InputError
