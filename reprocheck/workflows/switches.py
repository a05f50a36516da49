"""`audit --switches` and `--machine`: which switches are in force, as a Python tells or a fingerprint told."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from reprocheck.model.numeric_switches import SwitchesInForce, switches_of
from reprocheck.rules.facts import Unseen
from reprocheck.workflows.audit import read_document
from reprocheck.workflows.environment_python import python_in


def switches_in_force(root: Path | None) -> SwitchesInForce | Unseen:
    """Ask the Python of the environment in `root`, by default the running one, which switches are in force.

    Raises:
        InputError: there is no Python in `root`, or one that is older than 3.9.
        UndecidedError: it did not answer in time, or crashed before torch was loaded.
    """
    # Imported where it is needed: it brings along what reads hardware.
    from reprocheck.workflows.fingerprint import collect_fingerprint

    python = Path(sys.executable) if root is None else python_in(root)
    source = "this Python" if root is None else f"the Python of `{root.as_posix()}`"
    told = switches_of(collect_fingerprint(python), source)
    return Unseen(reason=told) if isinstance(told, str) else told


def switches_of_machine(path: Path) -> SwitchesInForce | Unseen:
    """Return the switches that the fingerprint of a machine tells; those of an older release tell none.

    Raises:
        InputError: the file cannot be read, or is no JSON.
    """
    document = read_document(path)
    told = switches_of(document if isinstance(document, Mapping) else {}, f"the fingerprint `{path.as_posix()}`")
    return Unseen(reason=told, asked=False) if isinstance(told, str) else told
