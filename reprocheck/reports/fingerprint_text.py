"""A fingerprint for people: short sections, one fact a line, and in words whatever could not be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from reprocheck.model.fingerprints import (
    WITHHELD_PREFIX,
    entry_reason,
    fingerprint_digest,
    unread_reason,
    unread_status,
    value_at,
)
from reprocheck.model.json_documents import Json
from reprocheck.reports.visible import visible

Row = tuple[str, str]

LABEL_WIDTH = 14
LINE_WIDTH = 100
GIBIBYTE = 2**30


def render_fingerprint(document: Mapping[str, Json]) -> str:
    """Return the whole page, ending in a newline."""
    sections = (
        ("Host", _host(value_at(document, "host"))),
        ("Accelerators", _accelerators(document)),
        ("Python", _python(value_at(document, "software"))),
        ("Torch", _torch(value_at(document, "software", "torch"))),
        ("Settings in force", _settings(value_at(document, "runtime"))),
        (
            "Switches that change bits, where not at their defaults",
            _switches(value_at(document, "runtime", "switches")),
        ),
        ("Environment variables that change numbers", _variables(value_at(document, "runtime", "env"))),
        ("Sources that told nothing", _failures(value_at(document, "collection"))),
    )
    told = [(title, list(rows)) for title, rows in sections]
    pages = ["\n".join([title, *_lines(rows)]) for title, rows in told if rows]
    return "\n\n".join([*pages, f"Fingerprint sha256:{fingerprint_digest(document)}"]) + "\n"


def _lines(rows: Sequence[Row]) -> Iterator[str]:
    width = max(LABEL_WIDTH, *(len(label) for label, _ in rows))
    for label, text in rows:
        first, *rest = wrapped(visible(text), LINE_WIDTH - width - 4)
        yield f"  {visible(label):<{width}}  {first}".rstrip()
        yield from (f"  {'':<{width}}  {line}" for line in rest)


def wrapped(text: str, width: int) -> list[str]:
    """Break between words only: a long value stays whole, so that it can be copied."""
    if len(text) <= width:
        return [text]
    lines = [""]
    for word in text.split(" "):
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if len(joined) > width and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = joined
    return lines


def words(value: Json) -> str:
    """Return any value as words: yes and no, a list with spaces, the reason of what could not be read."""
    if unread_status(value):
        return _absence(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return " ".join(words(item) for item in value) or "none"
    return str(value)


def _absence(value: Json) -> str:
    """Return why there is no value: a thing that is not there needs its reason only, a failure is named."""
    detail = value.get("detail") if isinstance(value, Mapping) else None
    return f"none ({detail})" if unread_status(value) == "missing" and detail else f"not read ({unread_reason(value)})"


def _host(host: Json) -> Iterator[Row]:
    if unread_status(host):
        yield "host", words(host)
        return
    system = ("os", "kernel", "architecture", "libc")
    yield "system", ", ".join(words(value_at(host, key)) for key in system)
    yield "processor", _processor(value_at(host, "cpu"))
    yield "cores", _cores(value_at(host, "cpu"))
    yield "instructions", words(value_at(host, "cpu", "isa"))
    yield "memory", _gibibytes(value_at(host, "memoryBytes"))
    yield "container", words(value_at(host, "container", "kind"))


def _processor(cpu: Json) -> str:
    identity = (("family", "family"), ("modelNumber", "model"), ("stepping", "stepping"))
    told = [f"{label} {value_at(cpu, key)}" for key, label in identity if not unread_status(value_at(cpu, key))]
    virtual = ["virtual machine"] if value_at(cpu, "hypervisor") is True else []
    return ", ".join([words(value_at(cpu, "model")), *told, *virtual])


def _cores(cpu: Json) -> str:
    names = (("cores", "physical"), ("logicalCores", "logical"), ("usableCores", "usable"), ("sockets", "socket(s)"))
    return ", ".join(f"{words(value_at(cpu, key))} {label}" for key, label in names)


def _gibibytes(size_bytes: Json) -> str:
    if isinstance(size_bytes, bool) or not isinstance(size_bytes, int):
        return words(size_bytes)
    return f"{size_bytes / GIBIBYTE:.1f} GiB"


def _accelerators(document: Mapping[str, Json]) -> Iterator[Row]:
    found = value_at(document, "accelerators")
    if unread_status(found) or not found or not isinstance(found, Sequence):
        yield "GPU", words(found) if found else "none"
    else:
        yield from (("GPU", _accelerator(entry)) for entry in found)
    version, newest = value_at(document, "driver", "version"), value_at(document, "driver", "cudaUserMax")
    yield "driver", words(version)
    if not unread_status(version):
        yield "newest CUDA", words(newest)
        yield "kernel module", words(value_at(document, "driver", "kernelModule"))


def _accelerator(entry: Json) -> str:
    capability = f"compute capability {words(value_at(entry, 'computeCapability'))}"
    memory = "memory " + _gibibytes(value_at(entry, "memoryBytes"))
    mig = f"MIG {words(value_at(entry, 'mig'))}"
    return f"{words(value_at(entry, 'count'))} x {words(value_at(entry, 'model'))}, {capability}, {memory}, {mig}"


def _python(software: Json) -> Iterator[Row]:
    python = value_at(software, "python")
    names = ("implementation", "version", "compiler")
    yield "python", ", ".join(words(value_at(python, key)) for key in names)
    yield "environment", words(value_at(python, "environment"))
    yield "hash seed", "random" if value_at(python, "hashRandomization") is True else "fixed"
    packages = value_at(software, "packages")
    if unread_status(packages) or not isinstance(packages, Sequence):
        yield "packages", words(packages)
        return
    yield "packages", _package_count(packages)
    outside = [words(value_at(package, "name")) for package in packages if value_at(package, "scope") != "environment"]
    if outside:
        yield "from outside", " ".join(outside)


def _package_count(packages: Sequence[Json]) -> str:
    counts = Counter(words(value_at(package, "manager")) for package in packages)
    parts = ", ".join(f"{count} by {manager}" for manager, count in sorted(counts.items()))
    return f"{len(packages)}: {parts}" if counts else "none"


def _torch(torch: Json) -> Iterator[Row]:
    if unread_status(torch):
        yield "torch", words(torch)
        return
    yield "torch", f"{words(value_at(torch, 'version'))}, commit {words(value_at(torch, 'gitVersion'))}"
    yield from ((label, words(value_at(torch, key))) for key, label in (("cuda", "CUDA"), ("hip", "ROCm")))
    yield "cuDNN", words(value_at(torch, "cudnn"))
    yield "NCCL", _nccl(value_at(torch, "nccl"))
    libraries = (("mkl", "MKL"), ("onednn", "oneDNN"), ("openmp", "OpenMP"), ("compiler", "compiler"))
    yield from ((label, words(value_at(torch, "libraries", key))) for key, label in libraries)
    yield "GPU code for", words(value_at(torch, "architectures"))
    yield "loaded", words(value_at(torch, "loadedLibraries"))


def _nccl(nccl: Json) -> str:
    if unread_status(nccl):
        return words(nccl)
    return f"built with {words(value_at(nccl, 'built'))}, loaded {words(value_at(nccl, 'loaded'))}"


def _settings(runtime: Json) -> Iterator[Row]:
    flags = value_at(runtime, "flags")
    if unread_status(flags) or not isinstance(flags, Mapping):
        yield "settings", words(flags)
        return
    yield "threads", _pairs(value_at(runtime, "threads"))
    yield from ((group, _pairs(value)) for group, value in sorted(flags.items()))


def _pairs(group: Json) -> str:
    """Return `key=value` by key; what this torch does not have is left out, what raises says so, shortly."""
    if unread_status(group) or not isinstance(group, Mapping):
        return words(group)
    told = [(key, value) for key, value in sorted(group.items()) if unread_status(value) != "missing"]
    return " ".join(f"{key}={_word(value)}" for key, value in told)


def _word(value: Json) -> str:
    status = unread_status(value)
    return f"({status})" if status else words(value).replace(" ", ",")


def _switches(switches: Json) -> Iterator[Row]:
    """Yield what somebody chose or asked for in vain, and what cannot be read; all else is torch's own choice."""
    if unread_status(switches) or not isinstance(switches, Mapping):
        return  # the settings above say why; a fingerprint of an older release has no switches
    told = {name: entry for name, entry in sorted(switches.items()) if _is_telling(entry)}
    if not told:
        yield "none", f"all {len(switches)} are as torch and the machine have them"
    for name, entry in told.items():
        yield name, _origin(entry) if not unread_status(entry) else f"({unread_status(entry)})"


