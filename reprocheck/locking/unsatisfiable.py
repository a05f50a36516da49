"""From a solver's "no" to an error that a person can act on."""

from __future__ import annotations

from collections.abc import Sequence

from reprocheck.errors import InputError, ReprocheckError, UnsatisfiableError
from reprocheck.locking.solve_jobs import Absent, Answer, Unsolved
from reprocheck.model.environments import CondaSpec
from reprocheck.model.redaction import public_line


def unsatisfiable_errors(answers: Sequence[Answer], channels: Sequence[str]) -> list[ReprocheckError]:
    """Return one error for each platform without a solution, or for each package that is nowhere."""
    errors: list[ReprocheckError] = []
    for answer in answers:
        if isinstance(answer, Unsolved):
            errors.append(_conflict(answer, len(channels)))
    errors.extend(_absences(answers, channels))
    return errors


def _conflict(answer: Unsolved, channel_count: int) -> UnsatisfiableError:
    specs = answer.conflict
    return UnsatisfiableError(
        f"no solution for {answer.job.platform}",
        where=", ".join(str(spec.location) for spec in specs),
        why=_why(specs),
        how=_how(answer, channel_count),
        detail=f"{answer.job.platform}: {answer.tree}",
    )


def _why(specs: Sequence[CondaSpec]) -> str:
    shown = ", ".join(f"`{public_line(spec.text)}`" for spec in specs)
    if not specs:
        return "the assumed machine itself cannot be met"
    return f"no build meets {shown}" if len(specs) == 1 else f"no builds meet {shown} together"


def _how(answer: Unsolved, channel_count: int) -> str:
    decided = any(package.name == "__cuda" for package in answer.job.virtual_packages)
    if "__cuda" in answer.tree and not decided:
        return "name the driver's CUDA version, for example `--cuda 12.4`"
    if len(answer.conflict) == 1 and channel_count > 1:
        return "loosen it, or name its channel, as in `channel::name`: the first channel with the name hides the others"
    if len(answer.conflict) == 1:
        return "loosen it, or add a channel that has it"
    return "loosen one of them"


def _absences(answers: Sequence[Answer], channels: Sequence[str]) -> list[ReprocheckError]:
    """Return one error for each spec whose package is missing, naming all platforms where it is."""
    solved_on = [answer.job.platform for answer in answers if not isinstance(answer, Absent)]
    platforms: dict[CondaSpec, list[str]] = {}
    nearest: dict[CondaSpec, tuple[str, ...]] = {}
    for answer in answers:
        if isinstance(answer, Absent):
            for spec, near in answer.specs:
                platforms.setdefault(spec, []).append(answer.job.platform)
                nearest.setdefault(spec, near)
    return [_absence(spec, where, nearest[spec], channels, solved_on) for spec, where in platforms.items()]


def _absence(
    spec: CondaSpec, platforms: Sequence[str], near: Sequence[str], channels: Sequence[str], elsewhere: Sequence[str]
) -> InputError:
    searched = [spec.channel] if spec.channel else channels
    how = "correct the name, or add the channel that has it"
    if near:
        how = f"did you mean {' or '.join(f'`{name}`' for name in near)}?"
    elif elsewhere:
        how = f"leave out the platform, or add `# [{_selector(elsewhere)}]` to keep it for {elsewhere[0]} only"
    return InputError(
        f"package `{spec.name}` does not exist for {', '.join(platforms)}",
        where=str(spec.location),
        why=f"searched the channels {', '.join(f'`{channel}`' for channel in searched)}",
        how=how,
    )


def _selector(platforms: Sequence[str]) -> str:
    return platforms[0].split("-", maxsplit=1)[0]
