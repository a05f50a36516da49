"""JSON documents: sorted, schema first, without floats and unsafe integers."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprocheck.model.json_documents import Json, dump_document, dump_document_line, dump_line

SAFE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
    max_leaves=10,
)


def test_the_schema_comes_first_and_the_rest_is_sorted() -> None:
    assert dump_document({"b": 1, "a": {"d": [], "c": "é"}, "schema": "s/1"}) == (
        '{\n  "schema": "s/1",\n  "a": {\n    "c": "é",\n    "d": []\n  },\n  "b": 1\n}\n'
    )


def test_a_line_is_compact_and_sorted() -> None:
    assert dump_line({"b": [1, None], "a": True}) == '{"a":true,"b":[1,null]}'


def test_a_document_on_one_line_has_the_schema_first_too() -> None:
    document: dict[str, Json] = {"b": 1, "a": {"d": [], "c": "é"}, "schema": "s/1"}
    assert dump_document_line(document) == '{"schema":"s/1","a":{"c":"é","d":[]},"b":1}\n'
    with pytest.raises(TypeError, match="a float at"):
        dump_document_line({"a": 1.5})  # type: ignore[dict-item]


@pytest.mark.parametrize("value", [1.5, float("nan"), [0.0], {"k": {"l": 2.0}}])
def test_a_float_is_refused(value: Json) -> None:
    with pytest.raises(TypeError, match="a float at"):
        dump_document({"a": value})


@pytest.mark.parametrize("value", [2**53, -(2**53)])
def test_an_integer_that_javascript_cannot_hold_is_refused(value: int) -> None:
    with pytest.raises(TypeError, match="beyond 2\\^53"):
        dump_line(value)


@given(st.dictionaries(st.text("abc", max_size=3), SAFE))
def test_reading_back_is_identity_and_order_never_matters(document: dict[str, Json]) -> None:
    text = dump_document(document)
    assert json.loads(text) == document
    assert dump_document(dict(reversed(document.items()))) == text