def _is_telling(entry: Json) -> bool:
    if unread_status(entry):
        return unread_status(entry) != "missing"
    return value_at(entry, "origin") != "default" or not unread_status(value_at(entry, "asked"))


def _origin(entry: Json) -> str:
    by = {"environment": ", by the environment", "code": ", by code"}.get(words(value_at(entry, "origin")), "")
    asked = value_at(entry, "asked")
    return f"{_word(value_at(entry, 'value'))}{by}" + (
        "" if unread_status(asked) else f" ({words(asked)} was asked for)"
    )


def _variables(variables: Json) -> Iterator[Row]:
    if unread_status(variables) or not isinstance(variables, Mapping):
        yield "variables", words(variables)
        return
    if not variables:
        yield "none", "is set"
    for name, value in sorted(variables.items()):
        text = words(value)
        yield name, f"withheld, sha256 begins {text[len(WITHHELD_PREFIX) : -1]}" if _is_withheld(text) else text


def _is_withheld(text: str) -> bool:
    return text.startswith(WITHHELD_PREFIX)


def _failures(collection: Json) -> Iterator[Row]:
    if unread_status(collection) or not isinstance(collection, Sequence):
        yield "sources", words(collection)
        return
    for entry in collection:
        if isinstance(entry, Mapping) and entry.get("status") != "ok":
            yield words(entry.get("source", "unnamed")), entry_reason(entry)
