"""The audit trail of one asset: who, when, what, whole and in order, by API and portal, to those who see the whole."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from audit.models import Event
from provenance.graph.models import AssetVersion, Decision, ProvenanceEvent, Relation
from provenance.graph.services import decide_version, record_batch
from provenance.graph.specs import DecisionSpec, GenerationSpec, NewVersion, VersionSpec
from tests import factories
from tests.farm import Farm, make_farm
from tests.provenance.graph.conftest import Film, edge, thing
from tests.provenance.test_assets_api import URL, released, upload

pytestmark = pytest.mark.django_db


def trail(desk: Any, asset: object, *, status: int = 200, limit: int = 200) -> list[dict[str, Any]]:
    """Every line, page by page."""
    reader, rows, cursor = factories.signed_in(desk.person), [], ""
    while True:
        answer = reader.get(f"/api/v1/assets/{asset}/trail", {"limit": str(limit), "cursor": cursor})
        assert answer.status_code == status, answer.content
        told = answer.json()
        if status != 200:
            return [told]
        rows += told["results"]
        cursor = told["next_cursor"] or ""
        if not cursor:
            return rows


@pytest.mark.req("GP-022")
def test_the_trail_of_an_asset_names_person_time_and_act_of_everything_done_to_it(film: Film) -> None:
    other = factories.make_producer(film.production.organisation)
    frames = film.version("frames")
    asset = AssetVersion.objects.get(pk=frames).asset_id
    record_batch(principal=other, production_id=film.production.pk, specs=[
        NewVersion(asset=str(asset), version=VersionSpec(frame_first=1001, frame_last=1140,
                                                        parents=(edge("frames", "EDITED_FROM", tool="Grade 9"),))),
        GenerationSpec(model_name="another", outputs=(thing("IMAGE", "unrelated"),)),
    ])  # fmt: skip
    decide_version(
        principal=other,
        spec=DecisionSpec(version=str(frames), outcome="REJECTED", stage="TECHNICAL"),
        version_id=frames,
    )
    rows = trail(film.desk, frames)
    kinds = [one["what"] for one in rows]
    assert kinds.count("VERSION_ADDED") == 2
    assert {"ASSET_RECORDED", "VERSION_ADDED", "CLASSIFIED", "GENERATED", "RELATED", "DECIDED"} <= set(kinds)
    assert all(one["person_id"] and one["person"] and one["at"] and one["digest"] for one in rows)
    assert [one["at"] for one in rows] == sorted(one["at"] for one in rows)
    decided = next(one for one in rows if one["what"] == "DECIDED")
    assert (decided["person"], decided["organisation"]) == (other.person.full_name, other.organisation.name)
    decision = Decision.objects.get(version=frames)
    assert (decided["number"], decided["about_id"]) == (decision.event_id, str(decision.pk))
    # nothing of another asset, and nothing of this one left out
    mine = {one["number"] for one in rows if one["source"] == "GRAPH"}
    unrelated = ProvenanceEvent.objects.get(object_id=film.version("unrelated"), kind="VERSION_ADDED")
    assert unrelated.number not in mine
    assert set(Relation.objects.filter(child__asset=asset).values_list("event", flat=True)) <= mine
    # by pages of three it is the same list
    assert trail(film.desk, asset, limit=3) == rows


@pytest.mark.req("GP-022")
def test_the_trail_tells_of_the_file_and_of_each_download_by_name(short_clip: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("TRUSTMARK_MARK_KEY", "5a" * 32)
    farm: Farm = make_farm(factories.make_production(guild=factories.make_guild()))
    farm.render(0, 4)
    owner = factories.bearer(farm.credential)
    asset = released(upload(Client(), farm, owner, short_clip).json()["id"], short_clip)
    assert Client().get(f"{URL}/{asset.pk}/content", headers=owner).status_code == 200
    part = Client().get(f"{URL}/{asset.pk}/content", headers=owner | {"Range": "bytes=9-20"})
    assert part.status_code == 206  # a further part of a download is no further download
    # nor does leaving out the first byte hide one: to another key it is a download of its own
    second, _key = factories.make_credential(farm.credential.organisation)
    tail = Client().get(f"{URL}/{asset.pk}/content", headers=factories.bearer(second) | {"Range": "bytes=1-"})
    assert tail.status_code == 206
    desk = factories.make_producer(farm.token.production.organisation)
    rows = trail(desk, asset.pk)
    kinds = [one["what"] for one in rows]
    assert {"ASSET_RECORDED", "VERSION_ADDED", "asset.received", "asset.verifying"} <= set(kinds)
    read, of_second = [one for one in rows if one["what"] == "asset.content_read"]
    assert (of_second["person_id"], of_second["facts"]["range"]) == (str(second.created_by_id), "bytes=1-")
    assert (read["person_id"], read["through"]) == (str(farm.credential.created_by_id), farm.credential.name)
    assert read["facts"]["sha256"] == asset.sha256
    signed = next(one for one in rows if one["what"] == "asset.verifying")
    assert (signed["person_id"], signed["person"]) == (None, "")  # the server's own step
    assert len(signed["digest"]) == 64
    house = farm.token.production.guild
    assert house is not None
    guild = factories.make_desk(house, "AUDITOR")
    assert [one["what"] for one in trail(guild, asset.pk)] == kinds
    with pytest.raises(DatabaseError), transaction.atomic():
        Event.objects.filter(kind="asset.content_read").update(person_id=None)


@pytest.mark.req("GP-022")
def test_it_is_taken_along_as_csv_and_read_in_the_portal(film: Film) -> None:
    reader = factories.signed_in(film.desk.person)
    shot = film.version("shot")
    assert f"/assets/{shot}/trail/" in reader.get(f"/assets/{shot}/").content.decode()
    page = reader.get(f"/assets/{shot}/trail/").content.decode()
    assert film.desk.person.full_name in page
    for words in ("Version added", "Decision recorded", "Relation recorded"):
        assert words in page
    answer: Any = reader.get(f"/assets/{shot}/trail.csv")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    told = trail(film.desk, shot)
    assert [row["what"] for row in rows] == [one["what"] for one in told]
    assert [row["digest"] for row in rows] == [one["digest"] for one in told]
    assert {row["person"] for row in rows} == {film.desk.person.full_name}


def test_strangers_find_no_trail_and_who_sees_a_part_gets_none_of_it(film: Film) -> None:
    shot = film.version("shot")
    stranger = factories.make_producer(factories.make_studio())
    assert trail(stranger, shot, status=404)[0]["code"] == "NOT_FOUND"
    assert factories.signed_in(stranger.person).get(f"/assets/{shot}/trail.csv").status_code == 404
    talent = factories.desk_of_talent(film.token.talent)
    assert trail(talent, shot, status=403)[0]["code"] == "GRAPH_NOT_WHOLE"
    reader = factories.signed_in(film.desk.person)
    for query, status in (
        ({"limit": "0"}, 422),
        ({"limit": "x"}, 422),
        ({"limit": "0000199999"}, 422),
        ({"cursor": "nonsense"}, 404),
    ):
        assert reader.get(f"/api/v1/assets/{shot}/trail", query).status_code == status
