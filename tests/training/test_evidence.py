"""What a house hands over to whoever asks: an inventory, its policy, a manifest, its lineage, its trail, an approval."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from typing import Any

import pytest
from django.http import HttpResponse
from PIL import Image

from common import keys
from common.errors import Conflict
from tests.agents_portal.conftest import Reader
from tests.training.contracts import GOOD, bound_source
from tests.training.making import House, of_bytes, picture
from tests.training.test_manifests import make_run
from tests.training.test_takedowns import a_story
from training.models import PolicyText, Takedown
from training.selectors.lineage import sources_above
from training.services.assets import receive_content
from training.services.imports import hand_in_material, read_material
from training.services.manifests import withdraw_manifest
from training.services.releasing import may_be_trained_on
from training.services.reviews import answer_review
from training.services.rights import end_rights
from training.services.sources import rule_domain, stop_class
from training.services.takedown_work import PREDICATE_TYPE
from training.services.takedowns import TakedownAsk, open_takedown
from trustcore.dsse import verify_statement
from trustcore.errors import InvalidEvidence
from trustcore.manifest import verify_manifest
from trustcore.rights_report import verify_report

pytestmark = pytest.mark.django_db


def asked(house: House, path: str, body: dict[str, Any] | None = None) -> HttpResponse:
    """Over the API, as counsel."""
    client = Reader(house.counsel).client
    if body is None:
        return client.get(f"/api/v1/{path}")
    return client.post(f"/api/v1/{path}", body, content_type="application/json")


def content(answer: HttpResponse) -> bytes:
    assert answer.status_code == 200, answer.status_code
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def sheet(house: House, report: str, table: str) -> list[dict[str, str]]:
    told = content(asked(house, f"rights-reports/{report}/tables/{table}?form=csv"))
    return list(csv.DictReader(io.StringIO(told.decode("utf-8-sig"))))


@pytest.mark.req("TP-200", "TP-201", "TP-202", "TP-203", "TP-204", "TP-205")
def test_a_house_hands_over_inventory_policy_manifest_lineage_trail_and_approval_and_a_stranger_gets_none(
    house: House, stranger: House
) -> None:
    told = a_story(house)
    stranger.admit()
    name = told["manifest"].content_id
    report = asked(house, "rights-reports", {"scope": "ORGANISATION"}).json()
    assert report["state"] == "DONE", report
    known = keys.public_keys("DECISION")
    archive = content(asked(house, f"rights-reports/{report['id']}/content"))
    assert verify_report(io.BytesIO(archive), known).id == report["report"]

    inventory = sheet(house, report["id"], "sources")  # TP-200
    assert {row["id"] for row in inventory} == {str(told[one].source_id) for one in ("asset", "beside")}
    assert all(row["rights_holder"] and row["canonical_url"] and row["source_class"] for row in inventory)

    (policy,) = sheet(house, report["id"], "policies")  # TP-201: the very text, by its hash
    assert PolicyText.objects.get(pk=policy["hash"]).text == policy["text"]
    assert policy["hash"] == f"sha256:{hashlib.sha256(policy['text'].encode()).hexdigest()}"

    manifest = content(asked(house, f"manifests/{name}/file"))  # TP-202
    assert verify_manifest(io.BytesIO(manifest), known).id == name

    graph = json.loads(content(asked(house, f"manifests/{name}/prov")))  # TP-203
    said = json.dumps(graph)
    assert all(str(told[one].pk) in said for one in ("asset", "derivative", "beside"))
    assert graph["wasDerivedFrom"]

    trail = sheet(house, report["id"], "events")  # TP-204
    kinds = [row["kind"] for row in trail]
    assert {"training.asset_judged", "training.derivatives_registered", "training.manifest_frozen"} <= set(
        kinds
    )
    assert [int(row["number"]) for row in trail] == sorted(int(row["number"]) for row in trail)

    (release,) = [row for row in trail if row["kind"] == "training.manifest_released"]  # TP-205
    assert release["person"] == str(house.counsel.person.pk)
    (row,) = sheet(house, report["id"], "manifests")
    assert (row["content_id"], bool(row["released_at"])) == (name, True)

    middle = len(archive) // 2
    broken = archive[:middle] + bytes([archive[middle] ^ 1]) + archive[middle + 1 :]
    with pytest.raises(InvalidEvidence):
        verify_report(io.BytesIO(broken), known)
    for path in (
        f"rights-reports/{report['id']}/tables/sources",
        f"manifests/{name}/file",
        f"manifests/{name}/prov",
    ):
        assert asked(stranger, path).status_code == 404


@pytest.mark.req("TP-184")
def test_a_drill_on_one_original_and_its_report_name_the_dataset_the_experiment_and_the_model(
    house: House,
) -> None:
    told = a_story(house)
    ask = TakedownAsk(trigger="CLAIM", reason="Quarterly.", assets=(told["asset"].pk,), is_drill=True)
    drill = open_takedown(principal=house.engineer, ask=ask)
    lines = content(asked(house, f"takedowns/{drill.pk}/reach")).decode()
    assert all(str(told[one].pk) in lines for one in ("derivative", "manifest", "run", "model"))
    assert str(told["beside"].pk) not in lines
    report = asked(house, "rights-reports", {"scope": "ASSET", "about": str(told["asset"].pk)}).json()
    assert {row["dataset"] for row in sheet(house, report["id"], "derivatives")} == {"crops"}
    assert [row["id"] for row in sheet(house, report["id"], "runs")] == [str(told["run"].pk)]
    assert [row["id"] for row in sheet(house, report["id"], "models")] == [str(told["model"].pk)]
    signed = bytes(Takedown.objects.get(pk=drill.pk).certificate)
    assert verify_statement(signed, PREDICATE_TYPE, keys.public_keys("DECISION"))
    with pytest.raises(InvalidEvidence):
        verify_statement(signed, PREDICATE_TYPE, {})
    told["asset"].refresh_from_db()
    assert told["asset"].state == "ADMITTED"


@pytest.mark.req("TP-057")
def test_the_same_bytes_under_two_rights_are_refused_and_near_ones_wait_until_somebody_maps_them(
    house: House,
) -> None:
    first, second = house.licensed_source(), house.licensed_source(territories=("US",))
    data = picture(120)
    kept = house.admit(first, **of_bytes(data))
    receive_content(principal=house.engineer, asset_id=kept.pk, stream=io.BytesIO(data))
    assert list(house.ask(second, **of_bytes(data)).decision.codes) == ["EXACT_DUPLICATE"]
    # the same source may hand the same bytes in again: one right answers for both
    assert house.ask(first, **of_bytes(data)).decision.outcome == "ADMIT"
    smaller = io.BytesIO()
    Image.open(io.BytesIO(data)).resize((160, 120)).save(smaller, "PNG")
    asset = house.admit(second, **of_bytes(smaller.getvalue()))
    answer = receive_content(principal=house.engineer, asset_id=asset.pk, stream=smaller)
    assert (answer.decision.outcome, list(answer.decision.codes)) == ("ISOLATE", ["NEAR_DUPLICATE"])
    asset.refresh_from_db()
    with pytest.raises(Conflict):  # until somebody has mapped it, nothing is made of it
        house.derive(asset)
    answer_review(
        principal=house.counsel, review_id=asset.review.pk, answer="ADMIT", reason="Both are theirs."
    )
    made = house.derive(asset)
    assert sources_above(house.organisation.pk, [made.node_id]) == [second.pk]


@pytest.mark.req("TP-152", "TP-125")
def test_domains_classes_content_geography_flags_and_licences_are_judged_at_the_edge(house: House) -> None:
    source, _ = bound_source(house, regions=["US_CANADA"])
    good = {**GOOD, "territory": "US"}
    assert house.ask(source, **good).decision.outcome == "ADMIT"
    rule_domain(principal=house.counsel, domain="evil.example.test", is_blocked=True, reason="Scraped.")
    for changes, outcome in (
        ({"canonical_url": "https://evil.example.test/x"}, "REFUSE"),  # domain
        ({"content": ("MINORS",)}, "REFUSE"),  # category of content
        ({"territory": "DE"}, "REFUSE"),  # geography
        ({"licence_claim": " "}, "REFUSE"),  # field of the licence
        ({"flags": ("PII",)}, "ISOLATE"),
        ({"flags": ("FACE",)}, "ISOLATE"),
    ):
        answer = house.ask(source, **{**good, **changes})
        assert answer.decision.outcome == outcome, changes
        assert (answer.asset is None) == (outcome == "REFUSE")


@pytest.mark.req("TP-181")
def test_jobs_consume_frozen_manifests_alone_and_every_way_in_meets_the_same_checks(house: House) -> None:
    source, _ = bound_source(house, regions=["US_CANADA"])
    capture = {
        "source_id": str(source.pk), "kind": "IMAGE", "media_type": "image/png", "size_bytes": 10,
        "canonical_url": "https://films.example.test/b", "method": "EXPORT", "licence_claim": "Archive agreement 12",
        "collected_at": "2026-11-01T00:00:00Z", "business_unit": "dialogue-model", "capture": GOOD["capture"],
    }  # fmt: skip
    rows = [
        {**capture, "external_id": "a", "sha256": "a" * 64, "territory": "US"},
        {**capture, "external_id": "b", "sha256": "b" * 64, "territory": "DE"},
        {**capture, "external_id": "c", "sha256": "c" * 64, "territory": "US", "content": ["MINORS"]},
    ]
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    job, _new = hand_in_material(principal=house.engineer, read=io.BytesIO(data).read, length=len(data))
    done = read_material(job.pk)
    refused = {one.external_id: one.decision.codes for one in done.refusals.all()}
    assert set(refused) == {"b", "c"}
    single = {
        name: house.ask(source, **{**GOOD, "territory": territory, "content": content}).decision
        for name, territory, content in (("a", "US", ()), ("b", "DE", ()), ("c", "US", ("MINORS",)))
    }
    assert single["a"].outcome == "ADMIT"
    for name, codes in refused.items():
        assert (single[name].outcome, single[name].codes) == ("REFUSE", codes)
    stop_class(principal=house.counsel, class_id=source.source_class_id, reason="Claims.")
    again = data.replace(b'"a"', b'"d"')
    job, _new = hand_in_material(principal=house.engineer, read=io.BytesIO(again).read, length=len(again))
    stopped = read_material(job.pk).refusals.all()
    assert [one.external_id for one in stopped if "SOURCE_CLASS_STOPPED" in one.decision.codes] == [
        "d",
        "b",
        "c",
    ]
    told = a_story(house)
    withdraw_manifest(principal=house.counsel, name=told["manifest"].content_id, reason="Over.")
    told["manifest"].refresh_from_db()
    assert may_be_trained_on(told["manifest"]).codes == (
        "MANIFEST_WITHDRAWN",
    )  # what a job asks before it reads
    run = make_run(house, told["manifest"], 2)
    assert "MANIFEST_WITHDRAWN" in run.refusals
    assert make_run(house, None, 3).refusals == ["RUN_UNBOUND"]


def test_rights_that_ended_stand_in_the_next_report_and_not_in_the_one_before(house: House) -> None:
    asset = house.admit()
    before = asked(house, "rights-reports", {"scope": "ASSET", "about": str(asset.pk)}).json()
    end_rights(principal=house.counsel, rights_id=asset.rights_id, reason="Taken back.")
    after = asked(house, "rights-reports", {"scope": "ASSET", "about": str(asset.pk)}).json()
    assert [row["standing"] for row in sheet(house, before["id"], "rights")] == ["IN_FORCE"]
    assert [row["standing"] for row in sheet(house, after["id"], "rights")] == ["ENDED"]
