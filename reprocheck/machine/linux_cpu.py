"""What `/proc/cpuinfo` and `/proc/meminfo` say. Pure: text in, section of the fingerprint out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reprocheck.machine.instruction_sets import numeric_features
from reprocheck.model.fingerprints import unread
from reprocheck.model.json_documents import Json

# Implementer 0x41 is Arm: Arm Technical Reference Manuals, register MIDR_EL1, field PartNum.
ARM_CORES = {
    "0xd0c": "Neoverse-N1",
    "0xd40": "Neoverse-V1",
    "0xd49": "Neoverse-N2",
    "0xd4f": "Neoverse-V2",
    "0xd84": "Neoverse-V3",
    "0xd8e": "Neoverse-N3",
}


def parse_cpuinfo(text: str) -> Mapping[str, Json]:
    """Return model, sockets, cores and numeric instruction sets; each part missing there says so."""
    processors = [_fields(block) for block in text.strip().split("\n\n")]
    processors = [fields for fields in processors if "processor" in fields]
    if not processors:
        return unread("error", "no processor in /proc/cpuinfo")
    first = processors[0]
    return {
        "model": _model(first),
        **_identity(first),
        "sockets": _count(processors, ("physical id",)),
        "cores": _count(processors, ("physical id", "core id")),
        "logicalCores": len(processors),
        "isa": _isa(processors),
        "hypervisor": "hypervisor" in first.get("flags", "").split(),
    }


def parse_meminfo(text: str) -> Json:
    """Return the memory of the machine in bytes. `/proc/meminfo` counts in KiB, whatever it calls them."""
    for line in text.splitlines():
        key, _, value = line.partition(":")
        words = value.split()
        if key == "MemTotal" and words and words[0].isdigit():
            return int(words[0]) * 1024
    return unread("error", "no `MemTotal` in /proc/meminfo")


def _fields(block: str) -> dict[str, str]:
    pairs = (line.partition(":") for line in block.splitlines())
    return {key.strip(): value.strip() for key, colon, value in pairs if colon}


def _model(fields: Mapping[str, str]) -> Json:
    if fields.get("model name"):
        return fields["model name"]
    implementer, part = fields.get("CPU implementer"), fields.get("CPU part", "")
    if implementer == "0x41" and part in ARM_CORES:
        return f"Arm {ARM_CORES[part]}"
    if implementer:
        return f"Arm implementer {implementer} part {part}"
    return unread("missing", "no model name in /proc/cpuinfo")


def _identity(fields: Mapping[str, str]) -> Mapping[str, Json]:
    """Return the numbers by which MKL and oneDNN choose their code; they tell what a cloud's model name hides."""
    names = {"vendor": "vendor_id", "family": "cpu family", "modelNumber": "model", "stepping": "stepping"}
    return {key: fields[name] for key, name in names.items() if name in fields}


def _count(processors: Sequence[Mapping[str, str]], names: tuple[str, ...]) -> Json:
    """Return the number of distinct values of `names`; Arm kernels and some virtual machines tell none."""
    if not all(name in fields for fields in processors for name in names):
        return unread("missing", "no topology in /proc/cpuinfo")
    return len({tuple(fields[name] for name in names) for fields in processors})


def _isa(processors: Sequence[Mapping[str, str]]) -> Json:
    """Return what every processor can do: a thread may run on any of them."""
    lists = [fields.get("flags", fields.get("Features")) for fields in processors]
    known = [set(text.split()) for text in lists if text is not None]
    if not known:
        return unread("missing", "no instruction sets in /proc/cpuinfo")
    return numeric_features(set.intersection(*known))
