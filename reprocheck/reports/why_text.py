"""The paths to a package, as people read them: one line a step, the constraint before what was locked for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reprocheck.model.locks import LockedPackage
from reprocheck.model.redaction import public_line
from reprocheck.reports.same_platforms import PLATFORMS, told_together
from reprocheck.reports.visible import visible


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One package on a path, and the constraint that the one before put on it (empty: any version).

    The first one of a path has `declared_in`, the file that declares it, where there is one.
    """

    package: LockedPackage
    constraint: str
    declared_in: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One package of one platform, and the paths that lead to it, each from a declared package on.

    `declared_in` are the files that could; None where there is none and the roots are what nothing else needs.
    """

    package: LockedPackage
    paths: tuple[tuple[Step, ...], ...]
    declared_in: str | None


def render_why(answers: Sequence[Answer]) -> str:
    """Return the text; platforms with the same answer are told together."""
    paragraphs = told_together((answer.package.platform, "\n".join(_body(answer))) for answer in answers)
    return "\n".join(f"{paragraph}\n" for paragraph in paragraphs)


def _body(answer: Answer) -> Iterator[str]:
    yield f"{_shown(answer.package)} on {PLATFORMS}"
    if not answer.paths:
        yield f"  nothing declared in {visible(answer.declared_in or 'the lock')} leads to it"
    for path in answer.paths:
        yield from _path(path)


def _path(path: tuple[Step, ...]) -> Iterator[str]:
    for depth, step in enumerate(path):
        if depth == 0:
            wanted = f"{visible(step.package.name)} {visible(step.constraint)}".rstrip()
            yield (
                f"  {visible(step.declared_in)}: {wanted} → {_shown(step.package)}"
                if step.declared_in
                else (f"  {_shown(step.package)}, which nothing else needs")
            )
        else:
            wanted = f"{visible(step.package.name)} {visible(public_line(step.constraint))}".rstrip()
            yield f"  {'   ' * depth}└─ needs {wanted} → {_shown(step.package)}"


def _shown(package: LockedPackage) -> str:
    build = f" {package.build}" if package.build else ""
    return visible(f"{package.name} {package.version}{build} ({package.manager})")
