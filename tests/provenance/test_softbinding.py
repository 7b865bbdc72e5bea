"""The Soft Binding Resolution API: a stripped file leads to its manifest, for everybody, and to nothing else."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import c2pa
import jsonschema
import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client

from common import clock
from common.networks import network_of
from common.storage import local_copy
from provenance.credentials import c2pa_settings
from provenance.jumbf import StoreMalformed, active_manifest_alone
from provenance.models import Asset, ManifestRecord, ResolutionChoice
from provenance.reading import CredentialVerdict, read_credentials
from provenance.services.signing import trust_anchors_pem
from provenance.softbinding.limits import places
from tests import factories
from tests.farm import Farm, make_farm
from tests.provenance.resolving import MARK_ID, released_asset, signing_asset, strip
from watermarking.algorithms import NAME, algorithms, namespace
from watermarking.models import MarkDetection
from watermarking.tasks import detect, resume_detections

pytestmark = pytest.mark.django_db

ROOT = "/softbinding/v1"
DOCUMENT = json.loads((Path(__file__).parent / "data" / "softbinding-resolution-api.json").read_text())
VALUE = base64.b64encode(MARK_ID.to_bytes(8, "big")).decode()
PIXEL, AUDIO = (one.alg for one in algorithms())


def fits(answer: Any, name: str) -> Any:
    """Hold a JSON answer against the C2PA's own schema."""
    body = answer.json()
    jsonschema.Draft7Validator(DOCUMENT["components"]["schemas"][name]).validate(body)
    return body


def ask(client: Client, alg: str = PIXEL, value: str = VALUE, **further: str) -> list[dict[str, Any]]:
    answer = client.get(f"{ROOT}/matches/byBinding", {"alg": alg, "value": value, **further})
    assert answer.status_code == 200, answer.content
    matches: list[dict[str, Any]] = fits(answer, "c2pa.softBindingQueryResult")["matches"]
    return matches


def send(client: Client, path: Path, *, content_type: str = "video/mp4", **query: str) -> Any:
    return client.post(
        f"{ROOT}/matches/byContent",
        path.read_bytes(),
        content_type=content_type,
        query_params=query,
        CONTENT_TYPE=content_type,
    )


@pytest.fixture
def film(plain_film: Path) -> Path:
    return plain_film


@pytest.fixture
def marked(resolvable_film: Path) -> Path:
    return resolvable_film


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUSTMARK_MARK_KEY", "5a" * 32)
    cache.clear()


@pytest.fixture
def farm() -> Farm:
    farm = make_farm(factories.make_production(guild=factories.make_guild()))
    farm.render(0, 3)
    return farm


