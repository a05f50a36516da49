"""A lock records what it was solved for, and notes what nobody decided."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from reprocheck.locking.lock_plan import LockPlan, make_plan
from reprocheck.locking.new_lock import Solution, build_lock
from reprocheck.locking.pip_part.pip_jobs import PipJob, PipSolved
from reprocheck.locking.solving.solve_jobs import Answer, Solved, Unsolved
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.locking_requests import LockRequest
from reprocheck.model.locks import LockedPackage

Packages = Callable[..., LockedPackage]


@pytest.fixture
def plan(environment: Callable[..., EnvironmentFile]) -> Callable[[str | None], LockPlan]:
    """Make a plan for `torch` on linux-64 with a CUDA decision."""

    def make(cuda: str | None) -> LockPlan:
        request = LockRequest(
            environment_paths=(Path("environment.yml"),),
            lock_path=Path("locks/conda-lock.yml"),
            platforms=("linux-64",),
            cuda=cuda,
        )
        return make_plan(environment("torch"), request)

    return make


def solution(plan: LockPlan, *packages: LockedPackage, probe: Answer | None = None) -> Solution:
    (job,) = plan.jobs()
    solved = Solved(job=job, packages=packages)
    return Solution(conda=(solved,), probes=((solved, probe),) if probe else (), tools=(("py-rattler", "0.28"),))


@pytest.mark.skipif(os.name == "nt", reason="file names are Unicode on Windows")
def test_a_source_whose_name_is_no_utf_8_is_named_with_its_bytes_escaped(
    plan: Callable[[str | None], LockPlan], package: Packages
) -> None:
    plain = plan("none")
    sources = (os.fsdecode(b"env\xfc.yml"), os.fsdecode("\u00fc.yml".encode()))
    named = replace(plain, environment=replace(plain.environment, sources=sources))
    lock, _ = build_lock(named, solution(named, package("torch")), Path("conda-lock.yml"))
    assert lock.sources == ("env\\xfc.yml", "\u00fc.yml")


def test_a_decided_lock_records_all_that_the_format_has_no_place_for(
    plan: Callable[[str | None], LockPlan], package: Packages
) -> None:
    decided = plan("12.4")
    lock, notes = build_lock(decided, solution(decided, package("torch")), Path("locks/conda-lock.yml"))
    custom = dict(lock.custom_metadata)
    assert notes == ()
    assert custom["reprocheck.cuda"] == "12.4"
    assert custom["reprocheck.virtual-packages.linux-64"] == (
        "__archspec=1=x86_64 __cuda=12.4=0 __glibc=2.28=0 __linux=5.10=0 __unix=0=0"
    )
    assert sorted(key for key in custom if key.startswith("reprocheck.tool.")) == [
        "reprocheck.tool.py-rattler",
        "reprocheck.tool.reprocheck",
    ]
    assert custom["reprocheck.input-digest"].startswith("sha256:")
    assert lock.sources == ("../environment.yml",)
    assert [platform for platform, _ in lock.content_hash] == ["linux-64"]


def test_an_undecided_lock_names_what_cuda_would_change_declared_names_first(
    plan: Callable[[str | None], LockPlan], package: Packages
) -> None:
    undecided = plan(None)
    ((_, driven),) = undecided.probes()
    gpu = (package("torch", build="cuda_0"), *(package(f"cu{number}") for number in range(7)))
    found = solution(undecided, package("torch"), probe=Solved(job=driven, packages=gpu))
    lock, notes = build_lock(undecided, found, Path("conda-lock.yml"))
    assert lock.custom("reprocheck.cuda") == "undecided (none assumed)"
    assert [p.name for p in lock.packages] == ["torch"]
    assert notes[0].startswith(
        "CUDA is undecided: on a machine with an NVIDIA driver `torch`, `cu0`, `cu1`, `cu2`, `cu3` and 3 more would"
    )


def test_a_probe_without_a_solution_changes_nothing(plan: Callable[[str | None], LockPlan], package: Packages) -> None:
    undecided = plan(None)
    ((_, driven),) = undecided.probes()
    found = solution(undecided, package("torch"), probe=Unsolved(job=driven, conflict=(), tree=""))
    lock, notes = build_lock(undecided, found, Path("conda-lock.yml"))
    assert (lock.custom("reprocheck.cuda"), notes) == ("irrelevant (no package depends on it)", ())


def test_records_without_an_upload_time_and_the_notes_of_pip_are_told(
    plan: Callable[[str | None], LockPlan], package: Packages
) -> None:
    decided = plan("none")
    (job,) = decided.jobs()
    pip_job = PipJob(
        platform="linux-64", virtual_packages=(), requirements=(), constraints=(), conda=(package("torch"),)
    )
    found = Solution(
        conda=(Solved(job=job, packages=(package("torch"),), undated=("torch",)),),
        pip=(PipSolved(job=pip_job, packages=(), notes=("`./mine` is not locked",)),),
    )
    _, notes = build_lock(decided, found, Path("conda-lock.yml"))
    assert notes == (
        "no upload time is known of `torch`: whether they existed at that time cannot be told",
        "`./mine` is not locked  [linux-64]",
    )
