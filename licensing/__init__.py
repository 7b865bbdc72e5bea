"""Licensing: vault, visibility, mandates, productions, requests, terms and tokens."""
