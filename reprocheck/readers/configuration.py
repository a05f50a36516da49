"""Read `[tool.reprocheck]` of pyproject.toml, or reprocheck.toml, and the `REPROCHECK_*` variables.

The nearest file upwards wins; an unknown key is an error with the likeliest name.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from pathlib import Path

from reprocheck.errors import InputError, ReprocheckError, UsageError, raise_gathered
from reprocheck.model.findings import Severity
from reprocheck.model.settings import Settings

_KEYS = {field.name.replace("_", "-"): field.name for field in fields(Settings)}
_LISTS = {"files", "platforms", "channels", "select", "ignore", "precision"}
_PREFIX = "REPROCHECK_"
_SEVERITIES = [severity.value for severity in Severity]


def read_settings(folder: Path, environment: Mapping[str, str]) -> Settings:
    """Return the settings for `folder`: the nearest file upwards, overridden by `REPROCHECK_*`.

    Raises:
        UsageError: unknown keys or values of the wrong kind.
        InputError: the file is not valid TOML.
    """
    found = next(_tables(folder), None)
    settings = _meant_from(found[0].parent, _lift(found[1], str(found[0])), folder) if found else Settings()
    return _lift(_from_environment(environment), "environment", settings)


def _meant_from(base: Path, settings: Settings, folder: Path) -> Settings:
    """Return the settings with the paths of a configuration file, which are meant from its own folder."""

    def path(name: str) -> str:
        return Path(os.path.relpath(base / name, folder.resolve())).as_posix()

    return replace(
        settings,
        files=tuple(path(name) for name in settings.files),
        lockfile=path(settings.lockfile) if settings.lockfile else None,
    )


def _tables(folder: Path) -> Iterator[tuple[Path, Mapping[str, object]]]:
    """Yield the configuration tables from `folder` upwards."""
    for parent in [folder.resolve(), *folder.resolve().parents]:
        own = parent / "reprocheck.toml"
        if own.is_file():
            yield own, _load(own)
        shared = parent / "pyproject.toml"
        if shared.is_file():
            tool = _load(shared).get("tool")
            table = tool.get("reprocheck") if isinstance(tool, dict) else None
            if isinstance(table, dict):
                yield shared, table


def _load(path: Path) -> Mapping[str, object]:
    import tomllib  # 4 ms, and most projects that are checked have no such file

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:  # no TOML, or no UTF-8
        raise InputError(
            "configuration is not valid TOML", where=str(path), why=str(error).lower(), how="correct the file"
        ) from error


def _from_environment(environment: Mapping[str, str]) -> dict[str, object]:
    """Return the `REPROCHECK_*` variables that name a setting; lists are separated by commas."""
    table: dict[str, object] = {}
    for key, name in _KEYS.items():
        text = environment.get(_PREFIX + name.upper())
        if text is not None:
            table[key] = [part.strip() for part in text.split(",") if part.strip()] if name in _LISTS else text
    return table


def _lift(table: Mapping[str, object], where: str, base: Settings | None = None) -> Settings:
    errors: list[ReprocheckError] = []
    values: dict[str, object] = {}
    for key, value in table.items():
        fault = _fault_of(key, value)
        if fault:
            errors.append(UsageError(fault[0], where=f"{where}, {key}", why=fault[1], how=fault[2]))
        else:
            name = _KEYS[key]
            values[name] = tuple(value) if isinstance(value, list) else value
    raise_gathered(errors)
    return replace(base or Settings(), **values)  # type: ignore[arg-type]  # kinds were checked key by key


def _fault_of(key: str, value: object) -> tuple[str, str, str] | None:
    """Return what, why and how of a bad entry, None for a good one."""
    known = ", ".join(f"`{name}`" for name in sorted(_KEYS))
    if key not in _KEYS:
        # Imported where it is needed: only a misspelt name asks for it.
        import difflib

        close = difflib.get_close_matches(key, _KEYS, n=1)
        how = f"did you mean `{close[0]}`?" if close else "remove it"
        return f"unknown configuration key `{key}`", f"known keys are {known}", how
    if _KEYS[key] in _LISTS:
        good = isinstance(value, list) and all(isinstance(item, str) for item in value)
        return None if good else (f"`{key}` is no list of strings", 'it should read `["…", "…"]`', "write a list")
    if not isinstance(value, str):
        return f"`{key}` is no string", "it should be quoted", f'write `{key} = "{value}"`'
    if key == "min-severity" and value not in _SEVERITIES:
        return f"invalid severity `{value}`", f"it is one of {', '.join(_SEVERITIES)}", "choose one of them"
    return None
