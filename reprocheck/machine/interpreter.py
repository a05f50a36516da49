"""Make sure that a path is a Python that the worker can run in, before a job is given to it."""

from __future__ import annotations

from pathlib import Path

from reprocheck.errors import InputError, UndecidedError
from reprocheck.machine.child_process import ChildOutcome, run_child

OLDEST_PYTHON = (3, 9)
DEADLINE_S = 60.0  # a cold environment on a network file system
_ASK_VERSION = "import sys; print('python', sys.version_info[0], sys.version_info[1])"


def require_interpreter(python: Path, deadline_s: float = DEADLINE_S) -> None:
    """Return when `python` is an interpreter that is new enough.

    Raises:
        InputError: it is missing, no interpreter, or older than 3.9.
        UndecidedError: it did not answer in time.
    """
    outcome = run_child([str(python), "-I", "-c", _ASK_VERSION], deadline_s=deadline_s)
    if outcome.status in ("timeout", "unkillable"):
        raise UndecidedError(
            f"`{python}` does not answer",
            where="--python",
            why=outcome.detail,
            how="start it by hand to see what it waits for",
        )
    version = _version(outcome)
    if version is None:
        raise _not_python(python, outcome)
    if version < OLDEST_PYTHON:
        raise InputError(
            f"`{python}` is too old a Python",
            where="--python",
            why="reprocheck can look into Python 3.9 and later",
            how="give the interpreter of a newer environment",
        )


def _version(outcome: ChildOutcome) -> tuple[int, int] | None:
    words = outcome.stdout.split()
    if outcome.status == "ok" and words[:1] == ["python"] and len(words) == 3 and all(map(str.isdigit, words[1:])):
        return int(words[1]), int(words[2])
    # `-I` came with Python 3.4: an interpreter that does not know it is a Python, too old a one.
    return (2, 7) if "Unknown option: -I" in outcome.stderr else None


def _not_python(python: Path, outcome: ChildOutcome) -> InputError:
    reasons = {"missing": "there is no such program", "denied": "it may not be run"}
    return InputError(
        f"`{python}` is not a Python interpreter",
        where="--python",
        why=reasons.get(outcome.status, "it did not answer as Python does"),
        how="give the path of an environment's `python`, for example `.venv/bin/python`",
        detail=outcome.stderr or outcome.stdout,
    )
