"""`export`: one platform of a lock in a format that another tool reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from reprocheck.errors import UsageError
from reprocheck.locking.exports.explicit_file import format_explicit
from reprocheck.locking.exports.exportable import Exportable, choose_platform, exportable
from reprocheck.locking.exports.lock_dockerfile import DEFAULT_BASE_IMAGE, format_dockerfile
from reprocheck.locking.exports.pinned_environment import format_pinned_environment
from reprocheck.locking.exports.pylock_toml import format_pylock
from reprocheck.readers.lock_names import usual_lock
from reprocheck.readers.locks import read_any_lock

ExportFormat = Literal["explicit", "pylock", "env", "dockerfile"]
EXPORT_FORMATS: tuple[ExportFormat, ...] = ("explicit", "pylock", "env", "dockerfile")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest:
    """What to write. `lock` None means the usual name in `folder`; `extras` are categories beside main and dev."""

    format_name: ExportFormat
    folder: Path
    lock: Path | None
    platform: str | None
    environment: str
    extras: tuple[str, ...] = ()
    base_image: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """The text, and what is not in it: each note a sentence without a final stop."""

    text: str
    notes: tuple[str, ...]


def export_lock(request: ExportRequest) -> Exported:
    """Return the lock in the wanted format.

    Raises:
        UsageError: a platform, category or option that does not fit the lock or the format.
        InputError, GatheredErrors: the lock is missing, broken, or holds what the format has no safe place for.
    """
    if request.base_image and request.format_name != "dockerfile":
        raise UsageError(
            "`--base-image` beside another format",
            where="--base-image",
            why=f"`{request.format_name}` has no base image",
            how="leave it out, or write `reprocheck export dockerfile`",
        )
    lock = read_any_lock(request.lock or usual_lock(request.folder), request.environment)
    export = exportable(lock, choose_platform(lock, request.platform), request.extras)
    return Exported(text=_text(export, request), notes=_notes(export, request.format_name))


def _text(export: Exportable, request: ExportRequest) -> str:
    match request.format_name:
        case "explicit":
            return format_explicit(export.lock, export.platform, (*export.conda, *export.pip)).decode("utf-8")
        case "pylock":
            return format_pylock(export)
        case "env":
            return format_pinned_environment(export)
        case "dockerfile":
            return format_dockerfile(export, request.base_image or DEFAULT_BASE_IMAGE)


def _notes(export: Exportable, format_name: ExportFormat) -> tuple[str, ...]:
    if format_name == "pylock":
        count = len(export.conda)
        said = "conda package has" if count == 1 else "conda packages have"
        return (f"{count} {said} no place in a pylock.toml",) if count else ()
    left = [f"`{package.name}` comes from `{package.url}` and is left out" for package in export.left_out]
    if format_name == "explicit" and export.pip:
        left.append("conda and mamba pass the pip lines over; conda-lock and micromamba install them")
    return tuple(left)
