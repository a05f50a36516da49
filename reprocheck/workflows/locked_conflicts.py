"""Which packages of a lock are in conflict: what the rules about broken needs, overlaps and CUDA find."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reprocheck.graph.links import Links, Node, node_for
from reprocheck.locking.judging.closure import unmet_dependencies
from reprocheck.model.findings import Finding, Severity
from reprocheck.rules.engine import Selection, run_rules
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.registry import RULES
from reprocheck.workflows.locked_links import OpenedLock

# What packages do to each other. Other rules speak of lines, or of single entries of a lock.
_CONFLICTS = Selection(select=("RC205", "RC3", "RC4"))
_MOST_AT_ODDS = 12  # a finding about more packages of one platform is about the lock
_NOT_ASKED = Unseen(reason="a drawing shows what packages do to each other, on any machine")


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflicts:
    """The findings at warning or above, the worst first."""

    findings: tuple[Finding, ...]

    def on(self, platform: str) -> tuple[Finding, ...]:
        """Return the findings about packages of one platform."""
        return tuple(finding for finding in self.findings if _names(finding, platform))

    def codes(self, links: Links) -> Mapping[Node, tuple[str, ...]]:
        """Return the codes of the findings about each package, the packages of the worst finding first."""
        found: dict[Node, dict[str, None]] = {}
        for finding in self.on(links.platform):
            for node in _names(finding, links.platform):
                if node in links.packages:
                    found.setdefault(node, {})[finding.code] = None
        return {node: tuple(codes) for node, codes in found.items()}


def conflicts_in(opened: OpenedLock) -> Conflicts:
    """Run the rules over a lock and what it was made from."""
    facts = Facts(
        environment=opened.environment or Unseen(reason=f"nothing that {opened.lock.path} was made from is here"),
        lock=opened.lock,
        lock_path=opened.lock.path,
        freshness=_NOT_ASKED,
        machine=_NOT_ASKED,
        names=opened.names,
        unmet=unmet_dependencies(opened.lock, opened.names),
        platforms=opened.platforms,
    )
    told = run_rules(facts, RULES, _CONFLICTS).findings
    severe = (finding for finding in told if finding.severity is not Severity.INFO)
    return Conflicts(findings=tuple(sorted(severe, key=lambda finding: (finding.severity.rank, finding.sort_key))))


def _names(finding: Finding, platform: str) -> tuple[Node, ...]:
    """Return the packages of a platform that a finding is about, none where it is about too many."""
    if finding.platforms and platform not in finding.platforms:
        return ()
    refs = [ref for ref in finding.packages if ref.platform in (None, platform)]
    nodes = tuple(dict.fromkeys(node_for(ref.manager, ref.name) for ref in refs))
    return nodes if len(nodes) <= _MOST_AT_ODDS else ()
