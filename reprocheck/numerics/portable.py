"""Find the settings under which this machine gives the same bits as others, by playing the others here.

A setting to choose pins some switches; what it leaves open is varied over the machines that are played. Equal means
that every one of them gives the same bits. The cost is the time of the probes under the setting against the defaults,
run alone and in turns, the median of the rounds. All of it is one processor on other code paths: a setting that fails
here fails; one that holds here may still fail elsewhere.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from reprocheck.errors import UndecidedError
from reprocheck.facts.switches import all_switches
from reprocheck.model.portable_settings import PortableChoice, PortableFamily, PortableSetting
from reprocheck.numerics.stages import Role, Settings
from reprocheck.numerics.switch_settings import Setting, applied_of, environment_of
from reprocheck.numerics.switched_probes import Key, Switched

ROUNDS = 3
AT_ONCE = 2
NEAR = 1.25  # what costs this much more than the cheapest in the first round is not timed again
HERE = Role("this machine")
ONE_THREAD = Setting("threads", 1)
# What plays a machine whose C library takes other code paths (glibc manual, Hardware Capability Tunables).
OTHER_LIBC = {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX512F,-AVX2,-FMA"}


class Player(Protocol):
    """What plays machines: see `numerics/stages.py`."""

    threads: int

    def play(self, scenes: Sequence[tuple[Role, Settings]], *, at_once: int) -> Iterable[Switched]:
        """Yield what each role gives under its settings; ends early where time is up."""
        ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """A setting, the runs of the machines under it, and this machine's rounds: by default and under the setting.

    It is whole where all machines that it leaves any different were played.
    """

    settings: Settings
    runs: tuple[Switched, ...]
    rounds: tuple[tuple[Switched, Switched], ...]
    is_whole: bool


def roles(threads: int) -> tuple[Role, ...]:
    """Return the machines to play beside this one, which takes `threads`; they have AVX2, older ones are left out."""
    kernels = (
        Setting("aten-cpu-capability", "avx2"),
        Setting("onednn-max-cpu-isa", "AVX2"),
        Setting("mkl-enable-instructions", "AVX2"),
    )
    return (
        *(Role(_threads(count), (Setting("threads", count),)) for count in sorted({1, 2, 4} - {threads})),
        Role("no AVX512", kernels),
        Role("no AVX512_BF16", (Setting("onednn-max-cpu-isa", "AVX512_CORE"),)),
        Role("another vendor", (Setting("mkl-cbwr", "COMPATIBLE"),)),
        Role("another C library", (), OTHER_LIBC),
    )


def choices(threads: int) -> tuple[Settings, ...]:
    """Return the settings to choose from: threads, kernels and the branch of MKL pinned in several ways."""
    rest = (Setting("mkl-cbwr", "COMPATIBLE"), Setting("deterministic-algorithms", True))
    vectors, plain = (Setting("aten-cpu-capability", value) for value in ("avx2", "default"))
    kernels, none = Setting("onednn-max-cpu-isa", "AVX2"), Setting("mkldnn-enabled", False)
    found: tuple[Settings, ...] = (
        (Setting("threads", threads), vectors, kernels, *rest),
        (ONE_THREAD, vectors, kernels, *rest),
        (Setting("threads", threads), vectors, none, *rest),
        (Setting("threads", threads), plain, kernels, *rest),
    )
    return tuple(dict.fromkeys(found))


def portable_setting(player: Player) -> PortableSetting:
    """Return the setting that makes the most probes equal, the cheapest of those.

    Raises:
        UndecidedError: time was up before the defaults and one setting were measured, or torch does not run.
    """
    tried = choices(player.threads)
    first = list(player.play([(HERE, settings) for settings in ((), *tried)], at_once=1))
    if len(first) < 2 or not first[0].probes:
        raise _nothing(first)
    base, under = first[0], dict(zip(tried, first[1:], strict=False))
    others = roles(player.threads)
    defaults = list(player.play([(role, ()) for role in others], at_once=AT_ONCE))
    candidates = [_candidate(player, settings, others, base, run) for settings, run in under.items()]
    best = _timed(player, _equalest(candidates))
    by_name = {role.name: run for role, run in zip(others, defaults, strict=False)}
    return _told(base, by_name, best, candidates)


def _nothing(runs: Sequence[Switched]) -> UndecidedError:
    fault = runs[0].fault if runs else ""
    return UndecidedError(
        "no setting could be measured",
        where="--portable",
        why=fault or "the time was up",
        how="see what `reprocheck fingerprint --probes` says, or allow more by `--timeout`",
    )


def _candidate(player: Player, settings: Settings, others: Sequence[Role], base: Switched, run: Switched) -> Candidate:
    """Play the machines that a setting leaves any different from this one."""
    here = set(HERE.under(settings))
    open_roles = [role for role in others if set(role.under(settings)) != here or role.environment]
    played = list(player.play([(role, settings) for role in open_roles], at_once=AT_ONCE))
    return Candidate(settings, (run, *played), ((base, run),), len(played) == len(open_roles))


def _equalest(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return the candidates that make the most probes equal and are near to the cheapest of those."""
    whole = [candidate for candidate in candidates if candidate.is_whole] or candidates[:1]
    most = max(len(_equal(candidate)) for candidate in whole)
    equal = [candidate for candidate in whole if len(_equal(candidate)) == most]
    # Operations so small are often faster with one thread, and no training is: only where that alone makes more equal.
    equal = [candidate for candidate in equal if ONE_THREAD not in candidate.settings] or equal
    cheapest = min(map(_cost, equal))
    return [candidate for candidate in equal if _cost(candidate) <= cheapest * NEAR]


