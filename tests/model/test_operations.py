from __future__ import annotations

import pytest

from reprocheck.model.operations import (
    OperationDigest,
    RunOperations,
    fault_of_text,
    label_of,
    labels_of,
    operations_document,
    operations_table,
    spelled_ranges,
    structure_of,
)

MM = "aten.mm.default(bf16[256,64]~-4,bf16[64,64]{1,64}~0)"
LERP = "aten.lerp_.Scalar(fp32[64]~-4,fp32[64]~z,0x1.9999999999998p-4)"
INDEX = "aten.nll_loss_forward.default(fp32[9,64]~4-,int64[9]~0:63^,none,1,-100)"
NORM = "aten._foreach_norm.Scalar([fp32[64]~-4*2,fp32[3]~0+],2)"
NO_TEXT = "expected an operation such as `aten.sqrt.default(fp32[64]~-4+)`"


def test_the_structure_holds_neither_contents_nor_plain_numbers() -> None:
    assert [structure_of(text) for text in (MM, LERP, INDEX, NORM)] == [
        "aten.mm.default(bf16[256x64],bf16[64x64]{1x64})",
        "aten.lerp_.Scalar(fp32[64]*2,float)",
        "aten.nll_loss_forward.default(fp32[9x64],int64[9],none,1,-100)",
        "aten._foreach_norm.Scalar([fp32[64]*2,fp32[3]],2)",
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("[fp32[64]~-4*2,fp32[64]~0,fp32[3]]", "[fp32[64]~-4,fp32[64]~0*2,fp32[3]~z]"),
        ("[fp32[64,64]{1,64}~-4,fp32[64,64]{1,64}~0]", "[fp32[64,64]{1,64}~2*2]"),
        ("[0x1.9p-4*3]", "[0x1.9p-4,0x1.8p-4,0x1.7p-4]"),
        ("[fp32[9]~2,fp32[90]~2],1,1", "[fp32[9]~4,fp32[90]~2],1,1"),
    ],
)
def test_a_list_has_one_structure_however_its_equal_members_are_counted(one: str, other: str) -> None:
    """Neighbours are counted together where they held alike, and what they held differs from machine to machine."""
    assert structure_of(f"aten.op.default({one})") == structure_of(f"aten.op.default({other})")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("[fp32[64]*2,fp32[3]]", "[fp32[64],fp32[3]]"),
        ("[fp32[64],fp32[6]]", "[fp32[64],fp32[64]]"),
        ("[fp32[64],fp32[64]&0]", "[fp32[64],fp32[64]]"),
        ("[1,11]", "[1,1]"),
        ("[[1,1],[1,1]]", "[[1],[1,1]]"),
    ],
)
def test_lists_of_other_members_have_other_structures(one: str, other: str) -> None:
    assert structure_of(f"aten.op.default({one})") != structure_of(f"aten.op.default({other})")


def test_a_label_is_name_and_first_type() -> None:
    assert [label_of(text) for text in (MM, LERP, NORM, "aten.rand.default([2,3])")] == [
        "mm bf16",
        "lerp_.Scalar fp32",
        "_foreach_norm.Scalar fp32",
        "rand",
    ]
    assert labels_of([MM, LERP, MM]) == ("mm bf16", "lerp_.Scalar fp32")


@pytest.mark.parametrize(
    "text",
    [
        MM,
        LERP,
        INDEX,
        NORM,
        "aten.mul.out(fp32[192]~0,0.5,out=fp32[192])",
        "aten.gelu.default(fp32[]~4,approximate='tanh')",
        "aten._to_copy.default(bool[8]@cuda,dtype=dtype.fp16,layout=layout.strided,device=device.cpu)",
        "aten.addcmul_.default(fp32[6]~-16+,fp32[6],fp32[6]&1,value=-0x1.0p-9)",
        "c10d.allreduce_.default([fp32[110400]~0],ranks=2)",
        "aten.rand.default([2,3],generator=generator)",
        "aten.clamp.default(fp32[]~0+,none,inf)",
        "aten.exp.default(fp32[1048576,1048576])",
    ],
)
def test_what_records_hold_is_read(text: str) -> None:
    assert fault_of_text(text) is None


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", NO_TEXT),
        ("mm", NO_TEXT),
        ("aten.mm.default(fp32[2])\n", NO_TEXT),
        ("aten.mm.default(\x1b[2J)", NO_TEXT),
        ("aten.mm.default(__import__('os').system('reboot'))", NO_TEXT),
        ("aten.mm.default(fp32[-2])", NO_TEXT),
        ("aten.mm.default(fp32[2]~nothing)", NO_TEXT),
        ("aten.mm.default(ｆp32)", NO_TEXT),
        ("aten.mm.default(" + "1," * 10_000 + "1)", "expected an operation of at most 20000 characters"),
        ("aten.exp.default(fp32[1048577,1048577])", "expected tensors of at most 2^40 elements"),
        ("aten.exp.default(fp32[2]{9999999999999})", "expected tensors of at most 2^40 elements"),
    ],
)
def test_what_no_record_holds_is_refused(text: str, fault: str) -> None:
    assert fault_of_text(text) == fault


@pytest.mark.parametrize(
    ("numbers", "text"), [([], ""), ([4], "4"), ([0, 1, 2, 4, 3], "0-2,4,3"), ([7, 8, 1, 2], "7-8,1-2")]
)
def test_places_are_told_by_ranges(numbers: list[int], text: str) -> None:
    assert spelled_ranges(numbers) == text


def test_runs_share_the_operations_that_gave_the_same() -> None:
    first, second, other = (
        OperationDigest(text=text, outcome=outcome)
        for text, outcome in ((MM, "a" * 16), (LERP, "blind"), (MM, "b" * 16))
    )
    runs = [
        RunOperations(steps=3, complete=True, detail="", traced=(MM, LERP), digests=(first, second)),
        None,
        RunOperations(steps=4, complete=False, detail="why", traced=(LERP, MM), digests=(second, other)),
    ]
    table = operations_table(runs)
    places = {digest: place for place, digest in enumerate(table)}
    assert table == (first, second, other)
    assert [digest.is_digest for digest in table] == [True, False, True]
    assert [operations_document(run, places) for run in runs if run] == [
        {"steps": 3, "complete": True, "detail": "", "used": "0-1"},
        {"steps": 4, "complete": False, "detail": "why", "used": "1-2"},
    ]
