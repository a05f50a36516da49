"""Everything in a process that changes bits: read each switch, and set those that can be set once torch is loaded."""
