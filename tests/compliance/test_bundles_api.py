"""The HTTP face of bundles: who may, what it answers, what it says when it may not."""

from __future__ import annotations

import hashlib
import io
import zipfile
from uuid import uuid4

import pytest
from django.test import Client

from compliance.models import Bundle, BundleState
from compliance.tasks import build_bundle, resume_bundles
from tests import factories
from tests.farm import Farm, make_farm

pytestmark = pytest.mark.django_db
URL = "/api/v1/bundles"


@pytest.fixture
def guild():
    return factories.make_guild()


@pytest.fixture
def farm(guild) -> Farm:
    farm = make_farm(factories.make_production(guild=guild))
    farm.render(0, 4)
    return farm


@pytest.fixture
def owner(farm) -> dict[str, str]:
    return factories.bearer(farm.credential)


@pytest.fixture
def colleague(farm) -> dict[str, str]:
    return factories.bearer(factories.make_credential(farm.token.licensee, scopes=["bundle:read"])[0])


@pytest.fixture
def stranger() -> dict[str, str]:
    return factories.bearer(factories.make_credential(factories.make_studio())[0])


def ask(client: Client, farm: Farm, headers, purpose="UNION_REPORTING", **more):
    body = {"project": str(farm.token.production_id), "purpose": purpose}
    return client.post(URL, body | more, content_type="application/json", headers=headers)


def test_a_bundle_is_asked_for_made_and_downloaded(client, farm, owner):
    asked = ask(client, farm, owner)
    assert asked.status_code == 202
    place = asked["Location"]
    assert asked.json()["state"] == BundleState.QUEUED
    early = client.get(f"{place}/content", headers=owner)
    assert (early.status_code, early.json()["code"]) == (409, "BUNDLE_NOT_READY")
    build_bundle.apply(args=[asked.json()["id"]])
    ready = client.get(place, headers=owner).json()
    assert ready["state"] == BundleState.READY
    assert ready["counts"]["rendered"] == 5
    assert ready["findings"]["without_receipt"]["count"] == 0
    content = client.get(ready["content"], headers=owner)
    data = b"".join(content.streaming_content)
    assert content["Content-Type"] == "application/zip"
    assert hashlib.sha256(data).hexdigest() == ready["sha256"]
    assert zipfile.ZipFile(io.BytesIO(data)).testzip() is None
    part = client.get(ready["content"], headers=owner | {"Range": "bytes=0-3"})
    assert (part.status_code, b"".join(part.streaming_content)) == (206, b"PK\x03\x04")


def test_a_bundle_tells_how_far_it_is_while_it_is_made(client, farm, owner, monkeypatch):
    from compliance.services import making

    place = ask(client, farm, owner)["Location"]
    assert client.get(place, headers=owner).json()["progress"] == {}
    told, put = [], making.put_file

    def look(name, path):
        told.append(client.get(place, headers=owner).json())
        return put(name, path)

    monkeypatch.setattr(making, "put_file", look)
    build_bundle.apply(args=[place.rsplit("/", 1)[-1]])
    size = told[0]["tree_size"]
    assert told[0]["state"] == BundleState.BUILDING
    assert told[0]["progress"] == {"part": "STORING", "entries_read": size, "entries": size}
    assert size > 5
    ready = client.get(place, headers=owner).json()
    assert ready["progress"]["part"] == "DONE"


def test_the_guild_fetches_a_shared_bundle_and_lists_it(client, farm, owner, guild):
    bundle_id = ask(client, farm, owner).json()["id"]
    build_bundle.apply(args=[bundle_id])
    auditor = factories.bearer(factories.make_credential(guild)[0])
    assert [one["id"] for one in client.get(URL, headers=auditor).json()["results"]] == [bundle_id]
    assert client.get(f"{URL}/{bundle_id}/content", headers=auditor).status_code == 200


def test_to_a_stranger_neither_production_nor_bundle_exists(client, farm, owner, stranger):
    bundle_id = ask(client, farm, owner).json()["id"]
    for place in (f"{URL}/{bundle_id}", f"{URL}/{bundle_id}/content", f"{URL}/{uuid4()}"):
        answer = client.get(place, headers=stranger)
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    refused = ask(client, farm, stranger)
    unknown = client.post(
        URL,
        {"project": str(uuid4()), "purpose": "REGULATORY"},
        content_type="application/json",
        headers=stranger,
    )
    assert refused.status_code == unknown.status_code == 404
    assert refused.json() == unknown.json()
    assert client.get(URL, headers=stranger).json()["results"] == []


def test_a_key_that_may_only_read_makes_none(client, farm, colleague):
    answer = ask(client, farm, colleague)
    assert (answer.status_code, answer.json()["code"]) == (403, "SCOPE_MISSING")
    assert client.get(URL, headers=colleague).status_code == 200


def test_without_a_key_nothing_is_told(client, farm):
    assert client.get(URL).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {"purpose": "CURIOSITY"},
        {"purpose": "REGULATORY", "extra": 1},
        {"project": "not-an-id", "purpose": "REGULATORY"},
    ],
)
def test_bad_input_is_named(client, farm, owner, body):
    given = {"project": str(farm.token.production_id)} | body
    answer = client.post(URL, given, content_type="application/json", headers=owner)
    assert (answer.status_code, answer.json()["code"]) == (422, "FIELDS_INVALID")
    assert Bundle.objects.count() == 0


def test_asking_twice_with_one_key_makes_one_bundle(client, farm, owner):
    headers = owner | {"Idempotency-Key": "once"}
    first, second = ask(client, farm, headers), ask(client, farm, headers)
    assert first.json() == second.json()
    assert second["Idempotent-Replay"] == "true"
    assert Bundle.objects.count() == 1


def test_a_log_that_contradicts_itself_is_not_exported_and_the_bundle_says_so(
    client, farm, owner, monkeypatch
):
    from compliance import ledgering
    from trustcore.errors import InvalidEvidence, InvalidReason

    class Broken(ledgering.Ledger):
        def finish(self):
            raise InvalidEvidence(InvalidReason.UNAUTHORISED_FRAME, "never granted")

    monkeypatch.setattr(ledgering, "Ledger", Broken)
    bundle_id = ask(client, farm, owner).json()["id"]
    build_bundle.apply(args=[bundle_id])
    told = client.get(f"{URL}/{bundle_id}", headers=owner).json()
    assert (told["state"], told["failure_code"]) == ("FAILED", "UNAUTHORISED_FRAME")
    assert client.get(f"{URL}/{bundle_id}/content", headers=owner).status_code == 409


def test_a_bundle_left_by_a_dead_worker_is_taken_up(client, farm, owner, monkeypatch):
    from datetime import timedelta

    from common import clock

    bundle_id = ask(client, farm, owner).json()["id"]
    sent = []
    monkeypatch.setattr(build_bundle, "delay", sent.append)
    assert resume_bundles() == 0
    Bundle.objects.update(touched_at=clock.now() - timedelta(minutes=2), state=BundleState.BUILDING)
    assert resume_bundles() == 1
    assert sent == [bundle_id]
    build_bundle.apply(args=sent)
    assert Bundle.objects.get(pk=bundle_id).state == BundleState.READY
