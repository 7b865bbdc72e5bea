"""The gate: facts in, a verdict with its reasons out; nothing here reads or writes a row."""
