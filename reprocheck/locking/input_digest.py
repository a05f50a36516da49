"""A digest of everything that a lock was asked for, so that `check` can see in a blink that nothing changed.

Over what was meant, not over bytes: comments, order of dependencies and layout do not count.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from reprocheck.model.environments import CondaSpec, EnvironmentFile
from reprocheck.model.json_documents import dump_line
from reprocheck.model.redaction import public_url

DIGEST_KEY = "reprocheck.input-digest"


def input_digest(
    environment: EnvironmentFile, platforms: Sequence[str], channels: Sequence[str], cuda: str | None
) -> str:
    """Return `sha256:<hex>` of specs, platforms, channels (their order counts) and the CUDA decision."""
    document = dump_line(
        {
            "channels": list(channels),
            "conda": sorted(_spec_text(spec) for spec in environment.conda),
            "cuda": cuda,
            "pip": sorted(requirement.text for requirement in environment.pip),
            "platforms": sorted(platforms),
        }
    )
    return f"sha256:{hashlib.sha256(document.encode()).hexdigest()}"


def declared_channels(environment: EnvironmentFile) -> tuple[str, ...]:
    """Return the channels of the file as a lock shows them; `nodefaults` says nothing here."""
    return tuple(public_url(channel.name) for channel in environment.channels if channel.name != "nodefaults")


def _spec_text(spec: CondaSpec) -> str:
    """Return the spec with its selector; the text too, for keys in brackets that the pieces do not hold."""
    keys = spec.text[spec.text.index("[") :] if "[" in spec.text else ""
    pieces = (spec.channel or "", spec.name, spec.version or "", spec.build or "", spec.selector or "", keys)
    return " ".join(f"{len(piece)}:{public_url(piece)}" for piece in pieces)
