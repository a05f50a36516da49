"""Write the expected texts of `fixtures/rules` anew: `python tests/update_fixtures.py`, then look at the difference."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Run the fixture tests once with leave to write."""
    command = [sys.executable, "-m", "pytest", "-q", "tests/rules/test_fixtures.py"]
    environment = {**os.environ, "REPROCHECK_UPDATE_FIXTURES": "1"}
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
