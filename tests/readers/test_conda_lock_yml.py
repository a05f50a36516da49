"""Locks are read alike on both roads, leniently where real files are, with one clear error where broken."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from reprocheck.errors import GatheredErrors, InputError
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.readers.conda_lock_yml import ConflictedLockError, lift_lock, parse_lock, read_lock
from reprocheck.readers.decoded_text import decode_text
from reprocheck.readers.plain_blocks import Block, Irregular, blocks_of, scan_blocks
from reprocheck.readers.plain_entries import split_entries
from reprocheck.readers.yaml_events import parse_yaml

LOCK = """\
# generated
version: 1
metadata:
  content_hash:
    linux-64: abc
  channels:
  - url: conda-forge
    used_env_vars: []
  - nvidia
  - used_env_vars: []
  platforms:
  - linux-64
  sources:
  - environment.yml
  custom_metadata:
    reprocheck.cuda: '12.4'
package:
- name: numpy
  version: 1.26.4
  manager: conda
  platform: linux-64
  dependencies:
    python: '>=3.11,<3.12.0a0'
    libblas: ''
  url: https://conda.anaconda.org/conda-forge/linux-64/numpy-1.26.4-py311h64a7726_0.conda
  hash:
    md5: A502D7AAD449A1206EFB366D6A12C52D
    sha256: 3f4365e11b28e244c95ba8579942b0802761ba7bb31c026f50d1a9ea9c728149
  category: main
  optional: false
- name: requests
  version: 2.31.0
  manager: pip
  platform: linux-64
  dependencies: {}
  url: https://files.example/requests-2.31.0-py3-none-any.whl
  hash:
    sha256: '1234'
  category: dev
  optional: true
