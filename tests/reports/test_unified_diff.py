"""A diff that `patch` can read, in which nothing is hidden and nothing is secret."""

from __future__ import annotations

import pytest

from reprocheck.reports.unified_diff import unified_diff


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (b"a\nb\n", b"a\nc\n", "@@ -1,2 +1,2 @@\n a\n-b\n+c\n"),
        (b"a\nb", b"a\nc", "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+c\n\\ No newline at end of file\n"),
        (b"a\r\nb\r\n", b"a\r\n", "@@ -1,2 +1 @@\n a\r\n-b\r\n"),
        (b"\ta\n", b"\tb\n", "@@ -1 +1 @@\n-\ta\n+\tb\n"),
        (b"a\rb\n", b"a\rc\n", "@@ -1 +1 @@\n-a\\u{d}b\n+a\\u{d}c\n"),
        ("\u202ea\n".encode(), b"a\n", "@@ -1 +1 @@\n-\\u{202e}a\n+a\n"),
        (
            b"u: https://me:pw@host.invalid/t/token/x\n",
            b"u: https://me:pw@host.invalid/t/token/y\n",
            "@@ -1 +1 @@\n-u: https://<credentials>@host.invalid/t/<token>/x\n"
            "+u: https://<credentials>@host.invalid/t/<token>/y\n",
        ),
    ],
    ids=["plain", "no-last-newline", "crlf", "tab", "control", "bidirectional", "credentials"],
)
def test_a_diff_shows_what_changes(before: bytes, after: bytes, expected: str) -> None:
    assert unified_diff("e.yml", before, after) == f"--- e.yml\n+++ e.yml\n{expected}"


def test_no_change_is_no_diff() -> None:
    assert unified_diff("e.yml", b"a\n", b"a\n") == ""


def test_a_name_cannot_start_a_line() -> None:
    assert unified_diff("a\n+++ b", b"a\n", b"").startswith("--- a\\u{a}+++ b\n+++ a\\u{a}+++ b\n")


def test_a_line_is_no_command_to_a_ci_system() -> None:
    text = unified_diff("e.yml", b"::error::x\na # ##[error]y\n", b"::error::x\nb # ##vso[z]\n")
    assert text.endswith(" \\u{3a}:error::x\n-a # #\\u{23}[error]y\n+b # #\\u{23}vso[z]\n")
