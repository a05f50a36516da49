"""What `sysctl` says on macOS. Pure: text in, section of the fingerprint out."""

from __future__ import annotations

from collections.abc import Mapping

from reprocheck.machine.instruction_sets import numeric_features
from reprocheck.model.fingerprints import unread
from reprocheck.model.json_documents import Json

SYSCTL_COMMAND = ("sysctl", "hw", "machdep.cpu")

# Apple's names of what Linux calls otherwise (Apple, "Determining instruction set characteristics").
LINUX_NAMES = {"neon_fp16": "fphp", "feat_fp16": "asimdhp", "feat_dotprod": "asimddp", "feat_fhm": "asimdfhm"}


def parse_sysctl(text: str) -> Mapping[str, Json]:
    """Return the `cpu` section from the lines `name: value` of `sysctl hw machdep.cpu`."""
    values = _values(text)
    return {
        "model": values.get("machdep.cpu.brand_string") or unread("missing", "sysctl names no model"),
        "sockets": _number(values, "hw.packages"),
        "cores": _number(values, "hw.physicalcpu"),
        "logicalCores": _number(values, "hw.logicalcpu"),
        "isa": numeric_features(_features(values)),
    }


def parse_memory(text: str) -> Json:
    """Return the memory in bytes from the same lines."""
    return _number(_values(text), "hw.memsize")


def _values(text: str) -> dict[str, str]:
    pairs = (line.partition(":") for line in text.splitlines())
    return {name.strip(): value.strip() for name, colon, value in pairs if colon}


def _number(values: Mapping[str, str], name: str) -> Json:
    value = values.get(name, "")
    return int(value) if value.isdigit() else unread("missing", f"sysctl tells no `{name}`")


def _features(values: Mapping[str, str]) -> set[str]:
    """Return the names of `hw.optional.*` that are 1, spelled as Linux spells them: `avx2_0` is `avx2`."""
    found = set()
    for name, value in values.items():
        if name.startswith("hw.optional.") and value == "1":
            short = name.rpartition(".")[2].lower().removesuffix("_0")
            found.add(LINUX_NAMES.get(short, short.removeprefix("feat_")))
    return found
