"""`GLOB:CODE,CODE`, as options and variables spell rules that are left out for some files."""

from __future__ import annotations

import pytest

from reprocheck.errors import UsageError
from reprocheck.readers.per_file_ignores import PerFileIgnores, read_per_file_ignores


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([], ()),
        ([""], ()),
        (["a.yml:RC101"], (("a.yml", ("RC101",)),)),
        (["a.yml:RC101, RC2 ,b/**: RC301,"], (("a.yml", ("RC101", "RC2")), ("b/**", ("RC301",)))),
        (["a.yml:RC101", "b:RC2", "a.yml:RC3"], (("a.yml", ("RC101", "RC3")), ("b", ("RC2",)))),
        (["c:/a/*.yml:RC101"], (("c:/a/*.yml", ("RC101",)),)),
        (["legacy/:RC101"], (("legacy/**", ("RC101",)),)),
    ],
)
def test_pairs_are_read_in_order(texts: list[str], expected: PerFileIgnores) -> None:
    assert read_per_file_ignores(texts, "here") == expected


@pytest.mark.parametrize(("text", "part"), [("RC101", "RC101"), (":RC101", ":RC101"), ("a.yml:RC101,b:", "b:")])
def test_what_is_no_pair_is_refused(text: str, part: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_per_file_ignores([text], "--per-file-ignore")
    assert caught.value.lines() == [
        f"error: `{part}` names no rule for files",
        "  where: --per-file-ignore",
        "  why:   it reads `GLOB:CODE`, for example `legacy/**:RC107`",
        "  how:   put the glob and a colon in front of the code",
    ]
