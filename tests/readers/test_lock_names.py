"""A lock is known by the names that its writers give it."""

from __future__ import annotations

from reprocheck.readers.lock_names import is_lock_name


def test_usual_names_of_locks_are_known() -> None:
    assert [name for name in ("conda-lock.yml", "pixi.lock", "uv.lock", "environment.yml") if is_lock_name(name)] == [
        "conda-lock.yml",
        "pixi.lock",
    ]
