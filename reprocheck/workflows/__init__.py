"""One story a file: they join the rooms below."""