@pytest.mark.req("BX-018")
def test_stripped_credentials_are_recovered_from_the_mark_and_verify(
    farm: Farm, film: Path, marked: Path, tmp_path: Path, client: Client, settings: Any,
    django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    asset = released_asset(farm, film, marked)
    with local_copy(asset.signed_blob) as path:
        bare = strip(path, tmp_path / "bare.mp4")
    assert read_credentials(bare, anchor_pem=trust_anchors_pem()).verdict is CredentialVerdict.ABSENT
    # the file is handed to a worker; who cannot wait comes back with the same bytes
    monkeypatch.setattr(detect, "delay", detect)
    settings.SOFTBINDING_WAIT_SECONDS = 0
    with django_capture_on_commit_callbacks(execute=True):
        pending = send(client, bare)
    assert (pending.status_code, pending.json()["code"]) == (503, "RESOLUTION_PENDING")
    assert pending["Retry-After"]
    found = fits(send(client, bare), "c2pa.softBindingQueryResult")["matches"]
    assert MarkDetection.objects.count() == 1
    assert len(found) == 1
    assert found[0]["similarityScore"] >= 99
    # the manifest comes back as it was embedded; its signer is trusted and it names the very mark that was read
    answer = client.get(f"{ROOT}/manifests/{found[0]['manifestId']}")
    store = b"".join(answer)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/c2pa")
    with (
        c2pa.Context.from_dict(c2pa_settings(trust_anchors_pem())) as context,
        bare.open("rb") as media,
        c2pa.Reader("video/mp4", media, manifest_data=store, context=context) as reader,
    ):
        read = json.loads(reader.json())
    codes = {one["code"] for one in read["validation_results"]["activeManifest"]["success"]}
    assert {"claimSignature.validated", "signingCredential.trusted"} <= codes
    assert read["active_manifest"] == found[0]["manifestId"]
    bound = [
        one["data"]
        for one in read["manifests"][read["active_manifest"]]["assertions"]
        if one["label"].startswith("c2pa.soft-binding")
    ]
    assert {one["alg"]: one["blocks"][0]["value"] for one in bound} == {PIXEL: VALUE, AUDIO: VALUE}
    # and another mark leads nowhere
    other = base64.b64encode((MARK_ID ^ 1).to_bytes(8, "big")).decode()
    assert ask(client, value=other) == []


def test_bindings_say_which_layer_over_what_time_and_track(farm: Farm, film: Path, marked: Path) -> None:
    asset = signing_asset(farm, film, marked)
    bound = asset.manifests.get().report["assertions"]["c2pa.soft-binding"]
    assert [one["alg"] for one in bound] == [PIXEL, AUDIO]
    for one, name in zip(bound, ("pictures", "sound"), strict=True):
        block = one["blocks"][0]
        assert block["value"] == VALUE
        assert block["scope"]["timespan"] == {"start": 0, "end": asset.media["duration_ms"]}
        assert block["scope"]["region"]["name"] == name
    tracks = [one["blocks"][0]["scope"]["region"]["region"][0]["item"]["value"] for one in bound]
    assert len(set(tracks)) == 2


def test_what_is_not_released_or_closed_by_its_studio_reads_as_unknown(
    farm: Farm, film: Path, marked: Path, client: Client
) -> None:
    asset = signing_asset(farm, film, marked)
    label = asset.manifests.get().report["manifests"][0]["label"]
    assert ask(client) == []
    assert client.get(f"{ROOT}/manifests/{label}").status_code == 404
    from provenance import services

    assert services.verify_asset(asset.pk).state == "RELEASED"
    assert [one["manifestId"] for one in ask(client)] == [label]
    assert [one["manifestId"] for one in ask(client, alg=AUDIO)] == [label]
    assert client.get(f"{ROOT}/manifests/{label}").status_code == 200
    # the studio closes the door; a stranger finds no handle
    address = f"/api/v1/productions/{asset.production_id}/softbinding"
    headers = factories.bearer(factories.make_credential(asset.production.organisation)[0])
    stranger = factories.bearer(factories.make_credential(factories.make_studio())[0])
    change = {"content_type": "application/json", "data": {"public": False}}
    assert client.put(address, headers=stranger, **change).status_code == 404
    assert client.get(address, headers=headers).json() == {"public": True}
    assert client.put(address, headers=headers, **change).json() == {"public": False}
    assert ask(client) == []
    assert client.get(f"{ROOT}/manifests/{label}").status_code == 404
    assert ResolutionChoice.objects.get().chosen_by is not None
    vendor = factories.bearer(factories.make_credential(asset.production.guild)[0])
    assert client.put(address, headers=vendor, **change).status_code == 403


def test_no_answer_names_a_token_a_production_or_a_person(
    farm: Farm, film: Path, marked: Path, client: Client
) -> None:
    asset = released_asset(farm, film, marked)
    body = client.get(f"{ROOT}/matches/byBinding", {"alg": PIXEL, "value": VALUE}).content.decode()
    assert set(json.loads(body)["matches"][0]) == {"manifestId"}
    for secret in (asset.pk, asset.production_id, farm.token.jti):
        assert str(secret) not in body


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"alg": PIXEL}, 400, "QUERY_INCOMPLETE"),
        ({"value": VALUE}, 400, "QUERY_INCOMPLETE"),
        ({"alg": "com.example.other.1", "value": VALUE}, 400, "ALG_UNKNOWN"),
        ({"alg": PIXEL, "value": "AOHSw7Slloc"}, 400, "VALUE_MALFORMED"),
        ({"alg": PIXEL, "value": "AOHSw7Sllo\u00e9="}, 400, "VALUE_MALFORMED"),
        ({"alg": PIXEL, "value": "AAAA"}, 400, "VALUE_MALFORMED"),
        ({"alg": PIXEL, "value": "A" * 65}, 414, "VALUE_TOO_LONG"),
        ({"alg": PIXEL, "value": VALUE, "maxResults": "0"}, 400, "MAX_RESULTS_INVALID"),
        ({"alg": PIXEL, "value": VALUE, "maxResults": "many"}, 400, "MAX_RESULTS_INVALID"),
    ],
)
def test_queries_that_are_wrong_are_refused_with_a_code(
    query: dict[str, str], status: int, code: str, client: Client
) -> None:
    answer = client.get(f"{ROOT}/matches/byBinding", query)
    assert (answer.status_code, answer.json()["code"], answer.json()["error"]) == (status, code, code)


