"""Every rule has its page, found by code or name."""

from __future__ import annotations

import pytest

from reprocheck.errors import UsageError
from reprocheck.rules.registry import RULES
from reprocheck.workflows.explain import explain, rule_list


@pytest.mark.parametrize("module", RULES, ids=lambda module: module.RULE.code)
def test_a_page_opens_with_the_rules_identity(module: object) -> None:
    rule = module.RULE  # type: ignore[attr-defined]
    page = explain(rule.code.lower())
    assert page == explain(rule.name)
    assert page.startswith(f"{rule.code} {rule.name} ({rule.severity.value}, ")
    assert "\nHow to fix.\n" in page


def test_the_list_has_one_line_a_rule() -> None:
    assert [line.split()[0] for line in rule_list().splitlines()] == [module.RULE.code for module in RULES]


@pytest.mark.parametrize(
    ("code", "how"), [("RC31", "did you mean `RC301`?"), ("xyz", "`reprocheck explain` lists them")]
)
def test_an_unknown_rule_is_a_usage_error(code: str, how: str) -> None:
    with pytest.raises(UsageError) as caught:
        explain(code)
    assert caught.value.what == f"unknown rule `{code}`"
    assert caught.value.how == how
