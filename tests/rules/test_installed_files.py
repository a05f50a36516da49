"""The files of an installed environment: each fault is told once, by one rule, whatever else is damaged."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reprocheck.model.findings import Finding, Severity
from reprocheck.model.prefixes import Inspection, Prefix
from reprocheck.rules.facts import Facts, Unseen
from reprocheck.rules.file_faults import faults_told_by
from reprocheck.rules.file_kinds import harm_of_change, harm_of_loss, is_clutter
from reprocheck.rules.installed import left_behind, projects_of, taken_over
from reprocheck.rules.late_rule import LateRule
from reprocheck.rules.registry import RULES

MakeFacts = Callable[..., Facts]
SITE = "lib/python3.11/site-packages"
CODES = ("RC601", "RC602", "RC603", "RC604", "RC608")
FILE_CODES = CODES[:4]
CHECKS = [rule for rule in RULES if isinstance(rule, LateRule) and rule.name[:5].upper() in CODES]

PIP_INSTALL = "env/bin/python -m pip install --force-reinstall --no-deps"
UV_INSTALL = "uv pip install -p env --reinstall --no-deps"
OF_AN_INDEX = (
    ", with `--index-url` of the index that it came from, such as PyTorch's own wheel index:"
    " PyPI has no version with a label after `+`"
)

DAMAGED = f"""
- maker reprocheck
- conda linux-64 numpy 1.26.4 py311_0
  - bin/f2py =conda
  - lib/libnpymath.so =conda
  - {SITE}/numpy/__init__.py =conda
  - {SITE}/numpy/gone.py =conda
  - {SITE}/numpy/left.py =conda
  - {SITE}/numpy-1.26.4.dist-info/METADATA =conda
- conda linux-64 jpeg 9e h1_0
  - lib/libjpeg.so =jpeg
  - include/jpeglib.h =jpeg
- conda linux-64 libjpeg-turbo 3.0.0 h1_0
  - lib/libjpeg.so =turbo
- pip linux-64 numpy 2.0.0, by pip
  - bin/f2py =pip
  - {SITE}/numpy/__init__.py =pip
  - {SITE}/numpy/added.py =pip
- pip linux-64 turbo 1.0, by pip
  - lib/libjpeg.so.8 =pip
- there bin/f2py =pip
- there {SITE}/numpy/__init__.py =pip
- there {SITE}/numpy/left.py =edited
- there lib/libjpeg.so =turbo
- there include/jpeglib.h =edited
- gone {SITE}/numpy/gone.py
- gone {SITE}/numpy-1.26.4.dist-info/METADATA
- gone lib/libnpymath.so
- gone {SITE}/numpy/added.py
""".strip()


def findings(facts: Facts) -> list[Finding]:
    return [finding for rule in CHECKS for finding in rule.check(facts)]


def told(facts: Facts) -> list[tuple[str, str]]:
    return [(finding.code, finding.message) for finding in findings(facts)]


def test_each_fault_of_a_much_damaged_environment_is_told_once_with_its_owner(make_facts: MakeFacts) -> None:
    assert told(make_facts(prefix=DAMAGED)) == [
        ("RC601", "conda's `numpy 1.26.4` lacks 1 of its 6 files: `lib/libnpymath.so`"),
        ("RC601", f"pip's `numpy 2.0.0` lacks 1 of its 3 files: `{SITE}/numpy/added.py`"),
        ("RC602", "conda's `jpeg 9e` has changed since it was installed, in 1 of its 2 files: `include/jpeglib.h`"),
        (
            "RC603",
            "conda's `jpeg 9e` and conda's `libjpeg-turbo 3.0.0` both own 1 file, with different bytes:"
            " `lib/libjpeg.so` (the bytes of conda's `libjpeg-turbo 3.0.0`)",
        ),
        (
            "RC604",
            "pip's `numpy 2.0.0` has replaced conda's `numpy 1.26.4`: both list 2 files (2 with pip's bytes),"
            " 1 file of conda alone with other bytes, 2 of conda's 6 files are gone",
        ),
    ]


def test_what_reprocheck_made_it_makes_anew(make_facts: MakeFacts) -> None:
    anew = "run `reprocheck create -p env`"
    assert [finding.fix for finding in findings(make_facts(prefix=DAMAGED))] == [
        anew,
        anew,
        anew,
        "keep one of `jpeg`, `libjpeg-turbo` in the environment.yml, lock and create anew; with both, an order decides",
        f"{anew}; where the lock installs both, take the project from one side first",
    ]
    records = f"""
