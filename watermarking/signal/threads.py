"""Where torch works: how many threads (few, since decoding and encoding run beside it), and on which device."""

from __future__ import annotations

import torch


def use_threads(count: int) -> None:
    """Let torch's operations use ``count`` threads from now on."""
    torch.set_num_threads(max(1, count))


def device_for(wanted: str) -> str:
    """Return ``cuda`` where a GPU is wanted and torch has one, else ``cpu``."""
    return "cuda" if wanted in {"gpu", "cuda"} and torch.cuda.is_available() else "cpu"
