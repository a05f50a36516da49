"""Which source of CUDA is believed, for every combination of sources that a lock can hold.

The order is that of the research: first what a framework was built with, then the runtime library, then the conda
selectors, at last the CUDA of the unlabelled wheel. One deviation: where conda has no framework, the unlabelled wheel
comes before the selectors, which steer nothing beside it.
"""

from __future__ import annotations

import random
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from reprocheck.facts.name_map import load_name_map
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.rules.effective_cuda import effective_cuda
from reprocheck.rules.facts import Facts, Unseen

Source = tuple[str, str, str, str, str]
"""Its level, the manager, the name, the version and the build."""

CUDAS = ("11.8", "12.1", "12.4", "12.6", "12.9", "13.0")
LEVELS = ("framework", "runtime", "cuda-version", "cudatoolkit", "pytorch-cuda", "wheel")
SELECTORS = ("cuda-version", "cudatoolkit", "pytorch-cuda")
WHEELS = {"2.0.1": "11.7", "2.4.1": "12.1", "2.6.0": "12.4", "2.7.1": "12.6", "2.11.0": "13.0"}

cudas = st.sampled_from(CUDAS)


def source(kind: str, cuda: str) -> Source:
    """Return a package that says a CUDA, at the level of its kind."""
    digits = cuda.replace(".", "")
    return {
        "forge": ("framework", "conda", "pytorch", "2.6.0", f"cuda{digits}_mkl_py312_h30b5a27_300"),
        "channel": ("framework", "conda", "pytorch", "2.4.1", f"py3.11_cuda{cuda}_cudnn9.1.0_0"),
        "label": ("framework", "pip", "torch", f"2.6.0+cu{digits}", ""),
        "cudart": ("runtime", "conda", "cuda-cudart", f"{cuda}.79", "h5888daf_0"),
        "runtime": ("runtime", "pip", "nvidia-cuda-runtime", f"{cuda}.48", ""),
        "toolkit": ("runtime", "pip", "cuda-toolkit", f"{cuda}.2", ""),
        **{name: (name, "conda", name, cuda, "h0_0") for name in SELECTORS},
    }[kind]


conda_torch = st.one_of(st.none(), st.builds(source, st.sampled_from(["forge", "channel"]), cudas))
pip_torch = st.one_of(
    st.none(),
    st.builds(source, st.just("label"), cudas),
    st.sampled_from([("wheel", "pip", "torch", torch, "") for torch in WHEELS]),
)
others = st.lists(
    st.builds(source, st.sampled_from(["cudart", "runtime", "toolkit", *SELECTORS]), cudas),
    max_size=5,
    unique_by=lambda found: found[2],
)


def said_by(found: Source) -> str:
    """Return the CUDA, as far as it goes, that a source says."""
    level, _, _, version, build = found
    if level == "wheel":
        return WHEELS[version]
    if build.startswith("cuda") or "+cu" in version:
        digits = build[4:7] or version.rpartition("+cu")[2]
        return f"{digits[:-1]}.{digits[-1]}"
    told = build.partition("_cuda")[2].partition("_")[0] if "_cuda" in build else version
    return ".".join(told.split(".")[:2])


def facts_of(sources: Iterable[Source]) -> Facts:
    unseen = Unseen(reason="not asked for")
    packages = tuple(
        LockedPackage(
            name=name,
            version=version,
            manager="conda" if manager == "conda" else "pip",
            platform="linux-64",
            dependencies=(),
            url=f"https://packages.invalid/linux-64/{name}-{version}",
            md5=None,
            sha256="0" * 64,
            category="main",
            optional=False,
            build=build or None,
            channel=None,
            line=line,
        )
        for line, (_, manager, name, version, build) in enumerate(sources, start=1)
    )
    lock = Lock(
        path="conda-lock.yml",
        platforms=("linux-64",),
        channels=(),
        content_hash=(),
        sources=(),
        custom_metadata=(),
        packages=packages,
    )
    return Facts(
        environment=unseen,
        lock=lock,
        lock_path="conda-lock.yml",
        freshness=unseen,
        machine=unseen,
        names=load_name_map(),
    )


def chain(sources: Iterable[Source]) -> list[str]:
    claims = effective_cuda(facts_of(sources), "linux-64")
    return [".".join(map(str, found.cuda)) for found in claims]


def rank(found: Source, *, has_conda_framework: bool) -> float:
    """Return the place of a source in the order, the deviation included."""
    if found[0] == "wheel" and not has_conda_framework:
        return LEVELS.index("runtime") + 0.5
    return LEVELS.index(found[0])


@given(conda=conda_torch, pip=pip_torch, beside=others, seed=st.integers(0, 2**32 - 1))
def test_the_surest_source_is_believed_whatever_stands_beside_it(
    conda: Source | None, pip: Source | None, beside: list[Source], seed: int
) -> None:
    sources = [found for found in (conda, pip, *beside) if found]
    random.Random(seed).shuffle(sources)
    found = chain(sources)
    ranks = {one: rank(one, has_conda_framework=conda is not None) for one in sources}
    surest = {said_by(one) for one in sources if ranks[one] == min(ranks.values(), default=0)}
    assert set(found[:1]) <= surest
    assert bool(found) == bool(sources)


@given(conda=conda_torch, pip=pip_torch, beside=others)
def test_every_source_stays_in_the_chain_in_its_order(
    conda: Source | None, pip: Source | None, beside: list[Source]
) -> None:
    sources = [found for found in (conda, pip, *beside) if found]
    in_order = sorted(sources, key=lambda one: rank(one, has_conda_framework=conda is not None))
    found, at = chain(sources), 0
    assert sorted(found) == sorted(map(said_by, sources))
    for level in dict.fromkeys(rank(one, has_conda_framework=conda is not None) for one in in_order):
        same = [said_by(one) for one in in_order if rank(one, has_conda_framework=conda is not None) == level]
        assert sorted(found[at : at + len(same)]) == sorted(same)
        at += len(same)


@given(pip=pip_torch, beside=others)
def test_nothing_runs_on_a_mac(pip: Source | None, beside: list[Source]) -> None:
    sources = [found for found in (pip, *beside) if found]
    assert effective_cuda(facts_of(sources), "osx-arm64") == ()


def test_the_wheel_comes_before_selectors_only_where_conda_has_no_framework() -> None:
    wheel: Source = ("wheel", "pip", "torch", "2.6.0", "")
    selector = source("cuda-version", "12.9")
    assert chain([selector, wheel]) == ["12.4", "12.9"]
    assert chain([selector, wheel, source("forge", "12.6")]) == ["12.6", "12.9", "12.4"]


def test_beside_a_cpu_build_selectors_steer_nothing() -> None:
    cpu: Source = ("framework", "conda", "pytorch", "2.6.0", "cpu_mkl_py312_h446997d_101")
    assert chain([cpu, *(source(name, "12.6") for name in SELECTORS)]) == []
    assert chain([cpu, source("cudart", "12.6")]) == ["12.6"]
