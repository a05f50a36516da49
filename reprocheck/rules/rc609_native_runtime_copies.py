"""One native runtime lies in the environment in several files.

What it checks.
    The runtime libraries that are really there, by the name under which the loader knows them, their real path and
    their bytes: OpenMP (libgomp, libomp, libiomp5), CUDA's libraries, OpenBLAS, MKL and TBB.

Why it matters.
    Where two files answer to one name, the one that is asked for first serves the whole process, and what was built for
    the other gets it too: results, and crashes, then depend on the order of imports. Two copies of LLVM's and Intel's
    OpenMP runtime refuse each other whatever their names are.

Bad.
    prefix, shortened:
      - conda linux-64 cuda-cudart 12.4.127 h99ab3db_0
        - lib/libcudart.so.12
      - library libcudart libcudart.so.12 lib/libcudart.so.12 =a, owned by conda cuda-cudart 12.4.127
      - library libcudart libcudart.so.12 lib/python3.11/site-packages/mytool/lib/libcudart.so.12 =b

Good.
    prefix, shortened:
      - conda linux-64 cuda-cudart 12.4.127 h99ab3db_0
        - lib/libcudart.so.12
      - library libcudart libcudart.so.12 lib/libcudart.so.12 =a, owned by conda cuda-cudart 12.4.127

How to fix.
    Remove the copy that belongs to no package. Else take what brings the copies from one side, conda or pip.

When it stays silent.
    Several paths lead to one file; one package brings all copies; the names differ, as those of two CUDA majors and of
    the copies in wheels, which their tools rename; the other copy is for another kind of machine, or belongs to a
    program of its own; all copies of OpenMP lie in wheels, which are built to live together; wheels bring libgomp or
    OpenBLAS beside conda's; a package beside it has no list of its files. What the names of the packages tell already
    is said by RC440 (OpenMP), RC410 and RC412 (CUDA of conda and of pip). It is info where a copy that no package lists
    has the bytes of the others.

Sources.
    joblib/threadpoolctl "multiple_openmp.md" (LLVM and Intel on Linux, `OMP: Error #15`); ld.so(8), `DT_SONAME`;
    pytorch/pytorch#78490 and #98836, read 2026-11-20; PyPA auditwheel and delocate (renamed copies), read 2026-11-21.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from reprocheck.facts.native_runtimes import CONDA_OPENMP, runtimes_on
from reprocheck.facts.nvidia_wheels import SHARED, library_of
from reprocheck.model.findings import Confidence, Finding, PackageRef, RelatedLocation, Severity
from reprocheck.model.prefixes import NativeLibrary, Prefix
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.installed import owned_by, place
from reprocheck.rules.rule import Family, Need, Rule
from reprocheck.rules.wording import MOST_NAMED, SHOWN_DIGITS, shortened

RULE = Rule(
    code="RC609",
    name="native-runtime-copies",
    family=Family.INSTALLED,
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    needs=(Need.PREFIX,),
    since="0.1.0",
)

Copies = Sequence[NativeLibrary]

_LLVM = ("libomp", "libiomp5")  # one runtime under two names, which refuses a second copy of itself
_CUDA = ("libcudart", "libcublas", "libcudnn", "libnccl", "libnvrtc", "libnvJitLink")
# Where a loader looks, and where Python's packages lie; not the programs with libraries of their own, such as Nsight.
_FOLDERS = ("lib/", "lib64/", "bin/", "library/bin/")
_ARCHITECTURES = {"x86_64": "linux-64", "sbsa": "linux-aarch64", "aarch64": "linux-aarch64", "ppc64le": "linux-ppc64le"}
_SITE = "site-packages/"
_HASHED = r"-[0-9a-f]{6,}\."


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for LLVM's OpenMP, and one for each other name that several files answer to."""
    prefix = facts.prefix
    if isinstance(prefix, Unseen):
        return
    groups: dict[str, dict[str, NativeLibrary]] = {}
    for item in sorted(prefix.libraries, key=lambda item: (bool(item.owners), item.path)):
        if item.sha256 and _is_loadable(prefix, item.path):
            name = _LLVM[0] if item.family in _LLVM else _loader_name(item)
            groups.setdefault(name, {}).setdefault(item.real, item)
    for name in sorted(groups):
        copies = tuple(groups[name].values())
        if len(copies) > 1 and _is_new(prefix, copies):
            yield _finding(prefix, copies)


def _loader_name(item: NativeLibrary) -> str:
    """Return the name that a loader asks for: repair tools of wheels write a hash into it, and into those who ask."""
    file = item.path.rpartition("/")[2]
    return file if re.search(_HASHED, file) else item.soname


def _is_loadable(prefix: Prefix, path: str) -> bool:
    """Say whether a process of this environment may load what lies there."""
    if path.startswith("targets/"):  # compilers for other machines keep the libraries of those beside ours
        return _ARCHITECTURES.get(path.split("/")[1].partition("-")[0]) == prefix.platform
    return path.lower().startswith(_FOLDERS)


