"""Properties of the rules on any environment file that hypothesis can think of.

STYLE: "order of input never matters; adding a pin never adds an RC1xx".
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from hypothesis import given
from hypothesis import strategies as st

from reprocheck.facts.name_map import load_name_map
from reprocheck.model.findings import Finding
from reprocheck.readers.environment_yml import parse_environment
from reprocheck.rules.engine import Selection, run_rules
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.registry import RULES

PROJECT = Path(__file__).resolve().parents[2] / "fixtures" / "rules" / "rc414" / "fires" / "two_toolkits_in_the_lock"


class Outcome(Protocol):
    out: str


CONDA = [
    "python",
    "numpy",
    "pytorch",
    "py-opencv",
    "cudatoolkit",
    "cuda-version",
    "pytorch-cuda",
    "cpuonly",
    "MKL",
    "mkl",
]
PIP = ["torch", "numpy", "opencv-python", "opencv_python", "xgboost", "einops"]
BOUNDS = ["", "=1.26", "==11.8", ">=2.0", ">=2,<3", "=12.4.1", " >=1 <2"]
COMMENTS = ["", "  # [linux]", "  # [win]", "  # plain", "  # [a note]"]

conda_lines = st.lists(
    st.builds("{}{}{}".format, st.sampled_from(CONDA), st.sampled_from(BOUNDS), st.sampled_from(COMMENTS)), max_size=6
)
pip_lines = st.lists(
    st.builds("{}{}".format, st.sampled_from(PIP), st.sampled_from(["", "==1.26.4", ">=2.0", "==2.0.1+cu118"])),
    max_size=4,
)


def findings(conda: list[str], pip: list[str]) -> tuple[Finding, ...]:
    unseen = Unseen(reason="not asked for")
    section = ["- pip:", *(f"  - {line}" for line in pip)] if pip else []
    text = "\n".join(["dependencies:", *(f"- {line}" for line in conda), *section, "- pip"])
    facts = Facts(
        environment=parse_environment(text.encode(), "environment.yml"),
        lock=unseen,
        lock_path="conda-lock.yml",
        freshness=unseen,
        machine=unseen,
        names=load_name_map(),
    )
    return run_rules(facts, RULES, Selection()).findings


def told(found: tuple[Finding, ...]) -> set[tuple[str, frozenset[tuple[str, str]]]]:
    return {(one.code, frozenset((package.manager, package.name) for package in one.packages)) for one in found}


@given(conda=conda_lines, pip=pip_lines, seed=st.integers(0, 2**32 - 1))
def test_the_order_of_dependencies_never_matters(conda: list[str], pip: list[str], seed: int) -> None:
    shuffle = random.Random(seed)
    other_conda, other_pip = shuffle.sample(conda, len(conda)), shuffle.sample(pip, len(pip))
    assert told(findings(conda, pip)) == told(findings(other_conda, other_pip))


@given(conda=conda_lines, pip=pip_lines, which=st.integers(0, 5))
def test_adding_a_pin_never_adds_an_rc1(conda: list[str], pip: list[str], which: int) -> None:
    bare = [line for line in conda if line in CONDA]
    if not bare:
        return
    chosen = bare[which % len(bare)]
    pinned = [f"{line}=1.2.3" if line == chosen else line for line in conda]
    before = {entry for entry in told(findings(conda, pip)) if entry[0].startswith("RC1")}
    after = {entry for entry in told(findings(pinned, pip)) if entry[0].startswith("RC1")}
    assert after <= before


@given(conda=conda_lines, pip=pip_lines)
def test_the_same_file_gives_the_same_findings(conda: list[str], pip: list[str]) -> None:
    assert findings(conda, pip) == findings(conda, pip)


@given(conda=conda_lines, pip=pip_lines)
def test_every_finding_can_be_shown_and_mended(conda: list[str], pip: list[str]) -> None:
    for finding in findings(conda, pip):
        assert finding.location.line <= len(conda) + len(pip) + 4
        assert finding.message
        assert not finding.message.endswith(".")
        assert finding.fix


def test_the_report_is_the_same_under_two_hash_seeds(reprocheck: Callable[..., Outcome]) -> None:
    seeds = ("1", "2")
    reports = [
        reprocheck("check", "--output-format", "json", cwd=PROJECT, env={"PYTHONHASHSEED": seed}).out for seed in seeds
    ]
    assert reports[0] == reports[1]
    assert "RC414" in reports[0]
