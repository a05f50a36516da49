"""The paths to a package for programs: the document `reprocheck/why/1`."""

from __future__ import annotations

from collections.abc import Sequence

from reprocheck.model.json_documents import Json
from reprocheck.model.locks import LockedPackage
from reprocheck.model.redaction import public_line
from reprocheck.reports.json_text import inert_document
from reprocheck.reports.why_text import Answer, Step


def render_why_json(answers: Sequence[Answer]) -> str:
    """Return the document: an answer for each platform and manager that has the package."""
    return inert_document({"schema": "reprocheck/why/1", "answers": [_answer(answer) for answer in answers]})


def _answer(answer: Answer) -> Json:
    return {
        "package": _package(answer.package),
        "declared_in": answer.declared_in,
        "paths": [[_step(step) for step in path] for path in answer.paths],
    }


def _step(step: Step) -> Json:
    return {
        "package": _package(step.package),
        "constraint": public_line(step.constraint),
        "declared_in": step.declared_in,
    }


def _package(package: LockedPackage) -> Json:
    return {
        "manager": package.manager,
        "name": package.name,
        "version": package.version,
        "build": package.build,
        "platform": package.platform,
    }
