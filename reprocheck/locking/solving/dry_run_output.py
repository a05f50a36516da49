"""What conda, mamba and micromamba print for `create --dry-run --json`, read into packages or a reason.

Sources: conda, `conda/core/link.py` (`actions`: FETCH holds whole records, LINK names only) and `conda/exceptions.py`
(`exception_name`, `message`, `packages`); mamba, `libmamba/src/core/transaction.cpp` (FETCH and LINK hold whole
records) and `libmamba/src/core/solution.cpp` (`solver_problems`). Seen in the wild and borne: text around the JSON, two
JSON documents in a row (mamba#207), an unknown package told as plain text (mamba#1802), `depends: null`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reprocheck.locking.solving.channels import CondaChannel
from reprocheck.locking.solving.locked_records import merged_dependencies, public_package_url
from reprocheck.model.locks import LockedPackage
from reprocheck.readers.conda_urls import read_conda_url

_ABSENT = frozenset({"PackagesNotFoundError", "PackagesNotFoundInChannelsError", "ResolvePackageNotFound"})
_NOTHING_PROVIDES = re.compile(r"nothing provides requested (?P<spec>[^\s\"']+)")
_UNSOLVED_TEXT = re.compile(r"Could not solve for environment|Encountered problems while solving")
_NETWORK = re.compile(
    r"CondaHTTPError|CondaSSLError|UnavailableInvalidChannel|ChecksumMismatch|ProxyError|ConnectionFailed"
    r"|Download error|Multiple errors occurred|Could not resolve|Connection (?:refused|reset)|HTTP (?:4|5)\d\d"
)
_NAME = re.compile(r"^(?:.*::)?(?P<name>[\w.\-]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why there is no solution: `absent` names that no channel has, or that the rest is `unsolvable`.

    With neither the program could not do its work; `network` says that a channel was the reason.
    """

    absent: tuple[str, ...] = ()
    unsolvable: bool = False
    network: bool = False
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Incomplete:
    """A solution that does not tell what a lock needs of `name`."""

    name: str


def read_packages(
    output: str, platform: str, channels: Sequence[CondaChannel]
) -> tuple[LockedPackage, ...] | Incomplete | None:
    """Return the packages of a dry run sorted by name, None where the output holds no solution."""
    actions = [found for document in documents(output) if isinstance(found := document.get("actions"), dict)]
    if not actions:
        return None
    records: dict[str, Mapping[str, object]] = {}
    for part in ("LINK", "FETCH"):
        # Where both tell of a package the later, FETCH, tells more.
        for record in (record for action in actions for record in _records(action, part)):
            records[_text(record, "name")] = {**records.get(_text(record, "name"), {}), **record}
    packages = []
    for name, record in sorted(records.items()):
        if name.startswith("__"):
            continue  # a promise about the machine
        package = _package(record, platform, channels)
        if package is None:
            return Incomplete(name=name)
        packages.append(package)
    return tuple(packages)


def read_refusal(stdout: str, stderr: str) -> Refusal:
    """Return why a dry run ended without a solution."""
    found = list(documents(stdout))
    names = {_text(document, "exception_name") for document in found}
    told = [text for document in found for text in _messages(document)]
    message = "\n".join(told) or "\n".join(part.strip() for part in (stdout, stderr) if part.strip())
    asked = [text for document in found for text in _texts(document, "packages")] if names & _ABSENT else []
    asked += [match["spec"] for match in _NOTHING_PROVIDES.finditer(f"{message}\n{stdout}\n{stderr}")]
    if asked:
        return Refusal(absent=tuple(dict.fromkeys(map(_name_of, asked))), message=message)
    everything = f"{message}\n{stderr}"
    unsolvable = (
        any(name.endswith(("UnsatisfiableError", "ConflictError")) for name in names)
        or any("solver_problems" in document for document in found)
        or bool(_UNSOLVED_TEXT.search(everything))
    )
    network = bool(_NETWORK.search(f"{' '.join(sorted(names))}\n{everything}"))
    return Refusal(unsolvable=unsolvable, network=network and not unsolvable, message=message)


def documents(output: str) -> Iterator[Mapping[str, object]]:
    """Yield the JSON objects of an output; each begins at the start of a line, and other text may stand between."""
    decoder = json.JSONDecoder()
    place = 0
    for begin in re.finditer(r"^\s*\{", output, re.MULTILINE):
        if begin.start() < place:
            continue
        try:
            document, place = decoder.raw_decode(output, begin.end() - 1)
        except ValueError:
            continue
        yield document


def _records(action: Mapping[str, object], part: str) -> Iterator[Mapping[str, object]]:
    listed = action.get(part)
    for record in listed if isinstance(listed, list) else ():
        if isinstance(record, dict) and _text(record, "name"):
            yield record


def _package(record: Mapping[str, object], platform: str, channels: Sequence[CondaChannel]) -> LockedPackage | None:
    raw, version = _text(record, "url"), _text(record, "version")
    if not raw or not version or "depends" not in record:
        return None
    url = public_package_url(raw, channels)
    return LockedPackage(
        name=_text(record, "name").lower(),
        version=version,
        manager="conda",
        platform=platform,
        dependencies=merged_dependencies(_texts(record, "depends")),
        url=url,
        md5=_text(record, "md5") or None,
        sha256=_text(record, "sha256") or None,
        category="main",
        optional=False,
        build=_text(record, "build") or _text(record, "build_string") or None,
        channel=read_conda_url(url)[1],
        line=0,
    )


def _messages(document: Mapping[str, object]) -> list[str]:
    problems = _texts(document, "solver_problems")
    return problems or [text for text in (_text(document, "message") or _text(document, "error"),) if text]


def _name_of(spec: str) -> str:
    found = _NAME.match(spec)
    return found["name"].lower() if found else spec


def _text(record: Mapping[str, object], key: str) -> str:
    value = record.get(key)
    return value if isinstance(value, str) else ""


def _texts(record: Mapping[str, object], key: str) -> list[str]:
    value = record.get(key)
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
