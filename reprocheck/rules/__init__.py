"""Pure functions from facts to findings, one rule a file."""
