"""What the rules about switches share: where they point to, and the edits that pin a variable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from reprocheck.model.findings import Edit, Location
from reprocheck.model.numeric_switches import Switch, SwitchesInForce
from reprocheck.rules import rc505_threads_not_pinned, rc514_wrong_arithmetic
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.late_rule import LateRule, module_of
from reprocheck.rules.left_to_chance import in_words, shown
from reprocheck.rules.pinned_variables import is_pinned, pinning, place_of_variables
from reprocheck.rules.registry import RULES
from reprocheck.rules.rule import Family

MakeFacts = Callable[..., Facts]
SEED = {"PYTHONHASHSEED": "0"}
PLAIN = "name: a\ndependencies:\n  - pytorch=2.6\n"


def edit(first: int, *lines: str) -> tuple[Edit, ...]:
    return (Edit(path="environment.yml", first=first, last=first - 1, lines=lines, safe=False),)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PLAIN, edit(4, "variables:", '  PYTHONHASHSEED: "0"')),
        (PLAIN.rstrip("\n"), edit(4, "variables:", '  PYTHONHASHSEED: "0"')),
        (PLAIN + 'variables:\n  A: "1"\n', edit(5, '  PYTHONHASHSEED: "0"')),
        (PLAIN + 'variables:  # ours\n     A: "1"\n', edit(5, '     PYTHONHASHSEED: "0"')),
        (PLAIN + 'variables:\n  # none\n  A: "1"\n', edit(5, '  PYTHONHASHSEED: "0"')),
        (PLAIN + 'variables: {A: "1"}\n', ()),
    ],
)
def test_variables_are_set_where_the_file_sets_others(
    text: str, expected: tuple[Edit, ...], make_facts: MakeFacts
) -> None:
    assert pinning(make_facts(text), SEED) == expected


def test_only_a_single_environment_yml_is_edited(make_facts: MakeFacts) -> None:
    facts = make_facts(PLAIN)
    assert not isinstance(facts.environment, Unseen)
    toml = replace(facts, environment=replace(facts.environment, path="pyproject.toml"))
    several = replace(facts, environment=replace(facts.environment, sources=("environment.yml", "dev.yml")))
    assert [pinning(one, SEED) for one in (toml, several, make_facts())] == [(), (), ()]


def test_a_file_without_a_last_line_end_gets_the_key_behind_its_last_line(make_facts: MakeFacts) -> None:
    facts = make_facts(PLAIN)
    assert not isinstance(facts.environment, Unseen)
    cut = replace(facts.environment, lines=("name: a", "variables:"), variables=())
    assert pinning(replace(facts, environment=cut), SEED) == edit(3, '  PYTHONHASHSEED: "0"')


def test_a_finding_stands_at_the_variables_else_at_torch_else_at_the_lock(make_facts: MakeFacts) -> None:
    with_some = make_facts(PLAIN + 'variables:\n  A: "1"\n')
    assert place_of_variables(with_some) == Location(path="environment.yml", line=4, column=1)
    assert place_of_variables(make_facts(PLAIN)) == Location(path="environment.yml", line=3, column=5)
    assert place_of_variables(make_facts()) == Location(path="conda-lock.yml", line=1, column=1)
    assert is_pinned(with_some, "B", "A")
    assert not is_pinned(with_some, "B")
    assert not is_pinned(make_facts(), "A")


def test_values_are_told_with_who_chose_them() -> None:
    switches = SwitchesInForce(
        source="this Python",
        torch="2.6.0",
        switches={
            "threads": Switch(2, "default", "8"),
            "sdpa-priority": Switch(["math", "flash"], "code"),
            "flush-denormal": Switch(True, "code"),
            "mkl-cbwr": Switch("AVX2", "environment"),
        },
    )
    assert shown(switches, "sdpa-priority") == '["math","flash"]'
    assert in_words(switches, "threads", "flush-denormal", "mkl-cbwr", "nccl-algo") == (
        "`threads` is 2 according to this Python: `8` was asked for",
        "`flush-denormal` is on according to this Python: code set it",
        "`mkl-cbwr` is AVX2 according to this Python: the environment set it",
    )


def test_no_rule_about_switches_objects_where_no_python_was_asked(make_facts: MakeFacts) -> None:
    facts = make_facts(PLAIN, seen="precision bf16")
    rules = [module_of(rule) for rule in RULES if isinstance(rule, LateRule) and rule.name.startswith("rc5")]
    assert {rule.RULE.family for rule in rules} == {Family.DETERMINISM}
    assert [finding for rule in rules for finding in rule.check(facts)] == []


def test_nothing_is_known_of_probes_where_no_python_was_asked_or_none_were_taken(make_facts: MakeFacts) -> None:
    assert make_facts(PLAIN).probes == Unseen(reason="not asked for")
    assert make_facts(PLAIN, seen="switches of torch 2.6.0").probes == Unseen(
        reason="this Python tells no probes; `reprocheck fingerprint --probes` takes them", asked=False
    )
    assert list(rc514_wrong_arithmetic.check(make_facts(PLAIN, seen="switches of torch 2.6.0"))) == []


def test_a_gpu_that_is_meant_makes_the_threads_of_the_cpu_matter_less(make_facts: MakeFacts) -> None:
    seen = "switches of torch 2.6.0, cuda 12.4, gpus 0\nswitch threads 4"
    severities = [
        finding.severity.value
        for machine in ("", "--expect-gpu")
        for finding in rc505_threads_not_pinned.check(make_facts(PLAIN, seen=seen, machine=machine))
    ]
    assert severities == ["warning", "info"]
