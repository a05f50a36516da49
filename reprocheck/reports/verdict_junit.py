"""A verdict as test results: each check is a test, skipped where it could not be made.

A check for review passes, with what is to be looked at as its output. Sources as in `junit`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from reprocheck.model.verdicts import Check, Verdict
from reprocheck.reports.log_text import log_text
from reprocheck.reports.verdict_report import VerdictReport
from reprocheck.reports.verdict_words import cause_lines, distance_of, label_of, place_of, sentence_of
from reprocheck.reports.visible import visible
from reprocheck.reports.xml_text import attributes, element

NAME = "junit"


def render(report: VerdictReport) -> str:
    """Return one suite with one test a check, in their order."""
    verdict = report.verdict
    counts = attributes(
        name="reprocheck verify",
        tests=str(len(verdict.checks)),
        failures=str(_count(verdict, "fail")),
        errors="0",
        skipped=str(_count(verdict, "skip")),
        time="0",
    )
    tests = chain.from_iterable(_test(check, report) for check in verdict.checks)
    told = log_text([f"{label_of(verdict)}: {sentence_of(verdict)}", *cause_lines(verdict)]).strip("\n")
    output = element("system-out", told)
    lines = [f"<testsuites {counts}>", f"<testsuite {counts}>", *tests, output, "</testsuite>", "</testsuites>"]
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + "\n".join(lines) + "\n"


def _count(verdict: Verdict, status: str) -> int:
    return sum(check.status == status for check in verdict.checks)


def _test(check: Check, report: VerdictReport) -> Iterator[str]:
    title = attributes(name=check.name, classname="reprocheck.verify", time="0", file=report.path, line="1")
    yield f"<testcase {title}>"
    if check.status == "fail":
        yield element("failure", _told(check), message=check.detail, type="error")
    elif check.status == "skip":
        yield f"<skipped {attributes(message=check.detail)}/>"
    else:
        yield element("system-out", _told(check))
    yield "</testcase>"


def _told(check: Check) -> str:
    divergence = check.first_divergence
    lines = [check.detail]
    if divergence:
        lines += [place_of(check, divergence), f"{divergence.quantity} {distance_of(divergence)}"]
        lines += [f"recorded {divergence.recorded}", f"here {divergence.observed}"]
    return log_text(map(visible, lines)).strip("\n")
