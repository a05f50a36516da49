"""Which lock belongs to which environment, and what is told where one is absent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from reprocheck.errors import InputError, UsageError
from reprocheck.model.settings import Settings
from reprocheck.rules.engine import Selection
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.workflows.check import CheckRequest, find_subjects, run_check
from reprocheck.workflows.gathering import Subject, gather, sources_of

ENVIRONMENT = "dependencies:\n  - python=3.11\n"
LOCK = """\
version: 1
metadata:
  content_hash:
    linux-64: abc
  channels:
  - url: conda-forge
    used_env_vars: []
  platforms:
  - linux-64
  sources:
  - environment.yml
package:
- name: python
  version: 3.11.9
  manager: conda
  platform: linux-64
  dependencies: {}
  url: https://conda.invalid/conda-forge/linux-64/python-3.11.9-h1_0_cpython.conda
  hash:
    md5: 0123456789abcdef0123456789abcdef
    sha256: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
  category: main
  optional: false
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "environment.yml").write_text(ENVIRONMENT)
    (tmp_path / "conda-lock.yml").write_text(LOCK)
    return tmp_path


def facts_of(environment: Path | None, lock: Path, *, named: bool = False) -> Facts:
    subject = Subject(environment=environment, lock=lock, lock_is_named=named)
    return gather(subject, Unseen(reason="no machine"), ())


def test_an_environment_with_its_lock_is_gathered(project: Path) -> None:
    facts = facts_of(project / "environment.yml", project / "conda-lock.yml")
    assert not isinstance(facts.environment, Unseen)
    assert not isinstance(facts.lock, Unseen)
    assert not isinstance(facts.freshness, Unseen)
    assert facts.freshness.fresh
    assert list(sources_of(facts)) == [(project / "environment.yml").as_posix()]


def test_a_missing_lock_is_a_fact_and_no_error(project: Path) -> None:
    (project / "conda-lock.yml").unlink()
    facts = facts_of(project / "environment.yml", project / "conda-lock.yml")
    assert isinstance(facts.lock, Unseen)
    assert facts.lock.absent
    assert facts.freshness == facts.lock


def test_a_lock_alone_can_be_looked_at(project: Path) -> None:
    (project / "environment.yml").unlink()
    facts = facts_of(None, project / "conda-lock.yml")
    assert isinstance(facts.environment, Unseen)
    assert facts.freshness == facts.environment
    assert sources_of(facts) == {}


def test_the_lock_beside_a_dev_environment_is_not_its_lock(project: Path) -> None:
    dev = project / "environment-dev.yml"
    dev.write_text("dependencies:\n  - pytest\n")
    facts = facts_of(dev, project / "conda-lock.yml")
    assert isinstance(facts.lock, Unseen)
    assert not facts.lock.absent
    assert "was made from `environment.yml`" in facts.lock.reason


def test_a_lock_that_the_user_named_belongs_to_the_environment(project: Path) -> None:
    dev = project / "environment-dev.yml"
    dev.write_text("dependencies:\n  - pytest\n")
    assert not isinstance(facts_of(dev, project / "conda-lock.yml", named=True).lock, Unseen)


def test_an_unusual_name_that_is_a_source_has_its_lock(project: Path) -> None:
    (project / "env.yml").write_text(ENVIRONMENT)
    (project / "conda-lock.yml").write_text(LOCK.replace("- environment.yml", "- env.yml"))
    assert not isinstance(facts_of(project / "env.yml", project / "conda-lock.yml").lock, Unseen)


def test_a_lock_named_among_the_files_brings_its_environment(project: Path) -> None:
    request = CheckRequest(folder=project, files=(project / "conda-lock.yml", project / "environment.yml"))
    assert find_subjects(request) == [
        Subject(environment=project / "environment.yml", lock=project / "conda-lock.yml"),
    ]


def test_a_folder_with_a_lock_only_is_checked(project: Path) -> None:
    (project / "environment.yml").unlink()
    assert find_subjects(CheckRequest(folder=project)) == [Subject(environment=None, lock=project / "conda-lock.yml")]


def test_an_empty_folder_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no environment file here"):
        find_subjects(CheckRequest(folder=tmp_path))


def test_a_fresh_project_has_no_findings(project: Path) -> None:
    outcome = run_check(CheckRequest(folder=project))
    assert outcome.audit.findings == ()
    # What looks at a machine or at an installed environment is skipped, and at what nobody told.
    assert {skip.code[:3] for skip in outcome.audit.skipped} == {"RC4", "RC5", "RC6"}


