"""The calibration of false claims: what its numbers can tell apart, and that a trial is the same wherever it is read."""

from __future__ import annotations

import json
import math
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
import torch

from bench.marks.calibration.archive import Film, Sound, read_films, read_sounds, write_film, write_sound
from bench.marks.calibration.pixels import pixel_trials
from bench.marks.calibration.report import report, uniformity
from bench.marks.calibration.running import save
from bench.marks.calibration.sounds import SECONDS, sound_trials
from bench.marks.calibration.trials import WAYS, Findings, key_of
from watermarking.cards import load_sound_card

RATE = load_sound_card().analysis.rate_hz


def _film() -> Film:
    draw = torch.Generator().manual_seed(1)
    frames = 120 + 20 * torch.randn(40, 3, 120, 160, generator=draw)
    return Film("grain", frames.round().clamp(16, 235).to(torch.uint8))


def test_uniform_p_values_pass_and_others_do_not() -> None:
    even = (np.arange(2000) + 0.5) / 2000
    assert uniformity(even)[0] == pytest.approx(0.00025)
    assert uniformity(even)[1] == pytest.approx(1.0)
    distance, chance = uniformity(even**1.2)
    assert distance > 0.05
    assert chance < 1e-4
    assert uniformity(np.ones(5))[0] == pytest.approx(1.0)


def test_a_trial_draws_the_same_medium_and_key_again_and_no_other_trial_does() -> None:
    first, again = (pixel_trials([_film()], "unmarked", [3], "cpu", lambda: True) for _ in range(2))
    other = pixel_trials([_film()], "unmarked", [4], "cpu", lambda: True)
    assert first.fixed == again.fixed != other.fixed
    assert (
        len({key_of(layer, way, n) for layer in ("pixel", "sound") for way in WAYS for n in range(9)}) == 36
    )


def test_media_marked_under_another_key_are_found_under_their_own_and_not_claimed_under_ours() -> None:
    draw, count = np.random.default_rng(3), RATE * (SECONDS + 3)
    spectrum = np.fft.rfft(draw.standard_normal(count))
    beat = 0.55 + 0.45 * np.sin(2 * np.pi * 2.7 * np.arange(count) / RATE)
    wave = np.fft.irfft(spectrum / np.sqrt(np.arange(len(spectrum)) + 50.0), count) * beat
    sound = Sound("beat", torch.from_numpy((0.3 * wave / np.abs(wave).max()).astype(np.float32)))
    found = sound_trials([sound], "another key", [0, 1], "cpu", lambda: True)
    assert (found.controls, found.found, len(found.fixed)) == (1, 1, 2)
    assert found.claimed == found.uncertain == []


def test_when_time_is_up_no_more_trials_are_read() -> None:
    assert pixel_trials([_film()], "unmarked", range(9), "cpu", lambda: False).fixed == []


def test_an_archive_gives_back_what_was_put_in(tmp_path: Path) -> None:
    film = _film().frames.numpy()
    write_film(tmp_path, "grain", list(film))
    write_sound(tmp_path, "tone", np.array([0.5, -2.0, 0.0], np.float32))
    assert np.array_equal(read_films(tmp_path, "cpu")[0].frames.numpy(), film)
    (sound,) = read_sounds(tmp_path, "cpu")
    assert sound.samples.tolist() == pytest.approx([0.5, -1.0, 0.0], abs=1e-4)


def test_runs_add_up_in_a_report_and_a_claim_is_counted(tmp_path: Path) -> None:
    law = NormalDist()
    found = Findings(
        fixed=[law.inv_cdf((n + 0.5) / 100) for n in range(100)],
        best=[7.0] * 100,
        p_value=[1.0] * 100,
        claimed=[5],
    )
    files = [tmp_path / name for name in ("one.npz", "two.npz")]
    for path in files:
        save(path, [("sound", "unmarked", found)], {"device": "processor"})
    told = report(files, tmp_path)
    assert (told["sound/unmarked"]["trials"], told["sound/unmarked"]["claims"]) == (200, 2)
    assert told["sound/unmarked"]["ks"] < 0.02
    assert told["sound/unmarked"]["share_below"]["0.1"] == pytest.approx(0.1)
    assert "sound, unmarked (200)" in (tmp_path / "mark-calibration-p-values.svg").read_text()
    assert math.isfinite(json.loads(json.dumps(told))["sound/unmarked"]["fixed_sd"])
