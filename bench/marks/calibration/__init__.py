"""Thousands of readings of unmarked media, and of media marked under another key, in batches on any device."""
