"""What a file of an environment is worth: who imports or loads it, and who changes it on purpose."""

from __future__ import annotations

import re

from reprocheck.model.findings import Severity

_NATIVE = re.compile(r"\.(?:so(?:\.\d+)*|dylib|dll|pyd)$", re.IGNORECASE)
_CODE = re.compile(r"\.(?:py|pyw|pth|exe)$", re.IGNORECASE)
_PROGRAMS = frozenset({"bin", "sbin", "libexec", "Scripts"})
_TESTS = frozenset({"tests", "test"})
_METADATA = re.compile(r"\.(?:dist|egg)-info(?:/|$)")
# Written by tools and at run time, or edited by people: settings, caches, and the certificates of a company.
_CHANGING = re.compile(
    r"(?:^|/)(?:etc|var)/"
    r"|(?:^|/)share/(?:mime|fontconfig|info/dir$|jupyter/(?:lab|kernels)/)"
    r"|(?:^|/)(?:cacert\.pem|cert\.pem|ca-bundle\.crt|cacerts|gschemas\.compiled|easy-install\.pth|matplotlibrc)$"
    r"|\.(?:conf|cache|cache-\d+)$"
)
# What packages bring side by side without anybody reading it.
_CLUTTER = re.compile(
    r"(?:^|/)(?:licen[cs]e|copying|notice|readme|changelog|changes|authors)[^/]*(?<!\.py)$"
    r"|(?:^|/)(?:\.gitignore|\.gitkeep|\.crates2?\.(?:toml|json)|__pycache__)(?:/|$)"
    r"|(?:^|/)share/info/dir$"
    r"|(?:^|site-packages/)(?:docs?|tests?|examples|benchmarks)/",
    re.IGNORECASE,
)
_MANUALS = re.compile(r"(?:^|/)share/(?:doc|man|info|gtk-doc|licenses)/|\.dist-info/licenses/")


def is_native(path: str) -> bool:
    """Say whether it is a library that the loader or Python loads."""
    return _NATIVE.search(path) is not None


def is_program(path: str) -> bool:
    """Say whether it lies where programs lie."""
    return not _PROGRAMS.isdisjoint(path.split("/")[:-1])


def is_code(path: str) -> bool:
    """Say whether something breaks without it: code, native libraries and programs, but no tests and no spare copy."""
    if path.startswith("__clobbers__/") or not _TESTS.isdisjoint(path.split("/")[:-1]):
        return False
    return is_native(path) or is_program(path) or _CODE.search(path) is not None


def is_metadata(path: str) -> bool:
    """Say whether it is what Python tools know of a project, and no part of it."""
    return _METADATA.search(path) is not None


def is_clutter(path: str) -> bool:
    """Say whether several packages bring such a file and nobody reads it, or only their maintainers do."""
    return is_metadata(path) or _CLUTTER.search(path) is not None


def is_spare(path: str) -> bool:
    """Say whether nothing needs it to run: tests, documentation and licences, which people delete to save space."""
    in_tests = not _TESTS.isdisjoint(path.split("/")[:-1])
    return in_tests or _CLUTTER.search(path) is not None or _MANUALS.search(path) is not None


def harm_of_loss(path: str) -> Severity:
    """Return how bad it is that a file is gone."""
    if is_code(path):
        return Severity.ERROR
    return Severity.INFO if is_spare(path) else Severity.WARNING


def harm_of_change(path: str) -> Severity:
    """Return how bad it is that a file holds other bytes than it was installed with."""
    if _CHANGING.search(path):
        return Severity.INFO
    return Severity.ERROR if is_code(path) else Severity.WARNING
