"""The command that a finding offers locks everything that the lock was made from, and can be copied as it stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from reprocheck.model.freshness import Freshness
from reprocheck.model.locks import Lock
from reprocheck.readers.environment_yml import parse_environment
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.registry import RULES
from reprocheck.rules.relock_command import lock_for_cuda, lock_tool, relock_command
from reprocheck.workflows.gathering import Subject, gather

CASES = Path(__file__).resolve().parents[2] / "fixtures" / "rules"
MakeFacts = Callable[..., Facts]
LOCK = "- conda linux-64 numpy 2.1.0 0"


def facts(make: MakeFacts, path: str, lock_path: str, *sources: str, **freshness: bool) -> Facts:
    made = make("dependencies: [numpy]", LOCK)
    assert isinstance(made.lock, Lock)
    return replace(
        made,
        environment=parse_environment(b"dependencies: [numpy]", path),
        lock=replace(made.lock, path=lock_path, sources=sources),
        lock_path=lock_path,
        freshness=Freshness(fresh=False, by="satisfiability", **freshness),  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("path", "lock", "sources", "command"),
    [
        ("environment.yml", "conda-lock.yml", ("environment.yml",), "-f environment.yml"),
        ("a/environment.yml", "a/conda-lock.yml", ("environment.yml",), "-f a/environment.yml"),
        (
            "a/environment.yml",
            "conda-lock.yml",
            ("a/environment.yml",),
            "-f a/environment.yml --lockfile conda-lock.yml",
        ),
        (
            "a/environment.yml",
            "a/conda-lock.yml",
            ("environment.yml", "../my dev.yml"),
            "-f a/environment.yml -f 'my dev.yml'",
        ),
        ("$(x).yml", "conda-lock.yml", (), "-f '$(x).yml'"),
        ("environment.yml", "conda-lock.yml", ("/there/environment.yml", "/there/dev.yml"), "-f environment.yml"),
    ],
)
def test_all_sources_are_locked_again_into_the_same_file(
    path: str, lock: str, sources: tuple[str, ...], command: str, make_facts: MakeFacts
) -> None:
    assert relock_command(facts(make_facts, path, lock, *sources)) == f"reprocheck lock {command}"


def test_sources_that_are_not_there_are_not_locked(make_facts: MakeFacts) -> None:
    some = facts(make_facts, "environment.yml", "conda-lock.yml", "environment.yml", "gone.yml", every_source=False)
    assert relock_command(some) == "reprocheck lock -f environment.yml"


def test_a_pip_part_that_was_left_out_stays_left_out(make_facts: MakeFacts) -> None:
    made = facts(make_facts, "environment.yml", "conda-lock.yml")
    assert isinstance(made.lock, Lock)
    without = replace(made, lock=replace(made.lock, custom_metadata=(("reprocheck.pip-left-out", "trainer"),)))
    assert relock_command(without, "--cuda", "12.4") == "reprocheck lock -f environment.yml --no-pip --cuda 12.4"


def test_without_a_file_or_a_lock_nothing_is_made_up(make_facts: MakeFacts) -> None:
    alone = replace(make_facts(None, LOCK), environment=Unseen(reason="not there"))
    assert relock_command(alone) == "reprocheck lock"
    assert relock_command(make_facts("dependencies: [numpy]")) == "reprocheck lock -f environment.yml"


def test_a_pixi_lock_is_written_anew_by_pixi(make_facts: MakeFacts) -> None:
    lock = make_facts(None, LOCK).lock
    assert isinstance(lock, Lock)
    assert lock_tool(replace(lock, path="a/pixi.lock")) == "pixi lock"
    assert lock_tool(lock) == "reprocheck lock"


def test_sources_of_another_machine_are_locked_where_they_lie_here(make_facts: MakeFacts) -> None:
    there = ("/there/base/environment.yml", "/there/environment.yml")
    made = facts(make_facts, "environment.yml", "conda-lock.yml", *there)
    assert not isinstance(made.freshness, Unseen)
    here = replace(made, freshness=replace(made.freshness, sources=("base/environment.yml", "environment.yml")))
    assert relock_command(here) == (
        "reprocheck lock -f base/environment.yml -f environment.yml --lockfile conda-lock.yml"
    )


def test_a_lock_for_a_cuda_is_asked_for_as_its_tool_takes_it(make_facts: MakeFacts) -> None:
    made = make_facts("dependencies: [numpy]", LOCK)
    assert lock_for_cuda(made, "12.4") == "run `reprocheck lock -f environment.yml --cuda 12.4`"
    assert isinstance(made.lock, Lock)
    of_pixi = replace(made, lock=replace(made.lock, path="a/pixi.lock"))
    assert lock_for_cuda(of_pixi, "12.4") == 'write `cuda = "12.4"` in `[system-requirements]` and run `pixi lock`'


@pytest.mark.parametrize("code", ["rc302", "rc303", "rc304", "rc412", "rc445"])
def test_what_is_wrong_in_a_pixi_lock_is_mended_with_pixi(code: str) -> None:
    [rule] = [rule for rule in RULES if rule.RULE.code.lower() == code]
    fixes: set[str] = set()
    for lock in sorted((CASES / code / "fires").glob("*/conda-lock.yml")):
        file = lock.with_name("environment.yml")
        subject = Subject(environment=file if file.exists() else None, lock=lock)
        made = gather(subject, Unseen(reason="not asked for"), ())
        assert isinstance(made.lock, Lock)
        of_pixi = replace(made, lock=replace(made.lock, path="pixi.lock"))
        fixes |= {finding.fix or "" for finding in rule.check(of_pixi)}
    assert any("`pixi lock`" in fix for fix in fixes)
    assert not any("reprocheck lock" in fix for fix in fixes)
