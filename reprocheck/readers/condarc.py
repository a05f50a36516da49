"""Read the `.condarc` files that conda would read, as far as a lock depends on them.

Unknown keys are conda's own business and stay unread; a file that is no YAML mapping is an error, for a proxy or a
mirror in it would be missed. `channels` is not read: a lock takes its channels from the project, never from a machine.

Source: docs.conda.io "Using the .condarc conda configuration file", section "Searching for .condarc" (later files
win, mappings merge key by key, lists put the later file first); mamba.readthedocs.io "Configuration" for
`mirrored_channels` and `.mambarc`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from reprocheck.errors import InputError
from reprocheck.model.conda_settings import CondaSettings
from reprocheck.model.environments import CHANNEL_ALIAS
from reprocheck.readers.decoded_text import decode_text, read_given
from reprocheck.readers.yaml_events import parse_yaml
from reprocheck.readers.yaml_nodes import YamlMapping, YamlNode, YamlScalar, YamlSequence

SYSTEM_FOLDERS = (Path("C:/ProgramData/conda"),) if os.name == "nt" else (Path("/etc/conda"), Path("/var/lib/conda"))
_USUAL = (".condarc", "condarc", "condarc.d")
_FALSE = frozenset({"false", "no", "off", "0"})
_TRUE = frozenset({"true", "yes", "on", "1", "truststore", ""})
_SCHEMES = ("http", "https")


def read_condarc(environment: Mapping[str, str], system: Iterable[Path] = SYSTEM_FOLDERS) -> CondaSettings:
    """Return what the files of the system, of the user and of the active environment say together.

    `environment` are the variables that name these places; `CONDA_CHANNEL_ALIAS` overrides every file.

    Raises:
        InputError: a file that cannot be read, or is no YAML mapping.
        GatheredErrors: several faults of one file.
    """
    return _settings(_documents(environment, system), environment.get("CONDA_CHANNEL_ALIAS"))


def read_environment_folders(
    environment: Mapping[str, str], system: Iterable[Path] = SYSTEM_FOLDERS
) -> tuple[str, ...]:
    """Return `envs_dirs` of all files, that of the strongest first, as written; raises as `read_condarc`."""
    roots = _documents(environment, system)
    return (*_joined(roots, "envs_dirs"), *_joined(roots, "envs_path"))


def _documents(environment: Mapping[str, str], system: Iterable[Path]) -> list[YamlMapping]:
    """Return the files that hold anything, from the weakest to the strongest."""
    paths = [path for place in _places(environment, system) for path in _files(place)]
    return [root for path in dict.fromkeys(paths) if (root := _read(path)) is not None]


def _places(environment: Mapping[str, str], system: Iterable[Path]) -> Iterator[Path]:
    """Yield files and `condarc.d` folders from the weakest to the strongest."""
    home = environment.get("HOME") or environment.get("USERPROFILE")
    config = environment.get("XDG_CONFIG_HOME")
    folders = [*system, *_root(environment)]
    folders += [Path(config, "conda")] if config else []
    folders += [Path(home, ".config", "conda"), Path(home, ".conda")] if home else []
    yield from (folder / name for folder in folders for name in _USUAL)
    if home:
        yield from (Path(home, ".condarc"), Path(home, ".mambarc"))
    if prefix := environment.get("CONDA_PREFIX"):
        yield from (Path(prefix, name) for name in _USUAL)
    if named := environment.get("CONDARC"):
        yield Path(named)


def _root(environment: Mapping[str, str]) -> list[Path]:
    """Return the folder of the conda installation, which an activated shell names."""
    if root := environment.get("CONDA_ROOT"):
        return [Path(root)]
    executable = environment.get("CONDA_EXE")
    return [Path(executable).parent.parent] if executable else []


def _files(place: Path) -> list[Path]:
    try:
        if place.is_file():
            return [place]
        return sorted(path for path in place.iterdir() if path.suffix in (".yml", ".yaml"))
    except OSError:
        return []  # nothing there, or a folder of somebody else


def _read(path: Path) -> YamlMapping | None:
    data = read_given(path, "conda's configuration", "make it readable, or move it away")
    root = parse_yaml(decode_text(data, str(path)), str(path))
    if root is None or isinstance(root, YamlMapping):
        return root
    raise InputError(
        "conda's configuration is no mapping",
        where=str(root.location),
        why="a `.condarc` holds keys such as `channel_alias: https://host/channels`",
        how="correct the file",
    )


def _settings(roots: list[YamlMapping], alias: str | None) -> CondaSettings:
    verify, notes = _verify(_last_text(roots, "ssl_verify"))
    proxies = dict(_merged(roots, "proxy_servers"))
    others = sorted(set(proxies) - set(_SCHEMES))
    if others:
        notes.append(f"`proxy_servers` of .condarc: only `http` and `https` are honoured, not {len(others)} more")
    return CondaSettings(
        channel_alias=(alias or _last_text(roots, "channel_alias") or CHANNEL_ALIAS).rstrip("/"),
        custom_channels=_merged(roots, "custom_channels"),
        multichannels=_merged_lists(roots, "custom_multichannels"),
        default_channels=_joined(roots, "default_channels"),
        mirrors=tuple((name, texts[0]) for name, texts in _merged_lists(roots, "mirrored_channels") if texts),
        proxies=tuple((scheme, proxies[scheme]) for scheme in _SCHEMES if scheme in proxies),
        verify_tls=verify,
        notes=tuple(notes),
    )


def _verify(text: str | None) -> tuple[bool, list[str]]:
    plain = (text or "").lower()
    if plain in _FALSE:
        return False, []
    if plain in _TRUE:
        return True, []
    return True, ["`ssl_verify` of .condarc names certificates: set `SSL_CERT_FILE` to that file to have them honoured"]


def _last_text(roots: Iterable[YamlMapping], key: str) -> str | None:
    """Return the value of the strongest file that has one."""
    found = None
    for root in roots:
        node = root.get(key)
        if isinstance(node, YamlScalar) and node.value:
            found = node.value
    return found


def _merged(roots: Iterable[YamlMapping], key: str) -> tuple[tuple[str, str], ...]:
    merged: dict[str, str] = {}
    for name, node in _entries(roots, key):
        if isinstance(node, YamlScalar) and node.value:
            merged[name] = node.value
    return tuple(sorted(merged.items()))


def _merged_lists(roots: Iterable[YamlMapping], key: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    merged = {name: _texts(node) for name, node in _entries(roots, key)}
    return tuple(sorted(merged.items()))


def _entries(roots: Iterable[YamlMapping], key: str) -> Iterator[tuple[str, YamlNode]]:
    for root in roots:
        node = root.get(key)
        if isinstance(node, YamlMapping):
            yield from ((name.value, value) for name, value in node.entries)


def _joined(roots: Iterable[YamlMapping], key: str) -> tuple[str, ...]:
    """Return the lists of all files behind each other, that of the strongest file first."""
    found: list[str] = []
    for root in roots:
        node = root.get(key)
        found[:0] = _texts(node) if node is not None else ()
    return tuple(dict.fromkeys(found))


def _texts(node: YamlNode) -> tuple[str, ...]:
    items = node.items if isinstance(node, YamlSequence) else (node,)
    return tuple(item.value for item in items if isinstance(item, YamlScalar) and item.value)
