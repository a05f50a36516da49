"""Fingerprint this machine and the audited Python: join what the host, the driver and the worker tell.

The document names no time, host, user, path or serial number, so that the same environment gives the same bytes.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import reprocheck
from reprocheck.errors import UndecidedError
from reprocheck.machine.accelerators import asked_accelerators
from reprocheck.machine.host import read_host
from reprocheck.machine.interpreter import require_interpreter
from reprocheck.machine.worker_process import WorkerOptions, run_job
from reprocheck.model.fingerprints import (
    FINGERPRINT_SCHEMA,
    collected,
    one_line,
    package_url,
    unread,
    unread_status,
    value_at,
    withheld_pointers,
)
from reprocheck.model.json_documents import Json

DEADLINE_S = 180.0  # loading a large torch from a cold network file system takes a minute


def collect_fingerprint(python: Path | None = None) -> Mapping[str, Json]:
    """Return the fingerprint document of this machine and of `python`, by default the running interpreter.

    Raises:
        InputError: `python` is not a Python interpreter, or older than 3.9.
        UndecidedError: it did not answer in time, or crashed before torch was loaded.
    """
    interpreter = python or Path(sys.executable)
    require_interpreter(interpreter)
    with asked_accelerators() as answer:
        parts, host = _described(interpreter), read_host()
        accelerators = answer()
    document: dict[str, Json] = {
        "schema": FINGERPRINT_SCHEMA,
        "tool": {"name": "reprocheck", "version": reprocheck.__version__},
        "collection": _collection(accelerators.collection, host, parts),
        "host": host,
        "accelerators": accelerators.accelerators,
        "driver": accelerators.driver,
        "software": _software(parts),
        "runtime": _runtime(parts),
    }
    return {**document, "privacy": {"profile": "standard", "withheld": list(withheld_pointers(document))}}


def _described(python: Path) -> dict[str, Json]:
    """Return the parts that the worker tells; a torch that crashes when it is loaded costs its own parts only."""
    try:
        return _parts(python, {"job": "describe"})
    except UndecidedError as error:
        parts = _parts(python, {"job": "describe", "torch": False})
        failure = unread("error", one_line(f"loading torch: {error.what}"))
        return {**parts, **dict.fromkeys(("torch", "settings", "switches"), failure)}


def _parts(python: Path, job: Mapping[str, Json]) -> dict[str, Json]:
    lines = run_job(python, job, WorkerOptions(switches={}, deadline_s=DEADLINE_S))
    return {str(line["part"]): line["value"] for line in lines}


def _collection(
    drivers: Sequence[Mapping[str, Json]], host: Mapping[str, Json], parts: Mapping[str, Json]
) -> list[Mapping[str, Json]]:
    """Return every source with its status, sorted by name."""
    found = [
        collected("cpu", value_at(host, "cpu", "model")),
        collected("memory", host["memoryBytes"]),
        collected("python", parts["python"]),
        collected("python-packages", value_at(parts, "packages", "sources", "python-metadata")),
        collected("conda-packages", value_at(parts, "packages", "sources", "conda-meta")),
        collected("torch", parts["torch"]),
    ]
    return sorted([*drivers, *found], key=lambda entry: str(entry["source"]))


def _software(parts: Mapping[str, Json]) -> Mapping[str, Json]:
    packages = value_at(parts, "packages", "packages")
    listed = [item for item in packages if isinstance(item, Mapping)] if isinstance(packages, Sequence) else []
    return {
        "python": parts["python"],
        "torch": parts["torch"],
        "managers": sorted({str(package["manager"]) for package in listed}),
        "packages": [{**package, "purl": package_url(package)} for package in listed],
    }


def _runtime(parts: Mapping[str, Json]) -> Mapping[str, Json]:
    settings = parts["settings"]
    if not isinstance(settings, Mapping) or unread_status(settings):
        return {"flags": settings, "threads": settings, "switches": settings, "env": parts["environment"]}
    flags = {group: value for group, value in settings.items() if group != "threads"}
    threads, switches = settings["threads"], parts["switches"]
    return {"flags": flags, "threads": threads, "switches": switches, "env": parts["environment"]}
