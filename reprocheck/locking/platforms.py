"""The platforms that can be locked: which specs hold on each, and the machine that a solve assumes there.

A solve never looks at the machine it runs on. The assumed virtual packages are those of conda-lock 4
(`default-virtual-packages.yaml`), so that both tools mean the same machine and agree on the content hash; only
`__cuda` is never assumed, it follows from the CUDA decision.
"""

from __future__ import annotations

from collections.abc import Iterable

from reprocheck.errors import InputError, UsageError
from reprocheck.model.environments import CondaSpec, PipRequirement
from reprocheck.model.platform_selectors import KNOWN_SELECTORS
from reprocheck.model.virtual_packages import VirtualPackage

ARCHSPEC = {
    "linux-64": "x86_64",
    "linux-aarch64": "aarch64",
    "linux-ppc64le": "ppc64le",
    "osx-64": "x86_64",
    "osx-arm64": "arm64",
    "win-64": "x86_64",
}
PLATFORMS = tuple(ARCHSPEC)
_SYSTEM = {
    "linux": (("__unix", "0"), ("__linux", "5.10"), ("__glibc", "2.28")),
    "osx": (("__unix", "0"), ("__osx", "11.0")),
    "win": (("__win", "0"),),
}


def virtual_packages(platform: str, cuda: str | None) -> tuple[VirtualPackage, ...]:
    """Return the assumed machine of `platform`, sorted; `cuda` counts where NVIDIA drivers exist."""
    packages = [VirtualPackage(name=name, version=version) for name, version in _SYSTEM[platform.split("-")[0]]]
    packages.append(VirtualPackage(name="__archspec", version="1", build=ARCHSPEC[platform]))
    if cuda is not None and has_cuda(platform):
        packages.append(VirtualPackage(name="__cuda", version=cuda))
    return tuple(sorted(packages))


def has_cuda(platform: str) -> bool:
    """Say whether NVIDIA drivers exist for `platform`."""
    return not platform.startswith("osx-")


def check_platform(name: str, where: str) -> None:
    """Raise a UsageError that lists the known platforms when `name` is none of them."""
    if name in PLATFORMS:
        return
    raise UsageError(
        f"platform `{name}` is unknown",
        where=where,
        why="known are " + ", ".join(f"`{platform}`" for platform in PLATFORMS),
        how=_how_to_name(name),
    )


def _how_to_name(name: str) -> str:
    several = name.replace(",", " ").split()
    if len(several) > 1:
        return f"name each by itself, as in `{' '.join(f'-p {one}' for one in several)}`"
    # Imported where it is needed: only a misspelt name asks for it.
    import difflib

    near = difflib.get_close_matches(name, PLATFORMS, n=1, cutoff=0.5)
    return f"did you mean `{near[0]}`?" if near else "name one of these"


def specs_on(platform: str, specs: Iterable[CondaSpec]) -> tuple[CondaSpec, ...]:
    """Return the specs that hold on `platform`, by their `# [selector]` comments.

    Raises:
        InputError: a selector that names no platform; conda-lock would drop the dependency everywhere (RC101).
    """
    return tuple(spec for spec in specs if _holds(spec, platform))


def requirements_on(platform: str, requirements: Iterable[PipRequirement]) -> tuple[PipRequirement, ...]:
    """Return the pip requirements that hold on `platform`; selectors and errors as in `specs_on`."""
    return tuple(requirement for requirement in requirements if _holds(requirement, platform))


def _holds(entry: CondaSpec | PipRequirement, platform: str) -> bool:
    if entry.selector is not None and entry.selector not in KNOWN_SELECTORS:
        raise _unknown_selector(entry)
    return entry.selector is None or platform in KNOWN_SELECTORS[entry.selector]


def _unknown_selector(entry: CondaSpec | PipRequirement) -> InputError:
    return InputError(
        f"comment `[{entry.selector}]` would drop `{entry.name}`",
        where=str(entry.location),
        why="conda-lock takes it for a platform selector, and no platform has that name (RC101)",
        how="remove the brackets from the comment",
    )
