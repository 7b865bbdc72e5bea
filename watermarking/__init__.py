"""Marks in pixels and in sound: signal code, workers, registry."""
