"""One switch put to one value, and how a process is started under it: by environment variables, or set inside."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from reprocheck.facts.switches import all_switches, environment_of_switch
from reprocheck.model.json_documents import Json

# What is set in the process, once torch is loaded (`worker/switches/applied.py`).
IN_PROCESS = frozenset(
    {
        *("flush-denormal", "deterministic-algorithms", "mkldnn-enabled", "mkldnn-deterministic", "nnpack-enabled"),
        *("mha-fastpath", "float32-matmul-precision", "fp32-precision", "fp32-precision-mkldnn"),
        *(f"fp32-precision-mkldnn-{operation}" for operation in ("matmul", "conv", "rnn")),
        *(
            "fp32-precision-cudnn",
            "fp32-precision-cuda-matmul",
            "fp32-precision-cudnn-conv",
            "fp32-precision-cudnn-rnn",
        ),
        *("allow-tf32-cuda-matmul", "allow-tf32-cudnn", "cudnn-enabled", "cudnn-benchmark", "cudnn-deterministic"),
        *("fp16-reduced-precision-reduction", "bf16-reduced-precision-reduction", "fp16-accumulation"),
        *("math-sdpa-in-half-precision", "sdpa-flash", "sdpa-memory-efficient", "sdpa-math", "sdpa-cudnn"),
    }
)
# What fingerprints say where nobody decided.
LEFT_TO_CHANCE = frozenset({"unset", "OFF"})


class Setting(NamedTuple):
    """A switch by its id and the value that it gets; None leaves it to chance, whatever our own environment says."""

    switch: str
    value: str | int | bool | None

    def __str__(self) -> str:
        if self.value is None:
            return f"{self.switch}=default"
        shown = {True: "on", False: "off"}[self.value] if isinstance(self.value, bool) else str(self.value)
        return f"{self.switch}={shown}"


def setting_from(switch: str, recorded: Json) -> Setting | None:
    """Return the setting that makes a value that a fingerprint recorded; None where it cannot be set from outside."""
    if recorded is not None and not isinstance(recorded, str | int):
        return None
    if is_variable(switch):
        words = ("TRUE" if recorded else "FALSE") if isinstance(recorded, bool) else recorded
        return Setting(switch, None if words in LEFT_TO_CHANCE else words)
    return Setting(switch, recorded) if switch in IN_PROCESS and recorded is not None else None


def is_variable(switch: str) -> bool:
    """Whether environment variables put a switch to any value; libraries read them once, when they are loaded."""
    known = all_switches().get(switch)
    return known is not None and any("{value}" in variable for variable in known.variables)


def environment_of(settings: Iterable[Setting]) -> dict[str, str]:
    """Return the environment variables of those settings that are variables; an empty one counts as not set."""
    found: dict[str, str] = {}
    for setting in settings:
        if is_variable(setting.switch):
            found.update(environment_of_switch(setting.switch, "" if setting.value is None else str(setting.value)))
    return found


def applied_of(settings: Iterable[Setting]) -> dict[str, Json]:
    """Return the settings that are made inside the process, by id."""
    return {setting.switch: setting.value for setting in settings if not is_variable(setting.switch)}


def words_of(settings: Iterable[Setting]) -> str:
    """Return settings for people: `threads=4 and mkl-cbwr=AVX2`."""
    return " and ".join(map(str, settings))
