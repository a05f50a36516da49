"""The experiment behind a cause: what was tried is told, the most telling first."""

from __future__ import annotations

from reprocheck.model.numeric_experiments import Experiment, Trial
from reprocheck.reports.experiment_json import experiment_json
from reprocheck.reports.experiment_text import experiment_lines

NAMES = ("conv/2d/fp32", "conv/1d/fp32", "matmul/wide/fp32")
RECORDED = Trial(settings=("mkl-cbwr=COMPATIBLE",), origin="recorded", equal=NAMES[2:], moved=1)
PAIR = Trial(settings=("mkl-cbwr=COMPATIBLE", "threads=4"), origin="standard", equal=NAMES, moved=3, broken=())
IDLE = Trial(settings=("flush-denormal=on",), origin="standard", equal=(), moved=0)
CRASHED = Trial(
    settings=("onednn-max-cpu-isa=SSE41",),
    origin="standard",
    equal=(),
    moved=3,
    fault="the worker ended with signal 4",
)
FOUND = Experiment(home="new", differing=NAMES, trials=(RECORDED, IDLE, CRASHED, PAIR), causes=(PAIR,))


def test_what_was_tried_is_told_the_most_telling_first() -> None:
    assert list(experiment_lines(FOUND)) == [
        "experiment: 3 differing probes rerun here under 4 settings",
        "  mkl-cbwr=COMPATIBLE and threads=4  3 of 3 equal, 3 changed",
        "  mkl-cbwr=COMPATIBLE                1 of 3 equal, 1 changed, as recorded by the other side",
        "  onednn-max-cpu-isa=SSE41           0 of 3 equal, 3 changed; the worker ended with signal 4",
        "  (1 setting changes none of them)",
    ]


def test_many_trials_are_cut_short() -> None:
    trials = tuple(Trial(settings=(f"threads={count}",), origin="standard", equal=(), moved=1) for count in range(12))
    lines = list(experiment_lines(Experiment(home="old", differing=NAMES[:1], trials=(*trials, IDLE, IDLE))))
    assert lines[0] == "experiment: 1 differing probe rerun here under 14 settings"
    assert lines[9:] == [
        "  and 4 more that change some of them; `--output-format json` has them",
        "  (2 settings change none of them)",
        "  cause not found: no switch tried here makes the differing probe equal",
    ]


def test_where_every_setting_changes_something_none_is_called_idle() -> None:
    lines = list(experiment_lines(Experiment(home="new", differing=NAMES, trials=(RECORDED,), causes=(RECORDED,))))
    assert lines[1:] == ["  mkl-cbwr=COMPATIBLE  1 of 3 equal, 1 changed, as recorded by the other side"]


def test_no_experiment_says_so_and_nothing_asked_says_nothing() -> None:
    assert list(experiment_lines(None)) == []
    homeless = Experiment(home=None, differing=NAMES)
    assert list(experiment_lines(homeless)) == [
        "experiment: no experiment: this machine gives neither side's bits",
    ]


def test_programs_get_every_trial() -> None:
    assert experiment_json(None) is None
    assert experiment_json(FOUND) == {
        "home": "new",
        "verdict": "cause: mkl-cbwr=COMPATIBLE and threads=4 makes all 3 differing probes equal",
        "isWhole": True,
        "differing": list(NAMES),
        "left": [],
        "causes": [
            {
                "settings": ["mkl-cbwr=COMPATIBLE", "threads=4"],
                "origin": "standard",
                "equal": list(NAMES),
                "moved": 3,
                "broken": [],
                "fault": "",
            }
        ],
        "trials": experiment_json(FOUND)["trials"],  # type: ignore[index,call-overload]
        "notes": [],
    }


def test_a_cause_that_changes_too_much_says_so() -> None:
    greedy = Trial(settings=("threads=1",), origin="standard", equal=NAMES[:1], moved=1, broken=("sum/300k/fp32",))
    found = Experiment(home="new", differing=NAMES[:1], trials=(greedy,), causes=(greedy,))
    assert found.verdict == (
        "cause: threads=1 makes the differing probe equal, but changes 1 that both sides have alike"
    )
