"""Compliance bundles: their layout, the pure writers of their pieces, and the offline verifier."""
