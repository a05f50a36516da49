"""What a report tells of a rule: its identity and its page, as plain data, since reports know no rules."""

from __future__ import annotations

import re
from typing import NamedTuple

from reprocheck.model.findings import Confidence, Severity


class RuleText(NamedTuple):
    """One rule. `page` is its page: headings that end in a full stop, their text indented below.

    `since` is the release that brought the rule.
    """

    code: str
    name: str
    family: str
    severity: Severity
    confidence: Confidence
    page: str
    since: str = ""


_HEADING = re.compile(r"^(\S.*)\.$", re.MULTILINE)
_EXAMPLES = ("Bad", "Good")


def first_sentence(rule: RuleText) -> str:
    """Return what is wrong where the rule fires: the first paragraph of the page."""
    return " ".join(rule.page.split("\n\n", 1)[0].split())


def sections(rule: RuleText) -> dict[str, str]:
    """Return the texts of the page by their headings, without indentation."""
    _, _, body = rule.page.partition("\n\n")
    _, *parts = _HEADING.split(body)
    return {heading: _outdented(text) for heading, text in zip(parts[::2], parts[1::2], strict=True)}


def is_example(heading: str) -> bool:
    """Say whether the text below a heading is a file, of which every line counts."""
    return heading in _EXAMPLES


def _outdented(text: str) -> str:
    lines = [line[4:] for line in text.split("\n")]
    return "\n".join(lines).strip("\n")
