"""Install a lock into a prefix: the conda part with rattler, the pip part with uv."""
