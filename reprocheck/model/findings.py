"""What an audit says: findings, skips, and the places and packages that they speak of."""

from __future__ import annotations

from enum import Enum
from typing import Literal, NamedTuple

from reprocheck.model.data_classes import dataclass


class Severity(Enum):
    """How bad it is: `error` will not run or is silently wrong, `warning` is likely wrong, `info` is worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for error, 1 for warning, 2 for info."""
        return list(Severity).index(self)


class Confidence(Enum):
    """How sure the rule is; a finding of low confidence is never an error."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Location:
    """A place in a file that the user has. `line` and `column` count from 1."""

    path: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedLocation:
    """A second place that a finding needs, and what stands there."""

    location: Location
    message: str


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class PackageRef:
    """One package as a finding names it. `version` and `platform` are None where they are not known."""

    manager: str
    name: str
    version: str | None = None
    platform: str | None = None


class Edit(NamedTuple):
    """One mend of a file: the lines `first` to `last` (from 1, both included) become `lines`, without line ends.

    Empty `lines` take them out; `last` = `first` - 1 inserts before `first`. `safe` is True where the environment
    that the file asks for stays the same, or becomes what the line plainly meant.
    """

    path: str
    first: int
    last: int
    lines: tuple[str, ...]
    safe: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One objection. `evidence` are the facts that led to it, each a sentence with its source.

    `paths` lead from what was declared to a package that the finding is about; `edits` carry `fix` out, together.
    """

    code: str
    name: str
    severity: Severity
    confidence: Confidence
    message: str
    location: Location
    related: tuple[RelatedLocation, ...] = ()
    packages: tuple[PackageRef, ...] = ()
    platforms: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    fix: str = ""
    paths: tuple[tuple[PackageRef, ...], ...] = ()
    edits: tuple[Edit, ...] = ()

    @property
    def sort_key(self) -> tuple[str, int, int, str, str]:
        """The one total order over findings: file, line, column, code, message."""
        return (self.location.path, self.location.line, self.location.column, self.code, self.message)

    @property
    def has_safe_fix(self) -> bool:
        """Say whether it can be mended, and every edit of the mend is safe."""
        return bool(self.edits) and all(edit.safe for edit in self.edits)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Skipped:
    """A rule that could not look, and why. Never the same as passed.

    `asked` is False where nobody asked it to look: `check` is not about a machine.
    """

    code: str
    reason: str
    asked: bool = True


class Suppression(NamedTuple):
    """One code of a comment that allows findings, and what became of it.

    `unused` where its rule looked and found nothing to allow; `undecided` where the rule did not run, or missed a part
    that it would have looked at; `unknown` where there is no such rule: `hint` is then the one that was likely meant.
    """

    location: Location
    code: str
    state: Literal["used", "unused", "undecided", "unknown"]
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """The outcome of one run of the rules, sorted.

    `suppressed` counts findings that a comment or option silenced, `known` those that are in the baseline, `fixed`
    those that were mended before. `suppressions` are the comments that allow findings, used or not.
    """

    findings: tuple[Finding, ...]
    skipped: tuple[Skipped, ...]
    suppressed: int = 0
    known: int = 0
    fixed: int = 0
    suppressions: tuple[Suppression, ...] = ()

    @property
    def unused_suppressions(self) -> tuple[Suppression, ...]:
        """Return the codes in comments that allow nothing: their rule found nothing there, or does not exist."""
        return tuple(one for one in self.suppressions if one.state in ("unused", "unknown"))

    def count(self, severity: Severity) -> int:
        """Return how many findings have this severity."""
        return sum(finding.severity is severity for finding in self.findings)
