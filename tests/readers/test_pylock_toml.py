"""A pylock.toml of uv becomes plain data, or an error that says where."""

from __future__ import annotations

import pytest

from reprocheck.errors import InputError
from reprocheck.readers.pylock_toml import PylockCommit, PylockFile, PylockPackage, parse_pylock

HEAD = 'lock-version = "1.0"\ncreated-by = "uv"\n'
HASH = "AB" * 32


def parse(text: str) -> tuple[PylockPackage, ...]:
    return parse_pylock((HEAD + text).encode(), "pylock.toml")


def test_wheels_and_source_archive_have_name_and_hash() -> None:
    text = f"""
[[packages]]
name = "Top_Level"
version = "1.0+cu121"
marker = "sys_platform == 'linux'"
sdist = {{ url = "https://host.invalid/top_level-1.0.tar.gz" }}
wheels = [{{ url = "https://host.invalid/a%2Bb.whl?x=1#frag", hashes = {{ sha256 = "{HASH}" }} }}]
"""
    assert parse(text) == (
        PylockPackage(
            name="top-level",
            version="1.0+cu121",
            wheels=(
                PylockFile(url="https://host.invalid/a%2Bb.whl?x=1#frag", filename="a%2Bb.whl", sha256=HASH.lower()),
            ),
            sdist=PylockFile(
                url="https://host.invalid/top_level-1.0.tar.gz", filename="top_level-1.0.tar.gz", sha256=None
            ),
        ),
    )


def test_direct_references_are_told_apart() -> None:
    text = """
[[packages]]
name = "a"
version = "1"
archive = { url = "https://host.invalid/a.whl" }
[[packages]]
name = "b"
version = "2"
vcs = { type = "git", url = "https://host.invalid/b.git", commit-id = "0123", subdirectory = "pkg" }
[[packages]]
name = "c"
version = "3"
vcs = { type = "git", url = "https://host.invalid/c.git", commit-id = "4567" }
"""
    a, b, c = parse(text)
    assert a.archive == PylockFile(url="https://host.invalid/a.whl", filename="a.whl", sha256=None)
    assert b.commit == PylockCommit(url="https://host.invalid/b.git", commit="0123", subdirectory="pkg")
    assert c.commit == PylockCommit(url="https://host.invalid/c.git", commit="4567", subdirectory=None)


def test_a_lock_without_packages_is_empty() -> None:
    assert parse("") == ()


def test_no_secret_is_shown_by_the_data() -> None:
    shown = repr(parse('[[packages]]\nname = "a"\nversion = "1"\narchive = { url = "https://u:s3cret@h/a.whl" }'))
    assert "s3cret" not in shown


@pytest.mark.parametrize(
    ("text", "lines"),
    {
        "packages = 1": ["pylock holds no list of packages", "pylock.toml, packages"],
        "packages = [1]": ["entry is no table", "pylock.toml, packages[0]"],
        '[[packages]]\nname = "a"': ["`version` is missing", "pylock.toml, packages[0]"],
        '[[packages]]\nname = ""\nversion = "1"': ["`name` is missing", "pylock.toml, packages[0]"],
        '[[packages]]\nname = "a"\nversion = "1"\nwheels = 1': ["`wheels` is no list", "pylock.toml, packages[0]"],
        '[[packages]]\nname = "a"\nversion = "1"\nwheels = [{}]': [
            "`url` is missing",
            "pylock.toml, packages[0].wheels",
        ],
    }.items(),
)
def test_a_package_that_says_too_little_is_an_error(text: str, lines: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        parse(text)
    assert [caught.value.what, caught.value.where] == lines


@pytest.mark.parametrize("data", [b"\xff", b"a ="])
def test_what_is_no_toml_is_an_error(data: bytes) -> None:
    with pytest.raises(InputError) as caught:
        parse_pylock(data, "pylock.toml")
    assert caught.value.what == "file is no TOML"


@pytest.mark.parametrize("head", ['lock-version = "2.0"', "lock-version = 1", ""])
def test_another_version_is_an_error(head: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_pylock(head.encode(), "pylock.toml")
    assert caught.value.why == "this release reads `1.x`"
    assert caught.value.where == "pylock.toml, lock-version"
