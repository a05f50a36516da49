"""A solver's "no" becomes an error that names the specs, their places and one action."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reprocheck.locking.platforms import virtual_packages
from reprocheck.locking.solving.solve_jobs import Absent, Answer, Solved, SolveJob, Unsolved
from reprocheck.locking.solving.unsatisfiable import unsatisfiable_errors
from reprocheck.model.environments import CondaSpec, EnvironmentFile

Environments = Callable[..., EnvironmentFile]


def job(platform: str = "linux-64", cuda: str | None = None) -> SolveJob:
    return SolveJob(platform=platform, specs=(), virtual_packages=virtual_packages(platform, cuda))


def unsolved(*specs: CondaSpec, tree: str = "a tree", cuda: str | None = None, platform: str = "linux-64") -> Unsolved:
    return Unsolved(job=job(platform, cuda), conflict=specs, tree=tree)


def lines(*answers: Answer) -> list[str]:
    return [line for error in unsatisfiable_errors(answers, ["conda-forge"]) for line in error.lines()]


def test_specs_that_clash_are_named_with_their_lines(environment: Environments) -> None:
    one, two = environment("numpy<2", "pandas>=3").conda
    assert lines(unsolved(one, two)) == [
        "error: no solution for linux-64",
        "  where: environment.yml:3:3, environment.yml:4:3",
        "  why:   no builds meet `numpy<2`, `pandas>=3` together",
        "  how:   loosen one of them",
    ]
    (error,) = unsatisfiable_errors([unsolved(one, two)], ["conda-forge"])
    assert (error.detail, error.exit_code) == ("linux-64: a tree", 2)


def test_a_clash_of_several_platforms_is_told_once(environment: Environments) -> None:
    one, two = environment("numpy<2", "pandas>=3").conda
    answers = [unsolved(one, two, platform=name, tree=f"{name} tree") for name in ("linux-64", "osx-arm64", "win-64")]
    (error,) = unsatisfiable_errors(answers, ["conda-forge"])
    assert error.lines() == [
        "error: no solution for linux-64, osx-arm64, win-64",
        "  where: environment.yml:3:3, environment.yml:4:3",
        "  why:   no builds meet `numpy<2`, `pandas>=3` together",
        "  how:   loosen one of them",
    ]
    assert error.detail == "linux-64: linux-64 tree\nosx-arm64: osx-arm64 tree\nwin-64: win-64 tree"


def test_another_clash_or_another_remedy_on_a_platform_is_told_by_itself(environment: Environments) -> None:
    one, two = environment("numpy<2", "pandas>=3").conda
    other = unsolved(one, platform="osx-arm64")
    driven = unsolved(one, two, platform="win-64", tree="torch needs __cuda >=12")
    assert [error.what for error in unsatisfiable_errors([unsolved(one, two), other, driven], ["conda-forge"])] == [
        "no solution for linux-64",
        "no solution for osx-arm64",
        "no solution for win-64",
    ]


def test_a_single_spec_wants_another_remedy(environment: Environments) -> None:
    assert lines(unsolved(*environment("numpy=99").conda))[2:] == [
        "  why:   no build meets `numpy=99`",
        "  how:   loosen it, or add a channel that has it",
    ]


@pytest.mark.parametrize(("cuda", "advised"), [(None, True), ("12.4", False)])
def test_a_lack_of_cuda_is_told_only_where_nobody_decided(
    cuda: str | None, advised: bool, environment: Environments
) -> None:
    answer = unsolved(*environment("torch").conda, tree="torch needs __cuda >=12", cuda=cuda)
    assert (lines(answer)[3] == "  how:   name the driver's CUDA version, for example `--cuda 12.4`") is advised


def test_a_machine_that_cannot_be_met_is_told_without_specs() -> None:
    assert lines(unsolved())[1] == "  why:   the assumed machine itself cannot be met"


def test_an_absent_package_is_told_once_for_all_its_platforms(environment: Environments) -> None:
    (spec,) = environment("nunpy").conda
    answers = [Absent(job=job(name), specs=((spec, ("numpy", "nump")),)) for name in ("linux-64", "win-64")]
    assert lines(*answers) == [
        "error: package `nunpy` does not exist for linux-64, win-64",
        "  where: environment.yml:3:3",
        "  why:   searched the channels `conda-forge`",
        "  how:   did you mean `numpy` or `nump`?",
    ]


def test_a_package_of_other_platforms_gets_a_selector_or_the_platform_goes(environment: Environments) -> None:
    (spec,) = environment("pytorch::triton").conda
    assert lines(Absent(job=job("osx-arm64"), specs=((spec, ()),)), Solved(job=job(), packages=()))[2:] == [
        "  why:   searched the channels `pytorch`",
        "  how:   leave out the platform, or add `# [linux]` to keep it for linux-64 only",
    ]


def test_a_name_that_another_platform_knows_is_no_slip_of_the_pen(environment: Environments) -> None:
    (spec,) = environment("triton").conda
    absent = Absent(job=job("osx-arm64"), specs=((spec, ("tritonclient",)),))
    assert "did you mean" in lines(absent)[3]
    assert lines(absent, Solved(job=job(), packages=()))[3].startswith("  how:   leave out the platform, or add")


def test_a_package_that_is_nowhere_needs_another_name_or_channel(environment: Environments) -> None:
    (spec,) = environment("qqq").conda
    assert lines(Absent(job=job(), specs=((spec, ()),)))[3] == (
        "  how:   correct the name, or add the channel that has it"
    )


def test_with_several_channels_the_first_that_has_the_name_is_blamed_too(environment: Environments) -> None:
    (spec,) = environment("pytorch=2.3").conda
    (error,) = unsatisfiable_errors([unsolved(spec)], ["conda-forge", "pytorch"])
    assert error.how.startswith("loosen it, or name its channel, as in `channel::name`")
    (error,) = unsatisfiable_errors([unsolved(spec)], ["conda-forge"])
    assert error.how == "loosen it, or add a channel that has it"


def test_a_clash_on_one_platform_says_where_there_is_none(environment: Environments) -> None:
    one, two = environment("numpy<2", "pandas>=3").conda
    others = [Solved(job=job(name), packages=()) for name in ("osx-arm64", "win-64")]
    assert lines(unsolved(one, two), *others)[2] == (
        "  why:   no builds meet `numpy<2`, `pandas>=3` together; osx-arm64, win-64 can be solved"
    )


def test_what_came_too_late_wants_another_time(environment: Environments) -> None:
    tree = "torch 2.5 is excluded because the package is uploaded after the cutoff date of 2021-01-01"
    answer = unsolved(*environment("torch").conda, tree=tree)
    assert lines(answer)[3] == "  how:   name a later time with `--exclude-newer`, or loosen it"


@pytest.mark.parametrize(
    ("absent", "present", "selector", "kept"),
    [
        ("win-64", ("linux-64", "osx-arm64"), "unix", "linux-64, osx-arm64"),
        ("linux-aarch64", ("linux-64",), "linux64", "linux-64"),
        ("osx-arm64", ("linux-64", "win-64"), "linux", "linux-64"),
        ("osx-64", ("osx-arm64", "linux-64"), "arm64", "osx-arm64"),
    ],
)
def test_the_selector_keeps_no_platform_that_lacks_the_package(
    absent: str, present: tuple[str, ...], selector: str, kept: str, environment: Environments
) -> None:
    (spec,) = environment("triton").conda
    answers: list[Answer] = [Absent(job=job(absent), specs=((spec, ()),))]
    answers += (Solved(job=job(name), packages=()) for name in present)
    assert lines(*answers)[3] == f"  how:   leave out the platform, or add `# [{selector}]` to keep it for {kept} only"
