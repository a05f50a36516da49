"""`reprocheck graph`: the whole graph, or the paths to what is in conflict."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest

HEAD = "version: 1\nmetadata:\n  platforms:\n{}  sources:\n  - environment.yml\npackage:\n"


class Outcome(Protocol):
    code: int
    out: str
    err: str


Runner = Callable[..., Outcome]


def entry(manager: str, platform: str, name: str, version: str, needs: str = "{}") -> str:
    conda = f"https://conda.invalid/conda-forge/{platform}/{name}-{version}-h0_0.conda"
    wheel = f"https://files.invalid/{name.replace('-', '_')}-{version}-py3-none-any.whl"
    return (
        f"- name: {name}\n  version: {version}\n  manager: {manager}\n  platform: {platform}\n  dependencies: {needs}\n"
        f"  url: {conda if manager == 'conda' else wheel}\n  hash:\n    sha256: {'0' * 64}\n"
    )


def write(folder: Path, environment: str, *entries: str) -> Path:
    platforms = dict.fromkeys(line.split()[1] for text in entries for line in text.splitlines() if "platform:" in line)
    (folder / "environment.yml").write_text(environment)
    head = HEAD.format("".join(f"  - {platform}\n" for platform in platforms))
    (folder / "conda-lock.yml").write_text(head + "".join(entries))
    return folder


@pytest.fixture
def overlap(tmp_path: Path) -> Path:
    """conda's numpy under scipy, replaced by a pip numpy that something else pulled in."""
    return write(
        tmp_path,
        "dependencies:\n  - scipy=1.15\n  - python\n  - pip\n  - pip:\n      - legacy==0.3\n",
        entry("conda", "osx-arm64", "python", "3.12.9"),
        entry("conda", "linux-64", "python", "3.12.9"),
        entry("conda", "linux-64", "pip", "25.0"),
        entry("conda", "linux-64", "scipy", "1.15.2", "{numpy: '>=1.23'}"),
        entry("conda", "linux-64", "numpy", "2.2.4"),
        entry("pip", "linux-64", "legacy", "0.3", "{numpy: <2}"),
        entry("pip", "linux-64", "numpy", "1.26.4"),
    )


def boxes(svg: str) -> list[str]:
    """Return name and version of every box."""
    texts = ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    return ["".join(text.itertext()) for text in texts if text.get("class") == "name"]


def test_svg_draws_the_paths_to_what_is_in_conflict(overlap: Path, reprocheck: Runner) -> None:
    done = reprocheck("graph", "--format", "svg", "-o", "graph.svg", cwd=overlap)
    assert (done.code, done.out) == (0, "")
    assert done.err == "note: drawn for linux-64; `--platform` takes osx-arm64\n"
    picture = (overlap / "graph.svg").read_text()
    assert boxes(picture) == ["scipy 1.15.2", "numpy 2.2.4", "legacy 0.3", "numpy 1.26.4"]
    assert "<title>conda-lock.yml: the paths to what is in conflict on linux-64</title>" in picture
    assert "RC303" in picture


def test_svg_without_a_conflict_draws_the_paths_to_torch_and_says_so(tmp_path: Path, reprocheck: Runner) -> None:
    write(
        tmp_path,
        "dependencies:\n  - lightning\n  - zlib\n",
        entry("conda", "linux-64", "lightning", "2.5", "{pytorch: '>=2'}"),
        entry("conda", "linux-64", "pytorch", "2.6.0"),
        entry("conda", "linux-64", "zlib", "1.3"),
    )
    done = reprocheck("graph", "--format", "svg", cwd=tmp_path)
    assert done.code == 0
    assert done.err == "note: nothing is in conflict on linux-64, drawn: the paths to torch and CUDA\n"
    assert boxes(done.out) == ["lightning 2.5", "pytorch 2.6.0"]


def test_svg_without_torch_draws_what_was_declared(tmp_path: Path, reprocheck: Runner) -> None:
    write(tmp_path, "dependencies:\n  - zlib\n", entry("conda", "linux-64", "zlib", "1.3"))
    done = reprocheck("graph", "--format", "svg", cwd=tmp_path)
    assert done.err == "note: nothing is in conflict on linux-64, drawn: what was declared\n"
    assert boxes(done.out) == ["zlib 1.3"]


def test_svg_of_names_draws_the_paths_to_them(overlap: Path, reprocheck: Runner) -> None:
    done = reprocheck("graph", "python", "--format", "svg", "--platform", "osx-arm64", cwd=overlap)
    assert (done.err, boxes(done.out)) == ("", ["python 3.12.9"])