"""


def one(text: str) -> Lock:
    return parse_lock(text.encode(), "conda-lock.yml")


def message(text: str) -> list[str]:
    with pytest.raises((InputError, GatheredErrors)) as caught:
        one(text)
    return caught.value.lines()


def test_every_field_of_a_conda_package_is_read() -> None:
    assert one(LOCK).packages[0] == LockedPackage(
        name="numpy",
        version="1.26.4",
        manager="conda",
        platform="linux-64",
        dependencies=(("python", ">=3.11,<3.12.0a0"), ("libblas", "")),
        url="https://conda.anaconda.org/conda-forge/linux-64/numpy-1.26.4-py311h64a7726_0.conda",
        md5="a502d7aad449a1206efb366d6a12c52d",
        sha256="3f4365e11b28e244c95ba8579942b0802761ba7bb31c026f50d1a9ea9c728149",
        category="main",
        optional=False,
        build="py311h64a7726_0",
        channel="conda-forge",
        line=18,
    )


def test_a_pip_package_has_no_build_and_no_channel() -> None:
    package = one(LOCK).packages[1]
    assert (package.manager, package.build, package.channel, package.md5) == ("pip", None, None, None)
    assert (package.category, package.optional, package.line) == ("dev", True, 31)


def test_the_head_is_read() -> None:
    lock = one(LOCK)
    assert lock.platforms == ("linux-64",)
    assert lock.channels == ("conda-forge", "nvidia")
    assert lock.content_hash == (("linux-64", "abc"),)
    assert lock.sources == ("environment.yml",)
    assert lock.custom("reprocheck.cuda") == "12.4"


@pytest.mark.parametrize(
    "irregular",
    [
        LOCK.replace("version: 1.26.4", "version: 1.26.4  # by hand"),
        LOCK.replace("dependencies: {}", "dependencies: { }"),
        LOCK.replace("'>=3.11,<3.12.0a0'", '">=3.11,\\x3c3.12.0a0"'),
        f"---\n{LOCK}".replace("# generated\n", ""),
    ],
)
def test_irregular_layout_reads_the_same(irregular: str) -> None:
    with pytest.raises(Irregular):
        scan_blocks(irregular)
    assert one(irregular) == one(LOCK)


def test_optional_fields_may_be_missing_and_hashes_partial() -> None:
    text = LOCK.replace("  category: main\n  optional: false\n", "").replace(
        "    md5: A502D7AAD449A1206EFB366D6A12C52D\n", "    md5: null\n"
    )
    package = one(text).packages[0]
    assert (package.category, package.optional, package.md5) == ("main", False, None)
    assert package.sha256 is not None


def test_an_unknown_version_is_named_with_the_ways_out() -> None:
    assert message(LOCK.replace("version: 1\n", "version: 7\n")) == [
        "error: lock format version `7` is unknown",
        "  where: conda-lock.yml:2, version",
        "  why:   this release reads version `1`",
        "  how:   write the lock file anew in version `1`, or upgrade reprocheck",
    ]


def test_a_file_of_another_kind_is_no_lock() -> None:
    assert message("name: x\ndependencies:\n- python\n") == [
        "error: file is no conda-lock file: `version` is missing",
        "  where: conda-lock.yml:1",
        "  why:   a lock holds the keys `version`, `metadata` and `package`",
        "  how:   name the right file, or write it anew with `reprocheck lock`",
    ]


@pytest.mark.parametrize("text", ["", "# nothing\n", "just text\n", "- a list\n"])
def test_a_file_without_a_mapping_is_empty(text: str) -> None:
    assert message(text)[:2] == ["error: lock file is empty", "  where: conda-lock.yml:1"]


def test_broken_entries_are_gathered_with_their_lines() -> None:
    text = LOCK.replace("  url: https://files", "  link: https://files").replace("manager: conda", "manager: npm")
    assert message(f"{text}- loose\n") == [
        "error: package entry is broken",
        "  where: conda-lock.yml:18, package[0]",
        "  why:   `manager` should be `conda` or `pip`, not `npm`",
        "  how:   write it anew with `reprocheck lock`",
        "error: package entry is broken",
        "  where: conda-lock.yml:31, package[1]",
        "  why:   `url` is missing or empty",
        "  how:   write it anew with `reprocheck lock`",
        "error: package entry is broken",
        "  where: conda-lock.yml:17, package[2]",
        "  why:   an entry should be a mapping",
        "  how:   write it anew with `reprocheck lock`",
    ]


def test_conflict_markers_are_one_error_whose_remedy_is_a_new_lock() -> None:
    text = LOCK.replace("  version: 1.26.4\n", "<<<<<<< HEAD\n  version: 1.26.4\n=======\n  version: 2\n>>>>>>> b\n")
    with pytest.raises(ConflictedLockError) as caught:
        one(text)
    assert caught.value.lines() == [
        "error: conflict marker in the lock file",
        "  where: conda-lock.yml:19:1",
        "  why:   a merge was left unfinished, and a lock cannot be merged by hand",
        "  how:   run `reprocheck lock`, which writes it anew",
    ]


def test_a_lock_that_was_cut_is_written_anew_not_mended() -> None:
    assert message("version: 1\nmetadata: {}\npackage:\n- name: a\n  versi") == [
        "error: not valid YAML: could not find expected ':'",
        "  where: conda-lock.yml:6:1",
        "  why:   while scanning a simple key",
        "  how:   write it anew with `reprocheck lock`",
    ]


def test_packages_that_are_no_list_are_not_taken_for_none() -> None:
    assert message("version: 1\nmetadata: {}\npackage:\n  numpy: 2.1.0\n") == [
        "error: `package` is broken",
        "  where: conda-lock.yml:3",
        "  why:   it should be a list, with one entry a package",
        "  how:   write it anew with `reprocheck lock`",
    ]
    assert parse_lock(b"version: 1\nmetadata: {}\npackage:\n", "conda-lock.yml").packages == ()


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_lock(tmp_path / "no.yml")
    assert caught.value.lines() == [
        "error: cannot read the lock file",
        f"  where: {tmp_path / 'no.yml'}",
        "  why:   no such file or directory",
        "  how:   write one with `reprocheck lock`, or name an existing file with `--lockfile`",
    ]


def test_a_file_is_shown_under_the_name_that_was_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "conda-lock.yml"
    path.write_text(LOCK)
    assert read_lock(path, "sub/conda-lock.yml").path == "sub/conda-lock.yml"
    assert read_lock(path).path == path.as_posix()


def test_binary_content_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        parse_lock(b"\x7fELF\x00\xff", "conda-lock.yml")
    assert caught.value.lines()[0] == "error: byte 0xff is not valid UTF-8"


def locks_of(shared: Path) -> Iterator[Path]:
    for folder in sorted((shared / "corpus" / "conda-lock").iterdir()):
        if folder.is_dir():
            yield from sorted(folder.glob("**/*lock*.y*ml"))


@pytest.mark.slow
def test_all_roads_agree_on_every_real_lock_and_most_take_the_quick_ones(shared: Path) -> None:
    entries, blocks, total = 0, 0, 0
    for path in locks_of(shared):
        text = decode_text(path.read_bytes(), path.name, 1 << 26)
        node = parse_yaml(text, path.name, most_nodes=1 << 22)
        assert node is not None
        slow = blocks_of(node)
        assert isinstance(slow, Block)
        lock = lift_lock(slow, path.name)
        total += 1
        with contextlib.suppress(Irregular):
            assert split_entries(text)[1] == lock.packages
            entries += 1
        with contextlib.suppress(Irregular):
            assert lift_lock(scan_blocks(text), path.name) == lock
            blocks += 1
        assert parse_lock(text.encode(), path.name) == lock
    print(f"of {total} real locks {entries} are read by entries, {blocks} could be by lines")
    assert entries >= 0.7 * total > 0
    assert blocks >= 0.9 * total
