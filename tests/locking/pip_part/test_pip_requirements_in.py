"""What of the pip part uv is given, and what is told instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprocheck.errors import InputError
from reprocheck.locking.pip_part.pip_addresses import Addresses
from reprocheck.locking.pip_part.pip_requirements_in import requirement_lines
from tests.locking.local_index import requirements

GIVEN = Addresses(folder=Path("/project"), environ={"TOKEN": "s3cret-word"})
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("line", "written"),
    [
        ("Top_Level [b, a] >=1,<2 ; python_version < '3.12'", "top-level[a,b]>=1,<2 ; python_version < '3.12'"),
        ("torch==2.1.0+cu121", "torch==2.1.0+cu121"),
        ("top==1.0 --hash=sha256:00 --hash=sha256:11", "top==1.0 --hash=sha256:00 --hash=sha256:11"),
        ("top @ https://$TOKEN@h.invalid/top-1.0.tar.gz", "top @ https://s3cret-word@h.invalid/top-1.0.tar.gz"),
        (
            "top[x] @ https://h.invalid/t.zip#sha256=00 ; os_name == 'nt'",
            "top[x] @ https://h.invalid/t.zip#sha256=00 ; os_name == 'nt'",
        ),
        ("https://h.invalid/top-1.0-py3-none-any.whl", "top @ https://h.invalid/top-1.0-py3-none-any.whl"),
        ("https://h.invalid/top-1.0.tar.gz", "https://h.invalid/top-1.0.tar.gz"),
        (
            f"git+https://h.invalid/t.git@{COMMIT}#egg=top&subdirectory=pkg",
            f"top @ git+https://h.invalid/t.git@{COMMIT}#subdirectory=pkg",
        ),
    ],
)
def test_a_line_is_given_to_uv(line: str, written: str) -> None:
    assert requirement_lines(requirements(line), GIVEN).lines == (written,)


def test_options_are_left_to_whoever_reads_the_sources() -> None:
    assert requirement_lines(requirements("--index-url https://h.invalid"), GIVEN).lines == ()


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (
            "top==<version>",
            [
                "error: requirement `top==<version>` cannot be read",
                "  where: environment.yml:10:5",
                "  why:   its version or marker is not written as PEP 508 has it",
                "  how:   write it as pip takes it, for example `name>=1.2,<2`",
            ],
        ),
        (
            "???",
            [
                "error: requirement `???` cannot be read",
                "  where: environment.yml:10:5",
                "  why:   it is neither a requirement nor an address",
                "  how:   write it as pip takes it, for example `name>=1.2,<2`",
            ],
        ),
        (
            "hg+https://h.invalid/top@0123#egg=top",
            [
                "error: `hg+https://h.invalid/top@0123#egg=top` is in a `hg` repository",
                "  where: environment.yml:10:5",
                "  why:   uv reads git repositories only",
                "  how:   name a released version, or an archive by its URL",
            ],
        ),
    ],
)
def test_what_uv_cannot_read_is_an_error_with_its_place(line: str, error: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        requirement_lines(requirements(line), GIVEN)
    assert caught.value.lines() == error
