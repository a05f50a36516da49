"""A lock in the formats of others."""
