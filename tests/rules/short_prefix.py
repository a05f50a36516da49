"""Read the short notation of an installed environment, as rule pages and fixtures write it.

    - conda linux-64 numpy 1.26.4 py311_0, from https://channel.invalid/linux-64/numpy-1.26.4-py311_0.conda
      - lib/libx.so
      - lib/liby.so =b
      - __clobbers__/numpy/lib/z.txt =b, was lib/z.txt
    - conda noarch tqdm 4.67.1 0, hashed =b
    - pip linux-64 numpy 2.0.0, by pip, direct vcs https://host.invalid/numpy 0123abc
      - lib/python3.11/site-packages/numpy/__init__.py =2
    - pip linux-64 torch 2.6.0, by pip, tagged cp311-cp311-linux_x86_64, for cuda 12.6
    - there lib/libx.so =c, elf
    - gone lib/liby.so
    - unreadable lib/libx.so
    - other-kind lib/libx.so
    - kernel environment python3 share/jupyter/kernels/python3/kernel.json starts other /usr/bin/python3
    - made bin/pip starts missing /srv/old/bin/python
    - library libgomp libgomp.so.1 lib/libgomp.so.1 =1, owned by conda libgomp 13.2.0
    - startup lib/python3.11/site-packages/x.pth code
    - fault conda-meta/x-1-0.json is no JSON
    - unfinished `create` was interrupted while it installed the conda part
    - maker pixi
    - kind venv
    - open to the packages of another Python
    - fast

An archive's digest is that of the short locks where no `hashed` tells another word; `hashed =?` is unknown.
A file's bytes are the word behind `=`, `1` where there is none; `=?` is one whose record tells no digest. `elf` are
programs and libraries of Linux. What lies
at a path is what its first owner expects unless `there`, `gone`, `unreadable` or `other-kind` say otherwise. `fast`
leaves out the digests of what has one owner.
"""

from __future__ import annotations

import hashlib
import re

from reprocheck.model.findings import PackageRef
from reprocheck.model.prefixes import (
    Birthmark,
    CondaRecord,
    Distribution,
    Fault,
    FileState,
    FoundFile,
    Inspection,
    Kernel,
    NativeLibrary,
    Origin,
    OwnedFile,
    PathKind,
    Prefix,
    StartupFile,
)

_CONDA = re.compile(
    r"- conda (?P<platform>\S+) (?P<name>\S+) (?P<version>[^\s,]+) (?P<build>[^\s,]+)(?:, needs (?P<needs>.+?))?"
    r"(?:, from (?P<url>\S+?))?(?:, channel (?P<channel>\S+?))?(?:, hashed =(?P<hash>\S+))?"
)
_PIP = re.compile(
    r"- pip (?P<platform>\S+) (?P<name>\S+) (?P<version>[^\s,]+)(?:, needs (?P<needs>.+?))?(?:, by (?P<by>\w+))?"
    r"(?:, direct (?P<kind>\w+) (?P<address>\S+)(?: (?P<commit>[0-9a-f]+))?(?: (?P<digest>sha256=\S+))?)?"
    r"(?:, owned by (?P<owner>\S+))?(?:, tagged (?P<tags>[\w. -]+))?(?:, for cuda (?P<cuda>[\d.]+|none))?"
)
_FILE = re.compile(
    r"  - (?P<path>[^\s,]+)(?: =(?P<content>\S+?))?(?:, was (?P<was>\S+))?(?:, (?P<kind>a link|bytecode))?"
)
_THERE = re.compile(r"- there (?P<path>\S+) =(?P<content>[^\s,]+)(?P<elf>, elf)?")
_KERNEL = re.compile(
    r"- kernel (?P<scope>\w+) (?P<name>\S+) (?P<path>\S+) starts (?P<starts>\w+) (?P<python>\S+)"
    r"(?: as (?P<display>.+))?"
)
_MADE = re.compile(r"- made (?P<path>\S+) starts (?P<starts>this|other|missing) (?P<python>.+)")
_LIBRARY = re.compile(
    r"- library (?P<family>\S+) (?P<soname>\S+) (?P<path>\S+) =(?P<content>[^\s,]+)(?:, at (?P<real>[^\s,]+))?"
    r"(?:, owned by (?P<owner>.+))?"
)
_KINDS: dict[str | None, PathKind] = {None: "file", "a link": "link", "bytecode": "bytecode"}
_STATES: dict[str, FileState] = {"gone": "missing", "unreadable": "unreadable", "other-kind": "other-kind"}