def test_values_are_posted_too_and_files_that_are_no_media_are_refused(
    client: Client, tmp_path: Path, settings: Any
) -> None:
    binding = f"{ROOT}/matches/byBinding"
    answer = client.post(binding, {"alg": PIXEL, "value": VALUE}, content_type="application/json")
    assert fits(answer, "c2pa.softBindingQueryResult") == {"matches": []}
    for body in ({"alg": PIXEL}, [], {"alg": PIXEL, "value": "*"}):
        assert client.post(binding, body, content_type="application/json").status_code == 400
    noise = tmp_path / "noise.mp4"
    noise.write_bytes(b"no film")
    assert send(client, noise, content_type="text/plain").status_code == 415
    assert send(client, noise, alg="com.example.other.1").json()["code"] == "ALG_UNKNOWN"
    assert send(client, noise, hintAlg=PIXEL).json()["code"] == "QUERY_INCOMPLETE"
    settings.SOFTBINDING_BYTES_MAX = 6
    assert send(client, noise).status_code == 413
    settings.SOFTBINDING_BYTES_MAX = 100
    noise.write_bytes(b"")
    assert send(client, noise).json()["code"] == "BODY_EMPTY"
    assert MarkDetection.objects.count() == 0


def test_unreadable_files_and_a_full_waiting_room_are_told_apart(
    client: Client, tmp_path: Path, settings: Any
) -> None:
    settings.SOFTBINDING_WAIT_SECONDS = 0
    settings.SOFTBINDING_WAITING_MAX = 1
    first, second = tmp_path / "first.mp4", tmp_path / "second.mp4"
    first.write_bytes(b"no film")
    second.write_bytes(b"none either")
    assert send(client, first).json()["code"] == "RESOLUTION_PENDING"
    assert send(client, second).json()["code"] == "RESOLUTION_BUSY"
    detect(str(MarkDetection.objects.get().pk))
    answer = send(client, first)
    assert (answer.status_code, answer.json()["code"]) == (415, "MEDIA_UNREADABLE")
    # the reader itself broke: that says nothing about the file
    MarkDetection.objects.update(error_code="watermark_extraction_failed")
    answer = send(client, first)
    assert (answer.status_code, answer.json()["code"]) == (503, "watermark_extraction_failed")


def test_the_same_bytes_under_another_type_are_another_question(
    client: Client, tmp_path: Path, settings: Any
) -> None:
    settings.SOFTBINDING_WAIT_SECONDS = 0
    file = tmp_path / "a.bin"
    file.write_bytes(b"no film")
    for content_type in ("video/mp4", "video/mp4", "image/png"):
        assert send(client, file, content_type=content_type).json()["code"] == "RESOLUTION_PENDING"
    asked = MarkDetection.objects.order_by("created_at")
    assert [one.file_name for one in asked] == ["query.mp4", "query.png"]
    detect(str(asked[0].pk))
    assert send(client, file, content_type="image/png").json()["code"] == "RESOLUTION_PENDING"
    assert send(client, file).json()["code"] == "MEDIA_UNREADABLE"
    # what was answered stands for an hour, and then it is gone
    resume_detections()
    assert asked.count() == 2
    MarkDetection.objects.filter(state="FAILED").update(finished_at=clock.now() - timedelta(minutes=61))
    resume_detections()
    assert [one.file_name for one in asked.all()] == ["query.png"]


def test_files_hold_a_bounded_number_of_threads(client: Client, tmp_path: Path, settings: Any) -> None:
    settings.SOFTBINDING_AT_ONCE_MAX, settings.SOFTBINDING_WAIT_SECONDS = 1, 0
    file = tmp_path / "a.mp4"
    file.write_bytes(b"no film")
    with places.one():
        full = send(client, file)
        assert (full.status_code, full.json()["code"], full.json()["error"]) == (
            503,
            *["RESOLUTION_BUSY"] * 2,
        )
        assert int(full["Retry-After"]) > 0
        assert client.get(f"{ROOT}/services/status").status_code == 200
    assert MarkDetection.objects.count() == 0, "nothing was taken in"
    # a place is given back however its request ended
    assert [send(client, file).json()["code"] for _ in range(2)] == ["RESOLUTION_PENDING"] * 2


def test_nothing_is_fetched_and_nothing_is_stored_for_strangers(client: Client) -> None:
    body = {"referenceUrl": "http://169.254.169.254/latest/meta-data", "assetLength": 1}
    answer = client.post(f"{ROOT}/matches/byReference", body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "REFERENCE_REFUSED")
    assert client.post(f"{ROOT}/manifests", b"x", content_type="application/c2pa").status_code == 404
    assert client.delete(f"{ROOT}/manifests/urn:c2pa:x").status_code == 405
    assert client.get(f"{ROOT}/manifests/urn:c2pa:unknown").status_code == 404
    assert client.get(f"{ROOT}/manifests/..%2Fsecret").status_code in {400, 404}
    odd = client.get(f"{ROOT}/manifests/urn:c2pa:x", {"returnActiveManifest": "maybe"})
    assert odd.json()["code"] == "FLAG_INVALID"


