"""``/api/v1/data-contracts``: the same contract for pipeline code and for people, and who may do what with it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import jsonschema_rs
import pytest
from django.test import Client

from accounts.principals import Principal
from tests.factories import bearer, make_credential
from tests.training.contracts import FIELDS, bound_source, contract_over, written
from tests.training.making import House, picture
from training.models import DataContract, TrainingAsset

pytestmark = pytest.mark.django_db
PATH = "/api/v1/data-contracts"


class Caller:
    """One person's key."""

    def __init__(self, principal: Principal) -> None:
        credential, _key = make_credential(
            principal.organisation, created_by=principal.person, has_proof_key=False
        )
        self.headers, self.client = bearer(credential), Client()

    def get(self, path: str) -> Any:
        return self.client.get(path, headers=self.headers)

    def post(self, path: str, body: dict[str, Any] | None = None, *, key: str = "") -> Any:
        headers = self.headers | ({"Idempotency-Key": key} if key else {})
        return self.client.post(path, body or {}, content_type="application/json", headers=headers)


def captured(source: Any, data: bytes, **changes: Any) -> dict[str, Any]:
    """A capture that the example takes."""
    return {
        "source_id": str(source.pk), "external_id": "still-1", "kind": "IMAGE", "media_type": "image/png",
        "sha256": hashlib.sha256(data).hexdigest(), "size_bytes": len(data),
        "canonical_url": "https://films.example.test/still/1", "method": "EXPORT",
        "collected_at": "2026-10-01T12:00:00Z", "licence_claim": "Archive agreement 12", "territory": "US",
        "business_unit": "dialogue-model", "capture": {**FIELDS, "hosting_domain": "films.example.test"}, **changes,
    }  # fmt: skip


def test_a_version_is_registered_once_whatever_the_caller_repeats(house: House) -> None:
    caller, text = Caller(house.engineer), written(house.source_class().code)
    first = caller.post(PATH, {"text": text}, key="one")
    assert (first.status_code, first.json()["state"]) == (201, "DRAFT")
    assert first.json()["hash"] == "sha256:" + hashlib.sha256(text.encode()).hexdigest()
    again = caller.post(PATH, {"text": text}, key="one")
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])
    other = caller.post(PATH, {"text": text}, key="two")
    assert (other.status_code, other.json()["code"]) == (409, "CONTRACT_EXISTS")
    assert DataContract.objects.count() == 1


def test_what_is_no_contract_is_told_what_is_wrong_with_it(house: House) -> None:
    answer = Caller(house.engineer).post(PATH, {"text": "apiVersion: v3.1.0\nkind: DataContract\nid: x\n"})
    assert (answer.status_code, answer.json()["code"]) == (422, "CONTRACT_INVALID")
    assert "version" in answer.json()["faults"][0]["fault"]
    unknown = Caller(house.engineer).post(PATH, {"text": "x", "force": True})
    assert unknown.status_code == 422
    assert not DataContract.objects.exists()


@pytest.mark.req("TP-070")
def test_pipeline_code_reads_the_clauses_the_schema_and_the_text_as_written(house: House) -> None:
    source, row = bound_source(house)
    caller = Caller(house.engineer)
    whole = caller.get(f"{PATH}/{row.pk}").json()
    assert (whole["state"], whole["bound_now"]) == ("ACTIVE", [source.source_class.code])
    assert whole["clauses"]["prohibited_content"] == ["MINORS", "NUDITY", "MEDICAL"]
    assert (whole["clauses"]["retention_days"], whole["clauses"]["scan_minutes"]) == (3 * 365, 48 * 60)
    assert (whole["clauses"]["on_missing"], whole["clauses"]["approvers"]) == ("ISOLATE", ["LEGAL"])
    assert "capture.photographer" in whole["clauses"]["mandatory"]
    assert (whole["missing"], whole["unenforced"]) == ([], [])
    assert row.hash in whole["rules"]
    schema = caller.get(f"{PATH}/{row.pk}/schema").json()
    check = jsonschema_rs.validator_for(schema)
    good = {"licence_claim": "Agreement 12", "business_unit": "dialogue-model", "capture": FIELDS}
    assert check.is_valid(good)
    assert not check.is_valid({**good, "capture": {"page_context": "x"}})
    sent = caller.get(f"{PATH}/{row.pk}/file").content
    assert "sha256:" + hashlib.sha256(sent).hexdigest() == row.hash


def test_the_list_goes_by_cursor_newest_first(house: House) -> None:
    kind = house.source_class()
    for number in range(3):
        contract_over(house, kind, version=f"{number}.0.0")
    answer = Caller(house.engineer).get(f"{PATH}?limit=2").json()
    assert [one["version"] for one in answer["results"]] == ["2.0.0", "1.0.0"]
    rest = Caller(house.engineer).get(answer["next"]).json()
    assert [(one["version"], one["state"]) for one in rest["results"]] == [("0.0.0", "RETIRED")]


def test_a_strangers_contract_is_not_there_and_a_key_puts_none_into_force(
    house: House, stranger: House
) -> None:
    row = contract_over(house, house.source_class())
    other = Caller(stranger.engineer)
    for path in ("", "/schema", "/file"):
        assert other.get(f"{PATH}/{row.pk}{path}").status_code == 404
    assert other.get(PATH).json()["results"] == []
    key = Caller(house.engineer)
    draft = key.post(PATH, {"text": written("a", version="9")}).json()
    for act, body in (("activate", {}), ("retire", {"reason": "No."})):
        answer = key.post(f"{PATH}/{draft['id']}/{act}", body)
        assert answer.status_code == 403, act
        assert DataContract.objects.get(pk=draft["id"]).state == "DRAFT"


def test_a_refusal_names_the_field_that_lacks_before_anything_is_stored(house: House) -> None:
    source, row = bound_source(house, onMissingMetadata="REFUSE")
    told = captured(source, picture(61), capture={"page_context": "x", "hosting_domain": "a.test",
                                                  "embedded_metadata": {"a": "b"}})  # fmt: skip
    answer = Caller(house.engineer).post("/api/v1/training-assets", told)
    said = answer.json()
    assert (answer.status_code, said["code"]) == (422, "ASSET_REFUSED")
    assert "CONTRACT_METADATA_MISSING" in json.dumps(said)
    assert "capture.photographer" in json.dumps(said)
    assert row.hash in json.dumps(said)
    assert not TrainingAsset.objects.exists()


def test_an_ingest_that_names_its_contract_is_stopped_when_another_is_in_force(house: House) -> None:
    source, first = bound_source(house)
    caller, data = Caller(house.engineer), picture(62)
    admitted = caller.post("/api/v1/training-assets", captured(source, data, contract_hash=first.hash))
    assert admitted.status_code == 201, admitted.json()
    second = contract_over(house, source.source_class, version="2.0.0")
    late = captured(source, picture(63), contract_hash=first.hash, external_id="still-2")
    answer = caller.post("/api/v1/training-assets", late)
    assert (answer.status_code, answer.json()["code"]) == (409, "CONTRACT_CHANGED")
    assert answer.json()["contract_hash"] == second.hash
    assert TrainingAsset.objects.count() == 1
    again = caller.post("/api/v1/training-assets", late | {"contract_hash": second.hash})
    assert again.status_code == 201
    wrong = caller.post("/api/v1/training-assets", late | {"contract_hash": "latest"})
    assert wrong.status_code == 422
