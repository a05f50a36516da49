"""Does a lock still answer its sources? Judged offline, without a solver."""
