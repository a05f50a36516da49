"""Everything that two locks say differently, package by package, told once for all platforms where it is the same."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from reprocheck.locking.differences.lock_changes import TOOL_PREFIX
from reprocheck.locking.differences.version_order import compare_versions
from reprocheck.model.differences import (
    Change,
    Difference,
    HeadDifference,
    PackageDifference,
    PackageState,
    PlatformStates,
)
from reprocheck.model.locks import CUDA_KEY, DIGEST_KEY, Lock, LockedPackage, Manager
from reprocheck.model.project_names import normalise_name
from reprocheck.model.redaction import public_line, public_url

_KEY_WORDS = {CUDA_KEY: "CUDA", DIGEST_KEY: "input digest"}
_SHORT = 12  # digits of a digest that people compare
_VARIANT = re.compile(r"cpu|cuda\d*|rocm\w*|mkl|openblas|blis|accelerate|netlib|nompi|openmpi|mpich")

_Key: TypeAlias = "tuple[Manager, str, str]"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """A locked package with all the categories that list it."""

    package: LockedPackage
    categories: tuple[str, ...]


def lock_differences(old: Lock, new: Lock, *, same_format: bool) -> Difference:
    """Return what differs from `old` to `new`; packages are compared on the platforms that both have.

    Formats write dependencies and remarks each in its own way: those are compared within one format only.
    """
    platforms = tuple(platform for platform in new.platforms if platform in old.platforms)
    head = [*_platforms(old, new), *_channels(old, new), *_remarks(old, new, same_format=same_format)]
    return Difference(
        compared="locks",
        old=old.path,
        new=new.path,
        platforms=platforms,
        head=tuple(head),
        packages=tuple(_packages(old, new, platforms, same_format=same_format)),
        notes=() if platforms else ("the locks have no platform in common, so that no package was compared",),
    )


def _platforms(old: Lock, new: Lock) -> Iterator[HeadDifference]:
    for platform in sorted({*old.platforms, *new.platforms}):
        if platform not in old.platforms or platform not in new.platforms:
            was, now = (_size(lock, platform) for lock in (old, new))
            yield HeadDifference(what=f"platform {platform}", old=was, new=now)


def _size(lock: Lock, platform: str) -> str | None:
    return f"{len(lock.on(platform))} packages" if platform in lock.platforms else None


def _channels(old: Lock, new: Lock) -> Iterator[HeadDifference]:
    was, now = (", ".join(map(public_url, lock.channels)) for lock in (old, new))
    if was != now:
        yield HeadDifference(what="channels", old=was or None, new=now or None)


def _remarks(old: Lock, new: Lock, *, same_format: bool) -> Iterator[HeadDifference]:
    """Yield what the locks say about themselves; which tools wrote them does not count."""
    was, now = dict(old.custom_metadata), dict(new.custom_metadata)
    keys = sorted({*was, *now}) if same_format else [CUDA_KEY]
    for key in keys:
        if was.get(key) != now.get(key) and not key.startswith(TOOL_PREFIX):
            shown = (_remark(key, values.get(key)) for values in (was, now))
            what = _KEY_WORDS.get(key, key.removeprefix("reprocheck."))
            yield HeadDifference(what=what, old=next(shown), new=next(shown), is_digest=key == DIGEST_KEY)
    if same_format and old.sources != new.sources:
        yield HeadDifference(what="sources", old=_sources(old), new=_sources(new))
    if same_format:
        yield from _content_hashes(dict(old.content_hash), dict(new.content_hash))


def _sources(lock: Lock) -> str:
    return ", ".join(map(public_line, lock.sources))


def _remark(key: str, value: str | None) -> str | None:
    if value is None:
        return None
    return value.removeprefix("sha256:")[:_SHORT] if key == DIGEST_KEY else public_line(value)


def _content_hashes(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[HeadDifference]:
    """Yield the platforms for which something else was asked for, as far as conda-lock's hashes tell."""
    changed = [platform for platform in sorted(old.keys() & new.keys()) if old[platform] != new[platform]]
    if changed:
        was, now = (" ".join(hashes[platform][:_SHORT] for platform in changed) for hashes in (old, new))
        yield HeadDifference(what=f"content hash of {', '.join(changed)}", old=was, new=now, is_digest=True)


def _packages(old: Lock, new: Lock, platforms: tuple[str, ...], *, same_format: bool) -> list[PackageDifference]:
    before, after = _index(old, platforms), _index(new, platforms)
    grouped: defaultdict[PackageDifference, list[PlatformStates]] = defaultdict(list)
    for key in sorted(before.keys() | after.keys()):
        was, now = before.get(key), after.get(key)
        found = _difference(was, now, same_format=same_format)
        if found is not None:
            states = PlatformStates(platform=key[2], old=_state(was), new=_state(now))
            grouped[found].append(states)
    told = [_with_states(found, states) for found, states in grouped.items()]
    return sorted(told, key=lambda one: (one.name.lower(), one.manager, one.platforms))


