"""Requirements files and the lines that name them."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from reprocheck.errors import InputError
from reprocheck.model.environments import EnvironmentFile
from reprocheck.readers.environment_yml import parse_environment
from reprocheck.readers.requirements_txt import (
    expand_requirements,
    is_remote,
    lines_of_file,
    named_file,
    parse_requirements,
    read_requirements,
)


def environment(*lines: str, path: str = "environment.yml", category: str = "main") -> EnvironmentFile:
    section = "".join(f"    - {line}\n" for line in lines)
    return parse_environment(f"category: {category}\ndependencies:\n  - pip:\n{section}".encode(), path)


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def test_comments_go_and_continuations_are_joined() -> None:
    data = b"""\
# first
torch==2.4.1 \\
    --hash=sha256:aa \\
    --hash=sha256:bb
numpy  # why
  scipy
einops \\
# a comment ends the line
tail\\"""
    found = parse_requirements(data, "r.txt")
    assert [(line.name, line.specifier, line.location.line, line.location.column) for line in found] == [
        ("torch", "==2.4.1", 2, 1),
        ("numpy", "", 5, 1),
        ("scipy", "", 6, 3),
        ("einops", "", 7, 1),
        ("tail", "", 9, 1),
    ]


@pytest.mark.parametrize(
    "data",
    [
        codecs.BOM_UTF16_LE + "tôrch-x".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "tôrch-x".encode("utf-16-be"),
        codecs.BOM_UTF8 + "tôrch-x".encode(),
        "# -*- coding: latin-1 -*-\ntôrch-x".encode("latin-1"),
        "#!/bin/sh\n# vim: set fileencoding=latin-1 :\ntôrch-x".encode("latin-1"),
        "tôrch-x".encode(),
    ],
)
def test_the_encoding_is_the_marks_or_the_comments_or_utf_8(data: bytes) -> None:
    assert parse_requirements(data, "r.txt")[0].address == "tôrch-x"


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"# coding: klingon\nx", "the requirements file is not valid klingon"),
        (b"# coding: hex\nx", "the requirements file is not valid hex"),
        (codecs.BOM_UTF16_LE + b"x", "the requirements file is not valid utf-16-le"),
        (b"\n\n# coding: latin-1\n\xff", "byte 0xff is not valid UTF-8"),
        (b"a\x00", "control character 0x00"),
    ],
)
def test_a_file_in_no_known_encoding_is_a_clear_error(data: bytes, what: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_requirements(data, "r.txt")
    assert caught.value.what == what


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("-r a.txt", ("-r", "a.txt")),
        ("-ra.txt", ("-r", "a.txt")),
        ("-r 'my file.txt'  # why", ("-r", "my file.txt")),
        ("--requirement=a.txt", ("-r", "a.txt")),
        ("--requirement a.txt --no-deps", ("-r", "a.txt")),
        ("-c a.txt", ("-c", "a.txt")),
        ("--constraint a.txt", ("-c", "a.txt")),
        ("-r it's.txt", ("-r", "it's.txt")),
        ("--requirements-odd x", None),
        ("--index-url https://index.invalid", None),
        ("-r", None),
        ("torch", None),
    ],
)
def test_which_file_a_line_names(line: str, named: tuple[str, str] | None) -> None:
    assert named_file(parse_requirements(line.encode(), "r.txt")[0]) == named


def test_files_stand_in_the_place_of_their_lines(tmp_path: Path) -> None:
    write(tmp_path, base="numpy\n-r more/deep.txt\n", more__deep="-r side.txt\nscipy\n", more__side="pandas==2.2\n")
    made = environment("torch", "-r base.txt  # [linux]", "einops", category="dev")
    found = expand_requirements(made, tmp_path).pip
    assert [(line.name, line.selector, line.category) for line in found] == [
        ("torch", None, "dev"),
        ("numpy", "linux", "dev"),
        ("pandas", "linux", "dev"),
        ("scipy", "linux", "dev"),
        ("einops", None, "dev"),
    ]
    assert str(found[2].location) == f"{tmp_path.as_posix()}/more/side.txt:1:1"


def test_constraints_are_kept_apart_and_options_are_not(tmp_path: Path) -> None:
    write(
        tmp_path,
        pins="numpy<2\n--index-url https://index.invalid\n-r base.txt\n-c other.txt\n",
        base="scipy\n",
        other="pandas<3\n",
    )
    found = expand_requirements(environment("torch", "-c pins.txt"), tmp_path)
    assert [line.text for line in found.pip] == ["torch", "--index-url https://index.invalid", "scipy"]
    assert [line.text for line in found.pip_constraints] == ["pandas<3", "numpy<2"]


def test_a_file_is_read_once_for_each_selector(tmp_path: Path) -> None:
    write(tmp_path, base="numpy\n")
    made = environment("-r base.txt", "-r ./base.txt", "-r base.txt  # [linux]")
    assert [line.selector for line in expand_requirements(made, tmp_path).pip] == [None, "linux"]


def test_what_is_behind_a_url_is_not_fetched(tmp_path: Path) -> None:
    made = environment("-r https://host.invalid/r.txt")
    assert expand_requirements(made, tmp_path).pip == made.pip
    assert is_remote("file:///r.txt")
    assert not is_remote("requirements.txt")


def test_a_missing_file_is_an_error_at_the_line_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        expand_requirements(environment("torch", "-r base.txt"), tmp_path)
    assert caught.value.lines() == [
        "error: cannot read the requirements file",
        "  where: environment.yml:5:7",
        f"  why:   there is no file `{tmp_path.as_posix()}/base.txt`",
        "  how:   correct the path, or remove the line",
    ]


def test_a_file_that_names_itself_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, a="-r b.txt\n", b="numpy\n-r a.txt\n")
    with pytest.raises(InputError) as caught:
        expand_requirements(environment("-r a.txt"), tmp_path)
    assert caught.value.lines() == [
        "error: requirements file `a.txt` names itself",
        f"  where: {tmp_path.as_posix()}/b.txt:2:1",
        "  why:   reading it leads here again: a.txt -> b.txt -> a.txt",
        "  how:   remove this line",
    ]


def test_files_are_not_followed_without_end(tmp_path: Path) -> None:
    for number in range(60):
        (tmp_path / f"{number}.txt").write_text(f"-r {number + 1}.txt\n")
    with pytest.raises(InputError) as caught:
        expand_requirements(environment("-r 0.txt"), tmp_path)
    assert caught.value.what == "requirements files nested too deeply"
    assert caught.value.why == "at most 40 levels are read: … 36.txt -> 37.txt -> 38.txt -> 39.txt -> 40.txt"


def test_a_line_whose_file_cannot_be_read_may_stay(tmp_path: Path) -> None:
    write(tmp_path, a="numpy\n-r absent.txt\n-r a.txt\n")
    (tmp_path / "bad.txt").write_bytes(b"\xff")
    made = environment("-r a.txt", "-c absent.txt", "-r bad.txt")
    found = expand_requirements(made, tmp_path, keep_unreadable=True)
    assert [line.text for line in found.pip] == [
        "numpy",
        "-r absent.txt",
        "-r a.txt",
        "-c absent.txt",
        "-r bad.txt",
    ]


def test_a_folder_is_no_requirements_file(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_requirements(tmp_path)
    assert caught.value.what == "cannot read the requirements file"


def test_the_lines_of_a_file_are_told_as_they_stand(tmp_path: Path) -> None:
    path = tmp_path / "requirements.txt"
    path.write_bytes(b"# first\nidna==3.10 \\\n    --hash=sha256:00\n")
    assert lines_of_file(path) == ("# first", "idna==3.10 \\", "    --hash=sha256:00", "")
