"""Every way in which a network fails ends in one clean error, five times out of five; what heals is tried again."""

from __future__ import annotations

import os
import re
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reprocheck import __version__
from reprocheck.errors import UndecidedError
from reprocheck.locking.solving.channels import resolve_channels
from reprocheck.locking.solving.rattler_solver import solve_platforms
from reprocheck.locking.solving.solve_jobs import Solved, SolveJob, SolveRequest
from reprocheck.model.conda_settings import CondaSettings
from reprocheck.model.environments import EnvironmentFile

if TYPE_CHECKING:
    from tests.locking.channel_server import ChannelServer

RUNS = 5
PLATFORM = "linux-64/repodata.json"


@pytest.fixture
def server(serving: Callable[[Path], AbstractContextManager[ChannelServer]], channels: Path) -> Iterator[ChannelServer]:
    with serving(channels) as running:
        yield running


@pytest.fixture
def request_of(environment: Callable[..., EnvironmentFile], tmp_path: Path) -> Callable[..., SolveRequest]:
    """Make a request for `tidy` on linux-64 over one channel, without retries and with an empty cache."""

    def make(address: str, **more: object) -> SolveRequest:
        job = SolveJob(platform="linux-64", specs=environment("shared-name").conda, virtual_packages=())
        fields: dict[str, object] = {"timeout_s": 20, "retries": 0, "cache_folder": tmp_path / "cache", **more}
        return SolveRequest(channels=resolve_channels([address], "x", Path()), jobs=(job,), **fields)  # type: ignore[arg-type]

    return make


Requests = Callable[..., SolveRequest]


def outcome(request: SolveRequest) -> str:
    """Return the names that were solved, or the whole error with its exit code."""
    try:
        (answer,) = solve_platforms(request, lambda _message: None)
    except UndecidedError as error:
        return "\n".join([*error.lines(), f"exit {error.exit_code}"])
    assert isinstance(answer, Solved)
    return ", ".join(package.name for package in answer.packages)


def five_times(request: SolveRequest, tmp_path: Path) -> str:
    """Return the one outcome of five runs, each with a cache of its own; runs wait side by side to save time."""
    requests = [replace(request, cache_folder=tmp_path / f"cache-{number}") for number in range(RUNS)]
    with ThreadPoolExecutor(RUNS) as pool:
        outcomes = set(pool.map(outcome, requests))
    assert len(outcomes) == 1, outcomes
    return outcomes.pop()


def told(what: str, where: str, why: str, how: str) -> str:
    return f"error: {what}\n  where: {where}\n  why:   {why}\n  how:   {how}\nexit 3"


@pytest.mark.parametrize(("code", "phrase"), [(401, "Unauthorized"), (403, "Forbidden")])
def test_a_channel_that_refuses_access(
    code: int, phrase: str, server: ChannelServer, request_of: Requests, tmp_path: Path
) -> None:
    server.status(code)
    address = f"{server.address.replace('//', '//me:hush@')}/t/tk-1/high"
    shown = f"{server.address}/t/<token>/high"
    assert five_times(request_of(address), tmp_path) == told(
        f"channel `{shown}` refuses access",
        shown,
        f"the server answered `{code} {phrase}`",
        "give its address with credentials, as in `https://host/t/$TOKEN/channel`, or check them",
    )


def test_a_channel_that_does_not_exist(server: ChannelServer, request_of: Requests, tmp_path: Path) -> None:
    address = f"{server.address}/nowhere"
    assert five_times(request_of(address), tmp_path) == told(
        f"channel `{address}` does not exist", address, "the server answered `404 Not Found`", "correct its name"
    )


def test_a_channel_without_noarch(server: ChannelServer, request_of: Requests, tmp_path: Path) -> None:
    server.status(404, "noarch/repodata.json")
    address = f"{server.address}/high"
    assert five_times(request_of(address), tmp_path) == told(
        f"channel `{address}` has no `noarch` folder",
        address,
        "conda wants `noarch/repodata.json` in every channel, also beside linux-64",
        "ask its owner to add an empty one",
    )


def test_a_channel_without_the_platform_is_a_channel(
    server: ChannelServer, request_of: Requests, tmp_path: Path
) -> None:
    server.status(404, PLATFORM)
    assert five_times(request_of(f"{server.address}/high"), tmp_path) == "shared-name"


