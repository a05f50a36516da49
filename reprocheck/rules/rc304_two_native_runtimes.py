"""conda and pip each put the same native runtime into one folder.

What it checks.
    `mkl`, `intel-openmp` and `tbb` from PyPI beside conda's packages with the same libraries. Unlike most wheels,
    these put their libraries not into `site-packages` but into the `lib` folder of the environment (on Windows
    `Library/bin`), where conda keeps its own under the same names.

Why it matters.
    pip installs last and writes over conda's libraries. numpy, scipy and torch of conda then run with an MKL or an
    OpenMP that no solver chose for them: other numbers than the lock promises, undefined symbols, or a crash at
    import. Removing either package takes the files of both away.

Bad.
    environment.yml:
      dependencies:
        - numpy=1.26
        - pip:
            - torch==2.2.2

    conda-lock.yml, shortened:
      - conda win-64 numpy 1.26.4 py312h8753938_0, needs mkl >=2023.2
      - conda win-64 mkl 2023.2.0 h6a75c08_50497, needs intel-openmp 2023.*
      - conda win-64 intel-openmp 2023.2.0 h57928b3_50497
      - pip win-64 torch 2.2.2+cpu, needs mkl >=2021.1.1
      - pip win-64 mkl 2021.4.0, needs intel-openmp 2021.*
      - pip win-64 intel-openmp 2021.4.0

Good.
    environment.yml:
      dependencies:
        - numpy=1.26
        - mkl=2023.2
        - pip:
            - einops==0.8.1

    conda-lock.yml, shortened:
      - conda win-64 numpy 1.26.4 py312h8753938_0, needs mkl >=2023.2
      - conda win-64 mkl 2023.2.0 h6a75c08_50497
      - pip win-64 einops 0.8.1

How to fix.
    Take what needs the runtime from conda as well, so that one package owns the libraries; or keep conda's numpy off
    MKL (`libblas=*=*openblas`), so that pip's copy is the only one.

When it stays silent.
    Only one side brings the runtime; a wheel keeps a copy of its own inside its package, as those of numpy, torch and
    `scipy-openblas32` do (RC440 looks at what a process then loads). Equal versions are told as info.

Sources.
    contents of the wheels intel-openmp 2026.2.0, mkl 2026.2.0 and tbb 2023.2.0, listed 2026-11-21;
    ContinuumIO/anaconda-issues#13146 (libiomp5md.dll overwritten, torch does not import), read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from reprocheck.facts.native_runtimes import PREFIX_WRITERS, written_beside
from reprocheck.model.environments import CondaSpec, EnvironmentFile, PipRequirement
from reprocheck.model.findings import Confidence, Finding, PackageRef, RelatedLocation, Severity
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.rules.closure import conda_path_to, path_to
from reprocheck.rules.declarations import conda_providers, first_place, line_of, platforms_of, written
from reprocheck.rules.effective_cuda import platforms_in
from reprocheck.rules.facts import Facts
from reprocheck.rules.locked_cuda import reference
from reprocheck.rules.overlap_verdicts import are_one_version
from reprocheck.rules.relock_command import lock_tool
from reprocheck.rules.rule import Family, Rule

RULE = Rule(
    code="RC304",
    name="two-native-runtimes",
    family=Family.OVERLAP,
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    needs=(),  # looks at the lock, at the environment file, or at both, whichever is there
    since="0.1.0",
)


class _Pair(NamedTuple):
    """A wheel and the conda package whose library it writes over."""

    pip: LockedPackage
    conda: LockedPackage
    library: str

    @property
    def is_harmless(self) -> bool:
        """Say whether both are the same version of the same project, which pip leaves or writes anew."""
        return self.pip.name == self.conda.name and are_one_version(self.pip.version, self.conda.version)

    def __str__(self) -> str:
        conda, pip = (f"`{package.name} {package.version}`" for package in (self.conda, self.pip))
        return f"`{self.library}` (conda {conda}, pip {pip})"


def check(facts: Facts) -> Iterator[Finding]:
    """Yield what the lock holds, platforms with the same pairs together; without a lock, what is declared."""
    if not isinstance(facts.lock, Lock):
        if isinstance(facts.environment, EnvironmentFile):
            yield from _declared(facts, facts.environment)
        return
    found: dict[tuple[str, ...], list[list[_Pair]]] = {}
    for platform in platforms_in(facts):
        pairs = list(_pairs(facts.lock, platform))
        if pairs:
            found.setdefault(tuple(map(str, pairs)), []).append(pairs)
    for same in found.values():
        yield _finding(facts, facts.lock, same)


def _pairs(lock: Lock, platform: str) -> Iterator[_Pair]:
    for pip in lock.named(platform, *sorted(PREFIX_WRITERS)):
        if pip.manager == "pip":
            for name, library in written_beside(pip.name).items():
                for conda in lock.named(platform, name):
                    if conda.manager == "conda":
                        yield _Pair(pip, conda, library)


def _finding(facts: Facts, lock: Lock, same: list[list[_Pair]]) -> Finding:
    pairs, platforms = same[0], tuple(pairs[0].pip.platform for pairs in same)
    harmless = all(pair.is_harmless for pair in pairs)
    shown = [pair for pair in pairs if harmless or not pair.is_harmless]
    pip = [path for pair in shown if (path := path_to(facts, lock, pair.pip))]
    conda = [path for pair in shown if (path := conda_path_to(facts, lock, pair.conda))]
    roots = tuple((path[0].manager, path[0].name) for path in (*pip, *conda))
    effect = "the same version twice" if harmless else "pip writes over what conda installed"
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=Severity.INFO if harmless else RULE.severity,
        confidence=RULE.confidence,
        message=f"conda and pip put the same native libraries into one folder on {', '.join(platforms)}:"
        f" {', '.join(map(str, shown))}: {effect}",
        location=first_place(facts, roots) or lock.location_of(shown[0].pip),
        related=tuple(
            RelatedLocation(location=lock.location_of(package), message=f"{package.manager}'s `{package.name}`")
            for pair in shown
            for package in (pair.conda, pair.pip)
        ),
        packages=tuple(reference(package) for pairs in same for pair in pairs for package in (pair.pip, pair.conda)),
        platforms=platforms,
        evidence=("these wheels put their libraries into the `lib` folder of the environment",),
        fix=_fix(lock, pip),
        paths=(*conda, *pip),
    )


def _fix(lock: Lock, pip: list[tuple[PackageRef, ...]]) -> str:
    if not pip:
        return f"run `{lock_tool(lock)}`: nothing that was declared needs pip's copy"
    pullers = sorted({path[0].name for path in pip if len(path) > 1})
    if pullers:
        return f"take `{pullers[0]}`, which pulls pip's copy in, from conda as well; or keep conda off that runtime"
    return f"take `{pip[0][0].name}` out of the pip part and run `{lock_tool(lock)}`"


def _declared(facts: Facts, environment: EnvironmentFile) -> Iterator[Finding]:
    """Yield pip lines beside conda specs of other projects; the same project twice is told by RC301."""
    for item in environment.pip:
        if item.name not in PREFIX_WRITERS or conda_providers(environment, item.name, facts.names):
            continue
        for name, library in written_beside(item.name).items():
            specs = environment.conda_named(name)
            if specs and platforms_of(item, environment) & platforms_of(specs[0], environment):
                yield _declared_finding(item, specs[0], library)


def _declared_finding(item: PipRequirement, spec: CondaSpec, library: str) -> Finding:
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=Confidence.MEDIUM,
        message=f"as declared, without a lock: `{written(item)}` (pip) and `{written(spec)}` (conda) put the same"
        f" native library into one folder: `{library}`",
        location=item.location,
        related=(RelatedLocation(location=spec.location, message=f"conda is asked for `{written(spec)}`"),),
        packages=(PackageRef(manager="pip", name=item.name or ""), PackageRef(manager="conda", name=spec.name)),
        evidence=("this wheel puts its libraries into the `lib` folder of the environment",),
        fix=f"remove {line_of(item)}, or `{spec.name}` from the conda part",
    )
