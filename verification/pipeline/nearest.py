"""The nearest original of a copy: by the very stream, or by what its frames look like.

>>> similarity(("00" * 8,), ("00" * 8,)), similarity(("00" * 8,), ("ff" * 8,))
(1.0, 0.0)
"""

from collections.abc import Sequence

from verification.pipeline.case import Original
from verification.pipeline.contracts import Canonical

_BITS = 64
# two unrelated pictures agree in about half of their bits
LEAST = 0.8


def nearest_original(copy: Canonical, originals: Sequence[Original]) -> tuple[Original, float] | None:
    """The original that a copy is most like, and how much, from 0 to 1; None where none comes near."""
    for one in originals:
        if one.canonical_sha256 == copy.canonical_sha256:
            return one, 1.0
    scored = [(similarity(copy.frame_codes, one.frame_codes), one) for one in originals if one.frame_codes]
    best = max(scored, key=lambda pair: pair[0], default=None)
    return (best[1], best[0]) if best is not None and best[0] >= LEAST else None


def similarity(copy: Sequence[str], original: Sequence[str]) -> float:
    """Mean agreement of each frame of the copy with the original's frame that it is most like."""
    if not copy or not original:
        return 0.0
    known = [int(code, 16) for code in original]
    distances = [min((int(code, 16) ^ other).bit_count() for other in known) for code in copy]
    return round(1.0 - sum(distances) / (_BITS * len(distances)), 6)
