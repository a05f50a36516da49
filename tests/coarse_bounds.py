"""Hold the bounds of `numerics/probe_comparison.py` against what rounding does, and against what is wrong.

    python tests/coarse_bounds.py [--python OTHER ...] [--device cuda]

Runs every probe under settings that change the order of additions and the instructions (threads, ATen and oneDNN ISA,
MKL branches), under other Pythons with another torch where some are named, and, with `--device cuda`, there as well;
whatever differs is honest rounding and must lie below the bound of its dtype. Then it plants faults: products of inputs
that were rounded to 8 bits, each output off by 2^-8 of itself, and the largest value of an output lost; in float32 and
float64 these must lie above it (in bfloat16 and float16 most faults of this size are rounding). Prints the margins by
dtype; exit code 1 where a bound is crossed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from reprocheck.model.numeric_fingerprints import Probe
from reprocheck.numerics.probe_comparison import BOUNDS, ROUNDING_UNITS, distance_of, is_rounding
from reprocheck.numerics.switch_settings import Setting, words_of
from reprocheck.numerics.switched_probes import Bench, probe_under

BASE = (Setting("threads", 1),)
HONEST = (
    (Setting("threads", 2),),
    (Setting("threads", 4),),
    (*BASE, Setting("aten-cpu-capability", "avx2")),
    (*BASE, Setting("aten-cpu-capability", "default")),
    (*BASE, Setting("mkl-cbwr", "COMPATIBLE")),
    (*BASE, Setting("mkl-cbwr", "AVX2")),
    (*BASE, Setting("onednn-max-cpu-isa", "AVX2")),
    (*BASE, Setting("onednn-max-cpu-isa", "AVX512_CORE")),
    (*BASE, Setting("onednn-max-cpu-isa", "SSE41")),
    (*BASE, Setting("mkldnn-enabled", False)),
    (Setting("threads", 4), Setting("aten-cpu-capability", "default"), Setting("mkl-cbwr", "COMPATIBLE")),
)
RELATIVE_FAULT = 2.0**-8
STREAMS = "random"  # another torch may draw other numbers, which is another result and no rounding
FLUSHED = "subnormal"  # a processor may flush these, which is another result and no rounding
NOISE = 2.0**-10  # of its scale: below this an output is what cancellation left, and may be anything
SHOWN = 40

Probes = Mapping[tuple[str, str], Probe]


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Two outputs that are not the same bits, and why."""

    why: str
    probe: Probe
    distance: float
    is_rounding: bool


def compared(why: str, old: Probes, new: Probes) -> Iterator[Seen]:
    """Yield what differs between two sets of probes, as far as both were measured."""
    for key, probe in old.items():
        other = new.get(key)
        if other is None or probe.status or other.status or probe.digest == other.digest:
            continue
        distance = distance_of(probe, other)
        yield Seen(
            why=why,
            probe=probe,
            distance=float("inf") if distance is None else distance,
            is_rounding=is_rounding(probe, other),
        )


def planted(device_name: str, base: Probes) -> Iterator[Seen]:
    """Yield what faults look like, of probes that are more than noise."""
    import torch

    from reprocheck.worker.bit_digests import coarse_digest
    from reprocheck.worker.probes.probe import Bench as Place
    from reprocheck.worker.probes.probe import as_list
    from reprocheck.worker.probes.registry import FAMILIES, probes_of

    for item in (one for family in FAMILIES for one in probes_of(family) if device_name in one.devices):
        probe = base.get((item.name, device_name))
        if probe is None or probe.status or item.dtype not in ROUNDING_UNITS or is_noise(probe):
            continue
        case = item.make(Place(torch.device(device_name), item.dtype))
        outputs, again = ([output.detach().cpu() for output in as_list(case.run())] for _ in range(2))
        if not all(torch.equal(one, other) for one, other in zip(outputs, again, strict=True)):
            continue  # it does not repeat itself: no fault would stand out
        right = replace(probe, coarse=tuple(coarse_digest(outputs, case.scale)))
        with eight_bits() as cut:
            short_of_bits = [output.detach().cpu() for output in as_list(case.run())]
        faults = {
            "off by 2^-8": [scaled(one) for one in outputs],
            "one value lost": lost(outputs),
            "products of 8 bits": short_of_bits if cut.calls and item.dtype in ("fp64", "fp32") else outputs,
        }
        for why, wrong in faults.items():
            if not all(torch.equal(one, other) for one, other in zip(wrong, outputs, strict=True)):
                other = replace(right, coarse=tuple(coarse_digest(wrong, case.scale)), digest="")
                yield from compared(why, {probe.key: right}, {probe.key: other})


