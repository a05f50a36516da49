"""One switch put to one value, and how a process is started under it: by environment variables, or set inside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from reprocheck.model.json_documents import Json

# Read once when a library is loaded, so that only a new process sees them.
VARIABLES = {
    "threads": "OMP_NUM_THREADS",
    "omp-num-threads": "OMP_NUM_THREADS",
    "mkl-num-threads": "MKL_NUM_THREADS",
    "mkl-dynamic": "MKL_DYNAMIC",
    "aten-cpu-capability": "ATEN_CPU_CAPABILITY",
    "mkl-cbwr": "MKL_CBWR",
    "mkl-enable-instructions": "MKL_ENABLE_INSTRUCTIONS",
    "onednn-max-cpu-isa": "ONEDNN_MAX_CPU_ISA",
    "onednn-fpmath": "ONEDNN_DEFAULT_FPMATH_MODE",
    "glibc-hwcaps": "GLIBC_TUNABLES",
}


class Setting(NamedTuple):
    """A switch by its id and the value that it gets; None leaves it to chance, whatever our own environment says."""

    switch: str
    value: str | int | bool | None

    def __str__(self) -> str:
        shown = {True: "on", False: "off", None: "default"}
        return f"{self.switch}={shown.get(self.value, self.value) if not _is_number(self.value) else self.value}"


def environment_of(settings: Iterable[Setting]) -> dict[str, str]:
    """Return the environment variables of those settings that are variables."""
    found: dict[str, str] = {}
    for setting in settings:
        if setting.switch == "threads":
            found.update(_threads(setting.value))
        elif setting.switch in VARIABLES:
            found[VARIABLES[setting.switch]] = "" if setting.value is None else str(setting.value)
    return found


def applied_of(settings: Iterable[Setting]) -> dict[str, Json]:
    """Return the settings that are made inside the process, by id."""
    return {
        setting.switch: setting.value
        for setting in settings
        if setting.switch not in VARIABLES and setting.value is not None
    }


def words_of(settings: Iterable[Setting]) -> str:
    """Return settings for people: `threads=4 and mkl-cbwr=AVX2`."""
    return " and ".join(map(str, settings))


def _threads(value: Json) -> Mapping[str, str]:
    # MKL's own count overrides OpenMP's, and MKL_DYNAMIC caps it at the number of cores.
    if value is None:
        return {"MKL_DYNAMIC": ""}
    return {"OMP_NUM_THREADS": str(value), "MKL_NUM_THREADS": str(value), "MKL_DYNAMIC": "FALSE"}


def _is_number(value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
