"""The table of switches beside what the worker can read: the same names, the same variables."""

from __future__ import annotations

import pytest

from reprocheck.facts.switches import all_switches, environment_of_switch
from reprocheck.worker.switches.applied import SETTERS
from reprocheck.worker.switches.table import SWITCHES

KINDS = {"machine", "cuda", "distributed", "run"}


def test_the_table_and_the_worker_know_the_same_switches_in_the_same_order() -> None:
    assert list(all_switches()) == [switch.name for switch in SWITCHES]


@pytest.mark.parametrize("switch", SWITCHES, ids=[switch.name for switch in SWITCHES])
def test_a_variable_that_the_table_names_first_governs_the_switch_in_the_worker(switch: object) -> None:
    worker = next(one for one in SWITCHES if one is switch)
    told = all_switches()[worker.name].variable_names
    assert set(told[:1]) <= set(worker.variables)
    assert bool(told) == bool(worker.variables)


def test_every_row_is_of_a_known_kind_and_names_another_switch_where_it_is_part_of_one() -> None:
    facts = all_switches()
    assert {one.kind for one in facts.values()} == KINDS
    assert {one.part_of for one in facts.values()} - {None} <= facts.keys()


def test_what_can_be_set_in_process_says_by_which_code() -> None:
    facts = all_switches()
    assert [name for name in SETTERS if facts[name].code is None and name != "sdpa-priority"] == []


def test_a_switch_is_put_to_a_value_by_its_variables() -> None:
    assert environment_of_switch("threads", "4") == {
        "OMP_NUM_THREADS": "4",
        "MKL_NUM_THREADS": "4",
        "MKL_DYNAMIC": "FALSE",
    }
    assert environment_of_switch("aten-cpu-capability", "avx2") == {"ATEN_CPU_CAPABILITY": "avx2"}
    assert environment_of_switch("flush-denormal", "True") == {}


def test_what_knowledge_rests_on_is_in_words() -> None:
    facts = all_switches()
    assert facts["aten-cpu-capability"].basis == "measured"
    assert facts["mkl-cbwr"].basis == "measured, and as documented"
    assert facts["cudnn-benchmark"].basis == "as documented"
