"""Where a system keeps what it tells: small files such as `/proc/cpuinfo`, and the user's folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from reprocheck.errors import system_reason
from reprocheck.model.fingerprints import unread
from reprocheck.model.json_documents import Json

ROOT = Path("/")


def home_folder() -> Path:
    """Return the user's folder, as far as there is one: `~` stands for none."""
    return Path(os.path.expanduser("~"))  # noqa: PTH111 - `Path.home` raises for a user without a home


def read_text(path: Path) -> str | Mapping[str, Json]:
    """Return the text of a small system file, or the status of the failure."""
    try:
        return path.read_bytes().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return unread("missing", f"no {path.name}")
    except PermissionError:
        return unread("denied", f"{path.name} may not be read")
    except OSError as error:
        return unread("error", system_reason(error))
