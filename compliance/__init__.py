"""Bundles: what happened in a production, in a form that convinces a stranger."""
