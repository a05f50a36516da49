"""What is installed in the audited environment: distributions that Python sees, and conda's own records.

The digest of a distribution is taken over the files of its wheel, as RECORD lists them with their hashes, less
what an installer writes for this one machine (scripts with a shebang, bytecode, its own notes). So pip and uv,
here and elsewhere, give the same digest for the same wheel. Source: Python packaging, "Recording installed
projects", read 2026-11-20.
"""

from __future__ import annotations

import csv
import glob
import hashlib
import importlib.metadata
import json
import os
import re
import site
import sys
from typing import Any, Dict, List, Tuple

from .environment_variables import withheld
from .readings import unread

INSTALLER_FILES = frozenset({"RECORD", "RECORD.jws", "INSTALLER", "REQUESTED", "direct_url.json"})

_PLAIN_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+!\-]{0,63}")
_PUBLIC_CHANNEL = re.compile(
    r"https://(?:conda\.anaconda\.org|repo\.anaconda\.com|repo\.prefix\.dev|prefix\.dev)/(?!t/)"
    r"(?P<name>[A-Za-z0-9_.\-]+(?:/[A-Za-z0-9_.\-]+)*?)(?:/(?:noarch|(?:linux|osx|win|emscripten|wasi|freebsd|zos)-[a-z0-9_]+))?/?"
)
_CHANNEL_NAME = re.compile(r"[A-Za-z0-9_\-]+(?:/[A-Za-z0-9_.\-]+)?")
_CREDENTIALS = re.compile(r"(?<=://)[^/@]*@|/t/[^/]+|[?#].*$")


def installed_packages() -> Dict[str, Any]:
    """Return `packages`, sorted, and how each of the two sources answered."""
    conda, conda_source = conda_packages(sys.prefix)
    python, python_source = python_packages(bool(conda))
    packages = {json.dumps(package, sort_keys=True): package for package in (*conda, *python)}
    return {
        "packages": [
            package for _, package in sorted(packages.items(), key=lambda pair: (pair[1]["name"].lower(), pair[0]))
        ],
        "sources": {"python-metadata": python_source, "conda-meta": conda_source},
    }


def python_packages(conda_tells: bool) -> Tuple[List[Dict[str, Any]], Any]:
    """Return the distributions on `sys.path`, and a status when some could not be read.

    What conda installed is left out when its own records tell it (`conda_tells`).
    """
    packages, broken = [], 0
    for distribution in importlib.metadata.distributions():
        try:
            package = _python_package(distribution)
        except Exception:  # a half-deleted or foreign folder must not hide the others
            package = None
        if package is None:
            broken += 1
        elif not (conda_tells and package["manager"] == "conda"):
            packages.append(package)
    return packages, unread("error", "{} without readable metadata".format(broken)) if broken else "ok"


def conda_packages(prefix: str) -> Tuple[List[Dict[str, Any]], Any]:
    """Return what the records in `conda-meta` tell, and a status when there are none or some are broken."""
    paths = sorted(glob.glob(os.path.join(glob.escape(prefix), "conda-meta", "*.json")))
    if not paths:
        return [], unread("missing", "not a conda environment")
    packages, broken = [], 0
    for path in paths:
        try:
            with open(path, encoding="utf-8") as stream:
                packages.append(_conda_package(json.load(stream)))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            broken += 1
    return packages, unread("error", "{} unreadable records".format(broken)) if broken else "ok"


def _python_package(distribution: Any) -> Any:
    name = distribution.metadata["Name"]
    if not name or not distribution.version:
        return None
    return {
        "name": name,
        "version": distribution.version,
        "manager": _installer(distribution),
        "scope": _scope(distribution),
        "origin": _origin(distribution),
        **_digest(distribution),
    }


def _installer(distribution: Any) -> str:
    words = (distribution.read_text("INSTALLER") or "").split()
    return words[0] if words and _PLAIN_WORD.fullmatch(words[0]) else "unknown"


def _scope(distribution: Any) -> str:
    """Return where it lies: in the environment, in the user's own folder (which shadows it), or elsewhere."""
    folder = os.path.realpath(str(distribution.locate_file("")))
    for scope, root in (("user", site.getusersitepackages()), ("environment", sys.prefix)):
        if folder == os.path.realpath(root) or folder.startswith(os.path.realpath(root) + os.sep):
            return scope
    return "elsewhere"


def _origin(distribution: Any) -> str:
    """Return what direct_url.json (PEP 610) tells about where it came from, without the address."""
    text = distribution.read_text("direct_url.json")
    if not text:
        return "index"
    record = json.loads(text)
    if record.get("dir_info", {}).get("editable"):
        return "editable folder"
    if "vcs_info" in record:
        return "vcs"
    return "archive" if "archive_info" in record else "folder"


def _digest(distribution: Any) -> Dict[str, Any]:
    record = distribution.read_text("RECORD")
    if record:
        return {"sha256": wheel_digest(record), "digestOf": "wheel files"}
    metadata = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO")
    if metadata:
        return {"sha256": hashlib.sha256(metadata.encode("utf-8")).hexdigest(), "digestOf": "metadata"}
    return {"sha256": unread("missing", "neither RECORD nor METADATA"), "digestOf": "nothing"}


def wheel_digest(record: str) -> str:
    """Return the SHA-256 over path and hash of each file of the wheel itself, sorted."""
    rows = [tuple(row[:2]) for row in csv.reader(record.splitlines()) if len(row) >= 2 and _is_of_wheel(row)]
    return hashlib.sha256("".join("{},{}\n".format(*row) for row in sorted(rows)).encode("utf-8")).hexdigest()


def _is_of_wheel(row: List[str]) -> bool:
    path, digest = row[:2]
    folder, _, name = path.rpartition("/")
    if not digest or path.startswith(("../", "/")) or path.endswith(".pyc"):
        return False
    return not (folder.endswith(".dist-info") and name in INSTALLER_FILES)


def _conda_package(record: Dict[str, Any]) -> Dict[str, Any]:
    return {
        "name": str(record["name"]),
        "version": str(record["version"]),
        "build": str(record.get("build") or record["build_string"]),
        "manager": "conda",
        "channel": public_channel(str(record.get("channel") or "")),
        "subdir": str(record.get("subdir") or "unknown"),
        "scope": "environment",
        "sha256": record.get("sha256") or unread("missing", "not in the conda record"),
        "digestOf": "archive",
    }


def public_channel(channel: str) -> str:
    """Return the name of a public channel; the address of any other is withheld, its credentials not even hashed."""
    found = _PUBLIC_CHANNEL.fullmatch(channel)
    if found:
        return found["name"]
    if not channel or _CHANNEL_NAME.fullmatch(channel):
        return channel or "unknown"
    return withheld(_CREDENTIALS.sub("", channel))
