"""From an environment to per-platform locks: solver, format, explanation of clashes."""