def test_svg_says_what_found_no_room(tmp_path: Path, reprocheck: Runner) -> None:
    names = [f"p{number}" for number in range(45)]
    lines = "".join(f"  - {name}\n" for name in names)
    write(tmp_path, f"dependencies:\n{lines}", *(entry("conda", "linux-64", name, "1.0") for name in names))
    done = reprocheck("graph", "--format", "svg", cwd=tmp_path)
    assert done.err.endswith("note: 5 more found no room in the picture\n")
    assert len(boxes(done.out)) == 40


def test_the_other_formats_draw_everything(overlap: Path, reprocheck: Runner) -> None:
    dot = reprocheck("graph", "--format", "dot", cwd=overlap).out
    assert sum(line.startswith("  n") and "[label=" in line and "->" not in line for line in dot.splitlines()) == 6
    mermaid = reprocheck("graph", "--format", "mermaid", cwd=overlap).out
    assert sum(":::" in line for line in mermaid.splitlines()) == 6


def test_json_holds_every_platform(overlap: Path, reprocheck: Runner) -> None:
    done = reprocheck("graph", "--format", "json", cwd=overlap)
    document = json.loads(done.out)
    assert done.err == ""
    assert [(graph["platform"], len(graph["nodes"])) for graph in document["graphs"]] == [
        ("osx-arm64", 1),
        ("linux-64", 6),
    ]
    marked = [node["id"] for node in document["graphs"][1]["nodes"] if node["findings"]]
    assert marked == ["conda:numpy", "pip:numpy"]


def test_json_of_names_holds_the_paths_to_them(overlap: Path, reprocheck: Runner) -> None:
    document = json.loads(reprocheck("graph", "scipy", "--format", "json", cwd=overlap).out)
    assert [node["id"] for graph in document["graphs"] for node in graph["nodes"]] == ["conda:scipy"]


def test_mermaid_of_too_many_packages_draws_the_conflicts_unless_asked(tmp_path: Path, reprocheck: Runner) -> None:
    names = [f"p{number}" for number in range(120)]
    write(
        tmp_path,
        "dependencies:\n  - p0\n  - python\n",
        entry("conda", "linux-64", "python", "3.12.9"),
        *(entry("conda", "linux-64", name, "1.0") for name in names),
    )
    done = reprocheck("graph", "--format", "mermaid", cwd=tmp_path)
    assert done.err == "note: 121 packages are too many for mermaid, drawn: what was declared; `--all` draws them all\n"
    assert done.out.count(":::") == 2
    everything = reprocheck("graph", "--format", "mermaid", "--all", cwd=tmp_path)
    assert (everything.err, everything.out.count(":::")) == ("", 121)


def test_an_unknown_name_gets_a_suggestion(overlap: Path, reprocheck: Runner) -> None:
    done = reprocheck("graph", "scipi", "--format", "dot", cwd=overlap)
    assert (done.code, done.out) == (2, "")
    assert "did you mean `scipy`?" in done.err


def test_a_name_that_another_platform_has_is_drawn_there(overlap: Path, reprocheck: Runner) -> None:
    done = reprocheck("graph", "scipy", "--format", "dot", cwd=overlap)
    assert done.err == "note: drawn for linux-64; `--platform` takes osx-arm64\n"


@pytest.mark.parametrize("more", [["--format", "svg"], ["--format", "dot", "python"]])
def test_paths_and_everything_exclude_each_other(overlap: Path, reprocheck: Runner, more: list[str]) -> None:
    done = reprocheck("graph", "--all", *more, cwd=overlap)
    assert (done.code, done.out) == (2, "")
    assert "error: `--all` beside `--format svg` or NAME" in done.err


@pytest.mark.parametrize("name", ["dot", "mermaid", "svg", "json"])
def test_the_same_lock_gives_the_same_bytes_under_any_hash_seed(overlap: Path, reprocheck: Runner, name: str) -> None:
    first, second = (
        reprocheck("graph", "--format", name, cwd=overlap, env={"PYTHONHASHSEED": seed}).out for seed in "17"
    )
    assert first == second != ""


def test_check_never_loads_what_draws() -> None:
    program = "import reprocheck.cli.check, sys; print([m for m in sys.modules if 'graph_' in m or 'networkx' in m])"
    root = Path(__file__).resolve().parent.parent.parent
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
