"""What may be installed: channels, solvers, and why there is no solution."""