def _is_new(prefix: Prefix, copies: Copies) -> bool:
    """Say whether the copies are no matter of course, and no other rule tells them by the names of the packages."""
    if copies[0].owners and len({copy.owners for copy in copies}) == 1:
        return False  # one package brings them all, and knows why
    if any(_is_nobodys(prefix, copy) for copy in copies):
        return True
    if copies[0].family in _LLVM:
        return _is_new_openmp(prefix, copies)
    if copies[0].family in _CUDA:
        return len(_bytes(copies)) > 1 and not _is_told_by_names(prefix, copies)
    return len(_bytes([copy for copy in copies if _SITE not in copy.path])) > 1


def _is_nobodys(prefix: Prefix, copy: NativeLibrary) -> bool:
    """Say whether no package owns a copy, as far as all of them list their files."""
    is_unlisted = _SITE in copy.path and not all(item.files for item in prefix.installed_by_pip)
    return not copy.owners and not is_unlisted


def _is_new_openmp(prefix: Prefix, copies: Copies) -> bool:
    conda = [copy for copy in copies if _owner_of(copy, "conda")]
    wheels = runtimes_on("openmp", prefix.platform, "wheel")
    told = all(_owner_of(copy, "conda", *CONDA_OPENMP) for copy in conda)
    told = told and all(_owner_of(copy, "pip", *wheels) for copy in copies if copy not in conda)
    return bool(conda) and len(_bytes(copies)) > 1 and not told


def _is_told_by_names(prefix: Prefix, copies: Copies) -> bool:
    """Say whether conda and pip bring one copy each, of a CUDA or of a torch that both bring."""
    conda = [copy for copy in copies if _owner_of(copy, "conda")]
    if not conda or len(conda) == len(copies):
        return False
    records = {record.name for record in prefix.conda}
    wheels = {item.name for item in prefix.installed_by_pip}
    two_stacks = not records.isdisjoint(("cudatoolkit", "cuda-cudart")) and any(map(_is_runtime, wheels))
    two_torches = not records.isdisjoint(("pytorch", "libtorch")) and "torch" in wheels
    return two_stacks or two_torches


def _is_runtime(wheel: str) -> bool:
    return library_of(wheel) not in (None, *SHARED)


def _owner_of(copy: NativeLibrary, manager: str, *names: str) -> PackageRef | None:
    owners = (owner for owner in copy.owners if owner.manager == manager and (not names or owner.name in names))
    return next(owners, None)


def _bytes(copies: Copies) -> set[str]:
    return {copy.sha256 for copy in copies}


def _finding(prefix: Prefix, copies: Copies) -> Finding:
    are_equal = len(_bytes(copies)) == 1
    names = shortened([_shown(copy) for copy in copies], MOST_NAMED)
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=Severity.INFO if are_equal else RULE.severity,
        confidence=RULE.confidence,
        message=f"{_said(copies, are_equal=are_equal)}: {names}",
        location=place(prefix, copies[0].path),
        related=tuple(
            RelatedLocation(location=place(prefix, copy.path), message=f"another `{copy.soname}`")
            for copy in copies[1:MOST_NAMED]
        ),
        packages=tuple(dict.fromkeys(owner for copy in copies for owner in copy.owners)),
        platforms=(prefix.platform,),
        evidence=() if are_equal else (_effect(copies),),
        fix=_fix(copies),
    )


def _said(copies: Copies, *, are_equal: bool) -> str:
    what = "LLVM's and Intel's OpenMP runtime" if copies[0].family in _LLVM else f"`{copies[0].soname}`"
    return f"{what} lies here in {len(copies)} files with {'the same' if are_equal else 'different'} bytes"


def _effect(copies: Copies) -> str:
    if copies[0].family in _LLVM:
        return "a process that loads two of them may end with `OMP: Error #15`, or hang"
    return "which one a process gets depends on what it imports first"


def _shown(copy: NativeLibrary) -> str:
    """Return path, owner and the beginning of the digest."""
    owners = " and ".join(map(owned_by, copy.owners))
    return f"`{copy.path}` ({owners or 'no package lists it'}, sha256 `{copy.sha256[:SHOWN_DIGITS]}`)"


def _fix(copies: Copies) -> str:
    if not copies[0].owners:
        return f"remove `{copies[0].path}`, or install what brought it by conda or pip, so that it has an owner"
    owners = list(dict.fromkeys(owner for copy in copies for owner in copy.owners))
    named = " and ".join(dict.fromkeys(f"`{owner.name}`" for owner in owners))
    if len({owner.manager for owner in owners}) > 1:
        return f"take {named} from one side, conda or pip"
    return f"keep one of {named}, or take versions of both that were made for each other"
