"""Writes of the rights gate."""
