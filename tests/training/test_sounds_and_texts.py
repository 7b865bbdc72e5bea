"""Sounds and texts that were handed in before, in other clothes or in part, are known again; others are not."""

from __future__ import annotations

import io
import random
import subprocess
from pathlib import Path

import av
import iscc_lib
import numpy as np
import pytest
import soundfile
from django.db import connection

from common import clock
from common.ids import new_id
from tests.conftest import DEMO_CLIP
from tests.training.making import House
from tests.training.test_scans import admitted, hand_in
from training.models import Fingerprint, TextSketch, TrainingAsset
from training.prints import DISTANCE_MOST, Print, as_words, bursts_of_sound, distances_to, prints_of_sound
from training.services.assets import Admission
from training.services.scans import sketch_again
from training.soundprints import RATE_HZ, chromaprint, sound_of
from training.textprints import by_index, key_id, nearest_text, sketch_of_text
from training.vocabulary import PrintOf

CLIPS = ["speech_libri_198.ogg", "sugar_plum.ogg", "face_480_33s.mp4"]


def ffmpeg(source: Path, *how: str, form: str) -> bytes:
    program = pytest.importorskip("imageio_ffmpeg").get_ffmpeg_exe()
    asked = [program, "-v", "error", "-i", str(source), "-vn", *how, "-f", form, "-"]
    return subprocess.run(asked, check=True, capture_output=True).stdout


def numbers_of(data: bytes) -> np.ndarray:
    with av.open(io.BytesIO(data)) as sound:
        return chromaprint(sound_of(sound))


def is_like(kept: list[Print], copy: bytes) -> bool:
    words = as_words([one.bits for one in kept])
    asked = bursts_of_sound(numbers_of(copy))
    return any(distances_to(words, one.bits).min() <= DISTANCE_MOST[PrintOf.SOUND] for one in asked)


def hand_in_sound(house: House, data: bytes, media_type: str = "audio/ogg") -> Admission:
    said = {"title": "Reading", "duration_seconds": 50}
    return hand_in(house, data, kind="AUDIO", media_type=media_type, capture=said)


def hand_in_text(house: House, text: str) -> Admission:
    said = {"title": "Essay", "language": "en"}
    return hand_in(house, text.encode(), kind="TEXT", media_type="text/plain", capture=said)