def test_the_service_describes_itself(client: Client) -> None:
    listed = fits(client.get(f"{ROOT}/services/supportedAlgorithms"), "c2pa.softBindingAlgList")
    assert [one["alg"] for one in listed["watermarks"]] == [PIXEL, AUDIO]
    assert all(NAME.fullmatch(one["alg"]) for one in listed["watermarks"])
    under_api = client.get("/api/v1/softbinding/services/supportedAlgorithms")
    assert (under_api.json(), under_api["Access-Control-Allow-Origin"]) == (listed, "*")
    assert client.get(f"{ROOT}/services/capabilities").json()["supportedCapabilities"] == ["queryByContent"]
    assert client.get(f"{ROOT}/services/status").json()["status"] == "ok"
    found = client.get("/.well-known/c2pa-soft-binding-resolution").json()
    assert found["apiEndpoint"].endswith(ROOT)


def test_every_operation_of_the_document_is_routed(client: Client) -> None:
    for path, operations in DOCUMENT["paths"].items():
        for method in operations:
            answer = client.generic(method.upper(), ROOT + path.replace("{manifestId}", "urn:c2pa:x"))
            assert answer.status_code != 405, (method, path)
            if "manifestId" not in path:
                assert answer.status_code != 404, (method, path)


def test_addresses_that_ask_too_often_wait(client: Client, settings: Any) -> None:
    settings.SOFTBINDING_QUERIES_PER_MINUTE = 3
    asked = [client.get(f"{ROOT}/services/status").status_code for _ in range(4)]
    assert asked == [200, 200, 200, 429]
    assert 0 < int(client.get(f"{ROOT}/services/status")["Retry-After"]) <= 60
    other = client.get(f"{ROOT}/services/status", REMOTE_ADDR="192.0.2.9")
    assert other.status_code == 200
    # without a proxy of ours nobody says whose address it is
    meta = {"REMOTE_ADDR": "192.0.2.1", "HTTP_X_FORWARDED_FOR": "203.0.113.9, 198.51.100.7"}
    assert network_of(meta) == "192.0.2.1"
    settings.TLS_PROXY = True
    assert network_of(meta) == "198.51.100.7"


def test_an_ipv6_customer_is_one_asker_whatever_address_of_his_network_he_takes(
    client: Client, settings: Any
) -> None:
    settings.SOFTBINDING_QUERIES_PER_MINUTE = 3

    def status(address: str) -> int:
        return client.get(f"{ROOT}/services/status", REMOTE_ADDR=address).status_code

    assert [status(f"2001:db8:0:7:{n}::{n}") for n in range(1, 5)] == [200, 200, 200, 429]
    assert status("2001:db8:0:8::1") == 200
    assert status("192.0.2.9") == 200
    assert network_of({"REMOTE_ADDR": "::ffff:192.0.2.9"}) == "192.0.2.9"
    assert network_of({"REMOTE_ADDR": "fe80::1%eth0"}) == "fe80::/64"
    assert {network_of({"REMOTE_ADDR": text}) for text in ("", "unix:", "x" * 5000)} == {"unknown"}


def test_a_manifest_is_found_by_its_id_through_an_index() -> None:
    with connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off")
        plan = ManifestRecord.objects.filter(report__manifests__0__label="urn:c2pa:x").explain()
    assert "manifest_by_label" in plan


@pytest.mark.parametrize("domain", ["", "example", "exa mple.org", "-x.org"])
def test_algorithms_are_named_under_a_domain(domain: str, settings: Any) -> None:
    settings.SOFTBINDING_DOMAIN = "marks.example.com"
    assert [one.alg for one in algorithms()] == ["com.example.marks.pixel.1", "com.example.marks.audio.1"]
    if domain != "example":
        with pytest.raises(ValueError, match="no domain"):
            namespace(domain)


def test_an_active_manifest_is_cut_out_of_a_store_and_broken_stores_are_not(
    farm: Farm, film: Path, marked: Path
) -> None:
    asset: Asset = signing_asset(farm, film, marked)
    with local_copy(asset.manifests.get().blob) as path:
        store = path.read_bytes()
    # one manifest in it: the same but for the library's own padding
    assert active_manifest_alone(store).rstrip(b"\0") == store.rstrip(b"\0")
    doubled = store[8:]
    for broken in (b"", store[:40], store[:-9], doubled):
        with pytest.raises(StoreMalformed):
            active_manifest_alone(broken)
