"""NCCL chooses the order in which the ranks are added.

What it checks.
    `NCCL_ALGO` where several GPUs of this machine or several nodes train together.

Why it matters.
    NCCL takes its algorithm by topology, size of the message and release: a ring adds in another order than a tree, and
    a switch that adds by itself (NVLS) in an order of its own, on some stacks another one in each call. Gradients then
    differ between clusters, and after an update of NCCL.

Bad.
    environment.yml:
      name: train
      dependencies:
        - pytorch=2.6

    seen: switches of torch 2.6.0, cuda 12.4, gpus 8
    seen: switch nccl-version 2.21.5
    seen: switch nccl-algo unset

Good.
    environment.yml:
      name: train
      dependencies:
        - pytorch=2.6
      variables:
        NCCL_ALGO: Ring

    seen: switches of torch 2.6.0, cuda 12.4, gpus 8
    seen: switch nccl-version 2.21.5
    seen: switch nccl-algo unset

How to fix.
    Where sums over ranks must repeat: `NCCL_ALGO=Ring` and `NCCL_PROTO=Simple`, which cost bandwidth; the number of
    ranks has to stay the same in any case.

When it stays silent.
    The algorithm was chosen; torch sees one GPU and no other node of the job was named (`--node`); there is no NCCL.

Sources.
    NVIDIA NCCL documentation, "Environment Variables"; NVIDIA/nccl#1497, #2360 (NVLS), #1055; Megatron-LM's
    deterministic mode, which asks for the same, read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.findings import Confidence, Finding, Severity
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.left_to_chance import in_words, known_effect, switches_in, uses_cuda
from reprocheck.rules.pinned_variables import is_pinned, place_of_variables
from reprocheck.rules.rule import Family, Need, Rule

RULE = Rule(
    code="RC510",
    name="nccl-algorithm-open",
    family=Family.DETERMINISM,
    severity=Severity.INFO,
    confidence=Confidence.MEDIUM,
    needs=(Need.SWITCHES,),
    since="0.1.0",
)

_SWITCH, _VARIABLE = "nccl-algo", "NCCL_ALGO"


def check(facts: Facts) -> Iterator[Finding]:
    """Yield one finding where several GPUs add and nobody says how."""
    switches = switches_in(facts)
    if switches is None or not uses_cuda(facts, switches) or "nccl-version" not in switches.switches:
        return
    several = switches.gpus > 1 or not isinstance(facts.nodes, Unseen)
    if not several or not switches.is_left_open(_SWITCH) or is_pinned(facts, _VARIABLE):
        return
    yield Finding(
        code=RULE.code,
        name=RULE.name,
        severity=RULE.severity,
        confidence=RULE.confidence,
        message="NCCL chooses the order in which ranks are added, by topology, size and release",
        location=place_of_variables(facts),
        evidence=(*in_words(switches, _SWITCH, "nccl-nvls", "nccl-version"), known_effect(_SWITCH)),
        fix=f"where sums over ranks must repeat: `{_VARIABLE}=Ring` and `NCCL_PROTO=Simple`, at a cost in bandwidth",
    )
