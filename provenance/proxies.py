"""A proxy of a still that browsers do not show: the picture as seen, eight bits, no larger than it needs be.

EXR and DPX hold light or densities; the proxy holds what a screen shows of them, upright, as JPEG. It is made
from the marked picture, so it carries the mark where the making leaves it.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from watermarking.media.stills import open_still

PROXY_SIDE_MAX = 2048
MEDIA_TYPE, SUFFIX = "image/jpeg", ".jpg"
_QUALITY = 95


def make_proxy(master: Path, target: Path) -> None:
    """Write the picture of ``master`` as seen to ``target``, as JPEG.

    Raises:
        MediaError: ``master`` cannot be read.
    """
    still = open_still(master)
    seen = still.colours(still.parts[still.pictured[0]])
    levels = seen.round().clip(0, 255).astype(np.uint8)
    picture = Image.fromarray(levels[..., 0] if levels.shape[-1] == 1 else levels)
    picture.thumbnail((PROXY_SIDE_MAX, PROXY_SIDE_MAX), Image.Resampling.LANCZOS)
    picture.convert("RGB").save(target, "JPEG", quality=_QUALITY, subsampling=0)
