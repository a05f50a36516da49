"""The mixed conda and pip dependency graph of one platform."""
