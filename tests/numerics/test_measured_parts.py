"""Orders of addition, arithmetic, canaries and relations of two machines side by side; faults are told as faults."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reprocheck.model.json_documents import Json
from reprocheck.model.numeric_differences import NumericFault, SideBySide
from reprocheck.model.numeric_fingerprints import NumericFingerprint
from reprocheck.numerics.measured_parts import faults_between, one_sided_parts, sides_of_parts

Entry = dict[str, Json]
NOTHING = NumericFingerprint()


def tree(digest: str, sentence: str, **more: Json) -> Entry:
    dtype = str(more.get("dtype", "fp32"))
    return {
        "tree": f"sum {dtype} n=256",
        "operation": "sum",
        "dtype": dtype,
        "size": 256,
        "device": "cpu",
        "digest": digest,
        "sentence": sentence,
        **more,
    }


def canary(digest: str = "e", **more: Json) -> Entry:
    return {"canary": "fp32", "device": "cpu", "digest": digest, "expected": "e", **more}


def relation(status: str, kind: str = "must", **more: Json) -> Entry:
    return {"relation": "scaled factors", "kind": kind, "device": "cpu", "status": status, **more}


def arithmetic(**more: Json) -> Entry:
    return {"arithmetic": "matmul/bf16", "operation": "matmul", "dtype": "bf16", "device": "cpu", **more}


def test_two_trees_are_told_in_the_words_of_both() -> None:
    there = NumericFingerprint(trees=(tree("1", "in order"), tree("9", "alike", operation="dot")))
    here = NumericFingerprint(trees=(tree("2", "by halves"), tree("9", "in newer words", operation="dot", ns=3)))
    assert sides_of_parts(there, here) == (
        SideBySide(part="trees", what="sum of 256 in fp32", old="in order", new="by halves"),
    )
    assert sides_of_parts(there, there) == ()


def test_two_trees_are_laid_side_by_side_where_their_texts_are_known() -> None:
    there = NumericFingerprint(trees=(tree("1", "in order", text="(0*4+1)"),))
    here = NumericFingerprint(trees=(tree("2", "in order", text="((0*2+1)*2+2)"),))
    (found,) = sides_of_parts(there, here)
    assert (found.old, found.new) == ("in order", "in order")
    assert ("additions deep", "3", "2") in found.rows


def test_what_reads_the_same_in_several_dtypes_is_told_once() -> None:
    there = NumericFingerprint(trees=(tree("1", "in order"), tree("3", "in order", dtype="fp64")))
    here = NumericFingerprint(trees=(tree("2", "by halves"), tree("4", "by halves", dtype="fp64")))
    assert [one.what for one in sides_of_parts(there, here)] == ["sum of 256 in fp32 fp64"]


def test_what_reads_the_same_of_several_operations_is_told_once() -> None:
    sides = (("1", "in order"), ("2", "by halves"))
    there, here = (
        NumericFingerprint(trees=tuple(tree(digest, words, operation=name) for name in ("sum", "dot")))
        for digest, words in sides
    )
    assert [one.what for one in sides_of_parts(there, here)] == ["sum of 256, dot of 256 in fp32"]


def test_of_two_profiles_only_what_differs_is_told() -> None:
    words = (
        "result rounded to nearest even; subnormal numbers flushed",
        "subnormal numbers kept; result rounded to nearest even",
    )
    there, here = (NumericFingerprint(arithmetic=(arithmetic(sentence=text, subnormals=text[:9]),)) for text in words)
    assert [(one.old, one.new) for one in sides_of_parts(there, here)] == [
        ("subnormal numbers flushed", "subnormal numbers kept")
    ]
    less = NumericFingerprint(arithmetic=(arithmetic(sentence="result rounded to nearest even", subnormals=""),))
    assert [(one.old, one.new) for one in sides_of_parts(there, less)] == [(words[0], "result rounded to nearest even")]


def test_the_same_words_for_other_trees_are_told_with_their_digests() -> None:
    there, here = (NumericFingerprint(trees=(tree(letter * 64, "in order"),)) for letter in "ab")
    assert sides_of_parts(there, here) == (
        SideBySide(
            part="trees",
            what="sum of 256 in fp32",
            old="in order [digest aaaaaaaaaaaa]",
            new="in order [digest bbbbbbbbbbbb]",
        ),
    )


def test_what_could_not_be_measured_on_a_side_says_why() -> None:
    there = NumericFingerprint(arithmetic=(arithmetic(status="unsupported", detail="no kernel"),))
    here = NumericFingerprint(arithmetic=(arithmetic(inputBits=7, sentence="keeps 7 bits"),))
    assert sides_of_parts(there, here) == (
        SideBySide(part="arithmetic", what="matmul in bf16", old="unsupported: no kernel", new="keeps 7 bits"),
    )


def test_values_without_words_are_told_by_their_digest() -> None:
    there, here = (NumericFingerprint(arithmetic=(arithmetic(inputBits=bits, device="cuda"),)) for bits in (7, 10))
    found = sides_of_parts(there, here)[0]
    assert found.what == "matmul in bf16 on cuda"
    assert (found.old[:17], found.new[:17]) == ("measured [digest ", "measured [digest ")
    assert found.old != found.new


def test_entries_without_an_operation_are_named_by_themselves() -> None:
    there = NumericFingerprint(relations=(relation("holds", "expected"),))
    here = NumericFingerprint(relations=(relation("broken", "expected", detail="3 of 9 differ"),))
    assert sides_of_parts(there, here) == (
        SideBySide(part="relations", what="scaled factors", old="holds", new="broken: 3 of 9 differ"),
    )


def test_a_broken_canary_or_relation_is_a_fault_and_no_difference_of_platforms() -> None:
    there = NumericFingerprint(canary=(canary(),), relations=(relation("holds"),))
    here = NumericFingerprint(canary=(canary("f"),), relations=(relation("broken"),))
    texts = ("the canary in fp32 on cpu has other bits than IEEE 754 gives", "scaled factors does not hold on cpu")
    assert sides_of_parts(there, here) == ()
    assert faults_between(there, here) == tuple(NumericFault(side="here", text=text) for text in texts)
    assert faults_between(here, there) == tuple(NumericFault(side="there", text=text) for text in texts)
    assert faults_between(here, here) == tuple(NumericFault(side="both", text=text) for text in texts)
    mixed = replace(here, relations=(relation("holds"),))
    assert [(fault.side, fault.text) for fault in faults_between(mixed, here)] == [
        ("here", texts[1]),
        ("both", texts[0]),
    ]


def test_another_release_has_another_canary() -> None:
    newer = NumericFingerprint(canary=(canary("n", expected="n"),))
    assert sides_of_parts(NumericFingerprint(canary=(canary(),)), newer) == ()
    assert faults_between(NumericFingerprint(canary=(canary(),)), newer) == ()


def test_a_canary_that_one_side_cannot_run_is_told() -> None:
    lacking: Entry = {"canary": "fp16", "device": "cpu", "status": "unsupported"}
    there, here = (NumericFingerprint(canary=(one,)) for one in (lacking, canary(canary="fp16")))
    assert sides_of_parts(there, here) == (SideBySide(part="canary", what="fp16", old="unsupported", new="measured"),)


@pytest.mark.parametrize(("count", "words"), [(1, "1 entry was"), (2, "2 entries were")])
def test_what_only_one_side_measured_is_counted(count: int, words: str) -> None:
    there = NumericFingerprint(trees=tuple(tree("1", "in order", size=256 + number) for number in range(count)))
    assert list(one_sided_parts(there, NOTHING)) == [f"trees: {words} measured only there"]
    assert list(one_sided_parts(NOTHING, there)) == [f"trees: {words} measured only here"]
    assert sides_of_parts(there, NOTHING) == ()
    assert list(one_sided_parts(there, there)) == []
