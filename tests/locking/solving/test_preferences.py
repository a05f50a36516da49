"""What the old lock holds stays, what the pip part asks is met, and time travel sees no records of the future."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from reprocheck.locking.platforms import virtual_packages
from reprocheck.locking.solving.channels import resolve_channels
from reprocheck.locking.solving.rattler_solver import solve_platforms
from reprocheck.locking.solving.solve_jobs import Answer, Solved, SolveJob, SolveRequest, Unsolved
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.locks import LockedPackage

Environments = Callable[..., EnvironmentFile]
Solve = Callable[..., Answer]
OLD, NEW = 1_600_000_000, 1_700_000_000  # seconds: September 2020, November 2023
BETWEEN = datetime(2021, 1, 1, tzinfo=UTC)


@pytest.fixture
def solve(environment: Environments, tmp_path: Path) -> Solve:
    """Solve dependency lines for linux-64 over channel folders; other fields of the job and the request by name."""

    def run(
        channels: list[Path],
        *lines: str,
        preferred: tuple[LockedPackage, ...] = (),
        limits: tuple[str, ...] = (),
        exclude_newer: datetime | None = None,
    ) -> Answer:
        job = SolveJob(
            platform="linux-64",
            specs=environment(*lines).conda,
            virtual_packages=(),
            preferred=preferred,
            limits=environment(*limits).conda if limits else (),
        )
        request = SolveRequest(
            channels=resolve_channels(map(str, channels), "x", Path()),
            jobs=(job,),
            timeout_s=60,
            cache_folder=tmp_path / "cache",
            exclude_newer=exclude_newer,
        )
        (answer,) = solve_platforms(request, lambda _message: None)
        return answer

    return run


@pytest.fixture
def grown(tmp_path: Path, write_channel: Callable[..., Path], solve: Solve) -> tuple[Path, tuple[LockedPackage, ...]]:
    """A channel after it got new versions, and what was locked before."""
    place = write_channel(tmp_path / "p", linux_64=["lib 1", "app 1 lib", "tool 1 lib <2"])
    before = solve([place], "app")
    assert isinstance(before, Solved)
    write_channel(tmp_path / "p", linux_64=["lib 1", "lib 2", "app 1 lib", "app 2 lib", "strict 1 app >=2"])
    return place, before.packages


def picked(answer: Answer) -> str:
    assert isinstance(answer, Solved)
    return ", ".join(f"{package.name} {package.version}" for package in answer.packages)


Grown = tuple[Path, tuple[LockedPackage, ...]]


def test_without_preferences_everything_is_the_newest(grown: Grown, solve: Solve) -> None:
    assert picked(solve([grown[0]], "app")) == "app 2, lib 2"


def test_a_new_version_moves_nothing_that_is_preferred(grown: Grown, solve: Solve) -> None:
    place, old = grown
    assert picked(solve([place], "app", preferred=old)) == "app 1, lib 1"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["app", "lib>=2"], "app 1, lib 2"),
        (["app>=2"], "app 2, lib 1"),
        (["app", "strict"], "app 2, lib 1, strict 1"),
        (["app>=2", "lib>=2"], "app 2, lib 2"),
    ],
)
def test_a_spec_moves_what_it_must_and_nothing_else(
    lines: list[str], expected: str, grown: Grown, solve: Solve
) -> None:
    place, old = grown
    assert picked(solve([place], *lines, preferred=old)) == expected


def test_one_name_left_out_of_the_preferences_moves_alone(grown: Grown, solve: Solve) -> None:
    place, old = grown
    kept = tuple(package for package in old if package.name != "lib")
    assert picked(solve([place], "app", preferred=kept)) == "app 1, lib 2"


def test_what_vanished_from_the_channel_or_is_none_of_conda_is_no_preference(grown: Grown, solve: Solve) -> None:
    place, old = grown
    gone = tuple(replace(package, version="0.5", url=package.url.replace("-1-0", "-0.5-0")) for package in old)
    assert picked(solve([place], "app", preferred=gone)) == "app 2, lib 2"
    odd = tuple(replace(package, version="no version!") for package in old)
    assert picked(solve([place], "app", preferred=odd)) == "app 2, lib 2"
    pip = tuple(replace(package, manager="pip") for package in old)
    assert picked(solve([place], "app", preferred=pip)) == "app 2, lib 2"


def test_a_preference_never_undoes_channel_priority(
    tmp_path: Path, write_channel: Callable[..., Path], solve: Solve
) -> None:
    high = write_channel(tmp_path / "high", linux_64=["lib 1"])
    low = write_channel(tmp_path / "low", linux_64=["lib 2", "lib 3"])
    before = solve([low], "lib<3")
    assert isinstance(before, Solved)
    assert picked(solve([high, low], "lib", preferred=before.packages)) == "lib 1"
    assert picked(solve([low, high], "lib", preferred=before.packages)) == "lib 2"
    assert picked(solve([high, low], "low::lib", preferred=before.packages)) == "lib 2"


def test_a_limit_binds_what_something_else_brings_in_and_brings_in_nothing(grown: Grown, solve: Solve) -> None:
    place, _ = grown
    assert picked(solve([place], "app", limits=("lib<2", "strict<9"))) == "app 2, lib 1"


def test_a_limit_that_cannot_be_met_is_no_solution(grown: Grown, solve: Solve) -> None:
    answer = solve([grown[0]], "app", limits=("lib>=3",))
    assert isinstance(answer, Unsolved)
    assert "lib >=3" in answer.tree


def test_a_limit_beats_a_preference(grown: Grown, solve: Solve) -> None:
    place, old = grown
    assert picked(solve([place], "app", limits=("lib>=2",), preferred=old)) == "app 1, lib 2"


@pytest.fixture
def dated(tmp_path: Path, write_channel: Callable[..., Path]) -> Path:
    """Old and new records, with times in milliseconds and in seconds, and one without."""
    return write_channel(
        tmp_path / "dated",
        linux_64=[f"a 1 @{OLD}000", f"a 2 @{NEW}000", f"b 1 @{OLD}", f"b 2 @{NEW}", "c 1", f"late 1 @{NEW}000"],
    )


def test_records_of_the_future_do_not_exist_and_those_without_a_time_are_told(dated: Path, solve: Solve) -> None:
    answer = solve([dated], "a", "b", "c", exclude_newer=BETWEEN)
    assert picked(answer) == "a 1, b 1, c 1"
    assert isinstance(answer, Solved)
    assert answer.undated == ("c",)


def test_without_a_bound_nothing_is_told_of_times(dated: Path, solve: Solve) -> None:
    answer = solve([dated], "a", "c")
    assert isinstance(answer, Solved)
    assert answer.undated == ()


@pytest.mark.parametrize("hours", [-9, 0, 9])
@pytest.mark.parametrize(("later_s", "expected"), [(0, "a 1"), (1, "a 2")])
def test_the_bound_itself_is_outside_whatever_its_offset(
    later_s: int, expected: str, hours: int, dated: Path, solve: Solve
) -> None:
    bound = datetime.fromtimestamp(NEW + later_s, timezone(timedelta(hours=hours)))
    assert picked(solve([dated], "a", exclude_newer=bound)) == expected


def test_what_is_only_newer_is_no_solution_and_the_tree_says_why(dated: Path, solve: Solve) -> None:
    answer = solve([dated], "late", exclude_newer=BETWEEN)
    assert isinstance(answer, Unsolved)
    assert "uploaded after the cutoff date" in answer.tree


def test_a_name_that_the_high_channel_got_later_hid_nothing_before(
    dated: Path, tmp_path: Path, write_channel: Callable[..., Path], solve: Solve
) -> None:
    low = write_channel(tmp_path / "low", linux_64=[f"late 0.5 @{OLD}000"], noarch=[f"user 1 late @{OLD}000"])
    assert picked(solve([dated, low], "user", "a")) == "a 2, late 1, user 1"
    assert picked(solve([dated, low], "user", "a", exclude_newer=BETWEEN)) == "a 1, late 0.5, user 1"
    assert picked(solve([dated, low], "late", exclude_newer=BETWEEN)) == "late 0.5"


def test_a_preference_of_the_future_is_none(dated: Path, solve: Solve) -> None:
    now = solve([dated], "a", "b")
    assert isinstance(now, Solved)
    assert picked(solve([dated], "a", "b", preferred=now.packages, exclude_newer=BETWEEN)) == "a 1, b 1"


def test_a_whole_real_lock_stays_when_two_years_of_new_records_come(
    shared: Path, environment: Environments, tmp_path: Path
) -> None:
    specs = environment("python=3.11", "numpy", "pandas", "scikit-learn").conda
    machine = virtual_packages("linux-64", None)
    job = SolveJob(platform="linux-64", specs=specs, virtual_packages=machine)
    channels = resolve_channels([str(shared / "channels" / "conda-forge")], "x", Path())
    past = datetime(2024, 6, 1, tzinfo=UTC)
    request = SolveRequest(channels=channels, jobs=(job,), timeout_s=60, cache_folder=tmp_path, exclude_newer=past)
    (before,) = solve_platforms(request, lambda _message: None)
    assert isinstance(before, Solved)
    kept = replace(request, jobs=(replace(job, preferred=before.packages),), exclude_newer=None)
    (after,) = solve_platforms(kept, lambda _message: None)
    assert isinstance(after, Solved)
    assert after.packages == before.packages
    (fresh,) = solve_platforms(replace(request, exclude_newer=None), lambda _message: None)
    assert isinstance(fresh, Solved)
    assert fresh.packages != before.packages
