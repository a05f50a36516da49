"""What wins where conda and pip install the same, and the details of the rules that tell it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reprocheck.facts.name_map import load_name_map
from reprocheck.model.findings import Confidence, PackageRef, Severity
from reprocheck.model.locks import Lock
from reprocheck.rules import (
    rc301_declared_twice,
    rc302_locked_twice,
    rc303_pip_shadows_conda,
    rc304_two_native_runtimes,
    rc305_one_import_many_distributions,
    rc440_two_openmp_runtimes,
    rc441_mixed_blas,
    rc444_compiled_package_overwritten,
    rc445_several_distributions_by_dependency,
)
from reprocheck.rules.closure import conda_path_to, path_to
from reprocheck.rules.compiled import is_always_compiled, is_compiled
from reprocheck.rules.facts import Facts
from reprocheck.rules.locked_overlaps import overlaps_in
from reprocheck.rules.overlap_verdicts import are_one_version, verdict_of
from reprocheck.rules.rule import RuleModule
from tests.rules.conftest import short_lock

MakeFacts = Callable[..., Facts]
NAMES = load_name_map()


def verdict(lock: str, project: str) -> tuple[Severity, Confidence, str]:
    conda, pip = short_lock(lock).packages
    return verdict_of(NAMES, project, conda, pip)


@pytest.mark.parametrize(
    ("lock", "project", "severity"),
    [
        ("- conda linux-64 numpy 1.26.4 0\n- pip linux-64 numpy 1.26.4", "numpy", Severity.INFO),
        ("- conda linux-64 numpy 1.26 0\n- pip linux-64 numpy 1.26.0", "numpy", Severity.INFO),
        ("- conda linux-64 numpy 1.26.4 0\n- pip linux-64 numpy 1.26.5", "numpy", Severity.ERROR),
        ("- conda linux-64 pytorch 2.6.0 0\n- pip linux-64 torch 2.6.0+cu124", "torch", Severity.ERROR),
        ("- conda linux-64 tqdm 4.66 0\n- pip linux-64 tqdm 4.67", "tqdm", Severity.WARNING),
        (
            "- conda linux-64 imagecodecs 1 0, needs libgcc >=13\n- pip linux-64 imagecodecs 2",
            "imagecodecs",
            Severity.ERROR,
        ),
        (
            "- conda linux-64 numpy 1 0, from https://c.invalid/noarch/numpy-1-0.conda\n- pip linux-64 numpy 2",
            "numpy",
            Severity.WARNING,
        ),
        ("- conda linux-64 pillow 9 0\n- pip linux-64 pillow-simd 9", "pillow-simd", Severity.WARNING),
        ("- conda linux-64 pillow 9 0\n- pip linux-64 pillow-simd 8", "pillow-simd", Severity.WARNING),  # doubtful pair
    ],
)
def test_what_an_overlap_is_worth(lock: str, project: str, severity: Severity) -> None:
    assert verdict(lock, project)[0] is severity


def test_a_doubtful_pair_of_names_is_told_with_less_confidence() -> None:
    assert verdict("- conda linux-64 pillow 9 0\n- pip linux-64 pillow-simd 8", "pillow-simd")[1] is Confidence.MEDIUM


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("1.0", "1.0.0", True), ("1.0", "1.0.1", False), ("2.6.0", "2.6.0+cu124", False), ("1.0_", "1.0_", True)],
)
def test_versions_are_compared_and_not_spellings(one: str, other: str, same: bool) -> None:
    assert are_one_version(one, other) is same


def test_a_package_is_compiled_by_its_name_or_by_what_it_needs() -> None:
    by_name, by_need, plain = short_lock(
        "- conda osx-64 lxml 5 0\n- conda osx-64 zarrs 5 0, needs libcxx >=18\n- conda osx-64 attrs 5 py312hca03da5_0"
    ).packages
    assert [is_compiled(by_name), is_compiled(by_need), is_compiled(plain)] == [True, True, False]
    assert (is_always_compiled("scipy"), is_always_compiled("attrs")) == (True, False)


TWO_WAYS = """\
- conda linux-64 scipy 1.15 0, needs numpy >=1
- conda linux-64 numpy 2.2.4 0
- pip linux-64 einops 0.8, needs numpy
- pip linux-64 numpy 1.26.4
"""
DECLARED = "dependencies: [scipy, pip, {pip: [einops]}]\n"


def test_the_path_of_either_side_begins_at_what_was_declared(make_facts: MakeFacts) -> None:
    [found] = rc303_pip_shadows_conda.check(make_facts(DECLARED, TWO_WAYS))
    assert [[(step.manager, step.name) for step in path] for path in found.paths] == [
        [("conda", "scipy"), ("conda", "numpy")],
        [("pip", "einops"), ("pip", "numpy")],
    ]


def test_without_an_environment_file_paths_begin_at_what_nobody_needs(make_facts: MakeFacts) -> None:
    facts = make_facts(None, TWO_WAYS)
    assert isinstance(facts.lock, Lock)
    conda, pip = (package for package in facts.lock.packages if package.name == "numpy")
    assert [step.name for step in conda_path_to(facts, facts.lock, conda)] == ["scipy", "numpy"]
    assert [step.name for step in path_to(facts, facts.lock, pip)] == ["einops", "numpy"]


def test_why_conda_took_a_package_is_no_matter_of_pip_lines(make_facts: MakeFacts) -> None:
    facts = make_facts("dependencies: [pip, {pip: [numpy]}]\n", "- conda linux-64 numpy 2.2.4 0")
    assert isinstance(facts.lock, Lock)
    [numpy] = facts.lock.packages
    assert path_to(facts, facts.lock, numpy) == (
        PackageRef(manager="conda", name="numpy", version="2.2.4", platform="linux-64"),
    )
    assert conda_path_to(facts, facts.lock, numpy) == ()


def test_the_removal_of_a_line_is_safe_only_where_pip_leaves_conda_alone(make_facts: MakeFacts) -> None:
    environment = "dependencies:\n- numpy\n- pip:\n  - einops\n  - numpy\n"
    for version, safe in (("2.2.4", True), ("1.26.4", False)):
        lock = f"- conda linux-64 numpy 2.2.4 0\n- pip linux-64 einops 0.8\n- pip linux-64 numpy {version}"
        [found] = rc302_locked_twice.check(make_facts(environment, lock))
        assert [(edit.first, edit.last, edit.lines, edit.safe) for edit in found.edits] == [(5, 5, (), safe)]


@pytest.mark.parametrize(
    ("line", "edits"),
    [
        ("numpy==1.26.4", [(3, 2, ("  - numpy=1.26.4",)), (5, 5, ())]),
        ("numpy>=1.26", []),
        ("numpy==1.26.*", []),
        ("numpy==1.26.4; sys_platform == 'linux'", []),
        ("numpy[extra]==1.26.4", []),
        ("numpy @ https://w.invalid/numpy-1.26.4-py3-none-any.whl", []),
    ],
)
def test_a_pin_moves_to_the_conda_part(
    line: str, edits: list[tuple[int, int, tuple[str, ...]]], make_facts: MakeFacts
) -> None:
    environment = f"dependencies:\n  - scipy  # for the filters\n  - pip:\n    - einops\n    - {line}\n"
    locked = (
        "- conda linux-64 scipy 1.15 0, needs numpy >=1\n- conda linux-64 numpy 2.2.4 0\n- pip linux-64 numpy 1.26.4"
    )
    for lock in (None, locked):
        [found] = rc303_pip_shadows_conda.check(make_facts(environment, lock))
        assert [(edit.first, edit.last, edit.lines) for edit in found.edits] == edits
        assert not any(edit.safe for edit in found.edits)


@pytest.mark.parametrize(
    "environment",
    [
        "dependencies: [scipy, pip: [numpy==1.26.4]]\n",
        "dependencies:\n- scipy\n  >=1.15\n- pip:\n  - numpy==1.26.4\n",
        "dependencies:\n- scipy  # [linux]\n- pip:\n  - numpy==1.26.4\n",
    ],
)
def test_lines_that_hold_more_or_less_than_one_plain_entry_are_left_to_people(
    environment: str, make_facts: MakeFacts
) -> None:
    assert [found.edits for found in rc303_pip_shadows_conda.check(make_facts(environment))] == [()]


def test_of_several_names_the_one_with_the_files_is_told(make_facts: MakeFacts) -> None:
    choice = "- conda linux-64 pytorch-cpu 2.6.0 cpu_mkl_hc60beec_101, needs pytorch 2.6.0"
    lock = f"{choice}\n- conda linux-64 pytorch 2.6.0 cpu_mkl_py312_0\n- pip linux-64 torch 2.5.1"
    facts = make_facts("dependencies: [pytorch-cpu, {pip: [torch==2.5.1]}]", lock)
    (overlap,) = overlaps_in(facts, short_lock(lock), "linux-64")
    assert [package.name for package in overlap.conda] == ["pytorch", "pytorch-cpu"]


def test_a_pair_is_told_once(make_facts: MakeFacts) -> None:
    """What the environment file says twice is told by RC301 without a lock, and by RC302 with one that holds both."""
    environment = "dependencies:\n- numpy=2.2\n- pip:\n  - numpy==1.26.4\n"
    both = "- conda linux-64 numpy 2.2.4 0\n- pip linux-64 numpy 1.26.4"
    rules: list[RuleModule] = [rc301_declared_twice, rc302_locked_twice, rc303_pip_shadows_conda]
    told = [
        [found.code for rule in rules for found in rule.check(make_facts(environment, lock))] for lock in (None, both)
    ]
    assert told == [["RC301"], ["RC302"]]


def test_a_native_runtime_is_told_once(make_facts: MakeFacts) -> None:
    environment = "dependencies:\n- mkl=2024.2\n- pip:\n  - mkl==2024.1.0\n"
    both = "- conda linux-64 mkl 2024.2.2 0\n- pip linux-64 mkl 2024.1.0"
    rules: list[RuleModule] = [
        rc301_declared_twice,
        rc302_locked_twice,
        rc303_pip_shadows_conda,
        rc304_two_native_runtimes,
        rc444_compiled_package_overwritten,
    ]
    told = [
        [found.code for rule in rules for found in rule.check(make_facts(environment, lock))] for lock in (None, both)
    ]
    assert told == [["RC301"], ["RC304"]]


@pytest.mark.parametrize(
    "rule",
    [
        rc302_locked_twice,
        rc304_two_native_runtimes,
        rc305_one_import_many_distributions,
        rc440_two_openmp_runtimes,
        rc441_mixed_blas,
        rc444_compiled_package_overwritten,
        rc445_several_distributions_by_dependency,
    ],
)
def test_a_rule_of_locks_says_nothing_of_a_lock_that_nobody_saw(rule: RuleModule, make_facts: MakeFacts) -> None:
    assert list(rule.check(make_facts(None))) == []


def test_lines_that_the_lock_does_not_hold_are_looked_at_beside_those_that_it_holds(make_facts: MakeFacts) -> None:
    environment = (
        "dependencies:\n- scipy\n- pandas\n- pip:\n  - numpy\n  - pillow>=9\n  - pandas\n"
        "  - torch; sys_platform == 'win32'\n  - einops\n"
    )
    conda = "".join(f"- conda linux-64 {name} 10 0\n" for name in ("numpy", "pillow", "pandas", "pytorch"))
    lock = f"- conda linux-64 scipy 1.15 0, needs numpy >=1, pillow *, pytorch *\n{conda}- pip linux-64 numpy 1.26.4"
    told = [(one.severity, one.location.line) for one in rc303_pip_shadows_conda.check(make_facts(environment, lock))]
    assert told == [(Severity.ERROR, 5), (Severity.INFO, 6)]


def test_two_replaced_packages_have_victims_each(make_facts: MakeFacts) -> None:
    conda = (
        "- conda linux-64 a 1 0, needs numpy <2, pandas <2\n- conda linux-64 numpy 1 0\n- conda linux-64 pandas 1 0\n"
    )
    facts = make_facts("dependencies: [a]\n", f"{conda}- pip linux-64 numpy 2\n- pip linux-64 pandas 2")
    found = [one.evidence for one in rc444_compiled_package_overwritten.check(facts)]
    assert found == [("`a 1` needs `numpy <2`",), ("`a 1` needs `pandas <2`",)]


def test_a_conda_package_of_the_same_name_as_the_project_is_not_the_one_that_was_asked_for(
    make_facts: MakeFacts,
) -> None:
    """conda's `triton` beside `torchtriton`, of which only the latter was declared."""
    environment = "dependencies:\n- torchtriton\n- pip:\n  - triton==3.0\n"
    [found] = rc301_declared_twice.check(make_facts(environment, "- conda linux-64 triton 2 0"))
    assert found.location.line == 4


