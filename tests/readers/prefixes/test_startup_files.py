"""What Python reads whenever it starts: which files, and whether they run code."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reprocheck.model.prefixes import StartupFile
from reprocheck.readers.prefixes.startup_files import find_startup_files

SITE = "lib/python3.11/site-packages"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / SITE).mkdir(parents=True)
    return tmp_path


def write(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(text.encode())


def test_lines_that_begin_with_import_are_code_and_others_are_folders(root: Path) -> None:
    write(root, f"{SITE}/a.pth", "# import os\n/srv/src\n")
    write(root, f"{SITE}/b.pth", "/srv/src\nimport\tos\n")
    write(root, f"{SITE}/c.pth", "important\n")
    write(root, f"{SITE}/d.pth", "import os; os.abort()\r\n")
    found = find_startup_files(root, [SITE])
    assert found == tuple(StartupFile(f"{SITE}/{name}.pth", name in "bd") for name in "abcd")


def test_what_says_nothing_does_nothing(root: Path) -> None:
    write(root, f"{SITE}/empty.pth", "")
    write(root, f"{SITE}/comments.pth", "\n  # import os\n\n")
    write(root, f"{SITE}/.hidden.pth", "import os\n")
    write(root, f"{SITE}/readme.pth.txt", "import os\n")
    write(root, "lib/python3.11/beside.pth", "import os\n")
    write(root, f"{SITE}/sitecustomize.py", "# nothing\n")
    (root / SITE / "usercustomize").mkdir()
    assert find_startup_files(root, [SITE, "lib64/python3.11/site-packages"]) == ()


def test_customizing_modules_count_in_both_folders_as_files_and_as_packages(root: Path) -> None:
    write(root, f"{SITE}/usercustomize.py", "x = 1\n")
    write(root, f"{SITE}/sitecustomize/__init__.py", "x = 1\n")
    write(root, "lib/python3.11/sitecustomize.py", "x = 1\n")
    paths = (f"{SITE}/sitecustomize/__init__.py", f"{SITE}/usercustomize.py", "lib/python3.11/sitecustomize.py")
    assert find_startup_files(root, [SITE]) == tuple(StartupFile(path, True) for path in paths)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no FIFOs")
def test_what_cannot_be_read_is_taken_for_code_and_opened_by_nobody(root: Path) -> None:
    os.mkfifo(root / SITE / "fifo.pth")
    assert find_startup_files(root, [SITE]) == (StartupFile(f"{SITE}/fifo.pth", True),)
