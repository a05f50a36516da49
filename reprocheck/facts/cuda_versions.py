"""Versions of CUDA, drivers and GPUs as tuples of numbers; text that is no such version is None."""

from __future__ import annotations

import re

Numbers = tuple[int, ...]

_OLDEST_WITH_MINOR = 75  # two digits are a minor release up to CUDA 9.2, and a major from 10 on
_NUMBERS = re.compile(r"^\d{1,1000}(?:\.\d{1,1000})*")  # Python turns no more than 4,300 digits into a number


def numbers(version: str) -> Numbers:
    """Return the leading dotted numbers: `525.60.13` is (525, 60, 13), `12.6.77-1` is (12, 6, 77), `x` is ()."""
    found = _NUMBERS.match(version)
    return tuple(int(part) for part in found.group().split(".")) if found else ()


def dotted(version: Numbers) -> str:
    """Return the version as it is written."""
    return ".".join(str(part) for part in version)


def from_digits(digits: str) -> Numbers:
    """Return the CUDA version that a tag writes without a dot: `126` is 12.6, `92` is 9.2, `11.3` stays 11.3."""
    if "." in digits:
        return numbers(digits)[:2]
    return (int(digits[:-1]), int(digits[-1]))


def from_tag(digits: str) -> Numbers:
    """Return the CUDA of a tag that may leave the minor release out: `12` is (12,), `92` is 9.2, `110` is 11.0."""
    bare_major = digits.isdigit() and len(digits) == len("12") and int(digits) < _OLDEST_WITH_MINOR
    return (int(digits),) if bare_major else from_digits(digits)
