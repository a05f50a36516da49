"""uv's words, in the layout of today and of older releases."""

from __future__ import annotations

import pytest

from reprocheck.locking.pip_part.uv_failure import plain_reason, read_failure, undecided

TODAY = """\
DEBUG Searching
error: No solution found when resolving dependencies
  cause: Because numpy{python_full_version < '3.14'}<2 and
             you require numpy>=2, we can conclude that your requirements are unsatisfiable.

hint: `numpy` was found
"""
BEFORE = """\
  × No solution found when resolving dependencies:
  ╰─▶ Because only numpy==1.0 is available and you require
      numpy>=2, we can conclude that your requirements are unsatisfiable.

      hint: `numpy` was found
"""


def test_a_failure_is_read_without_markers_and_strokes() -> None:
    today, before = read_failure(TODAY), read_failure(BEFORE)
    assert today.unsolvable
    assert before.unsolvable
    assert today.causes == (
        "Because numpy<2 and you require numpy>=2, we can conclude that your requirements are unsatisfiable.",
    )
    assert today.hints == before.hints == ("`numpy` was found",)
    assert plain_reason(before.explanation, 300) == "only numpy==1.0 is available and you require numpy>=2"


def test_a_long_explanation_gives_its_conclusion() -> None:
    text = "Because a, we can conclude that b. And because c and d, we can conclude that e."
    assert plain_reason(text, 100) == "a, so b; c and d, so e"
    assert plain_reason(text, 10) == "c and d, so e"


def test_words_without_a_headline_are_kept() -> None:
    failure = read_failure("DEBUG one\nsomething odd\n")
    assert (failure.first, failure.unsolvable, failure.explanation) == ("something odd", False, "something odd")
    assert undecided(failure, offline=False) is None


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            "error: Request failed after 3 retries in 6.8s\n  cause: Failed to fetch: https://h.invalid/simple/a/\n"
            "  cause: dns error\n  cause: failed to lookup address information: Name or service not known\n",
            [
                "error: the pip part cannot be resolved",
                "  where: https://h.invalid/simple/a/",
                "  why:   failed to lookup address information: Name or service not known",
                "  how:   check the network and the package index (`UV_DEFAULT_INDEX` names another), then try again",
            ],
        ),
        (
            "error: Failed to build `a==1.0`\n  cause: The build backend returned an error\n"
            f"  cause: Call to `b` failed\n\n         [stderr]\n         {'x' * 600} ModuleNotFoundError: b\n",
            [
                "error: the pip part cannot be resolved",
                "  where: a==1.0",
                "  why:   ModuleNotFoundError: b",
                "  how:   pin a version that has wheels, or give its build the tools of its time by `--exclude-newer`",
            ],
        ),
        (
            "error: Failed to build `a==1.0`\n  cause: The build backend returned an error\n"
            f"  cause: Call to `b` failed\n\n         [stderr]\n         {'x' * 600} no compiler\n",
            [
                "error: the pip part cannot be resolved",
                "  where: a==1.0",
                f"  why:   … {'x' * 288} no compiler",
                "  how:   pin a version that has wheels, or give its build the tools of its time by `--exclude-newer`",
            ],
        ),
        (
            "error: Failed to initialize cache at `/home/me/.cache/uv`\n"
            "  cause: failed to create directory `/home/me/.cache/uv`: Permission denied (os error 13)\n",
            [
                "error: the pip part cannot be resolved",
                "  why:   failed to create directory `/home/me/.cache/uv`: Permission denied (os error 13)",
                "  how:   make room there, or name another folder with `UV_CACHE_DIR`",
            ],
        ),
        (
            "error: Failed to download `a @ https://h.invalid/a.whl`\n  cause: HTTP status client error (404)\n",
            [
                "error: the pip part cannot be resolved",
                "  where: a @ https://h.invalid/a.whl",
                "  why:   HTTP status client error (404)",
                "  how:   check the network and the package index (`UV_DEFAULT_INDEX` names another), then try again",
            ],
        ),
    ],
)
def test_what_says_nothing_of_the_requirements_is_undecided(text: str, lines: list[str]) -> None:
    error = undecided(read_failure(text), offline=False)
    assert error is not None
    assert error.lines() == lines
