"""The reference workloads themselves, in worker processes as `record` starts them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest

from reprocheck.machine.worker_process import WorkerOptions, numeric_switches, run_job
from reprocheck.model.json_documents import Json
from reprocheck.model.records import Run, RunPlan
from reprocheck.numerics.comparison import compare_runs
from reprocheck.numerics.rerun import RerunOptions, Shortage, assemble_runs, perform_runs, train_job
from reprocheck.numerics.runs import plan_runs
from reprocheck.numerics.twins import AS_WITHOUT, resumption

ROOT = Path(__file__).resolve().parents[2]
SAME_ANSWER = """
import sys
sys.path.insert(0, {root!r})
from pathlib import Path
from reprocheck.numerics.rerun import RerunOptions, perform_runs
from reprocheck.numerics.runs import plan_runs
plans = plan_runs(["transformer:fp32:2"], seed=0, steps=1)
runs = perform_runs(plans, RerunOptions(python=Path(sys.executable), device="cpu", threads=1), lambda text: None)
print(len(runs[0].steps), len(runs[0].steps[0]))
"""

pytestmark = pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed here")


def performed(*names: str, steps: int = 8) -> tuple[Run, ...]:
    options = RerunOptions(python=Path(sys.executable), device="cpu", threads=1)
    runs = perform_runs(plan_runs(names, seed=0, steps=steps), options, lambda _: None)
    assert not isinstance(runs, Shortage)
    return runs


@pytest.fixture(scope="module")
def runs() -> dict[str, Run]:
    names = ("transformer:fp32", "transformer:fp16", "convnet:fp32", "convnet:bf16")
    return {run.plan.name: run for run in performed(*names)}


@pytest.fixture(scope="module")
def pieces() -> dict[str, Run]:
    names = (
        "transformer:fp32",
        "transformer-accumulate:fp32",
        "transformer-unclipped:fp32",
        "transformer:fp16",
        "transformer-resume:fp16",
        "convnet-adam-loader:fp32",
        "convnet-adam-loader-resume:fp32",
    )
    return {run.plan.name: run for run in performed(*names)}


def losses(run: Run) -> list[float]:
    return [float.fromhex(step[0].loss) for step in run.steps]


def scales(run: Run) -> list[float]:
    return [float.fromhex(step[0].loss_scale) for step in run.steps]


@pytest.mark.parametrize("name", ["transformer:fp32", "convnet:fp32", "convnet:bf16"])
def test_the_models_learn(runs: dict[str, Run], name: str) -> None:
    seen = losses(runs[name])
    assert sum(seen[-3:]) < sum(seen[:3])


def test_the_first_fp16_step_overflows_and_is_skipped(runs: dict[str, Run]) -> None:
    run = runs["transformer:fp16"]
    first = run.steps[0][0]
    assert (first.skipped, first.gradient_norm) == (True, "inf")
    assert first.parameters == run.initial[0]


def test_the_loss_scale_falls_after_an_overflow_and_grows_after_three_good_steps(runs: dict[str, Run]) -> None:
    run = runs["transformer:fp16"]
    ratios = [after / before for before, after in zip(scales(run), scales(run)[1:], strict=False)]
    skipped = [step[0].skipped for step in run.steps][:-1]
    assert all((ratio == 0.5) == skip for ratio, skip in zip(ratios, skipped, strict=True))
    assert 2.0 in ratios
    assert not all(skipped)


def test_the_loss_scale_of_fp32_is_one(runs: dict[str, Run]) -> None:
    assert set(scales(runs["transformer:fp32"])) == {1.0}


def test_every_epoch_shuffles_anew(runs: dict[str, Run]) -> None:
    batches = [step[0].data for step in runs["transformer:fp32"].steps]
    assert len(set(batches)) == 8  # six steps an epoch: two batches of the second are no batches of the first


def test_a_step_changes_parameters_and_batch_norm_counts(runs: dict[str, Run]) -> None:
    run = runs["convnet:fp32"]
    names = [tensor.name for tensor in run.tensors]
    counter = names.index("norm_1.num_batches_tracked")
    assert run.steps[0][0].parameters[counter].partition(":")[2] == f"{1:016x}"
    assert len({step[0].parameters[counter].partition(":")[0] for step in run.steps}) == len(run.steps)
    assert run.steps[0][0].parameters[0] != run.initial[0][0]


def test_what_ran_before_does_not_change_the_bits(runs: dict[str, Run]) -> None:
    """One process serves several runs; alone, or in another order, each gives the same bits."""
    again = performed("convnet:bf16", "convnet:fp32", "transformer:fp32")
    assert [compare_runs(runs[run.plan.name], run).status for run in again] == ["pass", "pass", "pass"]


def test_no_parameter_keeps_what_torch_drew(runs: dict[str, Run]) -> None:
    """Biases begin at zero and norms at one, weights on the hash's grid: nothing depends on torch's generators."""
    run = runs["transformer:fp32"]
    for tensor, mark in zip(run.tensors, run.initial[0], strict=True):
        samples = set(mark.partition(":")[2].split("."))
        if len(tensor.shape) == 1:
            assert samples == {"00000000" if tensor.name.endswith("bias") else "3f800000"}


def test_a_missing_device_is_told_not_crashed_on() -> None:
    lines = job_lines(plan_runs(["convnet"], seed=0, steps=1), device="cuda")
    if lines[0]["kind"] == "settings":
        pytest.skip("there is a CUDA device here")
    assert isinstance(assemble_runs(plan_runs(["convnet"], seed=0, steps=1), lines), Shortage)


def job_lines(plans: Sequence[RunPlan], device: str) -> Sequence[Mapping[str, Json]]:
    options = RerunOptions(python=Path(sys.executable), device=device, threads=1)
    return run_job(options.python, train_job(plans, options), WorkerOptions(switches=numeric_switches(1)))


@pytest.mark.parametrize("name", ["transformer:fp16", "convnet-adam-loader:fp32"])
def test_a_run_that_resumes_has_the_bits_of_the_run_without_a_stop(pieces: dict[str, Run], name: str) -> None:
    model, dtype = name.split(":")
    resumed = pieces[f"{model}-resume:{dtype}"]
    assert resumption(resumed, tuple(pieces.values())) == AS_WITHOUT
    assert resumed.steps == pieces[name].steps


def test_two_micro_batches_see_the_data_of_one_batch_under_other_dropout(pieces: dict[str, Run]) -> None:
    whole, halves = pieces["transformer:fp32"], pieces["transformer-accumulate:fp32"]
    assert [step[0].data for step in halves.steps] == [step[0].data for step in whole.steps]
    assert all(0.9 < a / b < 1.1 and a != b for a, b in zip(losses(halves), losses(whole), strict=True))


def test_without_clipping_the_first_gradients_are_the_same_and_the_parameters_are_not(pieces: dict[str, Run]) -> None:
    """AdamW divides the size of the gradients away, but for eps: the parameters differ by little, but differ."""
    clipped, free = (pieces[name].steps[0][0] for name in ("transformer:fp32", "transformer-unclipped:fp32"))
    assert float.fromhex(clipped.gradient_norm) > 1.0
    assert (free.gradients, free.gradient_norm) == (clipped.gradients, clipped.gradient_norm)
    assert free.parameters != clipped.parameters


def test_a_loader_with_workers_makes_the_same_batches_again(pieces: dict[str, Run]) -> None:
    """The columns that its workers blank come from generators that were seeded: alone or not, in any process."""
    (again,) = performed("convnet-adam-loader:fp32")
    assert again.steps == pieces["convnet-adam-loader:fp32"].steps
    assert len({step[0].data for step in again.steps}) == 8


def test_the_optimizer_is_replayed_at_the_start_at_the_full_rate_and_at_the_end(pieces: dict[str, Run]) -> None:
    updates = [run.updates for run in pieces.values()]
    assert all(found and [sample.step for sample in found.samples] == [0, 3, 7] for found in updates)
    assert len({(found.before, found.gradient) for found in updates if found}) == 1
    optimizers = {sample.optimizer for found in updates if found for sample in found.samples}
    assert optimizers == {"Adam", "AdamW"}


def test_times_are_told_where_somebody_asks_and_change_no_bit(pieces: dict[str, Run]) -> None:
    options = RerunOptions(python=Path(sys.executable), device="cpu", threads=1, times=True)
    plans = plan_runs(["transformer:fp32", "transformer:bf16"], seed=0, steps=8)
    timed = perform_runs(plans, options, lambda _: None)
    assert not isinstance(timed, Shortage)
    full, half = (run.times for run in timed)
    assert full
    assert half
    assert min(full.step_ns, half.step_ns) > 10**5
    assert 0.5 < half.peak_bytes / full.peak_bytes < 0.95  # parameters and their state stay in fp32
    assert (full.memory, half.memory) == ("held", "held")
    assert timed[0].steps == pieces["transformer:fp32"].steps
    assert {run.times for run in pieces.values()} == {None}


@pytest.mark.ddp
def test_accumulation_on_two_ranks_ends_in_shared_gradients_and_a_resumed_ddp_goes_on_as_before() -> None:
    names = ("transformer-accumulate:bf16:2", "transformer:fp32:2", "transformer-resume:fp32:2")
    accumulated, whole, resumed = performed(*names, steps=7)
    assert resumption(resumed, (whole,)) == AS_WITHOUT
    for first, second in accumulated.steps:
        assert first.loss != second.loss
        assert (first.gradients, first.parameters) == (second.gradients, second.parameters)


@pytest.mark.ddp
def test_ranks_see_different_data_and_agree_on_gradients_and_parameters() -> None:
    (run,) = performed("transformer:fp32:2", steps=3)
    for first, second in run.steps:
        assert first.data != second.data
        assert first.loss != second.loss
        assert first.gradients == second.gradients
        assert first.parameters == second.parameters


@pytest.mark.ddp
@pytest.mark.skipif(sys.platform != "linux", reason="network namespaces are Linux's")
def test_two_ranks_need_no_network_but_loopback() -> None:
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        pytest.skip("`unshare` or `ip` is not installed")
    if subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system does not permit `unshare -rn`")
    inner = 'ip link set lo up && exec "$0" -c "$1"'
    command = ["unshare", "-rn", "sh", "-c", inner, sys.executable, SAME_ANSWER.format(root=str(ROOT))]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert (done.stdout, done.returncode) == ("1 2\n", 0), done.stderr
