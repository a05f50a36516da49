"""One process trains in the ways in which trainings are written; the watch tells each and changes none."""

from __future__ import annotations

import importlib.util

import pytest

from tests.worker.watching.watched_scripts import Told, run, run_watched, script

if importlib.util.find_spec("torch") is None:
    pytest.skip("the scripts train with torch", allow_module_level=True)

GALLERY = """
torch.manual_seed(0)

def plain():  # 0
    model = net(); optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    for inputs, targets in batches():
        optimizer.zero_grad()
        functional.cross_entropy(model(inputs), targets).backward()
        optimizer.step()
    show(model)

def accumulating():  # 1
    model = net(); optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)
    for number, (inputs, targets) in enumerate(batches(16)):
        (functional.cross_entropy(model(inputs), targets) / 2).backward()
        if number % 2:
            nn.utils.clip_grad_norm_(model.parameters(), 0.01)
            optimizer.step(); schedule.step(); model.zero_grad()
    with torch.no_grad():
        model.eval()(inputs)
    show(model)

def scaled():  # 2
    model = net(); optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**127, growth_interval=100)
    for inputs, targets in batches(16):
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = functional.cross_entropy(model(inputs).float(), targets) * 4
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        scaler.step(optimizer)
        scaler.update()
    show(model)

def fused():  # 3
    model = net(); optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, fused=True)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**127)
    for inputs, targets in batches(8):
        optimizer.zero_grad()
        scaler.scale(functional.cross_entropy(model(inputs), targets) * 64).backward()
        scaler.step(optimizer)
        scaler.update(4.0)
    show(model)

def closures():  # 4
    model = net().eval(); optimizer = torch.optim.LBFGS(model.parameters(), max_iter=2)
    for inputs, targets in batches(8):
        def closure():
            optimizer.zero_grad()
            loss = functional.cross_entropy(model(inputs), targets)
            loss.backward()
            nn.utils.clip_grad_value_(model.parameters(), 0.5)
            return loss
        optimizer.step(closure)
    show(model)

def adversaries():  # 5, 6
    maker = nn.Sequential(nn.Linear(4, 6)); judge = nn.Sequential(nn.Linear(6, 1))
    of_maker = torch.optim.Adam(maker.parameters()); of_judge = torch.optim.Adam(judge.parameters())
    for inputs, _targets in batches(8):
        noise = torch.randn(4, 4)
        of_judge.zero_grad(); (judge(maker(noise).detach()) - judge(inputs)).mean().backward(); of_judge.step()
        of_maker.zero_grad(); (-judge(maker(noise))).mean().backward(); of_maker.step()
    show(maker, judge)

class Wrapper(torch.optim.Optimizer):
    def __init__(self, inner):
        self.inner = inner
    param_groups = property(lambda self: self.inner.param_groups)
    def step(self, closure=None):
        return self.inner.step(closure)

class Inheriting(torch.optim.Adam):
    def step(self, closure=None):
        return super().step(closure)

def nested():  # 7
    model = net(); inner = Inheriting(model.parameters(), lr=0.01); optimizer = Wrapper(inner)
    inner.register_step_pre_hook(lambda one, *_given: [p.grad.fill_(0.25) for p in model.parameters()] and None or None)
    for inputs, targets in batches(8):
        inner.zero_grad()
        functional.cross_entropy(model(inputs), targets).backward()
        optimizer.step()
    show(model)

def monkeypatched():  # 8
    model = net(); optimizer = torch.optim.Rprop(model.parameters())
    def step(self, closure=None):
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.sub_(parameter.grad)
    torch.optim.Rprop.step = step
    for inputs, targets in batches(8):
        optimizer.zero_grad()
        functional.cross_entropy(model(inputs), targets).backward()
        optimizer.step()
    show(model)

def interrupted():  # 9
    model = net(); optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    def failing():
        raise KeyError("data")
    for number, (inputs, targets) in enumerate(batches(12)):
        optimizer.zero_grad()
        functional.cross_entropy(model(inputs), targets).backward()
        try:
            optimizer.step(failing if number == 0 else None)
        except KeyError:
            pass
    show(model)

for one in (plain, accumulating, scaled, fused, closures, adversaries, nested, monkeypatched, interrupted):
    one()
"""


@pytest.fixture(scope="module")
def watched() -> Told:
    return run_watched(script(GALLERY), {"dense": [0, 3]})


def float_of(text: object) -> float:
    return float.fromhex(str(text))


def test_parameters_and_generators_are_bit_for_bit_those_of_a_run_without_the_watch(watched: Told) -> None:
    unwatched = run(script(GALLERY))
    assert (unwatched.code, unwatched.out.count("bytes")) == (0, 9)
    assert (watched.code, watched.out, watched.err) == (0, unwatched.out, unwatched.err)


def test_steps_count_over_all_optimizers_and_an_end_line_closes_the_file(watched: Told) -> None:
    steps = watched.lines("step")
    assert [one["step"] for one in steps] == list(range(len(steps)))
    assert watched.lines("end") == [{"kind": "end", "steps": len(steps)}]
    assert watched.lines("fault") == []
    assert [one["optimizer"] for one in watched.lines("start")] == list(range(10))


