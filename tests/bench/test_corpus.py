"""The transformation corpus goes through the verifier: binding, mark and score of each copy beside those of the first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import corpus
from tests.verification.test_detectors import face
from trustcore.verification.words import Stage

__all__ = ["face"]


@pytest.mark.req("LV-094")
@pytest.mark.req("LV-229")
def test_copies_are_led_back_and_their_score_is_compared_with_the_first(face: Path) -> None:
    attacks = [one for one in corpus.ATTACKS if one.name in {"wrapped as TS", "half size"}]
    layers = frozenset({Stage.PROVENANCE, Stage.DETECTION})
    copies = {one.transformation: one for one in corpus.copies_of(face, attacks, layers)}
    wrapped = copies["wrapped as TS"]
    assert (wrapped.led_back, wrapped.similarity, wrapped.moved) == (True, 1.0, 0.0)
    smaller = copies["half size"]
    assert smaller.led_back
    assert smaller.similarity is not None
    assert 0.8 <= smaller.similarity <= 1.0
    # at half its size there is no face that the detectors take any more, or one with another score
    assert smaller.moved is None or smaller.moved != 0.0


def test_rows_are_shares_and_means_over_the_clips() -> None:
    one = corpus.Copy("a", "crop", True, 0.9, "present", 0.9, 1.0, 0.5, -0.2)
    two = corpus.Copy("b", "crop", False, None, "absent", 0.0, 0.0, None, None)
    assert corpus.summary([one, two]) == [
        {
            "transformation": "crop", "clips": 2, "led_back": 0.5, "mark_present": 0.5, "confidence_kept": 0.5,
            "score_moved": 0.2,
        }
    ]  # fmt: skip


def test_a_folder_without_clips_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        corpus.main([str(tmp_path)])
    assert "no clips" in capsys.readouterr().err
    assert json.dumps(corpus.summary([])) == "[]"
