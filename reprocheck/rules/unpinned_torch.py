"""pip lines that take whatever torch PyPI holds that day, and the wheel indexes that stand beside them.

Source: table torch_wheels.yaml; pip, "--extra-index-url" (all indexes count alike, the highest version wins, and of
equal versions the one with a label such as `+cu118`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

from reprocheck.facts.cuda_versions import Numbers, dotted, numbers
from reprocheck.facts.tables import optional_text, rows_of, text
from reprocheck.facts.torch_companions import FIRST_LOOSE, pairs_of
from reprocheck.model.conda_versions import constraint_admits
from reprocheck.model.environments import EnvironmentFile, PipRequirement
from reprocheck.rules.declarations import conda_providers, platforms_of
from reprocheck.rules.facts import Facts, Unseen

# PyPI has no torch newer than 2.8 for older Pythons, and never will: there the newest release no longer changes.
# Source: PyTorch RELEASE.md, "Release Compatibility Matrix"; METADATA of the wheels.
PYTHONS: Final = ("3.10", "3.11", "3.12", "3.13", "3.14", "3.15")

_WITH_CUDA = ("linux-64", "linux-aarch64")
_LATE = "9999"


class WheelIndex(NamedTuple):
    """An index of torch wheels that a pip option names: `cu118`, `cpu`, `rocm5.2`.

    `alone` where PyPI is not asked; `nightly` where it holds pre-releases only.
    """

    flavour: str
    alone: bool
    nightly: bool
    option: PipRequirement


class Series(NamedTuple):
    """Consecutive torch releases whose unlabelled wheel on PyPI carries one CUDA."""

    first: str
    last: str
    cuda: Numbers


def crossing_lines(facts: Facts) -> tuple[tuple[PipRequirement, tuple[Series, ...]], ...]:
    """Return the pip lines that leave the CUDA major to the day, each with the series of releases that fit it.

    None where there is a lock, and none where an index of wheels is named.
    """
    environment = facts.environment
    if isinstance(environment, Unseen) or not (isinstance(facts.lock, Unseen) and facts.lock.absent):
        return ()
    if not any(line.name == "torch" for line in environment.pip) or next(wheel_indexes(environment), None):
        return ()
    lines = ((line, _fitting(line)) for line in rising_torch(facts, environment))
    return tuple((line, series) for line, series in lines if len({one.cuda[0] for one in series}) > 1)


def _fitting(line: PipRequirement) -> tuple[Series, ...]:
    return tuple(series for series in pypi_series() if admits(line, series.first) or admits(line, series.last))


def rising_torch(facts: Facts, environment: EnvironmentFile) -> tuple[PipRequirement, ...]:
    """Return the pip lines that take the newest torch of the day, on a platform where PyPI's wheel carries CUDA.

    None where conda brings torch, so that pip finds it there, where a companion fits older releases only, where the
    Python is too old for new ones, and where the file is for macOS.
    """
    lines = tuple(
        line
        for line in environment.pip
        if _takes_the_newest(line, environment) and not _tied_by_companion(line, environment)
    )
    if (
        not lines
        or _is_for_macos(environment)
        or conda_providers(environment, "torch", facts.names)
        or any(map(environment.conda_named, FIRST_LOOSE))  # conda's torchvision needs conda's torch
        or not _has_new_python(environment)
    ):
        return ()
    named = frozenset(facts.platforms or (platform.name for platform in environment.platforms))
    return lines if not named or named & set(_WITH_CUDA) else ()


def _is_for_macos(environment: EnvironmentFile) -> bool:
    """Say whether the name of the file tells that it is for macOS, as that of `env_mac.yml` does."""
    name = environment.path.rpartition("/")[2].lower()
    return re.search(r"(?:^|[-_.])(?:mac|macos|osx|darwin)(?:[-_.\d]|$)", name) is not None


def _takes_the_newest(line: PipRequirement, environment: EnvironmentFile) -> bool:
    if line.name != "torch" or line.kind != "requirement" or not platforms_of(line, environment) & set(_WITH_CUDA):
        return False
    return admits(line, newest_release())


def _tied_by_companion(line: PipRequirement, environment: EnvironmentFile) -> bool:
    """Say whether a torchvision or torchaudio beside a torch fits older releases of it only: pip takes one of those."""
    where = platforms_of(line, environment) & set(_WITH_CUDA)
    return any(
        other.kind == "requirement" and where <= platforms_of(other, environment) and _fits_one_torch(other)
        for other in environment.pip
        if other.name in FIRST_LOOSE
    )


def _fits_one_torch(companion: PipRequirement) -> bool:
    """Say whether a line takes releases alone that ask for one torch each, and takes one that is known."""
    constraint = re.sub(r"\+[\w.]+", "", companion.specifier)  # a label asks for no other torch
    name = companion.name or ""
    loose = any(constraint_admits(constraint, version) is not False for version in (FIRST_LOOSE[name], _LATE))
    return not loose and any(constraint_admits(constraint, dotted(release)) for _, release in pairs_of(name))


def admits(line: PipRequirement, version: str) -> bool:
    """Say whether a pip line may be met by a version; specifiers that are not plain admit nothing."""
    specifier = line.specifier
    return not specifier or (specifier[0] in "<>=!~" and constraint_admits(specifier, version) is True)


def _has_new_python(environment: EnvironmentFile) -> bool:
    constraints = [spec.version for spec in environment.conda_named("python") if spec.version]
    return all(any(constraint_admits(one, python) is not False for python in PYTHONS) for one in constraints)


def newest_release() -> str:
    """Return the newest torch release of the table."""
    return max((text(row, "torch") for row in rows_of("torch_wheels", "releases")), key=numbers)


@cache
def pypi_series() -> tuple[Series, ...]:
    """Return the torch releases in order, those together that carry the same CUDA on PyPI."""
    found: list[Series] = []
    for row in sorted(rows_of("torch_wheels", "releases"), key=lambda row: numbers(text(row, "torch"))):
        cuda = optional_text(row, "pypi_default_cuda")
        if cuda is None or text(row, "confidence") == "low":
            continue
        release = text(row, "torch")
        if found and found[-1].cuda == numbers(cuda):
            found[-1] = found[-1]._replace(last=release)
        else:
            found.append(Series(first=release, last=release, cuda=numbers(cuda)))
    return tuple(found)


def series_text(series: Series) -> str:
    """Return a series in words: `torch 2.8 to 2.10 on PyPI carries CUDA 12.8`."""
    first, last = (".".join(release.split(".")[:2]) for release in (series.first, series.last))
    releases = first if first == last else f"{first} to {last}"
    return f"torch {releases} on PyPI carries CUDA {dotted(series.cuda)}"


def wheel_indexes(environment: EnvironmentFile) -> Iterator[WheelIndex]:
    """Yield the indexes of torch wheels that option lines of the pip section name."""
    for line in environment.pip:
        if line.kind != "option" or "://" not in line.text:
            continue
        found = re.search(r"/whl/(?P<kind>\w+/)?(?P<flavour>cu\d{2,3}|cpu|rocm[\d.]+|xpu)\b", line.text)
        if found:
            alone = re.match(r"(?:-i|--index-url|--pypi-url)\b", line.text) is not None
            yield WheelIndex(found["flavour"], alone, found["kind"] == "nightly/", line)