def is_noise(probe: Probe) -> bool:
    """Say whether all of an output is what cancellation left over."""
    return max(abs(float.fromhex(number)) for number in probe.coarse) < NOISE


def eight_bits() -> Any:
    """Return a context in which matrix products and convolutions get their inputs rounded to bfloat16."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    products = ("mm", "addmm", "bmm", "baddbmm", "mv", "addmv", "dot", "convolution", "convolution_backward", "linear")

    class EightBits(TorchDispatchMode):  # type: ignore[misc,no-untyped-call,unused-ignore]
        calls = 0

        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if func.overloadpacket.__name__ in products:
                self.calls += 1
                args = tuple(
                    one.to(torch.bfloat16).to(one.dtype)
                    if isinstance(one, torch.Tensor) and one.is_floating_point()
                    else one
                    for one in args
                )
            return func(*args, **(kwargs or {}))

    return EightBits()  # type: ignore[no-untyped-call,unused-ignore]


def scaled(output: Any) -> Any:
    """Return an output that is off by 2^-8 everywhere."""
    return (output.double() * (1.0 + RELATIVE_FAULT)).to(output.dtype) if output.is_floating_point() else output


def lost(outputs: list[Any]) -> list[Any]:
    """Return the outputs with the largest value of the first one gone."""
    first = outputs[0].clone().reshape(-1)
    first[first.abs().double().argmax()] = 0
    return [first.reshape(outputs[0].shape), *outputs[1:]]


def main() -> int:
    """Run all, print the margins and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", nargs="*", default=[])
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    options = parser.parse_args()
    bench = Bench(python=Path(sys.executable), devices=(options.device,))
    base = probe_under(bench, BASE).probes
    return report([*honest(bench, base, options.python)], [*planted(options.device, base)])


def honest(bench: Bench, base: Probes, pythons: list[str]) -> Iterator[Seen]:
    """Yield what settings, other releases of torch and the other kind of device make different."""
    base = {key: probe for key, probe in base.items() if probe.family != FLUSHED}
    for settings in HONEST:
        yield from compared(words_of(settings), base, probe_under(bench, settings).probes)
    base = {key: probe for key, probe in base.items() if probe.family != STREAMS}
    for python in pythons:
        yield from compared(python, base, probe_under(replace(bench, python=Path(python)), BASE).probes)
    if bench.devices == ("cuda",):
        on_cpu = probe_under(replace(bench, devices=("cpu",)), BASE).probes
        yield from compared("cpu", base, {(name, "cuda"): probe for (name, _), probe in on_cpu.items()})


def report(honest: list[Seen], faulty: list[Seen]) -> int:
    """Print both sides of every bound, then what crosses it."""
    print(f"{'dtype':<8} {'bound':>6}   {'honest':>6} {'largest':>8}   {'faults':>6} {'seen':>5} {'smallest seen':>13}")
    for dtype, bound in BOUNDS.items():
        near = [seen.distance for seen in honest if seen.probe.dtype == dtype and seen.is_rounding]
        far = [seen for seen in faulty if seen.probe.dtype == dtype]
        caught = [seen.distance for seen in far if not seen.is_rounding]
        print(
            f"{dtype:<8} {bound:>6g}   {len(near):>6} {max(near, default=0):>8.3g}   "
            f"{len(far):>6} {len(caught):>5} {min(caught, default=0):>13.3g}"
        )
    crossed = [seen for seen in honest if not seen.is_rounding]
    hidden = [seen for seen in faulty if seen.is_rounding]
    listed("honest, the largest below the bounds:", nearest(honest))
    listed("honest, and above the bound:", sorted(crossed, key=lambda seen: -seen.distance))
    order = list(BOUNDS)
    listed(
        "faulty, and below the bound:", sorted(hidden, key=lambda seen: (order.index(seen.probe.dtype), seen.distance))
    )
    return 1 if crossed or any(seen.probe.dtype in ("fp64", "fp32") for seen in hidden) else 0


def nearest(honest: list[Seen]) -> list[Seen]:
    """Return the three largest distances of each dtype that count as rounding."""
    found = []
    for dtype in BOUNDS:
        below = [seen for seen in honest if seen.probe.dtype == dtype and seen.is_rounding]
        found += sorted(below, key=lambda seen: -seen.distance)[:3]
    return found


def listed(title: str, found: list[Seen]) -> None:
    """Print some of what was seen under a title, nothing where there is none."""
    if found:
        print(f"\n{title}")
    for seen in found[:SHOWN]:
        print(f"  {seen.probe.name:<44} {seen.distance:>9.3g}  {seen.why}")
    if len(found) > SHOWN:
        print(f"  and {len(found) - SHOWN} more")


if __name__ == "__main__":
    sys.exit(main())
