"""`--baseline` and `--write-baseline`: findings that are known do not fail, and what is known only shrinks.

A finding is known by its rule, file, packages and platforms, never by its line; on a new platform, or with a worse
severity, it is a new one. Paths are meant from the folder of the baseline; those of installed files from the folder of
their environment, which has another place on every machine.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from reprocheck.model.baselines import BASELINE_SCHEMA, Key, Known, keys_of
from reprocheck.model.findings import Audit, Finding, Severity
from reprocheck.model.json_documents import Json, dump_document

_INSTALLED = "<prefix>"  # stands for the folder of an installed environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What an audit looked at: rules by code, files, and platforms (empty: all).

    `inside` is True where it read every byte of an installed environment.
    """

    codes: frozenset[str]
    paths: frozenset[str]
    platforms: tuple[str, ...]
    inside: bool = False


def format_baseline(findings: Iterable[Finding], path: Path, prefix: str | None = None) -> bytes:
    """Return the bytes of a baseline at `path` that knows all of `findings`, and nothing else.

    `prefix` is the path of the installed environment, here and below.
    """
    counts: Counter[Key] = Counter()
    worst: dict[Key, Severity] = {}
    for finding in findings:
        for key in keys_of(finding, _portable(path, prefix)):
            counts[key] += 1
            worst[key] = min(worst.get(key, finding.severity), finding.severity, key=lambda one: one.rank)
    entries: list[Json] = [
        {**key._asdict(), "severity": worst[key].value, "count": counts[key]} for key in sorted(counts)
    ]
    return dump_document({"schema": BASELINE_SCHEMA, "findings": entries}).encode("utf-8")


def set_apart(audit: Audit, known: Sequence[Known], path: Path, prefix: str | None = None) -> Audit:
    """Return the audit without the findings that the baseline at `path` knows; they are counted.

    Where more findings have one key than are known, the first ones are the known ones.
    """
    left = {one.key: one.times for one in known}
    ranks = {one.key: one.severity.rank for one in known}
    new = []
    for finding in audit.findings:
        keys = tuple(keys_of(finding, _portable(path, prefix)))
        if all(left.get(key, 0) > 0 and ranks[key] <= finding.severity.rank for key in keys):
            left.update({key: left[key] - 1 for key in keys})
        else:
            new.append(finding)
    return replace(audit, findings=tuple(new), known=len(audit.findings) - len(new))


def known_alone(audit: Audit) -> Audit:
    """Return the audit as a baseline of all its findings leaves it."""
    return replace(audit, findings=(), known=len(audit.findings))


def outgrown(
    audit: Audit, known: Sequence[Known], path: Path, scope: Scope, prefix: str | None = None
) -> tuple[Known, ...]:
    """Return what the baseline at `path` knows and `audit` did not find again, where it looked for it.

    A file that is gone takes its findings along.
    """
    seen = Counter(key for finding in audit.findings for key in keys_of(finding, _portable(path, prefix)))
    looked_at = {_portable(path, None)(name) for name in scope.paths}
    return tuple(
        one._replace(times=one.times - seen[one.key])
        for one in known
        if seen[one.key] < one.times and _is_judged(one.key, scope, looked_at, path.parent)
    )


def _is_judged(key: Key, scope: Scope, looked_at: set[str], folder: Path) -> bool:
    on_platform = not scope.platforms or key.platform in ("", *scope.platforms)
    if _is_installed(key.path):
        return key.code in scope.codes and on_platform and scope.inside
    # A path that no file can have is that of no file: `Path.exists` would raise where it is too long.
    is_gone = not os.path.exists(folder / key.path)  # noqa: PTH110
    return key.code in scope.codes and on_platform and (key.path in looked_at or is_gone)


def _is_installed(path: str) -> bool:
    return path == _INSTALLED or path.startswith(f"{_INSTALLED}/")


def _portable(baseline: Path, prefix: str | None) -> Callable[[str], str]:
    """Return what turns the path of a file into the one from the folder of the baseline, or of its environment."""
    folder = os.path.abspath(baseline.parent)  # noqa: PTH100  # `Path.resolve` would follow links
    inside = None if prefix is None else prefix.rstrip("/")

    def portable(path: str) -> str:
        if inside is not None and (path == prefix or path.startswith(f"{inside}/")):
            return _INSTALLED + path.rstrip("/").removeprefix(inside)
        return Path(os.path.relpath(path, folder)).as_posix()

    return portable
