from __future__ import annotations

import pytest

from reprocheck.machine.conda_platform import conda_platform


@pytest.mark.parametrize(
    ("system", "machine", "expected"),
    [
        ("linux", "x86_64", "linux-64"),
        ("linux", "aarch64", "linux-aarch64"),
        ("darwin", "arm64", "osx-arm64"),
        ("darwin", "x86_64", "osx-64"),
        ("win32", "AMD64", "win-64"),
        ("freebsd14", "riscv64", "freebsd14-riscv64"),
    ],
)
def test_a_platform_has_condas_name(system: str, machine: str, expected: str) -> None:
    assert conda_platform(system, machine) == expected