def _with_states(found: PackageDifference, states: list[PlatformStates]) -> PackageDifference:
    return PackageDifference(
        change=found.change,
        manager=found.manager,
        name=found.name,
        old=found.old,
        new=found.new,
        states=tuple(states),
        details=(*(_builds(states) if found.change == "rebuilt" else ()), *found.details),
    )


def _builds(states: list[PlatformStates]) -> Iterator[str]:
    """Yield how the build changed: once where it did alike, else for each platform, as builds mostly differ there."""
    told = [(one.platform, f"build {one.old.build} -> {one.new.build}") for one in states if one.old and one.new]
    if len({text for _, text in told}) == 1:
        yield told[0][1]
    else:
        yield from (f"{text} on {platform}" for platform, text in told)


def _index(lock: Lock, platforms: tuple[str, ...]) -> dict[_Key, _Entry]:
    """Return the packages by key; the last of several entries counts, as for every reader of the format."""
    index: dict[_Key, _Entry] = {}
    for package in lock.packages:
        if package.platform not in platforms:
            continue
        name = normalise_name(package.name) if package.manager == "pip" else package.name
        key = (package.manager, name, package.platform)
        earlier = index[key].categories if key in index else ()
        index[key] = _Entry(package=package, categories=tuple(sorted({*earlier, package.category})))
    return index


def _difference(was: _Entry | None, now: _Entry | None, *, same_format: bool) -> PackageDifference | None:
    """Return how one package changed on one platform, without its states; None where it did not."""
    if was is None or now is None:
        change: Change | None = "added" if was is None else "removed"
    else:
        change = _change(was, now, same_format=same_format)
    shown = (now or was) if change else None
    if change is None or shown is None:
        return None
    return PackageDifference(
        change=change,
        manager=shown.package.manager,
        name=shown.package.name,
        old=was.package.version if was else None,
        new=now.package.version if now else None,
        details=tuple(_details(change, was, now, same_format=same_format)) if was and now else (),
    )


def _change(was: _Entry, now: _Entry, *, same_format: bool) -> Change | None:
    old, new = was.package, now.package
    if old.version != new.version:
        order = compare_versions(new.manager, old.version, new.version)
        return "upgraded" if order == 1 else "downgraded" if order == -1 else "changed"
    if old.url == new.url and _digests_clash(old, new):
        return "rehashed"
    if old.build != new.build:
        return "rebuilt"
    if old.url != new.url:
        return "moved"
    if same_format and _depends(old) != _depends(new):
        return "patched"
    return "recategorised" if same_format and was.categories != now.categories else None


def _digests_clash(old: LockedPackage, new: LockedPackage) -> bool:
    pairs = ((old.sha256, new.sha256), (old.md5, new.md5))
    return any(was and now and was != now for was, now in pairs)


def _depends(package: LockedPackage) -> set[tuple[str, str]]:
    return set(package.dependencies)


def _details(change: Change, was: _Entry, now: _Entry, *, same_format: bool) -> Iterator[str]:
    old, new = was.package, now.package
    if change == "rehashed":
        yield from _hash_lines(old, new)
    if change != "rebuilt" and _variant(old) != _variant(new):
        yield f"build {old.build} -> {new.build}"
    if old.channel != new.channel:
        yield f"channel {old.channel} -> {new.channel}"
    if change == "moved" and public_url(old.url) == public_url(new.url):
        yield f"other credentials or another query at {public_url(new.url)}"
    elif change == "moved":
        yield f"from {public_url(old.url)}"
        yield f"to   {public_url(new.url)}"
    if change in ("rehashed", "moved", "patched") and same_format:
        yield from (
            public_line(f"no longer needs {name} {constraint}".rstrip()) for name, constraint in _only(old, new)
        )
        yield from (public_line(f"now needs {name} {constraint}".rstrip()) for name, constraint in _only(new, old))
    if same_format and was.categories != now.categories:
        yield f"category {', '.join(was.categories)} -> {', '.join(now.categories)}"


def _variant(package: LockedPackage) -> set[str]:
    """Return what a build string says about CUDA, BLAS and MPI: worth telling even where the version moved on."""
    return set(_VARIANT.findall(package.build or ""))


def _only(one: LockedPackage, other: LockedPackage) -> list[tuple[str, str]]:
    return sorted(_depends(one) - _depends(other))


def _hash_lines(old: LockedPackage, new: LockedPackage) -> Iterator[str]:
    for name, was, now in (("sha256", old.sha256, new.sha256), ("md5", old.md5, new.md5)):
        if was and now and was != now:
            yield f"{name} {was} -> {now}, both for {public_url(new.url)}"


def _state(entry: _Entry | None) -> PackageState | None:
    if entry is None:
        return None
    package = entry.package
    return PackageState(
        version=package.version,
        build=package.build,
        channel=package.channel,
        url=public_url(package.url),
        md5=package.md5,
        sha256=package.sha256,
        categories=entry.categories,
    )
