"""The pip part, resolved by uv itself against an index that the tests write."""

from __future__ import annotations

import hashlib
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reprocheck.errors import GatheredErrors, InputError, UndecidedError, UnsatisfiableError
from reprocheck.locking.pip_part.pip_jobs import (
    PipAnswer,
    PipClash,
    PipIndexes,
    PipJob,
    PipRequest,
    PipSolved,
    PipUnsolved,
)
from reprocheck.locking.pip_part.pip_resolver import resolve_pip
from tests.locking.local_index import PYTHON, LocalIndex, conda_package, pip_job, resolve, served, write_wheel

TORCH = conda_package("pytorch", "2.5.1")


@pytest.fixture
def index(tmp_path: Path) -> LocalIndex:
    return LocalIndex(tmp_path / "index")


def solved(answer: PipAnswer) -> PipSolved:
    assert isinstance(answer, PipSolved), answer
    return answer


def unsolved(answer: PipAnswer) -> list[str]:
    assert isinstance(answer, PipUnsolved), answer
    return answer.error.lines()


def names(answer: PipAnswer) -> list[str]:
    return [f"{package.name} {package.version}" for package in solved(answer).packages]


def test_a_package_has_its_url_its_hash_and_what_it_depends_on(tmp_path: Path, index: LocalIndex) -> None:
    index.add("low", "1.0")
    digest = index.add("top", "2.0", "low>=0.5,!=0.7", "numpy~=2.0")
    (answer,) = resolve(tmp_path, pip_job("top", conda=[conda_package("numpy", "2.1.0")]))
    low, top = solved(answer).packages
    assert (top.name, top.version, top.manager, top.platform, top.category) == ("top", "2.0", "pip", "linux-64", "main")
    assert top.url == f"{index.url}/top/top-2.0-py3-none-any.whl"
    assert top.sha256 == digest
    assert top.dependencies == (("low", ">=0.5,!=0.7"), ("numpy", ">=2.0,<3.dev0"))
    assert low.dependencies == ()


def test_what_conda_provides_is_left_out_with_all_that_it_would_bring(tmp_path: Path, index: LocalIndex) -> None:
    index.add("torch", "2.6.0", "nvidia-cudnn-cu12")
    index.add("nvidia-cudnn-cu12", "9.0")
    index.add("accelerate", "1.0", "torch>=2")
    (answer,) = resolve(tmp_path, pip_job("accelerate", "torch", conda=[TORCH]))
    assert names(answer) == ["accelerate 1.0"]
    assert solved(answer).packages[0].dependencies == (("torch", ">=2"),)


def test_without_condas_package_the_index_has_it(tmp_path: Path, index: LocalIndex) -> None:
    index.add("torch", "2.6.0", "nvidia-cudnn-cu12 ; sys_platform == 'linux'")
    index.add("nvidia-cudnn-cu12", "9.0")
    linux, mac = resolve(tmp_path, pip_job("torch"), pip_job("torch", platform="osx-arm64"))
    assert names(linux) == ["nvidia-cudnn-cu12 9.0", "torch 2.6.0"]
    assert names(mac) == ["torch 2.6.0"]


def test_a_declared_requirement_that_conda_does_not_meet_is_a_clash(tmp_path: Path, index: LocalIndex) -> None:
    numpy = conda_package("numpy", "1.26.4")
    job = pip_job("numpy>=2", conda=[numpy])
    assert resolve(tmp_path, job) == (
        PipClash(job=job, project="numpy", provided_by=numpy, specifier=">=2", wanted_by="numpy>=2"),
    )


def test_a_clash_names_the_package_that_asks_and_the_least_that_it_asks_for(tmp_path: Path, index: LocalIndex) -> None:
    index.add("pandas", "3.1", "numpy>=2.1")
    index.add("pandas", "3.0", "numpy>=2,<3")
    numpy = conda_package("numpy", "1.26.4")
    job = pip_job("pandas>=3", conda=[numpy])
    assert resolve(tmp_path, job) == (
        PipClash(job=job, project="numpy", provided_by=numpy, specifier=">=2,<3", wanted_by="pandas 3.0"),
    )


