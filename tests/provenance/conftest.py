"""Films for the tests of outputs: short cuts of the demonstration's clip, by copying its packets."""

from __future__ import annotations

from pathlib import Path

import av
import pytest


def cut_clip(
    source: Path, target: Path, *, seconds: float, start: float = 0.0, with_audio: bool = True
) -> Path:
    """Copy the packets of ``seconds`` of a film, from the key picture at or before ``start``."""
    with av.open(str(source)) as reading, av.open(str(target), "w") as writing:
        inputs = [reading.streams.video[0], *(reading.streams.audio[:1] if with_audio else [])]
        outputs = {stream.index: writing.add_stream_from_template(stream) for stream in inputs}
        reading.seek(int(start * 1_000_000))
        first: dict[int, int] = {}
        for packet in reading.demux(inputs):
            if packet.dts is None or packet.pts is None:
                continue
            origin = first.setdefault(packet.stream.index, packet.dts)
            if float((packet.dts - origin) * packet.time_base) > seconds:
                continue
            packet.dts, packet.pts = packet.dts - origin, packet.pts - origin
            packet.stream = outputs[packet.stream.index]
            writing.mux(packet)
    return target


@pytest.fixture(scope="session")
def short_clip(demo_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds of the clip with sound, 1280x720."""
    return cut_clip(demo_clip, tmp_path_factory.mktemp("media") / "short.mp4", seconds=3, start=20)


@pytest.fixture(scope="session")
def silent_clip(demo_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds without a sound stream."""
    return cut_clip(
        demo_clip, tmp_path_factory.mktemp("media") / "silent.mp4", seconds=2, start=20, with_audio=False
    )


@pytest.fixture(scope="session")
def plain_film(demo_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five seconds with sound, as they are handed in."""
    return cut_clip(demo_clip, tmp_path_factory.mktemp("media") / "film.mp4", seconds=5, start=20)


@pytest.fixture(scope="session")
def resolvable_film(plain_film: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with the mark of ``tests.provenance.resolving`` in pictures and sound; marked once for all tests."""
    from tests.provenance.resolving import MARK_ID
    from watermarking import engine
    from watermarking.keys import mark_key

    target = tmp_path_factory.mktemp("media") / "marked.mp4"
    engine.embed_file(plain_film, target, mark_id=MARK_ID, key=mark_key(bytes.fromhex("5a" * 32)))
    return target
