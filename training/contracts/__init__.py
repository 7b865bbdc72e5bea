"""Data contracts: a text in, clauses, a JSON Schema and rules of the gate out; nothing here reads or writes a row."""
