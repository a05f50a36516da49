"""The packaged example is found in a checkout and in a wheel, and copied whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reprocheck.errors import InputError
from reprocheck.workflows import example


def test_the_example_is_copied_with_its_channel(tmp_path: Path) -> None:
    example.copy_example(tmp_path)
    assert len((tmp_path / "environment.yml").read_text().splitlines()) == 10
    for platform in ("linux-64", "osx-arm64", "win-64", "noarch"):
        repodata = json.loads((tmp_path / "channel" / platform / "repodata.json").read_text())
        assert repodata["info"]["subdir"] == platform
        assert {record["subdir"] for record in repodata["packages.conda"].values()} == {platform}


def test_a_wheel_without_the_example_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(example, "_PLACES", (tmp_path / "absent",))
    with pytest.raises(InputError, match="the packaged example is missing"):
        example.copy_example(tmp_path)
