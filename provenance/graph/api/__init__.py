"""The HTTP face of the graph. One class per address; parse, call, serialise."""
