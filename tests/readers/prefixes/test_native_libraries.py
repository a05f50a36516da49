"""Runtime libraries that are really there, by family, soname, place and digest."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import os
import re
import struct
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprocheck.model.findings import PackageRef
from reprocheck.model.prefixes import CondaRecord, NativeLibrary, OwnedFile, Prefix
from reprocheck.readers.prefixes.elf_soname import read_soname
from reprocheck.readers.prefixes.native_libraries import family_of, find_libraries

Write = Callable[[Path, Mapping[str, str | bytes]], Path]
SITE = "lib/python3.11/site-packages"


def elf(soname: str, more: bytes = b"", bits: int = 64, order: str = "<") -> bytes:
    """Return a small shared library of ELF: a header, two program headers, a dynamic section, its strings.

    It is loaded at 0x10000, so that an address is no offset.
    """
    wide = bits == 64
    at, header_size, entry = (120 + 112, 56, "qQ") if wide else (52 + 64, 32, "iI")
    strings = b"\0" + soname.encode() + b"\0"
    names = at + struct.calcsize(order + entry) * 3
    dynamic = b"".join(struct.pack(order + entry, *pair) for pair in ((14, 1), (5, 0x10000 + names), (0, 0)))
    size = names + len(strings)
    table = 64 if wide else 52
    head = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2, 1]) + bytes(9)
    word = "Q" if wide else "I"
    head += struct.pack(
        f"{order}HHI{word}{word}{word}IHHHHHH", 3, 62, 1, 0, table, 0, 0, table, header_size, 2, 0, 0, 0
    )

    def program(kind: int, start: int, length: int) -> bytes:
        address = 0x10000 + start
        if wide:
            return struct.pack(f"{order}2I6Q", kind, 4, start, address, address, length, length, 8)
        return struct.pack(f"{order}8I", kind, start, address, address, length, length, 4, 4)

    headers = program(1, 0, size) + program(2, at, len(dynamic))
    return (head + headers).ljust(at, b"\0") + dynamic + strings + more


def prefix_of(*owned: tuple[str, str], site: str | None = SITE) -> Prefix:
    """Return a prefix whose conda packages list these: (package, path)."""
    records = tuple(
        CondaRecord(
            name=name,
            version="1.0",
            build="0",
            channel="conda-forge",
            subdir="linux-64",
            url="",
            md5=None,
            sha256=None,
            dependencies=(),
            requested=(),
            files=tuple(OwnedFile(path) for owner, path in owned if owner == name),
            record=f"conda-meta/{name}-1.0-0.json",
        )
        for name in sorted({owner for owner, _ in owned})
    )
    return Prefix(
        path="env",
        kind="conda",
        maker=None,
        platform="linux-64",
        python="3.11.7",
        site_packages=site,
        conda=records,
        distributions=(),
    )


def conda(name: str) -> PackageRef:
    return PackageRef(manager="conda", name=name, version="1.0")


@pytest.mark.parametrize(
    ("family", "names"),
    [
        ("libgomp", "libgomp.so.1 libgomp.so libgomp-a34b3233.so.1 libgomp-34b32331.so.1.0.0 libgomp-1.dll"),
        ("libgomp", "libgomp-1-abcdef0123.dll libgomp.1.dylib"),
        ("libomp", "libomp.so libomp.so.5 libomp.dylib libomp140.x86_64.dll libomp-7bba7d56.so"),
        ("libiomp5", "libiomp5.so libiomp5.dylib libiomp5md.dll"),
        (
            "libcudart",
            "libcudart.so.12 libcudart.so.11.8.89 libcudart-d0da41ae.so.11.0 cudart64_110.dll cudart64_12.dll",
        ),
        ("libcublas", "libcublas.so.12 cublas64_12.dll"),
        ("libcudnn", "libcudnn.so.9 cudnn64_9.dll"),
        ("libnccl", "libnccl.so.2 libnccl.so.2.21.5"),
        ("libnvrtc", "libnvrtc.so.12 libnvrtc-672ee683.so.11.2 nvrtc64_120_0.dll"),
        ("libnvJitLink", "libnvJitLink.so.12 nvJitLink_120_0.dll"),
        ("libtbb", "libtbb.so.12.11 tbb12.dll"),
        ("libmkl_rt", "libmkl_rt.so.2 libmkl_rt.2.dylib mkl_rt.2.dll"),
        ("libopenblas", "libopenblas.so.0 libopenblas64_p-r0-0cf96a72.3.23.so libscipy_openblas64_-ff651d7f.so"),
        ("libopenblas", "libopenblasp-r0.3.21.so libopenblas.dylib libscipy_openblas-95f0.dll"),
        (None, "libcudnn_ops.so.9 libcublasLt.so.12 libnvrtc-builtins.so.12.1 nvrtc64_120_0.alt.dll libtbbmalloc.so.2"),
        (None, "libompd.so libomptarget.so libiompstubs5.so libnccl_static.a tbb.so openblas.py omp.h libc10.so"),
    ],
)
def test_a_library_is_known_by_its_file_name(family: str | None, names: str) -> None:
    assert {family_of(name) for name in names.split()} == {family}


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("order", ["<", ">"])
def test_the_soname_is_read_from_the_file(bits: int, order: str) -> None:
    assert read_soname(io.BytesIO(elf("libgomp.so.1", bits=bits, order=order))) == "libgomp.so.1"


def test_the_soname_of_a_real_library_is_read() -> None:
    maps = Path("/proc/self/maps")
    libraries = re.findall(r"/\S*/libc\.so\.6$", maps.read_text(), re.MULTILINE) if maps.exists() else []
    if not libraries:
        pytest.skip("no glibc in this process")
    with Path(libraries[0]).open("rb") as file:
        assert read_soname(file) == "libc.so.6"


WHOLE = elf("libgomp.so.1")


@pytest.mark.parametrize("cut", [0, 3, 4, 5, 40, 63, 64, 100, 130, 200, 240, 270, len(WHOLE) - 14])
def test_a_file_that_was_cut_off_has_no_soname(cut: int) -> None:
    assert read_soname(io.BytesIO(WHOLE[:cut])) is None


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (4, b"\x09"),  # a class that does not exist
        (32, b"\xff" * 8),  # program headers beyond the end of everything
        (54, b"\x01\x00"),  # program headers too short
        (56, b"\xff\xff"),  # too many of them
        (56, b"\x01\x00"),  # no dynamic section
        (128, b"\xff" * 7 + b"\x7f"),  # it begins beyond the end
        (232, b"\x01"),  # no soname
        (248, b"\x01"),  # no strings
        (256, b"\xff" * 7),  # strings outside of what is loaded
        (281, b"\xff"),  # no UTF-8
        (281, b"\x1b"),  # no name
        (281, b"\x00"),  # an empty name
    ],
)
def test_a_broken_file_has_no_soname(at: int, value: bytes) -> None:
    broken = bytearray(WHOLE)
    broken[at : at + len(value)] = value
    assert read_soname(io.BytesIO(bytes(broken))) is None


def test_a_section_without_an_end_is_read_to_its_end() -> None:
    broken = bytearray(WHOLE)
    broken[264:272] = struct.pack("<q", 99)
    assert read_soname(io.BytesIO(bytes(broken))) == "libgomp.so.1"


@given(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=8))
def test_no_file_brings_the_reader_down(at: int, value: bytes) -> None:
    """Whatever stands in an ELF file: a name of one line, or none."""
    found = read_soname(io.BytesIO(WHOLE[:at] + value + WHOLE[at + len(value) :]))
    assert found is None or found.isprintable()


def test_one_library_is_told_without_a_digest(tmp_path: Path, write: Write) -> None:
    write(tmp_path, {"lib/libgomp.so.1.0.0": elf("libgomp.so.1"), "lib/libother.so": elf("libother.so")})
    (tmp_path / "lib" / "libgomp.so.1").symlink_to("libgomp.so.1.0.0")
    (tmp_path / "lib" / "libgomp.so").symlink_to("libgomp.so.1")
    prefix = prefix_of(("libgomp", "lib/libgomp.so.1.0.0"), ("_openmp_mutex", "lib/libgomp.so.1"))
    assert find_libraries(tmp_path, prefix) == (
        NativeLibrary(
            "libgomp",
            "libgomp.so.1",
            "lib/libgomp.so.1",
            "lib/libgomp.so.1.0.0",
            "",
            (conda("_openmp_mutex"), conda("libgomp")),
        ),
    )


def test_copies_are_told_with_their_digests_and_owners(tmp_path: Path, write: Write) -> None:
    copies = {
        "lib/libgomp.so.1": elf("libgomp.so.1"),
        f"{SITE}/torch/lib/libgomp.so.1": elf("libgomp.so.1", b"another"),
        f"{SITE}/scikit_learn.libs/libgomp-a34b3233.so.1.0.0": elf("libgomp-a34b3233.so.1.0.0"),
        f"{SITE}/wheel/.libs/libgomp.so.1": elf("libgomp.so.1"),
        "anywhere/deep/libgomp.so.1": elf("libgomp.so.1"),
    }
    write(tmp_path, copies)
    found = find_libraries(tmp_path, prefix_of(("libgomp", "lib/libgomp.so.1"), ("x", "anywhere/deep/libgomp.so.1")))
    assert [(item.path, item.soname, item.sha256) for item in found] == [
        (
            path,
            f"libgomp{'-a34b3233.so.1.0.0' if 'scikit' in path else '.so.1'}",
            hashlib.sha256(copies[path]).hexdigest(),
        )
        for path in sorted(copies)
    ]
    assert {item.path: item.owners for item in found if item.owners} == {
        "lib/libgomp.so.1": (conda("libgomp"),),
        "anywhere/deep/libgomp.so.1": (conda("x"),),
    }


def test_a_link_to_another_runtime_is_that_runtime(tmp_path: Path, write: Write) -> None:
    """conda-forge's `_openmp_mutex` of LLVM's flavour puts `libgomp.so.1` before libomp."""
    write(tmp_path, {"lib/libomp.so": elf("libomp.so")})
    (tmp_path / "lib" / "libgomp.so.1").symlink_to("libomp.so")
    found = find_libraries(tmp_path, prefix_of(("_openmp_mutex", "lib/libgomp.so.1"), ("llvm-openmp", "lib/libomp.so")))
    assert [(item.family, item.path, item.owners) for item in found] == [
        ("libomp", "lib/libomp.so", (conda("_openmp_mutex"), conda("llvm-openmp")))
    ]


def test_libraries_lie_in_the_folders_of_wheels_and_toolkits(tmp_path: Path, write: Write) -> None:
    paths = [
        f"{SITE}/nvidia/cudnn/lib/libcudnn.so.9",
        f"{SITE}/nvidia/cu13/bin/x86_64/cudart64_13.dll",
        f"{SITE}/package/.dylibs/libomp.dylib",
        "Library/bin/mkl_rt.2.dll",
        "lib64/libtbb.so.12",
        "targets/x86_64-linux/lib/libnvrtc.so.12",
    ]
    starts = {".so": elf("x"), "dll": b"MZ\x90\0", "lib": bytes.fromhex("cffaedfe")}
    write(tmp_path, {path: next(data for end, data in starts.items() if end in path[-7:]) for path in paths})
    found = find_libraries(tmp_path, prefix_of())
    assert {item.path for item in found} == set(paths)
    assert {item.soname for item in found} == {"x", "cudart64_13.dll", "libomp.dylib", "mkl_rt.2.dll"}


def test_a_library_of_windows_is_known_without_the_hash_of_its_repair(tmp_path: Path, write: Write) -> None:
    write(tmp_path, {"Lib/site-packages/x.libs/libgomp-1-0123456789abcdef.dll": b"MZ"})
    (found,) = find_libraries(tmp_path, prefix_of(site="Lib/site-packages"))
    assert found.soname == "libgomp-1.dll"


def test_what_no_loader_takes_is_left_out(tmp_path: Path, write: Write) -> None:
    write(
        tmp_path,
        {
            "lib/libgomp.so": "INPUT(libgomp.so.1)\n",
            "lib/stubs/libcublas.so": elf("libcublas.so.12"),
            "__clobbers__/x/lib/libgomp.so.1": elf("libgomp.so.1"),
            "lib/libomp.so/x": "",
        },
    )
    os.mkfifo(tmp_path / "lib" / "libnccl.so.2")
    (tmp_path / "lib" / "libtbb.so").symlink_to("libtbb.so")
    (tmp_path / "lib" / "libtbb.so.2").symlink_to("gone")
    (tmp_path / "targets").symlink_to("targets")
    owned = ("lib/stubs/libcublas.so", "__clobbers__/x/lib/libgomp.so.1", "lib/libmkl_rt.so", "lib/libother.so")
    assert find_libraries(tmp_path, prefix_of(*(("x", path) for path in owned), site=None)) == ()


def test_two_names_of_llvms_runtime_are_two_copies(tmp_path: Path, write: Write) -> None:
    write(tmp_path, {"lib/libomp.so": elf("libomp.so"), "lib/libiomp5.so": elf("libiomp5.so"), "lib/libtbb.so": b"MZ"})
    found = find_libraries(tmp_path, prefix_of())
    assert [(item.family, bool(item.sha256)) for item in found] == [
        ("libiomp5", True),
        ("libomp", True),
        ("libtbb", False),
    ]


def test_a_library_outside_is_told_by_its_whole_path(tmp_path: Path, write: Write) -> None:
    write(tmp_path, {"cache/libgomp.so.1": elf("libgomp.so.1"), "env/lib/x": ""})
    (tmp_path / "env" / "lib" / "libgomp.so.1").symlink_to("../../cache/libgomp.so.1")
    (found,) = find_libraries(tmp_path / "env", prefix_of())
    assert (found.path, found.real) == ("lib/libgomp.so.1", (tmp_path / "cache/libgomp.so.1").as_posix())


def test_the_family_may_be_known_by_the_link_or_the_soname_alone(tmp_path: Path, write: Write) -> None:
    write(tmp_path, {"lib/blob-1": elf("libgomp.so.1"), "lib/blob-2": elf("nothing"), "lib/blob-3": b"MZ"})
    for number, name in enumerate(("libtbb.so.2", "libnccl.so.2", "tbb12.dll"), 1):
        (tmp_path / "lib" / name).symlink_to(f"blob-{number}")
    found = find_libraries(tmp_path, prefix_of())
    assert [(item.family, item.path) for item in found] == [
        ("libgomp", "lib/libtbb.so.2"),
        ("libnccl", "lib/libnccl.so.2"),
        ("libtbb", "lib/tbb12.dll"),
    ]


def test_a_copy_that_is_too_large_to_keep_is_hashed_all_the_same(tmp_path: Path, write: Write) -> None:
    write(tmp_path, {"lib/libgomp.so.1": elf("libgomp.so.1"), "bin/libgomp-1.dll": b"MZ"})
    os.truncate(tmp_path / "lib" / "libgomp.so.1", 64 << 20)
    found = find_libraries(tmp_path, prefix_of())
    digest = hashlib.sha256((tmp_path / "lib" / "libgomp.so.1").read_bytes()).hexdigest()
    assert [item.sha256 for item in found] == [hashlib.sha256(b"MZ").hexdigest(), digest]


def test_the_environment_that_runs_this_is_searched(whole_prefix: Path) -> None:
    from reprocheck.readers.prefixes.installed import read_prefix

    prefix = read_prefix(whole_prefix, "env", "linux-64")
    assert find_libraries(whole_prefix, dataclasses.replace(prefix)) == ()
