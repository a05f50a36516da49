"""A graph of packages as a picture: SVG by hand, without scripts, fonts or anything else from outside.

Boxes with corners are conda's and round ones pip's, so that the two differ without colours too; what findings are about
has a thick border and their codes. Texts are shortened to fit, and whole in the `title` of their box. The picture
brings its own background, for a reader's dark mode need not be that of the page around it.

Source: SVG 1.1 second edition §5.4 (title, desc), §8.3 (paths); Media Queries 5 §12.5 (prefers-color-scheme).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reprocheck.model.findings import Finding
from reprocheck.model.package_graphs import GraphReport, PackageGraph
from reprocheck.reports.graph_boxes import Boxes, arrange
from reprocheck.reports.graph_words import shown_title
from reprocheck.reports.svg_marks import Label, box_mark, edge_marks, escape, label_mark
from reprocheck.reports.text_width import shortened, text_width, wrapped
from reprocheck.reports.visible import visible

NAME = "svg"

_MARGIN = 24
_HEAD = 92  # title, lock and legend
_LINE = 18
_SMALLEST_WIDTH = 700
_MOST_FINDINGS = 8
_MOST_LINES = 2  # of one finding
_CODE_WIDTH = 100
_STYLE = """\
    .page { fill: #ffffff }
    text { font-family: "Helvetica Neue", Arial, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: #1f2328 }
    .head { font-size: 16px; font-weight: bold }
    .name { font-size: 13px; font-weight: bold }
    .version { font-weight: normal }
    .small { font-size: 11px; fill: #59636e }
    .box { stroke-width: 1.2 }
    .conda { fill: #eaf3fd; stroke: #1f6fc5 }
    .pip { fill: #fdf3e4; stroke: #a35a00 }
    .at-odds { stroke: #cf222e; stroke-width: 2.6 }
    .code { font-size: 11px; font-weight: bold; fill: #b31d28 }
    .edge { fill: none; stroke: #8b949e; stroke-width: 1.3 }
    .tip { fill: #8b949e; stroke: none }
    .to-odds { stroke: #cf222e }
    .tip-odds { fill: #cf222e }
    .over { stroke-dasharray: 5 4 }
    .label { font-size: 11px }
    @media (prefers-color-scheme: dark) {
      .page { fill: #0d1117 }
      text { fill: #e6edf3 }
      .small { fill: #9198a1 }
      .conda { fill: #0f2440; stroke: #58a6ff }
      .pip { fill: #33230a; stroke: #e3a008 }
      .at-odds { stroke: #ff7b72 }
      .code { fill: #ff9a92 }
      .edge { stroke: #6e7681 }
      .tip { fill: #6e7681 }
      .to-odds { stroke: #ff7b72 }
      .tip-odds { fill: #ff7b72 }
    }
"""


def render(report: GraphReport) -> str:
    """Return the picture of the one graph of a report."""
    [graph] = report.graphs
    boxes = arrange(graph)
    width = max(boxes.width, _SMALLEST_WIDTH) + 2 * _MARGIN
    foot = _HEAD + boxes.height + _MARGIN
    told, bottom = _findings(report.findings, foot, width)
    height = bottom + _MARGIN
    title = escape(shortened(visible(report.title), width - 2 * _MARGIN, 16, bold=True))
    lock = escape(shortened(visible(report.lock), width - 2 * _MARGIN, 11))
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        ' role="img">',
        f"  <title>{escape(shown_title(report))}</title>",
        f"  <desc>{escape(_described(report))}</desc>",
        f"  <style>\n{_STYLE}  </style>",
        f'  <rect class="page" width="{width}" height="{height}"/>',
        f'  <text class="head" x="{_MARGIN}" y="{_MARGIN + 12}">{title}</text>',
        f'  <text class="small" x="{_MARGIN}" y="{_MARGIN + 30}">{lock}</text>',
        *_legend(graph),
        f'  <g transform="translate({_MARGIN} {_HEAD})">',
        *(f"    {mark}" for mark in _drawing(boxes)),
        "  </g>",
        *told,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _described(report: GraphReport) -> str:
    """Return what a reader is told who does not see the picture."""
    [graph] = report.graphs
    count = f"{len(graph.packages)} packages and {len(graph.edges)} arrows, from who needs to what is needed"
    found = (f"{found.code} {found.severity.value}: {found.message}" for found in report.findings)
    return visible("; ".join((count, *found)))


def _legend(graph: PackageGraph) -> Iterator[str]:
    """Yield a line that says what shapes and lines mean; only of what is there."""
    managers = {package.manager for package in graph.packages}
    kinds = [("box conda", "conda", 4)] if "conda" in managers else []
    kinds += [("box pip", "pip", 7)] if "pip" in managers else []
    kinds += [("box at-odds page", "in conflict", 4)] if any(package.codes for package in graph.packages) else []
    x, y = _MARGIN, _MARGIN + 42
    for classes, text, radius in kinds:
        yield f'  <rect class="{classes}" x="{x}" y="{y}" width="22" height="14" rx="{radius}"/>'
        yield f'  <text class="small" x="{x + 30}" y="{y + 11}">{text}</text>'
        x += 30 + text_width(text, 11) + 24
    if any(edge.kind == "replaces" for edge in graph.edges):
        yield f'  <path class="edge to-odds over" d="M{x} {y + 7}h28"/>'
        yield f'  <text class="small" x="{x + 36}" y="{y + 11}">pip writes over conda</text>'


def _drawing(boxes: Boxes) -> Iterator[str]:
    """Yield lines first, so that boxes lie over them, and labels last."""
    labels: list[Label] = []
    for line in boxes.lines:
        yield from edge_marks(line, boxes, labels)
    for box in boxes.boxes:
        yield from box_mark(box)
    for label in labels:
        yield from label_mark(label)


def _findings(findings: Sequence[Finding], top: int, width: int) -> tuple[list[str], int]:
    """Return the lines below the picture, what was found, and where they end."""
    marks: list[str] = []
    y, begin = top, _MARGIN + _CODE_WIDTH
    for found in findings[:_MOST_FINDINGS]:
        message = visible(found.message)
        code = escape(f"{found.code} {found.severity.value}")
        marks.append(f'  <text class="code" x="{_MARGIN}" y="{y + _LINE}">{code}</text>')
        for text in wrapped(message, width - _MARGIN - begin, 11, _MOST_LINES):
            y += _LINE
            whole = f"<title>{escape(message)}</title>" if text.endswith("…") else ""
            marks.append(f'  <text class="small" x="{begin}" y="{y}">{whole}{escape(text)}</text>')
    more = len(findings) - _MOST_FINDINGS
    if more > 0:
        y += _LINE
        marks.append(f'  <text class="small" x="{_MARGIN}" y="{y}">and {more} more: see `reprocheck check`</text>')
    return marks, y
