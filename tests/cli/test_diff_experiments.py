"""`diff --explain-by-experiment` and `fingerprint --portable`: what they refuse, and a machine that is neither side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Runner

PROBE: dict[str, Any] = {
    "probe": "random/permutation/int64",
    "family": "random",
    "operation": "permutation",
    "dtype": "int64",
    "device": "cpu",
    "shape": [4],
    "coarse": [],
    "first": [],
    "repeats": 3,
    "differing": 0,
}


def fingerprint(path: Path, digest: str | None) -> Path:
    document: dict[str, Any] = {"schema": "reprocheck/fingerprint/1"}
    if digest is not None:
        document["probes"] = [{**PROBE, "digest": digest * 64}]
        document["numerics"] = {}
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_a_python_or_a_time_without_an_experiment_is_refused(reprocheck: Runner, tmp_path: Path) -> None:
    sides = fingerprint(tmp_path / "a.json", None), fingerprint(tmp_path / "b.json", None)
    done = reprocheck("diff", *sides, "--timeout", "5")
    assert done.code == 2
    assert done.err.splitlines() == [
        "error: nothing is run",
        "  where: --timeout",
        "  why:   only `--explain-by-experiment` runs anything",
        "  how:   add `--explain-by-experiment`",
    ]


def test_locks_are_no_matter_for_an_experiment(reprocheck: Runner, tmp_path: Path) -> None:
    (tmp_path / "environment.yml").write_text("dependencies:\n- python=3.11\n", encoding="utf-8")
    done = reprocheck("diff", "environment.yml", "environment.yml", "--explain-by-experiment")
    assert done.code == 2
    assert done.err.splitlines()[0] == "error: there is nothing to rerun in a file of kind environment"


def test_fingerprints_without_probes_are_no_matter_for_an_experiment(reprocheck: Runner, tmp_path: Path) -> None:
    sides = fingerprint(tmp_path / "a.json", "1"), fingerprint(tmp_path / "b.json", None)
    done = reprocheck("diff", *sides, "--explain-by-experiment")
    assert done.code == 2
    assert done.err.splitlines()[0] == "error: there are no probes to rerun"


def test_equal_probes_need_no_process(reprocheck: Runner, tmp_path: Path) -> None:
    sides = fingerprint(tmp_path / "a.json", "1"), fingerprint(tmp_path / "b.json", "1")
    done = reprocheck("diff", *sides, "--explain-by-experiment")
    assert (done.code, done.err) == (0, "")
    assert "experiment: no experiment: there is no differing probe to explain" in done.out


def test_a_machine_that_is_neither_side_ends_in_3_and_says_why(reprocheck: Runner, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    sides = fingerprint(tmp_path / "a.json", "1"), fingerprint(tmp_path / "b.json", "2")
    done = reprocheck("diff", *sides, "--explain-by-experiment")
    assert done.code == 3, done
    assert "no experiment: this machine gives neither side's bits" in done.out
    assert "most differing probes have neither side's bits" in " ".join(done.out.split())


@pytest.mark.parametrize("option", ["--probes", "--times"])
def test_a_portable_setting_is_no_part_of_a_fingerprint(reprocheck: Runner, option: str) -> None:
    done = reprocheck("fingerprint", "--portable", option)
    assert done.code == 2
    assert done.err.splitlines()[0] == "error: a portable setting is no part of a fingerprint"


def test_a_portable_setting_needs_time_for_one_measurement(reprocheck: Runner) -> None:
    done = reprocheck("fingerprint", "--portable", "--timeout", "1")
    assert done.code == 3
    assert done.err.splitlines()[0] == "error: no setting could be measured"