def test_a_version_that_is_too_new_in_conda_is_a_clash_too(tmp_path: Path, index: LocalIndex) -> None:
    index.add("old", "1.0", "torch<2")
    index.add("old", "1.1", "torch<2.3")
    job = pip_job("old", conda=[TORCH])
    assert resolve(tmp_path, job) == (
        PipClash(job=job, project="torch", provided_by=TORCH, specifier="<2.3", wanted_by="old 1.1"),
    )


def test_a_constraint_that_conda_does_not_meet_is_a_clash(tmp_path: Path, index: LocalIndex) -> None:
    index.add("top", "1.0", "numpy")
    numpy = conda_package("numpy", "1.26.4")
    job = pip_job("top", constraints=["numpy<1.25"], conda=[numpy])
    assert resolve(tmp_path, job) == (
        PipClash(job=job, project="numpy", provided_by=numpy, specifier="<1.25", wanted_by="numpy<1.25"),
    )


def test_a_declared_requirement_with_a_marker_clashes_where_it_holds(tmp_path: Path, index: LocalIndex) -> None:
    index.add("top", "1.0")
    numpy = conda_package("numpy", "1.26.4")
    lines = ("top", "numpy>=2 ; sys_platform == 'linux'")
    linux, mac = resolve(tmp_path, pip_job(*lines, conda=[numpy]), pip_job(*lines, conda=[numpy], platform="osx-arm64"))
    assert isinstance(linux, PipClash)
    assert (linux.specifier, linux.wanted_by) == (">=2", "numpy>=2 ; sys_platform == 'linux'")
    assert names(mac) == ["top 1.0"]


def test_requirements_that_contradict_each_other_are_unsatisfiable(tmp_path: Path, index: LocalIndex) -> None:
    index.add("low", "1.0")
    index.add("low", "2.0")
    index.add("top", "1.0", "low>=2")
    (answer,) = resolve(tmp_path, pip_job("top", "low<2", conda=[TORCH]))
    assert unsolved(answer) == [
        "error: no pip solution for linux-64",
        "  where: environment.yml:10:5, environment.yml:11:5",
        "  why:   all versions of top depend on low>=2 and you require top, so you require low>=2; you require low<2",
        "  how:   loosen one of them",
    ]
    assert isinstance(answer, PipUnsolved)
    assert isinstance(answer.error, UnsatisfiableError)


def test_an_unknown_project_is_named_with_its_place(tmp_path: Path, index: LocalIndex) -> None:
    index.add("low", "1.0")
    (answer,) = resolve(tmp_path, pip_job("low", "nowhere-to-be-found>=2"), offline=False)
    assert unsolved(answer) == [
        "error: project `nowhere-to-be-found` does not exist",
        "  where: environment.yml:11:5",
        f"  why:   searched `{index.url}`",
        "  how:   correct the name, or add the index that has it with `--extra-index-url`",
    ]


def test_an_unknown_project_that_a_package_wants_names_the_package(tmp_path: Path, index: LocalIndex) -> None:
    index.add("top", "1.0", "nowhere-to-be-found")
    (answer,) = resolve(tmp_path, pip_job("top"), offline=False)
    assert unsolved(answer)[1] == "  where: wanted by `top 1.0`"


def test_one_platform_without_a_solution_leaves_the_others_their_answers(tmp_path: Path, index: LocalIndex) -> None:
    index.add("top", "1.0", tag="cp311-cp311-manylinux_2_17_x86_64")
    linux, mac = resolve(tmp_path, pip_job("top"), pip_job("top", platform="osx-arm64"))
    assert names(linux) == ["top 1.0"]
    assert isinstance(mac, PipUnsolved)


