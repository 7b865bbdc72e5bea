"""The graph of a production: what it is made of, from what, by whom, when; told by events that nobody can edit.

``models`` rows and their events; ``projection`` what an event makes (the only maker of rows); ``book`` writes
events, rows, the audit trail and the log entry together; ``services`` what people and machines record;
``selectors`` the questions; ``inspection`` finds what was changed behind the events' back.
"""