- maker reprocheck
- pip linux-64 wheel 0.40.0, by uv
- pip linux-64 wheel 0.42.0, by uv
- fault conda-meta/zlib-1.3.1-0.json is no JSON
- fault {SITE}/odd.dist-info has no METADATA: the project was removed but for this folder
"""
    assert [finding.fix for finding in findings(make_facts(prefix=records.strip()))] == [anew] * 3


def test_a_folder_with_a_space_is_quoted_in_commands(make_facts: MakeFacts) -> None:
    facts = make_facts(prefix="- maker reprocheck\n- conda linux-64 zlib 1.3 0\n  - lib/libz.so\n- gone lib/libz.so")
    assert not isinstance(facts.prefix, Unseen)
    facts = replace(facts, prefix=replace(facts.prefix, path="my env"))
    assert findings(facts)[0].fix == "run `reprocheck create -p 'my env'`"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- pip linux-64 torch 2.13.0+cpu, by pip", f"run `{PIP_INSTALL} torch==2.13.0+cpu`{OF_AN_INDEX}"),
        ("- pip linux-64 torch 2.13.0+cpu, by uv", f"run `{UV_INSTALL} torch==2.13.0+cpu`{OF_AN_INDEX}"),
        ("- pip linux-64 torch 2.13.0, by pip", f"run `{PIP_INSTALL} torch==2.13.0`"),
        ("- maker reprocheck\n- pip linux-64 torch 2.13.0+cpu, by uv", "run `reprocheck create -p env`"),
        (
            "- pip linux-64 torch 2.13.0+cpu, by pip, direct archive https://h.invalid/torch.whl",
            f"run `{PIP_INSTALL} 'torch @ https://h.invalid/torch.whl'`",
        ),
    ],
)
def test_a_version_with_a_label_is_on_an_index_of_its_own(make_facts: MakeFacts, text: str, expected: str) -> None:
    (finding,) = findings(make_facts(prefix=f"{text}\n  - {SITE}/torch/version.py\n- gone {SITE}/torch/version.py"))
    assert finding.fix == expected


def test_pixi_is_named_where_pixi_made_it(make_facts: MakeFacts) -> None:
    text = """
- maker pixi
- conda linux-64 zlib 1.3.1 h1_2
  - lib/libz.so.1 =zlib
