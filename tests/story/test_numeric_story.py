"""The whole story of the numeric fingerprint: two machines, played by two settings of one, what differs, and why.

All real: torch computes, processes are started with other instruction sets, and two ranks meet over loopback.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Outcome, clean_environment

pytest.importorskip("torch")
pytestmark = pytest.mark.slow

HERE: Mapping[str, str] = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
# Another machine: without AVX-512 and AVX2 its ATen takes the plain kernels.
THERE: Mapping[str, str] = {**HERE, "ATEN_CPU_CAPABILITY": "default"}


def run(folder: Path, variables: Mapping[str, str], *words: str | Path) -> Outcome:
    """Run the command line on one of the machines."""
    command = [sys.executable, "-m", "reprocheck", *map(str, words)]
    env = clean_environment(variables)
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, check=False, timeout=400)
    return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a fingerprint of each machine, and a record made here."""
    made = tmp_path_factory.mktemp("machines")
    for name, machine in (("here", HERE), ("there", THERE)):
        taken = run(made, machine, "fingerprint", "--probes", "-o", f"{name}.json")
        assert taken.code == 0, taken.err
        (made / f"{name}.txt").write_text(taken.out)
    recorded = run(made, HERE, "record", "--workload", "transformer:fp32", "--steps", "3", "--envelope", "0")
    assert recorded.code == 0, recorded.err
    return made


def difference(folder: Path, *words: str) -> dict[str, Any]:
    """Return the numeric part of what differs from there to here."""
    done = run(folder, HERE, "diff", "there.json", "here.json", "--output-format", "json", *words)
    assert done.code == 0, done.err
    numeric: dict[str, Any] = json.loads(done.out)["numeric"]
    return numeric


def test_a_fingerprint_holds_more_than_240_probes_that_all_came_again(folder: Path) -> None:
    document = json.loads((folder / "here.json").read_text())
    measured = [probe for probe in document["probes"] if "digest" in probe]
    assert len(measured) >= 240
    assert [probe["probe"] for probe in measured if probe["differing"]] == []
    assert document["numerics"]["collection"] == []
    canary = document["numerics"]["canary"]
    assert len(canary) >= 4
    assert {entry["digest"] == entry["expected"] for entry in canary} == {True}
    assert {entry["replay"] for entry in document["numerics"]["trees"] if "replay" in entry} == {"20 of 20"}


def test_a_fingerprint_shows_the_families_on_a_page(folder: Path) -> None:
    page = (folder / "here.txt").read_text()
    for title in ("What this machine computes", "Probes by family", "Order of additions", "Arithmetic"):
        assert f"\n{title}\n" in page


def test_an_experiment_finds_the_switch_that_makes_the_other_machine(folder: Path) -> None:
    told = json.dumps(difference(folder, "--explain-by-experiment")["experiment"])
    assert "aten-cpu-capability" in told


def test_what_will_not_be_bit_identical_is_named_before_anything_runs(folder: Path) -> None:
    same = run(folder, HERE, "verify", "--predict")
    assert (same.code, same.err) == (0, "")
    other = run(folder, THERE, "verify", "--predict", "--output-format", "json")
    assert other.code == 1, other.err
    assert "native_layer_norm" in other.out


def test_the_prediction_comes_true(folder: Path) -> None:
    assert run(folder, HERE, "verify").code == 0
    verdict = json.loads(run(folder, THERE, "verify", "--output-format", "json").out)
    assert (verdict["verdict"], verdict["predicted"]["bitwise"]) == ("not-reproduced", False)


def test_an_audit_of_a_fingerprint_tells_what_is_left_to_chance(folder: Path) -> None:
    (folder / "environment.yml").write_text("dependencies: [python, pytorch]\n")
    done = run(folder, {}, "audit", "--machine", "there.json", "--select", "RC5", "--output-format", "json")
    codes = {finding["code"] for finding in json.loads(done.out)["findings"]}
    assert "RC506" in codes


def test_two_ranks_of_one_machine_compute_alike(folder: Path) -> None:
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "train.py"]
    done = run(folder, {}, "fleet", "--families", "matmul", "--output-format", "json", "--", *torchrun)
    assert (done.code, len(json.loads(done.out)["groups"])) == (0, 1)
