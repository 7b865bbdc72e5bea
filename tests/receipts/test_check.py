"""``POST /api/v1/render/checks``: what is allowed, what is denied and why, and what is kept of it."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client

from common import clock, keys
from licensing.models import LicenceToken
from receipts.models import Lease, Quota, RenderCheck
from tests import factories
from tests.receipts.conftest import CHECKS, EdgeClient, Farm, Waiting, logged, make_farm, revoke
from trustcore.policy.rules import POLICY_HASH, POLICY_VERSION
from trustcore.receipt import AuthorisedEntry, CheckedEntry, RevokedEntry

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["edge", "django"])
def farm(db: None, request: pytest.FixtureRequest) -> Farm:
    """A farm whose checks are answered before Django, and one whose checks go through it: they read the same."""
    made = make_farm()
    made.client = EdgeClient() if request.param == "edge" else Client()
    return made


def denied(response: Any) -> list[str]:
    """The reasons of a refusal, which is an ordinary answer."""
    answer = response.json()
    assert response.status_code == 200, answer
    assert answer["decision"] == "DENY", answer
    assert (answer["lease"], answer["frames_reserved"]) == (None, 0)
    reasons: list[str] = answer["reason_codes"]
    return reasons


def refused(response: Any) -> tuple[int, str]:
    """Status and code of a problem document."""
    assert response["Content-Type"] == "application/problem+json"
    return response.status_code, response.json()["code"]


# -- what is allowed


def test_permitted_check_opens_a_lease_over_the_frames_asked_for(farm: Farm) -> None:
    response = farm.check(frame_range={"first": 100, "last": 124})
    answer = response.json()
    assert response.status_code == 200, answer
    assert answer["decision"] == "ALLOW_WITH_OBLIGATIONS"
    assert answer["reason_codes"] == []
    assert answer["frames_reserved"] == 25
    assert (answer["lease"]["first"], answer["lease"]["last"]) == (100, 124)
    assert answer["lease"]["heartbeat_seconds"] == django_settings.LEASE_HEARTBEAT_SECONDS
    assert {"WATERMARK_PIXEL", "SIGN_C2PA"} <= set(answer["obligations"])
    assert Quota.objects.get(token_jti=farm.token.pk, counter="frames").granted == 25


def test_decision_is_kept_with_its_input_hash_and_policy(farm: Farm) -> None:
    answer = farm.check().json()
    kept = RenderCheck.objects.get(pk=answer["decision_id"])
    assert (kept.outcome, kept.token_jti, kept.units_reserved) == (answer["decision"], farm.token.pk, 25)
    assert (kept.policy_version, kept.policy_hash) == (POLICY_VERSION, POLICY_HASH)
    assert len(bytes(kept.input_sha256)) == 32
    entry = logged(farm.token.production_id, CheckedEntry)[-1]
    assert (entry.decision, entry.outcome.value) == (answer["decision_id"], answer["decision"])
    assert entry.input_hash == bytes(kept.input_sha256).hex()
    assert entry.lease == answer["lease"]["id"]
    assert farm.jws() not in json.dumps(kept.obligations), "no token is kept"


def test_lines_are_counted_apart_from_frames(farm: Farm) -> None:
    answer = farm.check(
        use_type="VOICE_RENDER", construct="VOICE_SPEAKING", frame_range=None, units={"lines": 14}
    ).json()
    assert (answer["frames_reserved"], answer["units_reserved"]) == (0, 14)
    assert (answer["lease"]["counter"], answer["lease"]["first"], answer["lease"]["last"]) == ("lines", 1, 14)
    assert denied(
        farm.check(use_type="VOICE_RENDER", construct="VOICE_SPEAKING", frame_range=None, units={"lines": 7})
    ) == ["LINES_EXHAUSTED"]


def test_listed_vendor_may_render_and_another_vendor_may_not(db: None) -> None:
    vendor, stranger = factories.make_vendor(), factories.make_vendor()
    farm = make_farm(vendors=[vendor], credential_of=vendor)
    assert farm.check().json()["decision"] == "ALLOW_WITH_OBLIGATIONS"
    credential, proof_key = factories.make_credential(stranger)
    thief = Farm(farm.token, credential, proof_key)
    assert denied(thief.check(token=farm.jws())) == ["AUDIENCE_MISMATCH"]


# -- what is denied, with its reason, in the log


@pytest.mark.req("ST-003")
def test_token_for_one_film_is_denied_for_another_and_both_answers_are_logged(farm: Farm) -> None:
    other = factories.make_production(farm.token.licensee)
    assert farm.check().json()["decision"] == "ALLOW_WITH_OBLIGATIONS"
    assert denied(farm.check(project=str(other.pk))) == ["PROJECT_MISMATCH"]
    outcomes = [e.outcome.value for e in logged(farm.token.production_id, CheckedEntry)]
    assert outcomes == ["ALLOW_WITH_OBLIGATIONS", "DENY"]
    assert logged(other.pk, CheckedEntry) == []


@pytest.mark.req("ST-004")
def test_vendor_beyond_its_scope_is_denied_and_the_log_proves_it(db: None) -> None:
    vendor = factories.make_vendor()
    farm = make_farm(vendors=[vendor], credential_of=vendor)
    assert farm.check().json()["decision"] == "ALLOW_WITH_OBLIGATIONS"
    assert denied(farm.check(use_type="DE_AGING")) == ["USE_TYPE_NOT_GRANTED"]
    assert denied(farm.check(render_territory="FR")) == ["TERRITORY_DENIED"]
    assert denied(farm.check(construct="VOICE_SINGING")) == ["CONSTRUCT_NOT_GRANTED"]
    entries = [e for e in logged(farm.token.production_id, CheckedEntry) if e.outcome.value == "DENY"]
    granted = logged(farm.token.production_id, AuthorisedEntry)[0]
    assert [e.reasons for e in entries] == [
        ("USE_TYPE_NOT_GRANTED",), ("TERRITORY_DENIED",), ("CONSTRUCT_NOT_GRANTED",),
    ]  # fmt: skip
    assert {e.jti for e in entries} == {granted.jti}
    assert "DE_AGING" not in granted.use_types


def test_every_reason_that_applies_is_named(farm: Farm) -> None:
    reasons = denied(farm.check(use_type="DE_AGING", render_territory="FR", project=str(uuid.uuid4())))
    assert set(reasons) == {"PROJECT_MISMATCH", "USE_TYPE_NOT_GRANTED", "TERRITORY_DENIED"}


def test_training_is_never_part_of_a_render_token(farm: Farm) -> None:
    assert "TRAINING_NOT_GRANTED" in denied(farm.check(use_type="TRAINING_REPLICA"))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"use_type": "TELEPORT"}, "USE_TYPE_NOT_GRANTED"),
        ({"construct": "AURA"}, "CONSTRUCT_NOT_GRANTED"),
        ({"render_territory": "ATLANTIS"}, "TERRITORY_DENIED"),
        ({"channel": "TELEGRAPH"}, "CHANNEL_NOT_GRANTED"),
    ],
)
def test_unknown_values_are_denied(farm: Farm, changes: dict[str, str], reason: str) -> None:
    assert reason in denied(farm.check(**changes))


def test_frames_beyond_the_quota_are_denied_and_the_last_one_is_not(db: None) -> None:
    farm = make_farm(frames_max=30)
    assert farm.check(frame_range={"first": 0, "last": 24}).json()["frames_reserved"] == 25
    assert denied(farm.check(frame_range={"first": 25, "last": 30})) == ["FRAMES_EXHAUSTED"]
    assert farm.check(frame_range={"first": 25, "last": 29}).json()["frames_reserved"] == 5
    assert denied(farm.check(frame_range={"first": 30, "last": 30})) == ["FRAMES_EXHAUSTED"]


def test_token_presented_by_another_client_is_denied_in_the_log_of_its_production(farm: Farm) -> None:
    credential, proof_key = factories.make_credential(farm.token.licensee)
    colleague = Farm(farm.token, credential, proof_key)
    stolen = farm.jws()
    assert denied(colleague.check(token=stolen)) == ["AUDIENCE_MISMATCH"]
    entry = logged(farm.token.production_id, CheckedEntry)[-1]
    assert (entry.jti, entry.reasons) == (str(farm.token.pk), ("AUDIENCE_MISMATCH",))


def test_stolen_token_and_api_key_are_useless_without_the_proof_key(farm: Farm) -> None:
    stolen = farm.jws()
    wrong = farm.proof(stolen, private_key=Ed25519PrivateKey.generate())
    assert denied(farm.check(token=stolen, proof=wrong)) == ["SENDER_MISMATCH"]
    assert denied(farm.check(token=stolen, proof="")) == ["SENDER_MISMATCH"]
    assert denied(farm.check(token=stolen, proof=farm.proof(stolen, url="http://evil.example/x"))) == [
        "SENDER_MISMATCH"
    ]
    assert farm.check(token=stolen).json()["decision"] == "ALLOW_WITH_OBLIGATIONS"


def test_proof_is_good_once(farm: Farm) -> None:
    jws = farm.jws()
    proof = farm.proof(jws)
    assert farm.check(token=jws, proof=proof).json()["lease"]
    assert denied(farm.check(token=jws, proof=proof)) == ["REPLAY"]
    assert Quota.objects.get(token_jti=farm.token.pk).granted == 25


def test_clocks_ten_minutes_apart_are_denied(farm: Farm) -> None:
    jws, late = farm.jws(), clock.now() - timedelta(minutes=10)
    assert denied(farm.check(token=jws, proof=farm.proof(jws, now=int(late.timestamp())))) == ["CLOCK_SKEW"]
    assert denied(farm.check(requested_at=clock.rfc3339(late))) == ["CLOCK_SKEW"]
    assert denied(farm.check(requested_at=clock.rfc3339(clock.now() + timedelta(minutes=10)))) == [
        "CLOCK_SKEW"
    ]


def test_expired_token_is_denied_in_the_log(farm: Farm, move_clock: Callable[..., None]) -> None:
    old = farm.jws()
    move_clock(hours=2)
    assert denied(farm.check(token=old)) == ["EXPIRED"]
    assert logged(farm.token.production_id, CheckedEntry)[-1].reasons == ("EXPIRED",)
    assert farm.check().json()["lease"], "a fresh token of the same licence is good"


def test_token_of_another_key_is_denied(farm: Farm) -> None:
    jws = farm.jws()
    keys.rotate_key("TOKEN")
    assert farm.check(token=jws).json()["lease"], "a retired key still verifies"
    keys.revoke_key(next(k for k in keys.public_keys("TOKEN") if k != keys.signer_for("TOKEN").kid))
    assert denied(farm.check(token=jws)) == ["KEY_UNTRUSTED"]


def test_token_that_is_none_is_denied_and_kept_without_a_production(farm: Farm) -> None:
    answer = farm.check(token="not.a.token", proof="x.y.z")
    assert denied(answer) == ["TOKEN_MALFORMED"]
    assert RenderCheck.objects.get(pk=answer.json()["decision_id"]).production_id is None


def test_one_flipped_letter_of_the_signature_is_denied(farm: Farm) -> None:
    head, payload, signature = farm.jws().split(".")
    flipped = "A" if signature[10] != "A" else "B"
    forged = f"{head}.{payload}.{signature[:10]}{flipped}{signature[11:]}"
    assert denied(farm.check(token=forged)) == ["SIGNATURE_INVALID"]


@pytest.mark.parametrize(
    "token",
    [
        "", ".", "..", "a.b.c", "{}.{}.{}", "\u00e9.\u00e9.\u00e9", "x" * 16_000, ".".join("x" * 9),
        "eyJhbGciOiJub25lIn0.eyJqdGkiOjF9.", "eyJhbGciOiJub25lIn0.eyJqdGkiOiJub3QgYSB1dWlkIn0.AAAA",
        "eyJhbGciOiJub25lIn0.W10.AAAA", "'; drop table receipts_rendercheck; --.x.y",
    ],
)  # fmt: skip
def test_strange_tokens_are_denied_and_never_an_error(farm: Farm, token: str) -> None:
    answer = (
        farm.check(token=token, proof="e30.e30.e30")
        if token
        else farm.client.post(
            CHECKS, farm.body(token=""), content_type="application/json", headers=farm.headers
        )
    )
    assert denied(answer)[0] in {"TOKEN_MALFORMED", "KEY_UNTRUSTED", "SIGNATURE_INVALID"}


@pytest.mark.parametrize("proof", ["x", "a.b.c", "\u00e9.b.c", "e30.e30.e30", "x" * 5000])
def test_strange_proofs_are_denied_and_never_an_error(farm: Farm, proof: str) -> None:
    assert denied(farm.check(proof=proof))[0] in {"TOKEN_MALFORMED", "SENDER_MISMATCH", "SIGNATURE_INVALID"}


def test_lone_surrogate_in_a_token_is_malformed(farm: Farm) -> None:
    body = json.dumps(farm.body(token="\ud800.b.c")).encode()
    answer = farm.client.post(CHECKS, body, content_type="application/json", headers=farm.headers)
    assert refused(answer) == (422, "MALFORMED")


@pytest.mark.django_db(transaction=True)
def test_database_gone_in_mid_check_allows_nothing_and_keeps_nothing() -> None:
    """The backend is ended for real between the reservation and the commit."""
    farm = make_farm()
    jws, asked_at = farm.jws(), clock.rfc3339(clock.now())
    answers: list[Any] = []

    def ask() -> None:
        answers.append(farm.check(token=jws, key="k1", requested_at=asked_at))
        connection.close()

    with Waiting("after insert on receipts_rendercheck") as waiting:
        thread = threading.Thread(target=ask)
        thread.start()
        waiting.end_the_backend()
        thread.join()
    assert refused(answers[0]) == (503, "DATABASE_UNAVAILABLE")
    assert (Lease.objects.count(), RenderCheck.objects.count()) == (0, 0)
    assert not Quota.objects.filter(granted__gt=0).exists()
    again = farm.check(token=jws, key="k1", requested_at=asked_at).json()
    assert again["frames_reserved"] == 25


# -- revocation


@pytest.mark.req("ST-062")
def test_every_call_is_checked_and_revocation_is_seen_by_the_very_next(farm: Farm) -> None:
    jws = farm.jws()
    assert farm.check(token=jws).json()["lease"]
    revoke(farm.token)
    assert denied(farm.check(token=jws)) == ["REVOKED"]
    kinds = logged(farm.token.production_id, RevokedEntry)
    assert [entry.jti for entry in kinds] == [str(farm.token.pk)]


def test_state_is_read_anew_although_another_process_changed_it(farm: Farm) -> None:
    jws = farm.jws()
    assert farm.check(token=jws).json()["lease"]
    LicenceToken.objects.filter(pk=farm.token.pk).update(state="SUSPENDED")
    assert denied(farm.check(token=jws)) == ["SUSPENDED"]
    LicenceToken.objects.filter(pk=farm.token.pk).update(state="ACTIVE")
    assert farm.check(token=jws).json()["lease"]


# -- repeated questions


def test_same_key_and_body_get_the_same_answer_and_no_second_lease(farm: Farm) -> None:
    jws, asked_at = farm.jws(), clock.rfc3339(clock.now())
    first = farm.check(token=jws, key="block-7", requested_at=asked_at).json()
    again = farm.check(token=jws, key="block-7", requested_at=asked_at).json()
    assert {**again, "server_time": ""} == {**first, "server_time": ""}
    assert Lease.objects.filter(token_jti=farm.token.pk).count() == 1
    assert Quota.objects.get(token_jti=farm.token.pk).granted == 25


def test_same_key_and_another_body_are_a_conflict(farm: Farm) -> None:
    jws = farm.jws()
    farm.check(token=jws, key="block-7")
    answer = farm.check(token=jws, key="block-7", frame_range={"first": 50, "last": 74})
    assert refused(answer) == (409, "IDEMPOTENCY_CONFLICT")
    assert Quota.objects.get(token_jti=farm.token.pk).granted == 25


# -- what cannot be read is refused, never allowed


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"token": ', 422, "MALFORMED"),
        (b"[]", 422, "FIELDS_INVALID"),
        (b'{"token": "a", "token": "b"}', 422, "MALFORMED"),
        (b"{}", 422, "FIELDS_INVALID"),
        (b"\xff\xfe", 422, "MALFORMED"),
    ],
)
def test_unreadable_bodies_are_refused(farm: Farm, body: bytes, status: int, code: str) -> None:
    answer = farm.client.post(CHECKS, body, content_type="application/json", headers=farm.headers)
    assert refused(answer) == (status, code)
    assert not RenderCheck.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"frame_range": {"first": -1, "last": 3}},
        {"frame_range": {"first": 0, "last": 2**31}},
        {"frame_range": {"first": 0}},
        {"frame_range": "0-24"},
        {"requested_at": "yesterday"},
        {"use_type": None},
        {"shot": "x" * 121},
        {"shot": "nul\x00byte"},
        {"surprise": 1},
        {"units": {"metres": 3}},
    ],
)
def test_fields_out_of_form_are_refused_by_name(farm: Farm, changes: dict[str, Any]) -> None:
    answer = farm.check(**changes)
    assert refused(answer) == (422, "FIELDS_INVALID")
    assert answer.json()["errors"][0]["field"] or "surprise" in answer.json()["errors"][0]["message"]
    assert not Lease.objects.exists()


def test_wrong_content_type_and_oversized_bodies_are_refused(farm: Farm) -> None:
    form = farm.client.post(CHECKS, {"token": "x"}, headers=farm.headers)
    assert refused(form) == (415, "CONTENT_TYPE_UNSUPPORTED")
    huge = json.dumps({"token": "x" * 300_000}).encode()
    answer = farm.client.post(CHECKS, huge, content_type="application/json", headers=farm.headers)
    assert refused(answer) == (413, "BODY_TOO_LARGE")


def test_units_of_another_kind_and_ranges_too_long_are_refused(farm: Farm) -> None:
    assert refused(farm.check(units={"lines": 1})) == (422, "UNITS_MISMATCH")
    assert denied(farm.check(frame_range={"first": 9, "last": 3})) == ["FRAMES_EXHAUSTED"]
    wide = make_farm(frames_max=20_000)
    assert refused(wide.check(frame_range={"first": 0, "last": 9_999})) == (422, "RANGE_TOO_LONG")
    assert not Quota.objects.filter(granted__gt=0).exists()


# -- who may ask


def test_caller_needs_an_api_key_with_the_scope(farm: Farm) -> None:
    assert refused(farm.check(headers={})) == (401, "UNAUTHENTICATED")
    narrow, _ = factories.make_credential(farm.token.licensee, scopes=["licence:read"])
    assert refused(farm.check(headers=factories.bearer(narrow))) == (403, "SCOPE_MISSING")


def test_person_at_the_portal_does_not_render(farm: Farm) -> None:
    client = Client()
    client.force_login(farm.credential.created_by)
    assert refused(farm.check(client=client, headers={})) == (403, "API_KEY_NEEDED")


def test_decisions_are_listed_to_those_who_may_see_the_licence(farm: Farm) -> None:
    farm.check()
    farm.check(render_territory="FR")
    path = f"{CHECKS}?token={farm.token.pk}"
    page = farm.client.get(path, headers=farm.headers).json()
    assert [line["decision"] for line in page["results"]] == ["DENY", "ALLOW_WITH_OBLIGATIONS"]
    only = farm.client.get(f"{path}&refused=true&limit=1", headers=farm.headers).json()
    assert [line["reason_codes"] for line in only["results"]] == [["TERRITORY_DENIED"]]
    stranger, _ = factories.make_credential(factories.make_studio())
    assert refused(farm.client.get(path, headers=factories.bearer(stranger))) == (404, "NOT_FOUND")
