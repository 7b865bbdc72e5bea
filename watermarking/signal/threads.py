"""Where torch works: how many threads (few, since decoding and encoding run beside it), and on which device."""

from __future__ import annotations

from typing import Final

import torch

# pictures that are looked at together, and geometries that are fitted together, in one process
LOOKING_THREADS: Final = 2


def use_threads(count: int) -> None:
    """Let torch's operations use ``count`` threads from now on."""
    torch.set_num_threads(max(1, count))


def device_for(wanted: str) -> str:
    """Return ``cuda`` where a GPU is wanted and torch has one, else ``cpu``.

    On CUDA convolutions and products are done in whole float32: what is marked or read there must be what a processor
    would have marked or read, to within rounding, and TF32 keeps 10 bits of a fraction.
    """
    if wanted not in {"gpu", "cuda"} or not torch.cuda.is_available():
        return "cpu"
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
    return "cuda"
