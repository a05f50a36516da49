"""Pictures of a graph: every format whole and valid, and hostile names nothing but text in each."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from reprocheck.model.findings import Confidence, Finding, Location, Severity
from reprocheck.model.package_graphs import GraphEdge, GraphPackage, GraphReport, PackageGraph
from reprocheck.reports import graph_dot, graph_json, graph_mermaid, graph_svg
from reprocheck.reports.graph_registry import GRAPH_FORMATS, graph_format

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = (
    '"];alert(1);n0["',
    "</text><script>alert(1)</script>",
    "a\\",
    'x" onload="alert(1)',
    "end",
    '%%{init: {"theme": "dark"}}%%',
    "click n0 call x()",
    "a\nb\x1b[2J",
    "\u202eevil\ufffe\uffff",
    "-->",
    "#quot;&lt;",
    "漢字\\N\\G",
    "x" * 300,
)


def package(name: str, manager: str = "conda", **more: object) -> GraphPackage:
    return GraphPackage(manager=manager, name=name, version="1.0", build="h0_0", **more)  # type: ignore[arg-type]


def finding(code: str, message: str) -> Finding:
    return Finding(
        code=code,
        name="x",
        severity=Severity.ERROR,
        confidence=Confidence.HIGH,
        message=message,
        location=Location(path="environment.yml", line=1, column=1),
    )


def report(graph: PackageGraph, *findings: Finding, title: str = "the paths") -> GraphReport:
    return GraphReport(lock="conda-lock.yml", title=title, graphs=(graph,), findings=findings)


SMALL = report(
    PackageGraph(
        platform="linux-64",
        packages=(
            package("timm", "pip", wanted=">=1.0"),
            package("torch", "pip", codes=("RC302", "RC412"), replaces="pytorch 2.6.0"),
            package("pytorch", wanted="", codes=("RC302",), replaced_by="torch 1.0", undrawn=2),
            package("numpy", undrawn=1),
        ),
        edges=(
            GraphEdge(origin=0, target=1, constraint=">=1.7"),
            GraphEdge(origin=1, target=2, constraint="", kind="replaces"),
            GraphEdge(origin=2, target=3, constraint=">=1.23"),
            GraphEdge(origin=1, target=3, constraint=""),
        ),
    ),
    finding("RC302", "two of torch"),
)
ATTACK = report(
    PackageGraph(
        platform='linux"-64\n}',
        packages=tuple(
            package(name, "pip" if place % 2 else "conda", wanted=name, replaces=name, codes=(("RC302",) * (place % 3)))
            for place, name in enumerate(HOSTILE)
        ),
        edges=tuple(
            GraphEdge(origin=place, target=place + 1, constraint=name, kind="replaces" if place % 4 == 0 else "needs")
            for place, name in enumerate(HOSTILE[:-1])
        ),
    ),
    finding("RC302", HOSTILE[1]),
    title=HOSTILE[0],
)


def test_the_registry_holds_every_format() -> None:
    assert (graph_dot, graph_mermaid, graph_svg, graph_json) == GRAPH_FORMATS
    assert [graph_format(module.NAME) for module in GRAPH_FORMATS] == list(GRAPH_FORMATS)


def test_dot_marks_managers_conflicts_and_replacements() -> None:
    lines = graph_dot.render(SMALL).splitlines()
    assert lines[0] == 'digraph "linux-64" {'
    assert lines[4:] == [
        '  label="conda-lock.yml: the paths"',
        '  n0 [label="timm 1.0 (pip)\\ndeclared >=1.0", fillcolor="#fdf3e4", color="#a35a00", style="filled,rounded"]',
        '  n1 [label="torch 1.0 (pip)\\nRC302 RC412", fillcolor="#fdf3e4", color="#cf222e", style="filled,rounded",'
        " penwidth=2.5]",
        '  n2 [label="pytorch 1.0 (conda)\\ndeclared\\nRC302", fillcolor="#eaf3fd", color="#cf222e", penwidth=2.5]',
        '  n3 [label="numpy 1.0 (conda)", fillcolor="#eaf3fd", color="#1f6fc5"]',
        '  n0 -> n1 [label=">=1.7"]',
        '  n1 -> n2 [style=dashed, color="#cf222e", label="replaces"]',
        '  n2 -> n3 [label=">=1.23"]',
        "  n1 -> n3",
        "}",
    ]


@pytest.mark.parametrize("drawn", [SMALL, ATTACK], ids=["small", "hostile"])
def test_dot_holds_nothing_but_nodes_arrows_and_quoted_texts(drawn: GraphReport) -> None:
    text = r'"(?:[^"\\\n]|\\["\\n])*"'
    attributes = rf" \[\w+=(?:{text}|[\w.]+)(?:, \w+=(?:{text}|[\w.]+))*\]"
    allowed = re.compile(
        rf"digraph {text} {{|  (?:graph|node|edge){attributes}|  label={text}|  n\d+{attributes}"
        rf"|  n\d+ -> n\d+(?:{attributes})?|}}"
    )
    lines = graph_dot.render(drawn).splitlines()
    assert [line for line in lines if not allowed.fullmatch(line)] == []
    assert sum(" -> " in line and line.startswith("  n") for line in lines) >= len(drawn.graphs[0].edges)


@pytest.mark.parametrize("drawn", [SMALL, ATTACK], ids=["small", "hostile"])
def test_graphviz_reads_as_many_nodes_and_arrows_as_there_are(drawn: GraphReport) -> None:
    program = shutil.which("dot")
    if program is None:
        pytest.skip("graphviz is not installed")
    told = subprocess.run(
        [program, "-Tjson0"], input=graph_dot.render(drawn), capture_output=True, text=True, check=True
    )
    graph = json.loads(told.stdout)
    assert len(graph["objects"]) == len(drawn.graphs[0].packages)
    assert len(graph["edges"]) == len(drawn.graphs[0].edges)


def test_mermaid_marks_managers_conflicts_and_replacements() -> None:
    lines = graph_mermaid.render(SMALL).splitlines()
    assert lines[:10] == [
        "flowchart LR",
        "  accTitle: conda-lock.yml  the paths",
        '  n0("timm 1.0 #40;pip#41;<br/>declared #62;#61;1.0"):::pip',
        '  n1("torch 1.0 #40;pip#41;<br/>RC302 RC412"):::pipOdds',
        '  n2["pytorch 1.0 #40;conda#41;<br/>declared<br/>RC302"]:::condaOdds',
        '  n3["numpy 1.0 #40;conda#41;"]:::conda',
        '  n0 -- "#62;#61;1.7" --> n1',
        '  n1 -. "replaces" .-> n2',
        '  n2 -- "#62;#61;1.23" --> n3',
        "  n1 --> n3",
    ]


@pytest.mark.parametrize("drawn", [SMALL, ATTACK], ids=["small", "hostile"])
def test_mermaid_holds_nothing_but_nodes_arrows_and_coded_texts(drawn: GraphReport) -> None:
    text = r"(?:[A-Za-z0-9 .,_+\-]|#\d+;|<br/>)*"
    kind = r":::(?:conda|pip)(?:Odds)?"
    allowed = re.compile(
        rf'flowchart LR|  accTitle: [A-Za-z0-9 .,_+\-]*|  n\d+(?:\["{text}"\]|\("{text}"\)){kind}'
        rf'|  n\d+ (?:-->|-- "{text}" -->|-\. "replaces" \.->) n\d+|  classDef \w+ [\w#:,\-]+'
    )
    lines = graph_mermaid.render(drawn).splitlines()
    assert [line for line in lines if not allowed.fullmatch(line)] == []
    assert len(lines) == 2 + len(drawn.graphs[0].packages) + len(drawn.graphs[0].edges) + 4


def parsed(drawn: GraphReport) -> ET.Element:
    return ET.fromstring(graph_svg.render(drawn))


@pytest.mark.parametrize("drawn", [SMALL, ATTACK], ids=["small", "hostile"])
def test_svg_holds_shapes_and_texts_and_nothing_that_acts_or_loads(drawn: GraphReport) -> None:
    root = parsed(drawn)
    kinds = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert kinds == {"svg", "title", "desc", "style", "rect", "text", "tspan", "g", "path"}
    names = {name for element in root.iter() for name in element.attrib}
    assert names == {
        "class", "d", "height", "role", "rx", "text-anchor", "transform", "viewBox", "width", "x", "y"
    }  # fmt: skip
    assert "://" not in graph_svg.render(drawn).replace("http://www.w3.org/2000/svg", "")


def test_svg_tells_title_description_and_everything_of_a_box() -> None:
    root = parsed(SMALL)
    assert root.findtext(f"{SVG}title") == "conda-lock.yml: the paths"
    assert root.findtext(f"{SVG}desc") == (
        "4 packages and 4 arrows, from who needs to what is needed; RC302 error: two of torch"
    )
    titles = [title.text for title in root.iter(f"{SVG}title")]
    assert "torch 1.0 (pip), build h0_0, replaces conda's pytorch 2.6.0, RC302 RC412" in titles
    assert "pytorch 1.0 (conda), build h0_0, declared, replaced by pip's torch 1.0, RC302" in titles
    assert "timm 1.0 (pip) needs torch >=1.7" in titles
    assert "torch 1.0 (pip) replaces pytorch 1.0 (conda)" in titles


def texts(root: ET.Element, kind: str) -> list[str]:
    return ["".join(text.itertext()) for text in root.iter(f"{SVG}text") if text.get("class") == kind]


def test_svg_labels_the_arrows_into_what_is_in_conflict_only() -> None:
    assert texts(parsed(SMALL), "label") == [">=1.7"]


def test_svg_shows_codes_and_how_many_more_lead_to_a_package() -> None:
    root = parsed(SMALL)
    assert texts(root, "code") == ["! RC302 RC412", "! RC302", "RC302 error"]
    small = texts(root, "small")
    assert [line for line in small if "more" in line] == ["2 more lead here", "1 more leads here"]
    assert [line for line in small if line in ("conda", "pip", "in conflict", "pip writes over conda")][:4] == [
        "conda",
        "pip",
        "in conflict",
        "pip writes over conda",
    ]


def test_svg_explains_only_what_is_there() -> None:
    alone = report(PackageGraph(platform="linux-64", packages=(package("a", "pip"),), edges=()))
    assert texts(parsed(alone), "small") == ["conda-lock.yml", "pip", "pip"]


def test_svg_lists_eight_findings_and_counts_the_others() -> None:
    many = [finding(f"RC{400 + number}", f"message {number} " + "long " * (90 * (number == 0))) for number in range(10)]
    root = parsed(report(SMALL.graphs[0], *many))
    small = texts(root, "small")
    assert small[-1] == "and 2 more: see `reprocheck check`"
    assert sum(line.startswith("message") for line in small) == 9  # the long one takes two lines
    assert any(line.endswith("…") for line in small)


def test_svg_leaves_out_a_label_that_would_cover_another() -> None:
    crowd = PackageGraph(
        platform="linux-64",
        packages=(package("a", codes=("RC302",)), package("b", codes=("RC302",))),
        edges=tuple(GraphEdge(origin=0, target=1, constraint=f">={number}.0") for number in range(12)),
    )
    assert 0 < len(texts(parsed(report(crowd)), "label")) < 12


def test_svg_draws_the_head_of_a_turned_arrow_at_its_left_end() -> None:
    circle = PackageGraph(
        platform="linux-64",
        packages=(package("a"), package("b")),
        edges=(GraphEdge(origin=0, target=1, constraint=""), GraphEdge(origin=1, target=0, constraint="")),
    )
    heads = [path.get("d", "") for path in parsed(report(circle)).iter(f"{SVG}path") if "tip" in path.get("class", "")]
    assert [re.sub(r"M\d+ \d+", "", head) for head in heads] == ["l-8 -4v8z", "l8 -4v8z"]


def test_json_names_packages_by_manager_and_name() -> None:
    document = json.loads(graph_json.render(SMALL))
    assert document["schema"] == "reprocheck/graph/1"
    assert document["findings"] == [{"code": "RC302", "message": "two of torch", "severity": "error"}]
    [graph] = document["graphs"]
    assert graph["edges"][1] == {"constraint": "", "from": "pip:torch", "kind": "replaces", "to": "conda:pytorch"}
    assert graph["nodes"][1] == {
        "build": "h0_0",
        "declared": None,
        "findings": ["RC302", "RC412"],
        "id": "pip:torch",
        "manager": "pip",
        "name": "torch",
        "replaced_by": None,
        "replaces": "pytorch 2.6.0",
        "version": "1.0",
    }


def test_hostile_names_come_back_from_json_as_they_were() -> None:
    [graph] = json.loads(graph_json.render(ATTACK))["graphs"]
    assert [node["name"] for node in graph["nodes"]] == list(HOSTILE)


@pytest.mark.parametrize("name", ["dot", "mermaid", "svg", "json"])
def test_no_format_lets_a_control_character_through(name: str, tmp_path: Path) -> None:
    text = graph_format(name).render(ATTACK)
    assert set(text) & set("\x1b\u202e") <= (set("\u202e") if name == "json" else set())
    assert text.endswith("\n")
    (tmp_path / "drawn").write_text(text, encoding="utf-8")