- there lib/libz.so.1 =other
- fault conda-meta/libpng-1.6.47-h943b412_0.json is no JSON
"""
    assert [finding.fix for finding in findings(make_facts(prefix=text.strip()))] == [
        "run `pixi reinstall zlib`; if that brings the same bytes back, they are in the package cache too:"
        " `pixi clean cache` first",
        "delete `conda-meta/libpng-1.6.47-h943b412_0.json`, then run `pixi reinstall libpng`",
    ]


def many(files: int, packages: int = 1) -> str:
    lines: list[str] = []
    for number in range(packages):
        lines.append(f"- pip linux-64 project-{number} 1.0, by pip")
        lines += [f"  - {SITE}/project_{number}/m{index:05}.py =a" for index in range(files // packages)]
        lines += [f"- there {SITE}/project_{number}/m{index:05}.py =b" for index in range(files // packages)]
    return "\n".join(lines)


def test_a_thousand_altered_files_of_one_package_are_one_finding(make_facts: MakeFacts) -> None:
    (finding,) = findings(make_facts(prefix=many(1000)))
    named = ", ".join(f"`{SITE}/project_0/m{index:05}.py`" for index in range(5))
    assert finding.message == (
        f"pip's `project-0 1.0` has changed since it was installed, in all of its 1000 files: {named} and 995 more"
    )
    assert len(finding.evidence) == 5


@pytest.mark.parametrize("kind", ["altered", "replaced"])
def test_time_grows_with_the_number_of_files_and_not_faster(make_facts: MakeFacts, kind: str) -> None:
    def seconds(files: int) -> float:
        facts = make_facts(prefix=many(files, packages=8) if kind == "altered" else replaced(files))
        spent = []
        for _ in range(3):
            start = time.perf_counter()
            assert findings(replace(facts, memo={}))
            spent.append(time.perf_counter() - start)
        return min(spent)

    assert seconds(8000) < 8 * 4 * max(seconds(1000), 0.002)


def replaced(files: int) -> str:
    conda = [f"  - {SITE}/numpy/m{index:05}.py =conda" for index in range(files)]
    pip = [f"  - {SITE}/numpy/m{index:05}.py =pip" for index in range(files)]
    there = [f"- there {SITE}/numpy/m{index:05}.py =pip" for index in range(files)]
    metadata = f"  - {SITE}/numpy-1.26.4.dist-info/METADATA =conda"
    gone = f"- gone {SITE}/numpy-1.26.4.dist-info/METADATA"
    heads = "- conda linux-64 numpy 1.26.4 py311_0", "- pip linux-64 numpy 2.0.0, by pip"
    return "\n".join([heads[0], metadata, *conda, heads[1], *pip, *there, gone])


PATHS = (
    "lib/liba.so",
    "bin/run",
    "etc/a.conf",
    f"{SITE}/alpha/__init__.py",
    f"{SITE}/alpha/core.py",
    f"{SITE}/LICENSE",
    f"{SITE}/alpha-1.0.dist-info/METADATA",
    f"{SITE}/alpha-2.0.dist-info/METADATA",
)
PACKAGES = (
    "- conda linux-64 alpha 1.0 h0_0",
    "- conda linux-64 alpha 2.0 h0_0",
    "- conda linux-64 beta 1.0 h0_0",
    "- pip linux-64 alpha 2.0, by pip",
    "- pip linux-64 alpha 1.0, by uv",
    "- pip linux-64 gamma 1.0, by uv",
)
file_lists = st.dictionaries(st.sampled_from(PATHS), st.sampled_from(["a", "b", "?"]), max_size=5)
environments = st.tuples(
    st.dictionaries(st.sampled_from(PACKAGES), file_lists, min_size=1),
    st.dictionaries(st.sampled_from(PATHS), st.sampled_from(["gone", "unreadable", "other-kind", "a", "b", "c"])),
)
Environment = tuple[dict[str, dict[str, str]], dict[str, str]]


def text_of(environment: Environment, order: Iterable[str] | None = None) -> str:
    packages, states = environment
    lines: list[str] = []
    for head in order or packages:
        lines += [head, *(f"  - {path} ={content}" for path, content in packages[head].items())]
    listed = {path for files in packages.values() for path in files}
    for path, state in states.items():
        if path in listed:
            lines.append(f"- there {path} ={state}" if len(state) == 1 else f"- {state} {path}")
    return "\n".join(lines)


law = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@law
@given(environment=environments)
def test_every_path_that_an_owner_misses_is_told_by_exactly_one_rule(
    make_facts: MakeFacts, environment: Environment
) -> None:
    facts = make_facts(prefix=text_of(environment))
    assert isinstance(facts.prefix, Prefix)
    assert isinstance(facts.inspection, Inspection)
    tellers = [fault.path for code in FILE_CODES for fault in faults_told_by(facts, code)]
    assert len(tellers) == len(set(tellers))
    stale = left_behind(facts)
    for path, owners in facts.prefix.owners.items():
        found = facts.inspection.found.get(path)
        missed = [file for package, file in owners if package.record not in stale and found and not found.meets(file)]
        assert not missed or path in tellers


@law
@given(environment=environments, seed=st.integers(0, 99))
def test_the_order_of_the_packages_never_matters(make_facts: MakeFacts, environment: Environment, seed: int) -> None:
    heads = list(environment[0])
    random.Random(seed).shuffle(heads)
    # Who of a manager comes first tells nothing, but what lies at a path is its first owner's where nothing is said.
    states = {path: environment[1].get(path, "a") for path in PATHS}
    one, other = (make_facts(prefix=text_of((environment[0], states), order)) for order in (environment[0], heads))
    assert findings(one) == findings(other)


@law
@given(environment=environments)
def test_an_environment_that_is_as_recorded_has_nothing_to_tell(
    make_facts: MakeFacts, environment: Environment
) -> None:
    projects = {head.split()[3]: files for head, files in environment[0].items()}
    own = {
        f"- {manager} linux-64 {name}-{manager} 1.0{' 0' if manager == 'conda' else ''}": {
            f"{manager}/{name}/{path}": content for path, content in files.items()
        }
        for name, files in projects.items()
        for manager in ("conda", "pip")
    }
    facts = make_facts(prefix=text_of((own, {})))
    assert findings(facts) == []


def test_without_an_environment_there_is_nothing_to_tell(make_facts: MakeFacts) -> None:
    facts = make_facts("dependencies:\n  - python=3.12\n")
    assert findings(facts) == []
    assert faults_told_by(facts, "RC601") == []
    assert (taken_over(facts), left_behind(facts)) == ({}, frozenset())


def test_metadata_of_two_versions_is_told_where_no_file_was_looked_at(make_facts: MakeFacts) -> None:
    facts = make_facts(prefix="- pip linux-64 wheel 0.9.0, by pip\n- pip linux-64 wheel 0.42.0, by pip")
    facts = replace(facts, inspection=Unseen(reason="not asked for"), memo={})
    (finding,) = findings(facts)
    assert finding.evidence == ()
    assert left_behind(facts) == {f"{SITE}/wheel-0.9.0.dist-info"}  # 0.42 is the newer one


def test_projects_are_read_from_every_kind_of_metadata_but_not_from_vendored_ones(make_facts: MakeFacts) -> None:
    facts = make_facts(
        prefix=f"""
