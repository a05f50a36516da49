"""Packaged tables of facts and their look-ups; every row names its source and how sure it is."""
