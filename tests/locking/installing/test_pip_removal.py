"""Distributions that real tools installed are taken out of real environments, and nothing else is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from reprocheck.errors import UndecidedError
from reprocheck.locking.installing.pip_removal import remove_distributions
from reprocheck.locking.pip_part.uv_program import find_uv
from reprocheck.model.prefixes import Distribution, OwnedFile, Prefix
from reprocheck.readers.prefixes.installed import read_prefix

Wheel = Callable[..., Path]


@pytest.fixture
def wheel(archives: ModuleType, tmp_path: Path) -> Wheel:
    """Write a wheel of some files by path."""

    def make(name: str, **files: str) -> Path:
        path: Path = archives.write_wheel(
            tmp_path / "wheels", name, "1.0", {place: text.encode() for place, text in files.items()}
        )
        return path

    return make


def add(root: Path, *words: str | Path) -> None:
    """Install with uv, as a user would."""
    command = [find_uv(), "pip", "install", "--quiet", "--offline", "--no-config", "--no-deps", "--link-mode", "copy"]
    subprocess.run([*command, "--python", str(root / "bin" / "python"), *map(str, words)], check=True)


def python(root: Path, text: str) -> None:
    """Run the environment's own Python, which writes byte code."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    subprocess.run([root / "bin" / "python", "-c", text], check=True, env=environ)


def read(root: Path) -> Prefix:
    return read_prefix(root, str(root), "linux-64")


def remove(root: Path, *names: str) -> None:
    prefix = read(root)
    remove_distributions(root, prefix, [item for item in prefix.distributions if item.name in names])


def listing(root: Path) -> list[str]:
    """Return every path below a folder, but for uv's lock on the environment."""
    return sorted(path for path in _paths(root) if path != ".lock")


def _paths(root: Path) -> Iterator[str]:
    for folder, folders, names in os.walk(root):
        for name in (*folders, *names):
            yield Path(folder, name).relative_to(root).as_posix()


def test_all_that_was_installed_goes_with_its_byte_code_and_its_folders(venv: Path, site: Path, wheel: Wheel) -> None:
    before = listing(venv)
    info = "tool-1.0.dist-info/entry_points.txt"
    add(
        venv,
        wheel("tool", **{"tool/__init__.py": "", "tool/deep/er.py": "", info: "[console_scripts]\nrun = tool:x\n"}),
    )
    python(venv, "import tool.deep.er")
    assert (site / "tool" / "deep" / "__pycache__").is_dir()
    remove(venv, "tool")
    assert listing(venv) == before


def test_one_of_two_goes_and_what_the_other_lists_too_stays(venv: Path, site: Path, wheel: Wheel) -> None:
    add(venv, wheel("one", **{"common/__init__.py": "", "common/one.py": "", "common/both.py": "1"}))
    add(venv, wheel("two", **{"common/__init__.py": "", "common/two.py": "", "common/both.py": "2"}))
    python(venv, "import common.one, common.both")
    remove(venv, "one")
    kept = [name for name in listing(site / "common") if "__pycache__" not in name]
    assert kept == ["__init__.py", "both.py", "two.py"]
    assert not list((site / "common").rglob("one.*"))
    assert [item.name for item in read(venv).distributions] == ["two"]


def test_what_nobody_lists_stays(venv: Path, site: Path, wheel: Wheel) -> None:
    add(venv, wheel("tool", **{"tool/__init__.py": ""}))
    (site / "tool" / "notes.txt").write_text("mine")
    remove(venv, "tool")
    assert listing(site / "tool") == ["notes.txt"]


def test_what_lay_over_a_conda_package_goes_and_leaves_a_gap_there(
    conda_prefix: Path, archives: ModuleType, tmp_path: Path
) -> None:
    add(conda_prefix, archives.write_wheel(tmp_path, "cover", "1.0", {"shared/__init__.py": b"VALUE = 'pip'\n"}))
    folder = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
    remove(conda_prefix, "cover")
    assert not (conda_prefix / folder / "shared").exists()
    assert [item.name for item in read(conda_prefix).distributions] == ["shared"]


