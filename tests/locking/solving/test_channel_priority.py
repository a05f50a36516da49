"""Strict channel priority by name, as conda means it, in every shape in which py-rattler by itself differs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
import rattler

from reprocheck.locking.solving.channels import resolve_channels
from reprocheck.locking.solving.rattler_solver import solve_platforms
from reprocheck.locking.solving.solve_jobs import Absent, Answer, Solved, SolveJob, SolveRequest, Unsolved
from reprocheck.model.conda_settings import CondaSettings
from reprocheck.model.environments import EnvironmentFile

Environments = Callable[..., EnvironmentFile]
Solve = Callable[..., Answer]


@pytest.fixture
def places(tmp_path: Path, write_channel: Callable[..., Path]) -> dict[str, str]:
    """`high` has old numpy and, in noarch, pure; `low` has newer ones, and packages that want them."""
    high = write_channel(tmp_path / "high", linux_64=["numpy 1.26", "numpy 1.25"], noarch=["pure 1.0"])
    wanting = ["cpp 1.0 numpy >=2", "app 1.0 pure >=2", "library 1.0 numpy"]
    low = write_channel(tmp_path / "low", linux_64=["numpy 2.0", "numpy 2.1", "pure 2.0"], noarch=wanting)
    middle = write_channel(tmp_path / "middle", linux_64=["numpy 3.0"])
    return {"high": str(high), "low": str(low), "middle": str(middle)}


@pytest.fixture
def solve(environment: Environments, places: dict[str, str], tmp_path: Path) -> Solve:
    """Solve dependency lines for linux-64; `names` are folders made above, or names that `settings` know."""

    def run(*lines: str, names: tuple[str, ...] = ("high", "low"), settings: CondaSettings | None = None) -> Answer:
        addresses = [places.get(name, name) for name in names]
        job = SolveJob(platform="linux-64", specs=environment(*lines).conda, virtual_packages=())
        channels = resolve_channels(addresses, "x", Path(), settings)
        request = SolveRequest(channels=channels, jobs=(job,), timeout_s=60, cache_folder=tmp_path / "cache")
        (answer,) = solve_platforms(request, lambda _message: None)
        return answer

    return run


def picked(answer: Answer) -> list[str]:
    assert isinstance(answer, Solved)
    return [f"{package.channel}::{package.name} {package.version}" for package in answer.packages]


def plain_rattler(places: dict[str, str], *specs: str) -> list[str]:
    async def solved() -> list[str]:
        channels = [rattler.Channel(Path(places[name]).as_uri()) for name in ("high", "low")]
        records = await rattler.solve(channels, specs, platforms=["linux-64", "noarch"])
        return sorted(f"{record.name.normalized} {record.version}" for record in records)

    return asyncio.run(solved())


@pytest.mark.parametrize(
    ("lines", "taken_by_rattler", "conflict"),
    [
        (["numpy>=2"], ["numpy 2.1"], ["numpy>=2"]),
        (["cpp", "numpy>=2"], ["cpp 1.0", "numpy 2.1"], ["cpp"]),
        (["pure>=2"], ["pure 2.0"], ["pure>=2"]),
        (["app", "pure>=2"], ["app 1.0", "pure 2.0"], ["app"]),
        (["numpy=2.0"], ["numpy 2.0"], ["numpy=2.0"]),
    ],
)
def test_what_plain_rattler_takes_from_a_hidden_channel_is_no_solution(
    lines: list[str], taken_by_rattler: list[str], conflict: list[str], solve: Solve, places: dict[str, str]
) -> None:
    spelled = [line.replace("=2.0", " 2.0.*").replace(">=2", " >=2") for line in lines]
    assert plain_rattler(places, *spelled) == taken_by_rattler
    answer = solve(*lines)
    assert isinstance(answer, Unsolved)
    assert [spec.text for spec in answer.conflict] == conflict


def test_the_solvers_words_blame_the_priority(solve: Solve) -> None:
    answer = solve("numpy>=2")
    assert isinstance(answer, Unsolved)
    assert "strict channel priority" in answer.tree


@pytest.mark.parametrize("line", ["cpp", "app"])
def test_a_dependency_is_hidden_as_a_spec_is(line: str, solve: Solve) -> None:
    assert isinstance(solve(line), Unsolved)
    assert isinstance(solve(line, names=("low", "high")), Solved)


def test_a_dependency_of_a_low_package_comes_from_the_high_channel(solve: Solve) -> None:
    assert picked(solve("library")) == ["low::library 1.0", "high::numpy 1.26"]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["low::numpy"], ["low::numpy 2.1"]),
        (["low::numpy", "cpp"], ["low::cpp 1.0", "low::numpy 2.1"]),
        (["low::numpy", "numpy<2.1"], ["low::numpy 2.0"]),
        (["low::library", "numpy"], ["low::library 1.0", "high::numpy 1.26"]),
    ],
)
def test_a_named_channel_beats_priority_for_that_name_only(lines: list[str], expected: list[str], solve: Solve) -> None:
    assert picked(solve(*lines)) == expected


def test_a_named_channel_that_has_not_the_package_is_told_without_repeating_its_name(solve: Solve) -> None:
    answer = solve("high::cpp")
    assert isinstance(answer, Absent)
    assert [(spec.text, near) for spec, near in answer.specs] == [("high::cpp", ())]


@pytest.fixture
def grouped(places: dict[str, str]) -> CondaSettings:
    members = (places["high"], places["low"])
    return CondaSettings(multichannels=(("ours", members),), default_channels=members)


@pytest.mark.parametrize("group", ["ours", "defaults"])
def test_the_channels_of_a_group_rank_alike(group: str, solve: Solve, grouped: CondaSettings) -> None:
    assert picked(solve("cpp", "numpy>=2", names=(group,), settings=grouped)) == ["low::cpp 1.0", "low::numpy 2.1"]


@pytest.mark.parametrize("group", ["ours", "defaults"])
def test_a_group_hides_what_stands_behind_it_and_is_hidden_itself(
    group: str, solve: Solve, grouped: CondaSettings
) -> None:
    assert isinstance(solve("numpy>=3", names=(group, "middle"), settings=grouped), Unsolved)
    assert picked(solve("numpy", names=("middle", group), settings=grouped)) == ["middle::numpy 3.0"]
    assert picked(solve(f"{group}::numpy", names=("middle", group), settings=grouped)) == ["low::numpy 2.1"]
    assert picked(solve("high::numpy", names=("middle", group), settings=grouped)) == ["high::numpy 1.26"]
