"""The README's snippets for pre-commit, GitHub and GitLab: valid YAML, and every command in them is one of ours."""

from __future__ import annotations

import importlib
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from reprocheck import __version__

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```yaml\n# (?P<name>\.\S+)\n(?P<text>.*?)```", re.DOTALL)
NAMES = (
    ".pre-commit-config.yaml",
    ".github/workflows/reprocheck.yml",
    ".gitlab-ci.yml",
    ".github/workflows/reprocheck-nightly.yml",
    ".github/workflows/reprocheck-verify.yml",
    ".gitlab/reprocheck-verify.yml",
)
CHECKING, VERIFYING = NAMES[1:4], NAMES[4:]


def snippets() -> Mapping[str, Any]:
    """Return the parsed blocks of the README by the file that they are for."""
    return {found["name"]: yaml.safe_load(found["text"]) for found in BLOCK.finditer(README)}


def commands(snippet: Mapping[str, Any]) -> Iterator[list[str]]:
    """Yield the command lines of a GitHub workflow or a GitLab pipeline."""
    jobs = snippet.get("jobs", snippet)
    for job in jobs.values():
        steps = [step["run"] for step in job.get("steps", []) if "run" in step]
        for text in (*steps, *job.get("script", [])):
            yield from (shlex.split(line.split("||")[0]) for line in text.splitlines())


def steps(snippet: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    [job] = snippet["jobs"].values()
    found: list[Mapping[str, Any]] = job["steps"]
    return found


def test_the_readme_has_a_snippet_for_each_place() -> None:
    assert tuple(snippets()) == NAMES


def test_the_hooks_are_those_that_we_have() -> None:
    config = snippets()[".pre-commit-config.yaml"]
    [repository] = config["repos"]
    offered = [hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))]
    assert [hook["id"] for hook in repository["hooks"]] == offered
    assert repository["rev"] == f"v{__version__}"
    assert config["default_install_hook_types"] == ["pre-commit", "pre-push"]


def test_pre_commit_accepts_its_snippet(tmp_path: Path) -> None:
    clientlib = pytest.importorskip("pre_commit.clientlib", reason="pre-commit is not installed")
    config = tmp_path / ".pre-commit-config.yaml"
    config.write_text(yaml.safe_dump(snippets()[".pre-commit-config.yaml"]), encoding="utf-8")
    clientlib.load_config(str(config))
    clientlib.load_manifest(str(ROOT / ".pre-commit-hooks.yaml"))


@pytest.mark.parametrize("name", NAMES[1:])
def test_every_command_of_ours_exists_with_its_options(name: str) -> None:
    own = [words for words in commands(snippets()[name]) if words[:1] == ["reprocheck"]]
    assert own
    for _, command, *arguments in own:
        parser: click.Command = importlib.import_module(f"reprocheck.cli.{command}").command
        parser.make_context(command, arguments)  # parses, and runs nothing


@pytest.mark.parametrize("name", NAMES[1:])
def test_every_snippet_installs_this_release(name: str) -> None:
    installed = [words[-1] for words in commands(snippets()[name]) if words[1:4] == ["-m", "pip", "install"]]
    assert installed == [f"reprocheck @ git+https://github.com/reprocheck/reprocheck@v{__version__}"]


def test_what_is_uploaded_was_written_before() -> None:
    github, gitlab = snippets()[NAMES[1]], snippets()[NAMES[2]]["reprocheck"]
    [upload] = [step for step in steps(github) if step.get("uses", "").startswith("github/codeql-action/upload-sarif")]
    written = [words[words.index("-o") + 1] for words in commands(github) if "-o" in words]
    assert written == [upload["with"]["sarif_file"]]
    written = [words[words.index("-o") + 1] for words in commands({"job": gitlab}) if "-o" in words]
    assert written == list(gitlab["artifacts"]["reports"].values())


def test_the_last_check_of_every_job_decides() -> None:
    for name in CHECKING:
        assert list(commands(snippets()[name]))[-1] == ["reprocheck", "check"]


def test_the_verdict_of_a_verifying_job_decides_in_the_environment_that_it_made() -> None:
    for name in VERIFYING:
        *_, create, verify = commands(snippets()[name])
        assert create == ["reprocheck", "create", "-p", "env"]
        assert verify[:2] == ["reprocheck", "verify"]
        assert verify[verify.index("--python") + 1] == "env/bin/python"


def test_what_gitlab_shows_of_a_verdict_was_written_before() -> None:
    job = snippets()[VERIFYING[1]]["reprocheck verify"]
    *_, verify = commands(snippets()[VERIFYING[1]])
    assert job["artifacts"]["reports"] == {"junit": verify[verify.index("-o") + 1]}


def test_a_workflow_is_no_environment_file() -> None:
    [files] = [
        hook["files"]
        for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
        if hook["id"] == "reprocheck"
    ]
    assert [name for name in NAMES if re.search(files, name)] == []
