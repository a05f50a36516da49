"""Print one of the README's two shell blocks, so that CI runs exactly what the README says.

Usage: python tests/readme_block.py run|test
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"


def block(name: str) -> str:
    """Return the commands of the block marked `<!-- block: NAME -->`."""
    found = re.search(rf"<!-- block: {name} -->\n+```sh\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    if not found:
        sys.exit(f"README.md has no block `{name}`")
    return found[1]


if __name__ == "__main__":
    sys.stdout.write(block(sys.argv[1]))
