"""The paths to a package as text: one line a step, equal platforms together, hostile names inert."""

from __future__ import annotations

import json

from reprocheck.model.locks import LockedPackage
from reprocheck.reports.why_json import render_why_json
from reprocheck.reports.why_text import Answer, Step, render_why


def package(name: str, platform: str = "linux-64", build: str | None = "h0_0") -> LockedPackage:
    return LockedPackage(
        name=name,
        version="1.0",
        manager="conda" if build else "pip",
        platform=platform,
        dependencies=(),
        url="",
        md5=None,
        sha256=None,
        category="main",
        optional=False,
        build=build,
        channel=None,
        line=1,
    )


def answer(platform: str, declared_in: str | None = "environment.yml") -> Answer:
    path = (
        Step(package=package("scipy", platform), constraint="=1.0", declared_in=declared_in),
        Step(package=package("numpy", platform), constraint=">=1,<3"),
        Step(package=package("blas", platform, None), constraint=""),
    )
    return Answer(package=package("blas", platform, None), paths=(path,), declared_in=declared_in)


def test_a_path_is_one_line_a_step_from_the_declared_package_on() -> None:
    assert render_why([answer("linux-64")]) == (
        "blas 1.0 (pip) on linux-64\n"
        "  environment.yml: scipy =1.0 → scipy 1.0 h0_0 (conda)\n"
        "     └─ needs numpy >=1,<3 → numpy 1.0 h0_0 (conda)\n"
        "        └─ needs blas → blas 1.0 (pip)\n"
    )


def test_platforms_with_the_same_answer_are_told_together() -> None:
    assert render_why([answer("linux-64"), answer("win-64")]).startswith("blas 1.0 (pip) on linux-64, win-64\n")


def test_without_an_environment_the_roots_are_what_nothing_else_needs() -> None:
    text = render_why([answer("linux-64", None)])
    assert "  scipy 1.0 h0_0 (conda), which nothing else needs\n" in text


def test_a_package_that_nothing_leads_to_says_so() -> None:
    lonely = Answer(package=package("x"), paths=(), declared_in="environment.yml")
    of_a_lock = Answer(package=package("y"), paths=(), declared_in=None)
    assert render_why([lonely, of_a_lock]) == (
        "x 1.0 h0_0 (conda) on linux-64\n"
        "  nothing declared in environment.yml leads to it\n"
        "\n"
        "y 1.0 h0_0 (conda) on linux-64\n"
        "  nothing declared in the lock leads to it\n"
    )


def test_hostile_names_are_inert() -> None:
    hostile = package("x\x1b[2J\u202e")
    step = Step(package=hostile, constraint="\r\n>=1")
    text = render_why([Answer(package=hostile, paths=((step,),), declared_in="e\x1b.yml")])
    assert set(text) & set("\x1b\r\u202e") == set()


def test_the_document_tells_the_same_paths() -> None:
    document = json.loads(render_why_json([answer("linux-64")]))
    assert document["schema"] == "reprocheck/why/1"
    [told] = document["answers"]
    assert told["declared_in"] == "environment.yml"
    assert told["package"] == {
        "build": None,
        "manager": "pip",
        "name": "blas",
        "platform": "linux-64",
        "version": "1.0",
    }
    steps = [(step["package"]["name"], step["constraint"], step["declared_in"]) for step in told["paths"][0]]
    assert steps == [("scipy", "=1.0", "environment.yml"), ("numpy", ">=1,<3", None), ("blas", "", None)]
