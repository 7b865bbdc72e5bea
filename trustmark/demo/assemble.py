"""Frames and sound to one file, and one file to the stripped copy that pirates would make."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import av
import soundfile

from trustmark.demo.clip import FPS, HEIGHT, WIDTH, chunks

Progress = Callable[[int], None]
AHEAD = 16  # decoded pictures kept waiting: bounds memory to about 45 MB
_AUDIO_BITS = 192_000


def assemble(frames: list[Path], sound: Path, target: Path, *, progress: Progress = lambda _: None) -> None:
    """Encode pictures and sound as the mezzanine: H.264 at CRF 14 (fast, not small) and AAC, in an MP4."""
    samples, rate = soundfile.read(sound, dtype="float32", always_2d=True)
    with av.open(str(target), "w", options={"movflags": "+faststart"}) as out:
        video = out.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "crf": "14"})
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        audio = out.add_stream("aac", rate=rate, layout="stereo")
        audio.bit_rate = _AUDIO_BITS
        blocks = chunks(samples.T)
        for index, picture in enumerate(_decoded(frames)):
            picture.pts, picture.time_base = index, Fraction(1, FPS)
            out.mux(video.encode(picture))
            # sound runs along, so that the muxer need not hold one of the two back
            for start, block in blocks:
                piece = av.AudioFrame.from_ndarray(block.copy(), format="fltp", layout="stereo")
                piece.sample_rate, piece.pts, piece.time_base = rate, start, Fraction(1, rate)
                out.mux(audio.encode(piece))
                if start / rate > (index + 1) / FPS:
                    break
            progress(index + 1)
        out.mux(video.encode(None))
        out.mux(audio.encode(None))


def strip(source: Path, target: Path, *, progress: Progress = lambda _: None) -> None:
    """Re-encode at CRF 28 and half size with no metadata at all: what is left is in the signal."""
    with (
        av.open(str(source)) as film,
        av.open(str(target), "w", options={"fflags": "+bitexact"}) as out,
    ):
        video = out.add_stream("libx264", rate=FPS, options={"preset": "veryfast", "crf": "28"})
        video.width, video.height, video.pix_fmt = WIDTH // 2, HEIGHT // 2, "yuv420p"
        rate = film.streams.audio[0].rate
        audio = out.add_stream("aac", rate=rate, layout="stereo")
        audio.bit_rate = _AUDIO_BITS // 2
        resampler = av.AudioResampler(format="fltp", layout="stereo", rate=rate, frame_size=1024)
        film.streams.video[0].thread_type = "AUTO"
        count = 0
        for frame in film.decode(video=0, audio=0):
            if isinstance(frame, av.VideoFrame):
                small = frame.reformat(width=WIDTH // 2, height=HEIGHT // 2, format="yuv420p")
                small.pts, small.time_base, small.pict_type = count, Fraction(1, FPS), 0
                out.mux(video.encode(small))
                count += 1
                progress(count)
            elif isinstance(frame, av.AudioFrame):
                for piece in resampler.resample(frame):
                    out.mux(audio.encode(piece))
        for piece in resampler.resample(None):
            out.mux(audio.encode(piece))
        out.mux(video.encode(None))
        out.mux(audio.encode(None))


def _decoded(frames: list[Path]) -> Iterator[av.VideoFrame]:
    """Pictures in order, decoded by two threads a little ahead of the encoder."""
    with ThreadPoolExecutor(2) as pool:
        waiting: deque[Future[av.VideoFrame]] = deque()
        for path in frames:
            waiting.append(pool.submit(_decode, path))
            if len(waiting) >= AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _decode(path: Path) -> av.VideoFrame:
    decoder = av.CodecContext.create("png", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    frames = [*decoder.decode(av.Packet(path.read_bytes())), *decoder.decode(None)]
    return frames[0].reformat(format="yuv420p")
