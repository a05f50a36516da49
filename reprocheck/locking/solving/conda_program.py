"""A conda program on this machine, and how it is asked to solve for another: a dry run over a channel of promises.

The assumed machine is handed over twice, as conda-lock 4 does it (`virtual_package.py`, `invoke_conda.py`): as packages
of a channel behind all others, and in the `CONDA_OVERRIDE_*` variables, which keep the program from looking at the
machine that it runs on. An empty package cache makes it tell every record in full.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reprocheck.errors import UndecidedError
from reprocheck.locking.conda_specs import canonical_version
from reprocheck.locking.solving.channels import CondaChannel
from reprocheck.locking.solving.solve_jobs import SolveJob
from reprocheck.machine.child_process import run_child
from reprocheck.model.environments import CondaSpec

PROGRAMS = ("micromamba", "mamba", "conda")
_NAMED_BY = {"micromamba": "MAMBA_EXE", "mamba": "MAMBA_EXE", "conda": "CONDA_EXE"}
_OVERRIDES = ("ARCHSPEC", "CUDA", "GLIBC", "LINUX", "OSX", "WIN")
_VERSION = re.compile(r"\d+\.\d[\w.]*")
_VERSION_TIMEOUT_S = 60
_EPOCH_MS = 1_577_854_800_000  # the upload time that conda-lock gives its promises


@dataclass(frozen=True, slots=True, kw_only=True)
class CondaProgram:
    """A program that understands `create --dry-run --json`."""

    name: str
    path: str
    version: str


def find_program(environment: Mapping[str, str]) -> CondaProgram:
    """Return the first of micromamba, mamba and conda, on `PATH` or where an activated shell names it.

    Raises:
        UndecidedError: there is none, or it does not tell its version.
    """
    for name in PROGRAMS:
        path = shutil.which(name, path=environment.get("PATH", ""))
        named = environment.get(_NAMED_BY[name], "")
        if path is None and Path(named).stem == name and Path(named).is_file():
            path = named
        if path is not None:
            return CondaProgram(name=name, path=path, version=_version(name, path, environment))
    raise UndecidedError(
        "no program to solve with",
        where="--solver conda-lock",
        why="looked for `micromamba`, `mamba` and `conda` on PATH, and in `MAMBA_EXE` and `CONDA_EXE`",
        how="install one, for example micromamba, or use `--solver rattler`, which needs none",
    )


def _version(name: str, path: str, environment: Mapping[str, str]) -> str:
    outcome = run_child([path, "--version"], deadline_s=_VERSION_TIMEOUT_S, env=environment)
    found = _VERSION.search(outcome.stdout)
    if outcome.status == "ok" and found:
        return found.group()
    raise UndecidedError(
        f"`{name}` does not tell its version",
        where=path,
        why=outcome.detail or f"`{name} --version` ended with `{outcome.status}`",
        how="repair it, or use `--solver rattler`",
    )


def dry_run_command(
    program: CondaProgram, job: SolveJob, channels: Sequence[CondaChannel], folder: Path
) -> tuple[str, ...]:
    """Return the command that solves `job` without installing; `folder` is for what it wants to write."""
    sources = [*(channel.base for channel in channels), promise_channel(job, folder)]
    named = [part for source in sources for part in ("--channel", source)]
    specs = [spec_argument(spec, channels) for spec in job.specs]
    prefix = str(folder / "prefix")
    return (program.path, "create", "--prefix", prefix, "--dry-run", "--json", "--override-channels", *named, *specs)


def dry_run_environment(environment: Mapping[str, str], job: SolveJob, folder: Path) -> dict[str, str]:
    """Return the variables for a solve of `job`: its platform and machine, strict priority, an empty cache."""
    kept = {name: value for name, value in environment.items() if not name.startswith("CONDA_OVERRIDE_")}
    machine = {f"CONDA_OVERRIDE_{name}": "" for name in _OVERRIDES}
    for package in job.virtual_packages:
        told = package.build if package.name == "__archspec" else package.version
        machine[f"CONDA_OVERRIDE_{package.name.lstrip('_').upper()}"] = told
    return {
        "MAMBA_ROOT_PREFIX": str(folder / "root"),
        **kept,
        **machine,
        "CONDA_SUBDIR": job.platform,
        "CONDA_PKGS_DIRS": str(folder / "packages"),
        "CONDA_CHANNEL_PRIORITY": "strict",
        "MAMBA_CHANNEL_PRIORITY": "strict",
        "CONDA_ADD_PIP_AS_PYTHON_DEPENDENCY": "false",
        "MAMBA_ADD_PIP_AS_PYTHON_DEPENDENCY": "false",
        "CONDA_UNSATISFIABLE_HINTS_CHECK_DEPTH": "0",
    }


def spec_argument(spec: CondaSpec, channels: Sequence[CondaChannel]) -> str:
    """Return a spec as one argument: `name version build`, or `channel::name[version=…,build=…]`."""
    version = canonical_version(spec)
    if spec.channel is None:
        parts = (spec.name, version or ("*" if spec.build else None), spec.build)
        return " ".join(part for part in parts if part)
    meant = next((channel for channel in channels if channel.answers_to(spec.channel)), None)
    place = meant.base if meant and "://" in meant.name else spec.channel
    pieces = {"version": version, "build": spec.build}
    inside = ",".join(f'{key}="{value}"' for key, value in pieces.items() if value is not None)
    return f"{place}::{spec.name}[{inside}]" if inside else f"{place}::{spec.name}"


def promise_channel(job: SolveJob, folder: Path) -> str:
    """Write the assumed machine of `job` as a channel of packages, and return its URL."""
    root = folder / f"machine-{job.platform}"
    packages = {}
    for virtual in job.virtual_packages:
        packages[f"{virtual.name}-{virtual.version}-{virtual.build}.tar.bz2"] = {
            "name": virtual.name,
            "version": virtual.version,
            "build": virtual.build,
            "build_string": virtual.build,
            "build_number": 0,
            "depends": [],
            "noarch": "",
            "package_type": "virtual_system",
            "subdir": job.platform,
            "timestamp": _EPOCH_MS,
        }
    for subdir, content in ((job.platform, packages), ("noarch", {})):
        (root / subdir).mkdir(parents=True, exist_ok=True)
        text = json.dumps({"info": {"subdir": subdir}, "packages": content}, sort_keys=True)
        (root / subdir / "repodata.json").write_text(text, encoding="utf-8")
    return root.as_uri()
