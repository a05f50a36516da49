"""All rules in the order of their codes. A new rule is a new file and a new line here; a test compares the two."""

from __future__ import annotations

from typing import Final

from reprocheck.rules import (
    rc101_bracketed_comment,
    rc102_ambiguous_spec,
    rc107_duplicate_spec,
    rc201_lock_missing,
    rc202_lock_stale,
    rc301_declared_twice,
    rc302_locked_twice,
    rc303_pip_shadows_conda,
    rc401_driver_too_old,
    rc412_two_torches,
    rc414_cuda_selectors_contradict,
    rc420_cpu_build_resolved,
)
from reprocheck.rules.rule import RuleModule

RULES: Final[tuple[RuleModule, ...]] = (
    rc101_bracketed_comment,
    rc102_ambiguous_spec,
    rc107_duplicate_spec,
    rc201_lock_missing,
    rc202_lock_stale,
    rc301_declared_twice,
    rc302_locked_twice,
    rc303_pip_shadows_conda,
    rc401_driver_too_old,
    rc412_two_torches,
    rc414_cuda_selectors_contradict,
    rc420_cpu_build_resolved,
)
