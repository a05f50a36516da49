"""The pip part of a lock: uv, asked with what conda provides in hand."""
