"""Name pairs of the user: what is read, and what is objected to."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprocheck.errors import GatheredErrors, InputError
from reprocheck.readers.name_map_file import parse_name_pairs, read_name_map

GOOD = """---
# ours
corp-torch: torch  # our build
Corp_Tools: [corp-tools, corp.tools.extra]
'libcorp': null
"odd": ~
"""


def test_pairs_lists_and_nothing_are_read_as_written() -> None:
    assert parse_name_pairs(GOOD, "names.yml") == {
        "corp-torch": ("torch",),
        "corp_tools": ("corp-tools", "corp.tools.extra"),
        "libcorp": (),
        "odd": (),
    }


@pytest.mark.parametrize(
    ("line", "what", "why", "how"),
    [
        (
            "corp-torch",
            "`corp-torch` is no pair of names",
            "a line reads `conda-name: pypi-name`, `conda-name: [one, other]` or `conda-name: null`",
            "correct or remove it",
        ),
        (
            "corp-torch:",
            "`corp-torch:` is no pair of names",
            "a line reads `conda-name: pypi-name`, `conda-name: [one, other]` or `conda-name: null`",
            "correct or remove it",
        ),
        (
            "corp-torch: torch==2.0",
            "`torch==2.0` is no name of a package",
            "a line reads `conda-name: pypi-name`, `conda-name: [one, other]` or `conda-name: null`",
            "correct it",
        ),
        (
            "corp-torch: [torch, ]",
            "`` is no name of a package",
            "a line reads `conda-name: pypi-name`, `conda-name: [one, other]` or `conda-name: null`",
            "correct it",
        ),
        (
            "Odd_one: torch",
            "`odd_one` stands twice in the name map",
            "line 1 says what it installs already",
            "write one line, with all of its projects in brackets",
        ),
    ],
)
def test_a_line_that_is_no_pair_is_an_error(line: str, what: str, why: str, how: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_name_pairs(f"odd-one: other\n{line}\n", "names.yml")
    error = caught.value
    assert (error.what, error.where, error.why, error.how) == (what, "names.yml:2", why, how)


def test_all_bad_lines_are_told_at_once() -> None:
    with pytest.raises(GatheredErrors) as caught:
        parse_name_pairs("one\ntwo\n", "names.yml")
    assert [error.where for error in caught.value.errors] == ["names.yml:1", "names.yml:2"]


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_name_map(tmp_path / "names.yml")
    assert caught.value.what == "cannot read the name map"
    assert caught.value.how == "name an existing file with `--name-map`, or remove `name-map`"


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "names.yml"
    path.write_text("corp-torch: torch\r\n", encoding="utf-8")
    assert read_name_map(path) == {"corp-torch": ("torch",)}


def test_an_address_in_the_place_of_a_name_is_shown_without_its_credentials() -> None:
    with pytest.raises(InputError) as caught:
        parse_name_pairs("numpy: https://bob:hunter2@h.invalid/x\n", "names.yml")
    assert caught.value.what == "`https://<credentials>@h.invalid/x` is no name of a package"
