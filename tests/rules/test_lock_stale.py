"""What RC202 says beside the specs: decisions of the configuration, and changes that leave every spec met."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from reprocheck.model.findings import Finding, Severity
from reprocheck.model.freshness import Freshness
from reprocheck.model.locks import Lock
from reprocheck.readers.environment_yml import parse_environment
from reprocheck.rules import rc202_lock_stale
from reprocheck.rules.facts import Facts

MakeFacts = Callable[..., Facts]
ENVIRONMENT = "dependencies:\n- numpy\n- pip:\n  - plot[svg]\n"
LOCK = "- conda linux-64 numpy 2.1.0 0"


def found(make: MakeFacts, *custom: tuple[str, str], **freshness: object) -> list[Finding]:
    facts = make(ENVIRONMENT, LOCK)
    assert isinstance(facts.lock, Lock)
    judged = Freshness(by="satisfiability", **{"fresh": False, **freshness})  # type: ignore[arg-type]
    facts = replace(facts, lock=replace(facts.lock, custom_metadata=custom), freshness=judged)
    return list(rc202_lock_stale.check(facts))


@pytest.mark.parametrize(
    ("custom", "field", "message", "evidence", "options"),
    [
        (
            ("reprocheck.cuda", "11.8"),
            {"declared_cuda": "12.4"},
            "CUDA `12.4`, the lock was made for `11.8`",
            "`reprocheck.cuda` in `conda-lock.yml` is `11.8`",
            "--cuda 12.4",
        ),
        (
            ("reprocheck.cuda", "none"),
            {"declared_exclude_newer": "2023-06-02T00:00:00Z"},
            "`exclude-newer` `2023-06-02T00:00:00Z`, the lock was made for `none`",
            "`reprocheck.exclude-newer` in `conda-lock.yml` is not there",
            "--exclude-newer 2023-06-02T00:00:00Z",
        ),
    ],
)
def test_another_decision_of_the_configuration_makes_a_lock_stale(
    custom: tuple[str, str], field: dict[str, str], message: str, evidence: str, options: str, make_facts: MakeFacts
) -> None:
    [finding] = found(make_facts, custom, **field)
    assert finding.message == f"the lock is stale: the configuration says {message}"
    assert finding.evidence == (evidence,)
    assert finding.fix == f"reprocheck lock -f environment.yml {options}"
    assert finding.severity is Severity.ERROR


def test_sources_that_changed_without_breaking_a_spec_are_an_info(make_facts: MakeFacts) -> None:
    blind = parse_environment(ENVIRONMENT.encode(), "environment.yml").pip
    [finding] = found(make_facts, fresh=True, changed=True, unjudged=blind)
    assert finding.message == (
        "the sources changed after the lock was written; it meets all that can be judged without solving"
    )
    assert finding.evidence == (
        "`conda-lock.yml` records other sources, or other virtual packages, than these",
        "whether it meets `plot[svg]` is not told by a lock",
    )
    assert finding.severity is Severity.INFO


@pytest.mark.parametrize("other", [{"declared_channels": ("a",)}, {"extra_platforms": ("win-64",)}, {"changed": False}])
def test_what_another_rule_tells_is_not_told_twice(other: dict[str, object], make_facts: MakeFacts) -> None:
    assert found(make_facts, **{"fresh": True, "changed": True, **other}) == []
