"""The marks of a picture: boxes with their texts, lines with their heads, labels that lie on nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reprocheck.model.package_graphs import GraphPackage
from reprocheck.reports.graph_boxes import LABEL_HEIGHT, SMALL_PX, Box, Boxes, Line
from reprocheck.reports.graph_words import declaration, release, replacement
from reprocheck.reports.text_width import text_width
from reprocheck.reports.visible import visible

_TIP = 8
_IN_XML = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;", "\ufffe": "\ufffd", "\uffff": "\ufffd"}
)
_TRIED = (50, 40, 60, 30, 70, 22, 78)  # where on a line a label may stand, in hundredths of its last stretch


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A text on a line, by the middle of its base."""

    x: int
    y: int
    width: int
    text: str


def escape(text: str) -> str:
    """Return a text that is nothing but text in XML; control characters are to be made visible before.

    Source: XML 1.0 §2.2 (`Char`, which leaves out two more code points), §4.6 (predefined entities).
    """
    return text.translate(_IN_XML)


def box_mark(box: Box) -> Iterator[str]:
    """Yield the marks of one package."""
    odds = " at-odds" if box.package.codes else ""
    radius = 4 if box.package.manager == "conda" else 14
    yield f"<g><title>{escape(_whole(box.package))}</title>"
    yield (
        f'<rect class="box {box.package.manager}{odds}" x="{box.x}" y="{box.y}" width="{box.width}"'
        f' height="{box.height}" rx="{radius}"/>'
    )
    name, version = escape(box.name), escape(box.version)
    yield (
        f'<text class="name" x="{box.x + 12}" y="{box.y + 19}">{name} <tspan class="version">{version}</tspan></text>'
    )
    for number, line in enumerate(box.small, 1):
        kind = "code" if line.startswith("!") else "small"
        yield f'<text class="{kind}" x="{box.x + 12}" y="{box.y + 19 + 15 * number}">{escape(line)}</text>'
    yield "</g>"


def _whole(package: GraphPackage) -> str:
    """Return all that is known of a package, for the reader who points at it."""
    build = f"build {visible(package.build)}" if package.build else ""
    parts = (release(package), build, declaration(package), replacement(package), " ".join(package.codes))
    return ", ".join(filter(None, parts))


def edge_marks(line: Line, boxes: Boxes, labels: list[Label]) -> Iterator[str]:
    """Yield the marks of one edge, and add its label where there is room for it."""
    odds = " to-odds" if line.at_odds else ""
    over = " over" if line.edge.kind == "replaces" else ""
    yield f"<g><title>{escape(_told(line, boxes))}</title>"
    yield f'<path class="edge{odds}{over}" d="{_curve(line)}"/>'
    (x, y), side = (line.points[0], 1) if line.turned else (line.points[-1], -1)
    tip = "tip tip-odds" if line.at_odds else "tip"
    yield f'<path class="{tip}" d="M{x} {y}l{side * _TIP} -4v8z"/></g>'
    found = _free_label(line, labels) if line.label else None
    if found:
        labels.append(found)


def label_mark(label: Label) -> Iterator[str]:
    """Yield a text that hides the line behind it."""
    left, width = label.x - label.width // 2 - 3, label.width + 6
    yield f'<rect class="page" x="{left}" y="{label.y - 11}" width="{width}" height="{LABEL_HEIGHT}" rx="3"/>'
    yield f'<text class="label" x="{label.x}" y="{label.y}" text-anchor="middle">{escape(label.text)}</text>'


def _told(line: Line, boxes: Boxes) -> str:
    origin, target = (boxes.boxes[place].package for place in (line.edge.origin, line.edge.target))
    if line.edge.kind == "replaces":
        return f"{release(origin)} replaces {release(target)}"
    return f"{release(origin)} needs {visible(f'{target.name} {line.edge.constraint}'.rstrip())}"


def _curve(line: Line) -> str:
    """Return a path through the gaps as curves, and straight across the columns between them."""
    (x, y), *rest = line.points
    parts = [f"M{x} {y}"]
    for number, (to_x, to_y) in enumerate(rest):
        half = (to_x - x) // 2
        parts.append(f"H{to_x}" if number % 2 else f"C{x + half} {y} {to_x - half} {to_y} {to_x} {to_y}")
        x, y = to_x, to_y
    return "".join(parts)


def _free_label(line: Line, labels: list[Label]) -> Label | None:
    """Return the label on the last stretch of a line, at the first place where it covers nothing."""
    (x, y), (to_x, to_y) = line.points[-2:]
    width = text_width(line.label, SMALL_PX)
    for hundredths in _TRIED:
        at_x, at_y = _point(x, y, to_x, to_y, hundredths)
        label = Label(x=at_x, y=at_y + 4, width=width, text=line.label)
        inside = x + 2 <= at_x - width // 2 and at_x + width // 2 <= to_x - _TIP
        if inside and not any(_overlap(label, other) for other in labels):
            return label
    return None


def _point(x: int, y: int, to_x: int, to_y: int, hundredths: int) -> tuple[int, int]:
    """Return a point of a Bezier curve whose handles are level, each half as long as the curve is wide."""
    t = hundredths / 100
    rise = t * t * (3 - 2 * t)
    run = 1.5 * t * (1 - t) ** 2 + 1.5 * t * t * (1 - t) + t**3
    return round(x + (to_x - x) * run), round(y + (to_y - y) * rise)


def _overlap(one: Label, other: Label) -> bool:
    near_x = abs(one.x - other.x) * 2 < one.width + other.width + 8
    return near_x and abs(one.y - other.y) < LABEL_HEIGHT
