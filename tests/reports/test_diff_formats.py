"""The formats of `diff`: lines for people, a document for programs, a comment for a pull request."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reprocheck.model.differences import (
    Change,
    Compared,
    Difference,
    HeadDifference,
    PackageDifference,
    PackageState,
    PlatformStates,
)
from reprocheck.reports import diff_concise, diff_full, diff_json, diff_markdown, diff_registry
from reprocheck.reports.diff_registry import DIFF_FORMATS, diff_format
from reprocheck.reports.diff_report import DiffReport, summary
from reprocheck.reports.markdown_text import LONGEST_COMMENT

BOTH = ("linux-64", "win-64")
HOSTILE = "a|b`c\x1b[2J<img src=x>@you"


def states(*platforms: str) -> tuple[PlatformStates, ...]:
    return tuple(PlatformStates(platform=platform, old=None, new=None) for platform in platforms)


def changed(
    change: Change, name: str, old: str | None, new: str | None, *details: str, on: tuple[str, ...] = BOTH
) -> PackageDifference:
    return PackageDifference(
        change=change, manager="conda", name=name, old=old, new=new, states=states(*on), details=details
    )


def report(
    *packages: PackageDifference, compared: Compared = "locks", color: bool = False, **more: object
) -> DiffReport:
    fields: dict[str, object] = {"old": "main:conda-lock.yml", "new": "conda-lock.yml", "platforms": BOTH, **more}
    return DiffReport(difference=Difference(compared=compared, packages=packages, **fields), color=color)  # type: ignore[arg-type]


USUAL = report(
    changed("upgraded", "numpy", "1.26.4", "2.1.0"),
    changed("downgraded", "scipy", "1.2", "1.1", on=("win-64",)),
    changed("rebuilt", "tk", "8.6", "8.6", "build h0 -> h1"),
    changed("rebuilt", "xz", "5", "5", "build h0 -> h1 on linux-64", "build h2 -> h3 on win-64"),
    changed("rehashed", "bad", "1", "1", f"sha256 {'0' * 64} -> {'1' * 64}, both for https://h.invalid/bad.conda"),
    PackageDifference(change="removed", manager="pip", name="torch", old="2.4.1", new=None, states=states(*BOTH)),
    changed("added", "new", None, "1"),
    head=(
        HeadDifference(what="platform osx-64", old="12 packages", new=None),
        HeadDifference(what="platform osx-arm64", old=None, new="11 packages"),
        HeadDifference(what="CUDA", old="none", new="12.4"),
        HeadDifference(what="sources", old="", new="environment.yml"),
    ),
    notes=("something could not be compared",),
)


def test_full_tells_the_whole_first_then_packages_then_the_counts() -> None:
    assert diff_full.render(USUAL) == (
        "platform osx-64: removed, was 12 packages\n"
        "platform osx-arm64: added, 11 packages\n"
        "CUDA: none -> 12.4\n"
        "sources: (none) -> environment.yml\n"
        "\n"
        "~ numpy 1.26.4 -> 2.1.0\n"
        "~ scipy 1.2 -> 1.1 (downgrade)  [win-64]\n"
        "~ tk 8.6 (build h0 -> h1)\n"
        "~ xz 5 (another build)\n"
        "    build h0 -> h1 on linux-64\n"
        "    build h2 -> h3 on win-64\n"
        "! bad 1 (replaced under the same URL)\n"
        f"    sha256 {'0' * 64} -> {'1' * 64}, both for https://h.invalid/bad.conda\n"
        "- torch (pip) 2.4.1\n"
        "+ new 1\n"
        "\n"
        "1 replaced under the same URL, 1 downgraded, 1 upgraded, 1 added, 1 removed, 2 rebuilt, "
        "4 other changes\n"
        "note: something could not be compared\n"
    )


def test_concise_is_one_line_for_everything() -> None:
    lines = diff_concise.render(USUAL).splitlines()
    assert lines[3:7] == [
        "sources: (none) -> environment.yml",
        "~ numpy 1.26.4 -> 2.1.0",
        "~ scipy 1.2 -> 1.1 (downgrade)  [win-64]",
        "~ tk 8.6 (another build)",
    ]
    assert len(lines) == 4 + 7 + 2


def test_signs_are_coloured_where_colour_is_wanted() -> None:
    text = diff_full.render(report(changed("added", "a", None, "1"), color=True))
    assert text.splitlines()[0] == "\x1b[32m+\x1b[0m a 1"


@pytest.mark.parametrize(
    ("compared", "words"),
    [
        ("locks", "no difference: the locks say the same"),
        ("environments", "no difference: the environment files ask for the same"),
        ("fingerprints", "no difference: the fingerprints say the same"),
        ("records", "no difference: fingerprints, locks and runs are the same"),
    ],
)
def test_no_difference_is_said_in_words(compared: Compared, words: str) -> None:
    assert diff_full.render(report(compared=compared)) == f"{words}\n"
    assert diff_markdown.render(report(compared=compared)).startswith(f"**N{words[1:]}**\n")


def test_what_differs_beside_packages_is_counted() -> None:
    one = (HeadDifference(what="cpu", old="1", new="2"),)
    assert summary(report(head=one).difference) == "1 entry differs, but no package"
    assert summary(report(head=one * 2, compared="fingerprints").difference) == "2 entries differ"


DIGESTS = (
    HeadDifference(what="input digest", old="1", new="2", is_digest=True),
    HeadDifference(what="content hash of linux-64", old="3", new="4", is_digest=True),
)


def test_digests_are_for_programs_where_anything_else_differs() -> None:
    other = HeadDifference(what="CUDA", old="none", new="12.4")
    for more in ({"head": DIGESTS}, {"head": (other, *DIGESTS)}):
        found = report(changed("upgraded", "numpy", "1", "2"), **more)
        assert "digest" not in diff_full.render(found) + diff_concise.render(found) + diff_markdown.render(found)
        assert "hash" not in diff_full.render(found) + diff_concise.render(found) + diff_markdown.render(found)
        assert '"what": "input digest"' in diff_json.render(found)
    assert (
        summary(report(changed("added", "a", None, "1"), head=(other, *DIGESTS)).difference)
        == "1 added, 1 other change"
    )
    assert summary(report(head=(other, *DIGESTS)).difference) == "1 entry differs, but no package"


def test_digests_alone_say_that_the_sources_changed() -> None:
    found = report(head=DIGESTS)
    assert diff_full.render(found) == diff_concise.render(found) == "the lock's sources changed, no package did\n"
    assert diff_markdown.render(found) == (
        "**The lock's sources changed, no package did**\n\n`main:conda-lock.yml` → `conda-lock.yml`\n"
    )


def test_constraints_of_an_environment_may_be_empty() -> None:
    packages = (
        PackageDifference(change="changed", manager="conda", name="numpy", old="", new=">=2"),
        PackageDifference(change="added", manager="pip", name="timm", old=None, new=""),
    )
    found = report(*packages, compared="environments", platforms=())
    assert diff_concise.render(found) == "~ numpy any version -> >=2\n+ timm (pip)\n1 changed, 1 added\n"
    unknown = report(changed("changed", "own", "", "1"))
    assert diff_concise.render(unknown) == "~ own of unknown version -> 1\n1 changed\n"


def test_markdown_is_a_table_for_each_kind_of_change() -> None:
    assert diff_markdown.render(USUAL) == (
        "**1 replaced under the same URL, 1 downgraded, 1 upgraded, 1 added, 1 removed, 2 rebuilt, "
        "4 other changes**\n\n"
        "`main:conda-lock.yml` → `conda-lock.yml`\n\n"
        "- `platform osx-64`: removed, was 12 packages\n"
        "- `platform osx-arm64`: added, 11 packages\n"
        "- `CUDA`: none → 12.4\n"
        "- `sources`: (none) → environment.yml\n\n"
        "### Replaced under the same URL (1)\n\n"
        "| Package | Version | Details |\n"
        "| --- | --- | --- |\n"
        f"| `bad` | `1` | sha256 {'0' * 64} → {'1' * 64}, both for `https://h.invalid/bad.conda` |\n\n"
        "### Downgraded (1)\n\n"
        "| Package | From | To | Platforms |\n"
        "| --- | --- | --- | --- |\n"
        "| `scipy` | `1.2` | `1.1` | win-64 |\n\n"
        "### Upgraded (1)\n\n"
        "| Package | From | To |\n"
        "| --- | --- | --- |\n"
        "| `numpy` | `1.26.4` | `2.1.0` |\n\n"
        "### Added (1)\n\n"
        "| Package | Version |\n"
        "| --- | --- |\n"
        "| `new` | `1` |\n\n"
        "### Removed (1)\n\n"
        "| Package | Version |\n"
        "| --- | --- |\n"
        "| `torch (pip)` | `2.4.1` |\n\n"
        "### Rebuilt (2)\n\n"
        "| Package | Version | Details |\n"
        "| --- | --- | --- |\n"
        "| `tk` | `8.6` | build h0 → h1 |\n"
        "| `xz` | `5` | build h0 → h1 on linux-64<br>build h2 → h3 on win-64 |\n\n"
        "Note: something could not be compared\n"
    )


def test_a_platform_column_says_all_where_only_some_rows_differ() -> None:
    text = diff_markdown.render(
        report(changed("added", "a", None, "1"), changed("added", "b", None, "1", on=("win-64",)))
    )
    assert "| `a` | `1` | all |\n| `b` | `1` | win-64 |\n" in text


def test_long_tables_are_folded_and_a_comment_keeps_within_its_limit() -> None:
    many = [changed("added", f"package-{number}", None, "1.0") for number in range(16)]
    assert "<details><summary>Added (16)</summary>\n\n| Package" in diff_markdown.render(report(*many))
    endless = [changed("rebuilt", f"package-{number}", "1", "1", "x" * 200) for number in range(400)]
    text = diff_markdown.render(report(changed("upgraded", "a", "1", "2"), *endless))
    assert len(text) < LONGEST_COMMENT
    assert text.endswith("Rebuilt (400): left out here, a comment holds no more; `--output-format full` has them\n")
    assert "| `a` | `1` | `2` |" in text


def test_hostile_names_stay_text_in_markdown() -> None:
    found = report(
        changed("added", HOSTILE, None, HOSTILE, HOSTILE, on=(HOSTILE,)),
        head=(HeadDifference(what=HOSTILE, old=HOSTILE, new="1"),),
    )
    text = diff_markdown.render(found)
    span = "`a`&#124;`` b`c\\u{1b}[2J<img src=x>@you ``"
    plain = "a&#124;b\\`c\\\\u\\{1b\\}\\[2J&lt;img `src=x>@you`"
    assert f"| {span} | {span} | {plain} | {plain} |\n" in text
    assert f"- {span}: {plain} → 1\n" in text


def test_control_characters_reach_no_terminal() -> None:
    found = report(
        changed("added", HOSTILE, None, HOSTILE, HOSTILE, on=(HOSTILE,)),
        head=(HeadDifference(what=HOSTILE, old=HOSTILE, new=HOSTILE),),
        notes=(HOSTILE,),
    )
    for module in DIFF_FORMATS:
        assert "\x1b" not in module.render(found)


def test_json_says_everything_sorted_and_without_floats() -> None:
    state = PackageState(
        version="1", build="0", channel="conda-forge", url="u", md5=None, sha256="s", categories=("main",)
    )
    pair = PlatformStates(platform="linux-64", old=None, new=state)
    package = PackageDifference(
        change="added", manager="conda", name="a", old=None, new="1", states=(pair,), details=("d",)
    )
    head = (HeadDifference(what="CUDA", old=None, new="12.4"),)
    document = json.loads(diff_json.render(report(package, head=head, notes=("n",))))
    assert next(iter(document)) == "schema"
    assert document == {
        "schema": "reprocheck/diff/1",
        "compared": "locks",
        "old": "main:conda-lock.yml",
        "new": "conda-lock.yml",
        "platforms": ["linux-64", "win-64"],
        "head": [{"what": "CUDA", "old": None, "new": "12.4"}],
        "packages": [
            {
                "change": "added",
                "manager": "conda",
                "name": "a",
                "old": None,
                "new": "1",
                "details": ["d"],
                "platforms": [
                    {
                        "platform": "linux-64",
                        "old": None,
                        "new": {
                            "version": "1",
                            "build": "0",
                            "channel": "conda-forge",
                            "url": "u",
                            "md5": None,
                            "sha256": "s",
                            "categories": ["main"],
                        },
                    }
                ],
            }
        ],
        "notes": ["n"],
        "numeric": None,
        "summary": {
            "added": 1,
            "changed": 0,
            "downgraded": 0,
            "moved": 0,
            "patched": 0,
            "rebuilt": 0,
            "recategorised": 0,
            "rehashed": 0,
            "removed": 0,
            "upgraded": 0,
        },
    }


def test_every_format_is_registered_once() -> None:
    folder = Path(diff_registry.__file__).parent
    with_name = {path.stem for path in folder.glob("diff_*.py") if "\nNAME = " in path.read_text(encoding="utf-8")}
    assert {f"diff_{module.NAME}" for module in DIFF_FORMATS} == with_name
    assert diff_format("json") is diff_json