def _timed(player: Player, near: Sequence[Candidate]) -> Candidate:
    """Run more rounds of the defaults and the nearest, in turns, and return the cheapest."""
    rounds = {candidate.settings: list(candidate.rounds) for candidate in near}
    for _ in range(ROUNDS - 1):
        runs = list(player.play([(HERE, settings) for settings in ((), *rounds)], at_once=1))
        for settings, run in zip(rounds, runs[1:], strict=False):
            rounds[settings].append((runs[0], run))
    timed = [replace(one, rounds=tuple(rounds[one.settings])) for one in near]
    return min(timed, key=_cost)


def _equal(candidate: Candidate) -> list[Key]:
    """Return the probes that have the same bits on all machines under a setting."""
    first = candidate.runs[0]
    return [
        key
        for key in first.probes
        if first.digest(key) and all(run.digest(key) == first.digest(key) for run in candidate.runs)
    ]


def _cost(candidate: Candidate) -> float:
    families = dict.fromkeys(probe.family for probe in candidate.runs[0].probes.values())
    return statistics.median(_family_cost(candidate, family) for family in families)


def _family_cost(candidate: Candidate, family: str) -> float:
    """Return the time of a family under a setting, the default's being 1.0; the median of the rounds."""
    return statistics.median(_ratio(*sides, family) for sides in candidate.rounds)


def _ratio(default: Switched, under: Switched, family: str) -> float:
    both = [key for key in default.times_ns if key in under.times_ns and default.probes[key].family == family]
    total = sum(default.times_ns[key] for key in both)
    return sum(under.times_ns[key] for key in both) / total if total else 1.0


def _told(
    base: Switched, defaults: Mapping[str, Switched], best: Candidate, candidates: Sequence[Candidate]
) -> PortableSetting:
    measured = [probe for probe in base.probes.values() if probe.digest]
    equal = set(_equal(best))
    families = dict.fromkeys(probe.family for probe in measured)
    return PortableSetting(
        settings=tuple(map(str, best.settings)),
        environment=environment_of(best.settings),
        code=tuple(_code(setting) for setting in best.settings if setting.switch in applied_of(best.settings)),
        families=tuple(
            PortableFamily(
                family=family,
                probes=sum(probe.family == family for probe in measured),
                depends_on=_dependence(family, best, defaults),
                unequal=tuple(probe.name for probe in measured if probe.family == family and probe.key not in equal),
                cost=_family_cost(best, family),
            )
            for family in families
        ),
        cost=_cost(best),
        choices=tuple(
            PortableChoice(settings=tuple(map(str, one.settings)), equal=len(_equal(one)), cost=_cost(one))
            for one in candidates
            if one.is_whole or one.settings == best.settings
        ),
        machines=tuple(defaults),
        rounds=len(best.rounds),
        notes=_notes(base, defaults, best),
    )


def _dependence(family: str, best: Candidate, defaults: Mapping[str, Switched]) -> tuple[str, ...]:
    """Return the machines that give other bits by default, `run to run` where this one does not repeat its own."""
    again = [default for default, _ in best.rounds]
    base = again[0]
    keys = [key for key, probe in base.probes.items() if probe.family == family and probe.status == ""]
    steady = [key for key in keys if base.digest(key) and all(run.digest(key) == base.digest(key) for run in again)]
    shaky = ("run to run",) if len(steady) < len(keys) else ()
    others = (name for name, run in defaults.items() if any(run.digest(key) != base.digest(key) for key in steady))
    return (*shaky, *others)


def _notes(base: Switched, defaults: Mapping[str, Switched], best: Candidate) -> tuple[str, ...]:
    faults = [f"{name}: {run.fault}" for name, run in {HERE.name: base, **defaults}.items() if run.fault]
    return (*faults, *(() if best.is_whole else ("the time was up before all machines were played",)))


def _code(setting: Setting) -> str:
    template = all_switches()[setting.switch].code or ""
    return template.replace("{value}", str(setting.value))


def _threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"
