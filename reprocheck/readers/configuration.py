"""Read `[tool.reprocheck]` of pyproject.toml, or reprocheck.toml, and the `REPROCHECK_*` variables.

The nearest file upwards wins; an unknown key or value is an error with the likeliest name.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import fields, replace
from pathlib import Path

from reprocheck.errors import InputError, ReprocheckError, UsageError, raise_gathered
from reprocheck.model.findings import Severity
from reprocheck.model.settings import Settings
from reprocheck.readers.per_file_ignores import read_per_file_ignores, whole_folder

_KEYS = {field.name.replace("_", "-"): field.name for field in fields(Settings)}
_LISTS = {"files", "platforms", "channels", "select", "ignore", "precision"}
_PER_FILE = "per_file_ignores"
_PREFIX = "REPROCHECK_"
_SEVERITIES = [severity.value for severity in Severity]
PRECISIONS = ("bf16", "tf32", "fp16", "fp8", "fp4", "fp32")

_Fault = tuple[str, str, str]  # what, why and how


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
        name_map=path(settings.name_map) if settings.name_map else None,
        baseline=path(settings.baseline) if settings.baseline else None,
        per_file_ignores=tuple((path(whole_folder(glob)), codes) for glob, codes in settings.per_file_ignores),
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
            elif table is not None:
                raise _no_table(shared)


def _no_table(path: Path) -> UsageError:
    return UsageError(
        "`reprocheck` is no table",
        where=f"{path}, tool",
        why="the settings are the keys of a table",
        how="begin it with `[tool.reprocheck]`",
    )


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
        variable = _PREFIX + name.upper()
        text = environment.get(variable)
        if text is None:
            continue
        if name == _PER_FILE:
            table[key] = dict(read_per_file_ignores([text], variable))
        else:
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
            values[_KEYS[key]] = _frozen(value)
    raise_gathered(errors)
    return replace(base or Settings(), **values)  # type: ignore[arg-type]  # kinds were checked key by key


def _frozen(value: object) -> object:
    if isinstance(value, dict):
        return tuple((glob, tuple(codes)) for glob, codes in value.items())
    return tuple(value) if isinstance(value, list) else value


def _fault_of(key: str, value: object) -> _Fault | None:
    """Return what is wrong with an entry, None for a good one."""
    if key not in _KEYS:
        known = ", ".join(f"`{name}`" for name in sorted(_KEYS))
        return f"unknown configuration key `{key}`", f"known keys are {known}", _nearest(key, _KEYS, "remove it")
    if _KEYS[key] == _PER_FILE:
        return _fault_of_table(key, value)
    if _KEYS[key] in _LISTS:
        return _fault_of_list(key, value)
    if not isinstance(value, str):
        return f"`{key}` is no string", "it should be quoted", f'write `{key} = "{value}"`'
    return _fault_of_value("severity", value, _SEVERITIES) if key == "min-severity" else None


def _fault_of_list(key: str, value: object) -> _Fault | None:
    if not _is_list_of_strings(value):
        return f"`{key}` is no list of strings", 'it should read `["…", "…"]`', "write a list"
    if key != "precision" or not isinstance(value, list):
        return None
    return next(filter(None, (_fault_of_value("precision", name, PRECISIONS) for name in value)), None)


def _fault_of_table(key: str, value: object) -> _Fault | None:
    why = 'it should hold lines such as `"legacy/**" = ["RC107"]`'
    if not isinstance(value, dict):
        return f"`{key}` is no table", why, f"begin it with `[tool.reprocheck.{key}]`, in reprocheck.toml `[{key}]`"
    bad = next((glob for glob, codes in value.items() if not glob or not _is_list_of_strings(codes)), None)
    return None if bad is None else (f"`{bad}` of `{key}` is no list of codes", why, "write a list of codes")


def _fault_of_value(what: str, value: str, allowed: Collection[str]) -> _Fault | None:
    if value in allowed:
        return None
    return (
        f"invalid {what} `{value}`",
        f"it is one of {', '.join(allowed)}",
        _nearest(value, allowed, "choose one of them"),
    )


def _is_list_of_strings(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)


def _nearest(word: str, known: Collection[str], otherwise: str) -> str:
    # Imported where it is needed: only a misspelt word asks for it.
    import difflib

    close = difflib.get_close_matches(word.lower(), known, n=1)
    return f"did you mean `{close[0]}`?" if close else otherwise
