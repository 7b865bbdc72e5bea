"""Marks as pure torch: one idea per file, any device, batched; no Django, no files.

The rooms, from the ground up: ``keying`` (secret to signs), ``code`` (64 bits to chips and
back), ``evidence`` (scores to p-values); for pixels ``tile``, ``masking``, ``picture``,
``residual``, ``reading``, ``lattice``; for sound ``spectrum``, ``hearing``, ``quads``,
``voice``, ``listening``, ``alignment``.
"""
