"""Ask the Python of a prefix where packages go, before anything is written."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reprocheck.errors import InputError, UndecidedError
from reprocheck.locking.installing.prefix_files import is_inside
from reprocheck.locking.pip_part.uv_program import uv_environment
from reprocheck.machine.child_process import ChildOutcome, run_child

_DEADLINE_S = 30.0  # a Python on a cold network disk takes seconds
_QUESTION = (
    "import json, sys, sysconfig; paths = sysconfig.get_paths(); "
    "print(json.dumps({name: paths[name] for name in ('purelib', 'platlib', 'scripts')}))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefixPython:
    """The interpreter of a prefix; `site_packages` are its folders for packages, one in most cases."""

    program: Path
    site_packages: tuple[Path, ...]


def ask_python(program: Path, prefix: Path, deadline_s: float = _DEADLINE_S) -> PrefixPython:
    """Return where `program` keeps packages, all of it inside `prefix`.

    Raises:
        InputError: there is no such Python, it does not start, or it keeps packages elsewhere.
        UndecidedError: it does not answer in time.
    """
    environment = {**uv_environment(os.environ), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [str(program), "-I", "-B", "-c", _QUESTION]
    outcome = run_child(command, deadline_s=min(deadline_s, _DEADLINE_S), env=environment)
    paths = _paths(outcome, program)
    inside = os.path.realpath(prefix)
    for folder in paths.values():
        if not is_inside(inside, folder):
            raise InputError(
                "the Python of the prefix keeps its packages elsewhere",
                where=str(program),
                why=f"it would install into `{folder}`, which is outside `{prefix}`",
                how="name a prefix with a Python of its own",
            )
    folders = dict.fromkeys(Path(os.path.realpath(paths[name])) for name in ("purelib", "platlib"))
    return PrefixPython(program=program, site_packages=tuple(folders))


def _paths(outcome: ChildOutcome, program: Path) -> Mapping[str, str]:
    if outcome.status in ("timeout", "unkillable"):
        raise UndecidedError(
            "the Python of the prefix does not answer",
            where=str(program),
            why=outcome.detail,
            how="try again when the machine and its disks have less to do",
        )
    try:
        if outcome.status == "ok":
            found = json.loads(outcome.stdout)
            return {name: str(found[name]) for name in ("purelib", "platlib", "scripts")}
        said = outcome.stderr.strip().splitlines()[-1:]
        why = f"{said[0]} ({outcome.status})" if said else outcome.detail or outcome.status
    except (ValueError, KeyError, TypeError):
        why = "it does not tell where packages go, as every Python can"
    raise InputError(
        "the Python of the prefix does not start",
        where=str(program),
        why=why,
        how="lock `python` in the conda part, or create the prefix anew",
    )
