"""pip has installed files over those of a conda package.

What it checks.
    Conda packages whose Python project a distribution of pip or uv has replaced, and single paths that a conda package
    and a distribution of another project both list: which bytes lie there now, and what of conda's is gone.

Why it matters.
    conda's record goes on telling of the version that is gone, and its solver builds upon it. Packages that were
    compiled against conda's meet another one, and the next `conda update` or `pip uninstall` mixes the two.

Bad.
    prefix, shortened:
      - conda linux-64 numpy 1.26.4 py311h64a7726_0
        - lib/python3.11/site-packages/numpy/__init__.py =conda
        - lib/python3.11/site-packages/numpy/core/_multiarray_umath.so =conda
        - lib/python3.11/site-packages/numpy-1.26.4.dist-info/METADATA =conda
      - pip linux-64 numpy 2.0.0, by pip
        - lib/python3.11/site-packages/numpy/__init__.py =pip
        - lib/python3.11/site-packages/numpy-2.0.0.dist-info/METADATA =pip
      - there lib/python3.11/site-packages/numpy/__init__.py =pip
      - gone lib/python3.11/site-packages/numpy/core/_multiarray_umath.so
      - gone lib/python3.11/site-packages/numpy-1.26.4.dist-info/METADATA

Good.
    prefix, shortened:
      - conda linux-64 numpy 1.26.4 py311h64a7726_0
        - lib/python3.11/site-packages/numpy/__init__.py
        - lib/python3.11/site-packages/numpy/core/_multiarray_umath.so
        - lib/python3.11/site-packages/numpy-1.26.4.dist-info/METADATA
      - pip linux-64 einops 0.8.1, by pip
        - lib/python3.11/site-packages/einops/einops.py

How to fix.
    Take the project from one side: remove pip's, then install conda's anew, since pip takes the files of both away.
    Afterwards declare it on that side alone, and give `--no-deps` to the pip install that pulled it in.

When it stays silent.
    Both sides bring different projects with different files. It is an error where native libraries were replaced by
    another version, or those of another project; a warning where modules were, or where pip put its own build of the
    same version over conda's; info where the bytes are equal, and for licences and other files that nobody reads.

Sources.
    pip 24, `req/req_uninstall.py` (what an uninstall takes away), docs.conda.io "Using pip in an environment";
    ContinuumIO/anaconda-issues#13146 (libiomp5 of pip over conda's), read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.findings import Confidence, Finding, Severity
from reprocheck.model.prefixes import CondaRecord, Distribution, Package, Prefix
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.file_faults import FileFault, FilesTold, Owner, faults_told_by
from reprocheck.rules.installed import place, taken_over
from reprocheck.rules.repairs import command, removal, repair
from reprocheck.rules.replaced_files import replacement_of
from reprocheck.rules.rule import Family, Need, Rule
from reprocheck.rules.shared_files import shared_files

RULE = Rule(
    code="RC604",
    name="pip-over-conda",
    family=Family.INSTALLED,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(Need.PREFIX, Need.INSPECTION),
    since="0.1.0",
)


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each replaced conda package, and one for each other pair that shares a path."""
    prefix = facts.prefix
    if isinstance(prefix, Unseen):
        return
    over = taken_over(facts)
    replaced: dict[str, list[FileFault]] = {record: [] for record in over}
    others: dict[tuple[str, str], list[FileFault]] = {}
    for fault in faults_told_by(facts, RULE.code):
        pair = _pair(fault, over)
        if len(pair) == 1 or over.get(pair[0][0].record) is pair[1][0]:
            replaced[pair[0][0].record].append(fault._replace(owners=pair))
        else:
            others.setdefault((pair[0][0].record, pair[1][0].record), []).append(fault._replace(owners=pair))
    records = {record.record: record for record in prefix.conda}
    for name, faults in sorted(replaced.items()):
        told = replacement_of(records[name], over[name], faults)
        yield _finding(prefix, records[name], over[name], told)
    for _, faults in sorted(others.items()):
        (record, _), (item, _) = faults[0].owners
        yield _finding(prefix, record, item, shared_files(faults))


def _pair(fault: FileFault, over: dict[str, Distribution]) -> tuple[Owner, ...]:
    """Return the conda package and the distribution that meet at a path, those of one project if there are such."""
    conda = [owner for owner in fault.owners if isinstance(owner[0], CondaRecord)]
    pip = [owner for owner in fault.owners if isinstance(owner[0], Distribution)]
    for one in conda:
        for other in pip:
            if over.get(one[0].record) is other[0]:
                return (one, other)
    return (*conda[:1], *pip[:1])


def _finding(prefix: Prefix, record: Package, item: Package, told: FilesTold) -> Finding:
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=told.severity,
        confidence=RULE.confidence,
        message=told.message,
        location=place(prefix, told.first),
        packages=(record.reference, item.reference),
        platforms=(prefix.platform,),
        evidence=told.evidence,
        fix=_fix(prefix, record, item, told.severity),
    )


def _fix(prefix: Prefix, record: Package, item: Package, severity: Severity) -> str:
    if severity is Severity.INFO:
        return f"nothing breaks; take `{item.name}` from one side, so that its files have one owner"
    if prefix.maker == "reprocheck":
        return f"{repair(prefix, record)}; where the lock installs both, take the project from one side first"
    return f"run `{removal(prefix, item)}`, then `{command(prefix, record)}`"
