"""A frozen manifest in the words of others: Croissant for tools that load data sets, PROV for who asks what came of what."""
