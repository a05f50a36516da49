"""Real probes in new processes under switches: what is measured agrees with the table, and the cause is found."""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import cast

import pytest

from reprocheck.errors import InputError
from reprocheck.facts.switch_effects import effect_on
from reprocheck.numerics.hypotheses import Hypothesis
from reprocheck.numerics.laboratories import ProcessLaboratory
from reprocheck.numerics.switch_settings import Setting
from reprocheck.numerics.switched_probes import Bench, Key, Switched, Together, probe_under
from reprocheck.numerics.trial_outcomes import Case
from reprocheck.numerics.trials import Trials
from tests.operation_by_switch import TABLE, cell, disagreements, markdown, measure, read_groups, rows_of

PYTHON = Path(sys.executable)
NAMES = (
    "normalization/layer-forward/fp32",
    "softmax/softmax/fp32",
    "linear/with-bias/fp32",
    "unary/sqrt/fp32",
    "random/permutation/int64",
)
COLUMNS = ("aten-default", "cbwr-compatible")

pytestmark = pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="the switches are those of x86")


@pytest.fixture(scope="module")
def measured() -> tuple[Switched, Mapping[str, Switched]]:
    pytest.importorskip("torch")
    return measure(PYTHON, COLUMNS, NAMES)


def test_probes_run_under_every_setting(measured: tuple[Switched, Mapping[str, Switched]]) -> None:
    base, under = measured
    assert sorted(name for name, _ in base.probes) == sorted(NAMES)
    assert [run.fault for run in (base, *under.values())] == ["", "", ""]
    assert all(ns > 0 for ns in base.times_ns.values())


def test_what_the_table_is_sure_of_is_what_is_measured(measured: tuple[Switched, Mapping[str, Switched]]) -> None:
    base, under = measured
    settings = {"aten-default": ("aten-cpu-capability", "default"), "cbwr-compatible": ("mkl-cbwr", "COMPATIBLE")}
    for column, (switch, _) in settings.items():
        for key, probe in base.probes.items():
            known = effect_on(switch, probe.family, probe.operation, probe.dtype)
            if known and known.confidence == "high" and known.setting == settings[column][1]:
                assert (under[column].digest(key) != base.digest(key)) == known.changes, (column, key)
    assert under["aten-default"].digest((NAMES[4], "cpu")) == base.digest((NAMES[4], "cpu"))


def test_the_table_of_operations_and_switches_is_printed(measured: tuple[Switched, Mapping[str, Switched]]) -> None:
    base, under = measured
    groups = read_groups(TABLE.read_text(encoding="utf-8"))
    table = {
        (group.name, dtype): {column: cell(probes, base, under[column]) for column in COLUMNS}
        for group, dtype, probes in rows_of(groups, base)
    }
    lines = list(markdown(table, COLUMNS))
    assert lines[0] == "| operations | dtype | probes | aten-default | cbwr-compatible |"
    assert "| dropout, integers | int64 | 1 | = | = |" in lines
    assert all(column in COLUMNS for _, _, column, _ in disagreements(groups, table))


def test_the_cause_is_found_among_real_processes(measured: tuple[Switched, Mapping[str, Switched]]) -> None:
    base, under = measured
    target = under["aten-default"]
    keys = [*base.probes]
    differing = [key for key in keys if target.digest(key) != base.digest(key)]
    if not differing:
        pytest.skip("this processor's kernels are ATen's default ones")
    case = Case(
        differing=tuple(differing),
        alike=tuple(key for key in keys if key not in differing),
        target={key: target.digest(key) for key in keys},
        control={key: base.digest(key) for key in keys},
    )
    settings = [Setting("mkl-cbwr", "COMPATIBLE"), Setting("aten-cpu-capability", "default")]
    thoughts = [Hypothesis((Setting("threads", 1), setting), "standard") for setting in settings]
    told: list[str] = []
    trials = Trials(case, ProcessLaboratory(PYTHON, 120.0, told.append))
    causes = trials.causes([Hypothesis((setting,), "standard") for setting in settings] + thoughts)
    assert [confirmed.outcome.settings for confirmed in causes] == [(settings[1],)]
    assert causes[0].broken == ()
    assert told[0] == f"rerunning {len(differing)} probes: 1 of 2, mkl-cbwr=COMPATIBLE"


def test_a_process_that_takes_too_long_says_so() -> None:
    switched = probe_under(Bench(python=PYTHON, only=NAMES, deadline_s=0.01), ())
    assert (switched.probes, switched.fault) == ({}, "the worker did not end within 0.01 s")


def test_what_is_no_python_is_refused() -> None:
    with pytest.raises(InputError):
        probe_under(Bench(python=Path("no-such-python")), ())


def test_a_laboratory_ends_when_its_time_is_up() -> None:
    laboratory = ProcessLaboratory(PYTHON, 0.0, lambda message: None)
    keys: list[Key] = [(NAMES[0], "cpu")]
    assert list(laboratory.run([(), ()], keys)) == []
    assert laboratory.is_late


def test_results_come_in_order_and_never_more_at_once_than_allowed() -> None:
    running: list[int] = []
    most = 0

    def work(number: int) -> int:
        nonlocal most
        running.append(number)
        most = max(most, len(running))
        time.sleep(0.01 * (3 - number % 3))
        running.remove(number)
        return number * number

    assert list(Together(work, Event(), at_once=2).results(range(6))) == [0, 1, 4, 9, 16, 25]
    assert most <= 2


def test_whoever_goes_away_stops_what_still_runs() -> None:
    stop = Event()

    def work(number: int) -> int:
        if number:
            stop.wait(5.0)
        return number

    with closing(cast("Generator[int, None, None]", Together(work, stop).results(range(4)))) as results:
        assert next(results) == 0
    assert stop.is_set()
