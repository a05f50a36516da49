"""Laws of mending and of baselines, on any environment file that hypothesis can think of.

ruff's contract for fixes: "a fix is idempotent"; POSIX `diff`: what is in no hunk is in both files.
"""

from __future__ import annotations

import difflib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from reprocheck.model.findings import Audit, Finding
from reprocheck.readers.baseline_json import read_baseline
from reprocheck.readers.environment_yml import parse_environment
from reprocheck.workflows.baseline import format_baseline, set_apart
from reprocheck.workflows.check import CheckRequest, run_check
from reprocheck.workflows.fixing import plan_mends, write_changes

CONDA = ["python", "numpy", "Numpy", "conda-forge::numpy", "pytorch", "py-opencv", "xgboost", "cudatoolkit", "mkl"]
PIP = ["torch", "numpy", "opencv-python", "opencv_python", "xgboost", "einops", "uvicorn[standard]", "uvicorn"]
BOUNDS = ["", "=1.26", "==11.8", ">=2.0", ">=2,<3", "=12.4.1", " >=1 <2", " 1 <2", ">=1  <2 !=1.5"]
COMMENTS = [
    "",
    "  # [linux]",
    "  # [ win ]",
    "  # plain",
    "  # [a note]",
    "\t# see [1] and [2]",
    "  # reprocheck: ignore RC107 -- both",
    "  # reprocheck: ignore RC101, RC102 -- why  # [linux]",
    "  # reprocheck: ignore-file RC301",
]
QUOTES = ["{}", "'{}'", '"{}"']

items = st.builds(
    lambda name, bound, quote, comment: f"- {quote.format(name + bound)}{comment}",
    st.sampled_from(CONDA),
    st.sampled_from(BOUNDS),
    st.sampled_from(QUOTES),
    st.sampled_from(COMMENTS),
)
lone = st.sampled_from(["", "# [text]", "# reprocheck: ignore RC101 -- x", "  # deep"])
pip_items = st.builds(
    "  - {}{}{}".format,
    st.sampled_from(PIP),
    st.sampled_from(["", "==1.26.4", ">=2.0", ">=1.0", "==2.0.1+cu118"]),
    st.sampled_from(COMMENTS),
)
HEADS = ["", "name: x\n", "name: x\nchannels:\n- defaults\n- conda-forge\n", "channels: [pytorch]\n"]
TAILS = ["", "prefix: /home/me/x\n", "variables:\n  LD_LIBRARY_PATH: /usr/lib\n"]


@st.composite
def environments(draw: st.DrawFn) -> bytes:
    """Return the bytes of a file: any items, comments, line ends, with and without a byte order mark."""
    conda = draw(st.lists(st.one_of(items, lone), max_size=6))
    pip = draw(st.lists(st.one_of(pip_items, lone), max_size=4))
    has_pip = any(line.lstrip().startswith("- ") for line in pip)
    section = [f"- pip:{draw(st.sampled_from(COMMENTS))}", *pip] if has_pip else []
    lines = [*conda, *draw(st.permutations(["- pip", "- scipy"])), *section]
    text = f"{draw(st.sampled_from(HEADS))}dependencies:\n" + "".join(f"{line}\n" for line in lines)
    text += draw(st.sampled_from(TAILS))
    text = text if draw(st.booleans()) else text.rstrip("\n")
    mark = "\ufeff" if draw(st.booleans()) else ""
    return (mark + text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))).encode()


@contextmanager
def project(data: bytes) -> Iterator[CheckRequest]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "environment.yml")
        path.write_bytes(data)
        yield CheckRequest(folder=Path(folder), files=(path,))


def mended(request: CheckRequest, *, unsafe: bool) -> bytes:
    plan = plan_mends(request, unsafe=unsafe)
    assert not any("no end" in note for note in plan.notes)
    write_changes(plan.changes)
    return request.files[0].read_bytes()


def told(audit: Audit) -> list[Finding]:
    return [finding for finding in audit.findings if finding.has_safe_fix]


@settings(max_examples=60)
@given(data=environments(), unsafe=st.booleans())
def test_mending_twice_is_mending_once(data: bytes, unsafe: bool) -> None:
    with project(data) as request:
        once = mended(request, unsafe=unsafe)
        assert mended(request, unsafe=unsafe) == once


@settings(max_examples=60)
@given(data=environments())
def test_after_mending_nothing_is_left_that_could_be_mended(data: bytes) -> None:
    with project(data) as request:
        plan = plan_mends(request, unsafe=False)
        write_changes(plan.changes)
        audit = run_check(request).audit
        assert len(told(audit)) == len(plan.notes)
        assert [one for one in audit.suppressions if one.state == "unused"] == []


@settings(max_examples=60)
@given(data=environments(), unsafe=st.booleans())
def test_every_line_of_a_mended_file_is_an_old_one_byte_for_byte_or_holds_what_can_be_read(
    data: bytes, unsafe: bool
) -> None:
    with project(data) as request:
        after = mended(request, unsafe=unsafe)
    parse_environment(after, "environment.yml")
    assert after.startswith(b"\xef\xbb\xbf") == data.startswith(b"\xef\xbb\xbf")
    assert (b"\r" in after) == (b"\r" in data)
    assert b"\r" not in after.replace(b"\r\n", b"")
    assert b"\n" not in after.replace(b"\r\n", b"") or b"\r" not in after
    old, new = data.splitlines(keepends=True), after.splitlines(keepends=True)
    kept = sum(block.size for block in difflib.SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks())
    added = len(new) - kept
    # A mend replaces lines, takes lines out, or puts in a single `- pip`.
    assert added <= len(old) - kept + 1


@settings(max_examples=60)
@given(data=environments())
def test_mending_keeps_or_lowers_the_number_of_errors(data: bytes) -> None:
    with project(data) as request:
        before = run_check(request).audit
        mended(request, unsafe=False)
        after = run_check(request).audit
    assert sum(one.severity.rank == 0 for one in after.findings) <= sum(
        one.severity.rank == 0 for one in before.findings
    )


@settings(max_examples=60)
@given(data=environments())
def test_the_baseline_of_a_run_makes_the_same_run_clean(data: bytes) -> None:
    with project(data) as request:
        audit = run_check(request).audit
        path = request.folder / "known.json"
        path.write_bytes(format_baseline(audit.findings, path))
        apart = set_apart(audit, read_baseline(path), path)
        assert (apart.findings, apart.known) == ((), len(audit.findings))
        found = run_check(replace(request, baseline=path))
        assert (found.audit.findings, found.outgrown) == ((), ())
