"""Incident files: use of a person outside any contract, with its evidence, as a lawyer can hand it on."""
