"""`explain`: the page of a rule is its docstring."""

from __future__ import annotations

import difflib
import inspect

from reprocheck.errors import UsageError
from reprocheck.rules.registry import RULES
from reprocheck.rules.rule import RuleModule


def explain(code: str) -> str:
    """Return the page of a rule, found by code or by name.

    Raises:
        UsageError: there is no such rule.
    """
    wanted = code.strip()
    for module in RULES:
        if wanted.upper() == module.RULE.code or wanted.lower() == module.RULE.name:
            return _page(module)
    names = [rule.RULE.code for rule in RULES]
    close = difflib.get_close_matches(wanted.upper(), names, n=1)
    raise UsageError(
        f"unknown rule `{wanted}`",
        why=f"known rules are {', '.join(names)}",
        how=f"did you mean `{close[0]}`?" if close else "see `reprocheck explain --help`",
    )


def _page(module: RuleModule) -> str:
    rule = module.RULE
    head = f"{rule.code} {rule.name} ({rule.severity.value}, {rule.family.value}, since {rule.since})"
    return f"{head}\n\n{inspect.cleandoc(module.__doc__ or '')}\n"


def rule_list() -> str:
    """Return one line for each rule: code, name, severity."""
    return "".join(f"{m.RULE.code}  {m.RULE.name:<24} {m.RULE.severity.value}\n" for m in RULES)
