"""Whatever stands in a name, Markdown shows it as it is; read back by markdown-it."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from reprocheck.reports.markdown_text import code_span, fenced, folded, plain, row, sentence
from reprocheck.reports.visible import visible

PARSER = MarkdownIt("gfm-like")
SIGNS = st.text(st.sampled_from("`|\\*_<>&@#$!~[]()+-.:/w=1aZ ") | st.characters())


def parts(markdown: str) -> list[Token]:
    """Return the inline tokens of what must be one paragraph or one cell."""
    return [part for token in PARSER.parse(markdown) if token.type == "inline" for part in token.children or ()]


def shown(tokens: list[Token]) -> str:
    assert {token.type for token in tokens} <= {"text", "code_inline", "text_special"}, tokens
    return "".join(token.content for token in tokens)


def expected(text: str) -> str:
    """What a reader sees: code is no longer between backticks, spaces are one, arrows are drawn."""
    return squeezed(re.sub(r"`([^`]+)`", r"\1", visible(text)))


def squeezed(text: str) -> str:
    return re.sub(r"[\s`]+", "", text).replace("->", "→")


@given(SIGNS)
@example("`a``b`")
@example("- a")
@example("12. a")
@example("https://h.invalid/a|b")
@example("a@b.invalid www.h.invalid #1 $x$ !2 ~l %m")
def test_prose_is_shown_as_it_is_and_means_nothing_else(text: str) -> None:
    markdown = plain(text)
    kinds = [token.type for token in PARSER.parse(markdown)]
    assert kinds in ([], ["paragraph_open", "inline", "paragraph_close"])
    assert squeezed(shown(parts(markdown))) == expected(text)


@given(SIGNS)
def test_sites_find_nobody_to_call_and_nothing_to_link_outside_of_code(text: str) -> None:
    outside = "".join(part.content for part in parts(plain(text)) if part.type != "code_inline")
    assert not re.search(r"[@$]|://|www\.|[#!%~]\w", outside)


@given(SIGNS.filter(lambda text: text.strip() != "" and "\n" not in text))
def test_code_is_shown_as_it_is(text: str) -> None:
    tokens = parts(f"a {code_span(text)} b")
    assert squeezed(shown(tokens)) == f"a{squeezed(visible(text))}b"


@given(st.lists(SIGNS, min_size=1, max_size=4))
def test_a_row_has_as_many_cells_as_were_given(texts: list[str]) -> None:
    cells = [plain(text) for text in texts] + [code_span(text) for text in texts]
    head = [row(["a"] * len(cells)), row(["---"] * len(cells))]
    tokens = PARSER.parse("\n".join([*head, row(cells)]))
    assert [token.type for token in tokens].count("td_open") == len(cells)
    assert [token.type for token in tokens].count("tr_open") == 2


@given(st.lists(SIGNS, max_size=4))
def test_a_block_of_code_ends_only_where_it_ends(lines: list[str]) -> None:
    tokens = PARSER.parse(fenced(lines, "yaml"))
    assert [(token.type, token.info, token.content) for token in tokens] == [
        ("fence", "yaml", "\n".join(map(visible, lines)) + "\n")
    ]


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("`torch>=2` (pip) -> a_b", "`torch>=2` (pip) → a\\_b"),
        ("ask @maintainer, see #1", "ask `@maintainer,` see `#1`"),
        ("from https://h.invalid/a now", "from `https://h.invalid/a` now"),
        ("a\x1b[2J", "a\\\\u\\{1b\\}\\[2J"),
        ("`a|b`", "`a`&#124;`b`"),
        ("- no list", "\\- no list"),
        ("1. no list", "1\\. no list"),
        ("``", "\\`\\`"),
    ],
)
def test_prose_as_it_is_written(text: str, markdown: str) -> None:
    assert plain(text) == markdown


def test_code_spans_have_fences_that_hold() -> None:
    assert [code_span(text) for text in ("a", "a`b", "``", "", "|")] == ["`a`", "`` a`b ``", "``` `` ```", "", "&#124;"]


def test_a_fold_holds_blocks() -> None:
    kinds = [token.type for token in PARSER.parse(folded("more", "| a |\n| --- |\n| b |"))]
    assert kinds[0] == kinds[-1] == "html_block"
    assert "table_open" in kinds


def test_a_sentence_begins_with_a_capital() -> None:
    assert [sentence(text) for text in ("no findings", "")] == ["No findings", ""]
