"""Channels are found where conda finds them, and shown without what is secret."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reprocheck.errors import InputError
from reprocheck.locking.solving.channels import CondaChannel, resolve_channels
from reprocheck.model.conda_settings import CondaSettings


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


def with_settings(address: str, keep_mirror: bool = False, **fields: Any) -> list[tuple[str, str, str]]:
    settings = CondaSettings(**fields)
    channels = resolve_channels([address], "x", Path(), settings, keep_mirror=keep_mirror)
    return [(channel.name, channel.public_base, channel.base) for channel in channels]


def test_an_alias_is_asked_and_the_public_address_is_locked() -> None:
    alias: dict[str, Any] = {"channel_alias": "https://me:hush@m.invalid/cloud"}
    canonical = "https://conda.anaconda.org/conda-forge"
    fetched = "https://me:hush@m.invalid/cloud/conda-forge"
    assert with_settings("conda-forge", **alias) == [("conda-forge", canonical, fetched)]
    kept = "https://m.invalid/cloud/conda-forge"
    assert with_settings("conda-forge", keep_mirror=True, **alias) == [(kept, kept, fetched)]


def test_an_alias_without_a_scheme_is_meant_securely() -> None:
    assert with_settings("org", channel_alias="m.invalid/cloud")[0][2] == "https://m.invalid/cloud/org"


def test_a_url_is_fetched_as_it_stands_whatever_the_alias() -> None:
    url = "https://conda.anaconda.org/conda-forge"
    assert with_settings(url, channel_alias="https://m.invalid") == [(url, url, url)]


def test_a_known_name_of_the_custom_channels_is_a_mirror_and_any_other_a_channel_of_its_own() -> None:
    custom: dict[str, Any] = {
        "custom_channels": (("nvidia", "https://m.invalid/cloud/"), ("ours", "https://u:$PW@c.invalid"))
    }
    label = "nvidia/label/cuda-12.4.0"
    assert with_settings(label, **custom) == [
        (label, f"https://conda.anaconda.org/{label}", f"https://m.invalid/cloud/{label}")
    ]
    ours = "https://c.invalid/ours"
    assert with_settings("ours", **custom) == [(ours, ours, "https://u:$PW@c.invalid/ours")]
    assert with_settings("others", **custom)[0][2] == "https://conda.anaconda.org/others"


def test_a_custom_channel_may_be_a_folder(tmp_path: Path) -> None:
    uri = (tmp_path / "ours").resolve().as_uri()
    assert with_settings("ours", custom_channels=(("ours", str(tmp_path)),)) == [(uri, uri, uri)]


def test_a_mirrored_channel_is_fetched_from_its_first_mirror() -> None:
    assert with_settings("org", mirrors=(("org", "https://m.invalid/x"),)) == [
        ("org", "https://conda.anaconda.org/org", "https://m.invalid/x")
    ]


def test_other_default_channels_are_locked_under_anacondas_addresses_where_they_mirror_them() -> None:
    mirrored = ("https://m.invalid/pkgs/main", "pkgs/r", "https://m.invalid/ours")
    assert with_settings("defaults", default_channels=mirrored) == [
        ("defaults", "https://repo.anaconda.com/pkgs/main", "https://m.invalid/pkgs/main"),
        ("defaults", "https://repo.anaconda.com/pkgs/r", "https://repo.anaconda.com/pkgs/r"),
        ("https://m.invalid/ours", "https://m.invalid/ours", "https://m.invalid/ours"),
    ]
    kept = "https://m.invalid/pkgs/main"
    assert with_settings("defaults", keep_mirror=True, default_channels=mirrored)[0] == (kept, kept, kept)


def test_the_default_channels_rank_alike_and_answer_to_their_word() -> None:
    channels = resolve_channels(["defaults"], "x", Path())
    assert {channel.group for channel in channels} == {"defaults"}
    assert all(channel.answers_to("defaults") for channel in channels)


def test_anacondas_own_channels_keep_their_host_whatever_the_alias() -> None:
    assert with_settings("pkgs/main", channel_alias="https://m.invalid")[0][2] == "https://repo.anaconda.com/pkgs/main"


def test_a_multichannel_stands_for_its_members_in_order_and_each_is_locked_by_its_name() -> None:
    settings = CondaSettings(multichannels=(("lab", ("conda-forge", "https://c.invalid/ours/")),))
    channels = resolve_channels(["lab", "conda-forge"], "x", Path(), settings)
    assert [(channel.name, channel.group) for channel in channels] == [
        ("conda-forge", "lab"),
        ("https://c.invalid/ours", "lab"),
    ]
    assert channels[0].answers_to("lab")
    assert not channels[0].answers_to("ours")
