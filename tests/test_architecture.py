"""The house of the README, held against the imports: floors, neighbours, circles, and every "alone"."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "reprocheck"

FLOORS = {
    "__main__": 6,
    "cli": 5,
    "recording": 5,  # a script's own way in, as `cli` is a terminal's
    "workflows": 4,
    "rules": 3,
    "locking": 3,
    "numerics": 3,
    "artifacts": 3,
    "graph": 2,
    "readers": 2,
    "machine": 2,
    "reports": 2,
    "facts": 2,
    "model": 1,
    "errors": 1,
    "atomic_write": 1,
    "folder_lock": 1,
    "background": 1,
    "__init__": 0,
}
# What only one room may touch: import root -> room.
ALONE = {
    "click": "cli",
    "networkx": "graph",
    "subprocess": "machine",
    "cryptography": "artifacts",
    "conda_lock": "locking",
    "rattler": "locking",
    "torch": "worker",
}
LONGEST_FUNCTION = 50
LONGEST_MODULE = 400


@dataclass(frozen=True)
class Import:
    module: Path
    line: int
    target: str
    lazy: bool


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else path.stem


def room_of_target(target: str) -> str:
    """Return the room of an import; `reprocheck.__version__` belongs to the package itself."""
    parts = target.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in {*FLOORS, "worker"} else "__init__"


def imports_of(path: Path) -> Iterator[Import]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    top = set(map(id, tree.body)) | {id(node) for block in tree.body if is_guard(block) for node in ast.walk(block)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            names = [f"{base}.{alias.name}" if base == "reprocheck" else base for alias in node.names]
        else:
            continue
        for name in names:
            yield Import(path, node.lineno, name, id(node) not in top)


def is_guard(node: ast.stmt) -> bool:
    """`if TYPE_CHECKING:` and `try: import` at module level are not lazy."""
    return isinstance(node, ast.If | ast.Try)


ALL_IMPORTS = [found for path in modules() for found in imports_of(path)]
OWN_IMPORTS = [found for found in ALL_IMPORTS if found.target.split(".")[0] == "reprocheck"]


def shown(found: Import) -> str:
    return f"{found.module.relative_to(ROOT)}:{found.line} imports {found.target}"


def test_every_room_stands_on_a_floor() -> None:
    rooms = {room_of(path) for path in modules()}
    assert rooms - {"worker", "example"} <= set(FLOORS)


def test_imports_point_down_and_neighbours_do_not_know_each_other() -> None:
    wrong = [
        shown(found)
        for found in OWN_IMPORTS
        if room_of(found.module) != "worker"
        and room_of_target(found.target) != room_of(found.module)
        and FLOORS[room_of_target(found.target)] >= FLOORS[room_of(found.module)]
        and FLOORS[room_of(found.module)] > 1
    ]
    assert wrong == []


def test_the_model_knows_only_itself_and_the_errors() -> None:
    allowed = {"model", "errors", "__init__"}
    assert [
        shown(f) for f in OWN_IMPORTS if room_of(f.module) == "model" and room_of_target(f.target) not in allowed
    ] == []


def test_the_worker_is_imported_by_no_other_room() -> None:
    assert [shown(found) for found in OWN_IMPORTS if room_of_target(found.target) == "worker"] == []


def test_the_worker_uses_the_standard_library_and_torch_only() -> None:
    allowed = set(sys.stdlib_module_names) | {"torch", ""}
    wrong = [
        shown(found)
        for found in ALL_IMPORTS
        if room_of(found.module) == "worker" and found.target.split(".")[0] not in allowed
    ]
    assert wrong == []


@pytest.mark.parametrize(("library", "room"), sorted(ALONE.items()))
def test_a_library_is_touched_by_its_room_alone(library: str, room: str) -> None:
    users = {room_of(found.module) for found in ALL_IMPORTS if found.target.split(".")[0] == library}
    assert users <= {room}


def test_rattler_is_wrapped_by_two_modules() -> None:
    """Its solver and its installer have nothing in common but the version that they are pinned to."""
    users = {found.module for found in ALL_IMPORTS if found.target.split(".")[0] == "rattler"}
    locking = PACKAGE / "locking"
    assert users == {locking / "solving" / "rattler_solver.py", locking / "installing" / "rattler_installer.py"}


def test_modules_form_no_circle() -> None:
    edges: dict[str, set[str]] = {}
    for found in OWN_IMPORTS:
        name = ".".join(found.module.relative_to(ROOT).with_suffix("").parts)
        edges.setdefault(name, set()).add(found.target)
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " -> ".join((*path[path.index(name) :], name))
        if name in done:
            return
        for target in sorted(edges.get(name, ())):
            visit(target, (*path, name))
        done.add(name)

    for name in sorted(edges):
        visit(name, ())


def test_a_lazy_import_carries_its_reason() -> None:
    """A comment on the line, or on one of the two lines above it, says why it is not at the top."""
    wrong = []
    for found in ALL_IMPORTS:
        lines = found.module.read_text(encoding="utf-8").splitlines()
        near = lines[max(0, found.line - 3) : found.line]
        if found.lazy and room_of(found.module) != "worker" and not any("#" in line for line in near):
            wrong.append(shown(found))
    assert wrong == []


def functions() -> Iterator[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield path, node


def test_no_function_is_longer_than_fifty_lines() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path, node in functions()
        if (node.end_lineno or node.lineno) - node.lineno + 1 > LONGEST_FUNCTION
    ]
    assert long == []


def test_nine_functions_in_ten_are_under_twenty_five_lines() -> None:
    lengths = sorted((node.end_lineno or node.lineno) - node.lineno + 1 for _, node in functions())
    assert lengths[int(len(lengths) * 0.9)] <= 25


def test_no_module_is_longer_than_four_hundred_lines() -> None:
    long = [path.name for path in modules() if len(path.read_text(encoding="utf-8").splitlines()) > LONGEST_MODULE]
    assert long == []


def test_the_command_line_starts_without_heavy_libraries() -> None:
    heavy = ["torch", "networkx", "conda_lock", "rattler", "yaml", "packaging"]
    program = f"import reprocheck.cli, reprocheck.cli.app, sys; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_check_command_starts_without_heavy_libraries() -> None:
    heavy = ["torch", "networkx", "conda_lock", "rattler", "asyncio", "yaml", "packaging", "tempfile", "difflib"]
    program = f"import reprocheck.cli.check, sys; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
