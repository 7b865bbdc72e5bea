"""Erasure of a person: who may be erased, what goes, what stays and why, and that a restored backup goes the same way.

ADR 0014; docs/operations/erasure.md.
"""
