"""The body of a check: every field of the vocabulary is read, strictly, and reaches the decision."""

from __future__ import annotations

import json
from typing import Any

import pytest

from common.errors import InvalidInput
from receipts.requests import CheckAsked, core_request, parse_check
from tests.receipts.conftest import sha

BODY = {
    "token": "a.b.c", "project": "p", "use_type": "FACE_RENDER", "construct": "FACE_3D",
    "render_territory": "GB", "requested_at": "2026-11-25T10:00:00Z",
}  # fmt: skip


def parsed(**changes: Any) -> CheckAsked:
    return parse_check(json.dumps({**BODY, **changes}).encode())


def test_every_field_reaches_the_core() -> None:
    core = core_request(
        parsed(
            shot="s",
            sequence="q",
            task="t",
            worker="w",
            operator="o",
            purpose="FINAL",
            frame_range={"first": 1, "last": 2},
            units={"lines": 3, "seconds": 4, "runs": 5},
            engine={"name": "e", "version": "1"},
            resolution="10x10",
            channel="SVOD",
            model={"id": "m", "version": "2", "hash": f"sha256:{sha('m')}"},
            distribution_territory="US",
            inputs=[{"hash": sha("plate"), "role": "plate"}, {"hash": sha("scan"), "role": "likeness"}],
            script={"sha256": sha("script"), "ref": "meridian", "version": "blue"},
            content={"VIOLENCE": 3, "SMOKING": None},
            rating={"MPA": "R"},
        ).body
    )
    assert (core.frame_first, core.frame_last, core.lines, core.seconds, core.runs) == (1, 2, 3, 4, 5)
    assert (core.engine, core.engine_version, core.purpose) == ("e", "1", "FINAL")
    assert (core.model, core.model_version, core.model_hash) == ("m", "2", f"sha256:{sha('m')}")
    assert core.inputs == (("plate", sha("plate")), ("likeness", sha("scan")))
    assert core.script == (sha("script"), "meridian", "blue")
    assert core.content == (("VIOLENCE", 3), ("SMOKING", None))
    assert core.ratings == (("MPA", "R"),)


def test_what_is_left_out_is_not_judged_and_a_list_of_content_has_no_levels() -> None:
    core = core_request(parsed().body)
    assert (core.purpose, core.inputs, core.script, core.content, core.ratings) == (None, (), None, (), ())
    assert core_request(parsed(content=["NUDITY"]).body).content == (("NUDITY", None),)


def test_unknown_codes_are_read_and_left_to_the_decision() -> None:
    core = core_request(
        parsed(
            purpose="WHATEVER",
            content=["SOMETHING"],
            rating={"FSK": "12"},
            inputs=[{"hash": sha("x"), "role": "x"}],
        ).body
    )
    assert (core.purpose, core.content, core.ratings) == (
        "WHATEVER",
        (("SOMETHING", None),),
        (("FSK", "12"),),
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"model": {"hash": "md5:1234"}},
        {"model": {"hash": sha("m").upper()}},
        {"inputs": [{"hash": sha("x")}]},
        {"inputs": [{"hash": "x", "role": "plate"}]},
        {"inputs": [{"hash": sha("x"), "role": "plate", "path": "/mnt"}]},
        {"inputs": [{"hash": sha("x"), "role": "plate"}] * 501},
        {"script": {"ref": "meridian"}},
        {"script": {"sha256": sha("x"), "pages": 3}},
        {"content": {"VIOLENCE": 6}},
        {"content": {"VIOLENCE": -1}},
        {"content": {"VIOLENCE": True}},
        {"content": {"VIOLENCE": "3"}},
        {"content": [1]},
        {"content": "NUDITY"},
        {"rating": {"MPA": 13}},
        {"rating": "R"},
        {"rating": {"MPA": "x" * 41}},
    ],
)
def test_fields_out_of_form_are_refused_by_name(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as refused:
        parsed(**changes)
    assert refused.value.code == "FIELDS_INVALID"
    (fault,) = refused.value.extra["errors"]
    assert fault["field"].startswith(next(iter(changes)))


def test_each_field_is_part_of_the_hash_that_the_log_keeps() -> None:
    hashes = {
        parsed(**change).input_sha256
        for change in (
            {}, {"purpose": "TEST"}, {"operator": "o"}, {"content": ["SMOKING"]}, {"rating": {"MPA": "R"}},
            {"inputs": [{"hash": sha("a"), "role": "asset"}]}, {"script": {"sha256": sha("b")}},
        )
    }  # fmt: skip
    assert len(hashes) == 7
