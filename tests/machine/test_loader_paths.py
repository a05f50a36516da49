"""Only names of known libraries are told of the folders of a search path; never a path, never a value."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from reprocheck.machine.loader_paths import driver_libraries, shadowing_libraries


def filled(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).touch()
    return folder


def test_libraries_that_an_environment_brings_are_told_by_name(tmp_path: Path) -> None:
    first = filled(tmp_path / "a", "libcudnn.so.8", "libcudnn_ops_infer.so.8.9.2", "libcublasLt.so.12", "notes.txt")
    second = filled(tmp_path / "b", "libstdc++.so.6", "libnccl.so.2", "libm.so.6")
    variables = {"LD_LIBRARY_PATH": f"{first}:{second}"}
    assert shadowing_libraries(variables) == (
        ("LD_LIBRARY_PATH", "libcublasLt.so.12"),
        ("LD_LIBRARY_PATH", "libcudnn.so.8"),
        ("LD_LIBRARY_PATH", "libcudnn_ops_infer.so.8.9.2"),
        ("LD_LIBRARY_PATH", "libnccl.so.2"),
        ("LD_LIBRARY_PATH", "libstdc++.so.6"),
    )


def test_other_variables_and_folders_without_such_libraries_tell_nothing(tmp_path: Path) -> None:
    folder = filled(tmp_path / "a", "libcudnn.so.8")
    other = filled(tmp_path / "b", "libfoo.so.1", "libcudartish.so.12", "libcudart.txt")
    assert shadowing_libraries({"PATH": str(folder), "LD_LIBRARY_PATH": f"{other}:"}) == ()


def test_a_folder_that_is_not_there_is_passed_over(tmp_path: Path) -> None:
    folder = filled(tmp_path / "a", "libnvJitLink.so.12")
    variables = {"LD_LIBRARY_PATH": f"{tmp_path / 'gone'}:{folder}"}
    assert shadowing_libraries(variables) == (("LD_LIBRARY_PATH", "libnvJitLink.so.12"),)


def test_macos_has_a_variable_of_its_own(tmp_path: Path) -> None:
    folder = filled(tmp_path / "a", "libstdc++.dylib")
    assert shadowing_libraries({"DYLD_LIBRARY_PATH": str(folder)}) == (("DYLD_LIBRARY_PATH", "libstdc++.dylib"),)


def test_releases_of_the_driver_are_read_off_file_names(tmp_path: Path) -> None:
    filled(tmp_path / "usr/lib/x86_64-linux-gnu", "libcuda.so", "libcuda.so.1", "libcuda.so.535.183.01")
    filled(tmp_path / "usr/lib64", "libnvidia-ml.so.535.183.01", "libnvidia-ml.so.1")
    assert driver_libraries(tmp_path) == (("libcuda", "535.183.01"), ("libnvidia-ml", "535.183.01"))


def test_a_library_of_two_releases_tells_nothing(tmp_path: Path) -> None:
    filled(tmp_path / "usr/lib64", "libcuda.so.535.183.01", "libcuda.so.550.54.14", "libnvidia-ml.so.550.54.14")
    assert driver_libraries(tmp_path) == (("libnvidia-ml", "550.54.14"),)


def test_a_machine_without_a_driver_tells_nothing(tmp_path: Path) -> None:
    assert driver_libraries(tmp_path) == ()


def test_a_folder_that_never_answers_costs_those_behind_it_only(tmp_path: Path) -> None:
    folder = filled(tmp_path / "a", "libnccl.so.2")
    child = tmp_path / "child.py"
    child.write_text(
        "import time\nprint('[0, [\"libnccl.so.2\"]]', flush=True)\nprint('[1, [\"libcu', flush=True)\ntime.sleep(60)\n"
    )
    started = time.monotonic()
    variables = {"LD_LIBRARY_PATH": f"{folder}:{tmp_path / 'b'}"}
    found = shadowing_libraries(variables, (sys.executable, "-I", str(child)), deadline_s=1.0)
    assert found == (("LD_LIBRARY_PATH", "libnccl.so.2"),)
    assert time.monotonic() - started < 30


@pytest.mark.parametrize("said", ["", "garbage", "[7, []]", "{}", "[0, 5]", "[[], []]", "null", "[0, [1, null]]"])
def test_whatever_the_child_says_is_no_crash(tmp_path: Path, said: str) -> None:
    child = tmp_path / "child.py"
    child.write_text(f"print({said!r})")
    assert shadowing_libraries({"LD_LIBRARY_PATH": "/x"}, (sys.executable, "-I", str(child))) == ()


def test_a_name_that_is_no_text_is_passed_over(tmp_path: Path) -> None:
    folder = filled(tmp_path / "a", "libnccl.so.2")
    (folder / "lib\udcff.so").touch()
    assert shadowing_libraries({"LD_LIBRARY_PATH": str(folder)}) == (("LD_LIBRARY_PATH", "libnccl.so.2"),)
