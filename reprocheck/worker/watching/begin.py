"""Begin the watch of this process: `begin(torch, job_file)`, called once when torch has been imported."""

from __future__ import annotations

import gc
import json
import os
from typing import Any, Dict, List

from ..readings import describe_error
from . import loaders
from .backward_passes import Backward
from .batches import digest_parts
from .clipping import Clipping
from .generators import random_state
from .guard import Guard
from .known_program import KnownProgram
from .ledger import Ledger
from .line_file import LineFile
from .loss_scaling import Scaling
from .optimizers import Optimizers
from .precision_twin import switch_off_mixed_precision
from .process_end import at_end, leave
from .program_settings import autocast_setting
from .roots import Roots
from .steps import Steps
from .wrappers import Wrappers


def begin(torch: Any, job_file: str) -> None:
    """Watch this process as the job says; see `Watch`."""
    with open(job_file, encoding="utf-8") as stream:
        job = json.load(stream)
    job["answers"] = os.path.join(os.path.dirname(os.path.abspath(job_file)), job.get("answers", "answers"))
    watch = Watch(torch, job)
    watch.install()
    WATCHES.append(watch)


WATCHES: List["Watch"] = []  # of this process: one, or none


class Watch:
    """All that watches a process: hooks that write a ledger, and steps that tell it."""

    def __init__(self, torch: Any, job: Dict[str, Any]) -> None:
        self._torch = torch
        self._job = job
        self._guard = Guard(torch, self._tell_fault)
        self._ledger = Ledger()
        self._roots = Roots(self._guard, self._forward)
        self._is_perturbed = not job.get("perturb")
        self._begin_lines()

    def _begin_lines(self) -> None:
        self._lines = LineFile(self._torch, self._job["answers"])
        self._steps = Steps(self._torch, self._job, self._lines, self._ledger, self._step_done)

    def install(self) -> None:
        """Put all hooks in their places."""
        torch, guard, ledger = self._torch, self._guard, self._ledger
        self._program = KnownProgram(torch, self._roots)
        self._wrappers = Wrappers(torch, guard, self._roots)
        self._join()
        if self._job.get("twin"):
            switch_off_mixed_precision(torch)
        scaling = Scaling(guard, ledger)
        scaling.install(torch, lambda: self._steps.count, lambda optimizer: self._steps.skip(optimizer))
        Backward(guard, ledger, scaling).install(torch)
        Clipping(torch, guard, ledger).install()
        loaders.install(
            torch, guard, lambda batch: ledger.add_batch(digest_parts(torch, batch)), ledger.settings.update
        )
        optimizers = Optimizers(guard, ledger)
        self._wrappers.install(lambda: optimizers.stay_out_of_graphs(torch))
        optimizers.install(
            torch,
            self._program.take,
            lambda *given: self._steps.before(*given),
            lambda *given: self._steps.after(*given),
        )
        at_end(self.end, self._renew)

    def _forward(self, args: Any, kwargs: Any, with_gradients: bool) -> None:
        if not self._is_perturbed:
            self._perturb()
        if not with_gradients:
            return  # an evaluation: it trains nothing
        if self._ledger.random is None:
            self._ledger.random = random_state(self._torch)
        self._ledger.settings.update(autocast_setting(self._torch))
        self._ledger.note("F")
        self._ledger.add_batch(digest_parts(self._torch, [list(args), kwargs]))
        self._steps.begin_forward(self._roots.modules())

    def _perturb(self) -> None:
        from ..perturbation import perturb

        self._is_perturbed = True
        perturb(self._torch, self._program.all_named(), self._job["perturb"])

    def _step_done(self, step: int) -> None:
        if not self._is_perturbed:
            raise RuntimeError("no forward pass was seen before which the weights could be moved")
        until = self._job.get("until")
        if until is not None and step >= until:
            self.end()
            leave()

    def _join(self) -> None:
        self._steps.join(self._program, self._wrappers, lambda error: self._guard.end("outputs", error))

    def look_around(self) -> None:
        """Find what the program made before the watch began: its optimizers, and whether a model is compiled."""
        base = self._torch.optim.Optimizer
        for optimizer in [one for one in gc.get_objects() if issubclass(type(one), base)]:
            self._guard.hold("optimizers", self._program.take, optimizer)
        modules = [module for root in self._roots.modules() for module in root.modules()]
        self._wrappers.has_compiled |= any(map(_is_compiled, modules))

    def restart(self) -> None:
        """Forget the steps told so far: a block of the program begins that alone is to be recorded."""
        self._ledger.begin_next()
        if self._lines.is_begun and self._guard.is_on:
            self._guard.hold("restart", lambda: self._lines.put({"kind": "restart"}))
            self._steps = Steps(self._torch, self._job, self._lines, self._ledger, self._step_done)
            self._join()

    def end(self) -> None:
        """Tell the end, once, in the process that told the steps."""
        if self._lines.is_begun and self._guard.is_on and self._lines.pid == os.getpid():
            self._guard.hold("end", lambda: self._lines.put({"kind": "end", "steps": self._steps.count}))
            self._guard.is_on = False

    def _renew(self) -> None:
        """Begin anew in a copy of this process: it writes only if it makes steps of its own."""
        self._ledger.begin_next()
        self._begin_lines()
        self._join()

    def _tell_fault(self, where: str, error: BaseException) -> None:
        self._lines.tell_fault(where, describe_error(error))


def _is_compiled(module: Any) -> bool:
    return type(module).__name__ == "OptimizedModule" or getattr(module, "_compiled_call_impl", None) is not None
