"""A rule whose module is imported only when it is to look.

`check` looks at no machine: eleven rules could only be skipped there, and to load them takes a twentieth of its time.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from reprocheck.rules.rule import Need, Rule, RuleModule

if TYPE_CHECKING:
    # For annotations only.
    from reprocheck.model.findings import Finding
    from reprocheck.rules.facts import Facts


class LateRule:
    """A rule by the name of its module. `needs` are those of its `RULE`, which a test holds."""

    def __init__(self, name: str, *needs: Need) -> None:
        """Name the module, `rc401_driver_too_old`."""
        self.name = name
        self.needs = needs

    @property
    def module(self) -> RuleModule:
        """Return the module."""
        return cast("RuleModule", importlib.import_module(f"reprocheck.rules.{self.name}"))

    @property
    def RULE(self) -> Rule:  # noqa: N802  (a rule module's name for it)
        """Return the rule's identity."""
        return self.module.RULE

    @property
    def __doc__(self) -> str | None:  # type: ignore[override]  # the rule's page, not this class's
        return self.module.__doc__

    def check(self, facts: Facts) -> Iterator[Finding]:
        """Yield what the facts show to be wrong."""
        return self.module.check(facts)


AnyRule = RuleModule | LateRule


def code_of(rule: AnyRule) -> str:
    """Return the code of a rule without importing it."""
    return rule.name.partition("_")[0].upper() if isinstance(rule, LateRule) else rule.RULE.code


def needs_of(rule: AnyRule) -> tuple[Need, ...]:
    """Return what a rule needs to look, without importing it."""
    return rule.needs if isinstance(rule, LateRule) else rule.RULE.needs


def module_of(rule: AnyRule) -> RuleModule:
    """Return the module of a rule."""
    return rule.module if isinstance(rule, LateRule) else rule
