"""How a damaged package is brought back, in the words of the tool that made the environment.

Sources: conda 24 (`--force-reinstall`, `clean --force-pkgs-dirs`), pixi 0.49 (`reinstall`, `clean cache`), pip 24 and
uv 0.9 (`--force-reinstall`, `--reinstall`), their references read 2026-11-21.
"""

from __future__ import annotations

import shlex

from reprocheck.model.prefixes import CondaRecord, Distribution, Package, Prefix

_OF_AN_INDEX = (
    ", with `--index-url` of the index that it came from, such as PyTorch's own wheel index:"
    " PyPI has no version with a label after `+`"
)


def repair(prefix: Prefix, package: Package) -> str:
    """Return the command that installs a package anew, as `run …`."""
    is_labelled = isinstance(package, Distribution) and package.origin is None and "+" in package.version
    by_index = is_labelled and prefix.maker not in ("reprocheck", "pixi")
    return f"run `{command(prefix, package)}`{_OF_AN_INDEX if by_index else ''}"


def command(prefix: Prefix, package: Package) -> str:
    """Return the command alone."""
    if prefix.maker == "reprocheck":
        return creation(prefix)
    if prefix.maker == "pixi":
        return f"pixi reinstall {shlex.quote(package.name)}"
    if isinstance(package, Distribution):
        return _of_pip(prefix, package)
    return command_for(prefix, package.name, package.version, package.build, package.channel)


def creation(prefix: Prefix) -> str:
    """Return the command that makes the environment what its lock says.

    A venv is not for it, and the new place is the user's to name, as is a lock where none is at hand.
    """
    path = "PREFIX" if prefix.kind == "venv" else prefix.path
    lock = [] if prefix.lock == "" else ["--lockfile", prefix.lock or "LOCK"]
    takes_over = prefix.kind == "conda" and prefix.maker != "reprocheck" and prefix.unfinished is None
    return shlex.join(["reprocheck", "create", "-p", path, *lock, *(["--force"] if takes_over else [])])


def command_for(prefix: Prefix, name: str, version: str, build: str, channel: str = "") -> str:
    """Return the command for a conda package of which only this is known."""
    if prefix.maker == "pixi":
        return f"pixi reinstall {shlex.quote(name)}"
    source = f"-c {shlex.quote(channel)} " if channel else ""
    spec = shlex.quote(f"{name}={version}={build}")
    return f"conda install -p {shlex.quote(prefix.path)} --force-reinstall {source}{spec}"


def removal(prefix: Prefix, *packages: Package) -> str:
    """Return the command that takes distributions out again, by what installed them."""
    names = shlex.join(package.name for package in packages)
    if all(isinstance(package, Distribution) and package.installer == "uv" for package in packages):
        return f"uv pip uninstall -p {shlex.quote(prefix.path)} {names}"
    return f"{_pip(prefix)} uninstall -y {names}"


def python_of(prefix: Prefix) -> str:
    """Return the path of the environment's Python, below the prefix as its user named that."""
    on_windows = "Scripts/python.exe" if prefix.kind == "venv" and prefix.maker != "python" else "python.exe"
    return f"{prefix.path.rstrip('/')}/{on_windows if prefix.platform.startswith('win-') else 'bin/python'}"


def cache_note(prefix: Prefix, package: Package) -> str:
    """Return what to do where the copy that an installer links from was changed with the file, `""` for others.

    conda and pixi make hard links into their cache: bytes that are changed in place change there too.
    """
    if prefix.maker == "reprocheck" or not isinstance(package, CondaRecord):
        return ""  # `create` looks at the bytes before it links them
    clean = "pixi clean cache" if prefix.maker == "pixi" else "conda clean --force-pkgs-dirs"
    return f"; if that brings the same bytes back, they are in the package cache too: `{clean}` first"


def _of_pip(prefix: Prefix, item: Distribution) -> str:
    wanted = _wanted(item)
    if item.installer == "uv":
        return f"uv pip install -p {shlex.quote(prefix.path)} --reinstall --no-deps {wanted}"
    return f"{_pip(prefix)} install --force-reinstall --no-deps {wanted}"


def _pip(prefix: Prefix) -> str:
    """Return how to call this environment's pip, whichever is activated: the one on the path may be another's."""
    return f"{shlex.quote(python_of(prefix))} -m pip"


def _wanted(item: Distribution) -> str:
    """Return what to ask for: what came from an address is on no index."""
    origin = item.origin
    if origin is None:
        return shlex.quote(f"{item.name}=={item.version}")
    if origin.kind in ("editable", "folder"):
        return f"{'-e ' if origin.kind == 'editable' else ''}{shlex.quote(origin.address)}"
    commit = f"@{origin.commit}" if origin.commit else ""
    return shlex.quote(f"{item.name} @ {'git+' if commit else ''}{origin.address}{commit}")
