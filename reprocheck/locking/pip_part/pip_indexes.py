"""Where the resolver of the pip part looks, as the settings file of a run of uv.

In this order, and the first index that has a project is the only one for it: `--extra-index-url`, the user's own extra
indexes, `--index-url`, the user's default index; the files of `--find-links` stand beside those of any index. The
user's own are those of `UV_INDEX`, `UV_EXTRA_INDEX_URL`, `UV_DEFAULT_INDEX`, `UV_INDEX_URL`, in their absence of
`PIP_EXTRA_INDEX_URL` and `PIP_INDEX_URL`, and behind them those of uv's user and system settings files. pip's own
settings files do not count.
Source: uv documentation, "Package indexes" and "Settings reference"; pip "Configuration".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from reprocheck.locking.pip_part.pip_addresses import Addresses
from reprocheck.locking.pip_part.pip_jobs import PipIndexes
from reprocheck.model.redaction import public_url

_NAMED = re.compile(r"^(?P<name>[\w.\-]+)=(?P<url>.+)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexPlace:
    """One place. `address` may hold credentials; `links` is a page or folder of files, `default` the last index."""

    address: str = field(repr=False)
    name: str | None = None
    links: bool = False
    default: bool = False


def index_places(indexes: PipIndexes, addresses: Addresses) -> tuple[IndexPlace, ...]:
    """Return all places in order.

    Raises:
        InputError: an address refers to a variable that is not set.
    """
    environ = addresses.environ
    places = [IndexPlace(address=addresses.to_fetch(link), links=True) for link in indexes.find_links]
    places += [IndexPlace(address=addresses.to_fetch(index)) for index in indexes.extra_index_urls]
    places += _own_extra(environ)
    default = indexes.index_url or _first(environ, "UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL")
    if default:
        places.append(IndexPlace(address=addresses.to_fetch(default), default=True))
    return tuple(places)


def written_addresses(indexes: PipIndexes) -> tuple[str, ...]:
    """Return the addresses as they stand in the sources."""
    return (*indexes.find_links, *indexes.extra_index_urls, *filter(None, [indexes.index_url]))


def places_searched(places: Iterable[IndexPlace], addresses: Addresses) -> str:
    """Return the places as they may be shown."""
    shown = [f"`{addresses.to_lock(public_url(place.address))}`" for place in places]
    return ", ".join(shown) if any(place.default for place in places) else ", ".join([*shown, "uv's default index"])


def uv_settings(places: Iterable[IndexPlace]) -> str:
    """Return the text of a `uv.toml`."""
    listed = tuple(places)
    links = ", ".join(_quoted(place.address) for place in listed if place.links)
    return "\n".join([f"find-links = [{links}]\n", *(_block(place) for place in listed if not place.links)])


def _own_extra(environ: Mapping[str, str]) -> Iterator[IndexPlace]:
    listed = " ".join(environ.get(name, "") for name in ("UV_INDEX", "UV_EXTRA_INDEX_URL"))
    for item in (listed.strip() or environ.get("PIP_EXTRA_INDEX_URL", "")).split():
        named = _NAMED.match(item)
        yield IndexPlace(address=named["url"], name=named["name"]) if named else IndexPlace(address=item)


def _first(environ: Mapping[str, str], *names: str) -> str | None:
    return next((environ[name] for name in names if environ.get(name)), None)


def _block(place: IndexPlace) -> str:
    lines = ["[[index]]", f"url = {_quoted(place.address)}"]
    if place.name:
        lines.append(f"name = {_quoted(place.name)}")
    if place.default:
        lines.append("default = true")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Return a TOML basic string; JSON's escapes are a part of TOML's."""
    return json.dumps(text, ensure_ascii=False)
