"""Read the name that the loader knows a shared library by, from the dynamic section of an ELF file.

Source: "Tool Interface Standard (TIS) Executable and Linking Format (ELF)", version 1.2, book I (header, program
headers) and book III (dynamic section); the same fields in 64 bits from the generic ABI of 2013-06-10.
"""

from __future__ import annotations

import os
import struct
from typing import BinaryIO, NamedTuple

from reprocheck.readers.prefixes.regular_files import READ_FLAGS

MAGIC = b"\x7fELF"
_LOAD, _DYNAMIC = 1, 2
_END, _STRING_TABLE, _SONAME = 0, 5, 14
_MOST_HEADERS = 4096
_MOST_BYTES = 1 << 20
_LONGEST_NAME = 512


class _Layout(NamedTuple):
    """The forms of one class and byte order: where the program headers are told, a header, a dynamic entry.

    `fields` are the places of type, offset, address and size in a program header.
    """

    table: str
    table_at: int
    header: str
    fields: tuple[int, int, int, int]
    entry: str


_LAYOUTS = {
    1: _Layout("I10xHH", 28, "8I", (0, 1, 2, 4), "iI"),
    2: _Layout("Q14xHH", 32, "2I6Q", (0, 2, 3, 5), "qQ"),
}


def is_elf(path: str) -> bool:
    """Say whether a file begins as programs and libraries of Linux do; what cannot be read does not."""
    try:
        with open(os.open(path, READ_FLAGS), "rb") as file:  # noqa: PTH123  (Path.open takes no flags)
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def read_soname(file: BinaryIO) -> str | None:
    """Return the soname of an ELF file opened for reading, None where it has none or is broken."""
    try:
        return _read(file)
    except (struct.error, OSError, OverflowError, UnicodeDecodeError):
        return None


def _read(file: BinaryIO) -> str | None:
    head = _at(file, 0, 64)
    layout = _LAYOUTS.get(head[4]) if head.startswith(MAGIC) and len(head) > 5 else None
    if layout is None:
        return None
    order = ">" if head[5] == 2 else "<"
    headers = _program_headers(file, head, layout, order)
    dynamic = next((header for header in headers if header[0] == _DYNAMIC), None)
    if dynamic is None:
        return None
    told = _dynamic(_at(file, dynamic[1], min(dynamic[3], _MOST_BYTES)), order + layout.entry)
    if _SONAME not in told or _STRING_TABLE not in told:
        return None
    table = _offset_of(told[_STRING_TABLE], headers)
    name = _at(file, table + told[_SONAME], _LONGEST_NAME).partition(b"\0")[0].decode("utf-8")
    return name if name and name.isprintable() else None


def _at(file: BinaryIO, offset: int, size: int) -> bytes:
    file.seek(offset)
    return file.read(size)


def _program_headers(file: BinaryIO, head: bytes, layout: _Layout, order: str) -> list[tuple[int, int, int, int]]:
    offset, size, count = struct.unpack_from(order + layout.table, head, layout.table_at)
    form = struct.Struct(order + layout.header)
    if size < form.size or count > _MOST_HEADERS:
        return []
    data = _at(file, offset, min(size * count, _MOST_BYTES))
    found = []
    for place in range(0, len(data) - form.size + 1, size):
        values = form.unpack_from(data, place)
        kind, start, address, length = (values[index] for index in layout.fields)
        found.append((kind, start, address, length))
    return found


def _dynamic(data: bytes, form: str) -> dict[int, int]:
    """Return the first value of each tag, up to the end mark."""
    found: dict[int, int] = {}
    entry = struct.Struct(form)
    for tag, value in entry.iter_unpack(data[: len(data) // entry.size * entry.size]):
        if tag == _END:
            break
        found.setdefault(tag, value)
    return found


def _offset_of(address: int, headers: list[tuple[int, int, int, int]]) -> int:
    """Return where in the file an address of memory comes from."""
    for kind, start, first, length in headers:
        if kind == _LOAD and first <= address < first + length:
            return start + address - first
    return address
