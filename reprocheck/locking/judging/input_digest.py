"""A digest of everything that a lock was asked for, so that `check` can see in a blink that nothing changed.

Over what was meant, not over bytes: comments, order of dependencies and layout do not count.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from reprocheck.model.environments import MAIN, CondaSpec, EnvironmentFile, PipRequirement
from reprocheck.model.json_documents import dump_line
from reprocheck.model.redaction import public_url


def input_digest(
    environment: EnvironmentFile, platforms: Sequence[str], channels: Sequence[str], cuda: str | None
) -> str:
    """Return `sha256:<hex>` of specs, platforms, channels (their order counts) and the CUDA decision."""
    document = dump_line(
        {
            "channels": list(channels),
            "conda": sorted(_spec_text(spec) for spec in environment.conda),
            "cuda": cuda,
            "pip": sorted(_requirement_text(requirement) for requirement in environment.pip),
            "platforms": sorted(platforms),
            **_rarely(environment),
        }
    )
    return f"sha256:{hashlib.sha256(document.encode()).hexdigest()}"


def _rarely(environment: EnvironmentFile) -> dict[str, list[str]]:
    """Return what few files have; left out where there is none, so that it changes no digest of the others."""
    told = {
        "pip-constraints": sorted(line.text for line in environment.pip_constraints),
        "pip-repositories": [public_url(repository.name) for repository in environment.pip_repositories],
        "pypi": [] if environment.allow_pypi_requests else ["not allowed"],
    }
    return {key: values for key, values in told.items() if values}


def declared_channels(environment: EnvironmentFile) -> tuple[str, ...]:
    """Return the channels of the file as a lock shows them; `nodefaults` says nothing here."""
    return tuple(public_url(channel.name) for channel in environment.channels if channel.name != "nodefaults")


def _requirement_text(requirement: PipRequirement) -> str:
    """Return the line as it may be shown, with its selector and category where it has such."""
    selector = f"  # [{requirement.selector}]" if requirement.selector is not None else ""
    category = f"  category {requirement.category}" if requirement.category != MAIN else ""
    return requirement.text + selector + category


def _spec_text(spec: CondaSpec) -> str:
    """Return the spec with its selector; the text too, for keys in brackets that the pieces do not hold."""
    keys = spec.text[spec.text.index("[") :] if "[" in spec.text else ""
    pieces = (spec.channel or "", spec.name, spec.version or "", spec.build or "", spec.selector or "", keys)
    category = () if spec.category == MAIN else (spec.category,)
    return " ".join(f"{len(piece)}:{public_url(piece)}" for piece in (*pieces, *category))
