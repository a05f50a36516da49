"""`/proc` texts. They are modelled on public logs of such machines and shortened by hand."""

from __future__ import annotations

from reprocheck.machine.linux_cpu import parse_cpuinfo, parse_meminfo

XEON = """\
processor\t: {index}
vendor_id\t: GenuineIntel
cpu family\t: 6
model\t\t: 143
model name\t: Intel(R) Xeon(R) Platinum 8480+
stepping\t: 8
physical id\t: {socket}
core id\t\t: {core}
flags\t\t: fpu sse4_1 sse4_2 fma f16c avx avx2 smep avx512f avx512_bf16 avx512_fp16 amx_tile amx_bf16 {more}
"""
GRACE = """\
processor\t: 0
BogoMIPS\t: 2000.00
Features\t: fp asimd aes crc32 fphp asimdhp asimdfhm asimddp sve sve2 i8mm bf16
CPU implementer\t: 0x41
CPU architecture: 8
CPU part\t: 0xd4f
"""


def xeon(index: int, socket: int, core: int, more: str = "") -> str:
    return XEON.format(index=index, socket=socket, core=core, more=more)


def test_sockets_cores_and_threads_are_counted_apart() -> None:
    text = "\n".join([xeon(0, 0, 0), xeon(1, 0, 1), xeon(2, 1, 0), xeon(3, 1, 1), xeon(4, 0, 0)])
    assert parse_cpuinfo(text) == {
        "model": "Intel(R) Xeon(R) Platinum 8480+",
        "vendor": "GenuineIntel",
        "family": "6",
        "modelNumber": "143",
        "stepping": "8",
        "sockets": 2,
        "cores": 4,
        "logicalCores": 5,
        "isa": [
            *("amx_bf16", "amx_tile", "avx", "avx2", "avx512_bf16", "avx512_fp16", "avx512f"),
            *("f16c", "fma", "sse4_1", "sse4_2"),
        ],
        "hypervisor": False,
    }


def test_an_instruction_set_that_one_processor_lacks_is_not_told() -> None:
    isa = parse_cpuinfo("\n".join([xeon(0, 0, 0, "avx512_vnni"), xeon(1, 0, 1)]))["isa"]
    assert isinstance(isa, list)
    assert "avx512_vnni" not in isa


def test_a_virtual_machine_says_so() -> None:
    assert parse_cpuinfo(xeon(0, 0, 0, "hypervisor"))["hypervisor"] is True


def test_an_arm_processor_is_named_by_its_part_and_tells_no_topology() -> None:
    unknown = {"status": "missing", "detail": "no topology in /proc/cpuinfo"}
    assert parse_cpuinfo(GRACE) == {
        "model": "Arm Neoverse-V2",
        "sockets": unknown,
        "cores": unknown,
        "logicalCores": 1,
        "isa": ["asimd", "asimddp", "asimdfhm", "asimdhp", "bf16", "fphp", "i8mm", "sve", "sve2"],
        "hypervisor": False,
    }


def test_an_unknown_arm_part_keeps_its_numbers() -> None:
    text = GRACE.replace("0x41", "0xc0").replace("0xd4f", "0xac3")
    assert parse_cpuinfo(text)["model"] == "Arm implementer 0xc0 part 0xac3"


def test_a_processor_without_model_or_features_carries_statuses() -> None:
    cpu = parse_cpuinfo("processor\t: 0\nhart\t: 1\n")
    assert cpu["model"] == {"status": "missing", "detail": "no model name in /proc/cpuinfo"}
    assert cpu["isa"] == {"status": "missing", "detail": "no instruction sets in /proc/cpuinfo"}


def test_a_file_without_any_processor_is_an_error() -> None:
    assert parse_cpuinfo("\n") == {"status": "error", "detail": "no processor in /proc/cpuinfo"}


def test_memory_is_counted_in_bytes() -> None:
    assert parse_meminfo("MemTotal:       16384000 kB\nMemFree:         1 kB\n") == 16_777_216_000


def test_memory_that_is_not_told_is_an_error() -> None:
    assert parse_meminfo("MemFree: 1 kB\n") == {"status": "error", "detail": "no `MemTotal` in /proc/meminfo"}
