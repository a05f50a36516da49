"""The fingerprint document `reprocheck/fingerprint/1`: its parts that every floor may need.

A value that could not be read is never null: it is an object `{"status": …, "detail": …}` in the place
of the value. Statuses: missing, denied, timeout, unkillable, too-much-output, exit-N, error, and raises
(a setting whose getter raised). Nothing in the document tells time, host, user, path or serial number.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote

from reprocheck.model.json_documents import Json, dump_line

FINGERPRINT_SCHEMA = "reprocheck/fingerprint/1"
WITHHELD_PREFIX = "<withheld sha256:"
DETAIL_LIMIT = 200

_PATH = re.compile(r"(?<![\w.])(?:[A-Za-z]:)?[/\\~][^\s'\"`,;:)]+")


def unread(status: str, detail: str = "") -> Mapping[str, Json]:
    """Return what stands in the place of a value that could not be read."""
    return {"status": status, "detail": detail} if detail else {"status": status}


def one_line(message: str) -> str:
    """Return a foreign message as one short line without paths: they name users and clusters."""
    return _PATH.sub("<path>", " ".join(message.split()))[:DETAIL_LIMIT]


def unread_status(value: Json) -> str | None:
    """Return the status of a value that could not be read, None for a value that was."""
    if not isinstance(value, Mapping) or not value.keys() <= {"status", "detail"}:
        return None
    status = value.get("status")
    return status if isinstance(status, str) else None


def unread_reason(value: Json) -> str:
    """Return status and detail of an unread value as words, `timeout: no answer within 20 s`."""
    detail = value.get("detail") if isinstance(value, Mapping) else None
    return f"{unread_status(value)}: {detail}" if detail else f"{unread_status(value)}"


def entry_reason(entry: Mapping[str, Json]) -> str:
    """Return the reason that an entry gives beside other keys, such as the line of a source in `collection`."""
    return unread_reason({key: entry[key] for key in ("status", "detail") if key in entry})


def value_at(document: Json, *keys: str) -> Json:
    """Return the value under `keys`; an unread value on the way, or `missing`, when it is not there."""
    for key in keys:
        if unread_status(document):
            return document
        if not isinstance(document, Mapping) or key not in document:
            return unread("missing", "not in this fingerprint")
        document = document[key]
    return document


def collected(source: str, outcome: Json) -> Mapping[str, Json]:
    """Return the line of `collection` for one source: `ok`, or the status of the unread `outcome`."""
    status = unread_status(outcome)
    if status is None:
        return {"source": source, "status": "ok"}
    detail = outcome.get("detail") if isinstance(outcome, Mapping) else None
    return {"source": source, **unread(status, detail if isinstance(detail, str) else "")}


def fingerprint_digest(document: Mapping[str, Json]) -> str:
    """Return the identity of a fingerprint: the SHA-256 of its canonical form (RFC 8785), in hex."""
    return hashlib.sha256(dump_line(document).encode("utf-8")).hexdigest()


def withheld_pointers(value: Json, pointer: str = "") -> Iterator[str]:
    """Yield the JSON pointer (RFC 6901) of every withheld value, in document order."""
    if isinstance(value, str):
        if value.startswith(WITHHELD_PREFIX):
            yield pointer
    elif isinstance(value, Mapping):
        for key, item in sorted(value.items()):
            yield from withheld_pointers(item, f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, Sequence):
        for index, item in enumerate(value):
            yield from withheld_pointers(item, f"{pointer}/{index}")


def package_url(package: Mapping[str, Json]) -> str:
    """Return the package URL (purl 1.0) of a described package: type conda, or pypi for all others."""
    name, version = str(package["name"]), str(package["version"])
    if package["manager"] != "conda":
        normal = name.lower().replace("_", "-")
        return f"pkg:pypi/{quote(normal, safe='.-')}@{quote(version, safe='.-')}"
    qualifiers = [(key, package.get(key)) for key in ("build", "channel", "subdir")]
    query = "&".join(f"{key}={quote(value, safe='.-_')}" for key, value in qualifiers if isinstance(value, str))
    return f"pkg:conda/{quote(name.lower(), safe='.-_')}@{quote(version, safe='.-_')}" + (f"?{query}" if query else "")
