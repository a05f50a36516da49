"""Read one environment of a pixi.lock (format versions 4 to 7) into the model of locks.

An environment lists, by platform, where its packages come from; what they are stands once in `packages`. Versions
4 and 5 spell name, version and build out, 6 and 7 leave them to the URL. Lenient where a package is built from
source: it may have no version and no hash. Strict where silence would mislead: the format version, and references
that lead nowhere.

Source: rattler_lock (the library of pixi), its parser and snapshots of versions 4 to 7, read 2026-11.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from reprocheck.errors import InputError, ReprocheckError, raise_gathered
from reprocheck.model.locks import CUDA_KEY, Lock, LockedPackage
from reprocheck.model.project_names import normalise_name
from reprocheck.readers.conda_lock_yml import (
    LARGEST_LOCK_BYTES,
    MOST_FAULTS_TOLD,
    MOST_LOCK_NODES,
    read_lock_bytes,
)
from reprocheck.readers.conda_urls import read_conda_url
from reprocheck.readers.decoded_text import decode_text
from reprocheck.readers.pixi_packages import PixiPackage, location_of, read_pixi_package
from reprocheck.readers.plain_blocks import Block, Irregular, Value, blocks_of, scan_blocks
from reprocheck.readers.requires_dist import MarkerTarget, requirements_on
from reprocheck.readers.yaml_events import parse_yaml

DEFAULT_ENVIRONMENT = "default"
READ_VERSIONS = ("4", "5", "6", "7")
MACHINE_PREFIX = "pixi.virtual-packages."

_REGENERATE = "write it anew with `pixi lock`"
_PUBLIC_HOST = "https://conda.anaconda.org/"
_TELLING = ("name", "version", "build", "subdir")  # what a reference may hold to tell two source packages apart

_Known: TypeAlias = "Mapping[tuple[str, str], list[Block]]"


def read_pixi_lock(path: Path, environment: str = DEFAULT_ENVIRONMENT) -> Lock:
    """Read one environment of the file at `path`.

    Raises:
        InputError: missing, unreadable, no pixi.lock of a known version, or no such environment in it.
        GatheredErrors: several broken entries.
    """
    return parse_pixi_lock(read_lock_bytes(path), path.as_posix(), environment)


def parse_pixi_lock(data: bytes, path: str, environment: str = DEFAULT_ENVIRONMENT) -> Lock:
    """Return one environment of the bytes of a pixi.lock; raises as `read_pixi_lock`."""
    text = decode_text(data, path, LARGEST_LOCK_BYTES)
    try:
        root: Value = scan_blocks(text)
    except Irregular:
        node = parse_yaml(text, path, most_nodes=MOST_LOCK_NODES)
        root = "" if node is None else blocks_of(node)
    if not isinstance(root, Block) or not root.values:
        why = "it should hold `version`, `environments` and `packages`"
        raise InputError("pixi.lock is empty", where=f"{path}:1", why=why, how=_REGENERATE)
    _check_head(root, path)
    return _lift(root, path, environment)


def _check_head(root: Block, path: str) -> None:
    version = root.text("version")
    if version is not None and version not in READ_VERSIONS:
        raise InputError(
            f"pixi.lock format version `{version}` is unknown",
            where=f"{path}:{root.lines['version']}, version",
            why=f"this release reads versions {', '.join(f'`{known}`' for known in READ_VERSIONS)}",
            how="write it anew with a current `pixi lock`, or upgrade reprocheck",
        )
    absent = [key for key in ("version", "environments", "packages") if key not in root.values]
    if absent:
        raise InputError(
            f"file is no pixi.lock: `{absent[0]}` is missing",
            where=f"{path}:1",
            why="a pixi.lock holds the keys `version`, `environments` and `packages`",
            how=f"name the right file, or {_REGENERATE}",
        )


def _lift(root: Block, path: str, environment: str) -> Lock:
    chosen = _environment(root, path, environment)
    errors: list[ReprocheckError] = []
    known = _known_packages(root, path, errors)
    subdirs = _subdirs(root, chosen)
    packages: list[LockedPackage] = []
    for platform in chosen.block("packages").values:
        references = chosen.block("packages").items(platform)
        packages.extend(_on_platform(references, known, subdirs[platform], (path, errors)))
    raise_gathered(errors[:MOST_FAULTS_TOLD])
    return Lock(
        path=path,
        platforms=tuple(subdirs.values()),
        channels=tuple(_channels(chosen)),
        content_hash=(),
        sources=(),
        custom_metadata=tuple(sorted(_machines(root, subdirs).items())),
        packages=tuple(packages),
    )


def _environment(root: Block, path: str, name: str) -> Block:
    environments = root.block("environments")
    others = [held for held in sorted(environments.values) if held != name]
    chosen = environments.block(name)
    if name in environments.values and (chosen.block("packages").values or not others):
        return chosen
    what = f"environment `{name}` of the lock is empty" if name in environments.values else None
    raise InputError(
        what or f"the lock has no environment `{name}`",
        where=f"{path}:{root.lines['environments']}, environments",
        why=f"it holds {', '.join(f'`{held}`' for held in others[:10]) or 'none'}",
        how="name one of them with `--environment`",
    )


def _known_packages(root: Block, path: str, errors: list[ReprocheckError]) -> _Known:
    """Return the entries of `packages` by kind and location; several are built from one source folder."""
    known: defaultdict[tuple[str, str], list[Block]] = defaultdict(list)
    for index, entry in enumerate(root.items("packages")):
        place = location_of(entry) if isinstance(entry, Block) else None
        if isinstance(entry, Block) and place is not None:
            known[place].append(entry)
            continue
        line = entry.line if isinstance(entry, Block) else root.lines["packages"]
        why = "an entry should be a mapping that says where the package comes from"
        errors.append(_broken("package entry", f"{path}:{line}, packages[{index}]", why))
    return known


def _on_platform(
    references: list[Value], known: _Known, platform: str, told: tuple[str, list[ReprocheckError]]
) -> Iterator[LockedPackage]:
    """Yield the packages that `references` lead to; `told` is the file and the faults found in it."""
    path, errors = told
    found: list[tuple[PixiPackage, Block]] = []
    for reference in references:
        if not isinstance(reference, Block):
            errors.append(_broken("reference", f"{path}: {platform}", "a reference should be a mapping"))
            continue
        entry = _entry_for(reference, known, platform)
        if entry is None:
            why = "it leads to no entry of `packages`"
            errors.append(_broken("reference", f"{path}:{reference.line}, {platform}", why))
        elif isinstance(package := read_pixi_package(entry), str):
            errors.append(_broken("package entry", f"{path}:{entry.line}", package))
        else:
            found.append((package, reference))
    python = next((package.version for package, _ in found if package.name == "python"), None)
    target = MarkerTarget(platform=platform, python=python)
    yield from (_locked(package, reference, target) for package, reference in found)


def _entry_for(reference: Block, known: _Known, platform: str) -> Block | None:
    """Return the entry that a reference means: of several from one place, the one that agrees with it most."""
    place = location_of(reference)
    entries = known.get(place, []) if place else []
    agreeing = [
        entry
        for entry in entries
        if all(reference.text(key) in (None, entry.text(key)) for key in _TELLING if entry.text(key))
    ]
    here = [entry for entry in agreeing if entry.text("subdir") in (platform, "noarch")]
    return next(iter(here or agreeing), None)


def _locked(package: PixiPackage, reference: Block, target: MarkerTarget) -> LockedPackage:
    conda = package.manager == "conda"
    build, channel = read_conda_url(package.url) if conda else (None, None)
    extras = frozenset(normalise_name(extra) for extra in reference.items("extras") if isinstance(extra, str))
    return LockedPackage(
        name=package.name,
        version=package.version,
        manager=package.manager,
        platform=target.platform,
        dependencies=package.depends if conda else requirements_on(package.requires_dist, extras, target),
        url=package.url,
        md5=package.md5,
        sha256=package.sha256,
        category="main",
        optional=False,
        build=package.build or build,
        channel=channel if package.build is None or build is not None else None,
        line=package.line,
    )


def _subdirs(root: Block, chosen: Block) -> dict[str, str]:
    """Return the conda platform of every platform name; version 7 has names of its own, several for one platform."""
    named = {entry.text("name"): entry.text("subdir") for entry in root.items("platforms") if isinstance(entry, Block)}
    listed = list(chosen.block("packages").values)
    subdirs = [named.get(name) or name for name in listed]
    return {name: subdir if subdirs.count(subdir) == 1 else name for name, subdir in zip(listed, subdirs, strict=True)}


def _machines(root: Block, subdirs: Mapping[str, str]) -> dict[str, str]:
    """Return the virtual packages that version 7 records, and the CUDA version where all platforms with one agree."""
    told: dict[str, str] = {}
    cuda: set[str] = set()
    for entry in root.items("platforms"):
        name = entry.text("name") if isinstance(entry, Block) else None
        if isinstance(entry, Block) and name is not None and name in subdirs:
            assumed = [item for item in entry.items("virtual-packages") if isinstance(item, str)]
            told[MACHINE_PREFIX + subdirs[name]] = " ".join(assumed)
            cuda.update(item.split("=")[1] for item in assumed if item.startswith("__cuda="))
    return told | ({CUDA_KEY: cuda.pop()} if len(cuda) == 1 else {})


def _channels(chosen: Block) -> Iterator[str]:
    for item in chosen.items("channels"):
        url = item.text("url") if isinstance(item, Block) else item
        if isinstance(url, str):
            yield url.removeprefix(_PUBLIC_HOST).rstrip("/")


def _broken(what: str, where: str, why: str) -> InputError:
    return InputError(f"{what} is broken", where=where, why=why, how=_REGENERATE)
