"""From a solver's "no" to an error that a person can act on."""

from __future__ import annotations

from collections.abc import Sequence

from reprocheck.errors import InputError, ReprocheckError, UnsatisfiableError
from reprocheck.locking.solving.solve_jobs import Absent, Answer, Solved, Unsolved
from reprocheck.model.environments import CondaSpec
from reprocheck.model.platform_selectors import KNOWN_SELECTORS
from reprocheck.model.redaction import public_line, public_url

_TOO_NEW = "uploaded after the cutoff date"  # rattler's words for what `exclude_newer` leaves out


def unsatisfiable_errors(answers: Sequence[Answer], channels: Sequence[str]) -> list[ReprocheckError]:
    """Return one error for each clash, naming all platforms that have it, and for each package that is nowhere."""
    solved_on = [answer.job.platform for answer in answers if isinstance(answer, Solved)]
    clashes: dict[tuple[tuple[CondaSpec, ...], str], list[Unsolved]] = {}
    for answer in answers:
        if isinstance(answer, Unsolved):
            clashes.setdefault((answer.conflict, _how(answer, len(channels))), []).append(answer)
    errors: list[ReprocheckError] = [_clash(specs, how, found, solved_on) for (specs, how), found in clashes.items()]
    errors.extend(_absences(answers, channels))
    return errors


def _clash(
    specs: Sequence[CondaSpec], how: str, found: Sequence[Unsolved], solved_on: Sequence[str]
) -> UnsatisfiableError:
    platforms = tuple(dict.fromkeys(answer.job.platform for answer in found))
    elsewhere = [platform for platform in dict.fromkeys(solved_on) if platform not in platforms]
    others = f"; {', '.join(elsewhere)} can be solved" if elsewhere else ""
    return UnsatisfiableError(
        f"no solution for {', '.join(platforms)}",
        where=", ".join(str(spec.location) for spec in specs),
        why=_why(specs) + others,
        how=how,
        detail="\n".join(dict.fromkeys(f"{answer.job.platform}: {answer.tree}" for answer in found)),
    )


def _why(specs: Sequence[CondaSpec]) -> str:
    shown = ", ".join(f"`{public_line(spec.text)}`" for spec in specs)
    if not specs:
        return "the assumed machine itself cannot be met"
    return f"no build meets {shown}" if len(specs) == 1 else f"no builds meet {shown} together"


def _how(answer: Unsolved, channel_count: int) -> str:
    if _TOO_NEW in answer.tree:
        return "name a later time with `--exclude-newer`, or loosen it"
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
    everywhere = tuple(dict.fromkeys(answer.job.platform for answer in answers))
    platforms: dict[CondaSpec, list[str]] = {}
    nearest: dict[CondaSpec, tuple[str, ...]] = {}
    for answer in answers:
        for spec, near in answer.specs if isinstance(answer, Absent) else ():
            platforms.setdefault(spec, []).append(answer.job.platform)
            nearest.setdefault(spec, near)
    errors: list[ReprocheckError] = []
    for spec, where in platforms.items():
        how = _how_absent(nearest[spec], where, everywhere)
        errors.append(_absence(spec, tuple(dict.fromkeys(where)), channels, how))
    return errors


def _absence(spec: CondaSpec, platforms: Sequence[str], channels: Sequence[str], how: str) -> InputError:
    searched = [spec.channel] if spec.channel else channels
    return InputError(
        f"package `{spec.name}` does not exist for {', '.join(platforms)}",
        where=str(spec.location),
        why=f"searched the channels {', '.join(f'`{public_url(channel)}`' for channel in searched)}",
        how=how,
    )


def _how_absent(near: Sequence[str], absent: Sequence[str], everywhere: Sequence[str]) -> str:
    elsewhere = [platform for platform in everywhere if platform not in absent]
    if not elsewhere and near:
        return f"did you mean {' or '.join(f'`{name}`' for name in near)}?"
    if not elsewhere:
        return "correct the name, or add the channel that has it"
    # The first platform alone always has one: every platform has a selector of its own.
    selector, kept = next(
        (selector, kept)
        for kept in (elsewhere, elsewhere[:1])
        for selector, meant in KNOWN_SELECTORS.items()
        if meant.intersection(everywhere) == set(kept)
    )
    return f"leave out the platform, or add `# [{selector}]` to keep it for {', '.join(kept)} only"
