"""Read `direct_url.json`: where a project came from that was not taken from an index.

Source: PyPA "Recording the Direct URL Origin of installed distributions" (PEP 610) and "Direct URL Data Structure".
"""

from __future__ import annotations

from collections.abc import Mapping

from reprocheck.errors import InputError
from reprocheck.model.prefixes import Origin
from reprocheck.model.redaction import public_url
from reprocheck.readers.prefixes.json_documents import parse_json

_WEAK = ("md5", "sha1")


def parse_direct_url(data: bytes) -> Origin:
    """Return what the bytes of a `direct_url.json` tell, without credentials.

    Raises:
        InputError: no JSON, or it tells no URL or no kind of origin.
    """
    document = parse_json(data)
    url = document.get("url")
    if not isinstance(url, str) or not url:
        raise _broken("`url` is missing")
    address = public_url(url)
    folder, vcs, archive = (document.get(key) for key in ("dir_info", "vcs_info", "archive_info"))
    if isinstance(vcs, dict):
        commit = vcs.get("commit_id")
        return Origin("vcs", address, commit if isinstance(commit, str) else None)
    if isinstance(folder, dict):
        return Origin("editable" if folder.get("editable") is True else "folder", address)
    if isinstance(archive, dict):
        return Origin("archive", address, digest=_digest(archive))
    raise _broken("none of `dir_info`, `vcs_info` and `archive_info` is there")


def _digest(archive: Mapping[str, object]) -> str | None:
    """Return the digest that pins the archive, SHA-256 where it is told; MD5 and SHA-1 pin nothing."""
    hashes = archive.get("hashes")
    told = {name: value for name, value in hashes.items() if isinstance(value, str)} if isinstance(hashes, dict) else {}
    older = archive.get("hash")  # `algorithm=hex`, the only form until 2023
    if isinstance(older, str) and "=" in older:
        told.setdefault(*older.split("=", 1))
    strong = sorted((name for name in told if name not in _WEAK), key=lambda name: (name != "sha256", name))
    return f"{strong[0]}={told[strong[0]].lower()}" if strong else None


def _broken(why: str) -> InputError:
    return InputError("broken direct_url.json", where="", why=why, how="install the package again")
