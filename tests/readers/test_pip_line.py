"""Lines of a `pip:` section: kind, project, constraint."""

from __future__ import annotations

import pytest

from reprocheck.model.findings import Location
from reprocheck.model.project_names import normalise_name
from reprocheck.readers.pip_line import read_pip_line, split_pip_line

CASES = {
    "torch": ("requirement", "torch", "", None),
    "Torch_Scatter==2.1": ("requirement", "torch-scatter", "==2.1", None),
    "torch >= 2.0, < 3": ("requirement", "torch", ">= 2.0, < 3", None),
    "torch (>=2.0)": ("requirement", "torch", ">=2.0", None),
    "uvicorn[standard]>=0.2": ("requirement", "uvicorn", ">=0.2", None),
    "pywin32; sys_platform == 'win32'": ("requirement", "pywin32", "", "sys_platform == 'win32'"),
    "torch==2.0.0+cu118": ("requirement", "torch", "==2.0.0+cu118", None),
    "azureml-core=={{latest-pypi-version}}": ("requirement", "azureml-core", "=={{latest-pypi-version}}", None),
    "torch @ https://host/torch-2.0-cp311-none-any.whl": (
        "url",
        "torch",
        "https://host/torch-2.0-cp311-none-any.whl",
        None,
    ),
    "https://u:p@host/x/pkg_a-1.0-py3-none-any.whl": (
        "url",
        "pkg-a",
        "https://host/x/pkg_a-1.0-py3-none-any.whl",
        None,
    ),
    "git+https://host/a/b.git@0123abc#egg=Some_Pkg": (
        "url",
        "some-pkg",
        "git+https://host/a/b.git@0123abc#egg=Some_Pkg",
        None,
    ),
    "torch==1.10.0 --hash=sha256:aa --hash=sha256:bb": ("requirement", "torch", "==1.10.0", None),
    "torch==1.10.0 -f https://host/wheels.html": ("requirement", "torch", "==1.10.0", None),
    "torch>=2  # for compile": ("requirement", "torch", ">=2", None),
    "a @ https://host/a.whl ; os_name == 'nt'": ("url", "a", "https://host/a.whl", "os_name == 'nt'"),
    "a @ https://host/a.whl; os_name == 'nt'": ("url", "a", "https://host/a.whl", "os_name == 'nt'"),
    "https://host/a;b/c-1-py3-none-any.whl ; os_name == 'nt'": (
        "url",
        "c",
        "https://host/a;b/c-1-py3-none-any.whl",
        "os_name == 'nt'",
    ),
    "numpy @ file:///croot/numpy/work": ("path", "numpy", "", None),
    "numpy @ ./numpy ; os_name == 'nt'": ("path", "numpy", "", "os_name == 'nt'"),
    "file:///wheels/pkg_a-1.0-py3-none-any.whl": ("path", "pkg-a", "", None),
    "git+https://host/a/b.git": ("url", None, "git+https://host/a/b.git", None),
    "-e .": ("editable", None, "", None),
    "--editable=git+https://host/a.git#egg=a-b": ("editable", "a-b", "", None),
    "-r requirements.txt": ("option", None, "", None),
    "--extra-index-url https://host/simple": ("option", None, "", None),
    "./pkg": ("path", None, "", None),
    "wheels/pkg_a-1.0-py3-none-any.whl": ("path", "pkg-a", "", None),
    "submodules/simple-knn": ("path", None, "", None),
    "@VERSION@": ("unreadable", None, "", None),
    "torch 2.0": ("unreadable", "torch", "2.0", None),
}


@pytest.mark.parametrize(("text", "parts"), CASES.items(), ids=CASES)
def test_a_pip_line_comes_apart(text: str, parts: tuple[str | None, ...]) -> None:
    found = split_pip_line(text)
    expected = parts if parts[0] != "path" or parts[1] else ("path", None, found.specifier, None)
    assert (found.kind, found.name, found.specifier, found.marker) == expected


@pytest.mark.parametrize("name", ["Foo.Bar", "foo_bar", "FOO-BAR", "foo-_.bar"])
def test_names_are_compared_after_pep_503(name: str) -> None:
    assert normalise_name(name) == "foo-bar"


@pytest.mark.parametrize(
    ("text", "extras"),
    [
        ("uvicorn[standard]>=0.2", ("standard",)),
        ("ray [Tune, default,] >=2", ("default", "tune")),
        ("a[B_b] @ https://host/a.whl", ("b-b",)),
        ("a[x] 2.0", ("x",)),
        ("a[]", ()),
        ("a", ()),
    ],
)
def test_extras_are_normalised_and_sorted(text: str, extras: tuple[str, ...]) -> None:
    assert split_pip_line(text).extras == extras


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("--index-url=https://u:p@host/simple", "--index-url=https://<credentials>@host/simple"),
        ("--index-url https://u:p@host/simple", "--index-url https://host/simple"),
        ("a@https://u:p@host/a.whl", "a@https://<credentials>@host/a.whl"),
    ],
)
def test_a_line_is_shown_without_credentials_and_kept_with_them(line: str, shown: str) -> None:
    found = read_pip_line(line, Location(path="r.txt", line=1, column=1), category="dev", selector="linux")
    assert (found.text, found.address) == (shown, line)
    assert "u:p" not in repr(found)
    assert (found.category, found.selector) == ("dev", "linux")
