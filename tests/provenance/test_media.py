"""What is taken in is a film that can be decoded; everything else has one clear code."""

from __future__ import annotations

import pytest

from common.errors import InvalidInput
from provenance.media import probe_media


def test_a_film_is_described(short_clip):
    facts = probe_media(short_clip)
    assert (facts.media_type, facts.suffix) == ("video/mp4", ".mp4")
    assert (facts.width, facts.height, facts.frame_rate) == (1280, 720, "24/1")
    assert facts.has_audio
    assert 2800 <= facts.duration_ms <= 3300


def test_a_film_without_sound_is_taken_and_said_to_be_silent(silent_clip):
    assert not probe_media(silent_clip).has_audio


def test_the_name_does_not_matter_only_the_bytes(short_clip, tmp_path):
    renamed = tmp_path / "holiday.jpg"
    renamed.write_bytes(short_clip.read_bytes())
    assert probe_media(renamed).media_type == "video/mp4"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"just words, no film",
        b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom",
        b"\x00\x00\x00\x18ftypqt  \x00\x00\x00\x00qt  " + b"\xff" * 4096,
    ],
    ids=["empty", "text", "playlist", "concat", "header-only", "garbage"],
)
def test_what_is_no_film_is_refused_with_its_code(content, tmp_path):
    path = tmp_path / "upload.mp4"
    path.write_bytes(content)
    with pytest.raises(InvalidInput) as refused:
        probe_media(path)
    assert refused.value.code == "MEDIA_UNREADABLE"


def test_a_film_cut_short_is_refused(short_clip, tmp_path):
    path = tmp_path / "cut.mp4"
    path.write_bytes(short_clip.read_bytes()[:20_000])
    with pytest.raises(InvalidInput) as refused:
        probe_media(path)
    assert refused.value.code == "MEDIA_UNREADABLE"


def test_a_file_with_sound_alone_is_refused(demo_clip, tmp_path):
    import av

    path = tmp_path / "sound.mp4"
    with av.open(str(demo_clip)) as source, av.open(str(path), "w") as target:
        audio = source.streams.audio[0]
        copy = target.add_stream_from_template(audio)
        for packet in source.demux(audio):
            if packet.dts is None or packet.dts * packet.time_base > 1:
                continue
            packet.stream = copy
            target.mux(packet)
    with pytest.raises(InvalidInput) as refused:
        probe_media(path)
    assert "no pictures" in refused.value.detail


def test_refusal_does_not_name_our_files(tmp_path):
    upload = tmp_path / "tm-upload-secret-place.mp4"
    upload.write_bytes(b"\0\0\0\x18ftypisom\0\0\2\0isomiso2" + b"\0" * 2000)
    with pytest.raises(InvalidInput) as refused:
        probe_media(upload)
    assert "secret-place" not in refused.value.detail