def test_a_server_that_stays_busy_is_asked_again_and_then_given_up(
    server: ChannelServer, request_of: Requests, tmp_path: Path
) -> None:
    server.status(503, PLATFORM)
    address = f"{server.address}/high"
    assert five_times(request_of(address, retries=1), tmp_path) == told(
        f"channel `{address}` is out of reach",
        address,
        "the server answered `503 Service Unavailable` again and again",
        "try again later",
    )
    assert server.asked(PLATFORM) == RUNS * 2


@pytest.mark.parametrize("code", [429, 500, 503])
def test_a_server_that_is_busy_for_a_moment_is_asked_again_after_a_pause(
    code: int, server: ChannelServer, request_of: Requests
) -> None:
    server.status(code, PLATFORM, times=2)
    assert outcome(request_of(f"{server.address}/high", retries=3)) == "shared-name"
    assert server.asked(PLATFORM) == 3


def test_a_connection_that_breaks_once_is_tried_again(server: ChannelServer, request_of: Requests) -> None:
    server.drop(PLATFORM, times=1)
    assert outcome(request_of(f"{server.address}/high", retries=2)) == "shared-name"
    assert server.asked(PLATFORM) == 2


def test_a_connection_that_always_breaks(server: ChannelServer, request_of: Requests, tmp_path: Path) -> None:
    server.drop(PLATFORM)
    text = five_times(request_of(f"{server.address}/high"), tmp_path)
    assert text.startswith(f"error: channel `{server.address}/high` is out of reach\n")
    assert "reset" in text
    assert text.endswith("exit 3")


def test_a_download_that_is_cut_short_every_time(server: ChannelServer, request_of: Requests, tmp_path: Path) -> None:
    data = (server.folder / "high" / PLATFORM).read_bytes()
    server.give(data[:200], PLATFORM, announced=len(data))
    address = f"{server.address}/high"
    assert five_times(request_of(address), tmp_path) == told(
        f"channel `{address}` is out of reach",
        address,
        "every download ended before its announced size",
        "try again later",
    )


def test_a_download_that_is_cut_short_once_is_made_again(server: ChannelServer, request_of: Requests) -> None:
    data = (server.folder / "high" / PLATFORM).read_bytes()
    server.give(data[:200], PLATFORM, announced=len(data), times=1)
    assert outcome(request_of(f"{server.address}/high")) == "shared-name"
    assert server.asked(PLATFORM) == 2


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b'{"info": {"subdir": "li', "EOF while parsing a string at line 1 column 23"),
        (b"<html>please log in</html>", "expected value at line 1 column 1"),
        (b"", "EOF while parsing a value at line 1 column 0"),
        (b'{"packages": [1]}', r"invalid type: .*"),
    ],
)
def test_broken_channel_data(
    body: bytes, why: str, server: ChannelServer, request_of: Requests, tmp_path: Path
) -> None:
    server.give(body, PLATFORM)
    address = f"{server.address}/high"
    lines = five_times(request_of(address), tmp_path).splitlines()
    assert lines[:2] == [f"error: channel data of `{address}` is broken", f"  where: {address}"]
    assert re.fullmatch(f"  why:   {why}", lines[2])
    assert lines[3:] == ["  how:   try again later; if it stays, tell the channel's owner", "exit 3"]


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ('{"name": "shared-name"}', "missing field `build` at line 1 column 23"),
        (
            '{"name": "shared-name", "version": 3}',
            "invalid type: integer `3`, expected a string at line 1 column 36",
        ),
        ("[]", "invalid length 0, expected struct PackageRecord with 27 elements at line 1 column 2"),
    ],
)
def test_a_broken_record_is_told_when_it_is_needed(
    record: str, why: str, server: ChannelServer, request_of: Requests, tmp_path: Path
) -> None:
    text = f'{{"packages.conda": {{"shared-name-1.0-0.conda": {record}}}}}'
    server.give(text.encode(), "noarch/repodata.json")
    address = f"{server.address}/high"
    assert five_times(request_of(address), tmp_path) == told(
        f"channel data of `{address}` is broken",
        address,
        why,
        "try again later; if it stays, tell the channel's owner",
    )