def test_a_plain_loop_is_told(watched: Told) -> None:
    (start,), steps = watched.lines("start", 0), watched.lines("step", 0)
    assert (start["type"], start["rank"], start["world_size"], start["device"]) == ("AdamW", 0, 1, "cpu")
    assert [one["name"] for one in start["tensors"]] == [
        *("0.weight", "0.bias", "1.weight", "1.bias", "4.weight", "4.bias"),
    ]
    assert [path for path, _text in start["modules"]] == ["", "0", "1", "2", "3", "4"]
    assert [one["events"] for one in steps] == ["ZFBS"] * 3
    assert len({one["data"] for one in steps}) == 3
    assert [sorted(one["random"]) for one in steps] == [["python", "torch"]] * 3
    assert [one["learning_rate"] for one in steps] == [(0.01).hex()] * 3
    assert [bool(one["settings"]) for one in steps] == [True, False, False]
    assert steps[0]["parameters"] != start["parameters"]


def test_dense_steps_have_samples_and_outputs(watched: Told) -> None:
    first, second = watched.lines("step", 0)[:2]
    assert [path for path, _mark in first["outputs"]] == ["0", "1", "2", "3", "4", ""]
    assert second["outputs"] == []
    assert all(mark.partition(":")[2] for mark in first["parameters"] + first["gradients"])
    assert all(mark.endswith(":") for mark in second["parameters"] + second["gradients"])


def test_accumulation_brings_several_losses_and_the_norm_before_clipping(watched: Told) -> None:
    steps = watched.lines("step", 1)
    assert [one["events"] for one in steps] == ["FBFBCS", "ZFBFBCS"]
    assert [len(one["losses"]) for one in steps] == [2, 2]
    assert float_of(steps[0]["loss"]) == sum(map(float_of, steps[0]["losses"])) / 2
    assert [float_of(one["gradient_norm"]) > 0.02 for one in steps] == [True, True]
    assert [float_of(one["learning_rate"]) for one in steps] == [0.5, 0.25]
    assert steps[1]["settings"]["0.lr"] == "0.25"


def test_a_skipped_step_is_told_with_its_scale_and_the_loss_before_scaling(watched: Told) -> None:
    steps = watched.lines("step", 2)
    assert [(one["skipped"], float_of(one["loss_scale"])) for one in steps] == [
        *((True, 2.0**127), (True, 2.0**126), (False, 2.0**125), (False, 2.0**125)),
    ]
    # The loop before set its gradients to zero behind its last step.
    assert [one["events"] for one in steps] == ["ZZFBUC", "ZFBUC", "ZFBUCS", "ZFBUCS"]
    assert all(2.0 < float_of(one["loss"]) < 8.0 for one in steps)
    digests = [mark.partition(":")[0] for mark in watched.lines("start", 2)[0]["parameters"]]
    assert [mark.partition(":")[0] for mark in steps[0]["parameters"]] == digests
    assert steps[0]["parameters"] == steps[1]["parameters"] != steps[2]["parameters"]


def test_a_fused_optimizer_that_leaves_a_step_out_says_so_itself(watched: Told) -> None:
    steps = watched.lines("step", 3)
    assert [(one["skipped"], float_of(one["loss_scale"])) for one in steps] == [(True, 2.0**127), (False, 4.0)]
    assert float_of(steps[1]["gradient_norm"]) < 1000  # 64 times that of the loss, not 256 times


def test_a_closure_brings_its_events_into_the_step(watched: Told) -> None:
    steps = watched.lines("step", 4)
    assert [one["events"] for one in steps] == ["SZFBCZFBC"] * 2
    assert ["clip.value" in one["settings"] for one in steps] == [True, False]
    assert [len(one["losses"]) for one in steps] == [2, 2]
    assert all(mark != "-" for mark in steps[0]["gradients"])


def test_two_optimizers_have_a_start_line_each_and_steps_in_turn(watched: Told) -> None:
    of_judge, of_maker = watched.lines("start", 5)[0], watched.lines("start", 6)[0]
    assert len(of_judge["tensors"]) == len(of_maker["tensors"]) == 2
    assert not {one["name"] for one in of_judge["tensors"]} & {one["name"] for one in of_maker["tensors"]}
    turns = [one["optimizer"] for one in watched.lines("step") if one["optimizer"] in (5, 6)]
    assert turns == [5, 6, 5, 6]
    assert of_maker["modules"] == []


def test_of_nested_steps_the_outermost_counts_and_sees_what_hooks_made_of_the_gradients(watched: Told) -> None:
    (start,), steps = watched.lines("start", 7), watched.lines("step", 7)
    assert (start["type"], [one["events"] for one in steps]) == ("Inheriting", ["ZFBS"] * 2)
    elements = 6 * 8 + 8 + 8 + 8 + 8 * 3 + 3
    assert float_of(steps[0]["gradient_norm"]) == pytest.approx(0.25 * elements**0.5)


def test_a_step_that_was_put_in_the_place_of_the_class_is_told(watched: Told) -> None:
    assert [one["events"] for one in watched.lines("step", 8)] == ["ZFBS"] * 2


def test_a_step_that_raises_is_none_and_those_behind_it_are_told(watched: Told) -> None:
    assert [one["events"] for one in watched.lines("step", 9)] == ["ZFBSZFBS", "ZFBS"]
