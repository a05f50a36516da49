"""`--solver conda-lock` drives whatever conda program there is; here one that a test wrote, which keeps a diary."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reprocheck.errors import InputError, UndecidedError, UsageError
from reprocheck.locking.platforms import virtual_packages
from reprocheck.locking.solving import conda_lock_solver
from reprocheck.locking.solving.channels import resolve_channels
from reprocheck.locking.solving.conda_lock_solver import solve_platforms, solve_with
from reprocheck.locking.solving.conda_program import CondaProgram, find_program, spec_argument
from reprocheck.locking.solving.solve_jobs import Absent, Solved, SolveJob, Solver, SolveRequest, Unsolved
from reprocheck.model.environments import EnvironmentFile
from reprocheck.model.locks import LockedPackage

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-in program is a script")

Environments = Callable[..., EnvironmentFile]
# Prints the version or what `answers` holds for the platform, and writes down what it was called with.
PROGRAM = """#!{python}
import json, os, sys, time
from pathlib import Path
home = Path({home!r})
if sys.argv[1:] == ["--version"]:
    print({version!r})
    sys.exit(0)
machine = sys.argv[sys.argv.index("--json"):]
channel = [part for part in machine if part.startswith("file://")][-1][len("file://"):]
told = {{
    "arguments": sys.argv[1:],
    "environment": {{name: os.environ[name] for name in sorted(os.environ) if name.startswith(("CONDA_", "MAMBA_"))}},
    "machine": json.loads(Path(channel, os.environ["CONDA_SUBDIR"], "repodata.json").read_text())["packages"],
    "noarch": json.loads(Path(channel, "noarch", "repodata.json").read_text())["packages"],
}}
with open(home / "diary", "a") as diary:
    diary.write(json.dumps(told) + "\\n")
