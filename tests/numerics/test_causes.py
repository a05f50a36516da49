from __future__ import annotations

from dataclasses import replace

import pytest

from reprocheck.model.json_documents import Json
from reprocheck.model.records import Run
from reprocheck.model.verdicts import Check, Divergence
from reprocheck.numerics.causes import (
    causes_in_phases,
    causes_in_runs,
    causes_of_differences,
    fingerprint_differences,
    relevance_of,
)


def document(**changes: Json) -> dict[str, Json]:
    return {
        "host": {"cpu": {"model": "Xeon", "isa": ["avx2", "avx512f"]}, "memoryBytes": 8, "kernel": "Linux 6"},
        "software": {
            "torch": {"version": "2.13.0", "libraries": {"mkl": "2024.2"}},
            "packages": [
                {"name": "numpy", "manager": "pypi", "version": "2.0"},
                {"name": "click", "manager": "pypi", "version": "8.0"},
            ],
        },
        "runtime": {"env": {}, "threads": {"intraOp": 2}},
        **changes,
    }


def test_equal_fingerprints_do_not_differ() -> None:
    assert fingerprint_differences(document(), document()) == ()


def test_a_difference_names_its_key_and_both_values() -> None:
    now = document(runtime={"env": {"MKL_CBWR": "AVX2"}, "threads": {"intraOp": 2}})
    assert [str(difference) for difference in fingerprint_differences(document(), now)] == [
        "runtime.env: recorded {}, here not there",
        'runtime.env.MKL_CBWR: recorded not there, here "AVX2"',
    ]


def test_packages_are_compared_by_name_and_manager_not_by_place() -> None:
    twice: list[Json] = [
        {"name": "click", "manager": "conda", "version": "8.0"},
        {"name": "click", "manager": "pypi", "version": "8.0"},
        {"name": "numpy", "manager": "pypi", "version": "2.1"},
    ]
    software: Json = {"torch": {"version": "2.13.0", "libraries": {"mkl": "2024.2"}}, "packages": twice}
    paths = [difference.path for difference in fingerprint_differences(document(), document(software=software))]
    assert "software.packages.numpy (pypi).version" in paths
    assert not any("click (pypi)" in path for path in paths)


def test_what_was_measured_is_compared_elsewhere() -> None:
    measured: dict[str, Json] = {"probes": [1], "numerics": {"trees": []}, "probeTimes": {"a": 1}}
    assert fingerprint_differences({"runtime": "x", **measured}, {"runtime": "x"}) == ()


def test_a_switch_is_one_value_with_its_origin() -> None:
    old, new = ({"runtime": {"switches": {"threads": {"value": value, "origin": "code"}}}} for value in (1, 2))
    assert list(map(str, fingerprint_differences(old, new))) == [
        "runtime.switches.threads: recorded 1 (code), here 2 (code)"
    ]


def test_a_switch_that_was_asked_for_in_vain_is_one_line_too() -> None:
    plain: dict[str, Json] = {"value": 2, "origin": "default"}
    old, new = ({"runtime": {"switches": {"threads": entry}}} for entry in ({**plain, "asked": "4"}, plain))
    assert list(map(str, fingerprint_differences(old, new))) == [
        'runtime.switches.threads: recorded 2 (default, "4" was asked for), here 2 (default)'
    ]


def test_a_long_value_is_cut() -> None:
    (difference,) = fingerprint_differences({"a": "x" * 500}, {"a": "y"})
    assert len(difference.recorded) == 120
    assert difference.recorded.endswith("…")


def test_the_torch_build_comes_before_the_processor() -> None:
    now = document(
        host={"cpu": {"model": "EPYC", "isa": ["avx2"]}, "memoryBytes": 8, "kernel": "Linux 6"},
        software={"torch": {"version": "2.14.0", "libraries": {"mkl": "2025.0"}}, "packages": document()["software"]},
    )
    causes = causes_of_differences(fingerprint_differences(document(), now))
    assert [cause.what for cause in causes][:3] == [
        "another build of torch",
        "another numeric library",
        "another processor: kernels are chosen by its instruction sets",
    ]


def test_a_cap_on_instruction_sets_comes_before_the_processor_it_hides() -> None:
    before = document(runtime={"env": {}, "flags": {"cpu": {"capability": "AVX512"}}})
    now = document(runtime={"env": {"ATEN_CPU_CAPABILITY": "avx2"}, "flags": {"cpu": {"capability": "AVX2"}}})
    causes = causes_of_differences(fingerprint_differences(before, now))
    assert [cause.what for cause in causes] == [
        "another numeric switch",
        "another processor: kernels are chosen by its instruction sets",
    ]


