"""Detectors behind one interface. None is shipped: a detector that was not promoted through the gate may not act.

A detector takes frames at canonical size and gives one score a window. This room is torch's second door.
"""
