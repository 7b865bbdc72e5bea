"""Marks as pure torch: one idea per file, any device, batched; no Django, no files.

From the ground up: ``keying`` (secret to signs), ``code`` (64 bits to chips and back), ``evidence``
(scores to p-values), ``words`` (chips to a candidate id). Pixels: ``tile`` (the pattern),
``masking`` and ``picture`` (embedding), ``residual``, ``extraction`` and ``reading``, ``lattice`` and
``warp`` (geometry). Sound: ``spectrum``, ``hearing`` (masking), ``quads`` (the pattern), ``voice``
(embedding), ``listening`` (the map), ``alignment`` (reading).
"""
