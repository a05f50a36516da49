"""The rules that run, as reports tell of them."""

from __future__ import annotations

import inspect

from reprocheck.reports.rule_text import RuleText
from reprocheck.rules.engine import Selection
from reprocheck.rules.late_rule import code_of, module_of
from reprocheck.rules.registry import RULES
from reprocheck.rules.rule import RuleModule


def rule_texts(selection: Selection) -> tuple[RuleText, ...]:
    """Return the identities and pages of the selected rules, in the order of their codes."""
    return tuple(rule_text(module_of(rule)) for rule in RULES if selection.includes(code_of(rule)))


def rule_text(module: RuleModule) -> RuleText:
    """Return one rule as reports tell of it."""
    rule = module.RULE
    return RuleText(
        code=rule.code,
        name=rule.name,
        family=rule.family.value,
        severity=rule.severity,
        confidence=rule.confidence,
        page=inspect.cleandoc(module.__doc__ or ""),
        since=rule.since,
    )
