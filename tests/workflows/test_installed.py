"""The rules about locked packages and machines, run over what is installed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reprocheck.facts.name_map import load_name_map
from reprocheck.model.findings import Audit, Skipped
from reprocheck.model.machines import Gpu, TargetMachine
from reprocheck.model.prefixes import Prefix
from reprocheck.rules.engine import Selection, run_rules
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.late_rule import code_of
from reprocheck.rules.registry import RULES
from reprocheck.rules.repairs import creation
from reprocheck.workflows.installed import Installed, installed_findings, truly_skipped, with_installed
from tests.rules.conftest import short_lock
from tests.rules.short_prefix import short_prefix

NOT_ASKED = Unseen(reason="not asked for")
OLD_DRIVER = TargetMachine(driver_version="470.57.02", gpus=(Gpu(name="V100", compute_capability="7.0"),), source="x")

TWO_OPENMP = """\
- conda osx-64 mkl 2023.2.2 h6ffd3d6_49628, needs intel-openmp 2023.*
- conda osx-64 intel-openmp 2023.2.0 h6ffd3d6_49628
- pip osx-64 torch 2.2.2, by pip
"""
CUDA_TORCH = """\
- conda linux-64 pytorch 2.6.0 cuda126_py311_0, needs cuda-version >=12.6,<13
- conda linux-64 cuda-version 12.6 h7480c83_3
"""
SOUND = "- pip linux-64 torch 2.4.1, by pip\n"
TWO_CUDAS = "- pip linux-64 nvidia-cudnn-cu12 9.1.0.70, by pip\n- pip linux-64 nvidia-cudnn-cu13 9.13.0.50, by pip\n"


def facts_of(prefix: str, lock: str | None = None, machine: TargetMachine | Unseen = NOT_ASKED) -> Facts:
    facts = Facts(
        environment=NOT_ASKED,
        lock=short_lock(lock) if lock else NOT_ASKED,
        lock_path="conda-lock.yml",
        freshness=NOT_ASKED,
        machine=machine,
        names=load_name_map(),
    )
    return with_installed(facts, Installed(*short_prefix(prefix)))


def audited(facts: Facts, selection: Selection | None = None) -> Audit:
    chosen = selection or Selection(select=("RC3", "RC4"))
    return run_rules(facts, RULES, chosen, installed_findings(facts, chosen))


def told(audit: Audit) -> list[tuple[str, str]]:
    return [(finding.code, finding.location.path) for finding in audit.findings]


@pytest.mark.parametrize(
    ("prefix", "machine", "code"),
    [
        (TWO_OPENMP, NOT_ASKED, "RC440"),
        (TWO_CUDAS, NOT_ASKED, "RC411"),
        (CUDA_TORCH, OLD_DRIVER, "RC401"),
        ("- pip linux-64 torch 2.4.1, by pip\n- pip linux-64 torchvision 0.17.0, by pip\n", NOT_ASKED, "RC430"),
    ],
)
def test_a_rule_about_packages_looks_at_what_is_installed(
    prefix: str, machine: TargetMachine | Unseen, code: str
) -> None:
    found = told(audited(facts_of(prefix, machine=machine)))
    assert code in [one for one, _ in found]
    assert all(path.startswith("env/") for _, path in found)


@pytest.mark.parametrize(
    "prefix",
    [
        "- conda osx-64 libopenblas 0.3.27 openmp_0\n- pip osx-64 torch 2.2.2, by pip\n",
        "- pip linux-64 nvidia-cudnn-cu12 9.1.0.70, by pip\n- pip linux-64 nvidia-nccl-cu12 2.21.5, by pip\n",
        "- pip linux-64 torch 2.4.1, by pip\n- pip linux-64 torchvision 0.19.1, by pip\n",
    ],
)
def test_what_is_installed_and_fits_gives_nothing(prefix: str) -> None:
    assert told(audited(facts_of(prefix))) == []


def test_what_the_lock_shows_already_is_told_once() -> None:
    lock = "- conda osx-64 mkl 2023.2.2 h6ffd3d6_49628, needs intel-openmp 2023.*\n"
    lock += "- conda osx-64 intel-openmp 2023.2.0 h6ffd3d6_49628\n- pip osx-64 torch 2.2.2\n"
    assert told(audited(facts_of(TWO_OPENMP, lock))) == [("RC440", "conda-lock.yml")]


def test_what_pip_put_there_beside_the_lock_is_told_too() -> None:
    lock = "- pip linux-64 nvidia-cudnn-cu12 9.1.0.70\n"
    assert told(audited(facts_of(TWO_CUDAS, lock))) == [
        ("RC411", "env/lib/python3.11/site-packages/nvidia_cudnn_cu12-9.1.0.70.dist-info")
    ]


def test_wheels_that_share_a_folder_are_told_by_their_files_where_they_share_these() -> None:
    shared = "  - nvidia/cudnn/lib/libcudnn.so.9 ={}\n"
    lines = TWO_CUDAS.splitlines(keepends=True)
    facts = facts_of(lines[0] + shared.format(1) + lines[1] + shared.format(2))
    assert [code for code, _ in told(audited(facts, Selection(select=("RC411", "RC603"))))] == ["RC603"]


def test_what_conda_has_lost_to_pip_is_no_second_build_any_more() -> None:
    prefix = CUDA_TORCH + "- pip linux-64 torch 2.4.1, by pip\n"
    replaced = prefix.replace(
        "- conda linux-64 cuda-version",
        "  - lib/python3.11/site-packages/torch-2.6.0.dist-info/METADATA\n- conda linux-64 cuda-version",
    )
    codes = [code for code, _ in told(audited(facts_of(replaced), Selection(select=("RC3", "RC412"))))]
    assert codes == []


def test_rules_about_documents_say_nothing_of_what_is_installed() -> None:
    facts = facts_of("- pip linux-64 torch 2.4.1, by pip\n- conda linux-64 pytorch 2.6.0 cuda126_py311_0\n")
    codes = {finding.code for finding in installed_findings(facts, Selection())}
    assert not codes & {
        "RC301",
        "RC302",
        "RC303",
        "RC304",
        "RC415",
        "RC421",
        "RC422",
        "RC423",
        "RC453",
        "RC454",
        "RC455",
    }


def test_nothing_is_said_of_an_environment_that_nobody_named() -> None:
    facts = replace(facts_of(TWO_OPENMP), prefix=NOT_ASKED)
    assert installed_findings(facts, Selection()) == ()
    assert any(code_of(rule) == "RC440" for rule in RULES)


@pytest.mark.parametrize(
    ("lock_path", "words"),
    [("conda-lock.yml", ""), ("./conda-lock.yml", ""), ("gpu/conda-lock.yml", "--lockfile gpu/conda-lock.yml")],
)
def test_what_mends_an_environment_names_the_lock_that_it_was_held_against(lock_path: str, words: str) -> None:
    facts = replace(facts_of("", lock="- pip linux-64 torch 2.4.1"), lock_path=lock_path)
    installed = Installed(*short_prefix(f"- maker reprocheck\n{SOUND}"))
    prefix = with_installed(facts, installed).prefix
    assert isinstance(prefix, Prefix)
    assert creation(prefix) == f"reprocheck create -p env {words}".strip()


def test_where_no_lock_is_at_hand_what_mends_asks_for_it() -> None:
    prefix = facts_of(SOUND).prefix
    assert isinstance(prefix, Prefix)
    assert creation(prefix) == "reprocheck create -p env --lockfile LOCK --force"


def test_a_rule_that_looked_at_what_is_installed_was_not_skipped() -> None:
    seen, everything = facts_of(TWO_OPENMP), Selection()
    skipped = tuple(Skipped(code=code, reason="no lock") for code in ("RC205", "RC401", "RC440"))
    told = truly_skipped(skipped, seen, everything)
    assert [one.code for one in told] == ["RC205", "RC401", "RC605"]  # for RC401 there is no driver
    assert told[-1].reason == "not asked for"
    assert truly_skipped((), seen, Selection(select=("RC4",))) == ()
    assert truly_skipped((), facts_of(TWO_OPENMP, lock="- pip osx-64 torch 2.2.2"), everything) == ()
