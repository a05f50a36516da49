"""Globs over whole paths."""

from __future__ import annotations

import pytest

from reprocheck.model.path_globs import matches_glob


@pytest.mark.parametrize(
    ("glob", "path"),
    [
        ("environment.yml", "environment.yml"),
        ("*.yml", "environment.yml"),
        ("env-?.yml", "env-a.yml"),
        ("env[ab].yml", "envb.yml"),
        ("legacy/**", "legacy/a.yml"),
        ("legacy/**", "legacy/b/a.yml"),
        ("**/a.yml", "a.yml"),
        ("**/a.yml", "b/c/a.yml"),
        ("b/**/a.yml", "b/a.yml"),
        ("b/**/d/*.yml", "b/c/c/d/a.yml"),
        ("**", "a.yml"),
    ],
)
def test_a_glob_matches_the_whole_path(glob: str, path: str) -> None:
    assert matches_glob(path, glob)


@pytest.mark.parametrize(
    ("glob", "path"),
    [
        ("*.yml", "legacy/environment.yml"),
        ("legacy/*", "legacy/b/a.yml"),
        ("legacy/**", "legacy"),
        ("legacy/**", "old-legacy/a.yml"),
        ("legacy", "legacy/a.yml"),
        ("**/a.yml", "ba.yml"),
        ("Environment.yml", "environment.yml"),
        ("env[ab].yml", "env[ab].yml"),
    ],
)
def test_a_star_stays_within_a_name_and_letter_case_counts(glob: str, path: str) -> None:
    assert not matches_glob(path, glob)
