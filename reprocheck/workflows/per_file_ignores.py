"""Rules that are left out for some files, by globs over paths from the current folder."""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from reprocheck.model.findings import Audit, Finding
from reprocheck.model.path_globs import matches_glob


def without_ignored(audit: Audit, ignores: Sequence[tuple[str, tuple[str, ...]]]) -> Audit:
    """Return the audit without the findings whose file and code, or its prefix, an entry names; they are counted."""
    here = glob.escape(Path.cwd().as_posix())
    # Globs of a configuration further up begin with `..`, which no path does that they are compared with.
    whole = [(os.path.normpath(os.path.join(here, pattern)), codes) for pattern, codes in ignores]  # noqa: PTH118
    kept = tuple(finding for finding in audit.findings if not any(_is_meant(finding, *entry) for entry in whole))
    return replace(audit, findings=kept, suppressed=audit.suppressed + len(audit.findings) - len(kept))


def _is_meant(finding: Finding, pattern: str, codes: tuple[str, ...]) -> bool:
    path = Path(os.path.abspath(finding.location.path))  # noqa: PTH100  # `Path.resolve` would follow links
    return finding.code.startswith(codes) and matches_glob(path.as_posix(), Path(pattern).as_posix())