def test_a_project_that_pip_replaced_in_the_same_version_goes_with_condas_metadata(
    conda_prefix: Path, archives: ModuleType, tmp_path: Path
) -> None:
    wheel = archives.write_wheel(tmp_path, "shared", "1.0", {"shared/__init__.py": b"VALUE = 'pip'\n"})
    add(conda_prefix, "--reinstall", wheel)
    folder = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
    assert read(conda_prefix).installed_by_pip[0].name == "shared"
    remove(conda_prefix, "shared")
    assert not (conda_prefix / folder / "shared").exists()
    assert read(conda_prefix).distributions == ()


@pytest.mark.parametrize(
    "path", ["../outside.txt", "bin/../../outside.txt", "/outside.txt", "out/outside.txt", "conda-meta/x.json", ""]
)
def test_nothing_outside_and_no_record_of_conda_is_touched_whatever_is_listed(
    venv: Path, site: Path, wheel: Wheel, tmp_path: Path, path: str
) -> None:
    add(venv, wheel("tool", **{"tool.py": ""}))
    outside = [tmp_path / "outside.txt", venv / "conda-meta" / "x.json"]
    (venv / "conda-meta").mkdir()
    (venv / "out").symlink_to(tmp_path)
    for file in outside:
        file.write_text("here")
    prefix = read_prefix(venv, str(venv), "linux-64")
    item = next(item for item in prefix.distributions if item.name == "tool")
    listed = path if path != "/outside.txt" else str(tmp_path / "outside.txt")
    remove_distributions(venv, prefix, [replace(item, files=(*item.files, OwnedFile(listed)))])
    assert [file.read_text() for file in outside] == ["here", "here"]
    assert not (site / "tool.py").exists()


def test_a_link_goes_and_not_what_it_leads_to(venv: Path, site: Path, wheel: Wheel, tmp_path: Path) -> None:
    add(venv, wheel("tool", **{"tool/__init__.py": "", "tool/data.txt": ""}))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "data.txt").write_text("mine")
    (site / "tool" / "data.txt").unlink()
    (site / "tool" / "data.txt").symlink_to(tmp_path / "data" / "data.txt")
    remove(venv, "tool")
    assert (tmp_path / "data" / "data.txt").read_text() == "mine"
    assert not (site / "tool").exists()


def test_a_package_folder_that_became_a_link_out_of_the_prefix_is_not_followed(
    venv: Path, site: Path, wheel: Wheel, tmp_path: Path
) -> None:
    add(venv, wheel("tool", **{"tool/__init__.py": ""}))
    (site / "tool").rename(tmp_path / "moved")
    (site / "tool").symlink_to(tmp_path / "moved")
    remove(venv, "tool")
    assert listing(tmp_path / "moved") == ["__init__.py"]
    assert not (site / "tool-1.0.dist-info").exists()


def test_packages_that_lie_outside_through_a_link_are_left_alone(venv: Path, wheel: Wheel, tmp_path: Path) -> None:
    add(venv, wheel("tool", **{"tool/__init__.py": "", "tool-1.0.dist-info/top_level.txt": "tool\n"}))
    (venv / "lib").rename(tmp_path / "lib")
    (venv / "lib").symlink_to(tmp_path / "lib")
    before = listing(tmp_path / "lib")
    remove(venv, "tool")
    assert listing(tmp_path / "lib") == before


