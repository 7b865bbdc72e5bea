"""Fewer frames: what that loses is measured, copy by copy, against all of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import sampling
from bench.marks.attacks_pixels import attack_named
from bench.sampling import Look, looks_at, recall_of
from tests.verification.conftest import plain
from tests.verification.test_detectors import face
from verification.pipeline.stages import canonicalise
from verification.pipeline.stages.canonicalise import FRAMES, FRAMES_UNDER_LOAD

__all__ = ["face", "plain"]


@pytest.mark.req("LV-150")
def test_fewer_frames_are_sampled_and_what_that_loses_of_recall_is_counted(face: Path, plain: Path) -> None:
    asked = canonicalise.run({"path": str(plain), "reduced": True})
    whole = canonicalise.run({"path": str(plain)})
    assert len(asked["frame_codes"]) <= FRAMES_UNDER_LOAD + 2 < len(whole["frame_codes"])
    assert (asked["sampling"]["reduced"], asked["canonical_sha256"]) == (True, whole["canonical_sha256"])
    looks = looks_at(
        [face, plain],
        [attack_named("half size"), attack_named("H.264 CRF 28")],
        (FRAMES, FRAMES_UNDER_LOAD, 1),
    )
    rows = {one.frames: one for one in recall_of(looks)}
    assert set(rows) == {FRAMES, FRAMES_UNDER_LOAD, 1}
    assert all(one.copies == 4 for one in rows.values())
    assert (rows[FRAMES].recall, rows[FRAMES].lost) == (1.0, 0.0)
    # what the house does under load: no copy of these is lost by it, none is led to another film
    assert (rows[FRAMES_UNDER_LOAD].recall, rows[FRAMES_UNDER_LOAD].wrong) == (1.0, 0.0)


@pytest.mark.req("LV-150")
def test_a_copy_that_only_all_frames_lead_back_is_counted_as_lost_and_one_led_astray_as_wrong() -> None:
    looks = [
        Look("a", "crop", FRAMES, "a", 0.4), Look("b", "crop", FRAMES, "b", 0.4),
        Look("c", "crop", FRAMES, None, 0.4), Look("d", "crop", FRAMES, "d", 0.4),
        Look("a", "crop", 4, "a", 0.1), Look("b", "crop", 4, None, 0.1),
        Look("c", "crop", 4, None, 0.1), Look("d", "crop", 4, "a", 0.1),
    ]  # fmt: skip
    whole, fewer = recall_of(looks)
    assert (whole.frames, whole.recall, whole.wrong, whole.lost) == (FRAMES, 0.75, 0.0, 0.0)
    assert (fewer.frames, fewer.recall, fewer.wrong, fewer.lost) == (4, 0.25, 0.25, 0.5)
    assert (whole.cpu_seconds, fewer.cpu_seconds) == (0.4, 0.1)
    for counts in ((FRAMES, 0), (4, 2), ()):
        with pytest.raises(ValueError, match=str(FRAMES)):
            looks_at([], [], counts)


def test_a_folder_without_clips_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        sampling.main([str(tmp_path)])
    assert "no clips" in capsys.readouterr().err
    assert json.dumps([one.__dict__ for one in recall_of([])]) == "[]"
