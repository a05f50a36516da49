"""Findings as test results, for CI systems that show those of JUnit: each rule that ran is a test.

A rule fails with findings that fail the check; milder ones are its output. One `failure` a test holds them all, since
some readers take one only. XML 1.0 has no place for control characters, and a file with one is dropped whole.
Sources: the schema of Jenkins (jenkinsci/xunit-plugin, junit-10.xsd); docs.gitlab.com "Unit test reports"; XML 1.0
§2.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from reprocheck.model.findings import Audit, Finding
from reprocheck.reports.audit_report import AuditReport
from reprocheck.reports.full import paragraph
from reprocheck.reports.log_text import log_text
from reprocheck.reports.summary import closing_lines
from reprocheck.reports.xml_text import attributes, element

NAME = "junit"


def render(report: AuditReport) -> str:
    """Return one suite with one test a rule, in the order of their codes."""
    audit = report.audit
    names = {skip.code: "" for skip in audit.skipped} | {finding.code: finding.name for finding in audit.findings}
    names |= {rule.code: rule.name for rule in report.rules}
    failed = {finding.code for finding in audit.findings if _fails(finding, report)}
    counts = attributes(
        name="reprocheck",
        tests=str(len(names)),
        failures=str(len(failed)),
        errors="0",
        skipped=str(len(_reasons(audit).keys() - failed)),
        time="0",
    )
    tests = chain.from_iterable(_test(code, names[code], report) for code in sorted(names))
    output = element("system-out", log_text(closing_lines(audit)).strip("\n"))
    lines = [f"<testsuites {counts}>", f"<testsuite {counts}>", *tests, output, "</testsuite>", "</testsuites>"]
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + "\n".join(lines) + "\n"


def _test(code: str, name: str, report: AuditReport) -> Iterator[str]:
    findings = [finding for finding in report.audit.findings if finding.code == code]
    failing = [finding for finding in findings if _fails(finding, report)]
    milder = [finding for finding in findings if not _fails(finding, report)]
    place = {"file": findings[0].location.path, "line": str(findings[0].location.line)} if findings else {}
    title = attributes(name=f"{code} {name}".strip(), classname=f"reprocheck.{code[:3]}xx", time="0", **place)
    yield f"<testcase {title}>"
    reason = _reasons(report.audit).get(code)
    if failing:
        yield element("failure", _told(failing, report), message=_message(failing), type=_worst(failing))
    elif reason:
        yield f"<skipped {attributes(message=reason)}/>"
    if milder:
        yield element("system-out", _told(milder, report))
    yield "</testcase>"


def _fails(finding: Finding, report: AuditReport) -> bool:
    return finding.severity.rank <= report.fails_from.rank


def _reasons(audit: Audit) -> dict[str, str]:
    """Return why rules were skipped; one may have looked at one file and not at another."""
    return {skip.code: skip.reason for skip in reversed(audit.skipped)}


def _message(findings: list[Finding]) -> str:
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    return findings[0].message + more


def _worst(findings: list[Finding]) -> str:
    return min(findings, key=lambda finding: finding.severity.rank).severity.value


def _told(findings: list[Finding], report: AuditReport) -> str:
    lines = [line for finding in findings for line in ("", *paragraph(finding, report))]
    return log_text(lines).strip("\n")
