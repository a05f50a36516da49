"""Two packages of one installer own the same file.

What it checks.
    Paths that several conda packages list, or several distributions that pip installed, and whose bytes lie there
    now. Where rattler or pixi moved the file of one package to `__clobbers__`, the path that it lost counts.

Why it matters.
    One package runs with a file of another: a library of another release or build, a module with other functions.
    Which of them wins depends on the order of the installation, and so on the installer and on chance; to remove
    either takes the file away from both.

Bad.
    prefix, shortened:
      - pip linux-64 nvidia-cudnn-cu11 9.1.0.70, by pip
        - lib/python3.11/site-packages/nvidia/cudnn/lib/libcudnn.so.9 =eleven
      - pip linux-64 nvidia-cudnn-cu12 9.1.0.70, by pip
        - lib/python3.11/site-packages/nvidia/cudnn/lib/libcudnn.so.9 =twelve
      - there lib/python3.11/site-packages/nvidia/cudnn/lib/libcudnn.so.9 =twelve

Good.
    prefix, shortened:
      - pip linux-64 nvidia-cudnn-cu12 9.1.0.70, by pip
        - lib/python3.11/site-packages/nvidia/cudnn/lib/libcudnn.so.9 =twelve

How to fix.
    Keep one of the packages. With pip remove both, then install the one that stays: `pip uninstall` takes away what
    the other one needs.

When it stays silent.
    conda and pip list the path (RC604); nothing lies there (RC601); two records of one project list it (RC608). Equal
    bytes are info, and so are licences, readmes, `docs` and `tests` at the top of `site-packages`, where many packages
    put theirs by mistake. It is an error where a native library is another one, or a module of two conda packages.

Sources.
    conda/conda#13574 (jpeg and libjpeg-turbo), conda/rattler#2082 (`__clobbers__`), astral-sh/uv#15239 (the `nvidia`
    folder of the wheels), marin-community/marin#6947 (two cuDNN in one folder), read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reprocheck.model.findings import Confidence, Finding, Severity
from reprocheck.model.prefixes import CondaRecord, Package, Prefix
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.file_faults import FileFault, FilesTold, faults_told_by
from reprocheck.rules.installed import place
from reprocheck.rules.repairs import removal
from reprocheck.rules.rule import Family, Need, Rule
from reprocheck.rules.shared_files import shared_files
from reprocheck.rules.wording import shortened

RULE = Rule(
    code="RC603",
    name="clobbered-file",
    family=Family.INSTALLED,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(Need.PREFIX, Need.INSPECTION),
    since="0.1.0",
)


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each pair of packages, or for each larger group that shares a path."""
    if isinstance(facts.prefix, Unseen):
        return
    groups: dict[tuple[str, ...], list[FileFault]] = {}
    for fault in faults_told_by(facts, RULE.code):
        groups.setdefault(tuple(package.record for package, _ in fault.owners), []).append(fault)
    for _, faults in sorted(groups.items()):
        yield _finding(facts.prefix, faults)


def _finding(prefix: Prefix, faults: list[FileFault]) -> Finding:
    owners = tuple(package for package, _ in faults[0].owners)
    shared = shared_files(faults)
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=shared.severity,
        confidence=RULE.confidence,
        message=shared.message,
        location=place(prefix, shared.first),
        packages=tuple(package.reference for package in owners),
        platforms=(prefix.platform,),
        evidence=shared.evidence,
        fix=_fix(prefix, owners, shared),
    )


def _fix(prefix: Prefix, owners: Sequence[Package], shared: FilesTold) -> str:
    if shared.severity is Severity.INFO:
        return "nothing needs to be done; that they bring the same path is for their maintainers to mend"
    names = shortened([f"`{package.name}`" for package in owners], 3)
    if prefix.maker == "reprocheck":
        return f"keep one of {names} in the environment.yml, lock and create anew; with both, an order decides"
    if isinstance(owners[0], CondaRecord):
        return f"keep one of {names}, and install it anew with `--force-reinstall` once the others are removed"
    return f"keep one of {names}: run `{removal(prefix, *owners)}`, then install the one that stays"
