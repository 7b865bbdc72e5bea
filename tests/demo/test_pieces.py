"""The pieces the demonstration stands on, each for itself."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from trustmark.demo.acts.auditing import flip_one_byte
from trustmark.demo.assemble import assemble, strip
from trustmark.demo.clip import CLIP, CLIP_FRAMES, FPS, FRAMES, SAMPLE_RATE_HZ, frames_of, looped_sound
from trustmark.demo.farm import blocks, shot_of
from trustmark.demo.forms import forms_of, text_of
from trustmark.demo.offline import offline_command

PAGE = """
<form action="/a/" method="post"><input type="hidden" name="csrfmiddlewaretoken" value="t">
<input type="checkbox" name="value" value="US" checked><input type="checkbox" name="value" value="GB">
<select name="guild"><option value="">none</option><option value="g1" selected>Guild</option></select>
<textarea name="note">as <b>is</b></textarea><input type="submit" name="go" value="x"></form>
<p id="key-secret">tm_<b>abc</b> </p><form method="get"><input name="q"></form>
"""


def test_blocks_cover_every_frame_once() -> None:
    numbers = [n for first, last in blocks() for n in range(first, last + 1)]
    assert numbers == list(range(1, FRAMES + 1))
    assert len({shot_of(first) for first, _ in blocks()}) == len(blocks())


def test_the_clip_loops_seamlessly() -> None:
    last, again = (np.array(f.to_ndarray()) for _, f in frames_of(CLIP, CLIP_FRAMES, CLIP_FRAMES + 1))
    first = next(frame.to_ndarray() for _, frame in frames_of(CLIP, 1, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, last)


def test_frames_decoded_from_the_middle_are_those_decoded_from_the_start() -> None:
    straight = {n: f.to_ndarray() for n, f in frames_of(CLIP, 95, 105)}
    ((_, jumped),) = frames_of(CLIP, 103, 103)
    assert np.array_equal(straight[103], jumped.to_ndarray())


def test_sound_is_as_long_as_the_picture() -> None:
    samples = looped_sound(CLIP, seconds=60)
    assert samples.shape == (2, 60 * SAMPLE_RATE_HZ)
    period = round(CLIP_FRAMES / FPS * SAMPLE_RATE_HZ)
    assert np.array_equal(samples[:, :1000], samples[:, period : period + 1000])


def test_rendered_frames_become_a_film_and_a_stripped_copy(tmp_path: Path) -> None:
    render = [sys.executable, "-m", "trustmark.demo.render", "--first", "500", "--last", "523"]
    subprocess.run([*render, "--output", str(tmp_path / "frames")], check=True)
    voice = [sys.executable, "-m", "trustmark.demo.voice", "--frames", "24"]
    subprocess.run([*voice, "--output", str(tmp_path / "voice.wav")], check=True)
    assert soundfile.info(tmp_path / "voice.wav").duration == pytest.approx(1.0)
    assemble(sorted((tmp_path / "frames").iterdir()), tmp_path / "voice.wav", tmp_path / "film.mp4")
    strip(tmp_path / "film.mp4", tmp_path / "stripped.mp4")
    for name, size in (("film.mp4", (1280, 720)), ("stripped.mp4", (640, 360))):
        with av.open(str(tmp_path / name)) as film:
            assert sum(1 for _ in film.decode(video=0)) == 24
            assert (film.streams.video[0].width, film.streams.video[0].height) == size
            assert film.streams.audio[0].channels == 2
    with av.open(str(tmp_path / "stripped.mp4")) as film:
        assert "encoder" not in film.metadata


def test_forms_send_what_a_browser_would_send() -> None:
    post, get = forms_of(PAGE, address="http://h/x/")
    assert (post.action, post.method, get.action) == ("http://h/a/", "post", "http://h/x/")
    assert post.values == [
        ("csrfmiddlewaretoken", "t"),
        ("value", "US"),
        ("guild", "g1"),
        ("note", "as is"),
    ]
    assert ("value", "GB") in post.filled(value=["GB"])
    assert ("value", "US") not in post.filled(value=["GB"])
    with pytest.raises(LookupError, match="no field missing"):
        post.filled(missing="x")
    assert text_of(PAGE, "key-secret") == "tm_abc"


def test_one_flipped_byte_is_one_bit_in_the_named_member(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_STORED) as bundle:
        bundle.writestr("b/data/one.txt", "1" * 100)
        bundle.writestr("b/data/two.txt", "2" * 100)
    flip_one_byte(tmp_path / "a.zip", tmp_path / "b.zip", member="data/two.txt")
    before, after = (tmp_path / "a.zip").read_bytes(), (tmp_path / "b.zip").read_bytes()
    changed = [at for at in range(len(before)) if before[at] != after[at]]
    assert len(changed) == 1
    with zipfile.ZipFile(tmp_path / "b.zip") as bundle:
        assert bundle.read("b/data/one.txt") == b"1" * 100
        with pytest.raises(zipfile.BadZipFile):
            bundle.read("b/data/two.txt")


def test_the_offline_room_has_no_network_and_no_django() -> None:
    *prefix, python, flag, wrap = offline_command()
    for statement in ("import socket; socket.create_connection(('127.0.0.1', 9))", "import django"):
        watched = wrap.partition("from trustcore.cli")[0] + statement
        done = subprocess.run([*prefix, python, flag, watched], capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert "PermissionError: the offline verifier must not" in done.stderr
    version = subprocess.run([*offline_command("--version")], capture_output=True, text=True, check=False)
    assert version.returncode == 0, version.stderr
