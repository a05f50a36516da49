"""One change in a program that people might make, and where the record must show it: step, phase, and why.

A change replaces a line of a program in `fixtures/programs`; nothing else of it is touched, nothing helps the watch.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

PROGRAMS = Path(__file__).parent.parent / "fixtures" / "programs"


class Change(NamedTuple):
    """A planted change; `cause` is part of what the verdict must say of it, empty where it cannot know."""

    name: str
    program: str
    old: str
    new: str
    step: int
    phase: str
    cause: str = ""
    ranks: int = 1

    def source(self) -> str:
        """Return the changed program.

        Raises:
            ValueError: the line is not there exactly once, so that nothing, or too much, would be changed.
        """
        text = (PROGRAMS / self.program).read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise ValueError(f"{self.name}: {self.old!r} is there {text.count(self.old)} times")
        return text.replace(self.old, self.new)


FLIP = """            if schedule.last_epoch == 5:
                with torch.no_grad():
                    model.head.weight.view(-1).view(torch.int32)[7] ^= 1 << {bit}
            optimizer.zero_grad(set_to_none=True)
"""
ZERO_LOOP = "            optimizer.zero_grad(set_to_none=True)\n"
HOOK = "        return self.head(self.norm(self.blocks(self.tokens(x))))\n"
TRUNCATED = """        h = self.norm(self.blocks(self.tokens(x)))
        h = h.float()
        cut = (h.view(torch.int32) & ~((1 << 13) - 1)).view(torch.float32)
        return self.head(h + (cut - h).detach())
"""
DIVIDED = "bucket.buffer().div_(dist.get_world_size())"
LOW_PRECISION = """    low = bucket.buffer().div_(dist.get_world_size()).bfloat16()
    return dist.all_reduce(low.float(), async_op=True).get_future().then(lambda done: done.value()[0])
"""
REDUCED = """    tensor = bucket.buffer().div_(dist.get_world_size())
    return dist.all_reduce(tensor, async_op=True).get_future().then(lambda done: done.value()[0])
"""
NO_SYNC = """            with model.no_sync() if epoch == 0 and step == 2 else torch.enable_grad():
                loss = criterion(model(inputs), targets)
                loss.backward()
"""
SYNC = """            loss = criterion(model(inputs), targets)
            loss.backward()
