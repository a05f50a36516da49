"""What a machine computes, for people: faults first, then what does not repeat itself, then orders and arithmetic."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from reprocheck.model.fingerprints import entry_reason
from reprocheck.model.json_documents import Json
from reprocheck.model.numeric_fingerprints import NumericFingerprint, Probe
from reprocheck.reports.fingerprint_text import LABEL_WIDTH, LINE_WIDTH, wrapped
from reprocheck.reports.visible import visible

Row = tuple[str, str]

SHOWN_DIGITS = 12
SLOWEST = 5
MILLISECOND_NS = 1_000_000


def render_numerics(
    measured: NumericFingerprint, faults: Sequence[str], known: Sequence[tuple[str, str]], *, times: bool
) -> str:
    """Return the sections, an empty line between them, ending in a newline; `known` are bugs and what to do."""
    sections: tuple[tuple[str, Iterator[str]], ...] = (
        ("Faults", _lines([("broken", fault) for fault in faults])),
        ("Not measured", _lines(list(_not_measured(measured.collection)))),
        ("What this machine computes", _lines(list(_summary(measured)))),
        ("Does not repeat itself", _lines(list(_unsteady(measured.nondeterministic)))),
        ("Probes by family", _lines(list(_families(measured.probes)))),
        ("Order of additions", _sentences(measured.trees, "tree")),
        ("Arithmetic", _sentences(measured.arithmetic, "arithmetic")),
        ("Known bugs and traps that apply here", _lines(list(_known(known)))),
        ("Slowest probes", _lines(list(_slowest(measured.times_ns)) if times else [])),
    )
    told = [(title, list(lines)) for title, lines in sections]
    return "\n\n".join("\n".join([title, *lines]) for title, lines in told if lines) + "\n"


def _lines(rows: Sequence[Row]) -> Iterator[str]:
    width = max([LABEL_WIDTH, *(len(label) for label, _ in rows)])
    for label, text in rows:
        first, *rest = wrapped(visible(text), LINE_WIDTH - width - 4)
        yield f"  {visible(label):<{width}}  {first}".rstrip()
        yield from (f"  {'':<{width}}  {line}" for line in rest)


def _not_measured(collection: Sequence[Mapping[str, Json]]) -> Iterator[Row]:
    for entry in collection:
        yield str(entry.get("source")), entry_reason(entry)


def _summary(measured: NumericFingerprint) -> Iterator[Row]:
    for device in sorted({probe.device for probe in measured.probes}):
        here = [probe for probe in measured.probes if probe.device == device]
        lacking = Counter(probe.status for probe in here if probe.status)
        missing = "".join(f", {count} {status}" for status, count in sorted(lacking.items()))
        yield f"probes, {device}", f"{len(here) - sum(lacking.values())} measured{missing}"
    if measured.canary:
        yield "canary", _canary(measured.canary)
    if measured.relations:
        holding = sum(entry.get("status") == "holds" for entry in measured.relations)
        others = [
            f"{entry.get('relation')} ({entry.get('status')})"
            for entry in measured.relations
            if entry.get("status") != "holds"
        ]
        yield "relations", f"{holding} of {len(measured.relations)} hold" + "".join(f", {name}" for name in others)


def _canary(canary: Sequence[Mapping[str, Json]]) -> str:
    alive = [str(entry["canary"]) for entry in canary if entry.get("digest") == entry.get("expected", "")]
    others = [str(entry["canary"]) for entry in canary if str(entry["canary"]) not in alive]
    return f"as IEEE 754 has it in {' '.join(alive) or 'no type'}" + (f"; not in {' '.join(others)}" if others else "")


def _unsteady(probes: Sequence[Probe]) -> Iterator[Row]:
    for probe in probes:
        yield probe.name, f"{probe.differing} of {probe.repeats} runs gave other bits, on {probe.device}"


def _families(probes: Sequence[Probe]) -> Iterator[Row]:
    """Yield a line a family and device: how many, in which types, and one digest over all that repeat themselves."""
    for family, device in dict.fromkeys((probe.family, probe.device) for probe in probes):
        members = [probe for probe in probes if (probe.family, probe.device) == (family, device) and not probe.status]
        steady = [probe.digest for probe in members if not probe.differing]
        digest = hashlib.sha256("".join(steady).encode("ascii")).hexdigest()[:SHOWN_DIGITS]
        types = " ".join(dict.fromkeys(probe.dtype for probe in members))
        where = "" if device == "cpu" else f" on {device}"
        yield family + where, f"{len(members):>3}  {digest if steady else '-':<{SHOWN_DIGITS}}  {types}".rstrip()


def _sentences(entries: Sequence[Mapping[str, Json]], key: str) -> Iterator[str]:
    """Yield each sentence once, and below it the operations and types of which it is true."""
    said: dict[str, dict[str, list[str]]] = {}
    for entry in entries:
        sentence = entry.get("sentence")
        text = sentence if isinstance(sentence, str) else entry_reason(entry)
        said.setdefault(text, {}).setdefault(_label(entry, key), []).append(str(entry.get("dtype")))
    for text, operations in said.items():
        yield from (f"  {line}" for line in wrapped(visible(text), LINE_WIDTH - 2))
        names = ", ".join(" ".join([label, *dtypes]) for label, dtypes in operations.items())
        yield from (f"      {line}" for line in wrapped(visible(names), LINE_WIDTH - 6))


def _label(entry: Mapping[str, Json], key: str) -> str:
    label = str(entry.get("operation", entry.get(key)))
    size, device = entry.get("size"), entry.get("device")
    return label + (f" of {size}" if isinstance(size, int) else "") + ("" if device == "cpu" else f" on {device}")


def _known(known: Sequence[tuple[str, str]]) -> Iterator[Row]:
    for what, fix in known:
        yield "known", what
        yield "", "fix: " + fix


def _slowest(times_ns: Mapping[str, int]) -> Iterator[Row]:
    for name, ns in sorted(times_ns.items(), key=lambda item: (-item[1], item[0]))[:SLOWEST]:
        yield name, f"{ns / MILLISECOND_NS:.1f} ms"
    yield "all", f"{sum(times_ns.values()) / MILLISECOND_NS:.0f} ms"
