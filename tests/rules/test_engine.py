"""The engine: skips what cannot look, silences what was allowed, sorts the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest

from reprocheck.facts.name_map import load_name_map
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.findings import Audit, Confidence, Finding, Location, PackageRef, Severity, Skipped
from reprocheck.model.machines import Gpu, TargetMachine
from reprocheck.readers.environment_yml import parse_environment
from reprocheck.rules.engine import Selection, merge_audits, run_rules
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.rule import Family, Need, Rule


@dataclass
class FakeRule:
    """An honest small rule: one finding a place."""

    RULE: Rule
    places: list[tuple[int, int]] = field(default_factory=list)

    def check(self, facts: Facts) -> Iterator[Finding]:
        for line, column in self.places:
            place = Location(path="e.yml", line=line, column=column)
            yield finding(self.RULE.code, place)


def finding(code: str, place: Location, severity: Severity = Severity.WARNING) -> Finding:
    return Finding(
        code=code, name="n", severity=severity, confidence=Confidence.HIGH, message=f"at {place}", location=place
    )


def fake(code: str, *places: tuple[int, int], needs: tuple[Need, ...] = (Need.ENVIRONMENT,)) -> FakeRule:
    rule = Rule(
        code=code,
        name=f"rule-{code}",
        family=Family.ENVIRONMENT,
        severity=Severity.WARNING,
        confidence=Confidence.HIGH,
        needs=needs,
        since="0.1.0",
    )
    return FakeRule(rule, list(places))


def facts(text: str = "dependencies: []") -> Facts:
    unseen = Unseen(reason="not here")
    return Facts(
        environment=parse_environment(text.encode(), "e.yml"),
        lock=unseen,
        lock_path="conda-lock.yml",
        freshness=unseen,
        machine=Unseen(reason="no machine"),
        names=load_name_map(),
    )


def lines(audit: Audit) -> list[tuple[str, int]]:
    return [(one.code, one.location.line) for one in audit.findings]


def test_findings_come_in_the_order_of_file_line_column_code() -> None:
    audit = run_rules(facts(), [fake("RC102", (2, 1), (1, 5)), fake("RC101", (1, 5), (1, 1))], Selection())
    assert [(one.code, one.location.line, one.location.column) for one in audit.findings] == [
        ("RC101", 1, 1),
        ("RC101", 1, 5),
        ("RC102", 1, 5),
        ("RC102", 2, 1),
    ]


def test_a_rule_without_its_facts_is_skipped_with_the_reason() -> None:
    audit = run_rules(
        facts(), [fake("RC401", (1, 1), needs=(Need.MACHINE,)), fake("RC201", needs=(Need.LOCK,))], Selection()
    )
    assert audit.findings == ()
    assert audit.skipped == (Skipped(code="RC201", reason="not here"), Skipped(code="RC401", reason="no machine"))


def test_a_comment_silences_its_own_line_only() -> None:
    text = "dependencies:\n  - a  # reprocheck: ignore RC101 -- wanted\n  - b\n"
    audit = run_rules(facts(text), [fake("RC101", (2, 5), (3, 5)), fake("RC102", (2, 5))], Selection())
    assert lines(audit) == [("RC102", 2), ("RC101", 3)]
    assert audit.suppressed == 1


def test_a_comment_that_stands_alone_silences_the_next_line() -> None:
    text = "dependencies:\n  # reprocheck: ignore RC101, RC102 -- wanted\n  - b\n"
    audit = run_rules(facts(text), [fake("RC101", (2, 3), (3, 5)), fake("RC102", (3, 5))], Selection())
    assert lines(audit) == [("RC101", 2)]


def test_a_file_comment_silences_the_whole_file() -> None:
    text = "# reprocheck: ignore-file RC101 -- legacy\ndependencies: []\n"
    audit = run_rules(facts(text), [fake("RC101", (1, 1), (9, 1)), fake("RC102", (9, 1))], Selection())
    assert lines(audit) == [("RC102", 9)]


@pytest.mark.parametrize("comment", ["# reprocheck: ignore[RC101]", "# ignore RC101", "# reprocheck: ignore RC1"])
def test_other_comments_silence_nothing(comment: str) -> None:
    audit = run_rules(facts(f"dependencies:\n  - a  {comment}\n"), [fake("RC101", (2, 5))], Selection())
    assert lines(audit) == [("RC101", 2)]


def test_a_comment_speaks_of_its_own_file_only() -> None:
    environment = parse_environment(b"dependencies:\n  - a  # reprocheck: ignore RC101 -- x\n", "other.yml")
    seen = facts()
    elsewhere = Facts(
        environment=environment,
        lock=seen.lock,
        lock_path=seen.lock_path,
        freshness=seen.freshness,
        machine=seen.machine,
        names=seen.names,
    )
    assert lines(run_rules(elsewhere, [fake("RC101", (2, 5))], Selection())) == [("RC101", 2)]


def test_without_an_environment_nothing_is_silenced() -> None:
    seen = facts()
    blind = Facts(
        environment=Unseen(reason="none"),
        lock=seen.lock,
        lock_path=seen.lock_path,
        freshness=seen.freshness,
        machine=seen.machine,
        names=seen.names,
    )
    assert lines(run_rules(blind, [fake("RC401", (2, 5), needs=())], Selection())) == [("RC401", 2)]


@pytest.mark.parametrize(
    ("select", "ignore", "expected"),
    [
        ((), (), ["RC101", "RC102", "RC401"]),
        (("RC1",), (), ["RC101", "RC102"]),
        (("RC1",), ("RC102",), ["RC101"]),
        ((), ("RC1",), ["RC401"]),
        (("RC101",), ("RC1",), ["RC101"]),
        (("RC4",), ("RC4",), []),
    ],
)
def test_the_longer_prefix_decides_and_ignore_wins_a_tie(
    select: tuple[str, ...], ignore: tuple[str, ...], expected: list[str]
) -> None:
    rules = [fake(code, (1, 1)) for code in ("RC101", "RC102", "RC401")]
    audit = run_rules(facts(), rules, Selection(select=select, ignore=ignore))
    assert [one.code for one in audit.findings] == expected


def test_merging_tells_equal_findings_once() -> None:
    place = Location(path="a.yml", line=1, column=1)
    one = Audit(findings=(finding("RC101", place),), skipped=(Skipped(code="RC401", reason="r"),), suppressed=1)
    assert merge_audits([one, one]) == Audit(findings=one.findings, skipped=one.skipped, suppressed=2)


def test_an_environment_without_comments_is_an_environment() -> None:
    assert isinstance(facts().environment, EnvironmentFile)


def about(code: str, *packages: tuple[str, str, str | None], line: int = 1) -> Finding:
    refs = tuple(PackageRef(manager=manager, name=name, version=version) for manager, name, version in packages)
    return replace(finding(code, Location(path="env/x.json", line=line, column=1)), packages=refs)


@dataclass
class Told:
    """A rule that tells what it was given."""

    RULE: Rule
    findings: list[Finding]

    def check(self, facts: Facts) -> Iterator[Finding]:
        yield from self.findings


@pytest.mark.parametrize(
    ("told", "beside", "stays"),
    [
        ([("conda", "numpy", "1.26")], [("conda", "numpy", "1.26")], False),
        ([("conda", "numpy", None)], [("conda", "numpy", "1.26")], False),
        ([("conda", "numpy", "1.26"), ("pip", "torch", "2.4")], [("pip", "torch", "2.4")], False),
        ([("conda", "numpy", "1.26")], [("conda", "numpy", "2.0")], True),
        ([("conda", "numpy", "1.26")], [("pip", "numpy", "1.26")], True),
        ([("conda", "numpy", "1.26")], [("conda", "numpy", "1.26"), ("pip", "torch", "2.4")], True),
    ],
)
def test_what_was_found_beside_is_told_where_no_finding_of_its_rule_is_about_the_same_packages(
    told: list[tuple[str, str, str | None]], beside: list[tuple[str, str, str | None]], stays: bool
) -> None:
    rule = Told(fake("RC304").RULE, [about("RC304", *told)])
    audit = run_rules(facts(), [rule], Selection(), [about("RC304", *beside, line=9)])
    assert lines(audit) == [("RC304", 1), *([("RC304", 9)] if stays else [])]


def test_what_was_found_beside_is_told_though_another_rule_speaks_of_its_packages() -> None:
    rule = Told(fake("RC304").RULE, [about("RC304", ("conda", "mkl", "1"))])
    audit = run_rules(facts(), [rule], Selection(), [about("RC440", ("conda", "mkl", "1"))])
    assert lines(audit) == [("RC304", 1), ("RC440", 1)]


def test_a_comment_allows_what_was_found_beside() -> None:
    text = "dependencies:\n- numpy  # reprocheck: ignore RC604 -- we patched it\n"
    rule = Told(fake("RC604").RULE, [])
    audit = run_rules(facts(text), [rule], Selection(), [about("RC604", ("conda", "numpy", "1.26"))])
    assert (audit.findings, audit.suppressed) == ((), 1)


def test_of_a_machine_without_driver_and_gpu_one_reason_is_told() -> None:
    def reasons(machine: TargetMachine) -> list[str]:
        seen = replace(facts(), machine=machine)
        return [part.reason for part in (seen.driver, seen.gpus) if isinstance(part, Unseen)]

    neither = "neither driver nor GPU is known of x; name them with `--driver`, `--gpu`"
    bare, gpu = TargetMachine(driver_version=None, gpus=(), source="x"), Gpu(name="V100", compute_capability="7.0")
    assert reasons(bare) == [neither, neither]
    assert reasons(replace(bare, gpus=(Gpu(name="?", compute_capability=None),))) == [neither, neither]
    assert reasons(replace(bare, gpus=(gpu,))) == ["no driver version is known of x; name one with `--driver`"]
    assert reasons(replace(bare, driver_version="570.86.10")) == ["no GPU is known of x; name one with `--gpu`"]
    assert reasons(replace(bare, gpus=(gpu,), driver_version="570.86.10")) == []
