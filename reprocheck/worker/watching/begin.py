"""Begin the watch of this process: `begin(torch, job_file)`, called once when torch has been imported."""

from __future__ import annotations

import json
import os
from typing import Any, Dict

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
from .roots import Roots
from .steps import Steps
from .wrappers import Wrappers


def begin(torch: Any, job_file: str) -> None:
    """Watch this process as the job says; see `Watch`."""
    with open(job_file, encoding="utf-8") as stream:
        job = json.load(stream)
    job["answers"] = os.path.join(os.path.dirname(os.path.abspath(job_file)), job.get("answers", "answers"))
    Watch(torch, job).install()


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
        self._wrappers.install()
        scaling.install(torch, lambda: self._steps.count, lambda optimizer: self._steps.skip(optimizer))
        Backward(guard, ledger, scaling).install(torch)
        Clipping(torch, guard, ledger).install()
        loaders.install(torch, guard, lambda batch: ledger.add_batch(digest_parts(torch, batch)))
        Optimizers(guard, ledger).install(
            torch,
            self._program.look,
            lambda *given: self._steps.before(*given),
            lambda *given: self._steps.after(*given),
        )
        at_end(self._end, self._renew)

    def _forward(self, _module: Any, args: Any, kwargs: Any) -> None:
        if not self._is_perturbed:
            self._perturb()
        if not self._torch.is_grad_enabled():
            return
        if self._ledger.random is None:
            self._ledger.random = random_state(self._torch)
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
            self._end()
            leave()

    def _join(self) -> None:
        self._steps.join(self._program, self._wrappers, lambda error: self._guard.end("outputs", error))

    def _end(self) -> None:
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
