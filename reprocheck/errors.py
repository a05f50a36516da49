"""Every error that reprocheck raises on purpose, and the exit code that each one ends in.

The tree::

    ReprocheckError              exit 2   we could not look
    ├── UsageError               exit 2   options or configuration do not fit
    ├── InputError               exit 2   a file or value given to us is broken
    ├── UnsatisfiableError       exit 2   no set of packages meets the specs
    ├── GatheredErrors           exit 2   several independent faults of one input
    ├── UndecidedError           exit 3   network, time, disk or device stood in the way
    └── ForgedError              exit 4   a signature or digest does not hold

An error means that we could not look; a finding, that we looked and object; a skip, that one part could
not be seen and we went on. Every error says what, where, why and how: lower case, no final stop.
"""

from __future__ import annotations

from collections.abc import Sequence

EXIT_CLEAN = 0
EXIT_FINDINGS = 1
EXIT_USAGE = 2
EXIT_UNDECIDED = 3
EXIT_FORGED = 4
EXIT_BUG = 70
EXIT_INTERRUPTED = 130


class ReprocheckError(Exception):
    """An expected failure with its four parts.

    `what` names the fault, `where` is `file:line:column` or a key path, `why` says what was
    expected, `how` is one action. `detail` is longer text, shown under `-v` only.
    """

    exit_code = EXIT_USAGE

    def __init__(self, what: str, *, where: str = "", why: str = "", how: str = "", detail: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.why = why
        self.how = how
        self.detail = detail

    def within(self, key: str) -> ReprocheckError:
        """Return the same error with `key` put in front of `where`."""
        where = f"{key}.{self.where}" if self.where and not self.where.startswith("[") else f"{key}{self.where}"
        return type(self)(self.what, where=where, why=self.why, how=self.how, detail=self.detail)

    def lines(self) -> list[str]:
        """Return the message as the lines that a person reads."""
        parts = [("where", self.where), ("why", self.why), ("how", self.how)]
        return [f"error: {self.what}", *(f"  {label + ':':<6} {text}" for label, text in parts if text)]


class UsageError(ReprocheckError):
    """An option, an argument or a configuration value does not fit."""


class InputError(ReprocheckError):
    """A file or a value that was handed to us is broken or unreadable."""


class UnsatisfiableError(ReprocheckError):
    """No set of packages meets the specs on some platform."""


class UndecidedError(ReprocheckError):
    """Network, time, disk or a missing device kept us from deciding."""

    exit_code = EXIT_UNDECIDED


class ForgedError(ReprocheckError):
    """A signature or a digest does not hold."""

    exit_code = EXIT_FORGED


class GatheredErrors(ReprocheckError):
    """Several independent faults of one input, told together."""

    def __init__(self, errors: Sequence[ReprocheckError]) -> None:
        super().__init__(
            f"{len(errors)} faults in one input", detail="\n\n".join(error.detail for error in errors if error.detail)
        )
        self.errors = tuple(errors)

    def lines(self) -> list[str]:
        """Return the lines of every error, one after the other."""
        return [line for error in self.errors for line in error.lines()]


def raise_gathered(errors: Sequence[ReprocheckError]) -> None:
    """Raise nothing, the single error, or all of them together."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise GatheredErrors(errors)


def system_reason(error: OSError) -> str:
    """Return what the operating system says of a failure, as the *why* of an error: lower case, without the path."""
    return (error.strerror or type(error).__name__).lower()
