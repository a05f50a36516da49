"""Jupyter kernels of an environment, and those elsewhere that claim to be it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from reprocheck.model.prefixes import Fault, Kernel
from reprocheck.readers.prefixes.kernels import FoundKernels, KernelFolder, kernel_folders, read_kernels

Write = Callable[[Path, Mapping[str, str | bytes]], Path]


def spec(python: str, display: str = "Python 3", **more: object) -> str:
    argv = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    return json.dumps({"argv": argv, "display_name": display, "language": "python", **more})


@pytest.fixture
def world(tmp_path: Path, write: Write) -> Callable[..., FoundKernels]:
    """Write files, `@` for the folder around the environment `ml`, and read the kernels of the environment."""

    def make(files: Mapping[str, str], name: str = "ml", root: str = "ml") -> FoundKernels:
        usual = {
            "ml/conda-meta/history": "",
            "ml/bin/python": "",
            "other/conda-meta/history": "",
            "other/bin/python": "",
        }
        texts = {path: text.replace("@", tmp_path.as_posix()) for path, text in files.items()}
        write(tmp_path, {**usual, **texts})
        folders = (KernelFolder("user", tmp_path / "user"), KernelFolder("system", tmp_path / "system"))
        return read_kernels(tmp_path / root, name, folders)

    return make


OWN = "ml/share/jupyter/kernels/python3/kernel.json"


@pytest.mark.parametrize(
    ("python", "starts"),
    [
        ("python", "this"),
        ("python3", "this"),
        ("python3.11", "this"),
        ("@/ml/bin/python", "this"),
        ("@/ml/bin/../bin/python", "this"),
        ("@/other/../ml/bin/python", "this"),
        ("{prefix}/bin/python", "this"),
        ("@/other/bin/python", "other"),
        ("@/ml/../other/bin/python", "other"),
        ("@/gone/bin/python", "missing"),
        ("@/ml/bin/gone", "missing"),
        ("@/ml/bin/python/python", "missing"),
        ("@/loop/python", "unknown"),
        ("bin/python", "unknown"),
        ("conda", "unknown"),
        ("R", "unknown"),
        ("/usr/bin/env", "unknown"),
        ("@/ml/bin/start.sh", "unknown"),
        ("{resource_dir}/python", "this"),
    ],
)
def test_whose_python_an_own_kernel_starts(
    tmp_path: Path, world: Callable[..., FoundKernels], python: str, starts: str
) -> None:
    (tmp_path / "loop").symlink_to("loop")
    beside = OWN.replace("kernel.json", "python")
    found = world({OWN: spec(python), "ml/bin/start.sh": "", beside: ""})
    told = python.replace("@", tmp_path.as_posix()).replace("{prefix}", str(tmp_path / "ml"))
    told = told.replace("{resource_dir}", str((tmp_path / OWN).parent))
    assert found.faults == ()
    assert found.kernels == (
        Kernel("python3", "Python 3", (tmp_path / OWN).as_posix(), "environment", told, starts),  # type: ignore[arg-type]
    )


def test_the_python_of_a_virtual_environment_is_its_own_although_a_link(
    tmp_path: Path, world: Callable[..., FoundKernels]
) -> None:
    (tmp_path / "venv" / "bin").mkdir(parents=True)
    (tmp_path / "venv" / "bin" / "python").symlink_to("../../other/bin/python")
    files = {"venv/pyvenv.cfg": "", "venv/share/jupyter/kernels/python3/kernel.json": spec("@/venv/bin/python")}
    assert [kernel.starts for kernel in world(files, "venv", "venv").kernels] == ["this"]


def test_an_environment_that_is_reached_by_a_link_is_the_same(
    tmp_path: Path, world: Callable[..., FoundKernels]
) -> None:
    (tmp_path / "link").symlink_to("ml")
    files = {OWN: spec("@/link/bin/python"), "user/x/kernel.json": spec("@/ml/bin/python")}
    assert [kernel.starts for kernel in world(files, "link", "link").kernels] == ["this", "this"]


def test_an_environment_within_another_is_another(world: Callable[..., FoundKernels]) -> None:
    files = {OWN: spec("@/ml/envs/inner/bin/python"), "ml/envs/inner/conda-meta/history": ""}
    found = world(
        {**files, "ml/envs/inner/bin/python": "", "user/inner/kernel.json": spec("@/ml/envs/inner/bin/python")}
    )
    assert [(kernel.scope, kernel.starts) for kernel in found.kernels] == [("environment", "other")]


@pytest.mark.parametrize(
    ("kernel", "display", "python", "starts"),
    [
        ("ml", "Python 3", "@/other/bin/python", "other"),
        ("ml", "Python 3", "@/gone/bin/python", "missing"),
        ("ml", "Python 3", "python", "unknown"),
        ("x", "ml", "@/other/bin/python", "other"),
        ("x", "Python 3 (ML)", "@/other/bin/python", "other"),
        ("x", "Python 3.11 (ml) *", "@/other/bin/python", "other"),
        ("x", "Python [conda env:ml]", "@/other/bin/python", "other"),
        ("x", "Python [conda env:ml] *", "@/other/bin/python", "other"),
        ("conda-env-ml-py", "Python", "@/other/bin/python", "other"),
        ("x", "Python 3", "@/ml/bin/python", "this"),
        ("x", "Python 3", "@/ml/bin/gone", "missing"),
        ("\N{SNOWMAN}", "ml \N{SNOWMAN} (ml)", "@/other/bin/python", "other"),
    ],
)
def test_a_kernel_elsewhere_that_claims_the_environment_is_told(
    world: Callable[..., FoundKernels], kernel: str, display: str, python: str, starts: str
) -> None:
    found = world({f"user/{kernel}/kernel.json": spec(python, display)})
    assert [(item.name, item.display_name, item.scope, item.starts) for item in found.kernels] == [
        (kernel, display, "user", starts)
    ]


@pytest.mark.parametrize(
    ("kernel", "display"),
    [("python3", "Python 3"), ("environment", "my ml"), ("x", "Python 3 (ml2)"), ("conda-env-mlx-py", "Python")],
)
def test_a_kernel_elsewhere_that_claims_nothing_is_left_out(
    world: Callable[..., FoundKernels], kernel: str, display: str
) -> None:
    assert world({f"user/{kernel}/kernel.json": spec("@/other/bin/python", display)}) == FoundKernels((), ())


def test_a_name_that_many_environments_have_claims_none(world: Callable[..., FoundKernels]) -> None:
    files = {"user/.venv/kernel.json": spec("@/other/bin/python", "Python (.venv)")}
    assert world(files, ".venv") == FoundKernels((), ())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"argv": ["R", "--slave"], "language": "R"}', False),
        ('{"argv": ["R", "--slave"]}', False),
        ('{"argv": ["python", "-m", "bash_kernel"], "language": "bash"}', False),
        ('{"argv": ["python", "-m", "ipykernel"]}', True),
        ('{"argv": ["python"], "language": "Python", "display_name": 3}', True),
    ],
)
def test_kernels_of_other_languages_are_left_out(world: Callable[..., FoundKernels], text: str, told: bool) -> None:
    found = world({OWN: text})
    assert [kernel.display_name for kernel in found.kernels] == ([""] if told else [])
    assert found.faults == ()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "is no JSON"),
        ("[]", "holds no mapping"),
        ("{}", "has no command in `argv`"),
        ('{"argv": []}', "has no command in `argv`"),
        ('{"argv": "python"}', "has no command in `argv`"),
        ('{"argv": [3]}', "has no command in `argv`"),
        ('{"argv": ["\\u0000"]}', "has no command in `argv`"),
    ],
)
def test_a_broken_kernel_is_a_fault_where_it_is_the_environments(
    tmp_path: Path, world: Callable[..., FoundKernels], text: str, why: str
) -> None:
    found = world({OWN: text, "user/ml/kernel.json": text, "user/x/kernel.json": text})
    assert found.kernels == ()
    assert found.faults == (
        Fault("share/jupyter/kernels/python3/kernel.json", why),
        Fault((tmp_path / "user/ml/kernel.json").as_posix(), why),
    )


def test_folders_that_hold_no_kernel_or_cannot_be_listed(tmp_path: Path, world: Callable[..., FoundKernels]) -> None:
    (tmp_path / "system").symlink_to("system")
    kernels = tmp_path / "ml" / "share" / "jupyter" / "kernels"
    kernels.parent.mkdir(parents=True)
    kernels.symlink_to("kernels")
    found = world({"user/ml/logo.png": ""})
    assert found == FoundKernels((), (Fault("share/jupyter/kernels", "too many levels of symbolic links"),))


def test_a_folder_counts_once(tmp_path: Path, world: Callable[..., FoundKernels]) -> None:
    (tmp_path / "user").symlink_to("ml/share/jupyter/kernels")
    assert [kernel.scope for kernel in world({OWN: spec("python")}).kernels] == ["environment"]


def test_a_fifo_is_not_opened(tmp_path: Path, world: Callable[..., FoundKernels]) -> None:
    (tmp_path / OWN).parent.mkdir(parents=True)
    os.mkfifo(tmp_path / OWN)
    assert world({}).faults == (Fault("share/jupyter/kernels/python3/kernel.json", "is no regular file"),)


@pytest.mark.parametrize(
    ("system", "environ", "folders"),
    [
        (
            "linux",
            {"JUPYTER_PATH": os.pathsep.join(("/one", "", "/two"))},
            ["/one", "/two", "/home/me/.local/share/jupyter", "/usr/local/share/jupyter", "/usr/share/jupyter"],
        ),
        ("linux", {"XDG_DATA_HOME": "/data"}, ["/data/jupyter", "/usr/local/share/jupyter", "/usr/share/jupyter"]),
        ("linux", {"JUPYTER_DATA_DIR": "/data"}, ["/data", "/usr/local/share/jupyter", "/usr/share/jupyter"]),
        ("darwin", {}, ["/home/me/Library/Jupyter", "/usr/local/share/jupyter", "/usr/share/jupyter"]),
        ("win32", {"APPDATA": "/roaming", "PROGRAMDATA": "/all"}, ["/roaming/jupyter", "/all/jupyter"]),
        ("win32", {}, ["/home/me/AppData/Roaming/jupyter", "C:/ProgramData/jupyter"]),
    ],
)
def test_where_jupyter_looks(system: str, environ: dict[str, str], folders: list[str]) -> None:
    found = kernel_folders(environ, Path("/home/me"), system)
    assert [folder.path.as_posix() for folder in found] == [f"{folder}/kernels" for folder in folders]
    assert [folder.scope for folder in found][-1] == "system"
    assert found[0].scope == "user"
