"""Environments by their names, wherever conda, mamba and pixi keep them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from reprocheck.errors import InputError
from reprocheck.readers.prefixes.named import Surroundings, find_environment

Write = Callable[[Path, Mapping[str, str | bytes]], Path]
HISTORY = "conda-meta/history"


@pytest.fixture
def around(tmp_path: Path) -> Callable[..., Surroundings]:
    """Return surroundings below `tmp_path`; in a variable, `@` stands for it."""

    def make(**environ: str) -> Surroundings:
        variables = {key: value.replace("@", tmp_path.as_posix()) for key, value in environ.items()}
        return Surroundings(variables, tmp_path / "home", tmp_path / "here", (tmp_path / "etc",))

    return make


def refusal(around: Surroundings, name: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        find_environment(name, around)
    return caught.value.lines()


@pytest.mark.parametrize(
    ("folder", "environ"),
    [
        ("a/ml", {"CONDA_ENVS_PATH": "/nonexistent:@/a"}),
        ("a/ml", {"CONDA_ENVS_DIRS": "@/a"}),
        ("home/a/ml", {"CONDA_ENVS_DIRS": "~/a"}),
        ("a/ml", {"CONDA_ENVS_DIRS": "$X/a:${UNKNOWN}/b", "X": "@"}),
        ("a/envs/ml", {"CONDA_PREFIX": "@/a"}),
        ("a/envs/ml", {"CONDA_PREFIX": "@/a/envs/other"}),
        ("a/envs/ml", {"CONDA_EXE": "@/a/bin/conda"}),
        ("a/envs/ml", {"CONDA_ROOT": "@/a"}),
        ("a/envs/ml", {"MAMBA_ROOT_PREFIX": "@/a"}),
        ("home/miniconda3/envs/ml", {}),
        ("home/.local/share/mamba/envs/ml", {}),
        ("home/.conda/envs/ml", {}),
        ("here/.pixi/envs/ml", {}),
    ],
)
def test_an_environment_is_found_by_its_name(
    tmp_path: Path, write: Write, around: Callable[..., Surroundings], folder: str, environ: dict[str, str]
) -> None:
    write(tmp_path, {f"{folder}/{HISTORY}": ""})
    assert find_environment("ml", around(**environ)) == tmp_path / folder


def test_folders_of_the_configuration_count(tmp_path: Path, write: Write, around: Callable[..., Surroundings]) -> None:
    write(tmp_path, {"etc/.condarc": f"envs_dirs: ['{tmp_path}/a']\n", "home/.condarc": "envs_path: [~/b, $HOME/c]\n"})
    write(tmp_path, {f"a/one/{HISTORY}": "", f"home/b/two/{HISTORY}": "", "home/c/three/pyvenv.cfg": ""})
    here = around(HOME=str(tmp_path / "home"))
    found = [find_environment(name, here) for name in ("one", "two", "three")]
    assert found == [tmp_path / "a/one", tmp_path / "home/b/two", tmp_path / "home/c/three"]


def test_the_list_that_conda_keeps_counts(tmp_path: Path, write: Write, around: Callable[..., Surroundings]) -> None:
    write(tmp_path, {f"far/ml/{HISTORY}": "", "home/.conda/environments.txt": f"/gone/ml\n\n{tmp_path}/far/ml\n"})
    assert find_environment("ml", around()) == tmp_path / "far" / "ml"


def test_one_environment_under_several_names_is_one(
    tmp_path: Path, write: Write, around: Callable[..., Surroundings]
) -> None:
    write(tmp_path, {f"home/miniconda3/envs/ml/{HISTORY}": "", "home/.conda/environments.txt": f"{tmp_path}/link/ml"})
    (tmp_path / "link").symlink_to("home/miniconda3/envs")
    assert find_environment("ml", around()) == tmp_path / "link" / "ml"


def test_several_environments_of_one_name_are_refused(
    tmp_path: Path, write: Write, around: Callable[..., Surroundings]
) -> None:
    write(tmp_path, {f"home/miniconda3/envs/ml/{HISTORY}": "", f"here/.pixi/envs/ml/{HISTORY}": ""})
    folders = [tmp_path / "home/miniconda3/envs/ml", tmp_path / "here/.pixi/envs/ml"]
    assert refusal(around(), "ml") == [
        "error: several environments are called `ml`",
        "  where: --name",
        f"  why:   found `{folders[0].as_posix()}`, `{folders[1].as_posix()}`",
        "  how:   name the folder with `--prefix`",
    ]


def test_a_name_that_is_nearly_right_is_told(tmp_path: Path, write: Write, around: Callable[..., Surroundings]) -> None:
    names = ("training", "trainings", "web")
    write(tmp_path, {f"home/miniconda3/envs/{name}/{HISTORY}": "" for name in names} | {"home/.conda/envs/no/x": ""})
    assert refusal(around(), "trainin") == [
        "error: no environment is called `trainin`",
        "  where: --name",
        "  why:   there is `training`, `trainings`",
        "  how:   name the folder with `--prefix`",
    ]
    assert refusal(around(), "zzz")[2] == "  why:   there is `training`, `trainings`, `web`"


def test_where_nothing_is_that_is_said(tmp_path: Path, around: Callable[..., Surroundings]) -> None:
    (tmp_path / "home" / ".conda" / "environments.txt").mkdir(parents=True)
    (tmp_path / "home" / ".conda" / "envs").symlink_to("envs")
    assert refusal(around(), "ml")[2] == "  why:   no environment was found in the usual places"


@pytest.mark.parametrize(
    ("name", "shown"),
    [*((name, name) for name in ("", ".", "..", "a/b", "a\\b", "../x")), ("a\0", "a\\x00")],
)
def test_a_path_is_no_name(around: Callable[..., Surroundings], name: str, shown: str) -> None:
    assert refusal(around(), name) == [
        f"error: `{shown}` is no name of an environment",
        "  where: --name",
        "  why:   a name is one word without slashes",
        "  how:   name the folder with `--prefix`",
    ]


def test_base_is_the_installation_in_use(tmp_path: Path, write: Write, around: Callable[..., Surroundings]) -> None:
    write(tmp_path, {f"{root}/{HISTORY}": "" for root in ("opt", "home/miniconda3", "home/miniforge3")})
    assert find_environment("base", around(CONDA_EXE="@/opt/bin/conda")) == tmp_path / "opt"
    assert find_environment("base", around(CONDA_PREFIX="@/opt/envs/x")) == tmp_path / "opt"
    assert refusal(around(), "base")[0] == "error: several environments are called `base`"


def test_base_is_the_only_installation(tmp_path: Path, write: Write) -> None:
    write(tmp_path, {f"mambaforge/{HISTORY}": ""})
    without_a_program = Surroundings({"CONDA_EXE": "/nonexistent/bin/conda"}, tmp_path)
    assert find_environment("base", without_a_program) == tmp_path / "mambaforge"
