"""Pure functions from findings and documents to text."""
