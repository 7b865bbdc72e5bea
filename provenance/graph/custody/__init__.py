"""Papers of a shoot: what the field's own libraries read out of headers, edit lists, logs and timelines.

``reading`` runs in a process of its own (files come from outside); ``asking`` starts it and bounds it.
"""
