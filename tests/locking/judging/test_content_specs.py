"""What people write is read as conda-lock reads it, or not at all; never otherwise."""

from __future__ import annotations

import contextlib
import io
import random
import warnings
from collections.abc import Mapping

import pytest
from conda_lock.src_parser.conda_common import conda_spec_to_versioned_dep
from conda_lock.src_parser.markers import evaluate_marker
from conda_lock.src_parser.pyproject_toml import parse_python_requirement

from reprocheck.locking.judging.content_requirements import pip_dependency
from reprocheck.locking.judging.content_specs import Untold, conda_dependency
from reprocheck.model.environments import CondaSpec, PipRequirement
from reprocheck.model.findings import Location

PLACE = Location(path="environment.yml", line=1, column=1)
NAMES = [
    *("numpy", "Py_T", "a.b-c", "conda-forge::x", "defaults::x", "pkgs/main::x", "main::x", "conda-forge/linux-64::x"),
    *("https://conda.anaconda.org/pytorch::x", "https://repo.anaconda.com/pkgs/r::x", "nvidia/label/cuda-12.4.0::x"),
    *("osx-64::x", "conda-forge/zos-z::x", "a::b::x", "pkgs/free::x"),
]
OPERATORS = ["=", "==", ">=", "<=", "<", ">", "!=", "~=", " ", " =", "= ", " >= ", "=>", "", "|", ",", " , "]
VERSIONS = [
    "1",
    "1.2.3",
    "1.2.*",
    "1.2*",
    "*",
    "2!1.0",
    "1.0rc1",
    "py311*",
    "*_cpython",
    "3-1",
    "1.0+cu118",
    "1.*.3",
    "**",
]
KEYS = ["[build=x*]", "[version='>=1,<2']", "[channel=conda-forge]", '[version="1.2*", build=3]', "[odd=1]", "[md5=ab]"]
PROJECTS = ["numpy", "Py.T_x", "a[b]", "a[Z_x, b]", "ray [default]"]
RELEASES = ["1", "1.2", "1.2.*", "2!1.0", "1.0rc1", "1.0.0", "1.0", "1.0+cu118", "1.0.post1", "1.0-1", "v1.2", "1.0.0a"]
MARKERS = [
    *("sys_platform == 'linux'", 'platform_system != "Darwin"', "python_version < '3.9'", "extra == 'x'"),
    *("python_version >= '3.8' and sys_platform == 'darwin'", "os_name == 'nt' or python_version > '3'"),
    *("sys_platform != 'win32' and sys_platform != 'darwin'", "(sys_platform == 'linux')", "os_name in 'nt posix'"),
]


def conda_spellings() -> list[str]:
    chosen = random.Random(3)
    texts = set()
    for _ in range(6000):
        pieces = (
            chosen.choice(OPERATORS) + chosen.choice(VERSIONS) for _ in range(chosen.choice([0, 1, 1, 1, 2, 2, 3]))
        )
        keys = chosen.choice(KEYS) if chosen.random() < 0.1 else ""
        texts.add((chosen.choice(NAMES) + "".join(pieces) + keys).strip())
    return sorted(texts)


def pip_spellings() -> list[str]:
    chosen = random.Random(4)
    texts = set()
    for _ in range(500):
        clauses = [
            chosen.choice(OPERATORS[1:8]) + chosen.choice(RELEASES) for _ in range(chosen.choice([0, 1, 1, 2, 3]))
        ]
        digest = " --hash=sha256:ab" if chosen.random() < 0.05 else ""
        marker = f"; {chosen.choice(MARKERS)}" if chosen.random() < 0.4 else ""
        texts.add(chosen.choice(PROJECTS) + ",".join(clauses) + digest + marker)
    return sorted(texts)


def conda_told(text: str) -> Mapping[str, object] | None:
    spec = CondaSpec(text=text, name="x", version=None, build=None, channel=None, location=PLACE)
    try:
        return dict(conda_dependency(spec))
    except Untold:
        return None


def test_a_conda_spec_is_never_read_otherwise_than_conda_reads_it() -> None:
    same = 0
    for text in conda_spellings():
        try:
            theirs = conda_spec_to_versioned_dep(text, "main").model_dump()
        except Exception:  # conda raises many kinds; what it refuses has no hash to be equal to
            continue
        ours = conda_told(text)
        assert ours is None or {"markers": None, **ours} == theirs, text
        same += ours is not None
    assert same > 1500


@pytest.mark.parametrize("platform", ["linux-64", "osx-arm64", "win-64"])
def test_a_pip_line_is_never_read_otherwise_than_conda_lock_reads_it(platform: str) -> None:
    same = 0
    for text in pip_spellings():
        theirs = pip_theirs(text, platform)
        if theirs == "refused":
            continue
        line = PipRequirement(
            text=text, kind="requirement", name="x", specifier="", marker=None, location=PLACE, address=text
        )
        with contextlib.suppress(Untold):
            ours = pip_dependency(line, platform)
            assert (None if ours is None else dict(ours)) == theirs, text
            same += 1
    assert same > 100


def pip_theirs(text: str, platform: str) -> dict[str, object] | str | None:
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            dependency = parse_python_requirement(text, manager="pip", mapping_url="")
            kept = evaluate_marker(dependency.markers, platform)
        except Exception:  # packaging and poetry raise many kinds
            return "refused"
    if not kept:
        return None
    told = dependency.model_dump()
    return {key: value for key, value in told.items() if key != "markers" or value is not None}
