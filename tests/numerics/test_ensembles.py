from __future__ import annotations

from dataclasses import replace

import pytest

from reprocheck.model.envelopes import Envelope, SeenFault, limit_of
from reprocheck.model.records import Run
from reprocheck.numerics.ensembles import FAULTS, enveloped, planted_faults, variations
from reprocheck.numerics.envelope_text import envelope_lines

SKETCHES = ((1.0, 0.0), (3.0, 4.0))


@pytest.fixture
def single(run: Run) -> Run:
    """Return a run of one rank, with sketches."""
    steps = tuple((replace(ranks[0], sketches=SKETCHES),) for ranks in run.steps)
    return replace(run, plan=replace(run.plan, world_size=1), initial=run.initial[:1], steps=steps)


def with_loss(run: Run, deviation: float, number: int = 0, **fields: object) -> Run:
    loss = (3.0 * (1 + deviation)).hex()
    steps = list(run.steps)
    steps[number] = (replace(steps[number][0], loss=loss, **fields),)  # type: ignore[arg-type]
    return replace(run, steps=tuple(steps))


def faults(run: Run) -> list[Run]:
    return [with_loss(run, 2.0**-10), *[run] * (len(FAULTS) - 1)]


def test_members_are_numbered_from_one_and_the_faults_follow(single: Run) -> None:
    assert variations(single.plan, 2) == [
        {"perturb": 1},
        {"perturb": 2},
        {"learning_rate": (2.0**-8 * 1.001).hex()},
        {"learning_rate": (2.0**-8 * 1.01).hex()},
        {"flip": 0},
        {"flip": 11},
        {"flip": 22},
    ]


def test_no_faults_are_planted_on_several_ranks(run: Run) -> None:
    assert planted_faults(run.plan) == ()
    assert len(variations(run.plan, 8)) == 8


def test_the_envelope_holds_members_held_out_and_faults(single: Run) -> None:
    members = [with_loss(single, 2.0**-20), with_loss(single, 2.0**-20), with_loss(single, 2.0**-18)]
    envelope = enveloped(single, [*members, *faults(single)], 3).envelope
    assert envelope is not None
    assert [limit_of(row[0]) for row in envelope.grades] == [2.0**-18, 2.0**-18]
    assert (envelope.members, envelope.held_out, envelope.false_alarms) == (3, ("0.25", "0.25", "4.00"), 0)
    assert envelope.faults[0] == SeenFault(name="learning rate +0.1 %", ratio="256", step=0)
    assert envelope.faults[1] == SeenFault(name="learning rate +1 %", ratio="0.00", step=None)
    assert envelope.borders == ()


def test_a_member_beyond_the_others_is_a_false_alarm(single: Run) -> None:
    members = [with_loss(single, 2.0**-20), with_loss(single, 2.0**-20), with_loss(single, 2.0**-15)]
    envelope = enveloped(single, [*members, *faults(single)], 3).envelope
    assert envelope is not None
    assert (envelope.held_out[2], envelope.false_alarms) == ("32.00", 1)


def test_an_overflow_that_a_member_moved_is_a_border_and_what_follows_widens_nothing(single: Run) -> None:
    other = with_loss(single, 0.5, 1, skipped=True)
    envelope = enveloped(single, [single, other, single, *faults(single)], 3).envelope
    assert envelope is not None
    assert (envelope.borders, envelope.held_out) == ((1,), ("0.00", "0.00", "0.00"))
    assert [limit_of(row[0]) for row in envelope.grades] == [2.0**-24, 2.0**-24]


def test_where_all_members_part_at_once_there_is_no_envelope(single: Run) -> None:
    other = with_loss(single, 0.5, 0, skipped=True)
    assert enveloped(single, [other, other, *faults(single)], 2).envelope is None


def test_where_a_member_could_not_be_run_there_is_no_envelope(single: Run) -> None:
    lacking = replace(single, steps=(), unsupported="no memory")
    assert enveloped(single, [single, lacking, *faults(single)], 2).envelope is None


def test_the_table_says_by_which_step_a_fault_is_seen_and_which_is_not(run: Run) -> None:
    faults = (
        SeenFault(name="learning rate +0.1 %", ratio="300", step=12),
        SeenFault(name="lowest mantissa bit of a weight flipped", ratio="1.00", step=None),
        SeenFault(name="another kind", ratio="9.00", step=0),
    )
    full = replace(run, envelope=Envelope(members=8, grades=(), held_out=("1.00",) * 7 + ("9.00",), faults=faults))
    part = replace(run, envelope=Envelope(members=2, grades=(), held_out=("1.00",) * 2, faults=faults[1:2]))
    assert envelope_lines([full, run, part]) == [
        "                    false alarms  lr +0.1%  bit 0  another kind",
        "transformer:fp32:2  1 of 8        step 12   -      step 0",
        "transformer:fp32:2  0 of 2                  -",
        "lr: another learning rate; bit N: that mantissa bit of one weight flipped; -: not seen",
    ]


def test_where_no_fault_was_planted_the_table_has_false_alarms_alone(run: Run) -> None:
    bare = replace(run, envelope=Envelope(members=2, grades=(), held_out=("1.00",) * 2))
    assert envelope_lines([bare]) == ["                    false alarms", "transformer:fp32:2  0 of 2"]
    assert envelope_lines([run]) == []


def test_each_planted_fault_has_a_short_name_in_the_table(run: Run) -> None:
    faults = tuple(SeenFault(name=name, ratio="1.00", step=None) for name, _, _ in FAULTS)
    told = envelope_lines([replace(run, envelope=Envelope(members=2, grades=(), held_out=("1.00",), faults=faults))])
    assert told[0].split("false alarms  ")[1] == "lr +0.1%  lr +1%  bit 0  bit 11  bit 22"
