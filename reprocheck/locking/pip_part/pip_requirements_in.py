"""The pip part as uv reads it: one line a requirement, and notes on what cannot be locked.

Local paths and editable installs are left out and said; a repository without a commit is an error (RC106).
Source: PEP 508; pip "Requirements File Format", "VCS Support".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement

from reprocheck.errors import InputError, ReprocheckError, raise_gathered
from reprocheck.locking.pip_part.pip_addresses import Addresses
from reprocheck.model.environments import PipRequirement

_AFTER_AT = re.compile(r"^[A-Za-z0-9._\-]+\s*(?:\[[^\]]*\])?\s*@\s*(?P<url>\S+)")
_COMMIT = re.compile(r"@[0-9a-fA-F]{7,40}$")
_VCS = re.compile(r"^(?P<system>git|hg|svn|bzr)\+")
_HASH = re.compile(r"\s--hash[= ]\S+")


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementLines:
    """What uv is given.

    `direct` are the addresses of direct references as written, by project; `direct_lines` are the lines that hold them.
    """

    lines: tuple[str, ...]
    notes: tuple[str, ...]
    direct: tuple[tuple[str, str], ...]
    direct_lines: tuple[str, ...]


def requirement_lines(requirements: Sequence[PipRequirement], addresses: Addresses) -> RequirementLines:
    """Return the lines of requirements or constraints, in order.

    Raises:
        InputError: a line that cannot be read, a repository without a commit, an address with a variable not set.
        GatheredErrors: several of these.
    """
    lines: dict[PipRequirement, list[str]] = {}
    errors: list[ReprocheckError] = []
    for requirement in requirements:
        try:
            lines[requirement] = _lines(requirement, addresses)
        except InputError as error:
            errors.append(error)
    raise_gathered(errors)
    notes = tuple(note for requirement in requirements for note in _notes(requirement))
    direct = [requirement for requirement in requirements if requirement.kind == "url"]
    return RequirementLines(
        lines=tuple(line for found in lines.values() for line in found),
        notes=notes,
        direct=tuple((one.name, direct_address(one)) for one in direct if one.name),
        direct_lines=tuple(line for one in direct for line in lines[one]),
    )


def direct_address(requirement: PipRequirement) -> str:
    """Return the address of a direct reference as written, without the name of the project."""
    line = requirement.address or requirement.text
    found = _AFTER_AT.match(line)
    address = (found["url"] if found else line.split()[0]).removesuffix(";")
    url, _, fragment = address.partition("#")
    kept = "&".join(part for part in fragment.split("&") if part and not part.startswith("egg="))
    return f"{url}#{kept}" if kept else url


def _lines(requirement: PipRequirement, addresses: Addresses) -> list[str]:
    if requirement.kind in ("option", "path", "editable"):
        return []
    if requirement.kind == "unreadable":
        raise _unreadable(requirement, "it is neither a requirement nor an address")
    name = f"{requirement.name}[{','.join(requirement.extras)}]" if requirement.extras else f"{requirement.name}"
    marker = f" ; {requirement.marker}" if requirement.marker else ""
    if requirement.kind == "url":
        address = _checked_address(requirement, addresses)
        return [f"{name} @ {address}{marker}" if requirement.name else f"{address}{marker}"]
    line = f"{name}{requirement.specifier}{marker}"
    try:
        Requirement(line)
    except InvalidRequirement as error:
        raise _unreadable(requirement, "its version or marker is not written as PEP 508 has it") from error
    return [line + "".join(_HASH.findall(requirement.address))]


def _checked_address(requirement: PipRequirement, addresses: Addresses) -> str:
    address = direct_address(requirement)
    system = _VCS.match(address)
    if system and system["system"] != "git":
        raise InputError(
            f"`{requirement.text}` is in a `{system['system']}` repository",
            where=str(requirement.location),
            why="uv reads git repositories only",
            how="name a released version, or an archive by its URL",
        )
    if system and not _COMMIT.search(address.partition("#")[0]):
        raise InputError(
            f"`{requirement.text}` names no commit",
            where=str(requirement.location),
            why="what a branch or a tag holds may change, so that a lock would not say what is installed (RC106)",
            how="add the commit, as in `git+https://host/project.git@0123456789abcdef0123456789abcdef01234567`",
        )
    return addresses.to_fetch(address)


def _notes(requirement: PipRequirement) -> list[str]:
    kinds = {"path": "a local path", "editable": "an editable install"}
    if requirement.kind not in kinds:
        return []
    what = f"`{requirement.text}` ({requirement.location}) is {kinds[requirement.kind]}"
    return [f"{what}: it is not locked, nor is what it depends on"]


def _unreadable(requirement: PipRequirement, why: str) -> InputError:
    return InputError(
        f"requirement `{requirement.text}` cannot be read",
        where=str(requirement.location),
        why=why,
        how="write it as pip takes it, for example `name>=1.2,<2`",
    )
