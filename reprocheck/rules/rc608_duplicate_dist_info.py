"""One Python project has two sets of metadata in one environment.

What it checks.
    Folders `*.dist-info` and `*.egg-info` of one project, and those that an interrupted pip left behind under a name
    that begins with `~`.

Why it matters.
    `pip list` and `importlib.metadata` show one of the two, by the order in which the folder lists them: a check of the
    version passes while the code is of another one, and the next uninstall takes the wrong files away. Older uv refuses
    to work in such an environment.

Bad.
    prefix, shortened:
      - pip linux-64 wheel 0.40.0, by pip
        - lib/python3.11/site-packages/wheel-0.40.0.dist-info/METADATA
      - pip linux-64 wheel 0.42.0, by pip
        - lib/python3.11/site-packages/wheel-0.42.0.dist-info/METADATA

Good.
    prefix, shortened:
      - pip linux-64 wheel 0.42.0, by pip
        - lib/python3.11/site-packages/wheel-0.42.0.dist-info/METADATA

How to fix.
    Remove the project until none is left (`pip uninstall` takes one away each time), then install it once.

When it stays silent.
    One of the two is conda's and the other pip's: RC604 tells that, with their files. Two of conda's own packages that
    bring one project are info, and so are the leftovers of pip, unless their project is gone: pip was killed then
    between the removal of the old release and the installation of the new one.

Sources.
    astral-sh/uv#1062 and #1848 (duplicates are common in conda environments), read 2026-11-21; Python documentation,
    `importlib.metadata` (the first that is found), read 2026-11-21.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reprocheck.model.findings import Confidence, Finding, RelatedLocation, Severity
from reprocheck.model.prefixes import CondaRecord, Distribution, Fault, Prefix
from reprocheck.model.project_names import normalise_name
from reprocheck.rules.broken_records import is_leftover
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.installed import left_behind, place, taken_over
from reprocheck.rules.repairs import removal, repair
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC608",
    name="duplicate-dist-info",
    family=Family.INSTALLED,
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    needs=(Need.PREFIX,),
    since="0.1.0",
)


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each project with several sets of metadata, then one for each leftover of pip."""
    if isinstance(facts.prefix, Unseen):
        return
    named: dict[str, list[Distribution]] = {}
    for item in facts.prefix.distributions:
        named.setdefault(item.name, []).append(item)
    over = {item.name for item in taken_over(facts).values()}
    for name, items in sorted(named.items()):
        if len(items) > 1 and name not in over:
            yield _duplicate(facts, facts.prefix, sorted(items, key=lambda item: item.record))
    yield from (_leftover(facts.prefix, fault) for fault in facts.prefix.faults if is_leftover(fault))


def _duplicate(facts: Facts, prefix: Prefix, items: list[Distribution]) -> Finding:
    records = {record.record: record for record in prefix.conda}
    owners = [records[item.owner] for item in items if item.owner in records]
    is_condas = len(owners) == len(items)
    folders = " and ".join(f"`{item.record.rpartition('/')[2]}`" for item in items)
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=Severity.INFO if is_condas else RULE.severity,
        confidence=RULE.confidence,
        message=f"`{items[0].name}` has {len(items)} sets of metadata, and which one Python's tools show is chance:"
        f" {folders}",
        location=place(prefix, items[0].record),
        related=tuple(
            RelatedLocation(location=place(prefix, item.record), message=f"`{item.name} {item.version}`")
            for item in items[1:]
        ),
        packages=tuple(sorted({(records.get(item.owner or "") or item).reference for item in items})),
        platforms=(prefix.platform,),
        evidence=tuple(_evidence(facts, items, owners)),
        fix=_fix(prefix, items, is_condas),
    )


def _evidence(facts: Facts, items: list[Distribution], owners: list[CondaRecord]) -> Iterator[str]:
    for owner in dict.fromkeys(owner.name for owner in owners):
        yield f"conda's `{owner}` brings such metadata"
    kept = [item for item in items if item.record not in left_behind(facts)]
    if len(kept) == 1 and not owners and not isinstance(facts.inspection, Unseen):
        yield f"the files that lie there are those of `{kept[0].name} {kept[0].version}`"


def _fix(prefix: Prefix, items: list[Distribution], is_condas: bool) -> str:
    if is_condas:
        return "nothing needs to be done here: the metadata is for the maintainers of the conda packages to mend"
    last = items[-1]
    if prefix.maker == "reprocheck":
        return repair(prefix, last)
    bare = [item for item in items if not item.files and item.owner is None and item.record.endswith(".dist-info")]
    if bare:
        folders = " and ".join(f"`{place(prefix, item.record).path}`" for item in bare)
        return f"delete {folders}: without a list of its files no installer can; then {repair(prefix, last)}"
    return f"run `{removal(prefix, last)}` until nothing is left of it, then {repair(prefix, last)}"


def _leftover(prefix: Prefix, fault: Fault) -> Finding:
    name = fault.path.rpartition("/")[2]
    is_lost = not _is_back(prefix, name)
    again = "install the project anew, unless it was to be removed, and "
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=Severity.WARNING if is_lost else Severity.INFO,
        confidence=RULE.confidence,
        message=f"`{name}` {fault.why}{', and that is not there any more' if is_lost else ''}",
        location=place(prefix, fault.path),
        platforms=(prefix.platform,),
        evidence=("pip warns of it as an invalid distribution, and ignores it",),
        fix=f"{again if is_lost else ''}delete `{place(prefix, fault.path).path}`",
    )


def _is_back(prefix: Prefix, leftover: str) -> bool:
    """Say whether a project is there that pip may have moved aside as `leftover`: `~` stands for its first letter.

    Where such a folder lay there already, other signs stand for the next letters.
    """
    rest = normalise_name(re.sub(r"^~[-~.=%0-9]*|-[^-]*\.(?:dist|egg)-info$", "", leftover))
    return any(item.name.endswith(rest) for item in prefix.distributions)