"""

_AMP, _DDP, _ACC, _GAN, _COMPILED = "amp_loop.py", "ddp_resnet.py", "accumulate.py", "gan.py", "compiled.py"
CHANGES = (
    Change("another seed", _AMP, "torch.manual_seed(0)", "torch.manual_seed(1)", 0, "init", "seed"),
    Change("data not shuffled", _AMP, "shuffle=True", "shuffle=False", 0, "data", "order"),
    Change("learning rate +0.1 %", _AMP, "lr=3e-3", "lr=3.003e-3", 0, "optimizer", "learning rate"),
    Change("learning rate -0.1 %", _AMP, "lr=3e-3", "lr=2.997e-3", 0, "optimizer", "learning rate"),
    Change("learning rate +1 %", _AMP, "lr=3e-3", "lr=3.03e-3", 0, "optimizer", "learning rate"),
    Change("learning rate -1 %", _AMP, "lr=3e-3", "lr=2.97e-3", 0, "optimizer", "learning rate"),
    Change("schedule off by one", _AMP, "(step + 1) / 4", "(step + 2) / 4", 0, "optimizer", "schedule"),
    Change("weight decay", _AMP, "weight_decay=0.1", "weight_decay=0.01", 0, "optimizer", "weight_decay"),
    Change("betas", _AMP, "betas=(0.9, 0.95)", "betas=(0.9, 0.999)", 0, "optimizer", "betas"),
    Change("eps 1e-8 to 1e-6", _AMP, "eps=1e-8", "eps=1e-6", 0, "optimizer", "eps"),
    Change("dropout off", _AMP, "nn.Dropout(0.1)", "nn.Dropout(0.0)", 0, "forward", "Dropout"),
    Change("unscale left out", _AMP, "            scaler.unscale_(optimizer)\n", "", 0, "unscale", "unscale"),
    Change("zero_grad left out", _AMP, ZERO_LOOP, "", 1, "backward", "zero"),
    Change("label smoothing", _AMP, "targets.flatten())", "targets.flatten(), label_smoothing=1e-3)", 0, "forward"),
    Change(
        "layer norm eps",
        _AMP,
        "self.norm = nn.LayerNorm(WIDTH)",
        "self.norm = nn.LayerNorm(WIDTH, eps=1e-6)",
        0,
        "forward",
        "LayerNorm",
    ),
    Change("GELU by tanh", _AMP, "nn.GELU()", 'nn.GELU(approximate="tanh")', 0, "forward", "GELU"),
    Change("inputs cut as TF32 does", _AMP, HOOK, TRUNCATED, 0, "forward", "head"),
    *(
        Change(f"bit {bit} of one weight flipped", _AMP, ZERO_LOOP, FLIP.format(bit=bit), 5, "parameters")
        for bit in (3, 14, 24)
    ),
    Change("set_epoch left out", _DDP, "        sampler.set_epoch(epoch)\n", "", 4, "data", "epoch", ranks=2),
    Change("sampler not shuffled", _DDP, "shuffle=True, seed=7", "shuffle=False, seed=7", 0, "data", "order", ranks=2),
    Change("another sampler seed", _DDP, "seed=7", "seed=8", 0, "data", "order", ranks=2),
    Change("one all-reduce dropped", _DDP, SYNC, NO_SYNC, 2, "all-reduce", "synchronised", ranks=2),
    Change("sum and not mean", _DDP, DIVIDED, "bucket.buffer()", 0, "all-reduce", "sum", ranks=2),
    Change("gradients reduced in bfloat16", _DDP, REDUCED, LOW_PRECISION, 0, "all-reduce", ranks=2),
    Change(
        "stale batch-norm statistics",
        _DDP,
        "self.bn2 = nn.BatchNorm2d(width)",
        "self.bn2 = nn.BatchNorm2d(width, momentum=0.0)",
        0,
        "forward",
        "BatchNorm2d",
        ranks=2,
    ),
    Change("other buckets", _DDP, "DDP(ResNet())", "DDP(ResNet(), bucket_cap_mb=0.001)", 1, "all-reduce", "bucket", 3),
    Change("momentum", _DDP, "momentum=0.9", "momentum=0.91", 1, "optimizer", "momentum", ranks=2),
    Change(
        "resumed without the optimizer",
        _ACC,
        '    optimizer.load_state_dict(state["optimizer"])\n',
        "",
        8,
        "optimizer",
        "state",
    ),
    Change(
        "resumed without the generators", _ACC, '    torch.set_rng_state(state["rng"])\n', "", 8, "random", "random"
    ),
    Change("accumulated over another number", _ACC, "ACCUMULATE = 2", "ACCUMULATE = 1", 0, "data"),
    Change(
        "clipping left out",
        _ACC,
        "                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)\n",
        "",
        2,  # before, the norm is below the bound
        "clip",
        "clip",
    ),
    Change(
        "one of two optimizers",
        _GAN,
        "optimizer_d = torch.optim.Adam(discriminator.parameters(), lr=2e-4",
        "optimizer_d = torch.optim.Adam(discriminator.parameters(), lr=2.002e-4",
        0,
        "optimizer",
        "learning rate",
    ),
    Change(
        "the other of two",
        _GAN,
        "optimizer_g = torch.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5",
        "optimizer_g = torch.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.6",
        1,
        "optimizer",
        "betas",
    ),
    Change("compiled: label smoothing", _COMPILED, "label_smoothing=0.1", "label_smoothing=0.101", 0, "forward"),
    Change(
        "compiled: norm over other groups",
        _COMPILED,
        "nn.GroupNorm(2, 8)",
        "nn.GroupNorm(4, 8)",
        0,
        "forward",
        "GroupNorm",
    ),
)
