"""What a fingerprint says of its probes is checked at the door; hostile documents are refused in words."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprocheck.errors import InputError
from reprocheck.model.json_documents import Json
from reprocheck.model.numeric_fingerprints import probe_entry
from reprocheck.numerics.numeric_comparison import numeric_difference, numeric_notes
from reprocheck.numerics.probe_reader import MOST_PROBES, read_measured, switch_values
from tests.numerics.numeric_shapes import document, lacking, probe

NAME = "matmul/wide/fp32"
ENTRY = probe_entry(probe(NAME))


def refused(found: Mapping[str, Json]) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_measured(found, "b.json")
    assert caught.value.what == "these probes cannot be read"
    assert caught.value.how == "restore the file, or write it anew with `reprocheck fingerprint --probes -o FILE`"
    return [str(caught.value.where), str(caught.value.why)]


def with_entry(**more: Json) -> Mapping[str, Json]:
    return {"probes": [ENTRY, {**ENTRY, "probe": "other", **more}]}


def test_a_fingerprint_without_probes_has_none() -> None:
    assert read_measured({}, "b.json") is None
    assert read_measured({"probes": {"status": "missing", "detail": "torch is not installed"}}, "b.json") is None


def test_unknown_keys_and_dtypes_are_read_past() -> None:
    found = read_measured(with_entry(dtype="fp6", speed="2x", digest="c" * 64), "b.json")
    assert found is not None
    assert [(one.name, one.dtype) for one in found.probes] == [(NAME, "fp32"), ("other", "fp6")]


def test_a_probe_with_a_status_needs_no_bits() -> None:
    found = read_measured(document([lacking(NAME, detail="no kernel")]), "b.json")
    assert found is not None
    assert found.probes == (lacking(NAME, detail="no kernel"),)


@pytest.mark.parametrize(
    ("found", "where", "why"),
    [
        ({"probes": "all"}, "b.json: probes", "expected a list"),
        ({"probes": {"a": 1}}, "b.json: probes", "expected a list"),
        ({"probes": [1]}, "b.json: probes[0]", "expected an object"),
        (with_entry(family=1), "b.json: probes[1].family", "expected a name"),
        (with_entry(operation=""), "b.json: probes[1].operation", "expected a name"),
        (with_entry(device=None), "b.json: probes[1].device", "expected a name"),
        (with_entry(status=""), "b.json: probes[1].status", "expected a word such as `unsupported`"),
        (with_entry(status=3), "b.json: probes[1].status", "expected a word such as `unsupported`"),
        (
            with_entry(digest="a" * 63),
            "b.json: probes[1].digest",
            "expected a SHA-256 of 64 hexadecimal digits, or the key `status`",
        ),
        (with_entry(coarse="0x1p+0"), "b.json: probes[1].coarse", "expected a list"),
        (with_entry(first=["3f80", "zz"]), "b.json: probes[1].first[1]", "expected bits as hexadecimal digits"),
        (with_entry(first=["0" * 40]), "b.json: probes[1].first[0]", "expected bits as hexadecimal digits"),
        (with_entry(repeats=-1), "b.json: probes[1].repeats", "expected a count"),
        (with_entry(repeats=True), "b.json: probes[1].repeats", "expected a count"),
        (with_entry(repeats="9" * 30), "b.json: probes[1].repeats", "expected a count"),
        (with_entry(differing=3), "b.json: probes[1].differing", "expected at most as many as the 2 `repeats`"),
        (with_entry(probe=NAME), "b.json: probes[1]", f"`{NAME}` on `cpu` is there twice"),
        ({"probes": [], "numerics": []}, "b.json: numerics", "expected an object"),
        ({"probes": [], "numerics": {"trees": {}}}, "b.json: numerics.trees", "expected a list"),
        ({"probes": [], "numerics": {"canary": [{}, 1]}}, "b.json: numerics.canary[1]", "expected an object"),
    ],
)
def test_what_is_not_of_its_form_is_named(found: Mapping[str, Json], where: str, why: str) -> None:
    assert refused(found) == [where, why]


@pytest.mark.parametrize(
    "number", ["1.5", "nan", "inf", "0x1p", "0x1.8p+99999", "0x1.8p+9999", "0x", "", 1, None, "0x1.8p+1 ", "-"]
)
def test_a_coarse_digest_is_made_of_finite_hex_floats(number: Json) -> None:
    assert refused(with_entry(coarse=["0x1.8p+1", number])) == [
        "b.json: probes[1].coarse[1]",
        "expected a finite hex float such as `0x1.8000000000000p+1`",
    ]


def test_one_name_on_two_devices_is_two_probes() -> None:
    found = read_measured({"probes": [ENTRY, {**ENTRY, "device": "cuda"}]}, "b.json")
    assert found is not None
    assert len(found.probes) == 2


def test_an_endless_list_is_refused_before_it_is_read() -> None:
    many: dict[str, Json] = {"probes": [{}] * (MOST_PROBES * 10)}
    assert refused(many) == ["b.json: probes", "expected at most 10000 probes, found 100000"]


@pytest.mark.parametrize("told", [None, [], {"status": "raises"}, {"threads": 2}, {"threads": {"origin": "code"}}])
def test_switches_that_could_not_be_read_are_left_out(told: Json) -> None:
    assert switch_values({"runtime": {"switches": told}}) == {}
    assert switch_values({}) == {}
    assert switch_values({"runtime": {"switches": {"threads": {"value": {"status": "raises"}}}}}) == {}


def test_switches_are_told_by_their_ids() -> None:
    entry = {"value": None, "origin": "default"}
    assert switch_values({"runtime": {"switches": {"mkl-cbwr": entry, "x": 1}}}) == {"mkl-cbwr": entry}


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=8) | st.sampled_from(["fp32", "cpu"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
keys = st.sampled_from([*ENTRY, "status", "detail"])
entries = st.dictionaries(keys, anything, max_size=3).map(lambda more: {**ENTRY, **more}) | anything
parts = st.dictionaries(
    st.sampled_from(["trees", "arithmetic", "canary", "relations", "collection", "x"]),
    st.lists(
        st.dictionaries(
            st.sampled_from(
                ["tree", "operation", "dtype", "device", "digest", "status", "sentence", "kind", "expected"]
            ),
            anything,
            max_size=4,
        )
    )
    | anything,
    max_size=4,
)
documents = st.fixed_dictionaries(
    {"probes": st.lists(entries, max_size=3) | anything},
    optional={"numerics": parts | anything, "runtime": st.fixed_dictionaries({"switches": anything}) | anything},
)


@settings(max_examples=300, deadline=None)
@given(old=documents, new=documents)
def test_no_document_does_more_than_be_refused(old: Mapping[str, Json], new: Mapping[str, Json]) -> None:
    try:
        there, here = read_measured(old, "a.json"), read_measured(new, "b.json")
    except InputError:
        return
    notes = list(numeric_notes(("a.json", "b.json"), (there, here)))
    json.dumps(notes)
    if there is not None and here is not None:
        numeric_difference((old, new), (there, here))
