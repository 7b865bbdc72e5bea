"""How many threads torch takes: few, since decoding and encoding run beside it."""

from __future__ import annotations

import torch


def use_threads(count: int) -> None:
    """Let torch's operations use ``count`` threads from now on."""
    torch.set_num_threads(max(1, count))
