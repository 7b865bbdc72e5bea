"""A five-second cut of the film, marked once for all tests of this folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.watermarking import media
from tests.watermarking.working import write_tone, write_work_film
from watermarking.engine import EmbedReport, embed_file
from watermarking.keys import mark_key
from watermarking.signal.threads import use_threads

# other tests run beside these: waiting threads cost more than they bring
use_threads(1)
MARK_ID = 0x5A17_C0DE_0BAD_F00D
SECRET = bytes(range(32))


@dataclass(frozen=True)
class MarkedFilm:
    """A film, its marked copy, what the engine said, and the key."""

    plain: Path
    marked: Path
    report: EmbedReport
    key: bytes
    payload: str = f"{MARK_ID:016x}"


@pytest.fixture(scope="session")
def key() -> bytes:
    return mark_key(SECRET)


@pytest.fixture(scope="session")
def other_key() -> bytes:
    return mark_key(SECRET, "2")


@pytest.fixture(scope="session")
def film(demo_clip: Path, tmp_path_factory: pytest.TempPathFactory, key: bytes) -> MarkedFilm:
    """Six seconds of day and grass; verified as a release would be."""
    folder = tmp_path_factory.mktemp("film")
    plain = media.cut(demo_clip, folder / "plain.mp4", first_frame=620, frames=144)
    marked = folder / "marked.mp4"
    report = embed_file(plain, marked, mark_id=MARK_ID, key=key, verify=True)
    return MarkedFilm(plain, marked, report, key)


@pytest.fixture(scope="session")
def stripped(film: MarkedFilm, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The marked film as it leaks: half size, CRF 28, sound encoded again, metadata gone."""
    target = tmp_path_factory.mktemp("leak") / "stripped.mp4"
    return media.recode(film.marked, target, crf=28, size=(640, 360))


@pytest.fixture(scope="session")
def work_film(demo_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small film of four stretches for the tests of media work."""
    return write_work_film(demo_clip, tmp_path_factory.mktemp("work") / "film.mp4")


@pytest.fixture(scope="session")
def tone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve seconds of sound: the cheapest medium there is."""
    return write_tone(tmp_path_factory.mktemp("work") / "tone.wav")
