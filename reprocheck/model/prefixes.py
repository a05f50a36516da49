"""An installed environment as data: what conda's records and Python's metadata list, and what lies there.

Paths are relative to the prefix, with `/` between their parts, unless said otherwise; digests are lower-case hex.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Literal, NamedTuple

from reprocheck.model.data_classes import dataclass
from reprocheck.model.findings import PackageRef

# `create` writes the first before it changes a prefix and takes it away at the very end; the second stays. No `.json`
# at their end: conda, mamba and rattler take every such file there for a record.
UNFINISHED_MARK = "conda-meta/reprocheck-unfinished"
MADE_MARK = "conda-meta/reprocheck-made"

# The version of a project whose metadata lies outside of the environment, with its sources; PEP 440 allows it.
UNKNOWN_VERSION = "0+unknown"

PathKind = Literal["file", "link", "folder", "bytecode"]
FileState = Literal["there", "missing", "unreadable", "other-kind"]
OriginKind = Literal["editable", "folder", "vcs", "archive"]
KernelStart = Literal["this", "other", "missing", "unknown"]


class OwnedFile(NamedTuple):
    """One path that a package lists.

    `sha256` and `size_bytes` are of what should lie there, None where the record cannot tell. `original` is the path
    in the archive, where the installer moved the file away because another package has that path. `bytecode` is
    written anew by Python and is nobody's loss; a `link` only has to be there.
    """

    path: str
    kind: PathKind = "file"
    sha256: str | None = None
    size_bytes: int | None = None
    original: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CondaRecord:
    """One file of `conda-meta`. `channel` is its public name or address, `url` without credentials.

    `record` is the path of the file, `dependencies` are (name, constraint) pairs, `requested` the specs that a user
    asked for by hand.
    """

    name: str
    version: str
    build: str
    channel: str
    subdir: str
    url: str
    md5: str | None
    sha256: str | None
    dependencies: tuple[tuple[str, str], ...]
    requested: tuple[str, ...]
    files: tuple[OwnedFile, ...]
    record: str

    @property
    def reference(self) -> PackageRef:
        """Return the package as findings name it."""
        return PackageRef(manager="conda", name=self.name, version=self.version)


class Origin(NamedTuple):
    """What `direct_url.json` (PEP 610) tells: `address` without credentials, the commit of a repository, a digest.

    `digest` reads `sha256=…`.
    """

    kind: OriginKind
    address: str
    commit: str | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """One `*.dist-info` (or `*.egg-info`) of the environment.

    `name` is normalised; `record` is the path of the folder; `installer` what INSTALLER says; `owner` the conda record
    that lists its METADATA, None for what pip or uv installed; `dependencies` are (name, constraint) pairs that hold
    here. `files` is empty where there is no RECORD, and for what conda owns: its record lists them. So is `origin`
    None there, which would name the folder where the package was built. `tags` are those of WHEEL; `cuda` is what
    `torch/version.py` says of torch, empty for a build without CUDA; neither is read of what conda owns.
    """

    name: str
    version: str
    installer: str | None
    origin: Origin | None
    owner: str | None
    dependencies: tuple[tuple[str, str], ...]
    files: tuple[OwnedFile, ...]
    record: str
    tags: tuple[str, ...] = ()
    cuda: str | None = None

    @property
    def reference(self) -> PackageRef:
        """Return the package as findings name it."""
        return PackageRef(manager="pip", name=self.name, version=self.version)


Package = CondaRecord | Distribution


class Kernel(NamedTuple):
    """A Jupyter kernel that this environment offers, or that is registered under its name.

    `path` is the whole path of its `kernel.json`, `python` the first word of its command, `starts` whose Python that
    is; `scope` where it is registered.
    """

    name: str
    display_name: str
    path: str
    scope: Literal["environment", "user", "system"]
    python: str
    starts: KernelStart


class Birthmark(NamedTuple):
    """A file that says where the environment was made: `path` of the file, the Python `python` that it starts.

    Of the mark that `create` leaves (`MADE_MARK`) `python` is the folder of the environment. `starts` says whose it
    is: a path into this environment is this one's, also where nothing lies there.
    """

    path: str
    python: str
    starts: KernelStart


class NativeLibrary(NamedTuple):
    """A runtime library that is really there.

    `family` is `libgomp`, `libomp`, `libiomp5`, `libcudart`, `libcudnn`, `libnccl` …; `soname` what the loader knows it
    by; `path` where it is found, `real` where that leads (links followed; a whole path where that is outside);
    `owners` the packages that list it. `sha256` tells copies apart, and is empty where it is the only file of its
    family (`libomp` and `libiomp5` are one), or cannot be read.
    """

    family: str
    soname: str
    path: str
    real: str
    sha256: str
    owners: tuple[PackageRef, ...]


class StartupFile(NamedTuple):
    """A file that Python reads whenever it starts: `runs` where it holds code, and not names of folders alone."""

    path: str
    runs: bool


class Fault(NamedTuple):
    """A part of the environment's own book-keeping that cannot be read, and why."""

    path: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefix:
    """An installed environment.

    `path` is the folder as the user named it. `maker` is who made it, as far as it tells (`conda`, `pixi`,
    `reprocheck`, `venv`, `uv`; `python` for a Python that stands by itself, whose `kind` is `venv`). `python` is the
    version, `site_packages` its folder. `unfinished` says why it is no whole environment, None where `create` ended
    well or never ran. `pinned` are the specs of `conda-meta/pinned`. `is_alone` is False where the packages of another
    Python are let in, which are not read. `lock` is the lock that it is held against: empty for the usual one, None
    where none is at hand.
    """

    path: str
    kind: Literal["conda", "venv"]
    maker: str | None
    platform: str
    python: str | None
    site_packages: str | None
    conda: tuple[CondaRecord, ...]
    distributions: tuple[Distribution, ...]
    pinned: tuple[str, ...] = ()
    kernels: tuple[Kernel, ...] = ()
    birthmarks: tuple[Birthmark, ...] = ()
    libraries: tuple[NativeLibrary, ...] = ()
    startup: tuple[StartupFile, ...] = ()
    faults: tuple[Fault, ...] = ()
    unfinished: str | None = None
    is_alone: bool = True
    lock: str | None = ""
    _owners: dict[str, tuple[tuple[Package, OwnedFile], ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def installed_by_pip(self) -> tuple[Distribution, ...]:
        """Return the distributions that no conda package owns."""
        return tuple(item for item in self.distributions if item.owner is None)

    @property
    def packages(self) -> tuple[Package, ...]:
        """Return conda's records, then the distributions that no conda package owns."""
        return (*self.conda, *self.installed_by_pip)

    @property
    def owners(self) -> Mapping[str, tuple[tuple[Package, OwnedFile], ...]]:
        """Return who lists each path and what they expect there, conda's records first; worked out once and kept.

        A distribution that conda installed owns nothing beside its record. A file that was moved away (`original`)
        is owned under the path where it lies; `contested` tells the path that it lost.
        """
        if not self._owners:
            for package, file in self._owned():
                self._owners[file.path] = (*self._owners.get(file.path, ()), (package, file))
        return self._owners

    def _owned(self) -> Iterator[tuple[Package, OwnedFile]]:
        for package in self.packages:
            for file in package.files:
                yield package, file


class FoundFile(NamedTuple):
    """What lies at a path: `sha256` is None where it was not hashed, and both are None where nothing lies there.

    `is_elf` says of what its owner does not expect whether it is a program or library of Linux.
    """

    path: str
    state: FileState
    sha256: str | None = None
    size_bytes: int | None = None
    is_elf: bool = False

    def meets(self, file: OwnedFile) -> bool:
        """Say whether what lies there is what an owner expects, as far as both are known."""
        if file.kind == "bytecode":
            return True
        if self.state != "there" or file.kind in ("link", "folder"):
            return self.state == "there"
        if file.sha256 and self.sha256:
            return file.sha256 == self.sha256
        return None in (file.size_bytes, self.size_bytes) or file.size_bytes == self.size_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What looking at the files of a prefix gave.

    `found` holds the paths where some owner's expectation is not met, and all that have several owners; every other
    path is as expected. `checked` counts paths, `hashed` those whose bytes were read (`resumed` of them by an
    inspection that was interrupted), `unverifiable` the files of one owner whose record tells no digest. Bytecode is
    not counted. `fast` is True where only existence and size were looked at (and files of several owners hashed).
    """

    fast: bool
    found: Mapping[str, FoundFile]
    checked: int
    hashed: int
    unverifiable: int
    resumed: int = 0
