"""Sounds whose headers lie, and sounds that were cut off: a code each, and nothing under the final name."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.watermarking.breaking import cut, patched, refused, set_little
from watermarking.engine import detect_file, embed_file
from watermarking.errors import MediaError, MediaReason
from watermarking.media.stated import stated_share


@pytest.mark.parametrize(
    ("offset", "form", "number", "reason"),
    [
        (22, "<H", 0, MediaReason.MEDIA_UNREADABLE),
        (22, "<H", 65_535, MediaReason.MEDIA_UNREADABLE),
        (24, "<I", 0, MediaReason.MEDIA_UNREADABLE),
        # a second of it for each sample: a day of sound in a file of 200 kB
        (24, "<I", 1, MediaReason.MEDIA_UNSUPPORTED),
        (24, "<I", 0xFFFF_FFFF, MediaReason.MEDIA_UNREADABLE),
    ],
    ids=["channels-0", "channels-65535", "rate-0", "rate-1", "rate-4G"],
)
def test_a_sound_whose_header_lies(
    offset: int, form: str, number: int, reason: MediaReason, tmp_path: Path, key: bytes
) -> None:
    soundfile.write(tmp_path / "in.wav", np.zeros((96_000, 1)), 48_000)
    bad = patched(
        tmp_path / "in.wav", tmp_path / "bad.wav", lambda data: struct.pack_into(form, data, offset, number)
    )
    assert refused(bad, tmp_path / "out.wav", key) is reason
    with pytest.raises(MediaError) as caught:
        detect_file(bad, key=key)
    assert caught.value.reason is reason


@pytest.mark.parametrize("suffix", [".wav", ".w64", ".caf", ".flac", ".aiff"])
def test_a_sound_that_is_cut_off(suffix: str, tmp_path: Path, key: bytes) -> None:
    noise = np.random.default_rng(2).standard_normal((144_000, 1)) / 10.0
    soundfile.write(tmp_path / f"in{suffix}", noise, 48_000)
    bad = patched(tmp_path / f"in{suffix}", tmp_path / f"bad{suffix}", cut(0.5))
    assert refused(bad, tmp_path / f"out{suffix}", key) is MediaReason.MEDIA_UNREADABLE
    assert detect_file(bad, key=key, search=False).payload is None


@pytest.mark.parametrize("size", [0xFFFF_FFFF, 0x7FFF_FFFF, 144_000 * 2])
def test_a_recorder_into_a_pipe_states_no_length(size: int, tmp_path: Path, key: bytes) -> None:
    soundfile.write(tmp_path / "in.wav", np.zeros((144_000, 1)), 48_000)
    bad = patched(tmp_path / "in.wav", tmp_path / "bad.wav", set_little(b"data", 4, size))
    assert embed_file(bad, tmp_path / "out.wav", mark_id=5, key=key).layers["audio"].reason == "SILENT"


@pytest.mark.parametrize("suffix", [".w64", ".caf"])
def test_a_whole_w64_or_caf_is_marked(suffix: str, tmp_path: Path, key: bytes) -> None:
    soundfile.write(tmp_path / f"in{suffix}", np.zeros((144_000, 1)), 48_000)
    assert (
        embed_file(tmp_path / f"in{suffix}", tmp_path / "out.wav", mark_id=5, key=key).layers["audio"].reason
        == "SILENT"
    )


@pytest.mark.parametrize(
    ("suffix", "offset", "size"),
    [
        # Core Audio states -1 while it records
        (".caf", 4, b"\xff" * 8),
        # sizes that no file has, and less than a chunk's own head
        (".w64", 16, b"\xff" * 8),
        (".w64", 16, b"\0" * 8),
    ],
)
def test_a_w64_or_caf_that_states_no_length(
    suffix: str, offset: int, size: bytes, tmp_path: Path, key: bytes
) -> None:
    """What the header says is nothing, so what is there is all; libav may still refuse it."""
    soundfile.write(tmp_path / f"in{suffix}", np.zeros((144_000, 1)), 48_000)
    data = bytearray((tmp_path / f"in{suffix}").read_bytes())
    at = data.index(b"data") + offset
    data[at : at + 8] = size
    (tmp_path / f"bad{suffix}").write_bytes(data)
    assert stated_share(tmp_path / f"bad{suffix}") == 1.0
