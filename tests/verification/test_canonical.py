"""The canonical form: one size and rate for models, and a hash that goes with the assertions that bind media."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from skimage import data as pictures

from provenance.credentials import sign_file
from provenance.formats import FORMATS, Format, Kind
from tests.provenance.media_files import media_file
from tests.provenance.test_revocation import House
from tests.verification.conftest import FACTS
from trustcore.verification.words import Binding, DetectionState, Stage
from verification.detectors.contract import CROP, RATE, RUN_FRAMES
from verification.detectors.runs import face_runs
from verification.pipeline.stages import canonicalise, credentials
from verification.pipeline.stages.canonicalise import SIDE
from verification.pipeline.stages.detection import run as detection
from watermarking.errors import MediaError


def face_film(target: Path, *, side: int, rate: int, seconds: float = 2.0, aspect: float = 1.0) -> Path:
    """A real face (NASA, public domain), the camera passing it at the same speed whatever the film's rate."""
    whole = Image.fromarray(pictures.astronaut())
    size = (2 * int(side * aspect / 2), side)
    with av.open(str(target), "w") as writing:
        stream = writing.add_stream("libx264", rate=rate, options={"crf": "18"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for number in range(int(seconds * rate)):
            left = 90 + 20 * number / rate
            picture = whole.resize(size, Image.Resampling.BICUBIC, box=(left, 0, left + 320, 320))
            writing.mux(stream.encode(av.VideoFrame.from_image(picture)))
        writing.mux(stream.encode())
    return target


@pytest.mark.req("LV-074")
def test_models_see_one_size_and_about_one_rate_whatever_a_films_own_are(tmp_path: Path) -> None:
    films = {
        (side, rate): face_film(tmp_path / f"{side}-{rate}.mp4", side=side, rate=rate)
        for side, rate in ((320, 25), (640, 25), (320, 50), (640, 60))
    }
    forms = {which: canonicalise.run({"path": str(path)}) for which, path in films.items()}
    for (_, rate), form in forms.items():
        sampling = form["sampling"]
        assert (sampling["width"], sampling["height"]) == (SIDE, SIDE)
        # within the step that whole pictures allow
        assert sampling["rate"] == rate / round(rate / RATE)
        assert 0.75 * RATE < sampling["rate"] < 1.5 * RATE
    runs = {which: face_runs(path, windows=4).runs for which, path in films.items()}
    moved = {}
    for which, some in runs.items():
        assert some, which
        assert {one.crops.shape for one in some} == {(RUN_FRAMES, CROP, CROP, 3)}
        # seconds from one picture of a run to the next
        apart = {round((one.end - one.start) / (RUN_FRAMES - 1), 3) for one in some}
        assert apart == {round(1 / forms[which]["sampling"]["rate"], 3)}
        moved[which] = np.mean(
            [np.abs(b.astype(float) - a).mean() for one in some for a, b in pairwise(one.crops)]
        )
    # what changes from picture to picture means the same at 50 pictures a second as at 25
    assert moved[320, 50] == pytest.approx(moved[320, 25], rel=0.15)


@pytest.mark.req("LV-074")
def test_what_cannot_be_brought_to_one_form_is_refused_or_said_to_be_out_of_contract(tmp_path: Path) -> None:
    slow = face_film(tmp_path / "slow.mp4", side=320, rate=8)
    form = canonicalise.run({"path": str(slow)})
    assert form["sampling"]["rate"] == 8.0, "a slow film is not said to have been made faster"
    said = detection({
        "path": str(slow), "kind": "film", "width": 320, "height": 320, "frames": 16, "frame_rate": 8.0, "risk": {},
    })["deepfake"]  # fmt: skip
    assert said["state"] == DetectionState.OUT_OF_CONTRACT
    assert "a second" in said["detail"]
    tiny = face_film(tmp_path / "tiny.mp4", side=32, rate=25, seconds=0.4)
    with pytest.raises(MediaError) as refused:
        canonicalise.run({"path": str(tiny)})
    assert refused.value.code == "MEDIA_TOO_SMALL"


EMBEDDING = [one for one in FORMATS if one.embeds]
# how C2PA binds each of them, as its library does it
BINDS = {Kind.FILM: "bmffHash", Kind.STILL: "dataHash", Kind.SOUND: "dataHash"}


@pytest.mark.req("LV-181")
@pytest.mark.parametrize("form", EMBEDDING, ids=lambda form: form.name)
def test_signing_changes_nothing_that_is_canonical_and_a_change_of_the_media_breaks_both(
    form: Format, plain: Path, studio: House, tmp_path: Path
) -> None:
    if form.kind is Kind.FILM:
        source = tmp_path / f"plain{form.suffix}"
        with av.open(str(plain)) as reading, av.open(str(source), "w") as writing:
            stream = writing.add_stream_from_template(reading.streams.video[0])
            for packet in reading.demux(video=0):
                if packet.dts is not None:
                    packet.stream = stream
                    writing.mux(packet)
    else:
        source = media_file(tmp_path, form)
    signed = tmp_path / f"signed{form.suffix}"
    sign_file(source, signed, facts=FACTS, identity=studio.identity, media_type=form.media_type)
    anchors = studio.identity.anchor_pem

    def judged(path: Path) -> tuple[str, str, str]:
        said = credentials.run({"path": str(path), "anchors": anchors})["provenance"]
        return canonical(path), said["binding"], said["binding_format"]

    was = canonicalise.run({"path": str(source)})["canonical_sha256"]
    assert judged(signed) == (was, Binding.MATCH, BINDS[form.kind])
    now, binding, by = judged(changed(signed, tmp_path / f"changed{form.suffix}", form))
    assert (now != was, binding, by) == (True, Binding.MISMATCH, BINDS[form.kind])


def canonical(path: Path) -> str:
    """Empty where nothing can be decoded any more."""
    try:
        return str(canonicalise.run({"path": str(path)})["canonical_sha256"])
    except MediaError:
        return ""


def changed(source: Path, target: Path, form: Format) -> Path:
    """Other pictures or sounds under the same store."""
    data = bytearray(source.read_bytes())
    if form.name in {"PNG", "FLAC"}:
        # their pieces carry check sums of their own: the same media again, a little darker, under the old store
        return _painted(source, target, form)
    at = {
        "MP4": lambda: data.index(b"mdat") + 4000,
        "QuickTime": lambda: data.index(b"mdat") + 4000,
        "JPEG": lambda: data.rindex(b"\xff\xda") + 4000,
        "TIFF": lambda: 4000,
        "WAV": lambda: data.index(b"data") + 4000,
    }[form.name]()
    data[at] ^= 0x10
    target.write_bytes(data)
    return target


def _painted(source: Path, target: Path, form: Format) -> Path:
    import struct
    import zlib

    data = bytearray(source.read_bytes())
    if form.name == "FLAC":
        # the last frame goes: nothing else need be told of it
        target.write_bytes(data[: int(len(data) * 0.9)])
        return target
    at, pixels, parts = 8, b"", []
    while at < len(data):
        (size,) = struct.unpack_from(">I", data, at)
        kind = bytes(data[at + 4 : at + 8])
        if kind == b"IDAT":
            pixels += data[at + 8 : at + 8 + size]
        else:
            parts.append(bytes(data[at : at + 12 + size]))
        at += 12 + size
    raw = bytearray(zlib.decompress(pixels))
    for place in range(len(raw) // 2, len(raw) // 2 + 20_000):
        if place % (1 + 3 * 640):  # the first byte of a line says how the others are read
            raw[place] ^= 0x40
    packed = zlib.compress(bytes(raw))
    chunk = struct.pack(">I", len(packed)) + b"IDAT" + packed
    chunk += struct.pack(">I", zlib.crc32(chunk[4:]))
    target.write_bytes(bytes(data[:8]) + b"".join(parts[:-1]) + chunk + parts[-1])
    return target


@pytest.mark.req("LV-181")
def test_the_binding_is_judged_on_the_bytes_as_they_came_and_not_on_the_canonical_form(
    signed: Path, studio: House, tmp_path: Path
) -> None:
    from tests.verification.test_pipeline import judged, rewrapped

    anchors = studio.identity.anchor_pem
    first = judged(signed, anchors=anchors, layers=frozenset({Stage.PROVENANCE}))
    copy = tmp_path / "copy.mp4"
    rewrapped(signed, copy)
    store = sign_file(
        signed, tmp_path / "again.mp4", facts=FACTS, identity=studio.identity, media_type="video/mp4"
    )
    (tmp_path / "copy.c2pa").write_bytes(store)
    same = judged(copy, anchors=anchors, layers=frozenset({Stage.PROVENANCE}), sidecar=tmp_path / "copy.c2pa")
    # the canonical form is the same, the container is another one: that is no binding
    assert same.audit.input_canonical_hash == first.audit.input_canonical_hash
    assert (first.provenance.binding, same.provenance.binding) == (Binding.MATCH, Binding.MISMATCH)
    assert same.provenance.binding_format == "bmffHash"
