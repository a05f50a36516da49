"""Every rule is one file with one page; what the page calls bad is found, what it calls good is not."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from reprocheck.rules.facts import Facts
from reprocheck.rules.late_rule import LateRule, code_of, module_of, needs_of
from reprocheck.rules.registry import RULES as REGISTRY
from reprocheck.rules.rule import Need, RuleModule

ROOT = Path(__file__).resolve().parents[2]
HEADINGS = [
    "What it checks.",
    "Why it matters.",
    "Bad.",
    "Good.",
    "How to fix.",
    "When it stays silent.",
    "Sources.",
]
BLOCKS = (
    *("environment.yml:", "conda-lock.yml, shortened:", "conda-lock.yml: absent", "machine: ", "seen: "),
    "prefix, shortened:",
)

RULES = [module_of(rule) for rule in REGISTRY]
every_rule = pytest.mark.parametrize("module", RULES, ids=[module.RULE.code for module in RULES])


def sections(module: RuleModule) -> dict[str, str]:
    _summary, _, page = inspect.cleandoc(module.__doc__ or "").partition("\n")
    parts = re.split(r"^([A-Z][\w ]+\.)$", page, flags=re.MULTILINE)
    return {heading: textwrap.dedent(body.strip("\n")) for heading, body in zip(parts[1::2], parts[2::2], strict=True)}


def facts_of(example: str, make_facts: Callable[..., Facts]) -> Facts:
    """Turn an example into facts: a bare environment file, or blocks under the names of files."""
    if not example.startswith(BLOCKS):
        return make_facts(example)
    environment = re.search(r"^environment.yml:\n((?:  .*\n?)+)", example, re.MULTILINE)
    lock = re.search(r"^conda-lock.yml, shortened:\n((?:  .*\n?)+)", example, re.MULTILINE)
    prefix = re.search(r"^prefix, shortened:\n((?:  .*\n?)+)", example, re.MULTILINE)
    machine = re.search(r"^machine: (.+)$", example, re.MULTILINE)
    return make_facts(
        textwrap.dedent(environment[1]) if environment else None,
        textwrap.dedent(lock[1]) if lock else None,
        machine=machine[1] if machine else "",
        lock_absent="conda-lock.yml: absent" in example,
        prefix=textwrap.dedent(prefix[1]) if prefix else None,
        seen="\n".join(re.findall(r"^seen: (.+)$", example, re.MULTILINE)),
    )


@every_rule
def test_the_page_has_its_headings_in_order(module: RuleModule) -> None:
    assert list(sections(module)) == HEADINGS
    assert all(body.strip() for body in sections(module).values())


@every_rule
def test_what_the_page_calls_bad_is_found(module: RuleModule, make_facts: Callable[..., Facts]) -> None:
    found = list(module.check(facts_of(sections(module)["Bad."], make_facts)))
    assert {finding.code for finding in found} == {module.RULE.code}


@every_rule
def test_no_rule_objects_to_what_a_page_calls_good(module: RuleModule, make_facts: Callable[..., Facts]) -> None:
    facts = facts_of(sections(module)["Good."], make_facts)
    assert [finding for rule in RULES for finding in rule.check(facts)] == []


@every_rule
def test_findings_carry_the_identity_of_their_rule(module: RuleModule, make_facts: Callable[..., Facts]) -> None:
    for finding in module.check(facts_of(sections(module)["Bad."], make_facts)):
        assert (finding.code, finding.name) == (module.RULE.code, module.RULE.name)
        assert finding.fix
        assert finding.severity.rank >= module.RULE.severity.rank


@every_rule
def test_the_file_is_named_after_the_rule(module: RuleModule) -> None:
    rule = module.RULE
    expected = f"{rule.code.lower()}_{rule.name.replace('-', '_')}.py"
    assert Path(inspect.getfile(module)).name == expected  # type: ignore[arg-type]  # RULES holds modules


@every_rule
def test_fixtures_hold_cases_of_both_kinds(module: RuleModule) -> None:
    folder = ROOT / "fixtures" / "rules" / module.RULE.code.lower()
    for kind in ("fires", "silent"):
        cases = [path for path in (folder / kind).iterdir() if path.is_dir() or path.suffix == ".yml"]
        assert len(cases) >= 3, f"{folder.name}/{kind}"


def test_the_registry_holds_every_rule_of_the_folder_in_order() -> None:
    files = sorted(path.stem for path in (ROOT / "reprocheck" / "rules").glob("rc[0-9]*.py"))
    assert [Path(inspect.getfile(module)).stem for module in RULES] == files  # type: ignore[arg-type]


def test_codes_and_names_are_unique() -> None:
    assert len({module.RULE.code for module in RULES}) == len(RULES)
    assert len({module.RULE.name for module in RULES}) == len(RULES)


def test_a_rule_that_is_imported_late_says_before_what_its_module_says() -> None:
    late = [rule for rule in REGISTRY if isinstance(rule, LateRule)]
    assert [(code_of(rule), needs_of(rule)) for rule in late] == [(rule.RULE.code, rule.RULE.needs) for rule in late]
    assert [rule.__doc__ for rule in late] == [rule.module.__doc__ for rule in late]


def test_what_check_never_asks_is_imported_late() -> None:
    machine = {Need.MACHINE, Need.DRIVER, Need.GPUS, Need.DRIVER_PARTS, Need.GLIBC, Need.PRECISION, Need.NODES}
    machine |= {Need.PREFIX, Need.INSPECTION, Need.SWITCHES, Need.PROBES}
    late = {rule.name[:5].upper() for rule in REGISTRY if isinstance(rule, LateRule)}
    assert late == {module.RULE.code for module in RULES if machine & set(module.RULE.needs)}
