"""Our bytes are what conda-lock's writer writes, and what every reader reads back."""

from __future__ import annotations

import string
from collections.abc import Callable
from dataclasses import replace

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reprocheck.locking.conda_lock_format import format_lock, used_variables
from reprocheck.model.locks import Lock, LockedPackage
from reprocheck.readers.conda_lock_yml import parse_lock
from reprocheck.readers.plain_blocks import scan_blocks


@pytest.fixture
def lock(package: Callable[..., LockedPackage]) -> Lock:
    return Lock(
        path="sub/conda-lock.yml",
        platforms=("linux-64", "win-64"),
        channels=("conda-forge", "https://host/t/$MY_TOKEN/org"),
        content_hash=(("linux-64", "1e5"), ("win-64", "b")),
        sources=("environment.yml",),
        custom_metadata=(("reprocheck.cuda", "12.4"),),
        packages=(
            package("zlib", "1.10", platform="win-64", dependencies=(("vc", ">=14.2,<15"), ("a", "")), sha256=None),
            package("zlib", "1.10", md5=None, sha256="12" * 32),
            package("requests", "2.0", manager="pip", build=None, channel=None, md5=None, url="https://host/r.whl"),
        ),
    )


def test_the_bytes_are_these(lock: Lock) -> None:
    head, body = format_lock(lock).decode().split("version: 1\n")
    assert head.endswith(
        "#     conda-lock install -n YOURENV conda-lock.yml\n"
        "# Solve it anew, for example after a change of a source file, with:\n"
        "#     reprocheck lock -f environment.yml --lockfile conda-lock.yml\n"
    )
    assert all(line.startswith("#") for line in head.splitlines())
    assert body.split("- name: zlib\n")[0] == (
        "metadata:\n"
        "  content_hash:\n"
        "    linux-64: 1e5\n"
        "    win-64: b\n"
        "  channels:\n"
        "  - url: conda-forge\n"
        "    used_env_vars: []\n"
        "  - url: https://host/t/$MY_TOKEN/org\n"
        "    used_env_vars:\n"
        "    - MY_TOKEN\n"
        "  platforms:\n"
        "  - linux-64\n"
        "  - win-64\n"
        "  sources:\n"
        "  - environment.yml\n"
        "  custom_metadata:\n"
        "    reprocheck.cuda: '12.4'\n"
        "package:\n"
    )
    assert body.split("- name: zlib\n")[1] == (
        "  version: '1.10'\n"
        "  manager: conda\n"
        "  platform: linux-64\n"
        "  dependencies: {}\n"
        "  url: https://conda.anaconda.org/conda-forge/linux-64/zlib-1.10-0.conda\n"
        "  hash:\n"
        "    md5: ''\n"
        f"    sha256: '{'12' * 32}'\n"
        "  category: main\n"
        "  optional: false\n"
    )


def test_packages_stand_in_conda_locks_order(lock: Lock) -> None:
    ordered = parse_lock(format_lock(lock), "x").packages
    assert [(p.manager, p.name, p.platform) for p in ordered] == [
        ("conda", "zlib", "linux-64"),
        ("conda", "zlib", "win-64"),
        ("pip", "requests", "linux-64"),
    ]


def test_reading_back_gives_the_lock_and_writing_again_the_bytes(lock: Lock) -> None:
    data = format_lock(lock)
    again = parse_lock(data, lock.path)
    assert format_lock(again) == data
    assert {p.name for p in again.packages} == {"zlib", "requests"}
    assert (again.channels, again.content_hash) == (lock.channels, lock.content_hash)
    assert again.custom_metadata == lock.custom_metadata


def test_our_own_locks_take_the_quick_road(lock: Lock) -> None:
    assert scan_blocks(format_lock(lock).decode()).items("package")


def test_the_body_is_what_pyyaml_writes_for_conda_lock(lock: Lock) -> None:
    text = format_lock(lock).decode()
    body = text[text.index("version: 1\n") :]
    assert yaml.safe_dump(yaml.safe_load(body), sort_keys=False) == body


def test_variables_of_an_address_are_told_sorted() -> None:
    assert used_variables("https://$USER:${PASS}@host/t/$TOKEN/x/$USER") == ["PASS", "TOKEN", "USER"]


