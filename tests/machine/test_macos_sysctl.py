"""`sysctl` texts. They are modelled on public logs of such machines and shortened by hand."""

from __future__ import annotations

from reprocheck.machine.macos_sysctl import parse_memory, parse_sysctl

M2 = """\
hw.memsize: 25769803776
hw.packages: 1
hw.physicalcpu: 12
hw.logicalcpu: 12
hw.optional.floatingpoint: 1
hw.optional.neon: 1
hw.optional.neon_fp16: 1
hw.optional.arm.FEAT_BF16: 1
hw.optional.arm.FEAT_I8MM: 1
hw.optional.arm.FEAT_DotProd: 1
hw.optional.arm.FEAT_SME: 0
machdep.cpu.brand_string: Apple M2 Max
"""
INTEL = """\
hw.physicalcpu: 8
hw.optional.avx2_0: 1
hw.optional.avx512f: 0
hw.optional.f16c: 1
"""


def test_an_apple_chip_is_told_in_the_names_of_linux() -> None:
    assert parse_sysctl(M2) == {
        "model": "Apple M2 Max",
        "sockets": 1,
        "cores": 12,
        "logicalCores": 12,
        "isa": ["asimddp", "bf16", "fphp", "i8mm", "neon"],
    }


def test_a_feature_that_is_zero_is_not_there() -> None:
    assert parse_sysctl(INTEL)["isa"] == ["avx2", "f16c"]


def test_a_missing_name_carries_a_status() -> None:
    cpu = parse_sysctl(INTEL)
    assert cpu["model"] == {"status": "missing", "detail": "sysctl names no model"}
    assert cpu["sockets"] == {"status": "missing", "detail": "sysctl tells no `hw.packages`"}


def test_memory_is_in_bytes() -> None:
    assert parse_memory(M2) == 25_769_803_776