def short_prefix(text: str, path: str = "env") -> tuple[Prefix, Inspection]:
    """Return the environment and the state of its files."""
    reader = _Reader()
    for line in text.splitlines():
        reader.read(line)
    prefix = reader.prefix(path)
    return prefix, reader.inspection(prefix)


def digest(content: str) -> str:
    """Return the SHA-256 of a word, as if it were a file."""
    return hashlib.sha256(content.encode()).hexdigest()


class _Reader:
    def __init__(self) -> None:
        self.heads: list[tuple[str, re.Match[str], list[OwnedFile]]] = []
        self.there: dict[str, FoundFile] = {}
        self.kernels: list[Kernel] = []
        self.birthmarks: list[Birthmark] = []
        self.libraries: list[NativeLibrary] = []
        self.faults: list[Fault] = []
        self.startup: list[StartupFile] = []
        self.words = {"unfinished": "", "maker": "", "kind": "conda", "fast": "", "open": ""}

    def read(self, line: str) -> None:
        kind = line.removeprefix("- ").partition(" ")[0]
        if line.startswith("  - "):
            self.heads[-1][2].append(_file(line))
        elif kind in ("conda", "pip"):
            self.heads.append((kind, _matched(_CONDA if kind == "conda" else _PIP, line), []))
        elif kind == "there":
            found = _matched(_THERE, line)
            content = found["content"]
            self.there[found["path"]] = FoundFile(
                found["path"], "there", digest(content), len(content), bool(found["elf"])
            )
        elif kind in _STATES:
            path = line.removeprefix(f"- {kind} ")
            self.there[path] = FoundFile(path, _STATES[kind])
        elif kind in ("kernel", "made", "library", "fault", "startup"):
            self.read_beside(kind, line)
        else:
            self.words[kind] = line.removeprefix("- ").partition(" ")[2] or "yes"
            assert set(self.words) == {"unfinished", "maker", "kind", "fast", "open"}, line

    def read_beside(self, kind: str, line: str) -> None:
        words = line.removeprefix(f"- {kind} ").split(" ", 1)
        match kind:
            case "kernel":
                self.kernels.append(_kernel(line))
            case "made":
                found = _matched(_MADE, line)
                self.birthmarks.append(Birthmark(found["path"], found["python"], found["starts"]))  # type: ignore[arg-type]
            case "library":
                self.libraries.append(_library(line))
            case "fault":
                self.faults.append(Fault(*words))
            case _:
                self.startup.append(_startup(*words))

    def prefix(self, path: str) -> Prefix:
        conda = tuple(_record(found, files) for kind, found, files in self.heads if kind == "conda")
        pip = tuple(_distribution(found, files) for kind, found, files in self.heads if kind == "pip")
        platforms = [found["platform"] for _, found, _ in self.heads if found["platform"] != "noarch"]
        return Prefix(
            path=path,
            kind="venv" if self.words["kind"] == "venv" else "conda",
            maker=self.words["maker"] or None,
            platform=platforms[0] if platforms else "linux-64",
            python="3.11.7",
            site_packages="lib/python3.11/site-packages",
            conda=conda,
            distributions=pip,
            kernels=tuple(self.kernels),
            birthmarks=tuple(self.birthmarks),
            libraries=tuple(self.libraries),
            startup=tuple(self.startup),
            faults=tuple(self.faults),
            unfinished=self.words["unfinished"] or None,
            is_alone=not self.words["open"],
        )

    def inspection(self, prefix: Prefix) -> Inspection:
        found: dict[str, FoundFile] = {}
        for path, owners in prefix.owners.items():
            first = owners[0][1]
            lies = self.there.get(path) or FoundFile(path, "there", first.sha256, first.size_bytes)
            if self.words["fast"] and len(owners) == 1:
                lies = lies._replace(sha256=None)
            if len(owners) > 1 or path in self.there or not all(lies.meets(file) for _, file in owners):
                found[path] = lies
        unverifiable = sum(owners[0][1].sha256 is None for owners in prefix.owners.values())
        fast = bool(self.words["fast"])
        checked = len(prefix.owners)
        return Inspection(
            fast=fast,
            found={path: found[path] for path in sorted(found)},
            checked=checked,
            hashed=0 if fast else checked - unverifiable,
            unverifiable=unverifiable,
        )


