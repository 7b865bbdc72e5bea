"""Where did this come from: asked over HTTP, answered from events, for a version, a frame, a point, a production."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.principals import Principal
from common import clock
from provenance.graph.gaps import Gap
from provenance.graph.models import AssetVersion, Decision, Question, Relation
from provenance.graph.selectors import origin_of, version_named
from provenance.graph.selectors.completeness import completeness_of, incomplete_versions
from provenance.graph.selectors.lineage import DOWN, lineage_of
from provenance.graph.services import decide_version, record_batch
from provenance.graph.specs import DecisionSpec, GenerationSpec, InputSpec, NewRelation
from tests import factories
from tests.provenance.graph.conftest import PROMPT, Film, edge, sha, thing

pytestmark = pytest.mark.django_db


def ask(desk: Principal, address: str, status: int = 200, **query: Any) -> dict[str, Any]:
    answer = factories.signed_in(desk.person).get(f"/api/v1/{address}", query)
    assert answer.status_code == status, answer.content
    told: dict[str, Any] = answer.json()
    return told


def send(desk: Principal, address: str, status: int = 201, **body: Any) -> dict[str, Any]:
    answer = factories.signed_in(desk.person).post(
        f"/api/v1/{address}", body, content_type="application/json"
    )
    assert answer.status_code == status, answer.content
    told: dict[str, Any] = answer.json()
    return told


def names(told: dict[str, Any]) -> set[str]:
    return {one["name"] for one in told["versions"]}


def record(film: Film, *specs: Any) -> None:
    record_batch(principal=film.desk, production_id=film.production.pk, specs=list(specs))


@pytest.mark.req("GP-001", "GP-010", "GP-011", "GP-012", "GP-013", "GP-014", "GP-015", "GP-018")
def test_one_question_tells_where_a_shot_came_from(film: Film) -> None:
    told = ask(film.desk, f"assets/{film.version('shot')}/origin")
    assert names(told) == {"shot", "frames", "plate", "rig", "scan", "script"}
    ways = {(one["kind"], one["role"]) for one in told["relations"]}
    assert {("COMPOSITED_FROM", ""), ("GENERATED_FROM", "REFERENCE"), ("GENERATED_FROM", "PLATE")} <= ways
    assert all(one["recorded_by"]["id"] == str(film.desk.person.pk) for one in told["relations"])
    run = told["generations"][0]
    assert (run["seed"], run["guidance_scale"], run["model"]["name"], run["model"]["sha256"]) == (
        "88121", "7.5", "IVT face rig", sha("weights"),
    )  # fmt: skip
    assert (run["prompt"], len(run["prompt_commitment"])) == (PROMPT, 64)
    assert [one["jti"] for one in told["licences"]] == [str(film.token.jti)]
    assert told["approvals"][0]["outcome"] == "APPROVED"
    assert {"came_from", "model", "references", "approved", "licence"} <= told["seconds"].keys()


@pytest.mark.req("GP-002", "GP-003", "GP-004")
def test_model_references_and_approval_of_a_shot_and_of_what_has_none(film: Film) -> None:
    told = ask(film.desk, f"assets/{film.version('shot')}/origin")
    assert [(one["name"], one["version"]) for one in told["models"]] == [("IVT face rig", "v3")]
    assert {(one["name"], one["role"]) for one in told["references"]} == {
        ("scan", "REFERENCE"), ("plate", "PLATE"),
    }  # fmt: skip
    approval = told["approvals"][0]
    assert approval["recorded_by"]["name"] == film.desk.person.full_name
    assert (approval["stage"], bool(approval["decided_at"])) == ("FINAL", True)
    plate = ask(film.desk, f"assets/{film.version('plate')}/origin")
    assert (plate["models"], plate["references"], plate["approvals"]) == ([], [], [])


@pytest.mark.req("GP-005")
def test_a_name_that_hints_at_something_changes_no_answer(film: Film) -> None:
    record(film, thing("IMAGE", "made by IVT face rig v3 from scan", origin="HUMAN_TOOLS"))
    told = ask(film.desk, f"assets/{film.version('made by IVT face rig v3 from scan')}/origin")
    assert (len(told["versions"]), told["models"], told["references"]) == (1, [], [])


@pytest.mark.req("GP-007")
def test_months_later_with_the_maker_disabled_and_the_licence_over_legal_gets_the_same_answers(
    film: Film, monkeypatch: pytest.MonkeyPatch
) -> None:
    legal = factories.make_desk(film.production.organisation, "LEGAL")
    shot, gone = film.version("shot"), film.desk.person

    def answers() -> dict[str, Any]:
        told = {}
        for question in Question.values:
            told[question] = ask(legal, f"assets/{shot}/questions/{question}")
            del told[question]["seconds"]
        return told

    before = answers()
    assert before["LICENCE"]["licences"][0]["state"] == "ACTIVE"
    gone.is_active = False
    gone.save()
    assert factories.signed_in(gone).get(f"/api/v1/assets/{shot}/origin").status_code in {401, 403}
    later = clock.now() + timedelta(weeks=6) + (film.token.not_after - clock.now())
    monkeypatch.setattr(clock, "now", lambda: later)
    recorded = AssetVersion.objects.get(pk=shot).at
    assert later - recorded > timedelta(weeks=6)
    after = answers()
    (licence,) = after["LICENCE"]["licences"]
    assert licence.pop("state") == "EXPIRED"
    before["LICENCE"]["licences"][0].pop("state")
    assert after == before
    approval = after["APPROVED"]["approvals"][0]
    assert approval["recorded_by"] == {"id": str(gone.pk), "name": gone.full_name}
    page = factories.signed_in(legal.person).get(f"/assets/{shot}/questions/").content.decode()
    for words in ("IVT face rig", "<bdi>scan</bdi>", gone.full_name):
        assert words in page
    # who had no right to ask then has none now
    assert ask(factories.make_producer(factories.make_studio()), f"assets/{shot}/origin", status=404)


@pytest.mark.req("GP-016")
def test_custody_is_told_for_a_frame_and_for_a_point_in_it(film: Film) -> None:
    left = ((0, 0), (100, 0), (100, 100), (0, 100))
    record(
        film,
        thing("MASK", "left mask"),
        thing("IMAGE", "sign", origin="HUMAN_TOOLS"),
        thing("CAPTURE", "insert", origin="CAMERA", frame_first=1, frame_last=50),
        NewRelation(child="external:shot", edge=edge(
            "sign", "COMPOSITED_FROM", frame_first=1001, frame_last=1200, region=left, mask="external:left mask")),
        NewRelation(child="external:shot", edge=edge(
            "insert", "COMPOSITED_FROM", frame_first=1150, frame_last=1190, parent_first=10)),
    )  # fmt: skip
    shot = film.version("shot")
    at_start = ask(film.desk, f"assets/{shot}/ancestors", frame=1010)
    assert {"frames", "sign"} <= names(at_start)
    assert "insert" not in names(at_start)
    assert next(one["frame"] for one in at_start["versions"] if one["name"] == "frames") == 1010
    later = ask(film.desk, f"assets/{shot}/ancestors", frame=1160)
    assert "frames" not in names(later)
    assert next(one["frame"] for one in later["versions"] if one["name"] == "insert") == 20
    assert "sign" in names(ask(film.desk, f"assets/{shot}/origin", frame=1160, x=50, y=50))
    assert "sign" not in names(ask(film.desk, f"assets/{shot}/origin", frame=1160, x=500, y=50))
    for wrong in (
        {"frame": 5},
        {"frame": "x"},
        {"frame": 1160, "x": 3},
        {"x": 3, "y": 3},
        {"frame": "9" * 12},
    ):
        refused = ask(film.desk, f"assets/{shot}/ancestors", status=422, **wrong)
        assert refused["code"] in {"FRAME_OUTSIDE", "PLACE_INVALID", "QUERY_INVALID"}
    assert (
        ask(film.desk, f"assets/{film.version('plate')}/origin", status=422, frame=3)["code"]
        == "FRAME_OUTSIDE"
    )


@pytest.mark.req("GP-017")
def test_render_parameters_and_layers_are_kept_with_the_version(film: Film) -> None:
    layers = {"render": {"samples": 512}, "layers": ["beauty", "shadow"], "colourspace": "ACEScg"}
    made = send(
        film.desk, "graph/assets", project=str(film.production.pk),
        assets=[{"kind": "IMAGE", "name": "comp", "version": {"origin": "HUMAN_TOOLS", "metadata": layers}}],
    )["assets"][0]  # fmt: skip
    assert ask(film.desk, f"assets/{made['asset']}/versions")["versions"][0]["metadata"] == layers


@pytest.mark.req("GP-019")
def test_a_black_box_is_never_told_as_complete(film: Film) -> None:
    record(
        film,
        thing("IMAGE", "found picture", origin="GENERATIVE_MODEL"),
        thing("IMAGE", "graded picture", edge("found picture", "EDITED_FROM")),
        thing("IMAGE", "drawing", origin="HUMAN_TOOLS"),
    )
    for name, lacks in (("found picture", ["BLACK_BOX"]), ("graded picture", ["BLACK_BOX"])):
        told = ask(film.desk, f"assets/{film.version(name)}/origin")
        assert told["is_complete"] is False
        (lacking,) = told["incomplete"]
        assert (lacking["version"], lacking["gaps"]) == (str(film.version("found picture")), lacks)
        assert {"model.sha256", "seed", "prompt"} <= set(lacking["missing"])  # what would close it
    assert ask(film.desk, f"assets/{film.version('drawing')}/origin")["is_complete"] is True
    shot = ask(film.desk, f"assets/{film.version('shot')}/origin")
    (lacking,) = shot["incomplete"]
    assert (lacking["version"], lacking["gaps"]) == (str(film.version("shot")), ["TOOL_WITHOUT_RECORD"])
    assert lacking["missing"] == ["tool.record"]


@pytest.mark.req("GP-027", "GP-028")
def test_a_statement_separates_what_was_generated_licensed_and_made_by_hand(film: Film) -> None:
    def named(told: dict[str, Any], part: str) -> set[str]:
        return {one["name"] for one in told[part]}

    told = ask(film.desk, f"assets/{film.version('shot')}/statement")
    assert named(told, "generated") == named(told, "licensed") == {"frames", "shot"}
    assert named(told, "by_hand") == {"plate", "scan", "script"}
    assert named(told, "unknown") == {"shot"}
    assert (told["is_complete"], told["licences"][0]["jti"]) == (False, str(film.token.jti))
    assert (told["production"]["studio"], told["models"][0]["name"]) == (
        film.production.organisation.name, "IVT face rig",
    )  # fmt: skip
    record(film, thing("IMAGE", "found picture", origin="GENERATIVE_MODEL"),
           thing("IMAGE", "reel", edge("found picture", "CONTAINS"), edge("plate", "CONTAINS")))  # fmt: skip
    reel = ask(film.desk, f"assets/{film.version('reel')}/statement")
    assert (named(reel, "unknown"), named(reel, "licensed")) == ({"found picture"}, set())
    assert "found picture" not in named(reel, "by_hand")
    stranger = factories.make_producer(factories.make_studio())
    assert ask(stranger, f"assets/{film.version('shot')}/statement", status=404)


@pytest.mark.req("GP-027")
def test_a_deliverables_statement_says_whose_it_is_part_by_part_and_under_which_licence(film: Film) -> None:
    vendor = factories.make_vendor("Paint House")
    token = factories.approve(factories.make_submitted_request(film.production, vendors=(vendor.slug,)))
    theirs = factories.make_desk(vendor, "PRODUCER")
    record_batch(principal=theirs, production_id=film.production.pk,
                 specs=[thing("IMAGE", "sky", origin="HUMAN_TOOLS", token_jtis=(token.jti,))])  # fmt: skip
    record(film, thing("DELIVERABLE", "reel", edge("shot", "CONTAINS"), edge("sky", "CONTAINS")))
    told = ask(film.desk, f"assets/{film.version('reel')}/statement")
    studio = film.production.organisation.name
    whose = {
        one["name"]: one["recorded_for"]
        for part in ("generated", "licensed", "by_hand", "unknown") for one in told[part]
    }  # fmt: skip
    assert whose == {
        **dict.fromkeys(("reel", "shot", "frames", "plate", "scan", "script"), studio), "sky": vendor.name,
    }  # fmt: skip
    # owner of the whole, and for each licence: whose likeness, to whom, whether it still stands
    assert told["production"] == {
        "id": str(film.production.pk),
        "title": film.production.title,
        "studio": studio,
    }
    by_jti = {one["jti"]: one for one in told["licences"]}
    assert set(by_jti) == {str(token.jti), str(film.token.jti)}
    assert by_jti[str(film.token.jti)] == {
        "jti": str(film.token.jti), "talent": film.token.talent.stage_name, "licensee": film.token.licensee.name,
        "state": "ACTIVE",
    }  # fmt: skip
    # it does not claim to be clear while a part of it has no record
    assert (told["is_complete"], [one["name"] for one in told["unknown"]]) == (False, ["shot"])
    # the talent's own statement speaks of what bears the talent's licence, and of nobody else's
    own = ask(factories.desk_of_talent(token.talent), f"assets/{film.version('sky')}/statement")
    assert [one["jti"] for one in own["licences"]] == [str(token.jti)]
    assert ask(factories.desk_of_talent(token.talent), f"assets/{film.version('reel')}/statement", status=404)


@pytest.mark.req("GP-029", "GP-019")
def test_a_production_has_a_score_that_counts_what_lacks_its_record(film: Film) -> None:
    bare = GenerationSpec(model_name="some model", outputs=(thing("IMAGE", "bare"),))
    record(
        film,
        thing("IMAGE", "black", origin="GENERATIVE_MODEL"),
        bare,
        thing("DELIVERABLE", "reel", edge("black", "CONTAINS")),
        thing("DELIVERABLE", "clean reel", edge("plate", "CONTAINS")),
    )
    told = ask(film.desk, f"productions/{film.production.pk}/completeness")
    # script, scan, plate, frames, shot, black, bare, two reels: three of nine lack something
    assert (told["versions"], told["versions_incomplete"], told["score"]) == (9, 3, 0.6666)
    assert told["gaps"] == {
        "BLACK_BOX": 1, "MODEL_NOT_IDENTIFIED": 1, "PROMPT_OR_INPUTS_MISSING": 1, "SEED_MISSING": 1,
        "SETTINGS_MISSING": 1, "TOOL_WITHOUT_RECORD": 1,
    }  # fmt: skip
    assert (told["deliverables"], told["deliverables_incomplete"]) == (2, 1)
    vendor = factories.make_producer(factories.make_studio())
    assert ask(vendor, f"productions/{film.production.pk}/completeness", status=404)
    talent = factories.desk_of_talent(film.token.talent)
    assert (
        ask(talent, f"productions/{film.production.pk}/completeness", status=403)["code"] == "GRAPH_NOT_WHOLE"
    )


def test_the_database_and_the_rule_find_the_same_gaps(film: Film) -> None:
    record(
        film,
        thing("IMAGE", "black", origin="GENERATIVE_MODEL"),
        thing("IMAGE", "graded", edge("black", "EDITED_FROM", tool="Grade 9")),
        GenerationSpec(model_name="m", seed="1", prompt="p", outputs=(thing("IMAGE", "bare"),)),
        GenerationSpec(model_name="m", model_version="2", guidance_scale="1", outputs=("external:bare",)),
    )
    by_rule: dict[Any, tuple[Gap, ...]] = {}
    for row in AssetVersion.objects.filter(production=film.production):
        origin = origin_of(film.desk, version_named(film.desk, row.pk))
        if found := origin.gaps.get(row.pk):
            by_rule[row.pk] = found
    found = incomplete_versions(film.production)
    assert {key: set(gaps) for key, gaps in found.items()} == {
        key: set(gaps) for key, gaps in by_rule.items()
    }
    assert completeness_of(film.production).incomplete == len(by_rule) == 4


@pytest.mark.req("GP-042", "GP-041")
def test_assets_by_model_and_reference_are_found_page_by_page(film: Film) -> None:
    def run(number: int, **changes: Any) -> GenerationSpec:
        given: dict[str, Any] = {
            "model_name": "Sky maker", "model_version": "2", "inputs": (InputSpec(asset="external:plate", role="STYLE"),),
            "outputs": (thing("IMAGE", f"sky {number}"), thing("IMAGE", f"sky {number} b")), **changes,
        }  # fmt: skip
        return GenerationSpec(**given)

    record(
        film, run(1), run(2), run(3, inputs=(InputSpec(asset="external:scan", role="STYLE"),)),
        run(4, model_version="3"), run(5, inputs=(InputSpec(asset="external:plate", role="STYLE"),
                                                  InputSpec(asset="external:plate", role="REFERENCE"))),
    )  # fmt: skip

    def found(**query: Any) -> list[str]:
        rows, cursor = [], ""
        while True:
            page = ask(film.desk, "graph/assets", limit=3, cursor=cursor, **query)
            rows += [one["name"] for one in page["results"]]
            cursor = page["next_cursor"]
            if not cursor:
                return rows

    plate = film.version("plate")
    both = {"model": "Sky maker@2", "reference": str(plate)}
    assert sorted(found(**both)) == ["sky 1", "sky 1 b", "sky 2", "sky 2 b", "sky 5", "sky 5 b"]
    assert found(**both)[0].startswith("sky 5")
    asset = str(AssetVersion.objects.get(pk=plate).asset_id)
    for reference in (asset, "external:plate", f"sha256:{sha('plate')}"):
        assert sorted(found(**{**both, "reference": reference})) == sorted(found(**both))
    assert sorted(found(reference="external:scan")) == ["frames", "sky 3", "sky 3 b"]
    assert len(found(model="Sky maker")) == 10
    assert found(**both, kind="VIDEO") == found(**both, source_type="digitalCapture") == []
    assert len(found(**both, kind="IMAGE", project=str(film.production.pk))) == 6
    assert found(**both, project=str(uuid4())) == found(**both, until="2020-01-01T00:00:00Z") == []
    for wrong in ({}, {"model": "x", "kind": "SONG"}, {"model": "x", "project": "y"}, {"model": "x", "since": "now"},
                  {"model": "x", "limit": "0"}):  # fmt: skip
        assert ask(film.desk, "graph/assets", status=422, **wrong)["code"] in {"QUERY_EMPTY", "QUERY_INVALID"}
    assert ask(film.desk, "graph/assets", status=404, model="Sky maker", cursor="nonsense")
    stranger = factories.make_producer(factories.make_studio())
    for query in (both, {"model": "Sky maker"}, {"reference": asset}):
        assert ask(stranger, "graph/assets", **query)["results"] == []


@pytest.mark.req("GP-015", "GP-043")
def test_the_way_up_and_down_and_who_drew_each_edge(film: Film) -> None:
    down = ask(film.desk, f"assets/{film.version('scan')}/descendants")
    assert names(down) == {"scan", "rig", "frames", "shot"}
    up = ask(film.desk, f"assets/{film.version('frames')}/ancestors")
    assert names(up) == {"frames", "plate", "rig", "scan", "script"}
    for one in up["relations"]:
        assert one["recorded_by"]["name"] == film.desk.person.full_name
        assert one["recorded_at"]


@pytest.mark.req("GP-043", "GP-044")
def test_each_edge_bears_its_own_member_and_moment_and_can_neither_lack_nor_change_them(film: Film) -> None:
    lead = factories.make_producer(film.production.organisation)
    credential, _ = factories.make_credential(film.production.organisation, created_by=lead.person)
    pipeline = factories.desk_of_key(credential)
    record(film, thing("IMAGE", "a", origin="HUMAN_TOOLS"), thing("IMAGE", "b", origin="HUMAN_TOOLS"))
    for desk, parent in ((lead, "a"), (pipeline, "b")):
        record_batch(principal=desk, production_id=film.production.pk,
                     specs=[NewRelation(child="external:shot", edge=edge(parent, "COMPOSITED_FROM"))])  # fmt: skip
    told = ask(film.desk, f"assets/{film.version('shot')}/ancestors")
    drawn = {one["parent"]: one for one in told["relations"] if one["child"] == str(film.version("shot"))}
    who = {name: (drawn[str(film.version(name))]["recorded_by"]["id"], drawn[str(film.version(name))]["through"])
           for name in ("frames", "a", "b")}  # fmt: skip
    assert who == {
        "frames": (str(film.desk.person.pk), None),
        "a": (str(lead.person.pk), None),
        "b": (str(lead.person.pk), credential.name),  # a key acts for a person
    }
    moments = [drawn[str(film.version(name))]["recorded_at"] for name in ("frames", "a", "b")]
    assert moments == sorted(moments)
    assert len(set(moments)) == 3
    row = Relation.objects.get(parent=film.version("a"))
    assert row.at == row.event.at
    for change in ({"person": film.desk.person}, {"at": clock.now()}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Relation.objects.filter(pk=row.pk).update(**change)
    bare = Relation.objects.get(parent=film.version("b"))
    bare.pk, bare.kind, bare.person_id = uuid4(), "CONTAINS", None  # type: ignore[assignment]
    with pytest.raises(IntegrityError), transaction.atomic():
        bare.save(force_insert=True)


@pytest.mark.req("GP-004", "GP-045")
def test_who_approved_what_names_each_person_version_stage_and_moment_and_stays(film: Film) -> None:
    house = film.production.organisation
    lead, counsel = factories.make_producer(house), factories.make_producer(house)
    frames, shot = film.version("frames"), film.version("shot")
    for desk, version, outcome, stage in (
        (lead, frames, "REJECTED", "TECHNICAL"), (counsel, shot, "APPROVED", "LEGAL"), (lead, frames, "APPROVED", "CREATIVE"),
    ):  # fmt: skip
        decide_version(principal=desk, version_id=version,
                       spec=DecisionSpec(version=str(version), outcome=outcome, stage=stage))  # fmt: skip
    told = ask(film.desk, f"assets/{shot}/questions/APPROVED")
    said = {
        (one["recorded_by"]["name"], one["version"], one["outcome"], one["stage"])
        for one in (*told["approvals"], *told["decisions_upstream"])
    }
    assert said == {
        (film.desk.person.full_name, str(shot), "APPROVED", "FINAL"),
        (counsel.person.full_name, str(shot), "APPROVED", "LEGAL"),
        (lead.person.full_name, str(frames), "REJECTED", "TECHNICAL"),
        (lead.person.full_name, str(frames), "APPROVED", "CREATIVE"),
    }
    assert all(one["decided_at"] and one["organisation"] == house.name for one in told["approvals"])
    # the record of persons cannot be rewritten, and the same stands in the asset's trail
    with pytest.raises(DatabaseError), transaction.atomic():
        Decision.objects.filter(version=frames).update(person=counsel.person)
    trail = ask(film.desk, f"assets/{frames}/trail")["results"]
    assert [one["person"] for one in trail if one["what"] == "DECIDED"] == [lead.person.full_name] * 2
    # who may only read decides nothing, and who is a stranger learns nothing
    assert film.production.guild is not None
    auditor = factories.make_desk(film.production.guild, "AUDITOR")
    assert send(auditor, f"assets/{shot}/decisions", status=403, outcome="APPROVED", stage="FINAL")
    stranger = factories.make_producer(factories.make_studio())
    assert ask(stranger, f"assets/{shot}/questions/APPROVED", status=404)


@pytest.mark.req("GP-030", "GP-032")
def test_from_screenplay_to_delivery_in_one_graph_that_exports(film: Film) -> None:
    record(film, thing("DELIVERABLE", "reel", edge("shot", "CONTAINS")), thing("SCRIPT", "unused draft"))
    told = ask(film.desk, f"assets/{film.version('reel')}/origin")
    assert {"script", "plate", "frames", "shot", "reel"} <= names(told)
    assert "unused draft" not in names(told)
    assert (len(told["models"]), len(told["references"]), len(told["decisions_upstream"])) == (1, 2, 1)
    document = factories.signed_in(film.desk.person).get(f"/api/v1/productions/{film.production.pk}/omc")
    exported = b"".join(document.streaming_content)
    assert all(str(film.version(name)).encode() in exported for name in ("script", "shot", "reel"))


def test_a_wide_graph_is_cut_and_says_so(film: Film) -> None:
    record(film, *(thing("IMAGE", f"child {n}", edge("plate", "EDITED_FROM")) for n in range(30)))
    told = ask(film.desk, f"assets/{film.version('plate')}/descendants", limit=10)
    assert (len(told["versions"]), told["is_cut"]) == (10, True)
    plate = version_named(film.desk, film.version("plate"))
    with CaptureQueriesContext(connection) as few:
        whole = lineage_of(film.desk, plate, direction=DOWN)
    assert (whole.is_cut, len(whole.versions), len(few)) == (False, 33, 2)


def test_strangers_find_nothing_and_a_talent_sees_what_bears_its_licence(film: Film) -> None:
    shot = film.version("shot")
    stranger = factories.make_producer(factories.make_studio())
    for what in ("origin", "versions", "ancestors", "descendants"):
        assert ask(stranger, f"assets/{shot}/{what}", status=404)["code"] == "NOT_FOUND"
    assert send(stranger, f"assets/{shot}/decisions", status=404, outcome="APPROVED", stage="FINAL")
    theirs = ask(factories.desk_of_talent(film.token.talent), f"assets/{shot}/origin")
    assert names(theirs) == {"shot", "frames"}
    assert all(one["recorded_by"] is None for one in theirs["versions"] + theirs["relations"])
    assert (theirs["generations"][0]["inputs"], theirs["generations"][0]["prompt"]) == ([], None)
    guild = factories.make_desk(film.production.guild, "AUDITOR")
    overseen = ask(guild, f"assets/{shot}/origin")
    assert len(overseen["versions"]) == 6
    assert overseen["generations"][0]["prompt"] is None


def test_assets_versions_and_decisions_are_recorded_by_hand(film: Film) -> None:
    body = {
        "kind": "SHOT", "name": "shot 2", "external_id": "shot 2",
        "version": {"frame_first": 1, "frame_last": 9, "tokens": [str(film.token.jti)], "parents": [
            {"parent": "external:plate", "kind": "COMPOSITED_FROM", "frame_first": 1, "frame_last": 9,
             "region": [[0, 0], [9, 0], [9, 9]]}]},
    }  # fmt: skip
    made = send(film.desk, "graph/assets", project=str(film.production.pk), assets=[body])["assets"][0]
    edges = Relation.objects.filter(child=made["version"])
    assert [one.region for one in edges] == ["((0,0),(9,0),(9,9))"]
    further = send(film.desk, f"assets/{made['asset']}/versions",
                   parents=[{"parent": made["version"], "kind": "EDITED_FROM"}])  # fmt: skip
    decided = send(
        film.desk,
        f"assets/{made['asset']}/decisions",
        outcome="REJECTED",
        stage="TECHNICAL",
        note="Too dark.",
    )
    assert decided["version"] == further["version"]
    assert [one["number"] for one in ask(film.desk, f"assets/{made['asset']}/versions")["versions"]] == [2, 1]
    for wrong, code in (
        ({**body, "kind": "SONG"}, "FIELDS_INVALID"),
        ({**body, "colour": "red"}, "FIELDS_INVALID"),
        ({**body, "external_id": "x", "version": {"parents": [{"parent": "external:none", "kind": "EDITED_FROM"}]}}, "REFERENCE_UNKNOWN"),
        ({"kind": "IMAGE", "name": "of nothing", "version": {}}, "ORIGIN_MISSING"),
    ):  # fmt: skip
        answer = factories.signed_in(film.desk.person).post(
            "/api/v1/graph/assets", {"project": str(film.production.pk), "assets": [wrong]}, content_type="application/json"
        )  # fmt: skip
        assert (answer.status_code in {404, 422}, answer.json()["code"]) == (True, code)
