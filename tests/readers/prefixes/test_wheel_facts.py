"""What installed wheels say of how they were built."""

from __future__ import annotations

import pytest

from reprocheck.readers.prefixes.wheel_facts import parse_tags, parse_torch_cuda

WHEEL = b"""\
Wheel-Version: 1.0
Generator: auditwheel 6.1.0
Root-Is-Purelib: false
Tag: cp311-cp311-manylinux_2_17_x86_64
Tag: cp311-cp311-manylinux2014_x86_64
Build: 1Tag: x-y-z
"""
TORCH = b"""\
from typing import Optional

__all__ = ['__version__', 'debug', 'cuda', 'git_version', 'hip', 'rocm', 'xpu']
__version__ = '%b'
debug = False
cuda: Optional[str] = %b
git_version = 'cf30153c4c131c8164ee7798e5022d810682e2cb'
hip: Optional[str] = %b
xpu: Optional[str] = %b
"""


def test_a_wheel_tells_its_tags() -> None:
    assert parse_tags(WHEEL) == ("cp311-cp311-manylinux_2_17_x86_64", "cp311-cp311-manylinux2014_x86_64")


@pytest.mark.parametrize(
    ("data", "tags"),
    [
        (b"", ()),
        (b"Tag: py3-none-any\r\nTag: py3-none-any\r\n", ("py3-none-any",)),
        (b"Tag: py2.py3-none-any\n", ("py2.py3-none-any",)),
        (b"Tag:py3-none-any", ("py3-none-any",)),
        (b"Tag: \xff\xfe\nTag: one-two\nTag: py3-none-any; rm\n", ()),
    ],
)
def test_what_is_no_tag_is_left_out(data: bytes, tags: tuple[str, ...]) -> None:
    assert parse_tags(data) == tags


@pytest.mark.parametrize(
    ("data", "cuda"),
    [
        (TORCH % (b"2.5.1+cu124", b"'12.4'", b"None", b"None"), "12.4"),
        (TORCH % (b"2.5.1+cpu", b"None", b"None", b"None"), ""),
        (TORCH % (b"2.5.1+rocm6.2", b"None", b"'6.2.41133-dd7f95766'", b"None"), None),
        (TORCH % (b"2.7.0+xpu", b"None", b"None", b"'20250000'"), None),
        (b"__version__ = '1.4.0'\ndebug = False\ncuda = '10.1'\n", "10.1"),
        (b"__version__ = '1.4.0+cpu'\r\ncuda = None\r\n", ""),
        (b'cuda = "12.6"\n', "12.6"),
        (b"cuda = '12.4; and more'\n", None),
        (b"cuda = 'new'\n", None),
        (b"cuda = ''\nhip = None\n", None),
        (b"# cuda = '12.4'\nif True:\n    cuda = '12.4'\n", None),
        (b"__version__ = '2.5.1'\n", None),
        (b"", None),
        (b"\xff\xfe\x00", None),
    ],
)
def test_torch_tells_its_cuda_and_only_where_it_is_plainly_written(data: bytes, cuda: str | None) -> None:
    assert parse_torch_cuda(data) == cuda
