"""What an optimizer makes of hashed numbers: one update at a few steps of a run, as the run had configured it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reprocheck.model.json_documents import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateSample:
    """One update: after which step, of which parameter group, by which optimizer; `after` are float32 bits."""

    step: int
    group: int
    optimizer: str
    after: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunUpdates:
    """The updates of a run on rank 0; all of them start from the same values and gradients, `before` and `gradient`."""

    before: tuple[int, ...]
    gradient: tuple[int, ...]
    samples: tuple[UpdateSample, ...]


def words_of(bits: tuple[int, ...]) -> str:
    """Write float32 bits as hex words."""
    return ".".join(f"{word:08x}" for word in bits)


def bits_of(words: str) -> tuple[int, ...]:
    """Read float32 bits from hex words."""
    return tuple(int(word, 16) for word in words.split("."))


def updates_document(updates: RunUpdates) -> Mapping[str, Json]:
    """Return the updates as a member of their run's document."""
    return {
        "before": words_of(updates.before),
        "gradient": words_of(updates.gradient),
        "samples": [
            {"step": one.step, "group": one.group, "optimizer": one.optimizer, "after": words_of(one.after)}
            for one in updates.samples
        ],
    }
