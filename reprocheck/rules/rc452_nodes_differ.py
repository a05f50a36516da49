"""Nodes of one job run different torch, CUDA, cuDNN or NCCL releases.

What it checks.
    The stacks of the other nodes of the job (`reprocheck audit --node FILE`, a lock or a fingerprint of each) against
    the environment of the audit, component by component.

Why it matters.
    Ranks with different NCCL releases hang or stop with "unhandled system error" at the first collective; with
    different torch or cuDNN they compute different gradients and average them.

Bad.
    conda-lock.yml, shortened:
      - conda linux-64 pytorch 2.6.0 cuda126_mkl_py312_h30b5a27_300
      - conda linux-64 nccl 2.25.1.1 h03a54cd_0

    seen: node node-b.lock.yml nccl=2.21.5 torch=2.6.0

Good.
    conda-lock.yml, shortened:
      - conda linux-64 pytorch 2.6.0 cuda126_mkl_py312_h30b5a27_300
      - conda linux-64 nccl 2.25.1.1 h03a54cd_0

    seen: node node-b.lock.yml nccl=2.25.1 torch=2.6.0

How to fix.
    Install every node from one lock, or from one image.

When it stays silent.
    Components agree as far as both sides tell them (`2.25.1.1` and `2.25.1`); a side does not tell a component. NCCL's
    version comes from the library that is locked or loaded, never from torch's compile-time number.

Sources.
    pytorch/pytorch#122571, #107174; verl-project/verl#6621 (torch.cuda.nccl.version() is that of the build), read
    2026-11-20.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.facts.cuda_versions import numbers
from reprocheck.model.findings import Confidence, Finding, Severity
from reprocheck.model.locks import Lock
from reprocheck.rules.cuda_claims import agree
from reprocheck.rules.effective_cuda import platforms_in
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.places import place_of_torch
from reprocheck.rules.rule import Family, Need, Rule
from reprocheck.rules.stacks import components_of

RULE = Rule(
    code="RC452",
    name="nodes-differ",
    family=Family.CUDA,
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    needs=(Need.LOCK, Need.NODES),
    since="0.1.0",
)


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding for each node that differs on every platform of the lock."""
    if isinstance(facts.lock, Unseen) or isinstance(facts.nodes, Unseen):
        return
    for node in facts.nodes:
        theirs = dict(node.components)
        # A node has one platform and does not say which: the closest one counts.
        differences = [_differences(facts.lock, platform, theirs) for platform in platforms_in(facts)]
        closest = min(differences, key=len, default=())
        if closest:
            yield _finding(facts, node.source, closest)


def _differences(lock: Lock, platform: str, theirs: dict[str, str]) -> tuple[tuple[str, str, str], ...]:
    """Return (component, here, there) where the versions differ as far as both are told."""
    ours = components_of(lock, platform)
    return tuple(
        (name, here, theirs[name])
        for name, here in ours
        if name in theirs and not agree(numbers(here), numbers(theirs[name]))
    )


def _finding(facts: Facts, source: str, differences: tuple[tuple[str, str, str], ...]) -> Finding:
    told = ", ".join(f"{name} {there} instead of {here}" for name, here, there in differences)
    return Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message=f"the node of `{source}` runs another stack: {told}",
        location=place_of_torch(facts),
        evidence=tuple(
            f"{name}: {here} in `{facts.lock_path}`, {there} in `{source}`" for name, here, there in differences
        ),
        fix="install every node from one lock",
    )
