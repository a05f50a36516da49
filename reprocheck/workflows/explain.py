"""`explain`: the page of a rule is its docstring."""

from __future__ import annotations

from reprocheck.errors import UsageError
from reprocheck.reports.rule_pages import PAGE_FORMATS
from reprocheck.rules.engine import Selection
from reprocheck.rules.late_rule import module_of
from reprocheck.rules.near_codes import near_code
from reprocheck.rules.registry import RULES
from reprocheck.rules.rule import RuleModule
from reprocheck.workflows.rule_texts import rule_text, rule_texts


def explain(code: str, format_name: str = "text") -> str:
    """Return the page of a rule, found by code or by name.

    Raises:
        UsageError: there is no such rule.
    """
    return PAGE_FORMATS[format_name]([rule_text(_named(code.strip()))])


def explain_all(format_name: str = "text") -> str:
    """Return the pages of all rules, in the order of their codes."""
    return PAGE_FORMATS[format_name](rule_texts(Selection()))


def rule_list() -> str:
    """Return one line for each rule: code, name, severity."""
    width = max(len(module.RULE.name) for module in RULES)
    return "".join(f"{m.RULE.code}  {m.RULE.name:<{width}}  {m.RULE.severity.value}\n" for m in RULES)


def _named(wanted: str) -> RuleModule:
    for module in map(module_of, RULES):
        if wanted.upper() == module.RULE.code or wanted.lower() == module.RULE.name:
            return module
    names = [rule.RULE.code for rule in RULES]
    close = near_code(wanted, names)
    raise UsageError(
        f"unknown rule `{wanted}`",
        why=f"rules are {names[0]} to {names[-1]}",
        how=f"did you mean `{close}`?" if close else "`reprocheck explain` lists them",
    )
