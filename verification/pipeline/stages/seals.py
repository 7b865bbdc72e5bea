"""A seal, where a file can carry one: whether it is whole, and which places were edited since. Evidence; no decision.

Masters alone are sealed, in formats that lose no bit: of anything else nothing is said.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trustcore.errors import TrustError
from trustcore.verification.report import Seal, SealedRegion
from watermarking import engine
from watermarking.keys import MarkKey
from watermarking.media.containers import opened, video_stream

STILLS = frozenset({".png", ".tif", ".tiff"})
_REGIONS_MOST = 200


def seal_of(path: Path, keys: Sequence[MarkKey]) -> Seal | None:
    """What is left of a seal under any of these keys; None where there is none, or none can be."""
    if not _may_be_sealed(path):
        return None
    found: Seal | None = None
    for key in keys:
        try:
            said = engine.check_seal(path, key=key.key)
        except TrustError:
            return None
        if said["status"] in {"intact", "edited"}:
            return _told(said)
        if said["status"] == "foreign":
            found = _told(said)
    return found


def _may_be_sealed(path: Path) -> bool:
    if path.suffix.lower() in STILLS:
        return True
    if path.suffix.lower() != ".mkv":
        return False
    with opened(path) as container:
        stream = video_stream(container)
        return stream is not None and stream.codec_context.name == "ffv1"


def _told(said: dict[str, Any]) -> Seal:
    regions = said["regions"][:_REGIONS_MOST]
    return Seal(
        status=said["status"],
        frames=said["frames"],
        blocks=said["blocks"],
        whole=said["whole"],
        order=said["order"],
        regions=tuple(SealedRegion(**one) for one in regions),
        regions_left_out=len(said["regions"]) - len(regions),
        detail=said["detail"],
    )
