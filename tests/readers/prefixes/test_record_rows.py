"""Rows of RECORD, as pip, uv and the csv module write them, and broken ones."""

from __future__ import annotations

import base64
import csv
import hashlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprocheck.model.prefixes import OwnedFile
from reprocheck.readers.prefixes.record_rows import Listing, rows_of, rows_of_names

HEX = hashlib.sha256(b"x").hexdigest()
GOOD = "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(b"x").digest()).rstrip(b"=").decode()


def files(text: str) -> tuple[OwnedFile, ...]:
    return Listing("site", (), windows=False).files(rows_of(text.encode()))


@pytest.mark.parametrize(
    ("row", "file"),
    [
        (f"a.py,{GOOD},1", OwnedFile("site/a.py", "file", HEX, 1)),
        (f"a.py,{GOOD}=,1", OwnedFile("site/a.py", "file", HEX, 1)),
        ("a.py,,", OwnedFile("site/a.py")),
        ("a.py", OwnedFile("site/a.py")),
        ("a.py,md5=abc,x", OwnedFile("site/a.py")),
        ("a.py,sha256=short,-3", OwnedFile("site/a.py")),
        ("a.py,sha256=a,1", OwnedFile("site/a.py", "file", None, 1)),
        ("a.py,sha256=\N{SNOWMAN},\N{SUPERSCRIPT TWO}", OwnedFile("site/a.py")),
        (f'"a,b.py",{GOOD},1', OwnedFile("site/a,b.py", "file", HEX, 1)),
        (f'"a""b.py",{GOOD},1,more', OwnedFile('site/a"b.py', "file", HEX, 1)),
        ('"a b.py"', OwnedFile("site/a b.py")),
        ("../../bin/a,,", None),
        ("../bin/a,,", OwnedFile("bin/a")),
        (f"a.pyc,{GOOD},1", OwnedFile("site/a.pyc", "file", HEX, 1)),
        ("a.pyc,,", OwnedFile("site/a.pyc", "bytecode")),
        (f"__pycache__/a.pyc,{GOOD},1", OwnedFile("site/__pycache__/a.pyc", "bytecode")),
    ],
)
def test_a_row_is_a_file(row: str, file: OwnedFile | None) -> None:
    expected = () if file is None else (file,)
    assert files(row) == files(f"{row}\n") == files(f"\r\n{row}\r\n,,\r\n\r\n") == files(f"\ufeff{row}") == expected


def test_a_path_counts_once_with_the_digest_that_is_told() -> None:
    assert files(f"a,,\nb,,\na,{GOOD},1\na,,\n") == (OwnedFile("site/a", "file", HEX, 1), OwnedFile("site/b"))


def test_a_table_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="codec"):
        list(rows_of(b"\xff"))
    with pytest.raises(ValueError, match="field larger than field limit"):
        list(rows_of(b'"' + b"x" * 200_000 + b'",,'))


def test_names_alone_are_rows_without_digests() -> None:
    assert list(rows_of_names(b"../a.py\r\n\n b \n")) == [("../a.py", "", ""), ("b", "", "")]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1), max_size=5))
def test_what_the_csv_module_writes_is_read_back(paths: list[str]) -> None:
    """RECORD is written with Python's csv module (PyPA, "Recording installed projects")."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows((path, GOOD, "1") for path in paths)
    assert [row[0] for row in rows_of(buffer.getvalue().encode())] == paths
