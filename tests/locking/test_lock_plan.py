"""Everything that can be refused is refused before anything is fetched."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from reprocheck.errors import GatheredErrors, ReprocheckError, UsageError
from reprocheck.locking.lock_plan import make_plan
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.locking_requests import LockRequest
from reprocheck.model.locks import LockedPackage
from reprocheck.model.virtual_packages import VirtualPackage

Environments = Callable[..., EnvironmentFile]


def request(**more: object) -> LockRequest:
    paths = {"environment_paths": (Path("environment.yml"),), "lock_path": Path("conda-lock.yml")}
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


def test_platforms_in_one_option_are_told_apart(environment: Environments) -> None:
    with pytest.raises(UsageError) as caught:
        make_plan(environment("numpy"), request(platforms=("linux-64,osx-arm64",)))
    assert caught.value.how == "name each by itself, as in `-p linux-64 -p osx-arm64`"


def test_channels_of_the_request_replace_those_of_the_file(environment: Environments) -> None:
    one = environment("numpy", head="channels: [conda-forge, nodefaults]")
    assert [channel.name for channel in make_plan(one, request()).channels] == ["conda-forge"]
    assert [channel.name for channel in make_plan(one, request(channels=("a", "b"))).channels] == ["a", "b"]


def test_without_channels_defaults_is_taken_and_said(environment: Environments) -> None:
    plan = make_plan(environment("numpy", head="platforms: [linux-64]"), request())
    assert {channel.name for channel in plan.channels} == {"defaults"}
    assert plan.notes == ("no channels named: taking `defaults`, as conda does (`-c`, or `channels:`)",)


def test_credentials_that_the_lock_does_not_hold_are_told_and_references_are_not(
    environment: Environments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "tk-1")
    head = "platforms: [linux-64]\nchannels: [https://h.invalid/t/tk-1/a, https://h.invalid/t/$TOKEN/b, conda-forge]"
    assert make_plan(environment("numpy", head=head), request()).notes == (
        "the lock names `https://h.invalid/t/<token>/a` without the credentials that it was fetched with; with `$NAME` "
        "in their place, a variable of the environment, it would refer to them",
    )


def test_a_channel_that_only_a_spec_names_is_searched_last_and_not_declared(environment: Environments) -> None:
    plan = make_plan(environment("pytorch::pytorch", "conda-forge::numpy"), request())
    assert [channel.name for channel in plan.channels] == ["conda-forge"]
    assert [channel.name for channel in plan.searched] == ["conda-forge", "pytorch"]


def test_a_pip_section_is_locked_or_left_out_aloud(environment: Environments) -> None:
    with_pip = environment("numpy", "pip: [torch, 'pandas>1']")
    plan = make_plan(with_pip, request(platforms=("linux-64",)))
    assert (plan.has_pip, plan.notes) == (True, ())
    plan = make_plan(with_pip, request(without_pip=True, platforms=("linux-64",)))
    assert (plan.has_pip, plan.notes) == (False, ("left out of the lock, as `--no-pip` asks: torch, pandas>1",))


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
    undecided = make_plan(environment("a"), request())
    assert [job.platform for job in undecided.jobs()] == ["linux-64", "osx-arm64", "win-64"]
    assert [without.platform for without, _ in undecided.probes()] == ["linux-64", "win-64"]
    without, driven = undecided.probes()[0]
    assert without == undecided.jobs()[0]  # solved once where no old lock has a say
    assert set(driven.virtual_packages) - set(without.virtual_packages) == {VirtualPackage(name="__cuda", version="99")}
    decided = make_plan(environment("a"), request(cuda="12.4"))
    assert decided.probes() == ()
    assert "__cuda=12.4=0" in map(str, decided.jobs()[0].virtual_packages)


def test_an_old_lock_has_a_say_in_the_jobs_and_none_in_the_probes(
    environment: Environments, package: Callable[..., LockedPackage]
) -> None:
    plan = make_plan(environment("a"), request(platforms=("linux-64",)))
    old = (package("a"), package("b", manager="pip"), package("a", platform="win-64"))
    assert [job.preferred for job in plan.jobs(old)] == [(old[0],)]
    assert [job.preferred for pair in plan.probes() for job in pair] == [(), ()]


def test_a_file_of_machines_is_assumed_and_may_take_the_cuda_decision(environment: Environments) -> None:
    given = {"linux-64": (VirtualPackage(name="__glibc", version="2.17"),)}
    plan = make_plan(environment("a"), request(platforms=("linux-64",), cuda="12.4"), given)
    assert " ".join(map(str, plan.machines["linux-64"])) == "__cuda=12.4=0 __glibc=2.17=0"
    with_cuda = {"linux-64": (VirtualPackage(name="__cuda", version="11.8"),)}
    plan = make_plan(environment("a"), request(platforms=("linux-64", "osx-arm64")), with_cuda)
    assert plan.cuda == "11.8"
    assert " ".join(map(str, plan.machines["linux-64"])) == "__cuda=11.8=0"


@pytest.mark.parametrize(("cuda", "linux"), [("none", ""), ("12.4", "__cuda=12.4=0"), (None, "__cuda=11.8=0")])
def test_the_decision_asked_for_takes_the_place_of_the_files(
    cuda: str | None, linux: str, environment: Environments
) -> None:
    given = {"linux-64": (VirtualPackage(name="__cuda", version="11.8"),), "osx-arm64": (), "win-64": ()}
    plan = make_plan(environment("a"), request(cuda=cuda), given)
    windows = linux if cuda else ""  # a file that describes it without a driver means that
    assert {name: " ".join(map(str, machine)) for name, machine in plan.machines.items()} == {
        "linux-64": linux,
        "osx-arm64": "",
        "win-64": windows,
    }


def test_a_malformed_cuda_decision_is_refused(environment: Environments) -> None:
    with pytest.raises(ReprocheckError, match="CUDA decision `new` is neither"):
        make_plan(environment("a"), request(cuda="new"))
