"""Detectors behind one interface: cards, the faces they look at, one score a window, the ensemble's answer.

Two are shipped, both in shadow: what was not promoted through the gate on a named hold-out does not act. They run as
ONNX; ``nets`` and ``training`` are torch's second door, and nothing on the way of a verification imports them.
"""
