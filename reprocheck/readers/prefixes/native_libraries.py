"""Find the runtime libraries that are really there: those that packages list, and copies that nobody lists.

One library is one file: the links to it are other names of the same bytes, and the loader takes it once. Looked at
are the paths that packages list, and the folders into which conda, wheels and their repair tools (auditwheel, delocate,
delvewheel) put libraries. Of cuDNN, cuBLAS and NVRTC only the main library counts, its parts go with it. Stubs, which
exist to be linked against, and what rattler moved to `__clobbers__` are never loaded.

Digests tell copies apart: they are taken where a family has several files (LLVM's OpenMP and Intel's count as one),
and empty where it has one, since hashing a gigabyte of CUDA would tell nothing.

Sources: contents of wheels listed on 2026-11-20; auditwheel and delvewheel, "name mangling" (`NAME-HASH.EXT`);
docs.nvidia.com, "CUDA Toolkit Release Notes", library names on Windows.
"""

from __future__ import annotations

import os
import re
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from reprocheck.model.findings import PackageRef
from reprocheck.model.prefixes import NativeLibrary, Prefix
from reprocheck.readers.prefixes import elf_soname
from reprocheck.readers.prefixes.file_hashes import Job, hash_file
from reprocheck.readers.prefixes.regular_files import names_if_readable

_STEMS = "gomp|omp|iomp5|cudart|cublas|cudnn|nccl|nvrtc|nvjitlink|tbb|mkl_rt"
_VERSION = r"(?:[-_.]?\d[\d_.]*)?(?:\.(?:x86_64|aarch64))?(?:-[0-9a-f]{6,})?"
_NAME = re.compile(
    rf"(?:lib)?(?:(?P<stem>{_STEMS})(?:md)?{_VERSION}|(?:scipy_)?(?P<blas>openblas)[\w.\-]*?)"
    r"(?:(?P<unix>\.so(?:\.[\d.]+)?|\.dylib)|\.dll)",
    re.IGNORECASE,
)
_FAMILIES = {"nvjitlink": "libnvJitLink"}
_HASH = re.compile(r"-[0-9a-f]{6,}(?=\.)")
_MAGICS = (
    elf_soname.MAGIC,
    b"MZ",
    *(bytes.fromhex(magic) for magic in ("feedface", "feedfacf", "cefaedfe", "cffaedfe", "cafebabe", "cafebabf")),
)
_FOLDERS = ("lib", "lib64", "bin", "Library/bin")


class _File(NamedTuple):
    """One library file: where it really is, what it is called there, and every path that leads to it."""

    real: str
    family: str
    soname: str
    paths: tuple[str, ...]


def family_of(name: str) -> str | None:
    """Return the family of a library by its file name, None where it is none of ours."""
    found = _NAME.fullmatch(name)
    if found is None or (found["unix"] and not name.startswith("lib")):
        return None
    stem = (found["stem"] or found["blas"]).lower()
    return _FAMILIES.get(stem, f"lib{stem}")


def find_libraries(root: Path, prefix: Prefix) -> tuple[NativeLibrary, ...]:
    """Return the runtime libraries below `root`, the folder of `prefix`, by family and path."""
    whole = os.path.realpath(root)
    files = [file for real, paths in _by_real(root, prefix).items() if (file := _file(real, paths)) is not None]
    several = Counter(map(_runtime, files))
    found = (
        NativeLibrary(
            family=file.family,
            soname=file.soname,
            path=_best(file, whole),
            real=_relative(file.real, whole),
            sha256=_sha256(file.real) if several[_runtime(file)] > 1 else "",
            owners=_owners(file, prefix),
        )
        for file in files
    )
    return tuple(sorted(found, key=lambda item: (item.family, item.path)))


def _runtime(file: _File) -> str:
    """Return what must not be there twice: LLVM's OpenMP and Intel's are one runtime."""
    return "libomp" if file.family == "libiomp5" else file.family


def _by_real(root: Path, prefix: Prefix) -> dict[str, list[str]]:
    """Return the paths that lead to each file, links followed."""
    found: dict[str, list[str]] = {}
    for path in sorted({*_listed(prefix), *_lying(root, prefix)}):
        if "/stubs/" not in path and not path.startswith("__clobbers__/"):
            found.setdefault(os.path.realpath(f"{root}/{path}"), []).append(path)
    return found


def _listed(prefix: Prefix) -> Iterator[str]:
    for path in prefix.owners:
        if (path.endswith((".so", ".dylib", ".dll")) or ".so." in path) and family_of(path.rpartition("/")[2]):
            yield path


def _lying(root: Path, prefix: Prefix) -> Iterator[str]:
    for folder in _folders(root, prefix.site_packages):
        yield from (f"{folder}/{name}" for name in names_if_readable(root, folder) if family_of(name))


def _folders(root: Path, site: str | None) -> Iterator[str]:
    yield from _FOLDERS
    yield from (f"targets/{name}/lib" for name in names_if_readable(root, "targets"))
    for name in names_if_readable(root, site) if site else ():
        if name.endswith(".libs"):
            yield f"{site}/{name}"
        elif "." not in name and name != "__pycache__":
            yield from (f"{site}/{name}/{inner}" for inner in (".libs", ".dylibs", "lib"))
    for name in names_if_readable(root, f"{site}/nvidia") if site else ():
        yield from (f"{site}/nvidia/{name}/{inner}" for inner in ("lib", "bin", "bin/x86_64"))


def _file(real: str, paths: list[str]) -> _File | None:
    """Return the library in the file `real`, None where there is none: gone, or no regular file, or a linker script."""
    name = os.path.basename(real)  # noqa: PTH119  (text in, text out)
    try:
        if not stat.S_ISREG(os.stat(real).st_mode):  # noqa: PTH116  (likewise)
            return None
        with open(real, "rb") as file:  # noqa: PTH123  (likewise)
            if not file.read(4).startswith(_MAGICS):
                return None
            soname = elf_soname.read_soname(file) or _HASH.sub("", name)
    except OSError:
        return None
    known = (family_of(name), family_of(soname), *(family_of(path.rpartition("/")[2]) for path in paths))
    family = next(family for family in known if family is not None)
    return _File(real, family, soname, tuple(paths))


def _best(file: _File, whole: str) -> str:
    """Return the path to show: the one that the loader looks for, else that of the file itself, else the first."""
    real = _relative(file.real, whole)
    return min(file.paths, key=lambda path: (path.rpartition("/")[2] != file.soname, path != real, path))


def _relative(real: str, whole: str) -> str:
    """Return a path relative to the prefix, and the whole path of what lies outside."""
    inside = real.startswith(os.path.join(whole, ""))  # noqa: PTH118  (likewise)
    path = real[len(whole) :].lstrip(os.sep) if inside else real
    return path.replace(os.sep, "/")


def _sha256(real: str) -> str:
    """Return the digest of a file, empty where it cannot be read to its end."""
    hashed = hash_file(Job(real, real, 0), lambda _: True)
    return (hashed and hashed.sha256) or ""


def _owners(file: _File, prefix: Prefix) -> tuple[PackageRef, ...]:
    found = {package.reference for path in file.paths for package, _ in prefix.owners.get(path, ())}
    return tuple(sorted(found, key=lambda reference: (reference.manager, reference.name, reference.version or "")))