def _matched(pattern: re.Pattern[str], line: str) -> re.Match[str]:
    found = pattern.fullmatch(line)
    assert found, line
    return found


def _file(line: str) -> OwnedFile:
    found = _matched(_FILE, line)
    content = found["content"] or "1"
    known = content != "?" and not found["kind"]
    return OwnedFile(
        path=found["path"],
        kind=_KINDS[found["kind"]],
        sha256=digest(content) if known else None,
        size_bytes=len(content) if known else None,
        original=found["was"],
    )


def _needs(found: re.Match[str]) -> tuple[tuple[str, str], ...]:
    needs = (found["needs"] or "").split("; ")
    return tuple((need.partition(" ")[0], need.partition(" ")[2]) for need in needs if need)


def _record(found: re.Match[str], files: list[OwnedFile]) -> CondaRecord:
    stem = f"{found['name']}-{found['version']}-{found['build']}"
    return CondaRecord(
        name=found["name"],
        version=found["version"],
        build=found["build"],
        channel=found["channel"] or "conda-forge",
        subdir=found["platform"],
        url=found["url"] or f"https://packages.invalid/{found['platform']}/{stem}.conda",
        md5=None if found["hash"] == "?" else "0" * 32,
        sha256=_archive_digest(found["hash"]),
        dependencies=_needs(found),
        requested=(),
        files=tuple(files),
        record=f"conda-meta/{stem}.json",
    )


def _archive_digest(word: str | None) -> str | None:
    """Return the digest of a package's archive: that of the short locks, of another word, or none that is known."""
    return "0" * 64 if word is None else None if word == "?" else digest(word)


def _distribution(found: re.Match[str], files: list[OwnedFile]) -> Distribution:
    origin = None
    if found["kind"]:
        assert found["kind"] in ("editable", "folder", "vcs", "archive"), found[0]
        origin = Origin(found["kind"], found["address"], found["commit"], found["digest"])  # type: ignore[arg-type]
    stem = f"{found['name'].replace('-', '_')}-{found['version']}"
    return Distribution(
        name=found["name"],
        version=found["version"],
        installer=found["by"],
        origin=origin,
        owner=found["owner"],
        dependencies=_needs(found),
        files=tuple(files),
        record=f"lib/python3.11/site-packages/{stem}.dist-info",
        tags=tuple((found["tags"] or "").split()),
        cuda=None if found["cuda"] is None else found["cuda"].removeprefix("none"),
    )


def _kernel(line: str) -> Kernel:
    found = _matched(_KERNEL, line)
    assert found["scope"] in ("environment", "user", "system"), line
    assert found["starts"] in ("this", "other", "missing", "unknown"), line
    display = found["display"] or found["name"]
    return Kernel(found["name"], display, found["path"], found["scope"], found["python"], found["starts"])  # type: ignore[arg-type]


def _startup(path: str, does: str) -> StartupFile:
    assert does in ("code", "folders"), does
    return StartupFile(path, does == "code")


def _library(line: str) -> NativeLibrary:
    found = _matched(_LIBRARY, line)
    words = [owner.split(" ") for owner in (found["owner"] or "").split("; ") if owner]
    owners = [PackageRef(manager=manager, name=name, version=version) for manager, name, version in words]
    real = found["real"] or found["path"]
    return NativeLibrary(found["family"], found["soname"], found["path"], real, digest(found["content"]), tuple(owners))