@pytest.mark.parametrize("folder", [".", "sub"])
def test_an_editable_installation_goes_and_its_sources_stay(
    venv: Path, site: Path, tmp_path: Path, folder: str
) -> None:
    before = listing(venv)
    project = tmp_path / "project" / folder
    project.mkdir(parents=True)
    (project / "mine.py").write_text("VALUE = 1\n")
    hook = "__editable__.mine-1.0.pth"
    (site / hook).write_text(f"{project}\n")
    info = site / "mine-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    (info / "INSTALLER").write_text("pip\n")
    (info / "direct_url.json").write_text(json.dumps({"url": project.as_uri(), "dir_info": {"editable": True}}))
    rows = [hook] if folder == "." else []
    (info / "RECORD").write_text("".join(f"{row},,\n" for row in [*rows, "mine-1.0.dist-info/RECORD"]))
    remove(venv, "mine")
    assert listing(venv) == before
    assert (project / "mine.py").is_file()


def test_a_development_link_goes_with_its_line(venv: Path, site: Path, tmp_path: Path) -> None:
    for name in ("mine", "other"):
        (tmp_path / name).mkdir()
        (site / f"{name}.egg-link").write_text(f"{tmp_path / name}\n.\n")
    (site / "easy-install.pth").write_text(f"{tmp_path / 'mine'}\n{tmp_path / 'other'}\n")
    remove(venv, "mine")
    assert (site / "easy-install.pth").read_text() == f"{tmp_path / 'other'}\n"
    assert not (site / "mine.egg-link").exists()
    remove(venv, "other")
    assert not (site / "easy-install.pth").exists()
    assert (tmp_path / "other").is_dir()