def test_the_glibc_that_is_assumed_decides_on_the_wheel(tmp_path: Path, index: LocalIndex) -> None:
    index.add("top", "1.0", tag="cp311-cp311-manylinux_2_27_x86_64")
    index.add("top", "1.1", tag="cp311-cp311-manylinux_2_31_x86_64")
    (answer,) = resolve(tmp_path, pip_job("top"))
    assert names(answer) == ["top 1.0"]


def test_an_extra_brings_its_own_dependencies(tmp_path: Path, index: LocalIndex) -> None:
    index.add("top", "1.0", "extra: testing", "probe>1 ; extra == 'testing'")
    index.add("probe", "1.5")
    with_extra, without = resolve(tmp_path, pip_job("top[testing]"), pip_job("top"))
    assert names(with_extra) == ["probe 1.5", "top 1.0"]
    assert solved(with_extra).packages[1].dependencies == (("probe", ">1"),)
    assert names(without) == ["top 1.0"]


def test_an_extra_of_what_conda_provides_is_told(tmp_path: Path, index: LocalIndex) -> None:
    index.add("top", "1.0", "torch[distributed]")
    (answer,) = resolve(tmp_path, pip_job("top", "torch[opt]", conda=[TORCH]))
    assert names(answer) == ["top 1.0"]
    assert set(solved(answer).notes[:2]) == {
        f"`torch[{extra}]` is provided by conda pytorch 2.5.1: what the extra needs is not known, and not locked"
        for extra in ("opt", "distributed")
    }


def test_the_first_place_that_has_a_project_is_the_only_one_for_it(tmp_path: Path, index: LocalIndex) -> None:
    index.add("top", "9.0")
    extra = LocalIndex(tmp_path / "extra")
    extra.add("top", "2.1.0+cu121")
    indexes = PipIndexes(index_url=index.url, extra_index_urls=("extra",))
    (answer,) = resolve(tmp_path, pip_job("top"), indexes=indexes)
    assert names(answer) == ["top 2.1.0+cu121"]
    assert solved(answer).packages[0].url.endswith("/extra/top/top-2.1.0%2Bcu121-py3-none-any.whl")


def test_find_links_are_taken_but_never_for_what_conda_provides(tmp_path: Path, index: LocalIndex) -> None:
    write_wheel(tmp_path / "links", "top", "1.0", "torch")
    write_wheel(tmp_path / "links", "torch", "2.5.1+cu121", "nvidia-cudnn-cu12")
    indexes = PipIndexes(index_url=index.url, find_links=("links",))
    (answer,) = resolve(tmp_path, pip_job("top", conda=[TORCH]), indexes=indexes)
    assert names(answer) == ["top 1.0"]
    assert solved(answer).notes == ("`top 1.0` comes from a local folder: other machines cannot fetch it",)


BACKEND = """
import pathlib

def prepare_metadata_for_build_wheel(folder, settings=None):
    info = pathlib.Path(folder, "built-1.0.dist-info")
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\\nName: built\\nVersion: 1.0\\nRequires-Dist: low>=1\\n")
    (info / "WHEEL").write_text("Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    return info.name

def build_wheel(folder, settings=None, metadata=None):
    raise NotImplementedError
"""


def test_a_source_archive_is_built_with_the_real_tools_though_conda_provides_them(
    tmp_path: Path, index: LocalIndex
) -> None:
    index.add("buildtool", "1.0", module=BACKEND)
    index.add("low", "1.0")
    digest = index.add_sdist("built", "1.0", "buildtool")
    (answer,) = resolve(tmp_path, pip_job("built", conda=[conda_package("buildtool", "1.0")]))
    built, low = solved(answer).packages
    assert (built.url, built.sha256) == (f"{index.url}/built/built-1.0.tar.gz", digest)
    assert built.dependencies == (("low", ">=1"),)
    assert low.name == "low"
    assert solved(answer).notes[-1] == (
        "no wheel fits linux-64 with glibc 2.28 and python 3.11.9 of `built 1.0`: what is locked is source, to be "
        "built where it is installed; another version, or a newer assumed system, may have a wheel"
    )


