"""Which places are searched, in which order, and what of their addresses may be seen."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from reprocheck.locking.pip_part.pip_addresses import Addresses
from reprocheck.locking.pip_part.pip_indexes import index_places, places_searched, uv_settings, written_addresses
from reprocheck.locking.pip_part.pip_jobs import PipIndexes
from reprocheck.locking.pip_part.uv_program import uv_environment

INDEXES = PipIndexes(
    index_url="https://default.invalid/simple",
    extra_index_urls=("https://user:s3cret@extra.invalid/simple",),
    find_links=("./wheels", "https://links.invalid/torch.html"),
)


def addresses(*written: str, **environ: str) -> Addresses:
    return Addresses(folder=Path("/project"), written=written, environ=environ)


def settings(indexes: PipIndexes, given: Addresses) -> dict[str, object]:
    return tomllib.loads(uv_settings(index_places(indexes, given)))


def test_the_extra_indexes_come_first_and_the_default_last() -> None:
    assert settings(INDEXES, addresses()) == {
        "find-links": ["file:///project/wheels", "https://links.invalid/torch.html"],
        "index": [
            {"url": "https://user:s3cret@extra.invalid/simple"},
            {"url": "https://default.invalid/simple", "default": True},
        ],
    }


def test_the_users_own_indexes_come_behind_those_of_the_sources() -> None:
    own = {"UV_INDEX": "mine=https://mine.invalid https://b.invalid", "UV_DEFAULT_INDEX": "https://d.invalid"}
    given = addresses(**own, PIP_EXTRA_INDEX_URL="https://unread.invalid", PIP_INDEX_URL="https://unread.invalid")
    assert settings(PipIndexes(extra_index_urls=("https://a.invalid",)), given)["index"] == [
        {"url": "https://a.invalid"},
        {"url": "https://mine.invalid", "name": "mine"},
        {"url": "https://b.invalid"},
        {"url": "https://d.invalid", "default": True},
    ]


def test_pips_variables_count_where_uvs_are_not_set() -> None:
    given = addresses(PIP_EXTRA_INDEX_URL="https://a.invalid https://b.invalid", PIP_INDEX_URL="https://c.invalid")
    urls = [place.address for place in index_places(PipIndexes(), given)]
    assert urls == ["https://a.invalid", "https://b.invalid", "https://c.invalid"]


def test_places_are_shown_without_secrets() -> None:
    places = index_places(INDEXES, addresses())
    assert places_searched(places, addresses()) == (
        "`file:///project/wheels`, `https://links.invalid/torch.html`, `https://extra.invalid/simple`, "
        "`https://default.invalid/simple`"
    )
    assert places_searched((), addresses()) == "uv's default index"
    assert "s3cret" not in repr(places) + repr(INDEXES) + repr(addresses(*written_addresses(INDEXES)))


@pytest.mark.parametrize(
    ("written", "fetched", "locked"),
    [
        ("https://h.invalid/simple", "https://h.invalid/f.whl", "https://h.invalid/f.whl"),
        ("https://u:p4ssword@h.invalid/s", "https://u:p4ssword@h.invalid/f.whl", "https://h.invalid/f.whl"),
        ("https://$TOKEN@h.invalid/s", "https://s3cret-word@h.invalid/f.whl", "https://$TOKEN@h.invalid/f.whl"),
        ("https://u:${TOKEN}@h.invalid/s", "https://h.invalid/f.whl", "https://u:${TOKEN}@h.invalid/f.whl"),
        ("https://$TOKEN@h.invalid/s", "https://other.invalid/f.whl", "https://other.invalid/f.whl"),
        ("https://h.invalid/$TOKEN/s", "https://h.invalid/s3cret-word/f.whl", "https://h.invalid/$TOKEN/f.whl"),
        ("https://h.invalid/$SHORT/s", "https://h.invalid/abc/f.whl", "https://h.invalid/abc/f.whl"),
        ("git+ssh://git@h.invalid/a.git", "ssh://git@h.invalid/a.git", "ssh://git@h.invalid/a.git"),
    ],
)
def test_a_locked_url_has_references_and_no_secrets(written: str, fetched: str, locked: str) -> None:
    given = addresses(written, TOKEN="s3cret-word", SHORT="abc")
    assert given.to_lock(fetched) == locked
    assert "s3cret" not in given.to_show(f"error: cannot fetch {fetched}")


def test_references_are_replaced_to_fetch() -> None:
    given = addresses(TOKEN="s3cret-word")
    assert given.to_fetch("https://u:${TOKEN}@h.invalid/$TOKEN") == "https://u:s3cret-word@h.invalid/s3cret-word"
    assert given.to_fetch(" wheels ") == "file:///project/wheels"


def test_uv_sees_how_to_reach_an_index_and_nothing_that_changes_the_answer() -> None:
    kept = {
        "PATH": "p",
        "https_proxy": "x",
        "SSL_CERT_FILE": "c",
        "UV_INDEX_MINE_PASSWORD": "s",
        "UV_HTTP_TIMEOUT": "9",
    }
    gone = {"UV_RESOLUTION": "lowest", "UV_INDEX": "i", "UV_PRERELEASE": "allow", "PIP_INDEX_URL": "i", "AWS_KEY": "k"}
    assert uv_environment({**kept, **gone}) == kept
