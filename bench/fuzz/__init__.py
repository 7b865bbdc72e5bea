"""The API under questions nobody would ask: schemathesis against a served deployment, with keys of every seat."""
