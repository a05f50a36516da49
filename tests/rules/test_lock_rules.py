"""What the rules about the lock share: they look at the chosen platforms only, and never show a secret."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from reprocheck.model.findings import Severity
from reprocheck.model.locks import Lock
from reprocheck.rules import rc203_unreachable_package, rc205_broken_lock, rc206_secret_or_local_url
from reprocheck.rules.facts import Facts
from reprocheck.rules.rule import RuleModule

MakeFacts = Callable[..., Facts]

ENVIRONMENT = "dependencies: [scipy]\n"
LOCK = """\
- conda linux-64 scipy 1.15 0
- conda win-64 scipy 1.15 0, needs numpy >=2
- conda win-64 lmdb 0.9 0
- conda win-64 lmdb 0.8 0
"""


@pytest.mark.parametrize("rule", [rc203_unreachable_package, rc205_broken_lock])
def test_other_platforms_than_those_asked_for_are_not_looked_at(rule: RuleModule, make_facts: MakeFacts) -> None:
    assert list(rule.check(make_facts(ENVIRONMENT, LOCK, platforms=("linux-64",)))) == []
    assert list(rule.check(make_facts(ENVIRONMENT, LOCK, platforms=("win-64",)))) != []
    assert list(rule.check(make_facts(ENVIRONMENT, LOCK))) != []


@pytest.mark.parametrize(
    "url",
    [
        "https://me:hunter2@conda.invalid/lab/linux-64/corp-1.0-0.conda",
        "https://hunter2@conda.invalid/lab/linux-64/corp-1.0-0.conda",
        "https://$USER:hunter2@conda.invalid/lab/linux-64/corp-1.0-0.conda",
        "https://conda.invalid/t/hunter2/lab/linux-64/corp-1.0-0.conda",
        "https://conda.invalid/lab/corp-1.0-0.conda?token=hunter2",
        "git+https://git:hunter2@git.invalid/lab/corp.git@4f5a1c9",
    ],
)
def test_a_secret_is_found_and_never_shown(url: str, make_facts: MakeFacts) -> None:
    [found] = rc206_secret_or_local_url.check(make_facts(None, f"- conda linux-64 corp 1.0 0, from {url}"))
    assert "credentials" in found.message
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize(
    "url", ["file:///tmp/a-1-0.conda", "/tmp/a-1-0.conda", "../a-1-0.conda", "~/a.whl", "C:\\\\a.whl"]
)
def test_a_place_of_one_machine_is_found(url: str, make_facts: MakeFacts) -> None:
    [found] = rc206_secret_or_local_url.check(make_facts(None, f"- conda linux-64 a 1.0 0, from {url}"))
    assert "one machine" in found.message


@pytest.mark.parametrize("url", ["./tools", ".", "git+ssh://git@git.invalid/lab/a.git", "https://conda.invalid/a?b=c"])
def test_a_path_inside_the_project_and_a_user_git_are_no_trouble(url: str, make_facts: MakeFacts) -> None:
    assert list(rc206_secret_or_local_url.check(make_facts(None, f"- pip linux-64 a 1.0, from {url}"))) == []


def test_a_secret_in_the_metadata_is_found_and_never_shown(make_facts: MakeFacts) -> None:
    facts = make_facts(None, "- git.remote: https://me:hunter2@git.invalid/lab.git\n- conda linux-64 a 1.0 0")
    [found] = rc206_secret_or_local_url.check(facts)
    assert found.message == (
        "`git.remote` of the metadata in the lock holds credentials as user name or password, at "
        "`https://git.invalid/lab.git`"
    )
    assert "hunter2" not in repr(found)


def test_all_local_places_are_one_finding_and_every_kind_of_secret_place_is_one(make_facts: MakeFacts) -> None:
    local = [
        f"- conda {platform} a{n} 1.0 0, from file:///c/{platform}/a{n}.conda" for n in range(3) for platform in "xy"
    ]
    secret = [f"- conda x b{n} 1.0 0, from https://conda.invalid/t/hunter{n}/c/b{n}.conda" for n in range(3)]
    both = "- conda x c 1.0 0, from https://me:hunter2@conda.invalid/t/hunter2/c/c.conda"
    found = list(rc206_secret_or_local_url.check(make_facts(None, "\n".join([*local, *secret, both]))))
    assert [(one.location.line, one.message) for one in found] == [
        (
            1,
            "the URL of `a0` in the lock leads to a file of one machine, `file:///c/x/a0.conda` (and 5 more like it)",
        ),
        (
            7,
            "the URL of `b0` in the lock holds credentials as a token in its path, at "
            "`https://conda.invalid/t/<token>/c/b0.conda` (and 2 more like it)",
        ),
        (
            10,
            "the URL of `c` in the lock holds credentials as user name or password, at "
            "`https://conda.invalid/t/<token>/c/c.conda`",
        ),
    ]
    assert found[0].evidence == tuple(f"`file:///c/{one}.conda` too" for one in ("y/a0", "x/a1", "y/a1"))
    assert len(found[0].packages) == 6


def test_pixi_cannot_lock_a_hash_that_no_index_gives(make_facts: MakeFacts) -> None:
    url = "https://wheels.invalid/torchvision-0.21-py3-none-any.whl"
    facts = make_facts(None, f"- pip linux-64 torchvision 0.21, from {url}, hashed by md5")
    assert isinstance(facts.lock, Lock)
    [found] = rc205_broken_lock.check(facts)
    of_pixi = replace(facts, lock=replace(facts.lock, path="pixi.lock"))
    [told] = rc205_broken_lock.check(of_pixi)
    assert (found.severity, found.fix) == (Severity.WARNING, "run `reprocheck lock`")
    assert (told.severity, told.fix) == (Severity.INFO, "take it from an index that gives hashes")
    assert told.message == found.message == "no hash is locked of `torchvision 0.21` on linux-64"
