"""What two machines compute differently, in every format of `diff`."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from reprocheck.model.differences import Difference, HeadDifference
from reprocheck.model.numeric_differences import (
    Candidate,
    Explanation,
    FamilyRow,
    NumericDifference,
    NumericFault,
    ProbeChange,
    ProbeDifference,
    SideBySide,
)
from reprocheck.model.numeric_experiments import Experiment, Trial
from reprocheck.model.numeric_fingerprints import Probe
from reprocheck.reports import diff_concise, diff_full, diff_json, diff_markdown
from reprocheck.reports.diff_numeric_words import distance_text
from reprocheck.reports.diff_registry import DIFF_FORMATS
from reprocheck.reports.diff_report import DiffReport, summary
from reprocheck.reports.markdown_text import LONGEST_COMMENT

HOSTILE = "a|b`c\x1b[2J<img src=x>@you"


def side(name: str, **more: Any) -> Probe:
    family, operation, dtype = name.split("/")
    fields = {"device": "cpu", "digest": "a" * 64, "first": ("3f800000", "c0000000"), "repeats": 3, **more}
    return Probe(name=name, family=family, operation=operation, dtype=dtype, **fields)


def unlike(
    name: str, kind: ProbeChange, distance: float | None = None, *, device: str = "cpu", **more: Any
) -> ProbeDifference:
    family, operation, dtype = name.split("/")
    sides = {"old": side(name), "new": side(name, digest="b" * 64), **more}
    return ProbeDifference(
        name=name,
        family=family,
        operation=operation,
        dtype=dtype,
        device=device,
        kind=kind,
        distance=distance,
        old_values=("1", "-2") if sides["old"] else (),
        new_values=("1", "-2") if sides["new"] else (),
        **sides,
    )


def report(numeric: NumericDifference | None, *, color: bool = False, **more: Any) -> DiffReport:
    difference = Difference(compared="fingerprints", old="a.json", new="b.json", numeric=numeric, **more)
    return DiffReport(difference=difference, color=color)


USUAL = NumericDifference(
    rows=(
        FamilyRow(family="matmul", dtype="fp32", device="cpu", equal=4, only_old=1),
        FamilyRow(family="softmax", dtype="fp32", device="cpu", equal=1, rounding=2, different=1),
        FamilyRow(family="scatter", dtype="fp32", device="cpu", varying=1),
        FamilyRow(family="conv", dtype="fp16", device="cpu", unmeasured=3),
        FamilyRow(family="matmul", dtype="tf32", device="cuda", only_new=2),
        FamilyRow(family="unary", dtype="fp64", device="cpu", equal=7),
    ),
    probes=(
        unlike("softmax/wrong/fp32", "different", 81920.0),
        unlike("softmax/log/fp32", "rounding", 0.312),
        unlike("softmax/plain/fp32", "rounding", 0.004),
        unlike("scatter/put/fp32", "varying", 0.5, new=side("scatter/put/fp32", digest="b" * 64, differing=2)),
        unlike("conv/forward/fp16", "unmeasured", new=side("conv/forward/fp16", status="unsupported", first=())),
        unlike("matmul/new/fp32", "one-sided", new=None),
        unlike("matmul/a/tf32", "one-sided", device="cuda", old=None),
        unlike("matmul/b/tf32", "one-sided", device="cuda", old=None),
    ),
    measured=(
        SideBySide(
            part="trees",
            what="sum of 256, fp32",
            old="in order",
            new="by halves",
            rows=(("additions deep", "255", "8"),),
        ),
        SideBySide(part="arithmetic", what="matmul, bf16", old="keeps 7 bits", new="keeps 10 bits"),
    ),
    candidates=(Candidate(cause="aten-cpu-capability", kind="switch", old="avx512", new="avx2"),),
    explanations=(
        Explanation(
            cause="aten-cpu-capability",
            how="table",
            explains=("softmax/log/fp32", "softmax/plain/fp32"),
            contradicts=(),
            text="likely cause: aten-cpu-capability (avx512 there, avx2 here): explains 2 of 3 differing probes "
            "(softmax fp32); measured effects table",
        ),
    ),
    ruled_out=("threads (2 there, 4 here)",),
    unexplained=("softmax/wrong/fp32",),
)
FAULTY = replace(
    USUAL,
    faults=(
        NumericFault(side="here", text="the canary in fp32 on cpu has other bits than IEEE 754 gives"),
        NumericFault(side="there", text="one does not hold on cpu"),
        NumericFault(side="both", text="two does not hold on cpu"),
    ),
)
EQUAL = NumericDifference(rows=USUAL.rows[-1:])


def test_full_tells_counts_causes_distances_and_orders_of_addition() -> None:
    assert diff_full.render(report(USUAL, head=(HeadDifference(what="cpu", old="1", new="2"),))) == (
        "cpu: 1 -> 2\n"
        "\n"
        "what they compute: 12 of 22 probes equal, 1 different, 2 equal up to rounding, 1 not the same from\n"
        "  run to run, 1 not measured on a side, 3 only on one side, 2 not measured on both sides\n"
        "  there: a.json\n"
        "  here:  b.json\n"
        "\n"
        "  family   dtype  device  equal  rounding  different  varying\n"
        "  softmax  fp32   cpu         1         2          1        -\n"
        "  scatter  fp32   cpu         -         -          -        1\n"
        "  (2 other rows are equal)\n"
        "  not compared: 1 probe, unsupported here (conv fp16 1)\n"
        "  not compared: 1 probe, only there (matmul fp32 1)\n"
        "  not compared: 2 probes, only here (matmul tf32 on cuda 2)\n"
        "\n"
        "likely cause: aten-cpu-capability (avx512 there, avx2 here): explains 2 of 3 differing probes\n"
        "  (softmax fp32); measured effects table\n"
        "ruled out by the table: threads (2 there, 4 here)\n"
        "unexplained: 1 of them (softmax fp32 1)\n"
        "\n"
        "how far apart, in rounding units of the dtype:\n"
        "! softmax fp32: wrong 8.2e+04\n"
        "~ softmax fp32: log 0.31, plain <0.01\n"
        "? scatter fp32: put 0.5 (2 of 3 runs here gave other bits)\n"
        "\n"
        "first values of softmax/wrong/fp32:\n"
        "  there  3f800000 1  c0000000 -2\n"
        "  here   3f800000 1  c0000000 -2\n"
        "\n"
        "order of additions:\n"
        "  sum of 256, fp32\n"
        "    there: in order\n"
        "    here:  by halves\n"
        "    additions deep: 255 there, 8 here\n"
        "\n"
        "arithmetic:\n"
        "  matmul, bf16\n"
        "    there: keeps 7 bits\n"
        "    here:  keeps 10 bits\n"
        "\n"
        "1 entry differs; 3 probes differ, 1 probe does not repeat itself, 4 probes were not compared\n"
    )


def test_concise_is_a_line_for_every_probe_order_and_cause() -> None:
    assert diff_concise.render(report(FAULTY)).splitlines() == [
        "fault here (b.json): the canary in fp32 on cpu has other bits than IEEE 754 gives",
        "fault there (a.json): one does not hold on cpu",
        "fault on both sides: two does not hold on cpu",
        "! softmax/wrong/fp32: different, 8.2e+04 rounding units apart",
        "~ softmax/log/fp32: rounding, 0.31 rounding units apart",
        "~ softmax/plain/fp32: rounding, <0.01 rounding units apart",
        "? scatter/put/fp32: 2 of 3 runs here gave other bits",
        "- conv/forward/fp16: unsupported here",
        "- matmul/new/fp32: only there",
        "+ matmul/a/tf32 (cuda): only here",
        "+ matmul/b/tf32 (cuda): only here",
        "trees, sum of 256, fp32: there in order; here by halves",
        "arithmetic, matmul, bf16: there keeps 7 bits; here keeps 10 bits",
        USUAL.explanations[0].text,
        "12 of 22 probes equal, 1 different, 2 equal up to rounding, 1 not the same from run to run, "
        "1 not measured on a side, 3 only on one side, 2 not measured on both sides",
        "3 probes differ, 1 probe does not repeat itself, 4 probes were not compared",
    ]


def test_a_fault_is_told_before_everything_else() -> None:
    found = report(FAULTY, head=(HeadDifference(what="cpu", old="1", new="2"),))
    first = "fault here (b.json): the canary in fp32 on cpu has other bits than IEEE 754 gives"
    assert diff_full.render(found).splitlines()[0] == first
    assert diff_concise.render(found).splitlines()[0] == first
    assert diff_markdown.render(found).split("\n\n")[2].splitlines() == [
        "- **Fault** here: the canary in fp32 on cpu has other bits than IEEE 754 gives",
        "- **Fault** there: one does not hold on cpu",
        "- **Fault** on both sides: two does not hold on cpu",
    ]


def test_equal_machines_are_told_in_one_line() -> None:
    assert diff_full.render(report(EQUAL)) == (
        "what they compute: 7 of 7 probes equal\n\nno difference: the fingerprints say the same\n"
    )
    assert diff_concise.render(report(EQUAL)) == ("7 of 7 probes equal\nno difference: the fingerprints say the same\n")
    assert "### What they compute\n\n7 of 7 probes equal\n" in diff_markdown.render(report(EQUAL))


def test_without_measurements_nothing_is_told_of_them() -> None:
    assert diff_full.render(report(None)) == "no difference: the fingerprints say the same\n"
    assert diff_full.render(report(NumericDifference())) == "no difference: the fingerprints say the same\n"
    assert diff_concise.render(report(NumericDifference())) == "no difference: the fingerprints say the same\n"
    assert "compute" not in diff_markdown.render(report(NumericDifference()))
    assert json.loads(diff_json.render(report(None)))["numeric"] is None


@pytest.mark.parametrize(
    ("numeric", "words"),
    [
        (replace(EQUAL, probes=USUAL.probes[:1]), "1 probe differs"),
        (
            replace(EQUAL, probes=tuple(probe for probe in USUAL.probes if probe.kind == "varying") * 2),
            "2 probes do not repeat themselves",
        ),
        (replace(EQUAL, probes=USUAL.probes[-1:]), "1 probe was not compared"),
        (replace(EQUAL, measured=USUAL.measured[:1]), "the measured arithmetic differs"),
        (replace(EQUAL, faults=FAULTY.faults[:1]), "a machine is at fault"),
    ],
)
def test_the_summary_says_what_differs_where_nothing_else_does(numeric: NumericDifference, words: str) -> None:
    assert summary(report(numeric).difference) == words
    head = (HeadDifference(what="cpu", old="1", new="2"),)
    assert summary(report(numeric, head=head).difference) == f"1 entry differs; {words}"
    assert not report(numeric).difference.is_empty


def test_a_fault_that_both_sides_have_is_no_difference() -> None:
    both = replace(EQUAL, faults=FAULTY.faults[2:])
    assert report(both).difference.is_empty
    assert diff_full.render(report(both)).startswith("fault on both sides: two does not hold on cpu\n\nwhat they")


def test_long_lists_are_cut_and_say_how_much_is_left_out() -> None:
    many = tuple(unlike(f"unary/op{number}/fp64", "rounding", 1.0) for number in range(10))
    rows = tuple(FamilyRow(family=f"f{number}", dtype="fp32", device="cpu", rounding=1) for number in range(10))
    parts = tuple(SideBySide(part="trees", what=f"sum of {size}", old="a", new="b") for size in range(14))
    lone = tuple(unlike(f"f{number}/a/fp32", "one-sided", new=None) for number in range(10))
    text = diff_full.render(report(NumericDifference(rows=rows, probes=(*many, *lone), measured=parts)))
    assert "op6 1, op7 1 and 2 more\n" in text
    assert "  and 2 more; `--output-format json` has them\n" in text
    assert "not compared: 10 probes, only there (f0 fp32 1, f1 fp32 1, " in text.replace("\n" + " " * 16, " ")
    assert "f7 fp32 1, 2 more)" in text.replace("\n" + " " * 16, " ")
    assert "other row" not in text


def test_lines_keep_within_a_hundred_columns() -> None:
    wide = tuple(unlike(f"unary/{'operation' * 3}-{number}/fp64", "different", 1.0) for number in range(40))
    text = diff_full.render(report(replace(FAULTY, probes=(*wide, *USUAL.probes))))
    assert max(map(len, text.splitlines())) <= 100


def test_one_equal_row_is_told_in_the_singular() -> None:
    rows = (USUAL.rows[1], USUAL.rows[-1])
    text = diff_full.render(report(NumericDifference(rows=rows, probes=USUAL.probes[:1])))
    assert "  (1 other row is equal)\n" in text


def test_bits_without_a_known_format_are_told_alone() -> None:
    bare = replace(USUAL.probes[0], old_values=(), new_values=())
    text = diff_full.render(report(replace(USUAL, probes=(bare,))))
    assert "  there  3f800000  c0000000\n  here   3f800000  c0000000\n" in text
    without = replace(bare, old=side("softmax/wrong/fp32", first=()))
    assert "first values" not in diff_full.render(report(replace(USUAL, probes=(without,))))


@pytest.mark.parametrize(
    ("distance", "text"),
    [(None, ""), (0.0, "<0.01"), (0.0123, "0.012"), (3.0, "3"), (81920.0, "8.2e+04"), (float("inf"), "without bound")],
)
def test_a_distance_has_two_digits(distance: float | None, text: str) -> None:
    assert distance_text(unlike("a/b/fp32", "different", distance)) == text


def test_a_difference_of_unknown_size_has_none() -> None:
    numeric = replace(USUAL, probes=(unlike("a/b/fp6", "different"),))
    assert "! a fp6: b\n" in diff_full.render(report(numeric))
    assert "! a/b/fp6: different\n" in diff_concise.render(report(numeric))


def test_signs_and_faults_are_coloured_where_colour_is_wanted() -> None:
    text = diff_full.render(report(FAULTY, color=True))
    assert text.startswith("\x1b[31;1mfault \x1b[0mhere (b.json): ")
    assert "\x1b[31m!\x1b[0m softmax fp32: wrong" in text
    assert "\x1b[33m~\x1b[0m softmax fp32: log" in text


def test_markdown_is_a_table_and_folds_what_is_long() -> None:
    assert diff_markdown.render(report(USUAL)) == (
        "**3 probes differ, 1 probe does not repeat itself, 4 probes were not compared**\n\n"
        "`a.json` → `b.json`\n\n"
        "### What they compute\n\n"
        "12 of 22 probes equal, 1 different, 2 equal up to rounding, 1 not the same from run to run, "
        "1 not measured on a side, 3 only on one side, 2 not measured on both sides\n\n"
        "| Family | Dtype | Device | Equal | Rounding | Different | Varying |\n"
        "| --- | --- | --- | --: | --: | --: | --: |\n"
        "| `softmax` | `fp32` | `cpu` | 1 | 2 | 1 |  |\n"
        "| `scatter` | `fp32` | `cpu` |  |  |  | 1 |\n\n"
        "- Not compared: 1 probe, unsupported here (conv fp16 1)\n"
        "- Not compared: 1 probe, only there (matmul fp32 1)\n"
        "- Not compared: 2 probes, only here (matmul tf32 on cuda 2)\n\n"
        "- Likely cause: aten-cpu-capability (avx512 there, avx2 here): explains 2 of 3 differing probes "
        "(softmax fp32); measured effects table\n"
        "- Ruled out by the table: threads (2 there, 4 here)\n"
        "- Unexplained: 1 of them (softmax fp32 1)\n\n"
        "<details><summary>Differing probes (8)</summary>\n\n"
        "| Probe | Difference | Rounding units |\n"
        "| --- | --- | --: |\n"
        "| `softmax/wrong/fp32` | different | `8.2e+04` |\n"
        "| `softmax/log/fp32` | rounding | `0.31` |\n"
        "| `softmax/plain/fp32` | rounding | `<0.01` |\n"
        "| `scatter/put/fp32` | 2 of 3 runs here gave other bits | `0.5` |\n"
        "| `conv/forward/fp16` | unsupported here |  |\n"
        "| `matmul/new/fp32` | only there |  |\n"
        "| `matmul/a/tf32 (cuda)` | only here |  |\n"
        "| `matmul/b/tf32 (cuda)` | only here |  |\n\n"
        "</details>\n\n"
        "<details><summary>Order of additions and arithmetic (2)</summary>\n\n"
        "| Measured | There | Here |\n"
        "| --- | --- | --- |\n"
        "| `sum of 256, fp32` | in order | by halves |\n"
        "| `matmul, bf16` | keeps 7 bits | keeps 10 bits |\n\n"
        "</details>\n"
    )


def test_a_comment_keeps_within_its_limit() -> None:
    many = tuple(unlike(f"unary/op{number}/fp64", "rounding", 1.0) for number in range(120))
    assert "\nand 20 more, which `--output-format json` has\n" in diff_markdown.render(
        report(replace(USUAL, probes=many))
    )
    endless = tuple(SideBySide(part="trees", what=f"sum of {size}", old="a" * 90, new="b") for size in range(900))
    text = diff_markdown.render(report(replace(USUAL, measured=endless)))
    assert len(text) < LONGEST_COMMENT
    assert "Order of additions" not in text
    assert "Differing probes (8)" in text


def test_json_holds_every_value_and_no_float() -> None:
    numeric = replace(FAULTY, probes=(*USUAL.probes[:1], *USUAL.probes[4:6]), rows=USUAL.rows[:1])
    told = json.loads(diff_json.render(report(numeric)), parse_float=lambda text: pytest.fail(text))["numeric"]
    first = [{"bits": "3f800000", "value": "1"}, {"bits": "c0000000", "value": "-2"}]
    head = {"device": "cpu", "distance": None}
    assert told == {
        "summary": {"equal": 4, "different": 1, "rounding": 0, "varying": 0, "unmeasured": 1, "oneSided": 1},
        "families": [
            {
                **{"family": "matmul", "dtype": "fp32", "device": "cpu", "equal": 4, "rounding": 0, "different": 0},
                **{"varying": 0, "unmeasured": 0, "onlyOld": 1, "onlyNew": 0},
            }
        ],
        "probes": [
            {
                **head,
                **{"probe": "softmax/wrong/fp32", "family": "softmax", "operation": "wrong", "dtype": "fp32"},
                "change": "different",
                "distance": {"hex": "0x1.4000000000000p+16", "decimal": "81920"},
                "old": {"digest": "a" * 64, "first": first, "repeats": 3, "differing": 0},
                "new": {"digest": "b" * 64, "first": first, "repeats": 3, "differing": 0},
            },
            {
                **head,
                **{"probe": "conv/forward/fp16", "family": "conv", "operation": "forward", "dtype": "fp16"},
                "change": "unmeasured",
                "old": {"digest": "a" * 64, "first": first, "repeats": 3, "differing": 0},
                "new": {"status": "unsupported", "detail": ""},
            },
            {
                **head,
                **{"probe": "matmul/new/fp32", "family": "matmul", "operation": "new", "dtype": "fp32"},
                "change": "one-sided",
                "old": {"digest": "a" * 64, "first": first, "repeats": 3, "differing": 0},
                "new": None,
            },
        ],
        "faults": [{"side": fault.side, "text": fault.text} for fault in FAULTY.faults],
        "measured": [
            {
                "part": "trees",
                "what": "sum of 256, fp32",
                "old": "in order",
                "new": "by halves",
                "rows": [["additions deep", "255", "8"]],
            },
            {"part": "arithmetic", "what": "matmul, bf16", "old": "keeps 7 bits", "new": "keeps 10 bits", "rows": []},
        ],
        "candidates": [{"cause": "aten-cpu-capability", "kind": "switch", "old": "avx512", "new": "avx2"}],
        "explanations": [
            {
                "cause": "aten-cpu-capability",
                "how": "table",
                "explains": ["softmax/log/fp32", "softmax/plain/fp32"],
                "contradicts": [],
                "text": USUAL.explanations[0].text,
            }
        ],
        "ruledOut": ["threads (2 there, 4 here)"],
        "unexplained": ["softmax/wrong/fp32"],
        "experiment": None,
    }


def test_hostile_names_reach_no_terminal_and_stay_text_in_markdown() -> None:
    name = f"{HOSTILE}/{HOSTILE}/{HOSTILE}".replace("</", "<")
    parts = (HOSTILE, HOSTILE, HOSTILE)
    probes = tuple(
        replace(unlike("a/b/c", kind), name=name, family=parts[0], operation=parts[1], dtype=parts[2], device=HOSTILE)
        for kind in ("different", "one-sided", "varying")
    )
    numeric = NumericDifference(
        rows=(FamilyRow(family=HOSTILE, dtype=HOSTILE, device=HOSTILE, different=1),),
        probes=tuple(replace(probe, new=None) if probe.kind == "one-sided" else probe for probe in probes),
        measured=(SideBySide(part="trees", what=HOSTILE, old=HOSTILE, new=HOSTILE),),
        faults=(NumericFault(side="here", text=HOSTILE),),
        explanations=(Explanation(cause=HOSTILE, how="table", explains=(), contradicts=(), text=HOSTILE),),
        ruled_out=(HOSTILE,),
        unexplained=(probes[0].label,),
    )
    for module in DIFF_FORMATS:
        assert "\x1b" not in module.render(report(numeric))
    span = "`a`&#124;`` b`c\\u{1b}[2J<img src=x>@you ``"
    plain = "a&#124;b\\`c\\\\u\\{1b\\}\\[2J&lt;img `src=x>@you`"
    text = diff_markdown.render(report(numeric))
    assert f"| {span} | {span} | {span} |  |  | 1 |\n" in text
    assert f"| {span} | {plain} | {plain} |\n" in text
    assert f"- **Fault** here: {plain}\n" in text
    assert f"- A{plain[1:]}\n- Ruled out by the table: {plain}\n" in text


def test_markdown_tells_what_an_experiment_tried() -> None:
    tried = Trial(settings=("threads=4",), origin="recorded", equal=("softmax/log/fp32",), moved=1)
    found = Experiment(home="new", differing=("softmax/log/fp32",), trials=(tried,), causes=(tried,))
    assert (
        "- Experiment: 1 differing probe rerun here under 1 setting\n"
        "  - threads=4  1 of 1 equal, 1 changed, as recorded by the other side\n\n"
    ) in diff_markdown.render(report(replace(USUAL, experiment=found)))
