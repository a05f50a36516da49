"""Check record, verify and fingerprint on CUDA in one call; see README.md beside this file."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SINGLE = [f"{model}:{dtype}" for model in ("transformer", "convnet") for dtype in ("fp32", "bf16", "fp16")]
PIECES = ["transformer-accumulate:bf16", "transformer-unclipped:fp32", "convnet-resume:fp16", "convnet-adam-loader"]
DOUBLE = ["transformer:fp32:2", "transformer:bf16:2", "transformer-accumulate:fp32:2"]
REPEATS = 5
CPU_SHARE_S = 15.0  # what describing, loading torch twice and the probes of the CPU may take beside those of CUDA
WORKING = ("torch", "driver", "cuda-runtime", "gpu-seen", "gpu-kernels", "cudnn", "nccl", "grad-scaler", "ddp")
NATIVE_FROM = {"fp16": (7, 0), "bf16": (8, 0), "tf32": (8, 0), "fp8": (8, 9)}  # GTX 16 lacks fp16 all the same


@dataclass(frozen=True)
class Line:
    name: str
    status: str
    detail: str


@dataclass
class Bench:
    """One folder, one audited Python, and what was learned so far."""

    folder: Path
    python: str
    fingerprint: dict[str, Any] = field(default_factory=dict)
    measured: dict[str, Any] = field(default_factory=dict)

    def reprocheck(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.plain(*arguments, "--python", self.python)

    def plain(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command that audits no Python."""
        paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
        return subprocess.run(
            [sys.executable, "-m", "reprocheck", *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": paths},
            capture_output=True,
            text=True,
            timeout=900,
        )

    def verdict(self, *arguments: str) -> dict[str, Any]:
        done = self.reprocheck("verify", "--output-format", "json", *arguments)
        document: dict[str, Any] = (
            json.loads(done.stdout) if done.stdout else {"verdict": done.stderr[-300:], "checks": []}
        )
        return document

    @property
    def gpus(self) -> list[dict[str, Any]]:
        found = self.fingerprint.get("accelerators", [])
        return found if isinstance(found, list) else []


def line(name: str, good: bool, detail: str) -> Line:
    return Line(name, "pass" if good else "FAIL", detail)


def fingerprint(bench: Bench) -> Iterator[Line]:
    done = bench.reprocheck("fingerprint", "-o", "fingerprint.json")
    path = bench.folder / "fingerprint.json"
    if not path.exists():
        yield Line("fingerprint", "FAIL", done.stderr.strip()[-300:])
        return
    bench.fingerprint = json.loads(path.read_text())
    yield line("fingerprint: GPU", bool(bench.gpus), "; ".join(str(gpu.get("model")) for gpu in bench.gpus))
    capabilities = [str(gpu.get("computeCapability")) for gpu in bench.gpus]
    yield line(
        "fingerprint: capability",
        bool(capabilities) and all("." in text for text in capabilities),
        ", ".join(capabilities),
    )
    yield line("fingerprint: torch sees it", gpu_count(bench) > 0, f"{gpu_count(bench)} CUDA devices")
    version = bench.fingerprint["driver"].get("version", bench.fingerprint["driver"])
    yield line("fingerprint: driver", isinstance(version, str), str(version))
    asked = {entry["source"]: entry for entry in bench.fingerprint.get("collection", [])}.get("cuda-driver", {})
    yield line("fingerprint: libcuda answers", asked.get("status") == "ok", str(asked.get("detail", "")))


def audit(bench: Bench) -> Iterator[Line]:
    """Audit an environment of the torch that runs here: the machine must be seen, and must be able to run it."""
    version = str(bench.fingerprint.get("software", {}).get("torch", {}).get("version", ""))
    pin = f"dependencies: [python, pip, {{pip: ['torch=={version}']}}]\n"
    (bench.folder / "environment.yml").write_text(pin, encoding="utf-8")
    done = bench.plain("audit", "--output-format", "json")
    document: dict[str, Any] = json.loads(done.stdout) if done.stdout else {"findings": [], "skipped": []}
    blind = {skip["code"] for skip in document["skipped"]} & {"RC401", "RC402", "RC404", "RC405", "RC451"}
    yield line("audit sees driver and GPU", done.returncode in (0, 1) and not blind, ", ".join(sorted(blind)))
    parts = "RC453" not in {skip["code"] for skip in document["skipped"]}
    yield line("audit reads two parts of the driver", parts, "kernel module, NVML, libcuda, libnvidia-ml")
    wrong = [item["message"] for item in document["findings"] if item["code"].startswith(("RC40", "RC453"))]
    name = "audit lets the torch run that runs here"
    yield Line(name, "skip", "the machine was not seen") if blind else line(name, not wrong, "; ".join(wrong))


def examination(bench: Bench) -> Iterator[Line]:
    """Ask the doctor twice, with time and within its default: all that CUDA has to do must work, and be timed."""
    done = bench.reprocheck("doctor", "--json", "--timeout", "120")
    if not done.stdout:
        yield Line("doctor", "FAIL", done.stderr.strip()[-300:])
        return
    answers = {answer["question"]: answer for answer in json.loads(done.stdout)["answers"]}
    for name in WORKING:
        yield line(f"doctor: {name}", answers[name]["status"] == "ok", answers[name]["detail"])
    capability = min(tuple(map(int, str(gpu["computeCapability"]).split("."))) for gpu in bench.gpus)
    for name, native_from in NATIVE_FROM.items():
        expected = "ok" if capability >= native_from else "not"
        timed = "speedPermille" in answers[name]["measured"] or capability < native_from
        yield line(f"doctor: {name}", timed and answers[name]["status"] == expected, answers[name]["detail"])
    backend = answers["ddp"]["measured"].get("backend")
    yield line("doctor: DDP backend", backend == ("nccl" if gpu_count(bench) > 1 else "gloo"), str(backend))
    done = bench.reprocheck("doctor", "--json")
    late = [answer["question"] for answer in json.loads(done.stdout)["answers"] if "no answer" in answer["detail"]]
    yield line("doctor: within its default time", not late, ", ".join(late))
    done = bench.reprocheck("doctor", "--json", "--cpu", "--timeout", "120")
    asked = {answer["question"] for answer in json.loads(done.stdout)["answers"]}
    yield line("doctor --cpu asks about no GPU", asked.isdisjoint({*NATIVE_FROM, "driver"}), ", ".join(sorted(asked)))


def recording(bench: Bench) -> Iterator[Line]:
    names = SINGLE + PIECES + (DOUBLE if gpu_count(bench) > 1 else [])
    done = bench.reprocheck("record", *(part for name in names for part in ("--workload", name)))
    if done.returncode:
        yield Line("record", "FAIL", done.stderr.strip()[-300:])
        return
    record = json.loads((bench.folder / "reprocheck.json").read_text())
    yield line("record: auto takes CUDA", record["settings"]["device"] == "cuda", record["settings"]["device"])
    for run in record["runs"]:
        name = f"record: {run['workload']}:{run['dtype']}:{run['world_size']}"
        if run["status"] != "recorded":
            yield Line(name, "FAIL", run["detail"])
            continue
        steps, skipped = run["step_count"], len(run["ranks"][0]["skipped"])
        expected = 0 < skipped < steps if run["dtype"] == "fp16" else skipped == 0
        yield line(name, expected, f"{steps} steps, {skipped} skipped")
        if "resumed" in run:
            yield line(f"{name}: resumes as without a stop", run["resumed"] == "as without a stop", run["resumed"])
    if gpu_count(bench) < 2:
        yield Line("record: two ranks over NCCL", "skip", f"needs two GPUs, torch sees {gpu_count(bench)}")


def measuring(bench: Bench) -> Iterator[Line]:
    """Measure what the GPU computes, twice: bits, orders of addition, arithmetic, canary; both times the same."""
    begin = time.monotonic()
    done = bench.reprocheck("fingerprint", "--probes", "--times", "--output-format", "json")
    took_s = time.monotonic() - begin
    if not done.stdout:
        yield Line("probes", "FAIL", done.stderr.strip()[-300:])
        return
    bench.measured = json.loads(done.stdout)
    here = [probe for probe in bench.measured["probes"] if probe["device"] == "cuda"]
    lacking = sorted({f"{probe['family']} {probe['dtype']}: {probe['status']}" for probe in here if "status" in probe})
    yield line("probes: at least 240 on CUDA", sum("digest" in probe for probe in here) >= 240, "; ".join(lacking[:8]))
    spent_ms = sum(ns for name, ns in bench.measured["probeTimes"].items() if name.endswith("(cuda)")) // 1_000_000
    yield line("probes: all within 20 s", took_s < 20 + CPU_SHARE_S, f"{took_s:.1f} s, {spent_ms} ms on CUDA")
    raising = [f"{probe['probe']}: {probe['detail']}" for probe in here if probe.get("status") == "raises"]
    yield line("probes: none raises", not raising, "; ".join(raising[:4]))
    unsteady = [probe["probe"] for probe in here if probe.get("differing")]
    yield Line("probes: unsteady", "pass", ", ".join(unsteady) or "none")
    numerics = bench.measured["numerics"]
    yield line("probes: nothing hung or broke", not numerics["collection"], json.dumps(numerics["collection"]))
    alive = [entry for entry in numerics["canary"] if entry["device"] == "cuda"]
    dead = [entry["canary"] for entry in alive if entry.get("digest") != entry.get("expected")]
    yield line("canary on CUDA", bool(alive) and not dead, ", ".join(dead))
    broken = [
        entry["relation"]
        for entry in numerics["relations"]
        if entry["device"] == "cuda" and entry["status"] == "broken"
    ]
    yield line("relations on CUDA", not broken, ", ".join(broken))
    for entry in numerics["trees"]:
        if entry["device"] == "cuda":
            told = str(entry.get("sentence", entry.get("detail")))
            yield Line(f"tree: {entry['tree']}", "pass" if "digest" in entry else "skip", told)
    again = bench.reprocheck("fingerprint", "--probes", "--output-format", "json")
    probes = {(probe["probe"], probe["device"]): probe for probe in json.loads(again.stdout)["probes"]}
    moved = [
        probe["probe"]
        for probe in here
        if not probe.get("differing") and probe.get("digest") != probes[probe["probe"], "cuda"].get("digest")
    ]
    yield line("probes: a second fingerprint is the same", not moved, ", ".join(moved[:8]))


def fleet(bench: Bench) -> Iterator[Line]:
    """Let one rank a GPU compute the probes, over NCCL where there are two: all alike."""
    ranks = gpu_count(bench)
    torchrun = [bench.python, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(ranks)]
    done = bench.plain("fleet", "--device", "cuda", "--", *torchrun, "train.py")
    yield line(f"fleet of {ranks}", done.returncode == 0, (done.stdout or done.stderr).strip()[-300:])
    if ranks < 2:
        yield Line("fleet over NCCL", "skip", f"needs two GPUs, torch sees {ranks}")


def prediction(bench: Bench) -> Iterator[Line]:
    """Ask for a prediction on the machine that made the record: every run will be bit-identical."""
    done = bench.reprocheck("verify", "--predict")
    yield line("verify --predict", done.returncode == 0, (done.stdout or done.stderr).strip()[-300:])


def gpu_count(bench: Bench) -> int:
    count = bench.fingerprint.get("runtime", {}).get("flags", {}).get("devices", {}).get("cudaCount", 0)
    return count if isinstance(count, int) else 0


def repeats(bench: Bench) -> Iterator[Line]:
    for number in range(1, REPEATS + 1):
        document = bench.verdict()
        yield line(f"verify {number} of {REPEATS}", document["verdict"] == "bitwise", first_places(document))


def drills(bench: Bench) -> Iterator[Line]:
    planned = [("seed=1", 0, "init"), ("lr=1.001", 0, "optimizer")]
    if gpu_count(bench) > 1:
        planned.append(("drop-sync=3", 3, "all-reduce"))
    else:
        yield Line("drill drop-sync=3", "skip", "needs two GPUs")
    for drill, step, phase in planned:
        document = bench.verdict("--drill", drill)
        found = {(at["step"], at["phase"]) for check in document["checks"] if (at := check["first_divergence"])}
        yield line(f"drill {drill}", found == {(step, phase)}, first_places(document))


def other_device(bench: Bench) -> Iterator[Line]:
    document = bench.verdict("--device", "cpu")
    causes = [cause["what"] for cause in document.get("causes", [])]
    good = document["verdict"] == "not-reproduced" and causes[:1] == ["another device"]
    yield line("verify on the CPU", good, f"{document['verdict']}; {', '.join(causes)}")


def first_places(document: dict[str, Any]) -> str:
    places = [
        f"{check['name']} step {at['step']} {at['phase']} {at['tensor'] or at['quantity']} ({at['ulp']} ulp)"
        for check in document["checks"]
        if (at := check["first_divergence"])
    ]
    return "; ".join([document["verdict"], *places[:3]])


STAGES: tuple[Callable[[Bench], Iterator[Line]], ...] = (
    fingerprint,
    audit,
    examination,
    measuring,
    fleet,
    recording,
    prediction,
    repeats,
    drills,
    other_device,
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--output", type=Path, default=Path("gpu-results.json"))
    options = parser.parse_args()
    lines: list[Line] = []
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(folder=Path(name), python=options.python)
        for stage in STAGES:
            for found in stage(bench):
                lines.append(found)
                print(f"{found.status:<5} {found.name:<32} {found.detail}", flush=True)
            if not gpu_count(bench) or (stage is recording and not (bench.folder / "reprocheck.json").exists()):
                break  # nothing of what follows could be checked
    results = {
        "lines": [vars(found) for found in lines],
        "fingerprint": bench.fingerprint,
        "measured": {key: bench.measured.get(key) for key in ("probes", "numerics", "probeTimes")},
    }
    options.output.write_text(json.dumps(results, indent=2, sort_keys=True) + "\n")
    failed = sum(found.status == "FAIL" for found in lines)
    print(f"{len(lines)} lines, {failed} failed; written to {options.output}")
    return 1 if failed or not lines else 0


if __name__ == "__main__":
    sys.exit(main())
