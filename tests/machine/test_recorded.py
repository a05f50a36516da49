"""What is read of the outputs in `recorded/`; its README says where their shapes come from."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest

from reprocheck.machine.accelerators import AcceleratorReading, read_accelerators
from reprocheck.machine.driver_questions import AcceleratorSources

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX shell scripts play the programs")

RECORDED = sorted(Path(__file__).with_name("recorded").glob("*.txt"))
CUT = "(cut here)\n"
NO_NVML = ["sh", "-c", 'echo \'{"status": "missing", "detail": "nvidia-ml-py is not installed"}\'']
SCRIPT = """#!/bin/sh
if [ $# = 0 ]; then cat {folder}/banner; exit {banner}; fi
for field in {refused}; do
  case "$1" in *"$field"*) echo "Field \\"$field\\" is not a valid field to query."; exit 2;; esac
done
cat {folder}/query; exit {query}
"""

Change = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Recorded:
    """One file of `recorded/`: its sections by their heads."""

    sections: dict[str, str]

    def under(self, start: str) -> dict[str, str]:
        """Return the sections whose heads begin with `start`, by the rest of their heads."""
        return {head.removeprefix(start): text for head, text in self.sections.items() if head.startswith(start)}

    @property
    def expected(self) -> Any:
        return json.loads(self.sections["expected"])


def load(path: Path) -> Recorded:
    heads, texts = [], []
    for line in path.read_text().splitlines(keepends=True):
        if line.startswith("=== "):
            heads.append(line[4:].strip())
            texts.append("")
        else:
            texts[-1] += line
    return Recorded(dict(zip(heads, texts, strict=True)))


def printed(text: str) -> bytes:
    return (text.removesuffix(CUT).rstrip("\n") if text.endswith(CUT) else text).encode()


def machine_of(recorded: Recorded, folder: Path, change: Change) -> AcceleratorSources:
    """Make the machine of a recording below `folder`."""
    root = folder / "root"
    root.mkdir()
    for name, text in recorded.under("file ").items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (folder / "cuda").write_text(
        recorded.sections.get("libcuda", '{"status":"missing","detail":"there is no libcuda"}')
    )
    program = folder / "nvidia-smi"
    for code, text in recorded.under("nvidia-smi exits ").items():
        ((query_code, query),) = recorded.under("query exits ").items()
        (folder / "banner").write_bytes(change(printed(text)))
        (folder / "query").write_bytes(change(printed(query)))
        refused = next(iter(recorded.under("refused ")), "")
        words = {"folder": shlex.quote(str(folder)), "banner": code, "query": query_code, "refused": refused}
        program.write_text(SCRIPT.format(**words))
        program.chmod(0o755)
    return AcceleratorSources(
        nvml_command=NO_NVML, cuda_command=["cat", str(folder / "cuda")], nvidia_smi=str(program), root=root
    )


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AcceleratorReading]:
    def reading(path: Path, change: Change = bytes) -> AcceleratorReading:
        recorded = load(path)
        for name in ("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES"):
            monkeypatch.delenv(name, raising=False)
        for name, value in recorded.under("variable ").items():
            monkeypatch.setenv(name, value.strip())
        return read_accelerators(machine_of(recorded, tmp_path, change))

    return reading


def compared(reading: AcceleratorReading, expected: Any) -> Any:
    """Return what a reading says of the keys that are expected, as JSON says it."""
    return json.loads(json.dumps({key: value for key, value in asdict(reading).items() if key in expected}))


@pytest.mark.parametrize("path", RECORDED, ids=[path.stem for path in RECORDED])
def test_a_recorded_machine_is_read(read: Callable[..., AcceleratorReading], path: Path) -> None:
    expected = load(path).expected
    assert expected
    assert compared(read(path), expected) == expected


@pytest.mark.parametrize("path", RECORDED[:8], ids=[path.stem for path in RECORDED[:8]])
def test_line_ends_of_windows_change_nothing(read: Callable[..., AcceleratorReading], path: Path) -> None:
    expected = load(path).expected
    assert compared(read(path, lambda text: text.replace(b"\n", b"\r\n")), expected) == expected


def test_a_date_in_another_language_and_encoding_changes_nothing(read: Callable[..., AcceleratorReading]) -> None:
    path = next(path for path in RECORDED if path.stem == "driver_610_kmd_and_umd")
    expected = load(path).expected
    changed = read(path, lambda text: text.replace(b"Wed Sep 30", "Do, 5. März".encode("latin-1")))
    assert compared(changed, expected) == expected


def test_no_identity_of_a_gpu_is_told(read: Callable[..., AcceleratorReading]) -> None:
    """The two recordings set `CUDA_VISIBLE_DEVICES` to one."""
    paths = [path for path in RECORDED if "00000000cafe" in path.read_text()]
    assert len(paths) == 2
    assert "cafe" not in json.dumps(asdict(read(paths[0])))


def test_every_recording_says_where_its_shape_comes_from() -> None:
    assert len(RECORDED) > 20
    assert [path.stem for path in RECORDED if not load(path).sections["from"].strip()] == []


def test_a_gpu_that_drops_its_identity_into_an_error_is_still_not_named(tmp_path: Path) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'Failed on GPU-1a2b3c4d-0000-0000-0000-00000000cafe at /home/alice'; exit 1\n")
    program.chmod(0o755)
    none = [sys.executable, "-c", 'print(\'{"status": "missing"}\')']
    sources = AcceleratorSources(nvml_command=none, cuda_command=none, nvidia_smi=str(program), root=tmp_path)
    assert read_accelerators(sources).accelerators == {"status": "exit-1", "detail": "Failed on <id> at <path>"}
