"""The packaged tables are read without PyYAML, and exactly as PyYAML reads them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from reprocheck.facts.tables import plain_rows, rows_of

TABLES = Path(__file__).resolve().parents[2] / "reprocheck" / "facts" / "tables"
OWN_READER = {("conda_pypi_names", "rows")}  # facts/name_map.py reads it with a pattern of its own


def sections() -> list[tuple[str, str]]:
    found = []
    for path in sorted(TABLES.glob("*.yaml")):
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
        found += [(path.stem, section) for section, rows in document.items() if isinstance(rows, list)]
    return [pair for pair in found if pair not in OWN_READER]


@pytest.mark.parametrize(("table", "section"), sections(), ids="/".join)
def test_a_packaged_section_is_read_as_pyyaml_reads_it(table: str, section: str) -> None:
    text = (TABLES / f"{table}.yaml").read_text(encoding="utf-8")
    expected = yaml.load(text, Loader=yaml.BaseLoader)[section]
    plain = plain_rows(text, section)
    assert plain is not None, "a row is no flow mapping of one line, and check would load PyYAML for it"
    assert list(plain) == expected == list(rows_of(table, section))


@pytest.mark.parametrize(
    "row",
    [
        "- {a: 1, b: [x, 'y, z'], c: 'it''s', d: -1.5, e: [], f: a b, g: null, h: ['']}",
        "- {a: x:y, b: 'c: d', c: '{}'}",
        "# a comment\n- {a: 1}\n\n- {a: 2}\n# another",
    ],
)
def test_a_plain_row_is_read_as_pyyaml_reads_it(row: str) -> None:
    text = f"schema: x\nrows:\n{row}\nother:\n- {{a: 3}}\n"
    plain = plain_rows(text, "rows")
    assert plain is not None
    assert list(plain) == yaml.load(text, Loader=yaml.BaseLoader)["rows"]


@pytest.mark.parametrize(
    "row",
    [
        "- {a: 1}  # why",
        "- {a: 1, a: 2}",
        "- {a: {b: c}}",
        "- {a: [[b]]}",
        '- {a: "b"}',
        "- {a: &x b}",
        "- {a: b #c}",
        "- {a: b ,c: d}",
        "- {a: [b,c]}",
        "- {a: 1,\n   b: 2}",
        "- a: 1",
        "- text",
        "- {a: 'b}",
        "- {a: b: c}",
        "- {a: 1",
        "- {}",
        "- {a: }",
    ],
)
def test_what_is_not_plain_is_left_to_pyyaml(row: str) -> None:
    assert plain_rows(f"rows:\n{row}\n", "rows") is None


def test_a_section_that_is_not_there_or_empty_is_left_to_pyyaml() -> None:
    assert plain_rows("rows:\n- {a: 1}\n", "other") is None
    assert plain_rows("rows:\nother:\n- {a: 1}\n", "rows") is None


def test_the_table_of_names_falls_back_to_pyyaml() -> None:
    assert len(rows_of("conda_pypi_names", "rows")) > 500
