"""All rules in the order of their codes. A new rule is a new file and a new line here; a test compares the two."""

from __future__ import annotations

from typing import Final

from reprocheck.rules import (
    rc101_bracketed_comment,
    rc102_ambiguous_spec,
    rc106_unlockable_pip_line,
    rc107_duplicate_spec,
    rc201_lock_missing,
    rc202_lock_stale,
    rc203_unreachable_package,
    rc204_platforms_or_channels_differ,
    rc205_broken_lock,
    rc206_secret_or_local_url,
    rc207_no_cuda_decision,
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
    rc106_unlockable_pip_line,
    rc107_duplicate_spec,
    rc201_lock_missing,
    rc202_lock_stale,
    rc203_unreachable_package,
    rc204_platforms_or_channels_differ,
    rc205_broken_lock,
    rc206_secret_or_local_url,
    rc207_no_cuda_decision,
    rc301_declared_twice,
    rc302_locked_twice,
    rc303_pip_shadows_conda,
    rc401_driver_too_old,
    rc412_two_torches,
    rc414_cuda_selectors_contradict,
    rc420_cpu_build_resolved,
)
