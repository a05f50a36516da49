from __future__ import annotations

from typing import Any

import pytest

from reprocheck.model.records import NO_MARK
from tests.numerics.watched_shapes import ONE, end, mark, start, step, told


def test_what_a_process_told_is_lifted() -> None:
    process = told(start(1, 2), step(0), step(1), end(2))
    assert (process.rank, process.world_size, len(process.steps), process.end, process.fault) == (1, 2, 2, 2, "")
    first, second = process.steps
    assert (first.loss, first.data, first.skipped, first.parameters) == (
        ONE,
        "d" * 16,
        False,
        (mark("3"), mark("4"), mark("5")),
    )
    assert first.notes is not None
    assert second.notes is not None
    assert (first.notes.settings, first.notes.outputs, second.notes.settings) == (
        {"0.lr": "0.001"},
        (("last", mark("6", "0.1")),),
        {},
    )


def test_buffers_have_no_gradients_even_where_their_marks_are_left_out() -> None:
    process = told(start(), step(0, gradients=[mark("1")]))
    assert process.steps[0].gradients == (mark("1"), NO_MARK, NO_MARK)


@pytest.mark.parametrize("loss", ["", None, "nan"])
def test_a_number_that_was_not_seen_is_none(loss: str | None) -> None:
    assert told(start(), step(0, loss=loss)).steps[0].loss == "nan"


def test_infinities_are_kept() -> None:
    taken = told(start(), step(0, loss="inf", gradient_norm="-inf")).steps[0]
    assert (taken.loss, taken.gradient_norm) == ("inf", "-inf")


def test_sketches_are_read_as_numbers() -> None:
    process = told(start(), step(0, sketch=[[ONE, "0.5"], None, []]))
    assert process.steps[0].sketches == ((1.0, 0.5), (), ())


def test_a_block_that_begins_forgets_the_steps_before() -> None:
    process = told(start(), step(0), step(1), {"kind": "restart"}, start(threads=3), step(0, data="e" * 16), end(1))
    assert ([taken.data for taken in process.steps], process.first["threads"], process.end) == (["e" * 16], 3, 1)


def test_a_fault_ends_what_is_read() -> None:
    process = told(start(), step(0), {"kind": "fault", "where": "clip", "reason": "no room"}, step(1))
    assert (len(process.steps), process.fault) == (1, "clip: no room")


def test_lines_of_another_kind_are_passed_over() -> None:
    assert told({"kind": "later"}, start(), step(0)).fault == ""


FORM = "a line of the hooks is not of their form"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ({}, f"{FORM} (KeyError: 'kind')"),
        (step(1), f"{FORM} (ValueError: step 1 after 0 steps)"),
        (step(0, optimizer=1), f"{FORM} (KeyError: 1)"),
        (step(0, optimizer=True), f"{FORM} (ValueError: no number of something: True)"),
        (step(0, loss="1.0"), f"{FORM} (ValueError: no hex float: '1.0')"),
        (step(0, loss=1), f"{FORM} (ValueError: no hex float: 1)"),
        (step(0, data="a b"), f"{FORM} (ValueError: no word: 'a b')"),
        (step(0, data="a*2"), f"{FORM} (ValueError: no word: 'a*2')"),
        (step(0, data=3), f"{FORM} (ValueError: no word: 3)"),
        (step(0, gradients=["x"]), f"{FORM} (ValueError: no mark: 'x')"),
        (step(0, gradients=["-"] * 4), f"{FORM} (ValueError: 4 marks of 3 tensors)"),
        (step(0, random=[]), ""),
        (step(0, outputs=[["a"]]), f"{FORM} (ValueError: not enough values to unpack (expected 2, got 1))"),
        (end(-1), f"{FORM} (ValueError: no number of something: -1)"),
    ],
)
def test_a_line_of_another_form_is_a_fault(line: dict[str, Any], why: str) -> None:
    assert told(start(), line).fault == why
