"""A difference for programs: the document `reprocheck/diff/1`.

`compared` is `locks`, `environments`, `fingerprints` or `records`; `head` what no package says; `packages[]` has
`change` (see `model/differences.py`), `old` and `new` as versions or constraints, and both sides on each platform.
A null side is not there. `numeric` is what two fingerprints or records compute (see `diff_numeric_json.py`), null where
that was not compared.
"""

from __future__ import annotations

from reprocheck.model.differences import CHANGES, PackageDifference, PackageState
from reprocheck.model.json_documents import Json
from reprocheck.reports.diff_numeric_json import numeric_json
from reprocheck.reports.diff_report import DiffReport
from reprocheck.reports.json_text import inert_document

NAME = "json"
SCHEMA = "reprocheck/diff/1"


def render(report: DiffReport) -> str:
    """Return the document; control characters are escaped by JSON itself."""
    difference = report.difference
    return inert_document(
        {
            "schema": SCHEMA,
            "compared": difference.compared,
            "old": difference.old,
            "new": difference.new,
            "platforms": list(difference.platforms),
            "head": [{"what": head.what, "old": head.old, "new": head.new} for head in difference.head],
            "packages": [_package(package) for package in difference.packages],
            "numeric": numeric_json(difference.numeric),
            "notes": list(difference.notes),
            "summary": {change: difference.count(change) for change in CHANGES},
        }
    )


def _package(package: PackageDifference) -> Json:
    return {
        "change": package.change,
        "manager": package.manager,
        "name": package.name,
        "old": package.old,
        "new": package.new,
        "details": list(package.details),
        "platforms": [
            {"platform": states.platform, "old": _state(states.old), "new": _state(states.new)}
            for states in package.states
        ],
    }


def _state(state: PackageState | None) -> Json:
    if state is None:
        return None
    return {
        "version": state.version,
        "build": state.build,
        "channel": state.channel,
        "url": state.url,
        "md5": state.md5,
        "sha256": state.sha256,
        "categories": list(state.categories),
    }
