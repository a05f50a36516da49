"""Our reading of a line against conda-lock's own."""

from __future__ import annotations

import logging

import pytest

from reprocheck.model.platform_selectors import KNOWN_SELECTORS, PLATFORMS, platforms_of_line, selector_of

LINES = [
    "  - numpy",
    "  - numpy  # plain",
    "  - numpy  # [linux]",
    "  - numpy  #[linux]",
    "  - numpy  # [ linux ]",
    "  - numpy  # [not win]",
    "  - numpy  # [linux] only there",
    "  - numpy  # [1] and [osx]",
    "  - numpy  # [osx] and [1]",
    "  - numpy  # [unix] (see the notes)",
    "  - numpy  # (see the notes) [unix]",
    "  - numpy  # []",
    "  - numpy  # [[win]]",
    "  - numpy # a # [arm64]",
    "# [linux]",
    "    # - numpy [linux]",
    "  - ray[tune]",
    "  - ray[tune]  # why",
    "  - git+https://example.org/a.git#egg=a[b]",
    "  - 'a#[win]'",
    "dependencies:  # [all of them]",
    "#",
    "",
]


def conda_lock_keeps(line: str, platform: str) -> bool:
    selectors = pytest.importorskip("conda_lock.src_parser.selectors", reason="conda-lock is the oracle here")
    logging.getLogger("conda_lock.src_parser.selectors").setLevel(logging.ERROR)
    return list(selectors.filter_platform_selectors(line, platform)) == [line]


@pytest.mark.parametrize("line", [line for line in LINES if line and not line.lstrip().startswith("#")])
def test_a_line_stands_where_conda_lock_keeps_it(line: str) -> None:
    selector = selector_of(line)
    ours = selector.platforms if selector else PLATFORMS
    assert ours == {platform for platform in PLATFORMS if conda_lock_keeps(line, platform)}


@pytest.mark.parametrize("line", ["# [linux]", "    # - numpy [linux]", "", "#"])
def test_a_line_without_content_has_no_selector(line: str) -> None:
    assert selector_of(line) is None


def test_a_selector_knows_where_its_comment_begins() -> None:
    found = selector_of("  - numpy  # [linux]")
    assert found is not None
    assert (found.text, found.column) == ("linux", 12)


def test_a_text_that_is_no_selector_takes_the_line_from_no_platform() -> None:
    assert platforms_of_line("  - numpy  # [see notes]") == PLATFORMS
    assert platforms_of_line("  - numpy  # [win]") == {"win-64"}


def test_known_selectors_are_those_of_conda_lock() -> None:
    assert KNOWN_SELECTORS["unix"] == {"linux-64", "linux-aarch64", "linux-ppc64le", "osx-64", "osx-arm64"}
    assert KNOWN_SELECTORS["arm64"] == {"osx-arm64"}
