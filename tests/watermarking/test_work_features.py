"""Features are kept for retries and computed in common batches, and change no answer."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image
from prometheus_client import REGISTRY

from tests import factories
from tests.watermarking.conftest import MARK_ID, SECRET
from watermarking import detecting, engine, services, tasks
from watermarking.cards import load_pixel_card
from watermarking.errors import ExtractionFailed, MediaError, MediaReason
from watermarking.features import METHOD, FeatureStore, PixelFeatures
from watermarking.keys import ENVIRONMENT
from watermarking.media import frames as film_frames
from watermarking.media.frames import SizeOf
from watermarking.models import MarkDetection
from watermarking.signal import batching
from watermarking.signal.batching import film_residuals
from watermarking.signal.residual import FilmResidual

CARD = load_pixel_card()


@pytest.fixture(scope="session")
def marked(work_film: Path, key: bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small film with a mark."""
    target = tmp_path_factory.mktemp("marked") / "film.mp4"
    engine.embed_file(work_film, target, mark_id=MARK_ID, key=key)
    return target


@pytest.fixture
def store(tmp_path: Path) -> FeatureStore:
    return FeatureStore(tmp_path / "features", 64 * 1024**2)


def features(seed: int, side: int = 64) -> PixelFeatures:
    values = np.random.default_rng(seed).standard_normal((1, 3, side, side)).astype(np.float32)
    return PixelFeatures(values, np.array([7]), np.array([0]), 640, 360, 5.0)


def no_decoding(*_: Any, **__: Any) -> Any:
    raise AssertionError("the film was decoded again")


