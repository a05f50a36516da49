"""The wheels that stand for conda's packages are the same bytes in every run, and ask for nothing."""

from __future__ import annotations

import zipfile
from pathlib import Path

from reprocheck.locking.pip_part.provided_projects import provided_projects
from reprocheck.locking.pip_part.stub_wheels import write_stubs
from tests.locking.local_index import conda_package


def test_a_stub_asks_for_nothing_and_is_the_same_bytes_in_every_run(tmp_path: Path) -> None:
    projects = provided_projects([conda_package("pytorch", "2.5.1"), conda_package("ruamel.yaml", "0.18")]).projects
    names = ("ruamel_yaml-0.18-py3-none-any.whl", "torch-2.5.1-py3-none-any.whl")
    one, two = tmp_path / "one" / "provided-by-conda", tmp_path / "two" / "provided-by-conda"
    assert write_stubs(tmp_path / "one", projects) == (
        f"ruamel-yaml @ {(one / names[0]).as_uri()}",
        f"torch @ {(one / names[1]).as_uri()}",
    )
    write_stubs(tmp_path / "two", projects)
    assert [(one / name).read_bytes() for name in names] == [(two / name).read_bytes() for name in names]
    with zipfile.ZipFile(one / names[1]) as wheel:
        assert wheel.read("torch-2.5.1.dist-info/METADATA") == b"Metadata-Version: 2.1\nName: torch\nVersion: 2.5.1\n"
