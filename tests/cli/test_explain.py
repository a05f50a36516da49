"""`reprocheck explain`: one page, all pages, the list; as text, Markdown or JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reprocheck.rules.registry import RULES

Runner = Callable[..., Any]

CODES = [module.RULE.code for module in RULES]


def test_all_pages_come_in_the_order_of_codes(reprocheck: Runner) -> None:
    done = reprocheck("explain", "--all")
    heads = [line.split()[0] for line in done.out.splitlines() if line.startswith("RC") and ", since " in line]
    assert (done.code, heads) == (0, CODES)
    assert reprocheck("explain", "RC101").out in done.out


def test_all_pages_make_one_markdown_file(reprocheck: Runner, tmp_path: Path) -> None:
    done = reprocheck("explain", "--all", "--output-format", "markdown", "-o", "rules.md")
    assert (done.code, done.out) == (0, "")
    text = (tmp_path / "rules.md").read_text()
    assert [line.split()[1] for line in text.splitlines() if line.startswith("## ")] == CODES
    assert text.count("```yaml\n") >= 2 * len(CODES)


def test_all_pages_are_a_document(reprocheck: Runner) -> None:
    document = json.loads(reprocheck("explain", "--all", "--output-format", "json").out)
    assert document["schema"] == "reprocheck/rules/1"
    assert [rule["code"] for rule in document["rules"]] == CODES


def test_one_page_comes_in_every_format(reprocheck: Runner) -> None:
    assert reprocheck("explain", "rc102", "--output-format", "markdown").out.startswith("# RC102 ambiguous-spec\n")
    document = json.loads(reprocheck("explain", "ambiguous-spec", "--output-format", "json").out)
    assert [rule["code"] for rule in document["rules"]] == ["RC102"]


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (("RC101", "--all"), "`RC101` beside `--all`"),
        (("--output-format", "json"), "`--output-format` without a page"),
    ],
)
def test_options_that_mean_nothing_together_are_refused(
    reprocheck: Runner, options: tuple[str, ...], what: str
) -> None:
    done = reprocheck("explain", *options)
    assert (done.code, done.out, done.err.splitlines()[0]) == (2, "", f"error: {what}")


def test_the_list_needs_no_code(reprocheck: Runner) -> None:
    assert [line.split()[0] for line in reprocheck("explain").out.splitlines()] == CODES