def test_a_switch_that_caps_nothing_comes_after_another_processor() -> None:
    now = document(
        host={"cpu": {"model": "EPYC", "isa": ["avx2", "avx512f"]}, "memoryBytes": 8, "kernel": "Linux 6"},
        runtime={"env": {"NCCL_DEBUG": "INFO"}, "threads": {"intraOp": 2}},
    )
    causes = causes_of_differences(fingerprint_differences(document(), now))
    assert [cause.what for cause in causes] == [
        "another processor: kernels are chosen by its instruction sets",
        "another numeric switch",
    ]


@pytest.mark.parametrize(
    "path",
    [
        "host.memoryBytes",
        "host.kernel",
        "runtime.threads.intraOp",
        "runtime.flags.determinism.algorithms",
        "runtime.env.OMP_NUM_THREADS",
        "software.packages.click (pypi).version",
        "software.packages.torchmetrics (pypi).version",
        "tool.version",
        "collection",
    ],
)
def test_what_decides_no_bits_or_is_pinned_is_no_cause(path: str) -> None:
    assert relevance_of(path) is None


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("software.torch", "another build of torch"),
        ("software.torch.gitVersion", "another build of torch"),
        ("software.packages.torch (pypi).version", "another build of torch"),
        ("software.torch.libraries.onednn", "another numeric library"),
        ("software.packages.nvidia-cublas-cu12 (pypi).version", "another numeric library"),
        ("accelerators", "another GPU"),
        ("driver.version", "another GPU driver"),
        ("host.cpu.isa", "another processor: kernels are chosen by its instruction sets"),
        ("runtime.flags.cpu.capability", "another processor: kernels are chosen by its instruction sets"),
        ("runtime.flags.precision.float32MatmulPrecision", "another numeric switch"),
        ("runtime.env.NCCL_ALGO", "another numeric switch"),
        ("host.architecture", "another platform"),
    ],
)
def test_what_decides_bits_is_a_cause(path: str, what: str) -> None:
    relevance = relevance_of(path)
    assert relevance is not None
    assert relevance.what == what


def test_equal_runs_show_no_cause(run: Run) -> None:
    assert causes_in_runs([run], [run]) == ()


def test_runs_show_another_seed_rate_and_thread_count(run: Run) -> None:
    plan = replace(run.plan, seed=1, learning_rate="0x1.0000000000000p-7")
    observed = replace(run, plan=plan, in_force={**run.in_force, "threads": 2})
    assert [(cause.what, cause.evidence) for cause in causes_in_runs([run, run], [observed, observed])] == [
        ("another seed", ("recorded 0, here 1",)),
        ("another learning rate", ("recorded 0x1.0000000000000p-8, here 0x1.0000000000000p-7",)),
        ("another number of threads", ("recorded 1, here 2",)),
    ]


def test_a_run_that_was_not_possible_shows_no_cause(run: Run) -> None:
    assert causes_in_runs([run], [replace(run, steps=(), in_force={})]) == ()


def test_parted_ranks_are_told_as_a_missing_synchronisation() -> None:
    divergence = Divergence(step=3, rank=0, phase="all-reduce", quantity="gradient of `w`", recorded="1", observed="2")
    check = Check(name="transformer:fp32:2", status="fail", detail="", first_divergence=divergence)
    (cause,) = causes_in_phases([check])
    assert cause.what == "gradients were not synchronised between the ranks"
    assert cause.evidence == ("transformer:fp32:2, step 3: one gradient on all ranks in the record, several here",)


def test_a_divergence_elsewhere_is_no_missing_synchronisation() -> None:
    divergence = Divergence(step=3, rank=0, phase="backward", quantity="gradient of `w`", recorded="1", observed="2")
    assert causes_in_phases([Check(name="r", status="fail", detail="", first_divergence=divergence)]) == ()


def test_a_setting_that_one_torch_does_not_know_shows_nothing() -> None:
    unknown: Json = {"flags": {"attention": {"cudnn": {"status": "missing", "detail": "not in this torch"}}}}
    known: Json = {"flags": {"attention": {"cudnn": True}}}
    differences = fingerprint_differences(document(runtime=unknown), document(runtime=known))
    assert causes_of_differences(differences) == ()
    assert str(differences[0]) == (
        "runtime.flags.attention.cudnn: recorded could not be read: missing: not in this torch, here true"
    )


def test_a_gpu_that_is_missing_here_does_show_something() -> None:
    gone: Json = {"status": "missing", "detail": "no driver"}
    differences = fingerprint_differences({"accelerators": [{"model": "H200"}]}, {"accelerators": gone})
    assert [cause.what for cause in causes_of_differences(differences)] == ["another GPU"]


def test_a_version_stands_before_what_follows_from_it() -> None:
    now = document(software={"torch": {"cuda": "13.0", "version": "2.14.0"}, "packages": []})
    cause = causes_of_differences(fingerprint_differences(document(), now))[0]
    assert cause.evidence[0] == 'software.torch.version: recorded "2.13.0", here "2.14.0"'
