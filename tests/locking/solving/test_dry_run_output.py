"""What conda, mamba and micromamba print is read into packages or a reason, odd forms included."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reprocheck.locking.solving.channels import resolve_channels
from reprocheck.locking.solving.dry_run_output import Incomplete, documents, read_packages, read_refusal

CHANNELS = resolve_channels(["conda-forge", "https://me:hush@h.invalid/t/tk-1/org"], "x", Path())
# As micromamba 1 and 2 print it: whole records under FETCH and LINK, virtual packages among them.
RECORD = {
    "build": "h08_0",
    "build_number": 0,
    "build_string": "h08_0",
    "channel": "https://conda.anaconda.org/conda-forge/linux-64",
    "constrains": [],
    "depends": ["libgcc-ng >=12", "python >=3.11,<3.12.0a0", "python_abi 3.11.* *_cp311"],
    "fn": "numpy-1.26.4-h08_0.conda",
    "license": "BSD-3-Clause",
    "md5": "0" * 32,
    "name": "numpy",
    "sha256": "f" * 64,
    "size": 1,
    "subdir": "linux-64",
    "timestamp": 1707225421156,
    "track_features": "",
    "url": "https://conda.anaconda.org/conda-forge/linux-64/numpy-1.26.4-h08_0.conda",
    "version": "1.26.4",
}
PROMISE = {**RECORD, "name": "__glibc", "version": "2.28", "url": "file:///machine/linux-64/__glibc-2.28-0.tar.bz2"}
# As conda prints a LINK: names only.
LINK = {
    "base_url": "https://conda.anaconda.org/conda-forge",
    "build_number": 0,
    "build_string": "h08_0",
    "channel": "conda-forge",
    "dist_name": "numpy-1.26.4-h08_0",
    "name": "numpy",
    "platform": "linux-64",
    "version": "1.26.4",
}


def output(fetch: object, link: object = ()) -> str:
    actions = {"FETCH": fetch, "LINK": link, "PREFIX": "/p"}
    return json.dumps({"actions": actions, "dry_run": True, "prefix": "/p", "success": True}, indent=4)


def test_a_record_becomes_a_whole_entry_and_promises_are_left_out() -> None:
    found = read_packages(output([PROMISE, RECORD], [LINK]), "linux-64", CHANNELS)
    assert isinstance(found, tuple)
    (package,) = found
    assert (package.name, package.version, package.build, package.channel) == (
        "numpy",
        "1.26.4",
        "h08_0",
        "conda-forge",
    )
    assert package.dependencies == (
        ("libgcc-ng", ">=12"),
        ("python", ">=3.11,<3.12.0a0"),
        ("python_abi", "3.11.* *_cp311"),
    )
    assert (package.url, package.md5, package.sha256) == (RECORD["url"], "0" * 32, "f" * 64)
    assert (package.platform, package.manager, package.category, package.optional) == (
        "linux-64",
        "conda",
        "main",
        False,
    )


def test_actions_that_are_no_list_hold_nothing() -> None:
    assert read_packages('{"actions": {"FETCH": 3}}', "linux-64", CHANNELS) == ()
    assert list(documents('{"a": 1}{"b": 2}')) == [{"a": 1}]


def test_a_record_under_link_alone_is_enough_when_it_is_whole() -> None:
    found = read_packages(output([], [RECORD]), "linux-64", CHANNELS)
    assert isinstance(found, tuple)
    assert [package.name for package in found] == ["numpy"]


def test_a_name_without_its_record_is_told() -> None:
    assert read_packages(output([], [LINK]), "linux-64", CHANNELS) == Incomplete(name="numpy")


def test_nothing_to_install_is_a_solution_and_no_actions_are_none() -> None:
    assert read_packages(output([]), "linux-64", CHANNELS) == ()
    assert read_packages('{"success": true}', "linux-64", CHANNELS) is None
    assert read_packages("", "linux-64", CHANNELS) is None


def test_text_around_and_a_second_document_are_borne() -> None:
    """mamba 1 printed a link document, then a fetch document, with a line of its own in front (mamba#207)."""
    first = json.dumps({"actions": {"FETCH": [], "LINK": [LINK]}, "success": True}, indent=2)
    second = json.dumps({"actions": {"FETCH": [{**RECORD, "depends": None}]}}, indent=2)
    found = read_packages(f"DryRunExit: Dry run. Exiting.\n\n{first}\n{second}\n", "linux-64", CHANNELS)
    assert isinstance(found, tuple)
    assert [(package.name, package.dependencies) for package in found] == [("numpy", ())]


def test_records_that_are_none_are_skipped() -> None:
    assert read_packages(output([7, {"version": "1"}]), "linux-64", CHANNELS) == ()


@pytest.mark.parametrize(
    "url",
    ["https://me:hush@h.invalid/t/tk-1/org/noarch/a-1-0.conda", "https://h.invalid/t/<TOKEN>/org/noarch/a-1-0.conda"],
)
def test_credentials_are_gone_whether_the_program_masks_them_or_not(url: str) -> None:
    found = read_packages(output([{**RECORD, "url": url}]), "linux-64", CHANNELS)
    assert isinstance(found, tuple)
    assert found[0].url == "https://h.invalid/t/<token>/org/noarch/a-1-0.conda"


def test_broken_json_is_no_document() -> None:
    assert list(documents('{"a": \n{"b": 1}\n[1]\n{ nonsense')) == [{"b": 1}]
    assert list(documents('{"a": {\n"b": 1}\n}')) == [{"a": {"b": 1}}]


def test_conda_names_the_packages_that_it_did_not_find() -> None:
    refused = read_refusal(
        json.dumps(
            {
                "exception_name": "PackagesNotFoundError",
                "message": "The following packages are not available from current channels:\n\n  - numpyy=1.26",
                "packages": ["numpyy=1.26", "conda-forge::scipyy"],
            }
        ),
        "",
    )
    assert refused.absent == ("numpyy", "scipyy")


@pytest.mark.parametrize(
    ("stdout", "stderr"),
    [
        ('{"solver_problems": ["nothing provides requested xyz >=2"], "success": false}', ""),
        ("", "Encountered problems while solving:\n  - nothing provides requested xyz\n"),
    ],
)
def test_mamba_names_what_nothing_provides(stdout: str, stderr: str) -> None:
    assert read_refusal(stdout, stderr).absent == ("xyz",)


@pytest.mark.parametrize(
    "stdout",
    [
        '{"solver_problems": ["package a-1-0 requires b >=2, but none of the providers can be installed"]}',
        '{"exception_name": "LibMambaUnsatisfiableError", "message": "a-1-0 requires b >=2"}',
        '{"exception_name": "UnsatisfiableError", "error": "a-1-0 requires b >=2"}',
        "error    libmamba Could not solve for environment specs\n  a-1-0 requires b >=2",
    ],
)
def test_specs_that_clash_are_no_solution(stdout: str) -> None:
    refused = read_refusal(stdout, "")
    assert (refused.unsolvable, refused.network) == (True, False)
    assert "requires b >=2" in refused.message


@pytest.mark.parametrize(
    ("stdout", "stderr"),
    [
        (
            '{"exception_name": "CondaHTTPError", "message": "HTTP 000 CONNECTION FAILED for <https://h.invalid>"}',
            "",
        ),
        ('{"exception_name": "UnavailableInvalidChannel", "message": "HTTP 404 NOT FOUND for channel x"}', ""),
        ("", "critical libmamba Multiple errors occurred:\n    Download error (6) Could not resolve hostname"),
    ],
)
def test_a_channel_out_of_reach_is_no_clash(stdout: str, stderr: str) -> None:
    refused = read_refusal(stdout, stderr)
    assert (refused.unsolvable, refused.network, refused.absent) == (False, True, ())


def test_any_other_failure_is_neither() -> None:
    refused = read_refusal("", "Segmentation fault")
    assert (refused.unsolvable, refused.network, refused.message) == (False, False, "Segmentation fault")