# What a lock holds, what YAML minds, what it reads as another type, and any text at all.
_WORDS = ["", "~", "null", "yes", "Off", "1.10", "1e5", "1.5e+3", "0x1F", "0o7", "1_000", "1:30", "2024-01-01", ".inf",
          "=", "<<", "-", "---", "...", "- a", "-a", "? a", "?a", ": a", ":a", "a:", "a: b", "a:b", "a #b", "a#b", " a",
          "a ", "it's", "'", '"', "*cpu", "&a", "!a", "%a", "@a", "`a", "[a]", "{a}", "a,b", "|", ">", "\t", "a\tb",
          "\n", "a\nb", "\x07", "\x7f", "\x85", "\xa0", "\u2028", "\ufeff", "\U0001f600", "k" * 100, "k" * 101,
          "k" * 130,
          ">=3.11,<3.12.0a0", "3.11.* *_cp311", "1" * 32, "12e45" + "0" * 27, "https://host/a b.conda#x"]  # fmt: skip
_TEXTS = st.one_of(
    st.sampled_from(_WORDS),
    st.text(string.ascii_letters + string.digits + "._-+=<>!*,:#'\"[]{}&|%@`?~ ", max_size=12),
    st.text(st.characters(blacklist_categories=["Cs"]), max_size=8),
    st.from_regex(r"[0-9._:eE+-]{1,10}", fullmatch=True),
)
_PACKAGES = st.builds(
    LockedPackage,
    name=_TEXTS,
    version=_TEXTS,
    manager=st.sampled_from(["conda", "pip"]),
    platform=_TEXTS,
    dependencies=st.lists(st.tuples(_TEXTS, _TEXTS), max_size=4).map(tuple),
    url=_TEXTS,
    md5=st.none() | _TEXTS,
    sha256=st.none() | _TEXTS,
    category=_TEXTS,
    optional=st.booleans(),
    build=st.none(),
    channel=st.none(),
    line=st.just(0),
)


def as_pyyaml_writes(lock: Lock, dumper: type[object]) -> str:
    """Return the body of a lock, whole out of PyYAML's hands."""
    head = yaml.safe_load(format_lock(replace(lock, packages=())))
    ordered = sorted(lock.packages, key=lambda package: (package.manager, package.name, package.platform))
    document = {**head, "package": [as_plain(package) for package in ordered]}
    text: str = yaml.dump(
        document, Dumper=dumper, sort_keys=False, default_flow_style=False, allow_unicode=True, width=1 << 30
    )
    return text


def as_plain(package: LockedPackage) -> dict[str, object]:
    named = ("name", "version", "manager", "platform", "dependencies", "url", "hash", "category", "optional")
    hashes = {"md5": package.md5 or ""} if package.md5 is not None or package.manager == "conda" else {}
    if package.sha256 is not None:
        hashes["sha256"] = package.sha256
    special = {"dependencies": dict(sorted(dict(package.dependencies).items())), "hash": hashes}
    return {key: special[key] if key in special else getattr(package, key) for key in named}


@pytest.mark.parametrize("dumper", [yaml.CSafeDumper, yaml.SafeDumper])
@given(packages=st.lists(_PACKAGES, max_size=3).map(tuple))
def test_whatever_the_texts_the_bytes_are_pyyamls(dumper: type[object], packages: tuple[LockedPackage, ...]) -> None:
    empty = Lock(
        path="l", platforms=(), channels=(), content_hash=(), sources=(), custom_metadata=(), packages=packages
    )
    text = format_lock(empty).decode()
    if dumper is yaml.CSafeDumper or not any(map(unusual, packages)):
        assert text[text.index("version: 1\n") :] == as_pyyaml_writes(empty, dumper)


def unusual(package: LockedPackage) -> bool:
    """Say whether a text is one that PyYAML's two dumpers do not agree on."""
    names = [name for name, _ in package.dependencies]
    texts = [package.name, package.version, package.platform, package.url, package.category, package.md5 or ""]
    texts += [package.sha256 or "", *(text for pair in package.dependencies for text in pair)]
    return "" in names or any(
        len(text) > 100 or text[:1] in "-?:." or not (text.isascii() and text.isprintable()) for text in texts
    )


@pytest.mark.parametrize("word", _WORDS)
def test_each_word_is_laid_out_as_by_pyyaml_both_as_name_and_as_constraint(
    package: Callable[..., LockedPackage], lock: Lock, word: str
) -> None:
    changed = replace(lock, packages=(package("a", word, dependencies=((word, word), ("z", "1")), url=word),))
    text = format_lock(changed).decode()
    assert text[text.index("version: 1\n") :] == as_pyyaml_writes(changed, yaml.CSafeDumper)
