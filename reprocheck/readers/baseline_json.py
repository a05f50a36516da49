"""Read a baseline: the document `reprocheck/baseline/1`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from reprocheck.errors import InputError
from reprocheck.model.baselines import BASELINE_SCHEMA, Key, Known
from reprocheck.model.findings import Severity
from reprocheck.readers.decoded_text import decode_text, read_given

_LARGEST_BYTES = 1 << 24
_TEXTS = ("code", "path", "manager", "package", "platform")
_SEVERITIES = {severity.value: severity for severity in Severity}


def read_baseline(path: Path) -> tuple[Known, ...]:
    """Return what the baseline at `path` holds.

    Raises:
        InputError: missing, unreadable, no baseline, or one of a later release.
    """
    data = read_given(path, "the baseline", f"write it with `--write-baseline {path.as_posix()}`")
    text = decode_text(data, path.as_posix(), _LARGEST_BYTES)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _broken(path, "", f"it is no JSON: {error}".lower()) from error
    if not isinstance(document, dict):
        raise _broken(path, "", "expected an object")
    _refuse_other_schema(path, document.get("schema"))
    findings = document.get("findings")
    if not isinstance(findings, list):
        raise _broken(path, "findings", "expected a list")
    return _merged(_known(path, number, entry) for number, entry in enumerate(findings))


def _merged(entries: Iterable[Known]) -> tuple[Known, ...]:
    """Return each key once: two branches may both have added it."""
    found: dict[Key, Known] = {}
    for one in entries:
        other = found.get(one.key, one._replace(times=0))
        worst = min(one.severity, other.severity, key=lambda severity: severity.rank)
        found[one.key] = Known(one.key, worst, one.times + other.times)
    return tuple(found.values())


def _known(path: Path, number: int, entry: object) -> Known:
    where = f"findings[{number}]"
    if not isinstance(entry, dict):
        raise _broken(path, where, "expected an object")
    count = entry.get("count")
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise _broken(path, f"{where}.count", "expected a positive integer")
    return Known(Key(*(_text(path, where, entry, key) for key in _TEXTS)), _severity(path, where, entry), count)


def _text(path: Path, where: str, entry: Mapping[str, object], key: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str):
        raise _broken(path, f"{where}.{key}", "expected a string")
    return value


def _severity(path: Path, where: str, entry: Mapping[str, object]) -> Severity:
    value = entry.get("severity")
    if not isinstance(value, str) or value not in _SEVERITIES:
        raise _broken(path, f"{where}.severity", f"expected one of {', '.join(_SEVERITIES)}")
    return _SEVERITIES[value]


def _refuse_other_schema(path: Path, schema: object) -> None:
    if schema == BASELINE_SCHEMA:
        return
    family, _, _ = BASELINE_SCHEMA.rpartition("/")
    if isinstance(schema, str) and schema.startswith(f"{family}/"):
        raise InputError(
            f"baseline format `{schema}` is unknown",
            where=f"{path.as_posix()}, schema",
            why=f"this release reads `{BASELINE_SCHEMA}`",
            how=f"upgrade reprocheck, or write it anew with `--write-baseline {path.as_posix()}`",
        )
    raise _broken(path, "schema", f"expected `{BASELINE_SCHEMA}`")


def _broken(path: Path, key: str, why: str) -> InputError:
    return InputError(
        "this is not a baseline that reprocheck can read",
        where=f"{path.as_posix()}, {key}" if key else path.as_posix(),
        why=why,
        how=f"restore the file, or write it anew with `--write-baseline {path.as_posix()}`",
    )