@pytest.mark.req("LV-153")
def test_a_detection_that_is_repeated_decodes_nothing_and_answers_the_same(
    marked: Path,
    key: bytes,
    other_key: bytes,
    store: FeatureStore,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    plain = engine.detect_file(marked, key=key, layers=["pixel"], search=False)
    first = engine.detect_file(marked, key=key, layers=["pixel"], search=False, features=store)
    assert first == plain
    assert plain.payload == f"{MARK_ID:016x}"
    # nothing is found under another key, so more frames are read: these are kept as well
    engine.detect_file(marked, key=other_key, layers=["pixel"], search=False, features=store)
    copy = tmp_path / "renamed.mp4"
    copy.write_bytes(marked.read_bytes())
    monkeypatch.setattr(detecting, "_frames", no_decoding)
    # by its content, whatever it is called; and under another key
    assert engine.detect_file(copy, key=key, layers=["pixel"], search=False, features=store) == plain
    strange = engine.detect_file(copy, key=other_key, layers=["pixel"], search=False, features=store)
    assert strange.payload is None
    # one changed byte is another file
    data = bytearray(copy.read_bytes())
    data[-1] ^= 1
    copy.write_bytes(data)
    with pytest.raises(ExtractionFailed):
        engine.detect_file(copy, key=key, layers=["pixel"], search=False, features=store)


@pytest.mark.req("LV-153")
def test_the_store_is_bounded_and_damage_is_as_good_as_nothing(tmp_path: Path) -> None:
    size = features(0).means.nbytes
    store = FeatureStore(tmp_path / "kept", 3 * (size + 4096))
    for seed in range(3):
        store.save(f"f{seed}", features(seed))
        os.utime(store.folder / f"f{seed}.npz", (seed, seed))
    assert store.load("f0") is not None  # used: now the youngest
    for seed in (3, 4):
        store.save(f"f{seed}", features(seed))
    assert store.load("f1") is None
    found = store.load("f0")
    assert found is not None
    assert np.array_equal(found.means, features(0).means)
    assert sum(path.stat().st_size for path in store.folder.iterdir()) <= store.bytes_max
    (store.folder / "f0.npz").write_bytes(b"PK\x03\x04 half a file")
    assert store.load("f0") is None
    assert not (store.folder / "f0.npz").exists()
    store.save("large", features(9, side=512))
    assert store.load("large") is None
    assert store.name_of(Path(__file__), CARD, 32).endswith(f"-{CARD.scheme}-{CARD.version}-{METHOD}-32")


@pytest.mark.req("LV-152")
def test_frames_of_several_clips_go_through_in_one_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(7)
    clips = [
        [draw.integers(0, 255, (3, *size), np.uint8) for _ in range(count)]
        for size, count in (((48, 64), 5), ((40, 72), 3), ((48, 64), 4), ((48, 64), 0))
    ]
    alone = []
    for frames in clips:
        mean = FilmResidual()
        for planes in frames:
            mean.add_frame(planes)
        alone.append(mean)
    shapes: list[tuple[int, ...]] = []
    plain = batching.normalised_residual
    monkeypatch.setattr(
        batching, "normalised_residual", lambda planes: shapes.append(planes.shape) or plain(planes)
    )
    together = film_residuals(clips)
    assert sorted(shapes) == [(3, 3, 40, 72), (9, 3, 48, 64)]
    for one, other in zip(together, alone, strict=True):
        assert one.frames == other.frames
        if one.frames:
            pairs = zip(one.stretches(), other.stretches(), strict=True)
            assert all(np.allclose(a.mean, b.mean, atol=1e-4) for a, b in pairs)


@pytest.mark.req("LV-202")
@pytest.mark.req("LV-210")
@pytest.mark.django_db
def test_one_worker_reads_the_pictures_of_waiting_files_together(
    key: bytes, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENVIRONMENT, SECRET.hex())
    settings.VAR_DIR = tmp_path / "var"
    settings.MEDIA_DETECT_BATCH = 3
    desk = factories.make_producer(factories.make_studio())
    rows = []
    picture = Image.fromarray(np.random.default_rng(4).integers(40, 215, (60, 80, 3), np.uint8))
    for number in range(3):
        still = tmp_path / f"still{number}.png"
        picture.resize((640, 480), Image.Resampling.BICUBIC).save(still)
        if number:
            engine.embed_file(still, still.with_name(f"m{number}.png"), mark_id=MARK_ID + number, key=key)
            still = still.with_name(f"m{number}.png")
        rows.append(
            services.ask_detection(principal=desk, path=still, file_name=still.name, layers=["pixel"])
        )
    batches: list[int] = []
    plain = batching.normalised_residual
    monkeypatch.setattr(
        batching, "normalised_residual", lambda planes: batches.append(planes.shape[0]) or plain(planes)
    )
    counted = REGISTRY.get_sample_value("trustmark_media_batch_sum") or 0.0
    tasks.detect(str(rows[0].pk))
    assert batches == [3], "its own picture and those of two that wait"
    assert REGISTRY.get_sample_value("trustmark_media_batch_sum") == counted + 3
    monkeypatch.setattr(detecting, "_frames", no_decoding)
    tasks.detect(str(rows[1].pk))
    answers = [MarkDetection.objects.get(pk=row.pk).result for row in rows[:2]]
    assert [answer["payload"] for answer in answers] == [None, f"{MARK_ID + 1:016x}"]


@pytest.mark.django_db
def test_a_film_that_breaks_the_batch_leaves_the_others_to_be_read_alone(
    key: bytes, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENVIRONMENT, SECRET.hex())
    settings.VAR_DIR = tmp_path / "var"
    desk = factories.make_producer(factories.make_studio())
    still, marked_still = tmp_path / "still.png", tmp_path / "marked.png"
    picture = Image.fromarray(np.random.default_rng(4).integers(40, 215, (60, 80, 3), np.uint8))
    picture.resize((640, 480), Image.Resampling.BICUBIC).save(still)
    engine.embed_file(still, marked_still, mark_id=MARK_ID, key=key)
    rows = [
        services.ask_detection(principal=desk, path=path, file_name=path.name, layers=["pixel"])
        for path in (marked_still, still)
    ]

    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("as torch does")

    with monkeypatch.context() as patch:
        patch.setattr(detecting, "film_residuals", broken)
        tasks.detect(str(rows[0].pk))
    good = MarkDetection.objects.get(pk=rows[0].pk)
    assert (good.state, good.result["payload"]) == ("DONE", f"{MARK_ID:016x}")


def test_pixels_two_thousand_times_as_wide_as_high_are_refused() -> None:
    frame = av.VideoFrame(1024, 64, "yuv420p")
    assert film_frames._resized(frame, SizeOf(512), 4.0).planes.shape[0] == 3
    with pytest.raises(MediaError) as refused:
        film_frames._resized(frame, SizeOf(512), 2000.0)
    assert refused.value.reason is MediaReason.MEDIA_UNSUPPORTED
