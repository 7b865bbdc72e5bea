"""What becomes of a run on its way: H.264 at a quality that is drawn, then the size that detectors take."""

import io

import av
import numpy as np
from PIL import Image

from verification.detectors.contract import CROP
from verification.detectors.training.sources import Run


def delivered(run: Run, *, quality: int) -> Run:
    """Encode and decode a run; ``quality`` is the encoder's constant rate factor."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as writing:
        stream = writing.add_stream(
            "libx264", rate=25, options={"crf": str(quality), "preset": "veryfast", "threads": "1"}
        )
        stream.width, stream.height, stream.pix_fmt = run.shape[2], run.shape[1], "yuv420p"
        for picture in run:
            writing.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        writing.mux(stream.encode())
    buffer.seek(0)
    with av.open(buffer, "r") as reading:
        shown = [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in reading.decode(video=0)]
    return np.stack(shown)


def sized(run: Run) -> Run:
    """The run at the size that detectors take."""
    return np.stack(
        [np.asarray(Image.fromarray(one).resize((CROP, CROP), Image.Resampling.BICUBIC)) for one in run]
    )
