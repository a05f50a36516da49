"""Empty wheels that stand for what conda provides, one a project, and the constraints that bind a resolver to them.

A constraint by address makes uv take the wheel wherever a package asks for the project, whatever the indexes have, and
never follow its requirements: the wheel names none, because conda has met them. Without this, conda's `pytorch` would
bring a second CUDA stack from the index (conda/conda-lock#914). An index of such wheels would do the same, but uv would
also take them to build source archives with, and an empty `setuptools` builds nothing.
Source: PEP 427 (wheels), PEP 508 (direct references); tried on uv 0.13.9.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from reprocheck.locking.pip_part.provided_projects import ProvidedProject

STUBS = "provided-by-conda"  # the folder of the wheels, by which their paths are known in what uv says

_THE_FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say: the same bytes whenever they are written
_WHEEL = "Wheel-Version: 1.0\nGenerator: reprocheck\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def write_stubs(folder: Path, projects: Iterable[ProvidedProject]) -> tuple[str, ...]:
    """Write the wheels into a new folder in `folder` and return the constraints, one line a project."""
    stubs = folder / STUBS
    stubs.mkdir(parents=True)
    return tuple(f"{project.name} @ {_write_stub(stubs, project).as_uri()}" for project in projects)


def _write_stub(folder: Path, project: ProvidedProject) -> Path:
    stem = f"{project.name.replace('-', '_')}-{project.version}"
    path = folder.resolve() / f"{stem}-py3-none-any.whl"
    metadata = f"Metadata-Version: 2.1\nName: {project.name}\nVersion: {project.version}\n"
    names = [f"{stem}.dist-info/{name}" for name in ("METADATA", "WHEEL", "RECORD")]
    record = "".join(f"{name},,\n" for name in names)
    path.write_bytes(_zipped(dict(zip(names, (metadata, _WHEEL, record), strict=True))))
    return path


def _zipped(members: Mapping[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, text in members.items():
            archive.writestr(zipfile.ZipInfo(name, _THE_FIRST_DAY), text)
    return buffer.getvalue()
