"""What a solve assumes of the machine that it never looks at."""

from __future__ import annotations

from reprocheck.model.data_classes import dataclass


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class VirtualPackage:
    """A property of the assumed machine, in the guise of a package."""

    name: str
    version: str
    build: str = "0"

    def __str__(self) -> str:
        return f"{self.name}={self.version}={self.build}"
