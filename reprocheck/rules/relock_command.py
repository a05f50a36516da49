"""The command that writes a lock anew from all that it was made from, or changes what is installed, for people to copy.

Sources: conda 24 (`env update`, `CONDA_OVERRIDE_CUDA`), micromamba 2 (`install -f`), pixi 0.49 (`install`): their
references read 2026-11-21.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Final

from reprocheck.model.locks import PIP_LEFT_OUT_KEY, Lock
from reprocheck.model.settings import DEFAULT_LOCK
from reprocheck.rules.facts import Facts, Unseen

if TYPE_CHECKING:
    # For annotations only: `check` looks into no installed environment.
    from reprocheck.model.prefixes import Prefix

PIXI: Final = "pixi lock"


def lock_tool(lock: Lock) -> str:
    """Return the command of the tool whose lock it is, without its options."""
    return PIXI if posixpath.basename(lock.path) == "pixi.lock" else "reprocheck lock"


def anew(facts: Facts, words: str = "lock anew") -> str:
    """Return `words`, what to do with a lock; of an installed environment, what brings the change into it."""
    prefix = _installed(facts)
    return words if prefix is None else _change(prefix)


def _installed(facts: Facts) -> Prefix | None:
    """Return the environment that stands in the place of the lock, None where the lock is one."""
    in_its_place = isinstance(facts.lock, Lock) and facts.lock.records
    return facts.prefix if in_its_place and not isinstance(facts.prefix, Unseen) else None


def _change(prefix: Prefix, cuda: str | None = None) -> str:
    # Imported on use, see below.
    import shlex

    place = shlex.quote(prefix.path)
    if prefix.kind == "venv":
        return f"install it by `uv pip install -p {place}`" if prefix.maker == "uv" else "install it by pip"
    if prefix.maker == "pixi":
        return "run `pixi install`"
    if prefix.maker in ("conda", "mamba", "micromamba"):
        verb = "install" if prefix.maker == "micromamba" else "env update"
        override = f"CONDA_OVERRIDE_CUDA={cuda} " if cuda else ""
        return f"run `{override}{prefix.maker} {verb} -p {place} -f environment.yml`"
    option = f" --cuda {cuda}" if cuda else ""
    return f"run `reprocheck lock{option}`, then `reprocheck create -p {place}`"


def one_side(lock: Lock, project: str) -> str:
    """Return what to do, as an advice in words, where both sides of a lock hold what pip was not asked for."""
    if lock_tool(lock) == PIXI:
        return f"take {project} from one side only, then run `{PIXI}`"
    return f"run `{lock_tool(lock)}`, which tells pip that conda provides `{project}`"


def lock_for_cuda(facts: Facts, cuda: str) -> str:
    """Return what to do, as an advice in words, to have the lock made for the drivers of a CUDA."""
    prefix = _installed(facts)
    if prefix is not None and prefix.maker != "pixi":
        return _change(prefix, cuda)
    if prefix is not None:
        return f'write `cuda = "{cuda}"` in `[system-requirements]` and {_change(prefix)}'
    if isinstance(facts.lock, Lock) and lock_tool(facts.lock) == PIXI:
        return f'write `cuda = "{cuda}"` in `[system-requirements]` and run `{PIXI}`'
    return f"run `{relock_command(facts, '--cuda', cuda)}`"


def relock_command(facts: Facts, *options: str) -> str:
    """Return `reprocheck lock` with the files, the lock where it has another place than usual, and `options`."""
    # Imported on use: a lock that is fresh needs no command.
    import shlex

    files = _files(facts)
    words = [word for file in files for word in ("-f", file)]
    if files and facts.lock_path != posixpath.join(posixpath.dirname(files[0]), DEFAULT_LOCK):
        words += ["--lockfile", facts.lock_path]
    if isinstance(facts.lock, Lock) and facts.lock.custom(PIP_LEFT_OUT_KEY) is not None:
        words.append("--no-pip")
    return shlex.join(["reprocheck", "lock", *words, *options])


def _files(facts: Facts) -> tuple[str, ...]:
    """Return the environment file as it was named, or all sources of the lock where there are several."""
    own = () if isinstance(facts.environment, Unseen) else (facts.environment.path,)
    if isinstance(facts.lock, Unseen) or len(facts.lock.sources) < 2:
        return own
    if isinstance(facts.freshness, Unseen) or not facts.freshness.every_source:
        return own
    folder = posixpath.dirname(facts.lock.path)
    recorded = tuple(posixpath.normpath(posixpath.join(folder, source)) for source in facts.lock.sources)
    found = facts.freshness.sources or recorded  # a lock may record where they lay on another machine
    return found if set(own) <= set(found) else own
