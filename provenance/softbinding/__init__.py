"""The C2PA Soft Binding Resolution API for our marks: from a mark back to the manifest that was stripped.

Public: whoever holds a file of ours may ask. Only manifests of released outputs are given, which the released
file carries anyway, and only where the production has not closed its door. Nothing here leads to a token, a
receipt or a person.

Source: C2PA specification 2.4, soft binding resolution; ``softbinding-resolution-api.json``, version 1.0.0.
"""
