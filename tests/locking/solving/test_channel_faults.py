"""A client's words become errors: the right kind, the right channel, and nothing secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprocheck.locking.solving.channel_faults import channel_error, public_text, some_channel_error
from reprocheck.locking.solving.channels import CondaChannel, resolve_channels

ONE, OTHER = resolve_channels(["https://me:hush@a.invalid/t/tk-1/org", "https://b.invalid/org"], "x", Path())


@pytest.mark.parametrize(
    ("message", "what", "why"),
    [
        (
            "Request failed after 3 retries\nCaused by: error sending request\nCaused by: Connection refused",
            "channel `https://a.invalid/t/<token>/org` is out of reach",
            "Connection refused",
        ),
        (
            "HTTP status server error (502 Bad Gateway) for url (https://a.invalid/x)",
            "channel `https://a.invalid/t/<token>/org` is out of reach",
            "the server answered `502 Bad Gateway` again and again",
        ),
        (
            "HTTP status client error (407 Proxy Authentication Required) for url (https://a.invalid/x)",
            "channel `https://a.invalid/t/<token>/org` refuses access",
            "the server answered `407 Proxy Authentication Required`",
        ),
        (
            "failed to create '/cache/x'\nCaused by: No space left on device (os error 28)",
            "channel data cannot be cached",
            "No space left on device (os error 28)",
        ),
    ],
)
def test_each_kind_of_failure_has_its_words(message: str, what: str, why: str) -> None:
    error = channel_error(ONE, message, offline=False)
    assert (error.what, error.why, error.exit_code) == (what, why, 3)


def test_a_failure_while_solving_is_told_of_the_channel_that_it_names() -> None:
    error = some_channel_error([ONE, OTHER], "failed to download https://b.invalid/org/noarch/x", offline=False)
    assert error.what == "channel `https://b.invalid/org` is out of reach"


def test_a_failure_that_names_no_channel_is_told_all_the_same() -> None:
    assert some_channel_error([ONE], "it broke", offline=False).lines() == [
        "error: a channel is out of reach",
        "  why:   it broke",
        "  how:   check its name and the network, then try again",
    ]
    assert some_channel_error([ONE], "it broke", offline=True).how == "run once without `--offline`"


def test_a_record_of_another_type_is_broken_data_also_offline() -> None:
    message = "failed to extract repodata records from sparse repodata\nCaused by: invalid type: integer `3`"
    for offline in (False, True):
        assert channel_error(ONE, message, offline=offline).what.endswith("is broken")
        assert some_channel_error([ONE, OTHER], message, offline=offline).what == "channel data is broken"


def test_a_solvers_words_lose_every_credential() -> None:
    words = f"not from '{ONE.base}/'\nnor https://you:pw@c.invalid/t/tk-2/x"
    assert public_text(words, [ONE]) == (
        "not from 'https://a.invalid/t/<token>/org/'\nnor https://<credentials>@c.invalid/t/<token>/x"
    )


def test_a_mirror_is_named_by_what_it_mirrors() -> None:
    mirror = CondaChannel(name="org", public_base="https://conda.anaconda.org/org", base="https://m.invalid/org")
    error = channel_error(mirror, "could not read https://m.invalid/org/noarch", offline=False)
    assert error.why == "could not read https://conda.anaconda.org/org/noarch"
