"""Causes that lie with what torch was told: device, threads, determinism, switches; and a run that ended early."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from reprocheck.model.json_documents import Json
from reprocheck.model.verdicts import Cause
from reprocheck.numerics.cause_reach import switch_reaches
from reprocheck.numerics.numeric_candidates import candidates_between
from reprocheck.numerics.watched_case import NOT_THERE, Case, Opinion, evidence

# Key of `Run.in_force` -> what another value means, and how to get the recorded one.
_IN_FORCE: Final = {
    "deterministic_algorithms": ("deterministic algorithms are set otherwise", "`torch.use_deterministic_algorithms`"),
    "cudnn_benchmark": ("cuDNN chooses its kernels otherwise", "`torch.backends.cudnn.benchmark`"),
    "compiled": ("the model is compiled on one side only", "`torch.compile`"),
}
# The switches that say again what these keys say.
_TOLD_IN_FORCE: Final = {
    "threads": "threads",
    "deterministic-algorithms": "deterministic_algorithms",
    "cudnn-benchmark": "cudnn_benchmark",
}
_ON_GPU = ("cuda", "xpu", "mps")


def other_in_force(case: Case) -> Opinion:
    """Look for determinism, cuDNN and compilation that are set otherwise."""
    there, here = case.recorded.in_force, case.observed.in_force
    keys = [key for key in _IN_FORCE if key in there and key in here and there[key] != here[key]]
    if not keys:
        return None
    return Cause(
        what="; ".join(_IN_FORCE[key][0] for key in keys),
        evidence=evidence((key, str(there[key]), str(here[key])) for key in keys),
        fix=f"set {', '.join(_IN_FORCE[key][1] for key in keys)} as in the recorded run",
    )


def other_autocast(case: Case) -> Opinion:
    """Look for a forward pass under autocast to another format, or on one side only."""
    shown = case.other_settings(lambda name: name == "autocast")
    if not shown or any(NOT_THERE in one for one in shown):
        return None
    return Cause(
        what="autocast computes in another format",
        evidence=evidence(shown),
        fix="enter `torch.autocast` around the forward pass with the recorded `dtype` and `enabled`",
    )


def other_switches(case: Case) -> Opinion:
    """Look for numeric switches of the program that differ and can touch the phase."""
    told = [_document(program.switches) for program in case.programs]
    if not all(told):
        return None
    on_gpu = any(
        str(run.in_force.get("device", NOT_THERE)).startswith(_ON_GPU) for run in (case.recorded, case.observed)
    )
    found = [one for one in candidates_between(*told) if one.kind == "switch"]
    reaching = [one for one in found if switch_reaches(one.cause, case.found.phase, on_gpu=on_gpu)]
    shown = [one for one in reaching if not _is_told_in_force(case, one.cause)]
    if reaching and not shown:
        return None
    if not shown:
        idle = f" that can touch this phase ({', '.join(one.cause for one in found)} cannot)" if found else ""
        return f"no numeric switch differs{idle}"
    return Cause(
        what="other numeric switches in the program",
        evidence=evidence((one.cause, one.old, one.new) for one in shown),
        fix=f"set {', '.join(one.cause for one in shown)} as in the recorded run; "
        "`reprocheck audit --switches` says how",
    )


def ended_early(case: Case) -> Opinion:
    """Look for a run that made fewer or more steps than recorded and was equal until then."""
    left, right = len(case.recorded.steps), len(case.observed.steps)
    if left == right:
        return None
    crashed = right < left and not case.programs[1].complete
    cut = left < right and not case.programs[0].complete
    if crashed or cut:
        where = "the rerun" if crashed else "the recorded run"
        return Cause(
            what=f"{where} did not come to its end",
            evidence=(f"it ended after {min(left, right)} of {max(left, right)} steps",),
            fix="see what it printed; then verify again" if crashed else "record a run that comes to its end",
        )
    return Cause(
        what="the run is of another length; all common steps are equal",
        evidence=evidence([("optimizer steps", str(left), str(right))]),
        fix="train for the recorded number of epochs, on a data set and with a batch size of the recorded size",
    )


def _is_told_in_force(case: Case, switch: str) -> bool:
    """Say whether what was in force differs in the same way, which is a cause of its own."""
    key = _TOLD_IN_FORCE.get(switch, "")
    there, here = case.recorded.in_force, case.observed.in_force
    return key in there and key in here and there[key] != here[key]


def _document(switches: Mapping[str, object]) -> Mapping[str, Json]:
    """Return the switches of a program where a fingerprint has its own."""
    return {"runtime": {"switches": switches}} if switches else {}  # type: ignore[dict-item]  # as told in JSON
