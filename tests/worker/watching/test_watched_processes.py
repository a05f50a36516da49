"""How programs start, end, spread over processes and get in the way: the watch tells what it saw and nothing else."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from tests.worker.watching.watched_scripts import Told, run, run_watched, script

if importlib.util.find_spec("torch") is None:
    pytest.skip("the scripts train with torch", allow_module_level=True)

TRAIN = """
torch.manual_seed(0)
model = net(); optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
def train(count=8, behind=None):
    for inputs, targets in batches(count):
        optimizer.zero_grad()
        functional.cross_entropy(model(inputs), targets).backward()
        optimizer.step()
        if behind:
            behind()
"""
TORCHRUN = ("-m", "torch.distributed.run", "--nproc-per-node", "2", "--rdzv-backend", "c10d")
LOCALLY = ("--rdzv-endpoint", "127.0.0.1:0", "--local-addr", "127.0.0.1")
PARALLEL = """
torch.distributed.init_process_group("gloo")
torch.manual_seed(0)
model = nn.parallel.DistributedDataParallel(net(), bucket_cap_mb=1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
data = batches(16).dataset
sampler = torch.utils.data.DistributedSampler(data)
for epoch in range(2):
    sampler.set_epoch(epoch)
    for inputs, targets in torch.utils.data.DataLoader(data, 4, sampler=sampler):
        optimizer.zero_grad()
        functional.cross_entropy(model(inputs), targets).backward()
        optimizer.step()
show(model.module)
torch.distributed.barrier()  # a rank that leaves early can abort the other within gloo
torch.distributed.destroy_process_group()
"""


def kinds(told: Told) -> list[list[str]]:
    return [[str(line["kind"]) for line in lines] for lines in told.files]


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        ("import os; show(model); os._exit(7)", 7),
        ("show(model); sys.exit(5)", 5),
        ("show(model); raise ValueError('mine')", 1),
    ],
)
def test_whatever_way_a_program_ends_its_exit_code_stays_and_the_end_is_told(ending: str, code: int) -> None:
    told = run_watched(script(f"{TRAIN}\ntrain(4)\n{ending}\n"))
    assert (told.code, kinds(told)) == (code, [["start", "step", "end"]])


def test_a_program_without_an_optimizer_leaves_no_file() -> None:
    told = run_watched(script("net()(torch.ones(2, 6)).sum().backward()\n"))
    assert (told.code, told.files) == (0, ())


def test_until_ends_the_process_behind_the_step_and_keeps_what_was_printed() -> None:
    told = run_watched(script(f"{TRAIN}\nprint('begun')\ntrain(40)\nprint('done')\n"), {"until": 1})
    assert (told.code, told.out, kinds(told)) == (0, "begun\n", [["start", "step", "step", "end"]])


def test_weights_are_moved_before_the_first_forward_pass_and_gradients_sketched() -> None:
    body = script(f"{TRAIN}\ntrain(4)\nshow(model)\n")
    plain = run_watched(body, {"sketch": True})
    moved = run_watched(body, {"sketch": True, "perturb": 2})
    assert moved.lines("fault") == []
    before, after = plain.lines("start")[0]["parameters"], moved.lines("start")[0]["parameters"]
    bits = [[int(mark.partition(":")[2].partition(".")[0], 16) for mark in marks] for marks in (before, after)]
    assert all(abs(a - b) == (1 if a else 0) for a, b in zip(*bits, strict=True))
    sketches = [told.lines("step")[0]["sketch"] for told in (plain, moved)]
    assert [[len(one) for one in some] for some in sketches] == [[8] * 6] * 2
    assert float.fromhex(sketches[0][0][0]) == pytest.approx(float.fromhex(sketches[1][0][0]), rel=1e-3)


def test_the_twin_of_a_mixed_training_casts_and_scales_nothing() -> None:
    body = script(
        """
model = net(); optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scaler = torch.amp.GradScaler("cpu", init_scale=4.0)
for inputs, targets in batches(4):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = model(inputs)
    print(logits.dtype)
    scaler.scale(functional.cross_entropy(logits.float(), targets)).backward()
    scaler.step(optimizer)
    scaler.update()
"""
    )
    told = run_watched(body, {"twin": True})
    assert (told.code, told.out) == (0, "torch.float32\n")
    assert [one["loss_scale"] for one in told.lines("step")] == [(1.0).hex()]


def test_a_fault_of_a_hook_is_told_and_the_program_goes_on_as_without_the_watch() -> None:
    body = script(
        f"""{TRAIN}
class Rate:
    def __float__(self):
        raise RuntimeError("planted")
class Own(torch.optim.SGD):
    def step(self, closure=None):
        self.param_groups[0]["lr"] = 0.1
        super().step(closure)
optimizer = Own(model.parameters(), lr=0.1)
def plant():
    optimizer.param_groups[0]["lr"] = Rate()
train(16, plant)
show(model)
"""
    )
    told, unwatched = run_watched(body), run(body)
    assert (told.code, told.out, told.err) == (0, unwatched.out, unwatched.err)
    assert kinds(told) == [["start", "step", "fault"]]
    assert told.lines("fault") == [{"kind": "fault", "where": "step", "reason": "RuntimeError: planted"}]


def test_a_folder_of_answers_that_is_gone_ends_the_watch_alone() -> None:
    body = script(
        f"""{TRAIN}
import os, shutil
folder = os.path.join(os.path.dirname(os.environ["REPROCHECK_WATCH"]), "answers")
train(12, lambda: shutil.rmtree(folder, ignore_errors=True))
show(model)
"""
    )
    told = run_watched(body)
    assert (told.code, told.out.count("bytes"), "Traceback" in told.err, told.files) == (0, 1, False, ())


def test_the_sitecustomize_that_is_shadowed_runs_and_nothing_of_ours_is_on_the_path(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import builtins\nbuiltins.own = (__name__, __file__)\n")
    body = script(
        f"""{TRAIN}
import os, copy, io, pickle
os.chdir("/")
train(4)
import builtins
print(*builtins.own, [path for path in sys.path if "reprocheck-" in path], type(torch.__spec__.loader).__name__)
print(b"reprocheck" in pickle.dumps(model), len(model._forward_pre_hooks), len(copy.deepcopy(model)._forward_hooks))
"""
    )
    told = run_watched(body, environment={"PYTHONPATH": str(tmp_path)})
    assert told.out == f"sitecustomize {tmp_path / 'sitecustomize.py'} [] SourceFileLoader\nFalse 0 0\n"
    assert kinds(told) == [["start", "step", "end"]]


def test_a_forked_child_that_trains_writes_a_file_of_its_own_and_loader_workers_none() -> None:
    body = script(
        f"""{TRAIN}
import os
child = os.fork()
if child == 0:
    train(4); os._exit(0)
os.waitpid(child, 0)
model(next(iter(torch.utils.data.DataLoader(batches().dataset, 4, num_workers=1)))[0])
train(8)
"""
    )
    assert sorted(kinds(run_watched(body)), key=len) == [["start", "step", "end"], ["start", "step", "step", "end"]]


@pytest.mark.slow
def test_spawned_ranks_and_loader_workers_are_told_apart(tmp_path: Path) -> None:
    program = tmp_path / "spawning.py"
    program.write_text(
        "\n".join(
            [
                *script("")[1].splitlines(),
                "import os",
                "def main(rank):",
                "    os.environ.update(RANK=str(rank), WORLD_SIZE='2')",
                "    torch.manual_seed(rank)",
                "    model = net(); optimizer = torch.optim.SGD(model.parameters(), lr=0.1)",
                "    workers = 1 - rank",
                "    data = torch.utils.data.DataLoader(batches(8).dataset, 4, num_workers=workers,",
                "        multiprocessing_context='spawn' if workers else None)",
                "    for inputs, targets in data:",
                "        functional.cross_entropy(model(inputs), targets).backward()",
                "        optimizer.step()",
                "if __name__ == '__main__':",
                "    torch.multiprocessing.spawn(main, nprocs=2)",
            ]
        )
    )
    told = run_watched([str(program)])
    assert (told.code, kinds(told)) == (0, [["start", "step", "step", "end"]] * 2)
    assert [(lines[0]["rank"], lines[0]["world_size"]) for lines in told.files] == [(0, 2), (1, 2)]


@pytest.mark.ddp
def test_ranks_of_torchrun_tell_their_own_gradients_beside_the_sum(tmp_path: Path) -> None:
    program = tmp_path / "parallel.py"
    program.write_text(script(PARALLEL)[1])
    words = [*TORCHRUN, *LOCALLY, str(program)]
    told, unwatched = run_watched(words), run(words)
    assert sorted(told.out.splitlines()) == sorted(unwatched.out.splitlines())
    first, second = told.files
    assert kinds(told) == [["start", *["step"] * 4, "end"]] * 2
    assert [(lines[0]["rank"], lines[0]["world_size"]) for lines in told.files] == [(0, 2), (1, 2)]
    assert (first[0]["ddp"]["backend"], first[0]["ddp"]["bucket_cap_mb"]) == ("gloo", "1")
    for one, other in zip(first[1:5], second[1:5], strict=True):
        assert one["gradients"] == other["gradients"]
        assert one["parameters"] == other["parameters"]
        assert one["local"] != other["local"] != ""
        assert one["data"] != other["data"]


COMPILED = """
import torch._dynamo.utils
class Net(nn.Module):
    def __init__(self):
        super().__init__(); self.inner = net()
    def forward(self, inputs):
        return self.inner(inputs)
torch.manual_seed(0)
model = bare = Net(); optimizer = torch.optim.Adam(model.parameters())
how = dict(backend="aot_eager", fullgraph=True)
def loss(inputs, targets):
    return functional.cross_entropy(model(inputs), targets)
{compile}
for inputs, targets in batches(12):
    optimizer.zero_grad()
    loss(inputs, targets).backward()
    nn.utils.clip_grad_norm_(bare.parameters(), 1.0)
    optimizer.step()
show(bare)
print(torch._dynamo.utils.counters["stats"]["unique_graphs"])
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "events"),
    [
        ("model = torch.compile(model, **how)", "ZFBCS"),
        ("model.compile(**how)", "ZFBCS"),
        ("loss = torch.compile(loss, **how)", "ZBCS"),  # the forward pass is within what is compiled
    ],
)
def test_compiled_programs_keep_their_graphs_and_bits(line: str, events: str) -> None:
    body = script(COMPILED.replace("{compile}", line))
    told, unwatched = run_watched(body), run(body)
    assert (told.code, told.out) == (0, unwatched.out)
    assert [one["compiled"] for one in told.lines("start")] == [True]
    assert [(one["events"], one["outputs"]) for one in told.lines("step")] == [(events, [])] * 3
