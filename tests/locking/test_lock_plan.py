"""Everything that can be refused is refused before anything is fetched."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from reprocheck.errors import GatheredErrors, InputError, ReprocheckError, UsageError
from reprocheck.locking.lock_plan import make_plan
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.locking_requests import LockRequest

Environments = Callable[..., EnvironmentFile]


def request(**more: object) -> LockRequest:
    paths = {"environment_path": Path("environment.yml"), "lock_path": Path("conda-lock.yml")}
    return LockRequest(**{**paths, **more})  # type: ignore[arg-type]


def test_platforms_come_from_the_request_then_the_file_then_the_usual_three(environment: Environments) -> None:
    plain = environment("numpy")
    named = environment("numpy", head="platforms: [win-64]")
    assert make_plan(named, request(platforms=("osx-arm64", "linux-64"))).platforms == ("linux-64", "osx-arm64")
    assert make_plan(named, request()).platforms == ("win-64",)
    assert make_plan(plain, request()).platforms == ("linux-64", "osx-arm64", "win-64")
    assert make_plan(plain, request()).notes == (
        "no platforms named: locking for linux-64, osx-arm64, win-64 (`-p`, or `platforms:`)",
    )


def test_an_unknown_platform_of_the_file_is_told_with_its_place(environment: Environments) -> None:
    with pytest.raises(UsageError) as caught:
        make_plan(environment("numpy", head="platforms: [linux]"), request())
    assert (caught.value.what, caught.value.where) == ("platform `linux` is unknown", "environment.yml:1:13")


def test_channels_of_the_request_replace_those_of_the_file(environment: Environments) -> None:
    one = environment("numpy", head="channels: [conda-forge, nodefaults]")
    assert [channel.name for channel in make_plan(one, request()).channels] == ["conda-forge"]
    assert [channel.name for channel in make_plan(one, request(channels=("a", "b"))).channels] == ["a", "b"]


def test_without_channels_defaults_is_taken_and_said(environment: Environments) -> None:
    plan = make_plan(environment("numpy", head="platforms: [linux-64]"), request())
    assert {channel.name for channel in plan.channels} == {"defaults"}
    assert plan.notes == ("no channels named: taking `defaults`, as conda does (`-c`, or `channels:`)",)


def test_a_channel_that_only_a_spec_names_is_searched_last_and_not_declared(environment: Environments) -> None:
    plan = make_plan(environment("pytorch::pytorch", "conda-forge::numpy"), request())
    assert [channel.name for channel in plan.channels] == ["conda-forge"]
    assert [channel.name for channel in plan.searched] == ["conda-forge", "pytorch"]


def test_a_pip_section_is_refused_and_never_dropped_in_silence(environment: Environments) -> None:
    with_pip = environment("numpy", "pip: [torch, 'pandas>1']")
    with pytest.raises(InputError) as caught:
        make_plan(with_pip, request())
    assert caught.value.lines() == [
        "error: pip requirements are not locked by this release",
        "  where: environment.yml:4:3",
        "  why:   the section holds 2 requirements, and a lock without them would be half a lock",
        "  how:   pass `--no-pip` to lock the conda part only; the lock will say so",
    ]
    notes = make_plan(with_pip, request(without_pip=True, platforms=("linux-64",))).notes
    assert notes == ("left out of the lock, as `--no-pip` asks: torch, pandas>1",)


def test_an_empty_pip_section_leaves_nothing_out(environment: Environments) -> None:
    assert make_plan(environment("numpy", "pip: []"), request(platforms=("linux-64",))).notes == ()


def test_faults_of_several_specs_are_told_together(environment: Environments) -> None:
    with pytest.raises(GatheredErrors) as caught:
        make_plan(environment("a >=1 <2", "b[md5=x]", "c"), request())
    assert [error.what for error in caught.value.errors] == [
        "spec `a >=1 <2` is ambiguous",
        "key `md5` of `b[md5=x]` is not supported",
    ]


def test_selectors_choose_per_platform(environment: Environments) -> None:
    plan = make_plan(environment("a  # [win]", "b"), request(platforms=("linux-64", "win-64")))
    assert {name: [spec.name for spec in specs] for name, specs in plan.specs.items()} == {
        "linux-64": ["b"],
        "win-64": ["a", "b"],
    }


def test_without_a_cuda_decision_every_platform_that_could_have_it_is_probed(environment: Environments) -> None:
    undecided = make_plan(environment("a"), request()).jobs
    assert [(job.platform, job.explain) for job in undecided] == [
        ("linux-64", True),
        ("osx-arm64", True),
        ("win-64", True),
        ("linux-64", False),
        ("win-64", False),
    ]
    decided = make_plan(environment("a"), request(cuda="12.4")).jobs
    assert len(decided) == 3
    assert "__cuda=12.4=0" in map(str, decided[0].virtual_packages)


def test_a_malformed_cuda_decision_is_refused(environment: Environments) -> None:
    with pytest.raises(ReprocheckError, match="CUDA decision `new` is neither"):
        make_plan(environment("a"), request(cuda="new"))
