"""Layered verification: what is this clip, and how do we know."""