def test_of_several_channels_and_jobs_the_broken_one_is_named(
    request_of: Requests, channels: Path, write_channel: Callable[..., Path], tmp_path: Path
) -> None:
    """Jobs that wait for the same record are told only that another's request failed."""
    good, bad = channels / "high", write_channel(tmp_path / "bad", noarch=["shared-name 1.0"])
    place = bad / "noarch" / "repodata.json"
    place.write_text(place.read_text().replace('"sha256": "', '"sha256": "zz'))
    request = request_of("x")
    (job,) = request.jobs
    jobs = tuple(replace(job, platform=name) for name in ("linux-64", "osx-arm64", "win-64"))
    both = resolve_channels([str(good), str(bad)], "x", Path())
    assert outcome(replace(request, channels=both, jobs=jobs)).splitlines()[:3] == [
        f"error: channel data of `{bad.as_uri()}` is broken",
        f"  where: {bad.as_uri()}",
        "  why:   failed to parse digest at line 1 column 231",
    ]


def test_broken_compressed_channel_data(server: ChannelServer, request_of: Requests, tmp_path: Path) -> None:
    server.give(b"no zstandard at all", f"{PLATFORM}.zst")
    address = f"{server.address}/high"
    assert five_times(request_of(address), tmp_path) == told(
        f"channel data of `{address}` is broken",
        address,
        "Unknown frame descriptor",
        "try again later; if it stays, tell the channel's owner",
    )


def test_broken_data_is_forgotten_when_the_channel_is_well_again(server: ChannelServer, request_of: Requests) -> None:
    server.give(b"{", PLATFORM)
    request = request_of(f"{server.address}/high")
    assert "is broken" in outcome(request)
    server.faults.clear()
    assert outcome(request) == "shared-name"


