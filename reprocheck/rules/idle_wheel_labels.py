"""Labels and indexes of wheels that should choose the CUDA of torch and choose nothing.

Sources: PEP 440 "Local version identifiers" (a public index takes no labels); pip, "--extra-index-url" (all indexes
count alike, the highest version wins); table torch_wheels.yaml.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reprocheck.facts.cuda_versions import dotted, from_digits, numbers
from reprocheck.facts.tables import rows_of, text
from reprocheck.model.environments import EnvironmentFile, PipRequirement
from reprocheck.model.locks import Lock
from reprocheck.rules.cuda_matrix import labels_that_do_not_exist
from reprocheck.rules.declarations import Declaration, written
from reprocheck.rules.facts import Facts
from reprocheck.rules.idle_selectors import Idle
from reprocheck.rules.unpinned_torch import WheelIndex, newest_release, pypi_series, rising_torch, wheel_indexes

_MOST_NAMED = 3


def idle_labels(facts: Facts, environment: EnvironmentFile) -> Iterator[Idle]:
    """Yield labelled pins that nothing serves, and indexes that lose against PyPI; none where a lock has settled it."""
    if isinstance(facts.lock, Lock):
        return
    labelled = [line for line in environment.pip if line.kind == "requirement" and "+" in line.specifier]
    if labelled:
        yield from _unserved(environment, labelled)
    if any(line.name == "torch" for line in environment.pip):
        yield from _outrun(facts, environment)


def _unserved(environment: EnvironmentFile, lines: list[PipRequirement]) -> Iterator[Idle]:
    """Yield the pins of labelled builds in a file that names no index at all, or torch's for another CUDA only."""
    if environment.pip_repositories or any(name.startswith(("PIP_", "UV_")) for name in environment.variables):
        return
    indexes = tuple(wheel_indexes(environment))
    if len(indexes) != sum(line.kind == "option" for line in environment.pip):
        return
    served = {index.flavour for index in indexes}
    nowhere = {id(objection.entry) for objection in labels_that_do_not_exist(lines)}  # no index would help: RC414
    found = [
        (line, label) for line in lines if (label := _label(line)) and label not in served and id(line) not in nowhere
    ]
    if not found:
        return
    names = [f"`{written(line)}`" for line, _ in found[:_MOST_NAMED]]
    more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
    label = found[0][1]
    where = f"the index named here serves {', '.join(sorted(served))}" if served else "no index is named here"
    yield Idle(
        tuple(line for line, _ in found),
        f"nothing serves {', '.join(names)}{more}: PyPI takes no labelled builds, and {where}",
        "an exported file loses the index that its pip lines came from",
        f"name the index that serves `+{label}` with `--extra-index-url`, in a line of its own above these",
    )


def _label(line: PipRequirement) -> str | None:
    """Return the CUDA, ROCm or CPU of a label: `cu116` of `==2.1.0+pt112cu116`."""
    found = re.search(r"={2,3}\s*[\w.!]+\+(?:pt\d+)?(?P<label>cu\d{2,3}|cpu|rocm[\d.]+)\b", line.specifier)
    return found["label"] if found else None


def _outrun(facts: Facts, environment: EnvironmentFile) -> Iterator[Idle]:
    """Yield an index for one CUDA that only adds to PyPI, which has a newer torch, so that PyPI's wins."""
    if any(re.search(r"(?:^|\s)--pre\b", line.text) for line in environment.pip if line.kind == "option"):
        return
    index = next((one for one in wheel_indexes(environment) if not one.alone and _is_outrun(one)), None)
    lines = rising_torch(facts, environment) if index else ()
    if index is None or not lines:
        return
    entries: tuple[Declaration, ...] = (lines[0], index.option)
    yield Idle(
        entries,
        f"`{written(lines[0])}` may come from PyPI, with CUDA {dotted(pypi_series()[-1].cuda)}, although an index for"
        f" {index.flavour} is named",
        f"{_why_outrun(index)}, and pip takes the highest version of all indexes",
        f"pin a build of that index with its label, `+{index.flavour}`, or name it with `--index-url` instead",
    )


def _is_outrun(index: WheelIndex) -> bool:
    """Say whether PyPI has a newer torch than an index; those for CPU and XPU get every release."""
    last = _last_release(index)
    if index.nightly or index.flavour.startswith("rocm"):
        return True
    return last is not None and numbers(last) < numbers(newest_release())


def _why_outrun(index: WheelIndex) -> str:
    last = _last_release(index)
    if index.nightly:
        return f"nightly builds are pre-releases, which count with `--pre` only, PyPI has {newest_release()}"
    has = f"ends with torch {last}" if last else "holds some releases only"
    return f"that index {has}, PyPI has {newest_release()}"


def _last_release(index: WheelIndex) -> str | None:
    """Return the last torch that was built for the CUDA of an index, None for other indexes and for unknown CUDA."""
    if not index.flavour.startswith("cu"):
        return None
    cuda = dotted(from_digits(index.flavour.removeprefix("cu")))
    rows = (row for row in rows_of("torch_wheels", "releases") if cuda in row["cuda_builds"])
    return max((text(row, "torch") for row in rows), key=numbers, default=None)
