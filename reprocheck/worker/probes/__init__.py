"""The micro-operations whose bits make a numeric fingerprint, one family a file."""
