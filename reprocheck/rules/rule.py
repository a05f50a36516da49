"""What a rule is: an identity and a check; each `rcNNN_*.py` module of this folder satisfies it."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Protocol

from reprocheck.model.data_classes import dataclass
from reprocheck.model.findings import Confidence, Finding, Severity
from reprocheck.rules.facts import Facts


class Need(Enum):
    """A part of `Facts` without which a rule cannot look; the value is the name of its attribute."""

    ENVIRONMENT = "environment"
    LOCK = "lock"
    FRESHNESS = "freshness"
    MACHINE = "machine"
    DRIVER = "driver"
    GPUS = "gpus"
    DRIVER_PARTS = "driver_parts"
    GLIBC = "glibc"
    PRECISION = "precision"
    NODES = "nodes"
    PREFIX = "prefix"
    INSPECTION = "inspection"
    SWITCHES = "switches"
    PROBES = "probes"


class Family(Enum):
    """The hundreds digit of a code."""

    ENVIRONMENT = "environment.yml"
    LOCK = "lock"
    OVERLAP = "conda/pip overlap and duplicate runtimes"
    CUDA = "CUDA, driver, GPU, framework"
    DETERMINISM = "determinism settings"
    INSTALLED = "installed environment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """The identity of a rule.

    `name` reads well after "allow"; `severity` and `confidence` are those of its plainest case, a
    finding may carry milder ones; `since` is the release that brought it.
    """

    code: str
    name: str
    family: Family
    severity: Severity
    confidence: Confidence
    needs: tuple[Need, ...]
    since: str


class RuleModule(Protocol):
    """A module of this folder: its docstring is the rule's page, `check` is pure."""

    __doc__: str | None
    RULE: Rule

    def check(self, facts: Facts) -> Iterator[Finding]:
        """Yield what the facts show to be wrong."""
        ...
