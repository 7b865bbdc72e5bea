"""The pure half of the layered verification: words, thresholds, the decision and the shape of a report.

Nothing here reads a file or a clock: evidence goes in, a decision comes out, the same one every time.
"""
