"""Environments that anybody may have written: `audit --prefix` tells of them in every format, and obeys none.

One text stands everywhere a text can stand: names of files, records, metadata, origins, kernels.
"""

from __future__ import annotations

import json
import os
import re
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reprocheck.model.prefixes import Prefix
from reprocheck.readers.prefixes.installed import read_prefix
from reprocheck.reports.registry import AUDIT_FORMATS

Runner = Callable[..., Any]
FORMATS = tuple(AUDIT_FORMATS)
SITE = "lib/python3.11/site-packages"
SECRETS = ("USERNAME", "PASSWORD", "TOKENTOKEN", "QUERYQUERY")
PAYLOADS = (
    "\x1b[2J\x1b]0;title\x07",
    "\n::error::owned",
    "##[error]owned",
    "]]></testcase><!--",
    "<script>alert(1)</script>",
    "|`\u202e\u2028\u0085\ufeff",
    "$(touch owned);touch owned",
    "../../../etc/passwd",
    "/etc/passwd",
    "C:\\x",
    "9" * 5000,
    "A" * 4096,
    "https://[::1/x",
    "\x00",
)


def write(root: Path, path: str, content: str | dict[str, Any]) -> None:
    text = content if isinstance(content, str) else json.dumps(content)
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(text.encode("utf-8", "surrogatepass"))


def record(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "version": "1.0", "build": "0", "subdir": "linux-64", "depends": [], **more}


def as_name(text: str) -> str:
    return re.sub("[/\0]", "_", text)[:150]


def hostile(root: Path, text: str) -> None:
    """Write an environment that says `text` wherever it says something."""
    write(root, "conda-meta/python-3.11.9-0.json", record("python", version="3.11.9"))
    for number, key in enumerate(("name", "version", "build", "channel", "subdir", "url", "md5", "sha256")):
        write(root, f"conda-meta/a{number}-1.0-0.json", record(f"a{number}") | {key: text})
    needs = [text, f"python {text}", f"python >={text}", f"{text} >=1", f"__glibc >={text}"]
    write(root, "conda-meta/needy-1.0-0.json", record("needy", depends=needs, requested_spec=text))
    listed = [{"_path": text, "sha256": "0" * 64}, {"_path": f"lib/{text}", "path_type": text, "sha256": text}]
    write(root, "conda-meta/paths-1.0-0.json", record("paths", paths_data={"paths": listed}))
    write(root, f"conda-meta/{as_name(text)}.json", "{}")
    write(root, "conda-meta/pinned", f"numpy {text}\n")
    write(root, "conda-meta/history", f"# cmd: {text} --token TOKENTOKEN\n")
    write(root, f"{SITE}/b-1.0.dist-info/METADATA", f"Name: b{text}\nVersion: 1.0\n")
    more = f"Requires-Dist: python (>={text})\nRequires-Dist: {text}\nRequires-Dist: c; python_version > '{text}'\n"
    write(root, f"{SITE}/c-1.0.dist-info/METADATA", f"Name: c\nVersion: 1.0\n{more}")
    write(root, f"{SITE}/c-1.0.dist-info/INSTALLER", text)
    write(root, f"{SITE}/c-1.0.dist-info/RECORD", f"{text},sha256={text},{text}\nc.py,,\n")
    archive = {"hashes": {text: text}, "hash": f"{text}={text}"}
    vcs = {"vcs": text, "commit_id": text, "requested_revision": text}
    write(root, f"{SITE}/c-1.0.dist-info/direct_url.json", {"url": text, "archive_info": archive, "subdirectory": text})
    write(root, f"{SITE}/d-1.0.dist-info/METADATA", "Name: d\nVersion: 1.0\n")
    write(root, f"{SITE}/d-1.0.dist-info/direct_url.json", {"url": text, "vcs_info": vcs})
    write(root, f"{SITE}/{as_name(text)}.pth", f"import os; {text}\n/srv/{text}\n")
    for number, command in enumerate((text, f"/usr/bin/{text}")):
        spec = {"argv": [command, "-m", "ipykernel"], "display_name": text, "language": "python"}
        write(root, f"share/jupyter/kernels/k{number}/kernel.json", spec)


