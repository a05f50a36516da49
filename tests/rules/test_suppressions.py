"""Comments that allow findings: what they cover, and which of them are told because they allow nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import pytest

from reprocheck.facts.name_map import load_name_map
from reprocheck.model.findings import (
    Audit,
    Confidence,
    Finding,
    Location,
    PackageRef,
    RelatedLocation,
    Severity,
    Suppression,
)
from reprocheck.model.locks import Lock
from reprocheck.readers.environment_yml import parse_environment
from reprocheck.reports.summary import suppression_lines
from reprocheck.rules.engine import Selection, merge_audits, run_rules
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.rule import Family, Need, Rule
from reprocheck.rules.suppressions import without_codes

UNSEEN = Unseen(reason="not here")


@dataclass
class FakeRule:
    """An honest small rule: it finds what it is given, after a look at a part that it can do without."""

    RULE: Rule
    found: list[Finding] = field(default_factory=list)
    looks_at: Callable[[Facts], object] = lambda facts: facts.environment

    def check(self, facts: Facts) -> Iterator[Finding]:
        self.looks_at(facts)
        yield from self.found


def fake(code: str, *found: Finding, needs: tuple[Need, ...] = (Need.ENVIRONMENT,)) -> FakeRule:
    rule = Rule(
        code=code,
        name=f"rule-{code}",
        family=Family.ENVIRONMENT,
        severity=Severity.WARNING,
        confidence=Confidence.HIGH,
        needs=needs,
        since="0.1.0",
    )
    return FakeRule(rule, list(found))


def finding(code: str, path: str, line: int, *packages: PackageRef) -> Finding:
    return Finding(
        code=code,
        name="n",
        severity=Severity.WARNING,
        confidence=Confidence.HIGH,
        message="m",
        location=Location(path=path, line=line, column=1),
        packages=packages,
    )


def facts(text: str) -> Facts:
    return Facts(
        environment=parse_environment(text.encode(), "e.yml"),
        lock=UNSEEN,
        lock_path="conda-lock.yml",
        freshness=UNSEEN,
        machine=UNSEEN,
        names=load_name_map(),
    )


def audit(text: str, *rules: FakeRule, selection: Selection | None = None) -> Audit:
    return run_rules(facts(text), rules, selection or Selection())


def states(found: Audit) -> list[tuple[str, str]]:
    return [(one.code, one.state) for one in found.suppressions]


COMMENTED = "dependencies:\n  - numpy  # reprocheck: ignore RC101, RC102 -- wanted\n"


def test_a_comment_that_allows_something_is_used_and_another_code_of_it_is_not() -> None:
    found = audit(COMMENTED, fake("RC101", finding("RC101", "e.yml", 2)), fake("RC102"))
    assert states(found) == [("RC101", "used"), ("RC102", "unused")]
    assert suppression_lines(found) == ["e.yml:2:12: unused suppression: RC102 finds nothing here"]
    assert (found.findings, found.suppressed) == ((), 1)


def test_a_rule_that_did_not_run_leaves_its_comments_undecided() -> None:
    found = audit(COMMENTED, fake("RC101", needs=(Need.LOCK,)), fake("RC102"), selection=Selection(ignore=("RC102",)))
    assert states(found) == [("RC101", "undecided"), ("RC102", "undecided")]
    assert found.unused_suppressions == ()


@pytest.mark.parametrize(
    "look",
    [lambda facts: facts.lock, lambda facts: facts.machine, lambda facts: facts.driver],
    ids=["lock", "machine", "driver"],
)
def test_a_rule_that_missed_a_part_leaves_its_comments_undecided(look: Callable[[Facts], object]) -> None:
    curious = replace_look(fake("RC101"), look)
    found = audit(COMMENTED, curious, fake("RC102"))
    assert states(found) == [("RC101", "undecided"), ("RC102", "unused")]


def test_what_is_sound_in_one_installed_environment_may_be_damaged_in_the_next() -> None:
    sound = fake("RC101")
    found = audit(COMMENTED, replace(sound, RULE=replace(sound.RULE, family=Family.INSTALLED)), fake("RC102"))
    assert states(found) == [("RC101", "undecided"), ("RC102", "unused")]


def replace_look(rule: FakeRule, look: Callable[[Facts], object]) -> FakeRule:
    return replace(rule, looks_at=look)


@pytest.mark.parametrize(("family", "state"), [(Family.ENVIRONMENT, "unused"), (Family.OVERLAP, "undecided")])
def test_a_lock_that_does_not_exist_holds_nothing_more_about_the_environment_file(family: Family, state: str) -> None:
    curious = replace_look(fake("RC101"), lambda facts: facts.lock)
    curious = replace(curious, RULE=replace(curious.RULE, family=family))
    absent = replace(facts(COMMENTED), lock=Unseen(reason="there is none", absent=True))
    assert states(run_rules(absent, [curious, fake("RC102")], Selection())) == [("RC101", state), ("RC102", "unused")]


def test_an_audit_of_some_platforms_tells_no_comment_unused() -> None:
    some = replace(facts(COMMENTED), platforms=("linux-64",))
    found = run_rules(some, [fake("RC101"), fake("RC102")], Selection())
    assert states(found) == [("RC101", "undecided"), ("RC102", "undecided")]


@pytest.mark.parametrize(
    ("comment", "told"),
    [
        ("# reprocheck: ignore RC110", "suppression of an unknown rule: RC110, did you mean RC101?"),
        ("# reprocheck: ignore rc101 -- why", "suppression of an unknown rule: rc101, did you mean RC101?"),
        ("# reprocheck: ignore RC1", "suppression of an unknown rule: RC1, did you mean RC101?"),
        ("# reprocheck: ignore RC988", "suppression of an unknown rule: RC988"),
        (
            "# reprocheck: ignore[RC101]",
            "suppression without a rule: write `# reprocheck: ignore RC101 -- reason`, without brackets",
        ),
        (
            "# reprocheck: ignore because",
            "suppression without a rule: write `# reprocheck: ignore RC101 -- reason`, without brackets",
        ),
    ],
)
def test_a_comment_that_names_no_rule_is_told(comment: str, told: str) -> None:
    found = audit(f"dependencies:\n  - numpy  {comment}\n", fake("RC101", finding("RC101", "e.yml", 2)))
    assert suppression_lines(found) == [f"e.yml:2:12: {told}"]
    assert len(found.findings) == 1


def test_a_misspelt_code_behind_a_good_one_is_told_and_the_good_one_counts() -> None:
    text = "dependencies:\n  - numpy  # reprocheck: ignore RC101, RC10x -- why\n"
    found = audit(text, fake("RC101", finding("RC101", "e.yml", 2)))
    assert states(found) == [("RC101", "used"), ("RC10x", "unknown")]


@pytest.mark.parametrize("comment", ["# reprocheck: ignored RC101", "# ignore RC101", "# reprocheck checks this"])
def test_other_comments_are_no_suppressions(comment: str) -> None:
    assert audit(f"dependencies:\n  - numpy  {comment}\n", fake("RC101")).suppressions == ()


def test_comments_that_stand_one_below_the_other_speak_of_the_line_below_them() -> None:
    text = (
        "dependencies:\n  # reprocheck: ignore RC101 -- a\n  # numpy is old\n"
        "  # reprocheck: ignore RC102 -- b\n  - numpy\n"
    )
    rules = (fake("RC101", finding("RC101", "e.yml", 5)), fake("RC102", finding("RC102", "e.yml", 5)))
    assert states(audit(text, *rules)) == [("RC101", "used"), ("RC102", "used")]


TORCH = PackageRef(manager="pip", name="torch", version="2.4.1", platform="linux-64")
DECLARED = "dependencies:\n  - python\n  - pip:\n    - torch  # reprocheck: ignore RC302 -- wanted\n"


def test_a_comment_on_a_declared_package_covers_what_is_found_about_it_in_the_lock() -> None:
    found = audit(DECLARED, fake("RC302", finding("RC302", "conda-lock.yml", 90, TORCH)))
    assert (states(found), found.findings) == ([("RC302", "used")], ())


@pytest.mark.parametrize(
    "package",
    [PackageRef(manager="conda", name="torch"), PackageRef(manager="pip", name="torchvision")],
    ids=["other-manager", "other-package"],
)
def test_it_covers_nothing_about_another_package_of_the_lock(package: PackageRef) -> None:
    found = audit(DECLARED, fake("RC302", finding("RC302", "conda-lock.yml", 90, package)))
    assert (states(found), len(found.findings)) == ([("RC302", "unused")], 1)


def test_it_covers_nothing_about_that_package_on_another_line_of_its_own_file() -> None:
    found = audit(DECLARED, fake("RC302", finding("RC302", "e.yml", 2, TORCH)))
    assert (states(found), len(found.findings)) == ([("RC302", "unused")], 1)


def test_a_comment_covers_a_finding_of_the_lock_that_names_its_line() -> None:
    beside = RelatedLocation(location=Location(path="e.yml", line=4, column=1), message="declared here")
    one = replace(finding("RC302", "conda-lock.yml", 90), related=(beside,))
    assert states(audit(DECLARED, fake("RC302", one))) == [("RC302", "used")]


def test_a_file_comment_covers_the_lock_of_the_file() -> None:
    text = "# reprocheck: ignore-file RC302 -- legacy\ndependencies: []\n"
    found = audit(text, fake("RC302", finding("RC302", "conda-lock.yml", 90)))
    assert (states(found), found.suppressed) == ([("RC302", "used")], 1)


def test_a_comment_that_one_of_two_audits_needs_is_used() -> None:
    place = Location(path="e.yml", line=2, column=3)

    def told(state: str, code: str = "RC101") -> Audit:
        return Audit(findings=(), skipped=(), suppressions=(Suppression(place, code, state),))  # type: ignore[arg-type]

    assert states(merge_audits([told("unused"), told("used")])) == [("RC101", "used")]
    assert states(merge_audits([told("unused"), told("undecided")])) == [("RC101", "undecided")]
    assert states(merge_audits([told("unused"), told("unused")])) == [("RC101", "unused")]
    assert states(merge_audits([told("used", "RC102"), told("unused")])) == [("RC101", "unused"), ("RC102", "used")]


@pytest.mark.parametrize(
    ("line", "codes", "expected"),
    [
        ("  - a  # reprocheck: ignore RC101 -- why", {"RC101"}, "  - a"),
        ("  - a  # reprocheck: ignore RC101, RC102 -- why", {"RC101"}, "  - a  # reprocheck: ignore RC102 -- why"),
        ("  - a  # reprocheck: ignore RC101 RC102 RC103", {"RC102"}, "  - a  # reprocheck: ignore RC101, RC103"),
        ("  - a  # reprocheck: ignore RC101 -- why  # [linux]", {"RC101"}, "  - a  # [linux]"),
        ("  - a  # old  # reprocheck: ignore RC101", {"RC101"}, "  - a  # old"),
        ("  # reprocheck: ignore RC101 -- why", {"RC101"}, None),
        ("  # reprocheck: ignore RC101  # and more", {"RC101"}, "  # and more"),
        ("  - a  # reprocheck: ignore RC101, RC9 -- why", {"RC101"}, "  - a  # reprocheck: ignore RC9 -- why"),
        ("  - a  # reprocheck: ignore-file RC101 -- why", {"RC101"}, "  - a"),
        ("  - a  # something else", {"RC101"}, "  - a  # something else"),
        ("  - a  # reprocheck: ignore", {"RC101"}, "  - a  # reprocheck: ignore"),
    ],
)
def test_codes_go_and_the_rest_of_the_line_stays(line: str, codes: set[str], expected: str | None) -> None:
    column = (line.find("# reprocheck") if "# reprocheck" in line else line.find("#")) + 1
    assert without_codes(line, column, codes) == expected


def test_a_lock_that_is_seen_counts_as_looked_at() -> None:
    lock = Lock(
        path="conda-lock.yml",
        platforms=(),
        channels=(),
        content_hash=(),
        sources=(),
        custom_metadata=(),
        packages=(),
    )
    seen = replace(facts(COMMENTED), lock=lock)
    curious = replace_look(fake("RC101"), lambda facts: facts.lock)
    assert states(run_rules(seen, [curious, fake("RC102")], Selection())) == [("RC101", "unused"), ("RC102", "unused")]
