"""Frozen data that every floor shares; nothing here touches a file."""
