"""The stages of a verification. Nothing here knows Django: the command line runs them without a server."""
