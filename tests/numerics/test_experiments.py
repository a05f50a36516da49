"""Experiments in a simulated laboratory: bits depend on all switches that change a probe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from reprocheck.model.numeric_experiments import Experiment
from reprocheck.model.numeric_fingerprints import Probe, probe_entry
from reprocheck.numerics.experiments import experiment
from reprocheck.numerics.switch_settings import Setting
from reprocheck.numerics.switched_probes import Key, Switched
from reprocheck.numerics.trials import MOST_COMBINATIONS

NAMES = tuple(f"{family}/{index}/fp32" for family in ("matmul", "conv", "norm", "sum") for index in range(3))
MATMUL, CONV, NORM, SUM = NAMES[:3], NAMES[3:6], NAMES[6:9], NAMES[9:]
# What a switch changes; settings with the same mark have the same effect.
EFFECTS: Mapping[Setting, tuple[str, tuple[str, ...]]] = {
    Setting("threads", 1): ("one", (*MATMUL, *SUM)),
    Setting("threads", 4): ("four", (*MATMUL, *SUM[:2])),
    Setting("threads", 6): ("six", (*MATMUL, *SUM[:2])),
    Setting("aten-cpu-capability", "avx2"): ("avx2", NORM),
    Setting("aten-cpu-capability", "default"): ("sse", (*NORM, *SUM)),
    Setting("mkl-cbwr", "COMPATIBLE"): ("compatible", MATMUL),
    Setting("mkl-enable-instructions", "SSE4_2"): ("compatible", MATMUL),
    Setting("onednn-max-cpu-isa", "AVX2"): ("avx2", CONV),
    Setting("onednn-max-cpu-isa", "SSE41"): ("sse", CONV),
    Setting("mkldnn-enabled", False): ("off", (*CONV, NORM[0])),
    Setting("flush-denormal", True): ("flush", (NORM[0],)),
}


class SimulatedLaboratory:
    """Gives the bits that a simulated machine has under settings; ends after `trials` of them."""

    def __init__(self, trials: int = 1000, hangs: Sequence[Setting] = ()) -> None:
        self.left = trials
        self.hangs = hangs
        self.made: list[tuple[Setting, ...]] = []

    @property
    def is_late(self) -> bool:
        return self.left <= 0

    def run(self, trials: Sequence[tuple[Setting, ...]], keys: Sequence[Key], repeats: int = 1) -> Iterator[Switched]:
        for settings in trials:
            if self.is_late:
                return
            self.left -= 1
            self.made.append(settings)
            if set(settings) & set(self.hangs):
                yield Switched(settings=settings, probes={}, times_ns={}, fault="it hung at the family matmul")
                continue
            found = {(probe.name, "cpu"): probe for probe in probes_under(settings) if (probe.name, "cpu") in keys}
            yield Switched(settings=settings, probes=found, times_ns={})


def probes_under(settings: Sequence[Setting]) -> tuple[Probe, ...]:
    found = []
    for name in NAMES:
        marks = sorted(
            {
                f"{setting.switch[:4]}{EFFECTS[setting][0]}" if EFFECTS[setting][0] != "compatible" else "compatible"
                for setting in settings
                if setting in EFFECTS and name in EFFECTS[setting][1]
            }
        )
        family, operation, dtype = name.split("/")
        found.append(
            Probe(
                name=name,
                family=family,
                operation=operation,
                dtype=dtype,
                device="cpu",
                digest=f"{name} {marks}",
                repeats=2,
            )
        )
    return tuple(found)


def fingerprint(*settings: Setting, recorded: Mapping[str, Any] | None = None, host: Any = None) -> dict[str, Any]:
    switches = {name: {"value": value, "origin": "environment"} for name, value in (recorded or {}).items()}
    return {
        "probes": [probe_entry(probe) for probe in probes_under(settings)],
        "runtime": {"switches": switches},
        "host": {"cpu": host or {"isa": ["avx2", "avx512f"], "usableCores": 2}},
    }


def explained(*truth: Setting, laboratory: SimulatedLaboratory | None = None, **known: Any) -> Experiment:
    return experiment(
        fingerprint(*truth, **known), fingerprint(recorded={"threads": 2}), laboratory or SimulatedLaboratory()
    )


def causes(found: Experiment) -> list[str]:
    return [trial.cause for trial in found.causes]


@pytest.mark.parametrize("truth", [setting for setting in EFFECTS if setting != Setting("threads", 6)], ids=str)
def test_every_single_switch_is_found_blindly(truth: Setting) -> None:
    found = explained(truth)
    assert str(truth) in causes(found)
    assert found.is_whole
    assert found.home == "new"


def test_settings_with_the_same_bits_are_all_named_the_recorded_one_first() -> None:
    truth = Setting("mkl-enable-instructions", "SSE4_2")
    here = fingerprint(recorded={"mkl-enable-instructions": "unset"})
    there = fingerprint(truth, recorded={"mkl-enable-instructions": "SSE4_2"})
    found = experiment(there, here, SimulatedLaboratory())
    assert found.verdict == (
        "cause: mkl-enable-instructions=SSE4_2 makes all 3 differing probes equal; the same bits: mkl-cbwr=COMPATIBLE"
    )
    assert [trial.origin for trial in found.causes] == ["recorded", "standard"]


def test_a_value_that_no_list_holds_is_found_where_it_was_recorded() -> None:
    found = explained(Setting("threads", 6), recorded={"threads": 6})
    assert found.verdict == "cause: threads=6 makes all 5 differing probes equal"


def test_a_number_of_threads_is_found_by_the_cores_of_the_other_processor() -> None:
    found = explained(Setting("threads", 6), host={"isa": ["avx2", "avx512f"], "usableCores": 6})
    assert causes(found) == ["threads=6"]
    assert [trial.origin for trial in found.causes] == ["hardware"]


def test_the_side_that_is_here_may_be_the_old_one() -> None:
    truth = Setting("aten-cpu-capability", "avx2")
    found = experiment(fingerprint(), fingerprint(truth), SimulatedLaboratory())
    assert (found.home, causes(found)) == ("old", ["aten-cpu-capability=avx2"])


PAIRS = [
    (Setting("threads", 4), Setting("aten-cpu-capability", "avx2")),
    (Setting("threads", 1), Setting("aten-cpu-capability", "default")),
    (Setting("threads", 4), Setting("mkl-cbwr", "COMPATIBLE")),
    (Setting("mkl-cbwr", "COMPATIBLE"), Setting("onednn-max-cpu-isa", "AVX2")),
    (Setting("aten-cpu-capability", "default"), Setting("mkldnn-enabled", False)),
]


@pytest.mark.parametrize("truth", PAIRS, ids=lambda pair: " ".join(map(str, pair)))
def test_two_switches_are_found_blindly(truth: tuple[Setting, Setting]) -> None:
    found = explained(*truth)
    assert {*map(str, truth)} in [set(trial.settings) for trial in found.causes]
    assert found.is_whole


def test_three_switches_are_found_blindly() -> None:
    truth = (Setting("threads", 4), Setting("aten-cpu-capability", "avx2"), Setting("onednn-max-cpu-isa", "AVX2"))
    assert {*map(str, truth)} in [set(trial.settings) for trial in explained(*truth).causes]


def test_what_was_recorded_together_is_reduced_to_what_is_needed() -> None:
    truth = (
        *(Setting("threads", 6), Setting("aten-cpu-capability", "avx2")),
        *(Setting("onednn-max-cpu-isa", "AVX2"), Setting("nnpack-enabled", False)),
    )
    ours = {"threads": 2, "aten-cpu-capability": "avx512", "onednn-max-cpu-isa": "unset", "nnpack-enabled": True}
    theirs = {"threads": 6, "aten-cpu-capability": "avx2", "onednn-max-cpu-isa": "AVX2", "nnpack-enabled": False}
    laboratory = SimulatedLaboratory()
    found = experiment(fingerprint(*truth, recorded=theirs), fingerprint(recorded=ours), laboratory)
    assert {*found.causes[0].settings} == {"threads=6", "aten-cpu-capability=avx2", "onednn-max-cpu-isa=AVX2"}
    assert found.is_whole


def test_a_part_that_nothing_explains_is_left() -> None:
    there = fingerprint(Setting("mkl-cbwr", "COMPATIBLE"))
    there["probes"] = [
        {**probe, "digest": "0" * 64} if probe["probe"] == SUM[0] else probe for probe in there["probes"]
    ]
    found = experiment(there, fingerprint(), SimulatedLaboratory())
    assert found.left == (SUM[0],)
    assert not found.is_whole
    assert found.verdict == (
        "cause: mkl-cbwr=COMPATIBLE makes 3 of 4 differing probes equal; the same bits: mkl-enable-instructions=SSE4_2"
    )


def test_a_setting_that_changes_what_both_sides_have_alike_is_not_preferred() -> None:
    """mkldnn off changes the one probe that flushing changes, and three more."""
    there = fingerprint(Setting("flush-denormal", True))
    found = experiment(there, fingerprint(), SimulatedLaboratory())
    assert causes(found) == ["flush-denormal=on"]


def test_a_setting_that_changes_more_than_it_explains_says_so() -> None:
    there = fingerprint(Setting("threads", 1))
    ours = fingerprint()
    there["probes"] = [*ours["probes"][:9], *there["probes"][9:]]  # matmul as here, sums as with one thread
    found = experiment(there, ours, SimulatedLaboratory())
    assert found.verdict == (
        "cause: threads=1 makes all 3 differing probes equal, but changes 3 that both sides have alike"
    )
    assert not found.is_whole


def test_where_nothing_helps_no_cause_is_named() -> None:
    there = fingerprint()
    there["probes"] = [{**probe, "digest": "0" * 64} for probe in there["probes"]]
    found = experiment(there, fingerprint(), SimulatedLaboratory())
    assert found.verdict == "cause not found: no switch tried here makes any of the 12 differing probes equal"
    assert found.causes == ()
    assert len(found.left) == 12


def test_a_machine_that_is_neither_side_makes_no_experiment() -> None:
    sides = fingerprint(Setting("threads", 1)), fingerprint(Setting("threads", 4))
    found = experiment(*sides, SimulatedLaboratory())
    assert found.verdict == "no experiment: this machine gives neither side's bits"
    assert found.trials == ()
    assert found.notes == (
        "run here without changes, most differing probes have neither side's bits: make the experiment on one of the "
        "two machines, with the Python and the environment variables of its fingerprint",
    )


def test_probes_that_come_out_otherwise_here_are_left_out_and_told() -> None:
    there, here = fingerprint(Setting("mkl-cbwr", "COMPATIBLE")), fingerprint()
    here["probes"] = [
        {**probe, "digest": "1" * 64} if probe["probe"] == MATMUL[0] else probe for probe in here["probes"]
    ]
    both = {"digest": "2" * 64}
    for side in (there, here):
        side["probes"] = [{**probe, **both} if probe["probe"] == SUM[0] else probe for probe in side["probes"]]
    found = experiment(there, here, SimulatedLaboratory())
    assert found.differing == MATMUL[1:]
    assert found.notes == (
        "of 3 differing probes, 1 came out otherwise here, or not each time: left out",
        "of 9 equal probes, 1 came out otherwise here, or not each time: left out",
    )


def test_probes_that_do_not_repeat_themselves_are_left_out() -> None:
    there, here = fingerprint(Setting("mkl-cbwr", "COMPATIBLE")), fingerprint()
    there["probes"] = [{**probe, "differing": 1} if probe["probe"] == MATMUL[0] else probe for probe in there["probes"]]
    assert experiment(there, here, SimulatedLaboratory()).differing == MATMUL[1:]


def test_probes_that_two_processes_here_give_otherwise_are_left_out() -> None:
    class Shaky(SimulatedLaboratory):
        def run(
            self, trials: Sequence[tuple[Setting, ...]], keys: Sequence[Key], repeats: int = 1
        ) -> Iterator[Switched]:
            for number, switched in enumerate(super().run(trials, keys, repeats)):
                key = (MATMUL[0], "cpu")
                shaken = replace(switched.probes[key], digest=f"{number}") if key in switched.probes else None
                yield replace(switched, probes={**switched.probes, **({key: shaken} if shaken else {})})

    found = explained(Setting("mkl-cbwr", "COMPATIBLE"), laboratory=Shaky())
    assert found.differing == MATMUL[1:]
    assert found.is_whole


def test_equal_sides_need_no_experiment() -> None:
    laboratory = SimulatedLaboratory()
    found = experiment(fingerprint(), fingerprint(), laboratory)
    assert found.verdict == "no experiment: there is no differing probe to explain"
    assert laboratory.made == []


def test_a_process_that_hangs_costs_its_own_trial_only() -> None:
    hanging = Setting("mkl-cbwr", "COMPATIBLE")
    found = explained(Setting("mkl-enable-instructions", "SSE4_2"), laboratory=SimulatedLaboratory(hangs=[hanging]))
    assert causes(found) == ["mkl-enable-instructions=SSE4_2"]
    assert (
        next(trial for trial in found.trials if trial.settings == (str(hanging),)).fault
        == "it hung at the family matmul"
    )


def test_a_control_that_fails_says_why() -> None:
    class Broken(SimulatedLaboratory):
        def run(
            self, trials: Sequence[tuple[Setting, ...]], keys: Sequence[Key], repeats: int = 1
        ) -> Iterator[Switched]:
            yield Switched(settings=(), probes={}, times_ns={}, fault="the worker ended with signal 11")

    found = explained(Setting("threads", 1), laboratory=Broken())
    assert found.notes[0].startswith(
        "run here without changes, most differing probes have neither side's bits (the worker ended with signal 11): "
    )


@pytest.mark.parametrize("trials", [0, 1, 5, 13, 30, 32])
def test_when_time_is_up_what_was_found_is_told(trials: int) -> None:
    laboratory = SimulatedLaboratory(trials)
    found = explained(Setting("threads", 4), Setting("aten-cpu-capability", "avx2"), laboratory=laboratory)
    if found.home is None:
        assert found.notes[0].startswith(
            "run here without changes, most differing probes have neither side's bits (it did"
        )
    else:
        assert found.notes == ("the time was up before everything was tried",)
    assert len(found.trials) <= trials


def test_a_hopeless_search_ends() -> None:
    there = fingerprint(*EFFECTS)
    there["probes"] = [{**probe, "digest": f"{probe['digest']}!"} for probe in there["probes"]]
    laboratory = SimulatedLaboratory()
    experiment(there, fingerprint(), laboratory)
    assert len(laboratory.made) < 40 + 2 * MOST_COMBINATIONS