def test_nothing_shadows_anything_without_an_environment_file(make_facts: MakeFacts) -> None:
    assert list(rc301_declared_twice.check(make_facts(None, TWO_WAYS))) == []
    assert list(rc303_pip_shadows_conda.check(make_facts(None, TWO_WAYS))) == []


def test_an_unreadable_marker_is_no_reason_to_object(make_facts: MakeFacts) -> None:
    environment = "dependencies:\n- pip:\n  - opencv-python; sys_platform is linux\n  - opencv-python-headless\n"
    assert list(rc305_one_import_many_distributions.check(make_facts(environment))) == []


def test_many_victims_are_counted_and_all_in_evidence(make_facts: MakeFacts) -> None:
    users = "".join(f"- conda linux-64 user{n} 1.0 0, needs numpy <2\n" for n in range(7))
    lock = f"{users}- conda linux-64 numpy 1.26.4 0\n- pip linux-64 numpy 2.2.4"
    [found] = rc444_compiled_package_overwritten.check(make_facts("dependencies: [user0, pip, {pip: [numpy]}]\n", lock))
    assert found.message == (
        "pip puts `numpy 2.2.4` over conda's `numpy 1.26.4` on linux-64, outside the bounds of conda's `user0 1.0`,"
        " `user1 1.0`, `user2 1.0`, `user3 1.0`, `user4 1.0` and 2 more"
    )
    assert len(found.evidence) == 7
    assert len(found.related) == 5


def test_a_bound_that_nobody_can_read_is_no_objection(make_facts: MakeFacts) -> None:
    lock = (
        "- conda linux-64 scipy 1 0, needs numpy ^1\\.2.*$\n- conda linux-64 numpy 1.26.4 0\n- pip linux-64 numpy 2.2.4"
    )
    assert list(rc444_compiled_package_overwritten.check(make_facts("dependencies: [scipy]\n", lock))) == []


def test_a_doubtful_pair_of_names_makes_no_error(make_facts: MakeFacts) -> None:
    conda = "- conda linux-64 torchvision 1 0, needs pillow >=9\n- conda linux-64 pillow 9.4 0\n"
    lock = f"{conda}- pip linux-64 pillow-simd 8.0"
    [found] = rc444_compiled_package_overwritten.check(make_facts("dependencies: [torchvision]\n", lock))
    assert (found.severity, found.confidence) == (Severity.WARNING, Confidence.MEDIUM)
