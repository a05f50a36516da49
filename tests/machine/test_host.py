"""The host, read from a folder that stands in the place of `/`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from reprocheck.machine.host import read_host
from reprocheck.model.fingerprints import value_at


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "proc").mkdir()
    (tmp_path / "etc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text("processor : 0\nmodel name : Some CPU\nflags : avx2 sse\n")
    (tmp_path / "proc/meminfo").write_text("MemTotal: 8 kB\n")
    (tmp_path / "etc/os-release").write_text('PRETTY_NAME="X"\nID=ubuntu\nVERSION_ID="24.04"\n')
    return tmp_path


@pytest.fixture(autouse=True)
def no_container_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KUBERNETES_SERVICE_HOST", "APPTAINER_NAME", "SINGULARITY_NAME"):
        monkeypatch.delenv(name, raising=False)


def test_a_linux_host_is_read_from_its_files(root: Path) -> None:
    host = read_host(root, "linux")
    assert host["os"] == "ubuntu 24.04"
    assert host["memoryBytes"] == 8192
    assert value_at(host, "cpu", "model") == "Some CPU"
    assert value_at(host, "cpu", "isa") == ["avx2"]
    assert host["container"] == {"kind": "none seen"}
    assert host["numaNodes"] == {"status": "missing", "detail": "the kernel tells no NUMA nodes"}


def test_files_that_are_missing_give_statuses_in_every_place(tmp_path: Path) -> None:
    host = read_host(tmp_path, "linux")
    for key in ("model", "sockets", "cores", "logicalCores", "isa"):
        assert value_at(host, "cpu", key) == {"status": "missing", "detail": "no cpuinfo"}
    assert host["memoryBytes"] == {"status": "missing", "detail": "no meminfo"}
    assert host["os"] == {"status": "missing", "detail": "no os-release"}


def test_an_os_release_without_an_id_says_so(root: Path) -> None:
    (root / "etc/os-release").write_text("# empty\n")
    assert read_host(root, "linux")["os"] == {"status": "missing", "detail": "no `ID` in os-release"}


def test_a_rolling_distribution_has_a_name_only(root: Path) -> None:
    (root / "etc/os-release").write_text("ID=arch\n")
    assert read_host(root, "linux")["os"] == "arch"


@pytest.mark.parametrize(
    ("mark", "kind"),
    [("run/.containerenv", "podman"), (".dockerenv", "docker"), (".singularity.d", "apptainer")],
)
def test_a_container_is_known_by_what_its_engine_leaves(root: Path, mark: str, kind: str) -> None:
    (root / mark).parent.mkdir(exist_ok=True)
    (root / mark).touch()
    assert read_host(root, "linux")["container"] == {"kind": kind}


def test_a_pod_is_known_by_its_variable(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    assert read_host(root, "linux")["container"] == {"kind": "kubernetes"}


def test_numa_nodes_are_counted(root: Path) -> None:
    for name in ("node0", "node1", "online"):
        (root / "sys/devices/system/node" / name).mkdir(parents=True)
    assert read_host(root, "linux")["numaNodes"] == 2


def test_an_unknown_system_says_what_was_not_read(root: Path) -> None:
    host = read_host(root, "plan9")
    assert host["memoryBytes"] == {"status": "missing", "detail": "not read on plan9"}
    assert value_at(host, "cpu", "isa") == {"status": "missing", "detail": "not read on plan9"}


@pytest.mark.skipif(sys.platform == "darwin", reason="has a sysctl with Apple's names")
def test_a_mac_whose_sysctl_does_not_answer_has_statuses(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(root))
    host = read_host(root, "darwin")
    assert host["memoryBytes"] == {"status": "missing", "detail": "no such program"}
    assert value_at(host, "cpu", "model") == {"status": "missing", "detail": "no such program"}


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell script plays sysctl")
def test_a_mac_is_read_through_sysctl_even_when_it_complains(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sysctl = root / "sysctl"
    sysctl.write_text("#!/bin/sh\necho 'hw.memsize: 4096'\necho 'machdep.cpu.brand_string: Apple M1'\nexit 1\n")
    sysctl.chmod(0o755)
    monkeypatch.setenv("PATH", str(root))
    host = read_host(root, "darwin")
    assert host["memoryBytes"] == 4096
    assert value_at(host, "cpu", "model") == "Apple M1"


def test_this_host_is_told_by_these_keys_and_none_that_names_it() -> None:
    keys = {"os", "kernel", "architecture", "libc", "cpu", "memoryBytes", "numaNodes", "container"}
    assert set(read_host()) == keys