def told(project: Path, settings: Settings) -> list[str]:
    return [finding.message for finding in run_check(CheckRequest(folder=project, settings=settings)).audit.findings]


def test_a_lock_for_another_cuda_than_the_configurations_is_stale(project: Path) -> None:
    custom = "  custom_metadata:\n    reprocheck.cuda: '11.8'\n    reprocheck.input-digest: of-another-day\n"
    (project / "conda-lock.yml").write_text(LOCK.replace("package:\n", f"{custom}package:\n"))
    changed = ["the sources changed after the lock was written; it meets all that can be judged without solving"]
    assert told(project, Settings()) == told(project, Settings(cuda="11.8")) == changed
    assert told(project, Settings(cuda="12.4")) == [
        "the lock is stale: the configuration says CUDA `12.4`, the lock was made for `11.8`"
    ]
    with pytest.raises(UsageError, match="CUDA decision `new` is neither a version nor `none`"):
        told(project, Settings(cuda="new"))


def test_a_lock_without_a_platform_of_the_configuration_is_stale(project: Path) -> None:
    assert told(project, Settings(platforms=("linux-64",))) == []
    assert told(project, Settings(platforms=("linux-64", "win-64"))) == [
        "the lock is stale: it holds nothing for win-64"
    ]


PIXI = """\
version: 6
environments:
  default:
    channels:
    - url: https://conda.invalid/lab/
    packages:
      linux-64:
      - conda: https://conda.invalid/lab/linux-64/scipy-1.15.2-0.conda
packages:
- conda: https://conda.invalid/lab/linux-64/scipy-1.15.2-0.conda
  sha256: 3f4365e11b28e244c95ba8579942b0802761ba7bb31c026f50d1a9ea9c728149
  depends:
  - numpy >=2
"""


def test_a_pixi_lock_is_looked_at_by_itself(tmp_path: Path) -> None:
    (tmp_path / "pixi.lock").write_text(PIXI)
    outcome = run_check(CheckRequest(folder=tmp_path, files=(tmp_path / "pixi.lock",)))
    assert [finding.message for finding in outcome.audit.findings] == [
        "`scipy 1.15.2` needs `numpy >=2`, and the lock does not hold it on linux-64"
    ]


def test_another_environment_of_a_pixi_lock_can_be_looked_at(tmp_path: Path) -> None:
    (tmp_path / "pixi.lock").write_text(PIXI.replace("  default:", "  gpu:"))
    request = CheckRequest(folder=tmp_path, files=(tmp_path / "pixi.lock",))
    with pytest.raises(InputError, match="the lock has no environment `default`"):
        run_check(request)
    assert len(run_check(replace(request, pixi_environment="gpu")).audit.findings) == 1


def test_channels_of_the_configuration_are_those_that_count(project: Path) -> None:
    (project / "environment.yml").write_text("channels: [bioconda]\n" + ENVIRONMENT)
    assert told(project, Settings()) == ["the lock was solved from the channels `conda-forge`, declared are `bioconda`"]
    assert told(project, Settings(channels=("conda-forge",))) == []


def test_a_lock_is_judged_by_all_its_sources(project: Path) -> None:
    (project / "more.yml").write_text("dependencies: [numpy]\n")
    (project / "conda-lock.yml").write_text(LOCK.replace("- environment.yml\n", "- environment.yml\n  - more.yml\n"))
    assert told(project, Settings()) == ["the lock is stale: `numpy` is not locked on linux-64"]


def test_the_rules_see_the_requirements_files_that_an_environment_names(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("idna\n-e git+https://someone:secret@code.invalid/tool.git\n")
    (tmp_path / "environment.yml").write_text("dependencies: [pip, {pip: [-r requirements.txt, -r gone.txt]}]\n")
    outcome = run_check(CheckRequest(folder=tmp_path, selection=Selection(select=("RC106",))))
    requirements, environment = tmp_path / "requirements.txt", tmp_path / "environment.yml"
    assert [(str(item.location), item.message) for item in outcome.audit.findings] == [
        (f"{environment}:1:49", "the file of `-r gone.txt` cannot be read"),
        (
            f"{requirements}:2:1",
            "`-e git+https://code.invalid/tool.git` is whatever the default branch holds on the day of installation",
        ),
    ]
    assert outcome.sources[requirements.as_posix()] == (
        "idna",
        "-e git+https://<credentials>@code.invalid/tool.git",
        "",
    )
