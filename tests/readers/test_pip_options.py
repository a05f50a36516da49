"""Index options of a pip section."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprocheck.readers.pip_options import PipOptions, read_pip_options
from reprocheck.readers.requirements_txt import parse_requirements


def options(*lines: str, path: str = "env/requirements.txt") -> PipOptions:
    return read_pip_options(parse_requirements("\n".join(lines).encode(), path))


def test_indexes_are_read_in_order_and_once() -> None:
    found = options(
        "torch",
        "--extra-index-url https://one.invalid/simple",
        "--extra-index-url=https://two.invalid/simple",
        "--extra-index-url https://one.invalid/simple  # again",
        "-f https://three.invalid/wheels.html",
        "--find-links=file:///wheels",
    )
    assert found.index_url is None
    assert found.extra_index_urls == ("https://one.invalid/simple", "https://two.invalid/simple")
    assert found.find_links == ("https://three.invalid/wheels.html", "file:///wheels")
    assert found.unknown == ()


@pytest.mark.parametrize(
    "line",
    [
        "-i https://index.invalid/simple",
        "-ihttps://index.invalid/simple",
        "--index-url https://index.invalid/simple",
        "--index-url='https://index.invalid/simple'",
        "--pypi-url https://index.invalid/simple",
        "--prefer-binary --index-url https://index.invalid/simple",
    ],
)
def test_an_index_may_be_written_in_several_ways(line: str) -> None:
    assert options(line).index_url == "https://index.invalid/simple"


def test_the_last_index_wins_and_a_line_may_hold_several_options() -> None:
    found = options("-i https://a.invalid", "--extra-index-url https://b.invalid --index-url https://c.invalid")
    assert (found.index_url, found.extra_index_urls) == ("https://c.invalid", ("https://b.invalid",))


def test_a_folder_of_wheels_is_meant_from_the_file_that_says_it() -> None:
    assert options("-f wheels").find_links == ((Path("env") / "wheels").absolute().as_posix(),)
    assert options("-f /wheels").find_links == ("/wheels",)


@pytest.mark.parametrize(
    "line",
    [
        "--pre",
        "--no-index",
        "--no-binary :all:",
        "-r https://host.invalid/r.txt",
        "--index-url",
        "--extra-index-url https://a.invalid --pre",
        "--index-url https://a.invalid stray",
    ],
)
def test_what_a_lock_does_not_follow_is_named(line: str) -> None:
    found = options(line, "--require-hashes")
    assert [requirement.text for requirement in found.unknown] == [line]
    assert (found.index_url, found.extra_index_urls) == (None, ())


def test_addresses_stay_out_of_the_repr() -> None:
    found = options("--index-url https://u:p@index.invalid", "-f https://u:p@a.invalid")
    assert found.index_url == "https://u:p@index.invalid"
    assert repr(found) == "PipOptions(unknown=())"


def test_a_quotation_mark_that_does_not_close_is_a_letter() -> None:
    assert options("-f https://host.invalid/it's").find_links == ("https://host.invalid/it's",)
