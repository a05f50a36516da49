"""The package indexes that option lines of a pip section, or of the requirements files in it, name.

Source: pip "Requirements File Format" (the options that a file may hold); pip/_internal/req/req_file.py (one line may
hold several options, the last `--index-url` wins, relative folders are meant from the file that says them).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reprocheck.model.environments import PipRequirement

_COMMENT = re.compile(r"(?<=\S)\s+#.*$")
_REMOTE = re.compile(r"^[A-Za-z][A-Za-z0-9+.\-]+://|^file:")
_INDEX, _EXTRA, _LINKS = "--index-url", "--extra-index-url", "--find-links"
_NAMES = {"-i": _INDEX, "--pypi-url": _INDEX, "-f": _LINKS, _INDEX: _INDEX, _EXTRA: _EXTRA, _LINKS: _LINKS}
# They change how pip talks or how strictly it looks, never what a lock holds.
_HARMLESS = frozenset({"--prefer-binary", "--require-hashes", "--no-cache-dir", "--disable-pip-version-check"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PipOptions:
    """What option lines ask for; addresses may hold credentials and are for fetching only.

    `find_links` are URLs, or absolute paths. `unknown` are the lines that hold something else, `-r` lines that were
    not read among them.
    """

    index_url: str | None = field(default=None, repr=False)
    extra_index_urls: tuple[str, ...] = field(default=(), repr=False)
    find_links: tuple[str, ...] = field(default=(), repr=False)
    unknown: tuple[PipRequirement, ...] = ()


def read_pip_options(requirements: Sequence[PipRequirement]) -> PipOptions:
    """Return the options of the option lines among `requirements`, in order; equal addresses are told once."""
    found: dict[str, list[str]] = {_INDEX: [], _EXTRA: [], _LINKS: []}
    unknown: list[PipRequirement] = []
    for requirement in requirements:
        if requirement.kind != "option":
            continue
        options = list(_options(_words(requirement.address)))
        if any(name not in found and name not in _HARMLESS for name, _ in options):
            unknown.append(requirement)
            continue
        for name, value in options:
            if name in found:
                found[name].append(_absolute(value, requirement) if name == _LINKS else value)
    return PipOptions(
        index_url=found[_INDEX][-1] if found[_INDEX] else None,
        extra_index_urls=tuple(dict.fromkeys(found[_EXTRA])),
        find_links=tuple(dict.fromkeys(found[_LINKS])),
        unknown=tuple(unknown),
    )


def _words(address: str) -> list[str]:
    line = _COMMENT.sub("", address)
    try:
        return shlex.split(line)
    except ValueError:  # quotation marks that do not close
        return line.split()


def _options(words: list[str]) -> Iterator[tuple[str, str]]:
    """Yield (option, value) pairs; other words come as they are, and an option without its value has no name."""
    rest = iter(words)
    for word in rest:
        flag, equals, value = word.partition("=") if word.startswith("--") else (word[:2], word[2:], word[2:])
        if flag not in _NAMES:
            yield word, ""
            continue
        value = value if equals else next(rest, "")
        yield (_NAMES[flag], value) if value else ("", word)


def _absolute(value: str, requirement: PipRequirement) -> str:
    return value if _REMOTE.match(value) else (Path(requirement.location.path).parent / value).absolute().as_posix()
