"""From a secret to signs and permutations.

Every keyed choice of a mark is drawn from SHAKE-256 over (label, key). The labels keep the
draws of the layers apart, so that one mark key serves both. Nothing here is random: the same
key gives the same pattern on every machine.

    >>> keyed_signs(b"k" * 32, "demo", 4).abs().tolist()
    [1.0, 1.0, 1.0, 1.0]
"""

from __future__ import annotations

import hashlib

import numpy as np
import torch
from torch import Tensor

_DOMAIN = b"trustmark.mark/1\x00"


def keyed_bytes(key: bytes, label: str, count: int) -> bytes:
    """Return ``count`` bytes drawn from ``key`` for ``label``."""
    name = label.encode()
    head = _DOMAIN + len(name).to_bytes(2, "big") + name
    return hashlib.shake_256(head + key).digest(count)


def keyed_signs(key: bytes, label: str, count: int) -> Tensor:
    """Return ``[count]`` signs, +1 or -1, float32."""
    raw = np.frombuffer(keyed_bytes(key, label, (count + 7) // 8), dtype=np.uint8)
    bits = np.unpackbits(raw)[:count].astype(np.float32)
    return torch.from_numpy(1.0 - 2.0 * bits)


def keyed_permutation(key: bytes, label: str, count: int) -> Tensor:
    """Return a ``[count]`` permutation of ``range(count)``, int64."""
    raw = np.frombuffer(keyed_bytes(key, label, 8 * count), dtype="<u8")
    return torch.from_numpy(np.argsort(raw, kind="stable").astype(np.int64))
