"""The pages of rules: as plain text, as Markdown that a site can be made of, and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from reprocheck.model.json_documents import dump_document
from reprocheck.reports.markdown_text import fenced, plain, sentence
from reprocheck.reports.rule_text import RuleText, first_sentence, is_example, sections

_RULE = "-" * 78


def render_text(rules: Sequence[RuleText]) -> str:
    """Return the pages one after the other, a line between them."""
    pages = (f"{rule.code} {rule.name} ({', '.join(_identity(rule))})\n\n{rule.page}\n" for rule in rules)
    return f"\n{_RULE}\n\n".join(pages)


def render_markdown(rules: Sequence[RuleText]) -> str:
    """Return the pages as one document; a single page is a document of its own."""
    if len(rules) == 1:
        return markdown_page(rules[0], told=_told(rules[0])) + "\n"
    pages = (markdown_page(rule, depth=2, told=_told(rule)) for rule in rules)
    return "\n\n".join(["# Rules", *pages]) + "\n"


def render_json(rules: Sequence[RuleText]) -> str:
    """Return the document `reprocheck/rules/1`."""
    told = [
        {
            "code": rule.code,
            "name": rule.name,
            "family": rule.family,
            "severity": rule.severity.value,
            "confidence": rule.confidence.value,
            "since": rule.since,
            "summary": first_sentence(rule),
            "sections": [{"heading": heading, "text": text} for heading, text in sections(rule).items()],
        }
        for rule in rules
    ]
    return dump_document({"schema": "reprocheck/rules/1", "rules": told})


PAGE_FORMATS: Final[Mapping[str, Callable[[Sequence[RuleText]], str]]] = {
    "text": render_text,
    "markdown": render_markdown,
    "json": render_json,
}


def markdown_page(rule: RuleText, *, depth: int = 1, told: str = "") -> str:
    """Return one page in Markdown; its heading has `depth` marks, and `told` stands below it."""
    marks = "#" * depth
    blocks = [f"{marks} {rule.code} {rule.name}", *([plain(told)] if told else []), plain(first_sentence(rule))]
    for heading, text in sections(rule).items():
        blocks.append(f"{marks}# {heading}")
        if is_example(heading):
            blocks.append(fenced(text.split("\n"), "yaml"))
        else:
            blocks.extend(plain(" ".join(part.split())) for part in text.split("\n\n"))
    return "\n\n".join(blocks)


def _identity(rule: RuleText) -> tuple[str, ...]:
    return rule.severity.value, rule.family, f"since {rule.since}"


def _told(rule: RuleText) -> str:
    return sentence(f"{rule.severity.value}, confidence {rule.confidence.value}; {rule.family}; since {rule.since}")