def test_local_paths_and_editable_installs_are_told_and_not_locked(tmp_path: Path, index: LocalIndex) -> None:
    index.add("top", "1.0")
    (answer,) = resolve(tmp_path, pip_job("./pkg", "-e .", "top"))
    assert names(answer) == ["top 1.0"]
    assert solved(answer).notes[:2] == (
        "`./pkg` (environment.yml:10:5) is a local path: it is not locked, nor is what it depends on",
        "`-e .` (environment.yml:11:5) is an editable install: it is not locked, nor is what it depends on",
    )


def test_a_version_without_wheels_for_the_python_that_conda_chose_asks_for_another(
    tmp_path: Path, index: LocalIndex
) -> None:
    index.add("top", "1.0", tag="cp39-cp39-manylinux_2_17_x86_64")
    (answer,) = resolve(tmp_path, pip_job("top==1.0"))
    assert unsolved(answer)[-1] == "  how:   loosen it, or ask conda for a `python` that it is made for"


def test_with_nothing_to_resolve_uv_is_not_run(tmp_path: Path) -> None:
    job = PipJob(platform="linux-64", virtual_packages=(), requirements=(), constraints=(), conda=())
    assert resolve(tmp_path, job) == (PipSolved(job=job, packages=()),)


def test_a_package_of_the_old_lock_stays_where_it_may(tmp_path: Path, index: LocalIndex) -> None:
    index.add("top", "1.0")
    index.add("low", "1.0")
    (old,) = resolve(tmp_path, pip_job("top", "low"))
    index.add("top", "2.0")
    index.add("low", "2.0")
    (answer,) = resolve(tmp_path, pip_job("top", "low>=2", preferred=solved(old).packages))
    assert names(answer) == ["low 2.0", "top 1.0"]


def test_a_repository_without_a_commit_is_an_error_and_all_of_them_are_told(tmp_path: Path) -> None:
    job = pip_job("git+https://u:s3cret@host.invalid/a.git@main#egg=a", "b @ git+https://host.invalid/b.git")
    with pytest.raises(GatheredErrors) as caught:
        resolve(tmp_path, job, job)
    lines = caught.value.lines()
    assert "s3cret" not in "".join(lines)
    assert lines[4:] == [
        "error: `b @ git+https://host.invalid/b.git` names no commit",
        "  where: environment.yml:11:5",
        "  why:   what a branch or a tag holds may change, so that a lock would not say what is installed (RC106)",
        "  how:   add the commit, as in `git+https://host/project.git@0123456789abcdef0123456789abcdef01234567`",
    ]


def test_a_commit_is_locked_as_such(tmp_path: Path, index: LocalIndex) -> None:
    repository = tmp_path / "repository"
    repository.mkdir()
    (repository / "pyproject.toml").write_text('[project]\nname = "gitted"\nversion = "0.3"\ndependencies = ["low"]\n')
    commit = commit_all(repository)
    index.add("low", "1.0")
    job = pip_job(f"gitted @ git+file://{repository}@{commit[:12]}", "low")
    (answer,) = resolve(tmp_path, job, offline=False)
    package = solved(answer).packages[0]
    assert (package.url, package.sha256) == (f"git+file://{repository}@{commit}", None)
    assert package.dependencies == (("low", "*"),)
    assert solved(answer).notes == (
        "`gitted 0.3` is locked by its commit: there is no sha256 to check what pip builds of it",
        "`low 1.0` comes from a local folder: other machines cannot fetch it",
    )


def commit_all(repository: Path) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.invalid", "-c", "commit.gpgsign=false"]
    for command in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "one"]):
        subprocess.run(["git", "-C", str(repository), *command], check=True, capture_output=True)
    done = subprocess.run(["git", "-C", str(repository), "rev-parse", "HEAD"], check=True, capture_output=True)
    return done.stdout.decode().strip()


