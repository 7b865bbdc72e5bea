"""What the marks survive, what they cost and how they look: the tables of docs/watermark-table.md.

python -m bench.marks --help
"""
