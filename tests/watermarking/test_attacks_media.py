"""Uploads that are no media but lists of other files, or pictures that start a program."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from watermarking.errors import MediaError, MediaReason
from watermarking.media.containers import opened, probe
from watermarking.media.stills import open_still

HLS = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{}\n#EXT-X-ENDLIST\n"
CONCAT = "ffconcat version 1.0\nfile {}\n"


@pytest.fixture
def neighbour(tmp_path: Path, demo_clip: Path) -> Path:
    """A film of somebody else in the same store."""
    return Path(shutil.copy(demo_clip, tmp_path / "neighbour.mp4"))


@pytest.mark.parametrize("name", ["upload.mp4", "upload.m3u8", "upload.txt", "upload"])
@pytest.mark.parametrize(
    "text", [HLS.format("neighbour.mp4"), HLS.format("file://{path}"), CONCAT.format("neighbour.mp4")]
)
def test_list_of_other_files_opens_none_of_them(
    tmp_path: Path, neighbour: Path, name: str, text: str
) -> None:
    upload = tmp_path / name
    upload.write_text(text.replace("{path}", str(neighbour)))
    with pytest.raises(MediaError) as refused:
        probe(upload)
    assert refused.value.reason is MediaReason.MEDIA_UNREADABLE
    assert probe(neighbour).has_video


def test_opened_film_still_decodes(neighbour: Path) -> None:
    with opened(neighbour) as container:
        assert next(container.decode(video=0)).width == 1280


@pytest.mark.parametrize(
    "content",
    [
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n%%EndComments\nshowpage\n",
        b"P6\n100 100\n255\n" + bytes(30_000),
    ],
)
def test_picture_of_another_kind_is_refused_by_its_bytes(tmp_path: Path, content: bytes) -> None:
    upload = tmp_path / "upload.png"
    upload.write_bytes(content)
    with pytest.raises(MediaError) as refused:
        open_still(upload)
    assert refused.value.reason is MediaReason.MEDIA_UNREADABLE