def test_a_line_without_a_link_goes_by_itself(venv: Path, site: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (site / "easy-install.pth").write_text(f"import sys\n{tmp_path / 'mine'}\n")
    remove(venv, "mine")
    assert (site / "easy-install.pth").read_text() == "import sys\n"


def test_links_in_the_places_of_byte_code_and_of_a_file_on_its_way_are_not_followed(
    venv: Path, site: Path, wheel: Wheel, tmp_path: Path
) -> None:
    add(venv, wheel("tool", **{"tool/__init__.py": ""}))
    mine = tmp_path / "mine"
    mine.mkdir()
    for name in ("__init__.cpython-311.pyc", "notes"):
        (mine / name).write_text("mine")
    (site / "tool" / "__pycache__").symlink_to(mine)
    (site / "easy-install.pth").write_text(f"import sys\n{tmp_path}\n")
    (site / "~easy-install.pth").symlink_to(mine / "notes")
    (site / "tool.egg-link").write_text(f"{tmp_path}\n.\n")
    remove(venv, "tool")
    assert (site / "easy-install.pth").read_text() == "import sys\n"
    assert {path.name: path.read_text() for path in mine.iterdir()} == dict.fromkeys(os.listdir(mine), "mine")
    assert len(os.listdir(mine)) == 2


def test_an_egg_goes_whole(venv: Path, site: Path) -> None:
    before = listing(venv)
    egg = site / "old-1.0-py3.11.egg"
    (egg / "EGG-INFO").mkdir(parents=True)
    (egg / "EGG-INFO" / "PKG-INFO").write_text("Metadata-Version: 1.2\nName: old\nVersion: 1.0\n")
    (egg / "old.py").write_text("")
    (site / "easy-install.pth").write_text(f"./{egg.name}\n")
    remove(venv, "old")
    assert listing(venv) == before


def test_an_egg_info_that_is_a_file_goes(venv: Path, site: Path) -> None:
    (site / "old-1.0.egg-info").write_text("Metadata-Version: 1.2\nName: old\nVersion: 1.0\n")
    remove(venv, "old")
    assert read(venv).distributions == ()


def test_without_a_record_the_modules_that_it_names_go_where_nobody_else_has_any(
    venv: Path, site: Path, wheel: Wheel
) -> None:
    names = "alone\nshared\n../evil\nsingle\n"
    top = {"tool-1.0.dist-info/top_level.txt": names, "alone/__init__.py": "", "alone/data/x.bin": ""}
    add(venv, wheel("tool", **top, **{"shared/tool.py": "", "single.py": "", "unnamed.py": ""}))
    add(venv, wheel("other", **{"shared/other.py": ""}))
    (site.parent / "evil.py").write_text("")
    (site / "tool-1.0.dist-info" / "RECORD").unlink()
    remove(venv, "tool")
    assert not (site / "alone").exists()
    assert not (site / "single.py").exists()
    assert listing(site / "shared") == ["other.py", "tool.py"]
    assert (site / "unnamed.py").is_file()
    assert (site.parent / "evil.py").is_file()
    assert [item.name for item in read(venv).distributions] == ["other"]


def test_without_a_record_and_without_names_the_metadata_goes(venv: Path, site: Path, wheel: Wheel) -> None:
    add(venv, wheel("tool", **{"tool.py": ""}))
    (site / "tool-1.0.dist-info" / "RECORD").unlink()
    remove(venv, "tool")
    assert not (site / "tool-1.0.dist-info").exists()
    assert (site / "tool.py").is_file()


def test_what_interrupted_tools_left_goes_also_where_nothing_else_does(venv: Path, site: Path, wheel: Wheel) -> None:
    add(venv, wheel("tool", **{"tool.py": ""}))
    before = listing(venv)
    (site / "~umpy" / "core").mkdir(parents=True)
    (site / "~umpy-1.0.dist-info").mkdir()
    (site / "~umpy-1.0.dist-info" / "METADATA").write_text("x")
    (site / "half-1.0.dist-info").mkdir()
    (site / "half-1.0.dist-info" / "RECORD").write_text("x")
    (site / "~link").symlink_to(site / "tool.py")
    remove(venv)
    assert listing(venv) == before


def test_a_removal_that_was_interrupted_is_completed_by_the_next(venv: Path, site: Path, wheel: Wheel) -> None:
    before = listing(venv)
    add(venv, wheel("tool", **{"tool/__init__.py": "", "tool/more.py": ""}))
    (site / "tool" / "__init__.py").unlink()
    for folder in (site, site / "tool"):
        (folder / ".tmpa1B2c3").touch()  # as uv names what it has not written to its end
    remove(venv, "tool")
    assert listing(venv) == before


def test_removing_all_of_two_leaves_the_folder_for_packages(venv: Path, site: Path, wheel: Wheel) -> None:
    add(venv, wheel("one", **{"one.py": ""}), wheel("two", **{"two.py": ""}))
    for path in site.iterdir():
        if path.name.startswith("_virtualenv"):
            path.unlink()
    remove(venv, "one", "two")
    assert site.is_dir()


def test_a_folder_in_the_place_of_a_file_stays(venv: Path, site: Path, wheel: Wheel) -> None:
    add(venv, wheel("tool", **{"tool/__init__.py": "", "tool/x": ""}))
    (site / "tool" / "x").unlink()
    (site / "tool" / "x").mkdir()
    (site / "tool" / "x" / "mine").write_text("")
    remove(venv, "tool")
    assert listing(site / "tool") == ["x", "x/mine"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may remove anything")
def test_what_may_not_be_removed_is_told(venv: Path, site: Path, wheel: Wheel) -> None:
    add(venv, wheel("tool", **{"tool/__init__.py": ""}))
    (site / "tool").chmod(0o500)
    with pytest.raises(UndecidedError, match="the prefix cannot be written to"):
        remove(venv, "tool")


def test_a_folder_that_cannot_be_moved_is_told(venv: Path, site: Path, wheel: Wheel) -> None:
    add(venv, wheel("tool", **{"tool.py": ""}))
    prefix = read(venv)
    item = next(item for item in prefix.distributions if item.name == "tool")
    long = f"{site.relative_to(venv)}/{'x' * 255}"
    (venv / long).mkdir()
    doomed: Distribution = replace(item, record=long)
    with pytest.raises(UndecidedError) as caught:
        remove_distributions(venv, prefix, [doomed])
    assert caught.value.lines() == [
        "error: the prefix cannot be written to",
        f"  where: {site / ('~' + 'x' * 255)}",
        "  why:   file name too long",
        "  how:   make room, or make the folder writable, and run again: `create` goes on from there",
    ]
