"""The rights gate's operations."""