@pytest.mark.parametrize("number", range(len(PAYLOADS)))
def test_every_format_shows_it_as_text(number: int, tmp_path: Path, reprocheck: Runner) -> None:
    hostile(tmp_path / "env", PAYLOADS[number])
    before = sorted(tmp_path.rglob("*"))
    for name in (FORMATS[number % len(FORMATS)], FORMATS[(number + 5) % len(FORMATS)]):
        done = audit(reprocheck, name)
        assert (done.code, done.err) == (1, "")
        assert {sign for sign in done.out if unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp")} == {"\n"}
        assert "RC602" in done.out
        parse(name, done.out)
    assert sorted(tmp_path.rglob("*")) == before


def audit(reprocheck: Runner, name: str) -> Any:
    words = ("audit", "--prefix", "env", "--driver", "550.54.14", "--gpu", "sm_90", "--no-progress")
    return reprocheck(*words, "--output-format", name, env={"XDG_CACHE_HOME": os.devnull})


def parse(name: str, text: str) -> None:
    """Read a report back; what is for people must hold no command to a CI system."""
    if name in ("json", "gitlab", "sarif"):
        json.loads(text)
    elif name == "json-lines":
        assert all(isinstance(json.loads(line), dict) for line in text.splitlines())
    elif name == "junit":
        ET.fromstring(text)
    elif name != "github":
        assert not re.search(r"^\s*::|##\w*\[", text, re.MULTILINE)


@pytest.mark.parametrize("name", AUDIT_FORMATS)
def test_secrets_are_in_no_report(name: str, tmp_path: Path, reprocheck: Runner) -> None:
    channel = "https://USERNAME:PASSWORD@host.invalid/t/TOKENTOKEN/c"
    url = f"{channel}/linux-64/x-1.0-0.conda?q=QUERYQUERY"
    lost = {"paths": [{"_path": "lib/gone.so", "sha256": "0" * 64}]}
    needs = [f"{channel}::numpy >=1", f"lost @ {url}"]
    told = record("x", url=url, channel=channel, requested_spec=f"{channel}::x", depends=needs, paths_data=lost)
    env = tmp_path / "env"
    write(env, "conda-meta/x-1.0-0.json", told)
    write(env, "conda-meta/python-3.11.9-0.json", record("python", version="3.11.9"))
    write(env, "conda-meta/pinned", f"{channel}::x 1.*\n")
    write(env, "conda-meta/history", f"# cmd: conda create -c {channel} --token TOKENTOKEN\n")
    write(env, f"{SITE}/y-1.0.dist-info/METADATA", f"Name: y\nVersion: 1.0\nRequires-Dist: lost @ {url}\n")
    write(env, f"{SITE}/y-1.0.dist-info/RECORD", "y.py,,\n")
    write(env, f"{SITE}/y-1.0.dist-info/direct_url.json", {"url": url, "vcs_info": {"vcs": "git"}})
    write(env, f"{SITE}/easy-install.pth", f"{url}\n")
    done = audit(reprocheck, name)
    assert (done.code, done.err) == (1, "")
    assert [secret for secret in SECRETS if secret in done.out] == []
    assert "lib/gone.so" in done.out


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        '{"a":' * 100_000,
        "null",
        '"text"',
        '{"name":"x","version":true,"build":"0"}',
        '{"name":"x","version":"1","build":"0","depends":{"a":1}}',
        '{"name":"x","version":"1","build":"0","depends":[1,null]}',
        '{"name":"x","version":"1","build":"0","paths_data":[1]}',
        '{"name":"x","version":"1","build":"0","paths_data":{"paths":[null]}}',
        '{"name":"x","version":"1","build":"0","paths_data":{"paths":[{"_path":["a"]}]}}',
        '{"name":"x","version":"1","build":"0","paths_data":{"paths":[{"_path":"a","sha256":7}]}}',
        '{"name":"x","version":"1","build":"0","paths_data":{"paths":[{"_path":"a","path_type":{}}]}}',
        '{"name":"x","version":"1","build":"0","paths_data":{"paths":[{"_path":"a","size_in_bytes":%s}]}}'
        % ("9" * 9000),
        '{"name":"x\\ud800","version":"1","build":"0"}',
    ],
)
def test_a_record_of_another_shape_is_a_fault_and_hides_nothing(tmp_path: Path, text: str) -> None:
    write(tmp_path, "conda-meta/x-1-0.json", text)
    write(tmp_path, "conda-meta/y-1-0.json", record("y"))
    prefix = read_prefix(tmp_path, "env", "linux-64")
    assert [fault.path for fault in prefix.faults] == ["conda-meta/x-1-0.json"]
    assert [found.name for found in prefix.conda] == ["y"]


