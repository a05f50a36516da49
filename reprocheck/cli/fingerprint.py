"""`reprocheck fingerprint`: describe this machine and the audited Python, and measure what they compute."""

from __future__ import annotations

from pathlib import Path

import click

from reprocheck.atomic_write import require_writable
from reprocheck.cli.console import deliver, note, progress
from reprocheck.cli.option_types import LONGEST_S, PYTHON, Seconds
from reprocheck.errors import EXIT_CLEAN, EXIT_FINDINGS, EXIT_UNDECIDED, UsageError
from reprocheck.model.json_documents import dump_document
from reprocheck.reports.fingerprint_text import render_fingerprint
from reprocheck.reports.numeric_text import render_numerics
from reprocheck.reports.portable_json import render_portable_json
from reprocheck.reports.portable_text import render_portable
from reprocheck.workflows.fingerprint import collect_fingerprint
from reprocheck.workflows.numeric_fingerprint import Probed, ProbeRequest, collect_probes
from reprocheck.workflows.portable import PortableRequest, find_portable_setting

DEFAULT_TIMEOUT_S = 300.0


@click.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the fingerprint or the setting to a file, as JSON.",
)
@click.option("--python", type=PYTHON, help="The Python to look into.  [default: the running one]")
@click.option("--probes", is_flag=True, help="Also measure what this torch computes here, bit by bit.")
@click.option("--times", is_flag=True, help="With --probes: keep how long each probe took, which no two runs share.")
@click.option(
    "--portable", is_flag=True, help="Find the settings under which other CPUs compute the same, and the cost."
)
@click.option(
    "--timeout",
    "timeout_s",
    type=Seconds(min=1.0, max=LONGEST_S),
    metavar="SECONDS",
    help=f"With --probes or --portable: how long to measure at most.  [default: {DEFAULT_TIMEOUT_S:g}]",
)
@click.option(
    "--output-format", "format_name", type=click.Choice(["full", "json"]), default="full", help="[default: full]"
)
@click.option("-v", "--verbose", is_flag=True, expose_value=False, help="Say more about errors.")
def command(
    *,
    output: Path | None,
    python: Path | None,
    probes: bool,
    times: bool,
    portable: bool,
    timeout_s: float | None,
    format_name: str,
) -> int:  # click hands every option over by name
    """Describe this machine and a Python environment as far as they decide numbers.

    Names no host, user, path or serial number; of the environment variables only those that change numbers.
    What could not be read says why. The same environment gives the same bytes.

    With --probes it also runs some hundred small operations on fixed numbers, in each precision, on the CPU and on
    CUDA where it is there: what they give to the last bit, in which order this machine adds, how it rounds, and what
    does not repeat itself. `reprocheck diff` compares two such fingerprints. Exit codes then: 1 where a result shows a
    fault (a canary of IEEE 754 additions and multiplications that came out wrong), 3 where not all could be measured.

    With --portable it plays other machines here (threads, instruction sets, MKL's branches, the C library) and prints
    the switch settings under which they compute the same, what stays unequal, and what that costs in time. About a
    minute on two cores.
    """
    if portable:
        _refuse_both(probes=probes, times=times)
        _require_room(output)
        return _portable(python, timeout_s or DEFAULT_TIMEOUT_S, output, format_name)
    if not probes:
        _refuse_idle(times=times, timeout_s=timeout_s)
        with progress("looking at this machine, its driver and its torch"):
            document = collect_fingerprint(python)
        _deliver(dump_document(document), render_fingerprint(document), output, format_name)
        return EXIT_CLEAN
    _require_room(output)
    request = ProbeRequest(python=python, timeout_s=timeout_s or DEFAULT_TIMEOUT_S, times=times)
    with progress("measuring what this machine computes"):
        probed = collect_probes(request)
    numerics = render_numerics(probed.measured, probed.faults, probed.known, times=times)
    page = f"{render_fingerprint(probed.document)}\n{numerics}"
    _deliver(dump_document(probed.document), page, output, format_name)
    return _exit_code(probed)


def _refuse_idle(*, times: bool, timeout_s: float | None) -> None:
    if times or timeout_s is not None:
        raise UsageError(
            "nothing is measured that could be timed",
            where="--times" if times else "--timeout",
            why="without `--probes` a fingerprint only describes",
            how="add `--probes`",
        )


def _refuse_both(*, probes: bool, times: bool) -> None:
    if probes or times:
        raise UsageError(
            "a portable setting is no part of a fingerprint",
            where="--portable",
            why="it is a page of its own",
            how=f"leave `{'--probes' if probes else '--times'}` out",
        )


def _require_room(output: Path | None) -> None:
    if output is not None:
        require_writable(output)


def _portable(python: Path | None, timeout_s: float, output: Path | None, format_name: str) -> int:
    with progress("playing other machines") as shown:
        found = find_portable_setting(PortableRequest(python=python, timeout_s=timeout_s, tell=shown.step))
    _deliver(render_portable_json(found), render_portable(found), output, format_name)
    return EXIT_CLEAN


def _deliver(document: str, page: str, output: Path | None, format_name: str) -> None:
    if output is not None:
        deliver(document, output)
        note(f"wrote {output}")
    deliver(document if format_name == "json" else page, None)


def _exit_code(probed: Probed) -> int:
    for fault in probed.faults:
        note(f"fault: {fault}")
    if not probed.is_whole:
        note("not everything could be measured; what is missing says why")
    if probed.faults:
        return EXIT_FINDINGS
    return EXIT_CLEAN if probed.is_whole else EXIT_UNDECIDED
