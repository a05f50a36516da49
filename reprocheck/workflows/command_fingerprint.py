"""The fingerprint of the Python that a command runs, taken while the command runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from reprocheck.background import Background
from reprocheck.errors import UndecidedError
from reprocheck.machine.command_python import python_of
from reprocheck.machine.interpreter import require_interpreter
from reprocheck.machine.watched_process import COMMAND_PLACE
from reprocheck.model.json_documents import Json
from reprocheck.workflows.fingerprint import collect_fingerprint


class CommandFingerprint:
    """Begins with the Python that the words name; the run itself may name another one, as behind a wrapper.

    Raises:
        InputError: the Python that is named cannot be looked into.
    """

    def __init__(self, words: Sequence[str], python: Path | None) -> None:
        self._is_given = python is not None
        self._python = python or python_of(words)
        self._begun = self._begin(self._python) if self._python else None

    def result(self, told: Path | None) -> tuple[Mapping[str, Json], Path]:
        """Return the fingerprint and its Python, that which `told` says where nobody gave one.

        Raises:
            UndecidedError: nobody knows which Python ran, or it does not answer.
        """
        if told and not self._is_given and not self._is_of_environment(told):
            self._python, self._begun = told, self._begin(told)
        if self._python is None or self._begun is None:
            raise _unknown()
        return self._begun.result(), self._python

    def _is_of_environment(self, told: Path) -> bool:
        """Say whether a Python stands in the folder of ours: `python` and `python3` do, and share their packages."""
        return self._python is not None and told.absolute().parent == self._python.absolute().parent

    def _begin(self, python: Path) -> Background[Mapping[str, Json]]:
        require_interpreter(python)
        return Background(lambda: collect_fingerprint(python))


def _unknown() -> UndecidedError:
    return UndecidedError(
        "it is not known which Python ran the command",
        where=COMMAND_PLACE,
        why="a record holds the packages of that Python",
        how="name it by `--python`",
    )
