"""The README says what is true: its blocks run, its tables are generated, its output is the tool's."""

from __future__ import annotations

import importlib.util
import tomllib
from pathlib import Path
from types import ModuleType

from reprocheck import __version__
from reprocheck.readers.configuration import read_settings

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "tests" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_console_blocks_and_tables_are_what_the_tool_prints_now() -> None:
    assert script("update_readme").updated(README) == README


def test_ci_runs_the_second_block_of_the_readme() -> None:
    assert "readme_block.py test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "pytest" in script("readme_block").block("test")


def test_the_first_block_installs_and_runs_the_demo() -> None:
    assert script("readme_block").block("run").splitlines() == [
        'python -m pip install ".[torch]" -c constraints.txt',
        "reprocheck demo",
    ]


def test_the_configuration_example_is_accepted(tmp_path: Path) -> None:
    toml = README.split("```toml\n")[1].split("```")[0]
    (tmp_path / "pyproject.toml").write_text(toml, encoding="utf-8")
    assert read_settings(tmp_path, {}).cuda == "12.4"


def test_the_hook_example_names_a_hook_that_we_ship() -> None:
    assert "- id: reprocheck\n" in (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    assert f"rev: v{__version__}" in README


def test_torch_is_pinned_for_the_demo_and_open_for_users() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["optional-dependencies"]["torch"] == ["torch>=2.0"]
    assert not any("torch" in requirement for requirement in project["dependencies"])
    assert "torch==" in (ROOT / "constraints.txt").read_text(encoding="utf-8")
