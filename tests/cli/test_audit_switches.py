"""`reprocheck audit --switches`, and `--machine` with a fingerprint that tells switches."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.conftest import ROOT


class Outcome(Protocol):
    code: int
    out: str
    err: str


Runner = Callable[..., Outcome]
ENVIRONMENT = "name: paper\ndependencies:\n  - python=3.12\n  - pytorch=2.6\n"
ALL = ("--select", "RC5", "--driver", "570.86.10", "--no-progress")  # no test depends on this machine's driver
MISSING: dict[str, Any] = {"status": "missing", "detail": "a build without CUDA"}
NO_PRECISION = "skipped RC507: nobody said in which precision the training computes; `--precision` does\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "environment.yml").write_text(ENVIRONMENT)
    return tmp_path


def fingerprint(project: Path, switches: Any, **more: Any) -> Path:
    document = {
        "schema": "reprocheck/fingerprint/1",
        "accelerators": [],
        "driver": {},
        "host": {},
        "software": {"torch": {"version": "2.6.0", "cuda": MISSING}},
        "runtime": {"flags": {"devices": {"cudaCount": 0}}, "switches": switches},
        **more,
    }
    path = project / "there.json"
    path.write_text(json.dumps(document))
    return path


def without_torch(project: Path) -> dict[str, str]:
    """Return the variables of a Python that finds no torch."""
    folder = project / "modules"
    folder.mkdir()
    (folder / "torch.py").write_text("raise ModuleNotFoundError(\"No module named 'torch'\", name='torch')")
    return {"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}


def test_a_fingerprint_tells_the_switches_of_its_machine(reprocheck: Runner, project: Path) -> None:
    switches = {
        "threads": {"value": 4, "origin": "default"},
        "python-hash-seed": {"value": "0", "origin": "environment"},
        "deterministic-algorithms": {"value": True, "origin": "code"},
    }
    fingerprint(project, switches)
    done = reprocheck("audit", "--machine", "there.json", "--select", "RC5", "--no-progress")
    assert done.out == (
        "environment.yml:4:5: warning RC505 threads-not-pinned\n"
        "  nobody says how many threads compute: 4 here, another number on another machine\n"
        "  4 |   - pytorch=2.6\n"
        "    |     ^\n"
        "  = `threads` is 4 according to the fingerprint `there.json`: nobody set it\n"
        "  = threads of one operation: splits sums and matrix products (matmul, conv weight gradients,"
        " layer norm weight gradients, sums of whole tensors, LAPACK); measured\n"
        "  fix: set `OMP_NUM_THREADS=4`, `MKL_NUM_THREADS=4` and `MKL_DYNAMIC=FALSE` under `variables:` of the"
        " environment.yml, or in the job's script\n"
        "\n"
        "1 warning\n"
        "1 fixable with --unsafe-fixes\n"
        f"{NO_PRECISION}"
        "skipped RC514, RC515: the fingerprint `there.json` tells no probes;"
        " `reprocheck fingerprint --probes` takes them\n"
    )
    assert (done.code, done.err) == (1, "")


def test_probes_of_a_fingerprint_are_judged(reprocheck: Runner, project: Path) -> None:
    canary = {"canary": "fp32", "device": "cpu", "digest": "aa", "expected": "bb"}
    probe = {"probe": "scatter/a/fp32", "family": "scatter", "operation": "a", "dtype": "fp32", "device": "cpu"}
    probes = [{**probe, "repeats": 4, "differing": 1}]
    fingerprint(project, {"threads": MISSING}, probes=probes, numerics={"canary": [canary]})
    done = reprocheck("audit", "--machine", "there.json", "--select", "RC5", "--output-format", "concise")
    assert done.out == (
        "environment.yml:4:5: RC514 error: the canary in fp32 on cpu has other bits than IEEE 754 gives\n"
        "environment.yml:4:5: RC515 warning: other bits each time: `scatter/a/fp32` (cpu)\n"
        f"1 error, 1 warning\n{NO_PRECISION}"
    )


@pytest.mark.parametrize("switches", [{"status": "missing", "detail": "torch is not installed"}, None, 7])
def test_a_fingerprint_without_switches_is_no_fault(switches: Any, reprocheck: Runner, project: Path) -> None:
    fingerprint(project, switches)
    done = reprocheck("audit", "--machine", "there.json", "--select", "RC505", "--strict", "--no-progress")
    assert done.code == 0
    assert done.out.startswith("no findings\nskipped RC505: the fingerprint `there.json` tells no switches (")


def test_nobody_asks_unless_told_to(reprocheck: Runner, project: Path) -> None:
    done = reprocheck("audit", *ALL, "--select", "RC505", "--strict", env=without_torch(project))
    assert "nobody asked which switches are in force; `--switches` does\n" in done.out
    assert done.code == 0


def test_a_python_without_torch_tells_none_and_that_is_told(reprocheck: Runner, project: Path) -> None:
    env = without_torch(project)
    done = reprocheck("audit", *ALL, "--switches", env=env)
    assert "this Python tells no switches (missing: torch is not installed)\n" in done.out
    assert done.code == 0
    assert reprocheck("audit", *ALL, "--switches", "--strict", env=env).code == 1


def test_the_python_of_the_named_environment_is_asked(reprocheck: Runner, project: Path) -> None:
    (project / "env" / "bin").mkdir(parents=True)
    (project / "env" / "pyvenv.cfg").write_text(f"home = {Path(sys.executable).parent}\n")
    (project / "env" / "bin" / "python").symlink_to(sys.executable)
    done = reprocheck("audit", *ALL, "--switches", "--prefix", "env", env=without_torch(project))
    assert "the Python of `env` tells no switches (missing: torch is not installed)\n" in done.out


def test_an_environment_without_python_cannot_be_asked(reprocheck: Runner, project: Path) -> None:
    (project / "env" / "conda-meta").mkdir(parents=True)
    done = reprocheck("audit", *ALL, "--switches", "--prefix", "env")
    assert done.err.startswith("error: there is no Python in this environment\n")
    assert done.code == 2


def test_one_source_of_switches_is_enough(reprocheck: Runner, project: Path) -> None:
    fingerprint(project, {})
    done = reprocheck("audit", "--switches", "--machine", "there.json")
    assert (done.code, done.err) == (
        2,
        "error: `--switches` beside `--machine`\n"
        "  why:   the fingerprint tells the switches of its own Python\n"
        "  how:   leave one of the two out\n",
    )


def test_this_python_is_asked_and_mending_pins_what_it_left_open(reprocheck: Runner, project: Path) -> None:
    pytest.importorskip("torch")
    mended = reprocheck("audit", *ALL, "--switches", "--fix", "--unsafe-fixes", "--output-format", "concise")
    assert " RC505 " not in mended.out
    assert " RC506 " not in mended.out
    text = (project / "environment.yml").read_text()
    assert text.startswith(f'{ENVIRONMENT}variables:\n  PYTHONHASHSEED: "0"\n')
