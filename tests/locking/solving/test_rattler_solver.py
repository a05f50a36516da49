"""The solver answers as conda means it: strict priority by name, minimal conflicts, nothing of this machine."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from reprocheck.errors import InputError, UndecidedError
from reprocheck.locking.platforms import specs_on, virtual_packages
from reprocheck.locking.solving.channels import resolve_channels
from reprocheck.locking.solving.rattler_solver import solve_platforms, spec_admits
from reprocheck.locking.solving.solve_jobs import Absent, Answer, Solved, SolveJob, SolveRequest, Unsolved
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.locks import LockedPackage

Environments = Callable[..., EnvironmentFile]
Solver = Callable[..., Answer]


@pytest.fixture
def solve(environment: Environments, channels: Path, tmp_path: Path) -> Solver:
    """Solve dependency lines on one platform over the channels `high` and `low`."""

    def run(
        *lines: str, platform: str = "linux-64", cuda: str | None = None, names: tuple[str, ...] = ("high", "low")
    ) -> Answer:
        job = SolveJob(
            platform=platform,
            specs=specs_on(platform, environment(*lines).conda),
            virtual_packages=virtual_packages(platform, cuda),
        )
        found = resolve_channels([str(channels / name) for name in names], "x", Path())
        request = SolveRequest(channels=found, jobs=(job,), timeout_s=60, cache_folder=tmp_path)
        (answer,) = solve_platforms(request, lambda _message: None)
        return answer

    return run


def picked(answer: Answer) -> dict[str, str]:
    assert isinstance(answer, Solved)
    return {package.name: f"{package.version} {package.build}" for package in answer.packages}


def test_the_newest_of_the_highest_channel_is_picked_and_nothing_of_a_lower_one(solve: Solver) -> None:
    assert picked(solve("numpy")) == {"numpy": "2.1.0 py_0", "python": "3.12.4 h3124_0_cpython"}


def test_a_version_that_only_a_lower_channel_has_is_no_solution(solve: Solver) -> None:
    """py-rattler by itself takes numpy 2.2.0 from `low` here; conda's strict priority does not."""
    answer = solve("numpy=2.2")
    assert isinstance(answer, Unsolved)
    assert [spec.text for spec in answer.conflict] == ["numpy=2.2"]
    assert picked(solve("numpy=2.2", names=("low", "high")))["numpy"] == "2.2.0 py_0"


def test_strict_priority_holds_for_dependencies_across_noarch_and_platform(solve: Solver) -> None:
    assert picked(solve("extra")) == {"extra": "1.0 pyh_0", "shared-name": "1.0 pyh_0"}


def test_a_channel_named_in_a_spec_beats_priority(solve: Solver) -> None:
    assert picked(solve("low::numpy"))["numpy"] == "2.2.0 py_0"


def test_cuda_builds_need_the_decision_and_the_platform(solve: Solver) -> None:
    assert picked(solve("torchlike"))["torchlike"] == "2.5.0 cpu_0"
    assert picked(solve("torchlike=*=cuda*", cuda="12.4"))["cudalike"] == "12.4 0"
    assert isinstance(solve("torchlike=*=cuda*"), Unsolved)


def test_the_conflict_is_the_smallest_set_of_specs(solve: Solver) -> None:
    answer = solve("python", "tidy", "shared-name", "greedy")
    assert isinstance(answer, Unsolved)
    assert [(spec.text, spec.location.line) for spec in answer.conflict] == [("tidy", 4), ("greedy", 6)]
    assert "numpy" in answer.tree


def test_a_name_that_no_channel_has_is_absent_with_the_nearest(solve: Solver) -> None:
    answer = solve("nunpy", "onlylinux", platform="win-64")
    assert isinstance(answer, Absent)
    assert [(spec.name, near) for spec, near in answer.specs] == [("nunpy", ("numpy",)), ("onlylinux", ())]


