"""From the record of a user's own training and a rerun of its command to one verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from reprocheck.model.records import Record, Run
from reprocheck.model.verdicts import Cause, Check, Divergence, Verdict
from reprocheck.numerics.cause_reach import (
    LARGEST_ROUNDING,
    causes_in_reach,
    differences_in_reach,
    reading_packages,
)
from reprocheck.numerics.causes import (
    Difference,
    causes_in_runs,
    causes_of_differences,
    fingerprint_differences,
    telling_differences,
)
from reprocheck.numerics.comparison import first_divergence, name_of
from reprocheck.numerics.drills import Drills
from reprocheck.numerics.judgement import Seen, judge
from reprocheck.numerics.measured_checks import causes_in_surroundings
from reprocheck.numerics.rerun import Shortage
from reprocheck.numerics.second_look import SecondLook, is_worth_a_look, look_again
from reprocheck.numerics.watched_case import Case, size_of
from reprocheck.numerics.watched_causes import unknown_cause, watched_causes

RerunUntil = Callable[[int], Run | None]


def judge_command(recorded: Record, seen: Seen, rerun_until: RerunUntil) -> Verdict:
    """Compare the run that was seen with the one that was recorded, and look for what parted them.

    `rerun_until` runs the command once more up to a step, told in full, and returns what was seen of it; it is called
    where the runs differ, and once at most.
    """
    verdict = judge(recorded, seen, Drills())
    (reference,) = recorded.runs
    check = next((one for one in verdict.checks if one.name == name_of(reference) and one.status == "fail"), None)
    if check is None or isinstance(seen.runs, Shortage):
        return verdict
    (run,) = seen.runs
    found = first_divergence(reference, run) or check.first_divergence
    if found is None:
        return verdict
    again = rerun_until(found.step) if is_worth_a_look(found) else None
    look = look_again(reference, run, again, found)
    return _told(verdict, check, look, _causes_of(reference, seen, recorded, look))


def _told(verdict: Verdict, check: Check, look: SecondLook, causes: tuple[Cause, ...]) -> Verdict:
    """Return the verdict with what the second look and the search for causes found."""
    others = [one for one in verdict.checks if one is not check]
    broken = causes_in_surroundings(others)
    excused = look.excused and not any(one.status == "fail" for one in others)
    seconds = (look.check,) if is_worth_a_look(look.found) else ()
    checks = (*(_with_divergence(one, look) if one is check else one for one in verdict.checks), *seconds)
    outcome = "undecided" if excused else verdict.outcome
    return replace(verdict, outcome=outcome, checks=checks, causes=(*broken, *causes))


def _with_divergence(check: Check, look: SecondLook) -> Check:
    found = look.found
    if look.excused:
        detail = f"differs from step {found.step} on: {found.phase}; but the program does not repeat itself here"
        return replace(check, status="review", detail=detail, first_divergence=found)
    if check.ratio:  # the envelope has its own words for what is too far
        return replace(check, first_divergence=found)
    return replace(check, detail=f"differs from step {found.step} on: {found.phase}", first_divergence=found)


def _causes_of(reference: Run, seen: Seen, recorded: Record, look: SecondLook) -> tuple[Cause, ...]:
    if look.cause:
        return (look.cause,)
    differences = fingerprint_differences(recorded.fingerprint, seen.fingerprint)
    return _causes(
        Case(recorded=reference, observed=look.observed, found=look.found, is_steady=look.is_steady), differences
    )


def _causes(case: Case, differences: tuple[Difference, ...]) -> tuple[Cause, ...]:
    """Rank what the run shows before what differs around it; both only where they can touch the phase."""
    shown, ruled_out = watched_causes(case)
    phases = {case.found.phase}
    in_run = causes_in_reach(causes_in_runs([case.recorded], [case.observed]), phases, is_own=True)
    around, excluded = _around(case.found, differences)
    found = (*shown, *in_run, *around)
    return found or (unknown_cause(case.found, (*ruled_out, *excluded)),)


def _around(found: Divergence, differences: tuple[Difference, ...]) -> tuple[tuple[Cause, ...], tuple[str, ...]]:
    """Return the causes that lie around the run, and in words those that cannot be one."""
    telling = telling_differences(differences)
    reaching = differences_in_reach(telling, {found.phase}, is_own=True)
    readers = _readers(differences) if found.phase == "data" else ()
    idle = tuple(cause.what for cause in causes_of_differences([one for one in telling if one not in reaching]))
    excluded = tuple(f"{what}, which cannot touch this phase" for what in idle)
    size = size_of(found)
    if size is not None and size > LARGEST_ROUNDING and found.phase == "forward":
        causes = causes_of_differences(reaching)
        return (), (*excluded, *(f"{cause.what}: the difference is too large for rounding" for cause in causes))
    if not telling:
        excluded = (*excluded, "no difference of torch, libraries, processor or GPU was found")
    return (*readers, *causes_of_differences(reaching)), excluded


def _readers(differences: tuple[Difference, ...]) -> tuple[Cause, ...]:
    packages = reading_packages(differences)
    if not packages:
        return ()
    return (
        Cause(
            what="another version of a package that reads or prepares data",
            evidence=tuple(map(str, packages)),
            fix="install the locked environment and verify again",
        ),
    )
