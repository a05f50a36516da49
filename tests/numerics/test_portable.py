"""Portable settings on simulated machines: which setting is chosen, what stays unequal, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from reprocheck.errors import UndecidedError
from reprocheck.model.numeric_fingerprints import Probe
from reprocheck.numerics.portable import choices, portable_setting, roles
from reprocheck.numerics.stages import Role, Settings
from reprocheck.numerics.switch_settings import Setting
from reprocheck.numerics.switched_probes import Switched
from reprocheck.reports.portable_json import render_portable_json
from reprocheck.reports.portable_text import render_portable

# What the bits of a probe depend on.
PROBES = {
    "matmul/wide/fp32": ("threads", "mkl-cbwr"),
    "norm/layer/fp32": ("aten-cpu-capability",),
    "conv/2d/fp32": ("onednn-max-cpu-isa", "mkldnn-enabled"),
    "sum/300k/fp32": ("threads",),
    "libc/pow/fp32": ("GLIBC_TUNABLES",),
    "random/permutation/int64": (),
}
DEFAULTS = {"threads": "2", "aten-cpu-capability": "avx512"}
SLOW = {
    Setting("threads", 1): 2.0,
    Setting("aten-cpu-capability", "default"): 3.0,
    Setting("mkldnn-enabled", False): 1.1,
}


class SimulatedPlayer:
    """Plays machines by looking up what a probe depends on; one process takes one unit of the time there is."""

    def __init__(self, processes: int = 1000, threads: int = 2, fault: str = "") -> None:
        self.threads = threads
        self.left = processes
        self.fault = fault

    def play(self, scenes: Sequence[tuple[Role, Settings]], *, at_once: int) -> Iterator[Switched]:
        for role, chosen in scenes:
            if self.left <= 0:
                return
            self.left -= 1
            yield self._run(role, role.under(chosen))

    def _run(self, role: Role, settings: Settings) -> Switched:
        if self.fault:
            return Switched(settings=settings, probes={}, times_ns={}, fault=self.fault)
        state = {**DEFAULTS, **{setting.switch: str(setting.value) for setting in settings}, **role.environment}
        slow = 1.0
        for setting in settings:
            slow *= SLOW.get(setting, 1.0)
        found = [
            Probe(
                name=name,
                family=name.split("/")[0],
                operation=name.split("/")[1],
                dtype=name.split("/")[2],
                device="cpu",
                digest=f"{name} {[state.get(cause) for cause in causes]}",
            )
            for name, causes in PROBES.items()
        ]
        return Switched(
            settings=settings,
            probes={probe.key: probe for probe in found},
            times_ns={probe.key: int(1000 * slow) for probe in found},
        )


def test_the_cheapest_of_the_settings_that_make_the_most_equal_is_taken() -> None:
    found = portable_setting(SimulatedPlayer())
    assert found.settings == (
        "threads=2",
        "aten-cpu-capability=avx2",
        "onednn-max-cpu-isa=AVX2",
        "mkl-cbwr=COMPATIBLE",
        "deterministic-algorithms=on",
    )
    assert found.environment == {
        "OMP_NUM_THREADS": "2",
        "MKL_NUM_THREADS": "2",
        "MKL_DYNAMIC": "FALSE",
        "ATEN_CPU_CAPABILITY": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "MKL_CBWR": "COMPATIBLE",
    }
    assert found.code == ("torch.use_deterministic_algorithms(True)",)
    assert (found.cost, found.rounds) == (1.0, 3)


def test_every_family_says_what_it_depends_on_and_what_stays_unequal() -> None:
    families = {family.family: family for family in portable_setting(SimulatedPlayer()).families}
    assert families["matmul"].depends_on == ("1 thread", "4 threads", "another vendor")
    assert families["norm"].depends_on == ("no AVX512",)
    assert families["random"].depends_on == ()
    assert [name for name, family in families.items() if not family.is_equal] == ["libc"]
    assert families["libc"].unequal == ("libc/pow/fp32",)


def test_what_does_not_repeat_itself_depends_on_the_run() -> None:
    class Shaky(SimulatedPlayer):
        def _run(self, role: Role, settings: Settings) -> Switched:
            switched = super()._run(role, settings)
            key = ("sum/300k/fp32", "cpu")
            if settings:
                return switched
            shaken = replace(switched.probes[key], digest=f"{self.left}")
            return replace(switched, probes={**switched.probes, key: shaken})

    families = {family.family: family for family in portable_setting(Shaky()).families}
    assert families["sum"].depends_on == ("run to run",)
    assert families["sum"].is_equal


def test_what_was_tried_instead_is_told_with_its_cost() -> None:
    tried = portable_setting(SimulatedPlayer()).choices
    assert [(choice.settings[:3], choice.equal, choice.cost) for choice in tried] == [
        (("threads=2", "aten-cpu-capability=avx2", "onednn-max-cpu-isa=AVX2"), 5, 1.0),
        (("threads=1", "aten-cpu-capability=avx2", "onednn-max-cpu-isa=AVX2"), 5, 2.0),
        (("threads=2", "aten-cpu-capability=avx2", "mkldnn-enabled=off"), 4, 1.1),
        (("threads=2", "aten-cpu-capability=default", "onednn-max-cpu-isa=AVX2"), 5, 3.0),
    ]


def test_machines_and_settings_of_one_core_come_once() -> None:
    assert [role.name for role in roles(1)][:2] == ["2 threads", "4 threads"]
    assert len(choices(1)) == 3


@pytest.mark.parametrize("processes", [0, 1])
def test_without_time_for_one_setting_nothing_is_decided(processes: int) -> None:
    with pytest.raises(UndecidedError) as caught:
        portable_setting(SimulatedPlayer(processes))
    assert caught.value.what == "no setting could be measured"
    assert caught.value.why == "the time was up"


def test_a_torch_that_does_not_run_says_why() -> None:
    with pytest.raises(UndecidedError) as caught:
        portable_setting(SimulatedPlayer(fault="torch: no module named torch"))
    assert caught.value.why == "torch: no module named torch"


@pytest.mark.parametrize("processes", [2, 5, 6, 12, 16, 20])
def test_when_time_is_up_the_best_so_far_is_told(processes: int) -> None:
    found = portable_setting(SimulatedPlayer(processes))
    assert found.settings[1:] == choices_as_text()[0][1:]
    assert found.probes == len(PROBES)


def choices_as_text() -> list[tuple[str, ...]]:
    return [tuple(map(str, settings)) for settings in choices(2)]


def test_the_page_says_what_to_set_and_what_it_does_not_reach() -> None:
    lines = render_portable(portable_setting(SimulatedPlayer())).splitlines()
    assert lines[0] == "Portable setting: 5 of 6 probes equal on this machine and 6 played here"
    assert lines[2:9] == [
        "  export OMP_NUM_THREADS=2",
        "  export MKL_NUM_THREADS=2",
        "  export MKL_DYNAMIC=FALSE",
        "  export ATEN_CPU_CAPABILITY=avx2",
        "  export ONEDNN_MAX_CPU_ISA=AVX2",
        "  export MKL_CBWR=COMPATIBLE",
        "  torch.use_deterministic_algorithms(True)",
    ]
    assert "  libc         1  another C library                    not equal: pow/fp32  1.00" in lines
    assert "Cost: 1.00 times the time by default (median of the families, 3 rounds in turn)" in lines
    assert "  conv         1  no AVX512, no AVX512_BF16            equal                1.00" in lines


def test_the_page_says_where_time_was_up() -> None:
    page = render_portable(portable_setting(SimulatedPlayer(12)))
    assert "Not measured: the time was up before all machines were played" in page.splitlines()
    assert "Cost: 1.00 times the time by default (median of the families, one round)" in page.splitlines()


def test_the_document_holds_the_same() -> None:
    text = render_portable_json(portable_setting(SimulatedPlayer()))
    assert '"schema": "reprocheck/portable/1"' in text
    assert '"unequal": [\n        "libc/pow/fp32"\n      ]' in text
