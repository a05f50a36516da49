"""What differs between two locks, or two environment files."""
