"""The pages of rules in every format."""

from __future__ import annotations

import json

from reprocheck.model.findings import Confidence, Severity
from reprocheck.reports.rule_pages import markdown_page, render_json, render_markdown, render_text
from reprocheck.reports.rule_text import RuleText

PAGE = """\
Two things <clash>.

What it checks.
    Lines of `a_b` and
    nothing_else.

    More of it.

Bad.
    dependencies:
      - a  # ``` and

Sources.
    None."""
ONE = RuleText("RC101", "a-rule", "environment.yml", Severity.ERROR, Confidence.HIGH, PAGE, since="0.1.0")
TWO = ONE._replace(code="RC102", name="another", severity=Severity.INFO, confidence=Confidence.LOW, since="0.3.0")
BODY = """\
Two things &lt;clash&gt;.

{marks} What it checks

Lines of `a_b` and nothing\\_else.

More of it.

{marks} Bad

````yaml
dependencies:
  - a  # ``` and
````

{marks} Sources

None."""


def test_text_is_the_page_behind_its_identity() -> None:
    assert render_text([ONE]) == f"RC101 a-rule (error, environment.yml, since 0.1.0)\n\n{PAGE}\n"
    whole = render_text([ONE, TWO])
    assert whole == f"{render_text([ONE])}\n{'-' * 78}\n\n{render_text([TWO])}"


def test_markdown_has_a_heading_a_section_and_code_for_examples() -> None:
    told = "Error, confidence high; environment.yml; since 0.1.0"
    assert render_markdown([ONE]) == f"# RC101 a-rule\n\n{told}\n\n{BODY.format(marks='##')}\n"
    assert markdown_page(ONE) == f"# RC101 a-rule\n\n{BODY.format(marks='##')}"


def test_all_pages_are_one_document() -> None:
    whole = render_markdown([ONE, TWO])
    assert whole.startswith("# Rules\n\n## RC101 a-rule\n\nError, confidence high")
    assert (
        f"\n\n## RC102 another\n\nInfo, confidence low; environment.yml; since 0.3.0\n\n{BODY.format(marks='###')}"
        in whole
    )


def test_json_holds_identity_and_sections_in_order() -> None:
    document = json.loads(render_json([ONE, TWO]))
    assert document["schema"] == "reprocheck/rules/1"
    assert [rule["code"] for rule in document["rules"]] == ["RC101", "RC102"]
    assert document["rules"][0] == {
        "code": "RC101",
        "name": "a-rule",
        "family": "environment.yml",
        "severity": "error",
        "confidence": "high",
        "since": "0.1.0",
        "summary": "Two things <clash>.",
        "sections": [
            {"heading": "What it checks", "text": "Lines of `a_b` and\nnothing_else.\n\nMore of it."},
            {"heading": "Bad", "text": "dependencies:\n  - a  # ``` and"},
            {"heading": "Sources", "text": "None."},
        ],
    }