@pytest.mark.parametrize("size", ["NaN", "1e999", "-1", "true", "1.5"])
def test_numbers_that_are_no_sizes_break_nothing(tmp_path: Path, size: str) -> None:
    files = f'{{"paths":[{{"_path":"a","size_in_bytes":{size}}}]}}'
    write(tmp_path, "conda-meta/x-1-0.json", f'{{"name":"x","version":"1","build":"0","paths_data":{files}}}')
    prefix = read_prefix(tmp_path, "env", "linux-64")
    assert [file.path for file in only(prefix).files] == ["a"]


def test_a_path_that_a_record_lists_many_times_is_owned_once(tmp_path: Path) -> None:
    """Each time would be one more owner, and the owners of a path are compared with each other."""
    paths = [{"_path": "lib/a", "sha256": "0" * 64}] * 50_000
    write(tmp_path, "conda-meta/x-1-0.json", record("x", paths_data={"paths": paths}))
    prefix = read_prefix(tmp_path, "env", "linux-64")
    assert [len(owners) for owners in prefix.owners.values()] == [1]


def only(prefix: Prefix) -> Any:
    (found,) = prefix.conda
    return found


@pytest.mark.skipif(os.name == "nt", reason="Windows has neither")
def test_fifos_devices_and_links_that_go_round_hold_nobody(tmp_path: Path, reprocheck: Runner) -> None:
    env = tmp_path / "env"
    listed = ["lib/libgomp.so.1", "lib/libomp.so", "lib/loop", "lib/loop/x", "lib/fifo/x"]
    paths = {"paths": [{"_path": path, "sha256": "0" * 64} for path in listed]}
    write(env, "conda-meta/x-1-0.json", record("x", paths_data=paths))
    for folder in ("lib", SITE, "share/jupyter/kernels/k"):
        (env / folder).mkdir(parents=True, exist_ok=True)
    for path in (
        *("conda-meta/f-1-0.json", f"{SITE}/f-1.dist-info", f"{SITE}/f.pth", "lib/libgomp.so.1"),
        *("share/jupyter/kernels/k/kernel.json", "conda-meta/history", "conda-meta/pinned", "lib/fifo"),
    ):
        os.mkfifo(env / path)
    (env / "lib/libomp.so").symlink_to("/dev/zero")
    (env / "conda-meta/zero-1-0.json").symlink_to("/dev/zero")
    (env / "lib/loop").symlink_to("loop")
    (env / f"{SITE}/loop-1.dist-info").symlink_to("loop-1.dist-info")
    done = audit(reprocheck, "concise")
    assert (done.code, done.err) == (1, "")
    assert "conda-meta/f-1-0.json`: is no regular file" in done.out


@pytest.mark.skipif(os.name == "nt", reason="Windows has one encoding")
def test_a_locale_without_utf_8_is_no_traceback(tmp_path: Path, reprocheck: Runner) -> None:
    spec = {"argv": ["/opt/漢/bin/python", "-m", "ipykernel"], "display_name": "x", "language": "python"}
    write(tmp_path / "env", "share/jupyter/kernels/k/kernel.json", spec)
    write(tmp_path / "env", "conda-meta/x-1-0.json", record("x"))
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = reprocheck("audit", "--prefix", "env", "--driver", "550.54.14", "--gpu", "sm_90", env=locale)
    assert "has a command that cannot be a path in this locale" in done.out
    assert done.code == 1


def test_commands_to_copy_hold_names_as_words(tmp_path: Path, reprocheck: Runner) -> None:
    name = "x;touch${IFS}owned"
    paths = {"paths": [{"_path": "lib/gone.so", "sha256": "0" * 64}]}
    write(tmp_path / "env", "conda-meta/x-1.0-0.json", record(name, channel="c", paths_data=paths))
    done = audit(reprocheck, "full")
    assert f"conda install -p env --force-reinstall -c c '{name}=1.0=0'" in done.out