def test_no_python_in_conda_is_an_error(tmp_path: Path) -> None:
    job = pip_job("top")
    bare = PipJob(platform=job.platform, virtual_packages=(), requirements=job.requirements, constraints=(), conda=())
    with pytest.raises(InputError) as caught:
        resolve(tmp_path, bare)
    assert caught.value.lines() == [
        "error: no `python` among the conda packages for linux-64",
        "  where: environment.yml:10:5",
        "  why:   pip installs into the environment's own Python, whose version decides on every wheel",
        "  how:   add `python` to the dependencies",
    ]


def test_offline_without_the_index_in_the_cache_is_undecided(tmp_path: Path) -> None:
    with pytest.raises(UndecidedError) as caught:
        resolve(tmp_path, pip_job("top"), indexes=PipIndexes(index_url="https://user:s3cret@index.invalid/simple"))
    assert caught.value.lines() == [
        "error: the pip part cannot be resolved",
        "  why:   packages were unavailable because the network was disabled. When the network is disabled, registry "
        "packages may only be read from the cache",
        "  how:   run once without `--offline`",
    ]


def test_an_index_out_of_reach_is_undecided_and_shows_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    indexes = PipIndexes(index_url="http://user:s3cret@127.0.0.1:9/simple")
    with pytest.raises(UndecidedError) as caught:
        resolve(tmp_path, pip_job("top"), indexes=indexes, offline=False)
    assert caught.value.where == "http://127.0.0.1:9/simple/top/"
    assert "connection refused" in caught.value.why.lower()
    assert "s3cret" not in "".join(caught.value.lines())


def test_the_time_may_be_over(tmp_path: Path) -> None:
    with pytest.raises(UndecidedError) as caught:
        resolve(tmp_path, pip_job("top"), timeout_s=0, offline=False)
    assert caught.value.what == "no pip solution in time"


def test_what_conda_provides_has_no_upload_time_and_is_found_all_the_same(tmp_path: Path, index: LocalIndex) -> None:
    (answer,) = resolve(tmp_path, pip_job("torch", conda=[TORCH]), exclude_newer=datetime(2023, 6, 1, tzinfo=UTC))
    assert names(answer) == []


def test_a_direct_url_of_what_conda_provides_is_an_error(tmp_path: Path, index: LocalIndex) -> None:
    write_wheel(tmp_path / "files", "torch", "2.6.0")
    with served(tmp_path / "files") as host:
        job = pip_job(f"torch @ http://{host}/torch-2.6.0-py3-none-any.whl", conda=[TORCH])
        (answer,) = resolve(tmp_path, job, offline=False)
    assert unsolved(answer) == [
        "error: `torch` is asked for by its address, and is provided by conda pytorch 2.5.1",
        "  where: environment.yml:10:5",
        "  why:   pip would install the one over the other",
        "  how:   leave out one of the two",
    ]


