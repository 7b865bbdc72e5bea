"""Long recordings: a faint mark adds up, one in the middle is found, and windows say where it is."""

from __future__ import annotations

import numpy as np
import pytest

from tests.watermarking import media, sounds
from tests.watermarking.sounds import CARD, Sound
from watermarking.recordings import SoundFinding, SoundListener
from watermarking.signal.alignment import SoundReader

PAYLOAD = 0x1357_9BDF_0246_8ACE
RATE = 16_000


@pytest.fixture(scope="module")
def plain() -> Sound:
    return sounds.tune(84.0, RATE, seed=77)


@pytest.fixture(scope="module")
def carried(plain: Sound, key: bytes) -> Sound:
    return sounds.marked(plain, key, PAYLOAD)[0]


def _listen(samples: media.Samples, key: bytes, *, search: bool = False) -> SoundFinding:
    listener = SoundListener(SoundReader(CARD, key), search=search)
    return listener.listen(np.array_split(samples, 29, axis=1))


def test_every_window_of_a_marked_recording_is_told(carried: Sound, key: bytes) -> None:
    found = _listen(carried.samples, key)
    assert found.reading.payload == PAYLOAD
    assert [one.status for one in found.segments] == ["present"] * 6
    assert [(one.start, one.end) for one in found.segments][-1] == (80.0, 84.0)


def test_a_mark_in_the_middle_is_found_and_placed(plain: Sound, carried: Sound, key: bytes) -> None:
    mixed = plain.samples.copy()
    mixed[:, 33 * RATE : 47 * RATE] = carried.samples[:, 33 * RATE : 47 * RATE]
    found = _listen(mixed, key)
    assert found.reading.payload == PAYLOAD
    assert [one.start for one in found.segments if one.status == "present"] == [32.0]


def test_a_mark_too_faint_for_any_window_is_found_over_all(plain: Sound, carried: Sound, key: bytes) -> None:
    faint = plain.samples + np.float32(0.16) * (carried.samples - plain.samples)
    alone = SoundReader(CARD, key).read(faint[:, : 16 * RATE], search=False)
    assert alone.payload is None
    found = _listen(faint, key)
    assert found.reading.payload == PAYLOAD
    assert found.end - found.start >= 60.0
    assert found.segments[0].status == "present"


def test_silence_between_is_passed_over(carried: Sound, key: bytes) -> None:
    holed = carried.samples.copy()
    holed[:, 16 * RATE : 48 * RATE] = 0.0
    found = _listen(holed, key)
    assert [one.status for one in found.segments] == ["present", "absent", "absent", *["present"] * 3]


def test_a_sped_up_recording_is_found_in_its_loudest_window(carried: Sound, key: bytes) -> None:
    quick = sounds.for_reading(sounds.faster(sounds.cut(carried, 0, 32), 25 / 24))
    assert _listen(quick, key).reading.payload is None
    assert _listen(quick, key, search=True).reading.payload == PAYLOAD


def test_unmarked_and_foreign_recordings_make_no_claim(
    plain: Sound, carried: Sound, key: bytes, other_key: bytes
) -> None:
    for samples, reader_key in ((plain.samples, key), (carried.samples, other_key)):
        found = _listen(samples, reader_key)
        assert (found.reading.status, found.reading.payload) == ("absent", None)
        assert [one.status for one in found.segments] == ["absent"]


@pytest.mark.parametrize("seconds", [0.0, 1 / RATE, 2.0, 16.0 + 1 / RATE])
def test_recordings_of_any_length_are_answered(seconds: float, key: bytes) -> None:
    samples = sounds.tune(17.0, RATE, seed=1).samples[:, : round(seconds * RATE)]
    assert _listen(samples, key).reading.status == "absent"


def test_each_further_stretch_of_a_file_pays_more(plain: Sound, carried: Sound, key: bytes) -> None:
    reader = SoundReader(CARD, key)
    window = carried.samples[:, : 16 * RATE]
    first, second = (reader.read(window, search=False).p_value for _ in range(2))
    assert second == pytest.approx(3 * first, rel=1e-6)
