"""A form of the medium that does not depend on its container, and samples of what it shows.

The canonical hash of a film or a sound covers the coded pictures and sound, packet by packet, and nothing of the
container: a re-wrapped copy has the same. Of a still it covers the pixels at canonical size. Samples are taken at
fixed intervals and brought to one size and to 8 bits; their codes are those of ISO 24138 for images. Detectors see
faces of one size at about one rate (:mod:`verification.detectors.contract`), which the report states.

It fits the assertions that bind media: what C2PA leaves out of a hard binding (the store itself, where things lie in the
container) is left out here too, so signing a file changes nothing here; what it covers of pictures and sound is covered.
The binding itself is judged on the bytes as they came, never on this form.

Codes of the whole (ISCC) are :mod:`verification.pipeline.stages.iscc`'s.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av.error
import iscc_lib
import msgspec
import numpy as np
from PIL import Image

from trustcore.verification.report import Sampling
from verification.detectors.contract import step_of
from verification.pipeline.contracts import Canonical
from verification.pipeline.stages import iscc
from watermarking.media.containers import audio_streams, opened, probe, video_stream
from watermarking.media.frames import SampledFrame, SizeOf, sample_frames
from watermarking.media.stills import read_still

FRAMES, FRAMES_UNDER_LOAD = 32, 12
SIDE = 480
_CORRUPT_SHARE = 0.01
_LEAST_LENGTH = 0.9


def run(given: dict[str, Any]) -> dict[str, Any]:
    """Canonicalise the file at ``path``; ``reduced`` samples fewer frames and says so.

    Raises:
        MediaError: it cannot be read.
    """
    path, reduced = Path(given["path"]), bool(given.get("reduced"))
    medium = probe(path)
    count = FRAMES_UNDER_LOAD if reduced else FRAMES
    corrupted = ""
    rate: float | None = None
    if medium.kind == "stream":
        digest, corrupted, rate = _packets(path, medium.seconds)
        frames = sampled(path, count) if medium.has_video else []
        if medium.has_video and not frames:
            corrupted = corrupted or "no picture can be decoded"
    else:
        frames = [read_still(path, SizeOf(SIDE))]
        digest = hashlib.sha256(frames[0].planes.tobytes()).hexdigest()
    height, width = frames[0].planes.shape[1:] if frames else (None, None)
    sampling = Sampling(
        frames=len(frames),
        strategy=f"fixed intervals, {SIDE} x {SIDE} pixels in area, 8 bits",
        reduced=reduced,
        reason="backpressure" if reduced else "",
        width=width,
        height=height,
        rate=round(rate / step_of(rate), 3) if rate else None,
    )
    canonical = Canonical(
        canonical_sha256=digest,
        sampling=sampling,
        iscc=iscc.codes(path, medium),
        frame_codes=codes_of(frames),
        corrupted=corrupted,
    )
    answer: dict[str, Any] = msgspec.to_builtins(canonical)
    return answer


def sampled(path: Path, count: int) -> list[SampledFrame]:
    """About ``count`` frames of a film, at fixed intervals and canonical size."""
    return list(sample_frames(path, count=count, size_of=SizeOf(SIDE)))


def codes_of(frames: Sequence[SampledFrame]) -> tuple[str, ...]:
    """The frames' ISCC Image-Codes, as 16 hex digits each."""
    return tuple(_image_code(frame) for frame in frames)


def _packets(path: Path, seconds: float) -> tuple[str, str, float | None]:
    """Hash every stream's packets on its own, then the streams together; what is wrong with them, in words; the rate."""
    with opened(path) as container:
        video = video_stream(container)
        streams = [*([video] if video is not None else []), *audio_streams(container)]
        digests = {stream.index: hashlib.sha256(stream.codec_context.name.encode()) for stream in streams}
        packets, corrupt, broke = 0, 0, ""
        last = dict.fromkeys(digests, 0)
        try:
            for packet in container.demux(streams):
                if packet.size:
                    packets, corrupt = packets + 1, corrupt + packet.is_corrupt
                    index = packet.stream_index
                    digests[index].update(packet)
                    if packet.pts is not None and packet.pts > last[index]:
                        last[index] = packet.pts
        except av.error.FFmpegError as error:
            broke = f"the stream breaks off: {type(error).__name__}"
        whole = hashlib.sha256()
        for stream in streams:
            whole.update(stream.type.encode() + digests[stream.index].digest())
        end = max(float(last[stream.index] * (stream.time_base or 0)) for stream in streams)
        start = max(0.0, float(container.start_time or 0) / 1_000_000)
        rate = float(video.average_rate) if video is not None and video.average_rate else None
    if not broke and packets and corrupt / packets > _CORRUPT_SHARE:
        broke = f"{corrupt} of {packets} packets are damaged"
    if not broke and not packets:
        broke = "it holds no packet"
    # short films end a frame early: a second is not missed
    if not broke and seconds and end - start < _LEAST_LENGTH * seconds - 1.0:
        broke = f"it ends after {end - start:.1f} of {seconds:.1f} seconds"
    return whole.hexdigest(), broke, rate


def _image_code(frame: SampledFrame) -> str:
    luma = Image.fromarray(frame.planes[0]).resize((32, 32), Image.Resampling.LANCZOS)
    code = iscc_lib.gen_image_code_v0(np.asarray(luma, np.uint8).tobytes())["iscc"]
    return bytes(iscc_lib.iscc_decode(code)[4]).hex()