def test_a_direct_url_is_locked_with_its_reference_and_a_computed_hash(
    tmp_path: Path, index: LocalIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = write_wheel(tmp_path / "files", "top", "1.0", "low")
    index.add("low", "1.0")
    monkeypatch.setenv("PIP_PART_TOKEN", "user:s3cret-word")
    with served(tmp_path / "files", "user:s3cret-word") as host:
        job = pip_job(f"top @ http://${{PIP_PART_TOKEN}}@{host}/{wheel.name}")
        (answer,) = resolve(tmp_path, job, offline=False)
    package = solved(answer).packages[1]
    assert package.url == f"http://${{PIP_PART_TOKEN}}@{host}/{wheel.name}"
    assert package.sha256 == hashlib.sha256(wheel.read_bytes()).hexdigest()
    assert package.dependencies == (("low", "*"),)


def test_credentials_of_an_index_open_it_and_are_not_locked(
    tmp_path: Path, index: LocalIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = index.add("top", "1.0")
    monkeypatch.setenv("PIP_PART_TOKEN", "s3cret-word")
    with served(index.folder, "user:s3cret-word") as host:
        plain = PipIndexes(index_url=f"http://user:s3cret-word@{host}/")
        kept = PipIndexes(index_url=f"http://user:$PIP_PART_TOKEN@{host}/")
        answers = [resolve(tmp_path, pip_job("top"), indexes=indexes, offline=False)[0] for indexes in (plain, kept)]
    urls = [solved(answer).packages[0].url for answer in answers]
    path = f"{host}/top/top-1.0-py3-none-any.whl"
    assert urls == [f"http://{path}", f"http://user:$PIP_PART_TOKEN@{path}"]
    # The page names no hash: uv has computed it.
    assert [solved(answer).packages[0].sha256 for answer in answers] == [digest, digest]


@pytest.mark.parametrize("status", [401, 403])
def test_an_index_that_refuses_is_undecided(tmp_path: Path, index: LocalIndex, status: int) -> None:
    with served(index.folder, status=status) as host, pytest.raises(UndecidedError) as caught:
        resolve(tmp_path, pip_job("top"), indexes=PipIndexes(index_url=f"http://{host}/"), offline=False)
    assert caught.value.what == "the pip part cannot be resolved"
    assert str(status) in caught.value.why
    assert caught.value.how == "check the credentials of the package index"


def test_an_index_that_is_down_is_undecided(tmp_path: Path, index: LocalIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with served(index.folder, status=503) as host, pytest.raises(UndecidedError) as caught:
        resolve(tmp_path, pip_job("top"), indexes=PipIndexes(index_url=f"http://{host}/"), offline=False)
    assert "503" in caught.value.why
    assert caught.value.where == f"http://{host}/top/"


def test_a_variable_that_is_not_set_is_an_error(tmp_path: Path) -> None:
    indexes = PipIndexes(index_url="https://$REPROCHECK_NOT_SET@index.invalid/simple")
    with pytest.raises(InputError) as caught:
        resolve(tmp_path, pip_job("top"), indexes=indexes)
    assert caught.value.lines() == [
        "error: environment variable `REPROCHECK_NOT_SET` is not set",
        "  where: https://index.invalid/simple",
        "  why:   an address of the pip part refers to it",
        "  how:   set `REPROCHECK_NOT_SET`, or write the address without it",
    ]


def test_a_pinned_pre_release_is_found(tmp_path: Path, index: LocalIndex) -> None:
    index.add("top", "1.0")
    index.add("top", "2.0rc1")
    pinned, free = resolve(tmp_path, pip_job("top==2.0rc1"), pip_job("top"))
    assert (names(pinned), names(free)) == (["top 2.0rc1"], ["top 1.0"])


def test_the_same_question_has_the_same_answer_from_another_folder(
    tmp_path: Path, index: LocalIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.add("low", "1.0")
    index.add("top", "1.0", "low", "torch>=2 ; python_version >= '3.8'")
    job = pip_job("top", "low", conda=[TORCH])
    first = resolve(tmp_path, job)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "uv.toml").write_text('resolution = "lowest"\nindex-url = "https://index.invalid/simple"\n')
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("UV_RESOLUTION", "lowest")
    assert resolve(tmp_path, job) == first


def test_progress_counts_the_platforms(tmp_path: Path, index: LocalIndex) -> None:
    index.add("top", "1.0")
    told: list[str] = []
    jobs = (pip_job("top"), pip_job("top", platform="osx-arm64"))
    request = PipRequest(
        jobs=jobs, indexes=PipIndexes(index_url=index.url), folder=tmp_path, timeout_s=60, cache_folder=tmp_path / "c"
    )
    resolve_pip(request, told.append)
    assert told == [f"resolving pip: {done} of 2 done" for done in range(3)]


def test_pypy_is_refused(tmp_path: Path) -> None:
    job = pip_job("top")
    pypy = conda_package("python", "3.9.18", build="0_73_pypy")
    assert PYTHON in job.conda
    with pytest.raises(InputError) as caught:
        resolve(
            tmp_path,
            PipJob(
                platform="linux-64", virtual_packages=(), requirements=job.requirements, constraints=(), conda=(pypy,)
            ),
        )
    assert caught.value.what == "the pip part cannot be resolved for python 3.9.18 0_73_pypy"
