"""Who has a name, and who is hidden."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reprocheck.locking.solving.channel_names import ChannelNames, tiers
from reprocheck.locking.solving.channels import CondaChannel
from reprocheck.model.environments import EnvironmentFile


def channel(name: str, group: str | None = None) -> CondaChannel:
    return CondaChannel(name=name, public_base=f"https://{name}.invalid", base=f"https://{name}.invalid", group=group)


HIGH, MAIN, REST = channel("high"), channel("main", "defaults"), channel("rest", "defaults")
NAMES = ChannelNames(
    channels=(HIGH, MAIN, REST),
    names={
        (HIGH.base, "noarch"): frozenset({"pure"}),
        (MAIN.base, "linux-64"): frozenset({"pure", "tool"}),
        (REST.base, "linux-64"): frozenset({"tool"}),
    },
)


@pytest.mark.parametrize(
    ("name", "platform", "visible"),
    [
        ("pure", "linux-64", (HIGH,)),
        ("pure", "win-64", (HIGH,)),
        ("tool", "linux-64", (MAIN, REST)),
        ("tool", "win-64", ()),
    ],
)
def test_the_first_channel_and_its_group_are_left(name: str, platform: str, visible: tuple[CondaChannel, ...]) -> None:
    assert NAMES.visible(name, platform) == visible


def test_a_named_channel_is_meant_even_where_it_is_hidden(environment: Callable[..., EnvironmentFile]) -> None:
    named, group, nobody = environment("main::pure", "defaults::tool", "other::tool").conda
    assert NAMES.meant_by(named, "linux-64") == (MAIN,)
    assert NAMES.meant_by(group, "linux-64") == (MAIN, REST)
    assert NAMES.meant_by(nobody, "linux-64") == ()


def test_the_nearest_names_are_others() -> None:
    assert NAMES.near("tol", "linux-64") == ("tool",)
    assert NAMES.near("tool", "linux-64") == ()


def test_channels_stand_by_rank() -> None:
    assert tiers((HIGH, MAIN, REST)) == ((HIGH,), (MAIN, REST))
