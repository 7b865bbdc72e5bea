"""Reads of the rights gate. An organisation sees its own material and no other's."""