def test_nobody_at_the_port(request_of: Requests, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"http://me:hush@127.0.0.1:{taken.getsockname()[1]}/org"
    text = five_times(request_of(address), tmp_path)
    shown = address.replace("me:hush@", "")
    assert text.startswith(f"error: channel `{shown}` is out of reach\n  where: {shown}\n  why:   Connection refused")
    assert text.endswith("\n  how:   check its name and the network, then try again\nexit 3")
    assert "hush" not in text


def test_a_host_without_an_address(request_of: Requests, tmp_path: Path) -> None:
    text = five_times(request_of("http://reprocheck.invalid/org"), tmp_path)
    assert text.startswith("error: channel `http://reprocheck.invalid/org` is out of reach\n")
    assert text.endswith("\n  how:   check its name and the network, then try again\nexit 3")


def test_a_slow_server_is_waited_for_within_the_time(server: ChannelServer, request_of: Requests) -> None:
    server.delay(0.3, PLATFORM)
    assert outcome(request_of(f"{server.address}/high")) == "shared-name"


def test_a_server_that_is_too_slow_is_given_up_after_the_time(
    server: ChannelServer, request_of: Requests, tmp_path: Path
) -> None:
    server.delay(2, PLATFORM)
    begin = time.monotonic()
    address = f"{server.address}/high"
    assert five_times(request_of(address, timeout_s=1), tmp_path) == told(
        "no solution within 1 s",
        address,
        "the time was over while reading the channels",
        "check the network, or raise `--timeout`",
    )
    assert time.monotonic() - begin < 10


def test_a_second_solve_downloads_nothing_that_the_server_says_is_unchanged(
    server: ChannelServer, request_of: Requests
) -> None:
    request = request_of(f"{server.address}/high")
    assert outcome(request) == "shared-name"
    assert list((request.cache_folder or Path()).glob("*.json"))
    offline = replace(request, offline=True)
    count = len(server.visits)
    assert outcome(offline) == "shared-name"
    assert len(server.visits) == count


def test_offline_without_a_cache_says_how_to_get_one(
    server: ChannelServer, request_of: Requests, tmp_path: Path
) -> None:
    address = f"{server.address}/high"
    text = five_times(request_of(address, offline=True), tmp_path)
    assert text.startswith(f"error: channel `{address}` is out of reach\n  where: {address}\n")
    assert "no usable repodata cache" in text
    assert text.endswith("\n  how:   run once without `--offline`\nexit 3")
    assert server.visits == []


def test_a_cache_that_cannot_be_written_is_named(server: ChannelServer, request_of: Requests, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    text = outcome(request_of(f"{server.address}/high", cache_folder=tmp_path / "file"))
    assert text.splitlines()[:2] == ["error: channel data cannot be cached", f"  where: {tmp_path / 'file'}"]
    assert text.endswith("\n  how:   make room there, or name another folder with `RATTLER_CACHE_DIR`\nexit 3")


@pytest.fixture
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in tuple(os.environ):
        if name.lower() in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
            monkeypatch.delenv(name)
    return monkeypatch


def test_proxy_variables_are_honoured(
    server: ChannelServer, request_of: Requests, no_proxies: pytest.MonkeyPatch
) -> None:
    no_proxies.setenv("HTTP_PROXY", server.address)
    assert outcome(request_of("http://channel.invalid/high")) == "shared-name"
    assert {visit.target.rsplit("/", 2)[0] for visit in server.visits} == {"http://channel.invalid/high"}


def test_no_proxy_is_honoured(server: ChannelServer, request_of: Requests, no_proxies: pytest.MonkeyPatch) -> None:
    no_proxies.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    no_proxies.setenv("NO_PROXY", "127.0.0.1")
    assert outcome(request_of(f"{server.address}/high")) == "shared-name"


def test_the_proxy_of_condarc_is_honoured_and_its_password_stays_secret(
    server: ChannelServer, request_of: Requests, no_proxies: pytest.MonkeyPatch
) -> None:
    no_proxies.setenv("PROXY_PASSWORD", "hush")
    settings = CondaSettings(proxies=(("http", f"{server.address.replace('//', '//me:$PROXY_PASSWORD@')}"),))
    assert outcome(request_of("http://channel.invalid/high", settings=settings)) == "shared-name"
    assert server.visits[0].target.startswith("http://channel.invalid/high/")
    closed = CondaSettings(proxies=(("http", "http://me:hush@127.0.0.1:9"),))
    assert "hush" not in outcome(request_of("http://channel.invalid/low", settings=closed))


def test_certificates_need_not_be_checked_where_condarc_says_so(server: ChannelServer, request_of: Requests) -> None:
    settings = CondaSettings(verify_tls=False)
    assert outcome(request_of(f"{server.address}/high", settings=settings)) == "shared-name"


def test_requests_say_who_asks(server: ChannelServer, request_of: Requests) -> None:
    outcome(request_of(f"{server.address}/high"))
    assert {visit.user_agent for visit in server.visits} == {f"reprocheck/{__version__} py-rattler/0.28.0"}


def test_credentials_in_an_address_are_sent_to_its_host(server: ChannelServer, request_of: Requests) -> None:
    outcome(request_of(f"{server.address.replace('//', '//me:hush@')}/high"))
    assert {visit.authorization for visit in server.visits} == {"Basic bWU6aHVzaA=="}


def test_the_canonical_address_is_locked_and_the_mirror_is_asked(
    server: ChannelServer, environment: Callable[..., EnvironmentFile], tmp_path: Path
) -> None:
    settings = CondaSettings(channel_alias=server.address)
    channels = resolve_channels(["high"], "x", Path(), settings)
    job = SolveJob(platform="linux-64", specs=environment("shared-name").conda, virtual_packages=())
    request = SolveRequest(channels=channels, jobs=(job,), timeout_s=20, cache_folder=tmp_path, settings=settings)
    (answer,) = solve_platforms(request, lambda _message: None)
    assert isinstance(answer, Solved)
    assert [package.url for package in answer.packages] == [
        "https://conda.anaconda.org/high/noarch/shared-name-1.0-pyh_0.conda"
    ]
    (again,) = solve_platforms(replace(request, jobs=(replace(job, preferred=answer.packages),)), lambda _message: None)
    assert isinstance(again, Solved)
    assert again.packages == answer.packages


def test_progress_counts_folders_and_megabytes(server: ChannelServer, request_of: Requests, channels: Path) -> None:
    data = (channels / "high" / PLATFORM).read_bytes()
    server.give(data + b" " * 3_000_000, PLATFORM)
    server.delay(0.8, "noarch/repodata.json")
    messages: list[str] = []
    solve_platforms(request_of(f"{server.address}/high"), messages.append)
    assert messages[0] == "reading the channels"
    assert "reading the channels: 1 of 2, 3 MB" in messages
