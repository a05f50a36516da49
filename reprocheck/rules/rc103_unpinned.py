"""python, or a package that decides the numbers, has no version bound, and there is no lock.

What it checks.
    `python` and the packages whose version changes what a training run computes: the frameworks, the array and
    linear algebra libraries, CUDA and cuDNN, and the libraries that hold model code. One finding tells them all.

Why it matters.
    Without a bound and without a lock the newest version of the day is installed. Kernels, defaults and rounding
    differ between versions, so the same file gives other numbers next month, if it still runs.

Bad.
    environment.yml:
      dependencies:
        - python
        - pytorch
        - numpy=2.1

    conda-lock.yml: absent

Good.
    dependencies:
      - python=3.12
      - pytorch=2.6
      - numpy=2.1

How to fix.
    Write the version that the work was done with, and lock: a lock pins everything, also what is not declared.

When it stays silent.
    There is a lock; another line bounds the same project; torchvision or torchaudio is pinned, each of which fits one
    release of torch; the `anaconda` metapackage is pinned; the lines are constrained by a `-c` file. RC423 and RC422
    tell a torch from PyPI whose CUDA changes. With python and the frameworks bounded, the rest is told as info, as is a
    python that is not named at all, which another file may do.

Sources.
    PyTorch documentation, "Reproducibility" (results are not guaranteed across releases), read 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reprocheck.facts.torch_companions import FIRST_LOOSE
from reprocheck.model.environments import CondaSpec, EnvironmentFile
from reprocheck.model.findings import Confidence, Finding, PackageRef, RelatedLocation, Severity
from reprocheck.rules.declarations import Declaration
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.idle_wheel_labels import idle_labels
from reprocheck.rules.relock_command import relock_command
from reprocheck.rules.rule import Family, Need, Rule
from reprocheck.rules.unpinned_torch import crossing_lines

RULE = Rule(
    code="RC103",
    name="unpinned",
    family=Family.ENVIRONMENT,
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    needs=(Need.ENVIRONMENT,),
    since="0.1.0",
)

_FRAMEWORKS = frozenset(
    {
        *("python", "pytorch", "pytorch-gpu", "pytorch-cpu", "torch", "jax", "jaxlib"),
        *("tensorflow", "tensorflow-gpu", "tensorflow-cpu"),
    }
)
_NUMERICS = frozenset(
    {
        # Arrays and linear algebra.
        *("numpy", "scipy", "mkl", "cupy", "numba", "scikit-learn", "xgboost", "py-xgboost", "lightgbm"),
        # CUDA and cuDNN.
        *("cudatoolkit", "cuda-version", "cuda-toolkit", "cudnn", "pytorch-cuda"),
        # What computes beside a framework.
        *("torchvision", "torchaudio", "triton", "xformers", "flash-attn", "deepspeed"),
        # What holds the code of models and of training loops.
        *("transformers", "diffusers", "timm", "accelerate", "pytorch-lightning", "lightning"),
        *("torch-geometric", "pytorch-geometric", "pyg"),
    }
)
_DECIDING = _FRAMEWORKS | _NUMERICS
_MOST_NAMED = 3


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for all packages without a bound."""
    environment = facts.environment
    if isinstance(environment, Unseen) or not (isinstance(facts.lock, Unseen) and facts.lock.absent):
        return
    entries = _deciding(environment)
    bounded = _bounded_projects(facts, entries)
    told_elsewhere = {id(line) for line, _ in crossing_lines(facts)}
    told_elsewhere |= {id(entry) for idle in idle_labels(facts, environment) for entry in idle.entries}
    found = [
        entry
        for entry in entries
        if id(entry) not in told_elsewhere and not _is_bounded(entry) and not _projects(facts, entry) & bounded
    ]
    found = sorted(_once(found), key=lambda entry: not _is_framework(entry))  # what makes it grave comes first
    unnamed = _python_is_unnamed(environment, entries)
    if (found or unnamed) and not _is_bounded_by_others(environment):
        yield _finding(facts, environment, found, unnamed)


def _deciding(environment: EnvironmentFile) -> list[Declaration]:
    lines = [line for line in environment.pip if line.kind == "requirement"]
    constrained = any(
        line.kind == "option" and line.text.startswith(("-c", "--constraint")) for line in environment.pip
    )
    entries: list[Declaration] = [*environment.conda, *(() if constrained else lines)]
    return [entry for entry in entries if (entry.name or "").replace("_", "-") in _DECIDING]


def _once(entries: Sequence[Declaration]) -> list[Declaration]:
    """Return the first entry of each name; RC107 tells which ones stand twice."""
    first: dict[str | None, Declaration] = {}
    for entry in entries:
        first.setdefault(entry.name, entry)
    return list(first.values())


def _bounded_projects(facts: Facts, entries: Sequence[Declaration]) -> set[str]:
    """Return the projects that one of the entries bounds; a pinned torchvision fits one release of torch."""
    bounded = {project for entry in entries if _is_bounded(entry) for project in _projects(facts, entry)}
    return bounded | {"torch"} if bounded & FIRST_LOOSE.keys() else bounded


def _projects(facts: Facts, entry: Declaration) -> set[str]:
    name = entry.name or ""
    return set(facts.names.pypi_names(name)) or {name} if isinstance(entry, CondaSpec) else {name}


def _is_framework(entry: Declaration) -> bool:
    return entry.name in _FRAMEWORKS


def _is_bounded(entry: Declaration) -> bool:
    constraint = entry.version if isinstance(entry, CondaSpec) else entry.specifier
    return bool((constraint or "").strip("=* "))


def _is_bounded_by_others(environment: EnvironmentFile) -> bool:
    """Say whether the metapackage of the Anaconda distribution is pinned, which pins all that it holds."""
    return any(_is_bounded(spec) for spec in environment.conda_named("anaconda"))


def _python_is_unnamed(environment: EnvironmentFile, entries: Sequence[Declaration]) -> bool:
    return not environment.conda_named("python") and bool(entries or environment.pip)


def _finding(facts: Facts, environment: EnvironmentFile, found: list[Declaration], unnamed: bool) -> Finding:
    names = [f"`{entry.name}`" for entry in found]
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity if any(map(_is_framework, found)) else Severity.INFO,
        confidence=RULE.confidence,
        message=_message(names, unnamed),
        location=found[0].location if found else environment.start,
        related=tuple(
            RelatedLocation(location=entry.location, message=f"{name} has none either")
            for entry, name in zip(found[1:], names[1:], strict=True)
        ),
        packages=tuple(
            PackageRef(manager="conda" if isinstance(entry, CondaSpec) else "pip", name=entry.name or "")
            for entry in found
        ),
        evidence=("without a lock the newest version of the day is installed",),
        fix=f"write the version that the work was done with, and run `{relock_command(facts)}`",
    )


def _message(names: list[str], unnamed: bool) -> str:
    shown, more = names[:_MOST_NAMED], len(names) - _MOST_NAMED
    listed = ", ".join(shown) + (f" and {more} more" if more > 0 else "")
    have = "has" if len(names) == 1 else "have"
    parts = [f"{listed} {have} no version bound"] if names else []
    return " and ".join([*parts, *(["`python` is not named"] if unnamed else [])]) + ", and there is no lock"
