"""A production's graph in formats that are not ours: MovieLabs OMC-JSON 2.8, out and in, and W3C PROV-JSON, out.

``entities`` and ``provjson`` say how a row reads; ``exporting`` streams a whole production in flat memory, as of one
event; ``checking`` holds a document against the schema and looks for references that lead nowhere; ``reading`` and
``importing`` bring a document into a graph. docs/design/exchange.md.
"""
