"""Channels are found where conda finds them, and shown without what is secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprocheck.errors import InputError
from reprocheck.locking.channels import CondaChannel, resolve_channels


def only(address: str, folder: Path = Path()) -> CondaChannel:
    (channel,) = resolve_channels([address], "environment.yml", folder)
    return channel


def test_a_name_is_looked_for_on_the_public_host() -> None:
    channel = only("nvidia/label/cuda-11.8.0")
    assert (channel.name, channel.base) == (
        "nvidia/label/cuda-11.8.0",
        "https://conda.anaconda.org/nvidia/label/cuda-11.8.0",
    )


def test_defaults_stands_for_three_channels_under_one_name() -> None:
    channels = resolve_channels(["defaults", "nodefaults", "defaults"], "x", Path())
    assert [channel.base for channel in channels] == [
        "https://repo.anaconda.com/pkgs/main",
        "https://repo.anaconda.com/pkgs/r",
        "https://repo.anaconda.com/pkgs/msys2",
    ]
    assert {channel.name for channel in channels} == {"defaults"}


def test_a_relative_folder_is_meant_from_the_environment_file(tmp_path: Path) -> None:
    assert only("./channel", tmp_path).base == (tmp_path / "channel").resolve().as_uri()


def test_credentials_serve_to_fetch_and_are_never_shown() -> None:
    channel = only("https://me:secret@host.example/t/tk-123/org/")
    assert channel.base == "https://me:secret@host.example/t/tk-123/org"
    assert channel.name == "https://host.example/t/<token>/org"
    shown = channel.public_package_url("https://me:secret@host.example/t/tk-123/org/noarch/a-1-0.conda")
    assert shown == "https://host.example/t/<token>/org/noarch/a-1-0.conda"
    assert "secret" not in repr(channel)
    assert "tk-123" not in repr(channel)


def test_a_variable_is_filled_in_to_fetch_and_kept_as_a_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_TOKEN", "tk-9")
    channel = only("https://host.example/t/$MY_TOKEN/org")
    assert channel.base == "https://host.example/t/tk-9/org"
    assert channel.public_package_url(f"{channel.base}/noarch/a-1-0.conda") == (
        "https://host.example/t/$MY_TOKEN/org/noarch/a-1-0.conda"
    )
    assert channel.public_package_url("https://u:p@elsewhere/a.conda") == "https://elsewhere/a.conda"


def test_a_local_channel_answers_to_the_name_of_its_folder(tmp_path: Path) -> None:
    assert only(str(tmp_path / "pytorch")).answers_to("pytorch")
    assert only("conda-forge").answers_to("https://conda.anaconda.org/conda-forge/")
    assert not only("https://host.example/pytorch").answers_to("pytorch")


def test_an_address_of_no_known_kind_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        resolve_channels(["conda forge"], "environment.yml:2:5", Path())
    assert caught.value.lines() == [
        "error: channel `conda forge` is neither a name, a URL nor a folder",
        "  where: environment.yml:2:5",
        "  why:   channels look like `conda-forge`, `https://host/channel` or `./folder`",
        "  how:   correct the channel",
    ]
