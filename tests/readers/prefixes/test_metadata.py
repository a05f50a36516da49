"""Heads of METADATA and PKG-INFO, and which requirements hold."""

from __future__ import annotations

import pytest

from reprocheck.readers.prefixes.metadata import Metadata, held, parse_metadata, parse_requires_txt
from reprocheck.readers.requires_dist import MarkerTarget

TARGET = MarkerTarget(platform="linux-64", python="3.11.7")


@pytest.mark.parametrize(
    ("data", "metadata"),
    [
        (b"Name: A_b\nVersion: 1\n", Metadata("a-b", "1", ())),
        (b"\xef\xbb\xbfNAME:a\r\nversion : 1\r\n\r\nName: other", Metadata("a", "1", ())),
        (b"Name: a\nName: b\nVersion: 1\nVersion: 2", Metadata("a", "1", ())),
        (b"Name: a\nAuthor: J\xfcrgen\nVersion: 1", Metadata("a", "1", ())),
        (
            b" odd\nName: a\nVersion: 1\nRequires-Dist: b\n (>=1)\nRequires-Dist: c\n",
            Metadata("a", "1", ("b (>=1)", "c")),
        ),
        (b"Name: a\n\nVersion: 1", None),
        (b"\0\0", None),
    ],
)
def test_the_head_is_read(data: bytes, metadata: Metadata | None) -> None:
    assert parse_metadata(data) == metadata


def test_requirements_of_an_egg_are_those_of_metadata() -> None:
    data = b"a\n b>=1 \n[test]\nc\n[:os_name == 'nt']\nd\n[test:os_name == 'nt']\ne\n"
    assert parse_requires_txt(data) == ("a", "b>=1", "d ; os_name == 'nt'")


@pytest.mark.parametrize(
    ("line", "needs"),
    [
        ("Numpy", (("numpy", ""),)),
        ("numpy (>=1.20,<3)", (("numpy", "<3,>=1.20"),)),
        ("numpy >= 1.20 , != 2.0.*", (("numpy", "!=2.0.*,>=1.20"),)),
        ("a_b[x,y]~=1.0", (("a-b", "~=1.0"),)),
        ("a; extra == 'x'", ()),
        ("a>=1; python_version>='3.8'", (("a", ">=1"),)),
        ("a; python_version<'3.8'", ()),
        ("A_b @ https://host.invalid/x.whl", (("a-b", ""),)),
        ("a =1 broken", (("a", ""),)),
        ("!", ()),
    ],
)
def test_requirements_hold_or_not(line: str, needs: tuple[tuple[str, str], ...]) -> None:
    assert held([line], TARGET) == needs