def essay(seed: int, words: int = 400) -> str:
    """Sentences that no other seed writes."""
    chance = random.Random(seed)
    names = [
        "".join(chance.choices("abcdefghiklmnoprstuvw", k=chance.randint(2, 9))) for _ in range(words // 2)
    ]
    spoken = [chance.choice(names) for _ in range(words)]
    return "\n\n".join(" ".join(spoken[at : at + 12]).capitalize() + "." for at in range(0, words, 12))


@pytest.mark.parametrize("clip", ["", *CLIPS])
def test_the_numbers_of_a_sound_are_those_of_chromaprint(clip: str, request: pytest.FixtureRequest) -> None:
    source = request.getfixturevalue("shared_media") / clip if clip else DEMO_CLIP
    theirs = np.frombuffer(ffmpeg(source, "-fp_format", "raw", form="chromaprint"), "<u4")
    ours = numbers_of(source.read_bytes())
    assert len(ours) == len(theirs) > 50
    assert np.bitwise_count(ours ^ theirs).sum() <= 0.002 * 32 * len(ours)


def test_a_sound_of_three_seconds_has_no_numbers_and_silence_says_nothing() -> None:
    quiet = chromaprint([np.zeros(30 * RATE_HZ, np.float32)])
    assert len(quiet) > 100
    assert {one.quality for one in prints_of_sound(quiet)} == {0}
    assert len(chromaprint([np.zeros(2 * RATE_HZ, np.float32)])) == 0
    assert prints_of_sound(chromaprint([np.zeros(4 * RATE_HZ, np.float32)])) == []


@pytest.mark.req("TP-171")
@pytest.mark.parametrize(
    "part", [(), ("-t", "50%"), ("-ss", "50%")], ids=["whole", "first half", "second half"]
)
@pytest.mark.parametrize("clip", CLIPS)
def test_a_recording_in_other_formats_at_half_its_rate_or_in_half_is_known_again(
    clip: str, part: tuple[str, ...], shared_media: Path
) -> None:
    source = shared_media / clip
    numbers = numbers_of(source.read_bytes())
    kept = prints_of_sound(numbers)
    with av.open(str(source)) as film:
        middle = f"{float(film.duration or 0) / av.time_base / 2 + 0.037:.3f}"
    cut = tuple(middle if word == "50%" else word for word in part)
    for how, form in (
        (("-ac", "1", "-b:a", "64k", "-af", "volume=0.3"), "mp3"),
        (("-c:a", "aac", "-b:a", "32k"), "adts"),
        (("-c:a", "libopus", "-b:a", "12k"), "ogg"),
        (("-ar", "8000", "-ac", "1"), "wav"),
    ):
        assert is_like(kept, ffmpeg(source, *cut, *how, form=form)), (clip, form)
    if not part:
        for other in CLIPS:
            assert is_like(kept, (shared_media / other).read_bytes()) == (other == clip), other


@pytest.mark.django_db
@pytest.mark.req("TP-171")
def test_a_sound_handed_in_again_waits_for_a_person_and_another_comes_in() -> None:
    house = House()
    first = admitted(hand_in_sound(house, ffmpeg(DEMO_CLIP, form="ogg")))
    assert first.state == "ADMITTED"
    assert first.findings["iscc_audio"].startswith("ISCC:E")
    known = [str(first.pk)]
    for data, media_type in (
        (ffmpeg(DEMO_CLIP, "-ss", "24.03", "-b:a", "48k", form="mp3"), "audio/mpeg"),
        (ffmpeg(DEMO_CLIP, "-t", "24", "-ar", "8000", "-ac", "1", form="wav"), "audio/wav"),
        (ffmpeg(DEMO_CLIP, "-c:a", "aac", "-b:a", "32k", form="adts"), "audio/aac"),
    ):
        answer = hand_in_sound(house, data, media_type)
        assert (answer.decision.outcome, list(answer.decision.codes)) == ("ISOLATE", ["NEAR_DUPLICATE"])
        like = admitted(answer).findings["near_duplicate_of"]
        assert like["of"] == "SOUND"
        assert like["asset"] in known
        known.append(str(admitted(answer).pk))
    rng = np.random.default_rng(7)
    other = io.BytesIO()
    steps = np.repeat(rng.uniform(200, 2000, 60), 4_000)
    soundfile.write(other, 0.4 * np.sin(np.cumsum(2 * np.pi * steps / 16_000)), 16_000, format="FLAC")
    assert hand_in_sound(house, other.getvalue(), "audio/flac").decision.outcome == "ADMIT"
    assert hand_in_sound(House(), ffmpeg(DEMO_CLIP, form="wav"), "audio/wav").decision.outcome == "ADMIT"


@pytest.mark.django_db
@pytest.mark.req("TP-171")
def test_the_sound_of_a_film_handed_in_as_a_sound_is_known_again() -> None:
    house = House()
    said = {"video_id": str(new_id()), "channel_id": "trailers", "title": "Trailer", "duration_seconds": 33,
            "uploaded_at": clock.now().isoformat()}  # fmt: skip
    film = hand_in(house, DEMO_CLIP.read_bytes(), kind="VIDEO", media_type="video/mp4", capture=said)
    answer = hand_in_sound(house, ffmpeg(DEMO_CLIP, "-ss", "20", "-t", "20", form="ogg"))
    assert list(answer.decision.codes) == ["NEAR_DUPLICATE"]
    like = admitted(answer).findings["near_duplicate_of"]
    assert (like["asset"], like["of"]) == (str(admitted(film).pk), "SOUND")


@pytest.mark.django_db
def test_bytes_that_are_no_sound_are_refused_and_keep_no_fingerprint() -> None:
    house = House()
    answer = hand_in_sound(house, b"RIFF" + b"\x07" * 4000)
    assert (answer.decision.outcome, list(answer.decision.codes)) == ("REFUSE", ["FILE_UNREADABLE"])
    assert not Fingerprint.objects.exists()


@pytest.mark.django_db
@pytest.mark.req("TP-171")
def test_a_text_in_other_layout_or_in_half_waits_for_a_person_and_another_comes_in() -> None:
    house = House()
    text = essay(1)
    first = admitted(hand_in_text(house, text))
    assert first.state == "ADMITTED"
    assert first.findings["iscc_text"].startswith("ISCC:E")
    words = text.split()
    for copy in (
        text.upper().replace("\n\n", "\r\n"),
        " ".join(words).replace(".", " -"),
        " ".join(words[: len(words) // 2]),
        " ".join(words[len(words) // 2 :]),
        essay(2, 380) + "\n\n" + text,
    ):
        answer = hand_in_text(house, copy)
        assert (answer.decision.outcome, list(answer.decision.codes)) == ("ISOLATE", ["NEAR_DUPLICATE"])
        assert admitted(answer).findings["near_duplicate_of"]["of"] == "TEXT"
    quoting = hand_in_text(house, essay(3) + " ".join(words[:60]))
    assert quoting.decision.outcome == "ADMIT"
    assert hand_in_text(House(), text).decision.outcome == "ADMIT"


@pytest.mark.django_db
def test_a_long_text_and_its_half_are_compared_by_the_coarser_sketch() -> None:
    house = House()
    text = essay(4, 60_000)
    whole, half = sketch_of_text(text), sketch_of_text(text[: len(text) // 8])
    assert whole.scale > half.scale == 4
    assert len(whole.hashes) < 5_000
    asset = admitted(hand_in_text(house, text))
    like = nearest_text(house.organisation.pk, half)
    assert like is not None
    assert (like.asset_id, round(like.of_text, 2)) == (asset.pk, 1.0)
    assert 0.08 < like.of_asset < 0.17
    assert nearest_text(house.organisation.pk, half, but_for=asset.pk) is None
    assert nearest_text(house.organisation.pk, sketch_of_text(essay(5))) is None


@pytest.mark.django_db
def test_writing_without_spaces_is_compared_by_its_characters_and_a_few_words_by_nothing() -> None:
    house = House()
    chance = random.Random(6)
    written = "".join(chance.choices([chr(0x4E00 + one) for one in range(900)], k=300))
    asset = admitted(hand_in_text(house, written))
    like = nearest_text(house.organisation.pk, sketch_of_text(written[150:]))
    assert like is not None
    assert like.asset_id == asset.pk
    short = admitted(hand_in_text(house, "A caption of a few words."))
    assert not TextSketch.objects.filter(asset=short).exists()


@pytest.mark.django_db
def test_a_kept_sketch_cannot_be_changed() -> None:
    from django.db import DatabaseError, transaction

    house = House()
    asset: TrainingAsset = admitted(hand_in_text(house, essay(8)))
    with pytest.raises(DatabaseError, match="only with its key"), transaction.atomic():
        TextSketch.objects.filter(asset=asset).update(scale=1)


def test_the_codes_of_a_sound_and_of_its_copy_are_near_in_iso_24138(shared_media: Path) -> None:
    source = shared_media / "sugar_plum.ogg"
    codes = [
        iscc_lib.gen_audio_code_v0(numbers_of(data).astype(np.int32).tolist(), bits=256)["iscc"]
        for data in (
            source.read_bytes(),
            ffmpeg(source, "-b:a", "64k", form="mp3"),
            (shared_media / "speech_libri_198.ogg").read_bytes(),
        )
    ]
    first, copy, other = (int.from_bytes(iscc_lib.iscc_decode(code)[4], "big") for code in codes)
    assert (first ^ copy).bit_count() < 16 < 60 < (first ^ other).bit_count()


@pytest.mark.django_db
def test_a_text_sketched_under_another_key_is_sketched_again_and_found() -> None:
    house, written = House(), essay(31)
    asset = admitted(hand_in_text(house, written)).pk
    good = TextSketch.objects.get(asset=asset)
    stale = sketch_of_text(written, b"a key that no deployment has")
    # as an earlier release wrote it, from a process that had no secret
    TextSketch.objects.filter(asset=asset).update(hashes=list(stale.hashes), key_id="")
    assert nearest_text(house.organisation.pk, sketch_of_text(written)) is None
    assert (sketch_again(), sketch_again()) == (1, 0)
    now = TextSketch.objects.get(asset=asset)
    assert (now.hashes, now.scale, now.key_id) == (good.hashes, good.scale, key_id())
    like = nearest_text(house.organisation.pk, sketch_of_text(written))
    assert like is not None
    assert like.asset_id == asset


@pytest.mark.django_db
def test_sketches_are_searched_by_their_index_and_what_is_asked_after_that_is_planned_as_ever() -> None:
    asked = TextSketch.objects.filter(organisation_id=new_id(), hashes__overlap=list(range(1000)))
    with by_index():
        assert "training_text_by_hash" in asked.explain()
    with connection.cursor() as cursor:
        cursor.execute("show enable_seqscan")
        assert cursor.fetchone() == ("on",)