- conda linux-64 many 1.0 0
  - {SITE}/Foo_Bar-1.0.dist-info/METADATA
  - {SITE}/pyyaml-5.1-py3.11.egg-info/PKG-INFO
  - {SITE}/distutils_made-1.0-py3.11.egg-info
  - {SITE}/many/_vendor/tomli-2.0.dist-info/METADATA
  - share/many/METADATA
""".strip()
    )
    assert isinstance(facts.prefix, Prefix)
    assert projects_of(facts.prefix.conda[0]) == ("distutils-made", "foo-bar", "pyyaml")


@pytest.mark.parametrize(
    ("path", "loss", "change"),
    [
        (f"{SITE}/numpy/core.py", Severity.ERROR, Severity.ERROR),
        (f"{SITE}/numpy/_core.cpython-311-x86_64-linux-gnu.so", Severity.ERROR, Severity.ERROR),
        ("lib/libz.so.1.3.1", Severity.ERROR, Severity.ERROR),
        ("lib/libz.1.dylib", Severity.ERROR, Severity.ERROR),
        ("Library/bin/zlib.dll", Severity.ERROR, Severity.ERROR),
        ("Scripts/pip-script.txt", Severity.ERROR, Severity.ERROR),
        (f"{SITE}/nvidia/cuda_nvcc/bin/ptxas", Severity.ERROR, Severity.ERROR),
        (f"{SITE}/__editable__.lab-1.0.pth", Severity.ERROR, Severity.ERROR),
        (f"{SITE}/numpy/tests/test_core.py", Severity.INFO, Severity.WARNING),
        (f"{SITE}/numpy-2.2.4.dist-info/licenses/a/terms.txt", Severity.INFO, Severity.WARNING),
        (f"{SITE}/numpy-2.2.4.dist-info/METADATA", Severity.WARNING, Severity.WARNING),
        ("share/man/man1/xz.1", Severity.INFO, Severity.WARNING),
        ("share/doc/xz/faq.txt", Severity.INFO, Severity.WARNING),
        ("share/docker/entry.txt", Severity.WARNING, Severity.WARNING),
        (f"{SITE}/numpy/testing/utils.py", Severity.ERROR, Severity.ERROR),
        ("include/zlib.h", Severity.WARNING, Severity.WARNING),
        ("lib/libz.a", Severity.WARNING, Severity.WARNING),
        ("__clobbers__/jpeg/lib/libjpeg.so", Severity.WARNING, Severity.WARNING),
        ("etc/fonts/fonts.conf", Severity.WARNING, Severity.INFO),
        ("etc/conda/activate.d/gdal.sh", Severity.WARNING, Severity.INFO),
        ("ssl/cacert.pem", Severity.WARNING, Severity.INFO),
        (f"{SITE}/certifi/cacert.pem", Severity.WARNING, Severity.INFO),
        ("lib/gdk-pixbuf-2.0/2.10.0/loaders.cache", Severity.WARNING, Severity.INFO),
        ("share/glib-2.0/schemas/gschemas.compiled", Severity.WARNING, Severity.INFO),
        ("share/mime/mime.cache", Severity.WARNING, Severity.INFO),
        (f"{SITE}/easy-install.pth", Severity.ERROR, Severity.INFO),
        (f"{SITE}/matplotlib/mpl-data/matplotlibrc", Severity.WARNING, Severity.INFO),
        ("share/metcalf/etcetera.txt", Severity.WARNING, Severity.WARNING),
    ],
)
def test_how_bad_it_is_depends_on_who_uses_the_file(path: str, loss: Severity, change: Severity) -> None:
    assert (harm_of_loss(path), harm_of_change(path)) == (loss, change)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (f"{SITE}/LICENSE.txt", True),
        (f"{SITE}/tests/__init__.py", True),
        (f"{SITE}/docs/conf.py", True),
        (f"{SITE}/a-1.0.dist-info/RECORD", True),
        ("share/info/dir", True),
        (".crates2.json", True),
        (f"{SITE}/numpy/tests/__init__.py", False),
        (f"{SITE}/changeset/core.py", False),
        (f"{SITE}/lab/license.py", False),
        (f"{SITE}/contests/core.py", False),
    ],
)
def test_clutter_is_what_nobody_imports(path: str, expected: bool) -> None:
    assert is_clutter(path) is expected