def test_a_locked_package_tells_all_that_a_lock_needs(solve: Solver, channels: Path) -> None:
    answer = solve("tidy")
    assert isinstance(answer, Solved)
    tidy = next(package for package in answer.packages if package.name == "tidy")
    assert tidy.url == (channels / "high" / "noarch" / "tidy-1.0-pyh_0.conda").as_uri()
    assert tidy.dependencies == (("numpy", "<2"), ("python", ">=3.11"))
    assert (tidy.platform, tidy.channel, tidy.category, tidy.md5) == (
        "linux-64",
        "high",
        "main",
        "53a596c43509bcde56152e8040e5a14f",
    )


def test_an_unreadable_spec_names_its_place(solve: Solver) -> None:
    with pytest.raises(InputError) as caught:
        solve("numpy=@VERSION@")
    assert caught.value.lines()[:2] == ["error: spec `numpy=@VERSION@` cannot be read", "  where: environment.yml:3:3"]


def test_a_channel_out_of_reach_is_named_with_the_last_cause(solve: Solver, channels: Path) -> None:
    with pytest.raises(UndecidedError) as caught:
        solve("numpy", names=("high", "nowhere"))
    url = (channels / "nowhere").as_uri()
    assert caught.value.lines() == [
        f"error: channel `{url}` is out of reach",
        f"  where: {url}",
        f"  why:   failed to open file `{channels / 'nowhere' / 'noarch' / 'repodata.json'}`: "
        "No such file or directory (os error 2)",
        "  how:   check its name and the network, then try again",
    ]


def test_credentials_of_an_unreachable_channel_stay_secret(environment: Environments) -> None:
    request = SolveRequest(
        channels=resolve_channels(["https://me:hush@reprocheck.invalid/t/tk-1/org"], "x", Path()),
        jobs=(SolveJob(platform="linux-64", specs=environment("a").conda, virtual_packages=()),),
        timeout_s=60,
        offline=True,
    )
    with pytest.raises(UndecidedError) as caught:
        solve_platforms(request, lambda _message: None)
    text = "\n".join(caught.value.lines())
    assert "error: channel `https://reprocheck.invalid/t/<token>/org` is out of reach" in text
    assert "run once without `--offline`" in text
    assert "hush" not in text
    assert "tk-1" not in text


def test_all_platforms_are_answered_in_order_and_progress_is_told(
    environment: Environments, channels: Path, tmp_path: Path
) -> None:
    told: list[str] = []
    jobs = tuple(
        SolveJob(platform=name, specs=environment("numpy").conda, virtual_packages=virtual_packages(name, None))
        for name in ("win-64", "linux-64", "osx-arm64")
    )
    found = resolve_channels([str(channels / "high")], "x", Path())
    request = SolveRequest(channels=found, jobs=jobs, timeout_s=60, cache_folder=tmp_path)
    answers = solve_platforms(request, told.append)
    assert [answer.job.platform for answer in answers] == ["win-64", "linux-64", "osx-arm64"]
    assert told[0] == "reading the channels"


@pytest.mark.parametrize(
    ("line", "admitted"),
    [
        ("numpy=1.26", True),
        ("numpy>=2", False),
        ("numpy=1.26.4=py_0", True),
        ("numpy=*=cuda*", False),
        ("scipy", False),
    ],
)
def test_a_locked_package_is_matched_by_name_version_and_build(
    line: str, admitted: bool, environment: Environments, package: Callable[..., LockedPackage]
) -> None:
    locked = package("numpy", "1.26.4", build="py_0")
    assert spec_admits(environment(line).conda[0], locked) is admitted


def test_a_host_that_never_answers_is_given_up_after_the_time(environment: Environments) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/org"
        request = SolveRequest(
            channels=resolve_channels([address], "x", Path()),
            jobs=(SolveJob(platform="linux-64", specs=environment("a").conda, virtual_packages=()),),
            timeout_s=1,
        )
        with pytest.raises(UndecidedError) as caught:
            solve_platforms(request, lambda _message: None)
    assert caught.value.lines() == [
        "error: no solution within 1 s",
        f"  where: {address}",
        "  why:   the time was over while reading the channels",
        "  how:   check the network, or raise `--timeout`",
    ]
