"""What is found in bytes before they are kept: marks of ours, copies in other clothes, pictures that stand still."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from common import clock
from common.ids import new_id
from tests.training.making import House, of_bytes, picture
from training.models import TrainingAsset
from training.scanning import PLUGINS
from training.services.assets import Admission, receive_content
from trustmark.demo import media as shipped
from watermarking.models import MarkRegistration
from watermarking.services import embed_registered, register_mark

pytestmark = pytest.mark.django_db
FILM = Path(shipped.__path__[0]) / "big_buck_bunny_trailer_720p.mp4"


def hand_in(house: House, data: bytes, **changes: Any) -> Admission:
    asset = house.admit(**of_bytes(data), **changes)
    return receive_content(principal=house.engineer, asset_id=asset.pk, stream=io.BytesIO(data))


def hand_in_film(house: House, data: bytes) -> Admission:
    said = {"video_id": str(new_id()), "channel_id": "trailers", "title": "Trailer", "duration_seconds": 33,
            "uploaded_at": clock.now().isoformat()}  # fmt: skip
    return hand_in(house, data, kind="VIDEO", media_type="video/mp4", capture=said)


def admitted(answer: Admission) -> TrainingAsset:
    assert answer.asset is not None, answer.decision.codes
    return answer.asset


def stills(at: list[float]) -> Iterator[Image.Image]:
    with av.open(str(FILM)) as film:
        for frame in film.decode(video=0):
            if at and float(frame.time or 0) >= at[0]:
                at.pop(0)
                yield frame.to_image()


def film_of(frames: Iterator[Image.Image], *, size: tuple[int, int], codec: str = "libx264") -> bytes:
    """Frames as a film of 6 a second."""
    made = io.BytesIO()
    with av.open(made, "w", format="mp4") as film:
        track = film.add_stream(codec, rate=6)
        track.width, track.height, track.pix_fmt = *size, "yuv420p"
        for frame in frames:
            film.mux(track.encode(av.VideoFrame.from_image(frame.resize(size))))
        film.mux(track.encode())
    return made.getvalue()


@pytest.fixture
def still(tmp_path: Path) -> Path:
    """A frame of the film, as a PNG."""
    target = tmp_path / "still.png"
    next(stills([12.0])).save(target)
    return target


@pytest.fixture
def mark(db: None, monkeypatch: pytest.MonkeyPatch) -> MarkRegistration:
    """A mark that somebody else's production registered."""
    monkeypatch.setenv("TRUSTMARK_MARK_KEY", "5a" * 32)
    return register_mark(production_id=new_id(), token_jtis=[], asset_id=None)


@pytest.mark.req("TP-126")
def test_an_output_that_carries_our_mark_waits_for_a_person_and_tells_nobody_whose_it_is(
    house: House, still: Path, mark: MarkRegistration, tmp_path: Path
) -> None:
    copy = tmp_path / "marked.png"
    embed_registered(registration_id=mark.pk, src=still, dst=copy)
    passed_on = io.BytesIO()
    Image.open(copy).save(passed_on, "JPEG", quality=90)  # stripped of everything but its pixels
    answer = hand_in(house, passed_on.getvalue(), media_type="image/jpeg")
    assert (answer.decision.outcome, list(answer.decision.codes)) == ("ISOLATE", ["OUTPUT_MARKED"])
    found = admitted(answer).findings
    assert found["mark"]["layers"] == ["pixel"]
    assert mark.mark_id not in str(found)
    assert answer.decision.facts["marked"] is True
    unmarked = hand_in(House(), still.read_bytes())
    assert (unmarked.decision.outcome, unmarked.decision.facts["marked"]) == ("ADMIT", False)
    assert "mark" not in admitted(unmarked).findings


@pytest.mark.usefixtures("mark")
def test_where_marks_cannot_be_read_the_file_waits_for_a_person(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TRUSTMARK_MARK_KEY")
    answer = hand_in(house, picture(72))
    assert (answer.decision.outcome, list(answer.decision.codes)) == ("ISOLATE", ["MARKS_UNREAD"])
    assert "no mark key" in admitted(answer).findings["marks_unread"]


def test_a_server_that_never_registered_a_mark_looks_for_none(house: House, still: Path) -> None:
    assert admitted(hand_in(house, still.read_bytes())).state == "ADMITTED"


@pytest.mark.req("TP-171")
def test_a_film_in_another_codec_half_its_size_or_a_part_of_it_is_known_again(house: House) -> None:
    whole = list(stills([10 + one / 6 for one in range(60)]))
    first = admitted(hand_in_film(house, film_of(iter(whole), size=(640, 360))))
    assert first.state == "ADMITTED"
    half, later_part = whole[: len(whole) // 2], whole[len(whole) // 2 :]
    for copy in (
        film_of(iter(whole), size=(320, 180), codec="mpeg4"),
        film_of(iter(half), size=(640, 360)),
        film_of(iter(later_part), size=(480, 270), codec="mpeg4"),
    ):
        answer = hand_in_film(house, copy)
        assert list(answer.decision.codes) == ["NEAR_DUPLICATE"]
        assert admitted(answer).findings["near_duplicate_of"]["asset"] == str(first.pk)
    another = hand_in_film(house, film_of((picture_of(one) for one in range(12)), size=(640, 360)))
    assert another.decision.outcome == "ADMIT"


@cache
def picture_of(seed: int) -> Image.Image:
    return Image.open(io.BytesIO(picture(seed + 500))).convert("RGB")


@pytest.mark.req("TP-126")
def test_a_film_that_stands_still_and_one_that_cannot_be_decoded_do_not_come_in_by_themselves(
    house: House,
) -> None:
    one = picture_of(1)
    still = hand_in_film(house, film_of((one for _ in range(60)), size=(640, 360)))
    assert (still.decision.outcome, list(still.decision.codes)) == ("ISOLATE", ["FRAMES_REPEAT"])
    assert admitted(still).findings["frames_repeated"] == admitted(still).findings["frames_sampled"] - 1
    moving = hand_in_film(house, film_of((picture_of(10 + n // 3) for n in range(60)), size=(640, 360)))
    assert (moving.decision.outcome, admitted(moving).findings["frames_repeated"]) == ("ADMIT", 0)
    torn = hand_in_film(house, FILM.read_bytes()[:4000])
    assert (torn.decision.outcome, list(torn.decision.codes)) == ("REFUSE", ["FILE_UNREADABLE"])


@pytest.mark.req("TP-126")
@pytest.mark.parametrize(
    ("flag", "code"),
    [("UNSAFE", "FLAGGED_UNSAFE"), ("PII", "FLAGGED_PERSONAL"), ("FACE", "FLAGGED_PERSONAL")],
)
def test_what_a_plug_in_flags_waits_for_a_person(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flag: str, code: str
) -> None:
    assert hand_in(house, picture(70)).decision.outcome == "ADMIT"
    name = f"flagging_{flag.lower()}"
    (tmp_path / f"{name}.py").write_text(
        f"def look(stream, kind):\n    return ['{flag}'] if stream.read(4) else []\n"
    )
    about = tmp_path / f"{name}-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    (about / "entry_points.txt").write_text(f"[{PLUGINS}]\n{name} = {name}:look\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    answer = hand_in(house, picture(71))
    assert (answer.decision.outcome, list(answer.decision.codes)) == ("ISOLATE", [code])
    assert admitted(answer).findings["flags"] == [flag]
