"""`audit`: the machine to audit for, from options, from a fingerprint, or this one."""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from reprocheck.errors import InputError, UsageError
from reprocheck.facts.gpu_arch import compute_capability_of, gpu_names
from reprocheck.model.json_documents import Json
from reprocheck.model.machines import Gpu, TargetMachine
from reprocheck.workflows.target_machine import machine_from_fingerprint, observed_machine

_DRIVER = re.compile(r"^\d{2,4}(\.\d{1,4}){0,2}$")


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineRequest:
    """The machine as the user names it; all empty means this machine."""

    driver: str | None = None
    gpus: tuple[str, ...] = ()
    fingerprint: Path | None = None


def find_machine(request: MachineRequest) -> TargetMachine:
    """Return the machine to audit for.

    Raises:
        UsageError: a driver version or GPU that cannot be read, or two sources at once.
        InputError: the fingerprint file is broken.
    """
    if request.fingerprint is not None:
        if request.driver or request.gpus:
            raise UsageError(
                "`--machine` beside `--driver` or `--gpu`",
                why="one of them would be ignored",
                how="give the fingerprint, or the driver and GPUs",
            )
        return _from_fingerprint(request.fingerprint)
    if request.driver or request.gpus:
        return _named(request)
    return observed_machine()


def _named(request: MachineRequest) -> TargetMachine:
    if request.driver and not _DRIVER.match(request.driver):
        raise UsageError(
            f"invalid driver version `{request.driver}`",
            where="--driver",
            why="it reads like `470.57.02` or `535`, as nvidia-smi prints it",
            how="copy it from the first line of `nvidia-smi`",
        )
    gpus = tuple(_gpu(text) for text in request.gpus)
    return TargetMachine(driver_version=request.driver, gpus=gpus, source="`--driver` and `--gpu`")


def _gpu(text: str) -> Gpu:
    capability = compute_capability_of(text)
    if capability is None:
        close = difflib.get_close_matches(text, gpu_names(), n=1, cutoff=0.5)
        raise UsageError(
            f"unknown GPU `{text}`",
            where="--gpu",
            why="it is a compute capability such as `sm_90`, or the name of an NVIDIA product",
            how=f"did you mean `{close[0]}`?" if close else "give the compute capability",
        )
    return Gpu(name=text, compute_capability=capability)


def _from_fingerprint(path: Path) -> TargetMachine:
    return machine_from_fingerprint(read_document(path), path.as_posix())


def read_document(path: Path) -> Json:
    """Return the JSON document of a fingerprint file.

    Raises:
        InputError: it cannot be read, or is no JSON.
    """
    try:
        document: Json = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(
            "cannot read the fingerprint",
            where=str(path),
            why="it should be a JSON document as `reprocheck fingerprint -o` writes it",
            how="write it anew",
        ) from error
    return document
