"""Where things came from, in the portal: a picture, a list, four answers with their times, five questions in full."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from agents_portal.graph_picture import BOXES_MOST, drawn, picture_of
from agents_portal.lineage import listed
from provenance.graph.selectors import origin_of, version_named
from provenance.graph.services import decide_version, record_batch
from provenance.graph.specs import DecisionSpec, GenerationSpec, InputSpec
from tests import factories
from tests.provenance.graph.conftest import PROMPT, Film, edge, film, thing

__all__ = ["film"]
pytestmark = pytest.mark.django_db
HOSTILE = '<script>alert(1)</script>\'; drop table accounts_user; --"onload="x'


@pytest.fixture
def reader(film: Film) -> Client:
    return factories.signed_in(film.desk.person)


def record(film: Film, *specs: Any) -> None:
    record_batch(principal=film.desk, production_id=film.production.pk, specs=list(specs))


def page(reader: Client, address: str, status: int = 200) -> str:
    answer = reader.get(address)
    assert answer.status_code == status, answer.content
    return answer.content.decode()


@pytest.mark.req("GP-001", "GP-002", "GP-003", "GP-004", "GP-014")
def test_a_shot_answers_four_questions_and_lists_what_it_came_from(film: Film, reader: Client) -> None:
    text = page(reader, f"/assets/{film.version('shot')}/")
    assert "From 1 camera original, 1 scan and 1 script." not in text
    assert "From 1 scan and 1 script." in text
    assert "IVT face rig v3" in text
    assert "1 camera original and 1 scan" in text
    assert film.desk.person.full_name in text
    assert str(film.token.pk)[-4:].upper() in text
    assert text.count("Answered in") == 4
    for name in ("shot", "frames", "plate", "rig", "scan", "script"):
        assert f"<bdi>{name}</bdi>" in text
    assert "1 part unknown" in text
    assert "Denoise 4.2" in text
    assert "window" not in text  # the prompt is sealed


@pytest.mark.req("TP-026")
def test_five_questions_are_answered_in_full_with_their_times(film: Film, reader: Client) -> None:
    text = page(reader, f"/assets/{film.version('shot')}/questions/")
    for words in ("Where did it come from?", "Which model made it?", "From which references?",
                  "Who approved it, and when?", "What changed on the way?", "Under whose licence?"):  # fmt: skip
        assert words in text
    assert text.count("Answered in") >= 5
    assert "The bar is five minutes." in text
    assert "composited from" in text
    assert PROMPT[:10] not in text
    plate = page(reader, f"/assets/{film.version('plate')}/questions/")
    assert "No decision on this version is recorded." in plate


@pytest.mark.req("GP-042")
def test_assets_are_found_by_model_and_reference(film: Film, reader: Client) -> None:
    base = f"/assets/?production={film.production.pk}"
    assert "shot" in page(reader, base)
    found = page(reader, f"{base}&model=IVT face rig&reference=external:scan")
    assert f"/assets/{film.version('frames')}/" in found
    assert f"/assets/{film.version('shot')}/" not in found
    assert "Nothing was made so" in page(reader, f"{base}&model=another&reference=external:scan")
    assert page(reader, f"{base}&kind=SONG", status=422)
    assert page(reader, f"{base}&model=IVT face rig&after=nonsense", status=404)
    assert page(reader, f"{base}&after=nonsense", status=404)
    record(film, *(thing("IMAGE", f"still {n}", origin="HUMAN_TOOLS") for n in range(60)))
    first = page(reader, base)
    assert "Show more" in first
    last = page(reader, f"{base}&kind=SCAN")
    assert f"/assets/{film.version('scan')}/" in last


@pytest.mark.req("GP-019", "GP-029")
def test_a_black_box_is_told_as_unknown_and_lowers_the_score(film: Film, reader: Client) -> None:
    whole = page(reader, f"/productions/{film.production.pk}/completeness/")
    assert "4 of 5 versions keep a sufficient record: 80 %." in whole
    record(film, thing("IMAGE", "found picture", origin="GENERATIVE_MODEL"))
    text = page(reader, f"/assets/{film.version('found picture')}/")
    assert "Not recorded" in text
    assert "1 part unknown" in text
    assert "Complete record" not in text
    lower = page(reader, f"/productions/{film.production.pk}/completeness/")
    assert "4 of 6 versions" in lower
    assert "found picture" in lower


def test_strings_of_attackers_stand_as_text(film: Film, reader: Client) -> None:
    record(
        film,
        thing("IMAGE", HOSTILE[:190], origin="HUMAN_TOOLS"),
        GenerationSpec(
            model_name=HOSTILE[:150], model_version="2", seed="7", prompt=HOSTILE, external_id=HOSTILE[:190],
            parameters={"x": HOSTILE}, inputs=(InputSpec(asset=f"external:{HOSTILE[:190]}", role="REFERENCE"),),
            outputs=(thing("IMAGE", "evil"),),
        ),
    )  # fmt: skip
    evil = film.version("evil")
    for address in (f"/assets/{evil}/", f"/assets/{evil}/questions/", "/assets/"):
        text = page(reader, address)
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert" in text


def test_others_find_nothing_and_a_talents_agent_sees_its_part(film: Film, reader: Client) -> None:
    shot = film.version("shot")
    stranger = factories.signed_in(factories.make_producer(factories.make_studio()).person)
    for address in (f"/assets/{shot}/", f"/assets/{shot}/questions/",
                    f"/productions/{film.production.pk}/completeness/"):  # fmt: skip
        assert stranger.get(address).status_code == 404
    assert "shot" not in page(stranger, "/assets/")
    assert film.token.agency is not None
    agent = factories.signed_in(factories.make_agent(film.token.agency).person)
    theirs = page(agent, f"/assets/{shot}/")
    assert "<bdi>frames</bdi>" in theirs
    assert "<bdi>plate</bdi>" not in theirs
    assert f"By <bdi>{film.desk.person.full_name}" not in theirs


def test_pages_ask_at_most_twelve_questions_however_wide_the_graph(film: Film, reader: Client) -> None:
    parents = [thing("IMAGE", f"layer {n}", origin="HUMAN_TOOLS") for n in range(80)]
    record(film, *parents, thing("SHOT", "wide", *(edge(f"layer {n}", "COMPOSITED_FROM") for n in range(80)),
                                 edge("shot", "EDITED_FROM")))  # fmt: skip
    wide = film.version("wide")
    decide_version(principal=film.desk, version_id=wide,
                   spec=DecisionSpec(version=str(wide), outcome="APPROVED", stage="FINAL"))  # fmt: skip
    for address in (f"/assets/{wide}/", f"/assets/{wide}/questions/", "/assets/",
                    f"/assets/?production={film.production.pk}&model=IVT face rig&reference=external:scan",
                    f"/productions/{film.production.pk}/completeness/"):  # fmt: skip
        with CaptureQueriesContext(connection) as told:
            text = page(reader, address)
        # beside what it reads, the page of questions keeps how long its answers took
        read = [
            one["sql"][:90]
            for one in told.captured_queries
            if '"provenance_questiontime"' not in one["sql"][:60]
        ]
        assert len(told) - len(read) <= 1
        assert len(read) <= 12, (address, read)
    text = page(reader, f"/assets/{wide}/")
    assert "31 more" in text


def test_the_picture_has_every_thing_once_and_nothing_of_it_is_markup(film: Film, reader: Client) -> None:
    top = listed(origin_of(film.desk, version_named(film.desk, film.version("shot")), in_full=False))
    picture = picture_of(top)
    boxes = {box["data"]["id"]: box["data"] for box in picture.boxes}
    assert len(boxes) == len(picture.boxes) == 8  # six versions, a run, a tool
    assert [one["name"] for one in boxes.values() if one["start"]] == ["shot"]
    assert {one["name"] for one in boxes.values() if one["lacks"]} == {"shot", "Denoise 4.2"}
    assert len(picture.lines) == 9
    assert all({line["data"]["source"], line["data"]["target"]} <= set(boxes) for line in picture.lines)
    hostile = replace(top, key="h", title=HOSTILE + "\u202e", children=[top])
    (first, *_others) = picture_of(hostile).boxes
    assert "⟨U+202E⟩" in first["data"]["name"] or len(first["data"]["name"]) == 60
    many = {str(n): replace(top, key=str(n), children=[]) for n in range(BOXES_MOST + 30)}
    narrow = drawn(many, [(str(n + 1), str(n)) for n in range(BOXES_MOST + 29)])
    assert (len(narrow.boxes), narrow.left_out, len(narrow.lines)) == (BOXES_MOST, 30, BOXES_MOST - 1)
    # on the page it is one escaped attribute, which reads back as it was
    record(film, thing("IMAGE", HOSTILE, edge("plate", "EDITED_FROM")))
    text = page(reader, f"/assets/{film.version(HOSTILE)}/")
    (held,) = re.findall(r'data-graph="([^"]*)"', text)
    assert "<" not in held
    assert HOSTILE[:40] in [one["data"].get("name", "")[:40] for one in json.loads(html.unescape(held))]