answer = json.loads((home / "answers").read_text())[os.environ["CONDA_SUBDIR"]]
time.sleep(answer.get("seconds", 0))
sys.stdout.write(answer.get("stdout", ""))
sys.stderr.write(answer.get("stderr", ""))
sys.exit(answer.get("code", 0))
"""


def record(name: str, version: str, subdir: str, *depends: str) -> dict[str, object]:
    file = f"{name}-{version}-0.conda"
    return {
        "build": "0",
        "build_number": 0,
        "channel": f"https://conda.anaconda.org/conda-forge/{subdir}",
        "depends": list(depends),
        "fn": file,
        "md5": "0" * 32,
        "name": name,
        "sha256": "f" * 64,
        "subdir": subdir,
        "url": f"https://conda.anaconda.org/conda-forge/{subdir}/{file}",
        "version": version,
    }


def solution(*records: dict[str, object]) -> dict[str, object]:
    document = {"actions": {"FETCH": records, "LINK": [], "PREFIX": "/p"}, "dry_run": True, "success": True}
    return {"stdout": json.dumps(document)}


@pytest.fixture
def install(tmp_path: Path) -> Callable[..., dict[str, str]]:
    """Write a program of this name with its answers, and return the variables that find it."""

    def run(name: str = "micromamba", version: str = "2.0.5", **answers: dict[str, object]) -> dict[str, str]:
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        program = folder / name
        program.write_text(PROGRAM.format(python=sys.executable, home=str(tmp_path), version=version))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        told = {platform.replace("_", "-"): answer for platform, answer in answers.items()}
        (tmp_path / "answers").write_text(json.dumps(told))
        return {"PATH": str(folder), "HOME": str(tmp_path)}

    return run


@pytest.fixture
def request_of(environment: Environments) -> Callable[..., SolveRequest]:
    """Make a request for dependency lines on platforms over conda-forge."""

    def make(*lines: str, platforms: tuple[str, ...] = ("linux-64",), cuda: str | None = None) -> SolveRequest:
        specs = environment(*lines).conda
        jobs = tuple(
            SolveJob(platform=name, specs=specs, virtual_packages=virtual_packages(name, cuda)) for name in platforms
        )
        return SolveRequest(channels=resolve_channels(["conda-forge"], "x", Path()), jobs=jobs, timeout_s=60)

    return make


Requests = Callable[..., SolveRequest]
Install = Callable[..., dict[str, str]]


def solved(variables: dict[str, str], request: SolveRequest) -> tuple[object, ...]:
    return solve_with(find_program(variables), variables, request, lambda _message: None)


def diary(tmp_path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (tmp_path / "diary").read_text().splitlines()]


def test_every_platform_is_asked_for_and_answered_in_order(install: Install, request_of: Requests) -> None:
    variables = install(
        linux_64=solution(
            record("python", "3.11.9", "linux-64"), record("numpy", "1.26.4", "linux-64", "python >=3.11")
        ),
        osx_arm64=solution(record("numpy", "1.26.4", "osx-arm64")),
    )
    told: list[str] = []
    answers = solve_with(
        find_program(variables), variables, request_of("numpy", platforms=("osx-arm64", "linux-64")), told.append
    )
    assert [answer.job.platform for answer in answers] == ["osx-arm64", "linux-64"]
    linux = answers[1]
    assert isinstance(linux, Solved)
    assert [(package.name, package.dependencies) for package in linux.packages] == [
        ("numpy", (("python", ">=3.11"),)),
        ("python", ()),
    ]
    assert told == ["solving with micromamba 2.0.5: 0 of 2 done", "solving with micromamba 2.0.5: 1 of 2 done"]


def test_the_program_is_told_the_platform_the_machine_and_nothing_of_this_one(
    install: Install, request_of: Requests, tmp_path: Path
) -> None:
    variables = {**install(linux_64=solution()), "CONDA_OVERRIDE_CUDA": "11.4", "CONDA_OVERRIDE_ODD": "1"}
    solved(variables, request_of("numpy=1.26", "pytorch=2.*=cuda*", cuda="12.4"))
    (told,) = diary(tmp_path)
    arguments, environment = told["arguments"], told["environment"]
    assert isinstance(arguments, list)
    assert isinstance(environment, dict)
    assert arguments[0] == "create"
    assert arguments[3:8] == [
        "--dry-run",
        "--json",
        "--override-channels",
        "--channel",
        "https://conda.anaconda.org/conda-forge",
    ]
    assert arguments[-2:] == ["numpy 1.26.*", "pytorch 2.* cuda*"]
    assert environment["CONDA_SUBDIR"] == "linux-64"
    assert environment["CONDA_CHANNEL_PRIORITY"] == environment["MAMBA_CHANNEL_PRIORITY"] == "strict"
    assert {name: value for name, value in environment.items() if name.startswith("CONDA_OVERRIDE_")} == {
        "CONDA_OVERRIDE_ARCHSPEC": "x86_64",
        "CONDA_OVERRIDE_CUDA": "12.4",
        "CONDA_OVERRIDE_GLIBC": "2.28",
        "CONDA_OVERRIDE_LINUX": "5.10",
        "CONDA_OVERRIDE_OSX": "",
        "CONDA_OVERRIDE_UNIX": "0",
        "CONDA_OVERRIDE_WIN": "",
    }
    machine = told["machine"]
    assert isinstance(machine, dict)
    assert sorted(machine) == [
        "__archspec-1-x86_64.tar.bz2",
        "__cuda-12.4-0.tar.bz2",
        "__glibc-2.28-0.tar.bz2",
        "__linux-5.10-0.tar.bz2",
        "__unix-0-0.tar.bz2",
    ]
    assert told["noarch"] == {}


def test_a_spec_with_a_channel_names_it_in_front(environment: Environments, tmp_path: Path) -> None:
    channels = resolve_channels(["conda-forge", str(tmp_path / "lab")], "x", Path())
    named, local, plain, exact = environment(
        "conda-forge::numpy>=1.26", "lab::tool", "conda-forge::scipy", "numpy=1.26.4=py_0"
    ).conda
    assert spec_argument(named, channels) == 'conda-forge::numpy[version=">=1.26"]'
    assert spec_argument(local, channels) == f"{(tmp_path / 'lab').as_uri()}::tool"
    assert spec_argument(plain, channels) == "conda-forge::scipy"
    assert spec_argument(exact, channels) == "numpy ==1.26.4 py_0"


def test_a_build_alone_leaves_the_version_open(environment: Environments) -> None:
    (spec,) = environment("numpy=*=py_0").conda
    assert spec_argument(spec, ()) == "numpy * py_0"


def test_what_no_channel_has_is_absent(install: Install, request_of: Requests) -> None:
    failure = {"exception_name": "PackagesNotFoundError", "message": "not there", "packages": ["numpyy"]}
    variables = install("conda", "conda 24.1.2", linux_64={"stdout": json.dumps(failure), "code": 1})
    (answer,) = solved(variables, request_of("numpyy", "scipy"))
    assert isinstance(answer, Absent)
    assert [(spec.name, near) for spec, near in answer.specs] == [("numpyy", ())]


def test_a_clash_names_the_specs_that_the_program_speaks_of(install: Install, request_of: Requests) -> None:
    problem = "package tidy-1.0-0 requires numpy <2, but none of the providers can be installed"
    failure = {"success": False, "solver_problems": [problem]}
    variables = install(linux_64={"stdout": json.dumps(failure), "code": 1})
    (answer,) = solved(variables, request_of("tidy=1.0", "numpy>=2", "scipy"))
    assert isinstance(answer, Unsolved)
    assert [spec.text for spec in answer.conflict] == ["numpy>=2"]
    assert answer.tree == problem


def test_a_clash_that_names_nothing_blames_all_specs(install: Install, request_of: Requests) -> None:
    variables = install(linux_64={"stderr": "Could not solve for environment specs", "code": 1})
    (answer,) = solved(variables, request_of("tidy", "numpy"))
    assert isinstance(answer, Unsolved)
    assert [spec.text for spec in answer.conflict] == ["tidy", "numpy"]


def test_a_dependency_that_is_nowhere_is_a_clash(install: Install, request_of: Requests) -> None:
    variables = install(linux_64={"stderr": "nothing provides requested lost\nneeded by tidy", "code": 1})
    (answer,) = solved(variables, request_of("tidy"))
    assert isinstance(answer, Unsolved)


def error_of(variables: dict[str, str], request: SolveRequest) -> list[str]:
    with pytest.raises(UndecidedError) as caught:
        solved(variables, request)
    assert caught.value.exit_code == 3
    return caught.value.lines()


def test_a_channel_out_of_reach_is_told_in_the_programs_words(install: Install, request_of: Requests) -> None:
    failure = {"exception_name": "CondaHTTPError", "message": "HTTP 000 for url <https://me:hush@h.invalid/x>\nmore"}
    variables = install("conda", "conda 24.1.2", linux_64={"stdout": json.dumps(failure), "code": 1})
    assert error_of(variables, request_of("a")) == [
        "error: a channel is out of reach",
        "  where: conda-forge",
        "  why:   conda says: HTTP 000 for url <https://<credentials>@h.invalid/x>",
        "  how:   check the names and the network, then try again",
    ]


def test_a_program_that_fails_is_named(install: Install, request_of: Requests, tmp_path: Path) -> None:
    variables = install(linux_64={"stderr": "std::bad_alloc\n", "code": 134})
    assert error_of(variables, request_of("a")) == [
        "error: `micromamba` could not solve for linux-64",
        f"  where: {tmp_path / 'bin' / 'micromamba'}",
        "  why:   std::bad_alloc",
        "  how:   repair it, or use `--solver rattler`",
    ]
    assert error_of(install(linux_64={"code": 7}), request_of("a"))[2] == "  why:   it ended with `exit-7`"


def test_an_answer_without_the_records_is_no_answer(install: Install, request_of: Requests) -> None:
    variables = install(linux_64=solution({"name": "numpy", "version": "1"}))
    assert error_of(variables, request_of("a"))[2] == "  why:   its answer does not say enough about `numpy`"


def test_the_time_holds_for_all_platforms_together(install: Install, request_of: Requests) -> None:
    variables = install(linux_64={"seconds": 30}, win_64={"seconds": 30})
    request = replace(request_of("a", platforms=("linux-64", "win-64")), timeout_s=1)
    assert error_of(variables, request) == [
        "error: no solution within 1 s",
        "  where: conda-forge",
        "  why:   the time was over while micromamba was at work",
        "  how:   raise `--timeout`, or use `--solver rattler`",
    ]


def test_an_ambiguous_spec_is_refused_before_the_program_misreads_it(install: Install, request_of: Requests) -> None:
    with pytest.raises(InputError) as caught:
        solved(install(linux_64=solution()), request_of("python >=3.11 <3.12"))
    assert caught.value.what == "spec `python >=3.11 <3.12` is ambiguous"


def test_without_a_program_it_is_said_which_were_looked_for(tmp_path: Path) -> None:
    with pytest.raises(UndecidedError) as caught:
        find_program({"PATH": str(tmp_path), "CONDA_EXE": str(tmp_path / "conda")})
    assert caught.value.lines() == [
        "error: no program to solve with",
        "  where: --solver conda-lock",
        "  why:   looked for `micromamba`, `mamba` and `conda` on PATH, and in `MAMBA_EXE` and `CONDA_EXE`",
        "  how:   install one, for example micromamba, or use `--solver rattler`, which needs none",
    ]


@pytest.mark.parametrize(
    ("name", "said", "version"),
    [
        ("micromamba", "2.0.5", "2.0.5"),
        ("mamba", "mamba 1.5.3\nconda 23.11.0", "1.5.3"),
        ("conda", "conda 24.1.2", "24.1.2"),
    ],
)
def test_each_program_is_found_with_its_version(name: str, said: str, version: str, install: Install) -> None:
    variables = install(name, said)
    path = f"{variables['PATH']}/{name}"
    assert find_program(variables) == CondaProgram(name=name, path=path, version=version)


def test_micromamba_goes_before_the_others_and_an_activated_shell_is_believed(install: Install) -> None:
    install("conda", "conda 24.1.2")
    variables = install("micromamba")
    assert find_program(variables).name == "micromamba"
    named = {"PATH": "", "MAMBA_EXE": f"{variables['PATH']}/micromamba"}
    assert find_program(named).name == "micromamba"
    assert find_program({"PATH": "", "CONDA_EXE": f"{variables['PATH']}/conda"}).name == "conda"


def test_a_program_that_does_not_know_its_version_is_broken(install: Install, tmp_path: Path) -> None:
    with pytest.raises(UndecidedError) as caught:
        find_program(install("conda", "out of order"))
    assert caught.value.lines() == [
        "error: `conda` does not tell its version",
        f"  where: {tmp_path / 'bin' / 'conda'}",
        "  why:   `conda --version` ended with `ok`",
        "  how:   repair it, or use `--solver rattler`",
    ]


def test_what_these_programs_cannot_do_is_refused(
    request_of: Requests, environment: Environments, package: Callable[..., LockedPackage]
) -> None:
    plain = request_of("numpy")
    (job,) = plain.jobs
    refused = {
        "`--exclude-newer` needs the rattler solver": replace(plain, exclude_newer=datetime(2024, 1, 1, tzinfo=UTC)),
        "`--offline` needs the rattler solver": replace(plain, offline=True),
        "keeping what the old lock holds needs the rattler solver": replace(
            plain, jobs=(replace(job, preferred=(package("numpy"),)),)
        ),
        "what the pip part asks of conda packages needs the rattler solver": replace(
            plain, jobs=(replace(job, limits=environment("numpy<2").conda),)
        ),
    }
    for what, request in refused.items():
        with pytest.raises(UsageError) as caught:
            solve_platforms(request, lambda _message: None)
        assert (caught.value.what, caught.value.where) == (what, "--solver conda-lock")


def test_the_module_is_a_solver_that_puts_the_program_on_record(
    install: Install, request_of: Requests, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = install("conda", "conda 24.1.2", linux_64=solution(record("a", "1", "linux-64")))
    monkeypatch.setenv("PATH", variables["PATH"])
    conda_lock_solver._program.cache_clear()
    solver: Solver = conda_lock_solver
    assert solver.TOOLS == (("conda", "24.1.2"),)
    (answer,) = solver.solve_platforms(request_of("a"), lambda _message: None)
    assert isinstance(answer, Solved)
    conda_lock_solver._program.cache_clear()
    with pytest.raises(AttributeError):
        conda_lock_solver.__getattr__("OTHER")
