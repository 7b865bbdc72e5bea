"""The transformation corpus goes through the verifier: binding, mark and score of each copy beside those of the first."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bench import corpus
from tests.verification.test_detectors import face
from trustcore.verification.words import Stage
from watermarking.candidates import read_candidates

__all__ = ["face"]


@pytest.mark.req("LV-094")
@pytest.mark.req("LV-229")
def test_copies_are_led_back_and_their_score_is_compared_with_the_first(face: Path) -> None:
    attacks = [one for one in corpus.ATTACKS if one.name in {"wrapped as TS", "half size"}]
    layers = frozenset({Stage.PROVENANCE, Stage.DETECTION})
    copies = {one.transformation: one for one in corpus.copies_of(face, attacks, corpus.Way(layers))}
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


def test_a_grade_counts_the_very_id_and_says_where_another_was_read() -> None:
    own, other = f"{corpus.MARK_ID:016x}", "00000000000000aa"
    told = [
        corpus.Copy("a", "crop", True, 0.9, "present", 0.9, 1.0, None, None, grade, payload)
        for grade, payload in (("G1", own), ("G1", None), ("G2", other))
    ]
    assert corpus.grades(told) == [
        {"grade": "G1", "copies": 2, "read": 1, "another_id": 0},
        {"grade": "G2", "copies": 1, "read": 0, "another_id": 1},
    ]


def test_registered_ids_are_a_list_that_the_reader_takes_with_the_marks_own_in_it(tmp_path: Path) -> None:
    ids = read_candidates(corpus.registered_ids(1000, tmp_path))
    assert len(ids) == 1000
    assert np.uint64(corpus.MARK_ID) in ids
