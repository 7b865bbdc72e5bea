"""The lineage graph: written here, walked in the process (``index``) or by the database alone (``walk``)."""
