"""The best words through a tail-biting trellis, on the processor: what ``code`` does on an accelerator, step for step.

A step is three sums and comparisons over some thousand states, so that what a library spends on finding its numbers
counts; NumPy reads every other state several times as quickly as torch. Each metric is the very same float.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Metrics = NDArray[np.float32]


def bit_leads(leaving: tuple[Metrics, Metrics]) -> Metrics:
    """Metric of the best word with bit 0 minus that with bit 1, ``[b, nbits]``, with one wrap of warm-up.

    Args:
        leaving: branch metrics ``[nbits, b, 2, states / 2]`` by the bit that enters, for either bit that leaves the register.
    """
    return _backward(leaving, _forward(leaving))


def _forward(leaving: tuple[Metrics, Metrics]) -> Metrics:
    """States before each bit, ``[nbits, 2, b, 1, states / 2]`` by the bit that leaves next."""
    times, count, _, half = leaving[0].shape
    ahead = np.zeros((times, 2, count, 1, half), np.float32)
    one, other = _room(2, count, 2, half)
    states: Metrics = np.zeros((count, 1, half, 2), np.float32)
    entered = states.reshape(count, 2, half)
    for turn in range(2 * times):
        time = turn % times
        # halves of every other state, laid side by side: they are read twice
        np.copyto(ahead[time, 0], states[..., 0])
        np.copyto(ahead[time, 1], states[..., 1])
        np.add(ahead[time, 0], leaving[0][time], out=one)
        np.add(ahead[time, 1], leaving[1][time], out=other)
        np.maximum(one, other, out=entered)
    return ahead


def _backward(leaving: tuple[Metrics, Metrics], ahead: Metrics) -> Metrics:
    times, count, _, half = leaving[0].shape
    one, other = _room(2, count, 2, half)
    behind: Metrics = np.zeros((count, half, 2), np.float32)
    joined = behind.reshape(count, 2, half)
    best = _room(times, count, 2)
    for turn in range(2 * times):
        time = times - 1 - turn % times
        np.add(joined, leaving[0][time], out=one)
        np.add(joined, leaving[1][time], out=other)
        np.maximum(one[:, 0], one[:, 1], out=behind[..., 0])
        np.maximum(other[:, 0], other[:, 1], out=behind[..., 1])
        if turn >= times:
            one += ahead[time, 0]
            other += ahead[time, 1]
            np.maximum(one, other, out=one)
            one.max(2, out=best[time])
    lead: Metrics = best[..., 0] - best[..., 1]
    return lead.T


def _room(*shape: int) -> Any:
    return np.empty(shape, np.float32)
