"""Training rights have a request, a consent and a token of their own; a render licence never holds one."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction

from common import clock
from common.errors import Conflict, DomainError
from common.keys import public_keys, signer_for
from licensing import selectors, services
from licensing.models import LicenceRequest, LicenceToken, TrainingConsent, TrainingRequest, TrainingToken
from tests import factories
from tests.licensing.conftest import Api, Cast
from tests.licensing.persons import call, make_minor
from trustcore.errors import InvalidToken
from trustcore.tokens import GRANT_TYP, LICENCE_TYP, TRAINING_TYP, encode_token, verify_token


@pytest.fixture
def body(cast: Cast) -> dict[str, Any]:
    return {
        "project": str(cast.production.pk),
        "talent": cast.talent.handle,
        "use_types": ["TRAINING_REPLICA"],
        "constructs": ["FACE_3D"],
        "replica_class": "EMPLOYMENT_BASED_DIGITAL_REPLICA",
        "description": "Fit one face model of Ada Merrow for sequences 041 to 047 of this film.",
        "days": 60,
        "runs_max": 2,
        "models": ["merrow-face"],
        "render_territory": ["US"],
        "distribution_territory": ["US"],
        "channels": ["THEATRICAL"],
    }


@pytest.fixture
def asked(api: Api, body: dict[str, Any]) -> TrainingRequest:
    made = api.post("training-requests", body)
    assert made.status_code == 201, made.content
    return TrainingRequest.objects.get(pk=made.json()["id"])


def consent(cast: Cast, asked: TrainingRequest) -> TrainingToken:
    return services.approve_training(principal=cast.self, request_id=asked.pk, terms_hash=asked.terms_hash)


@pytest.mark.req("ST-080", "BX-009")
def test_talent_alone_consents_to_training_and_gets_a_token_of_its_own_type(
    api: Api, cast: Cast, asked: TrainingRequest
) -> None:
    path, word = f"training-requests/{asked.pk}/approve", {"terms_hash": asked.terms_hash}
    administrator = factories.make_desk(cast.talent.organisation, "ADMIN")
    for desk in (cast.agent, administrator):
        refused = call(desk, path, word)
        assert (refused.status_code, refused.json()["code"]) == (403, "TALENT_ONLY")
    assert call(cast.other_studio, path, word).status_code == 404
    own_key = factories.make_credential(cast.talent.organisation, created_by=cast.self.person)[0]
    assert Api(api.client, own_key).post(path, word).json()["code"] == "IN_PERSON"
    assert call(cast.self, path, {"terms_hash": "sha256:" + "0" * 64}).json()["code"] == "TERMS_CHANGED"
    assert not TrainingToken.objects.exists()
    token = call(cast.self, path, word).json()
    assert token["use_types"] == ["TRAINING_REPLICA"]
    beat = api.post(f"training-tokens/{token['jti']}/heartbeat").json()
    keys, audience = public_keys("TOKEN"), f"urn:trustmark:client:{api.credential.pk}"
    facts = {
        "keys": keys,
        "issuer": settings.BASE_URL,
        "audience": audience,
        "now": int(clock.now().timestamp()),
    }
    claims = verify_token(beat["token"], typ=TRAINING_TYP, **facts)
    assert claims.trn is True
    assert [str(use) for use in claims.ut] == ["TRAINING_REPLICA"]
    with pytest.raises(InvalidToken):
        verify_token(beat["token"], typ=LICENCE_TYP, **facts)
    assert not LicenceToken.objects.exists()
    assert not LicenceRequest.objects.exists()


@pytest.mark.req("ST-080")
def test_render_token_with_training_is_neither_signed_nor_accepted_and_the_reverse(
    api: Api, cast: Cast, asked: TrainingRequest
) -> None:
    token = consent(cast, asked)
    render, credential, _ = factories.make_live_token(cast.production, cast.talent)
    facts = {
        "keys": public_keys("TOKEN"),
        "issuer": settings.BASE_URL,
        "audience": None,
        "now": int(clock.now().timestamp()),
    }
    jws = factories.minted(render.pk, credential)
    claims = verify_token(jws, typ=LICENCE_TYP, **facts)
    with pytest.raises(InvalidToken):
        verify_token(jws, typ=TRAINING_TYP, **facts)
    with pytest.raises(InvalidToken):
        encode_token(claims, signer_for("TOKEN"), TRAINING_TYP)
    trained = api.post(f"training-tokens/{token.pk}/heartbeat").json()["token"]
    with pytest.raises(InvalidToken):
        encode_token(verify_token(trained, typ=TRAINING_TYP, **facts), signer_for("TOKEN"), LICENCE_TYP)
    grant = verify_token(token.grant_jws, typ=GRANT_TYP, **{**facts, "now": None})
    assert grant.terms_hash == token.terms_hash
    assert api.post(f"tokens/{token.pk}/heartbeat").status_code == 404
    assert api.post(f"training-tokens/{render.pk}/heartbeat").status_code == 404


@pytest.mark.req("ST-080")
def test_database_keeps_training_in_its_own_tables_and_wants_the_talents_consent(
    cast: Cast, asked: TrainingRequest
) -> None:
    fields = {one.attname: getattr(asked, one.attname) for one in TrainingRequest._meta.concrete_fields}
    fields |= {"id": cast.production.pk, "licence_id": cast.production.pk}
    for wrong in (["FACE_RENDER"], ["TRAINING_REPLICA", "FACE_RENDER"], []):
        with pytest.raises(IntegrityError, match="asks_for_training_alone"), transaction.atomic():
            TrainingRequest.objects.create(**fields | {"use_types": wrong})
    with pytest.raises(IntegrityError, match="only the talent consents"), transaction.atomic():
        TrainingConsent.objects.create(
            request=asked, talent=cast.talent, given_by=cast.agent.person, terms_hash=asked.terms_hash,
            given_at=asked.submitted_at,
        )  # fmt: skip
    token = consent(cast, asked)
    other = TrainingRequest.objects.create(**fields)
    columns = {one.attname: getattr(token, one.attname) for one in TrainingToken._meta.concrete_fields}
    columns |= {"jti": cast.production.pk, "request_id": other.pk}
    with pytest.raises(IntegrityError, match="grants_training_alone"), transaction.atomic():
        TrainingToken.objects.create(**columns | {"use_types": ["FACE_RENDER"]})
    with pytest.raises(IntegrityError, match="without the talent's consent"), transaction.atomic():
        TrainingToken.objects.create(**columns)
    TrainingRequest.objects.filter(pk=other.pk).update(state="APPROVED")
    with pytest.raises(IntegrityError, match="without the talent's consent"), transaction.atomic():
        TrainingToken.objects.create(**columns)
    with pytest.raises(IntegrityError, match="locked"), transaction.atomic():
        TrainingToken.objects.filter(pk=token.pk).update(runs_max=99)
    with pytest.raises(IntegrityError, match="answered once"), transaction.atomic():
        TrainingRequest.objects.filter(pk=other.pk).update(state="SUBMITTED")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"use_types": ["FACE_RENDER"]}, "TRAINING_ONLY"),
        ({"use_types": ["TRAINING_REPLICA", "FACE_RENDER"]}, "TRAINING_ONLY"),
        ({"use_types": []}, "INPUT_INVALID"),
        ({"description": "All of it."}, "DESCRIPTION_TOO_VAGUE"),
        ({"runs_max": 0}, "INPUT_INVALID"),
        ({"render_territory": ["XX"]}, "TERMS_INVALID"),
    ],
)
def test_malformed_training_request_is_refused(
    api: Api, body: dict[str, Any], changes: dict[str, Any], code: str
) -> None:
    refused = api.post("training-requests", {**body, **changes})
    assert refused.status_code == 422
    if code != "INPUT_INVALID":
        assert refused.json()["code"] == code
    assert not TrainingRequest.objects.exists()


def test_hidden_talent_answers_as_nobody(stranger_api: Api, api: Api, body: dict[str, Any]) -> None:
    hidden = factories.make_talent(visibility="HIDDEN")
    answers = [
        api.post("training-requests", {**body, "talent": name}) for name in (hidden.handle, "nobody-here")
    ]
    assert [one.status_code for one in answers] == [404, 404]
    assert answers[0].content == answers[1].content
    assert stranger_api.post("training-requests", body).status_code == 404


def test_training_stands_still_under_a_hold_ends_with_the_stop_and_is_revoked_by_the_talent(
    api: Api, cast: Cast, asked: TrainingRequest, body: dict[str, Any]
) -> None:
    token = consent(cast, asked)
    services.emergency_stop(
        principal=cast.self, talent=cast.talent, reason="Stop for now.", ends_licences=False
    )
    held = api.post(f"training-tokens/{token.pk}/heartbeat").json()
    assert (held["state"], held["token"]) == ("SUSPENDED", None)
    services.lift_emergency_stop(principal=cast.self, talent=cast.talent)
    assert api.post(f"training-tokens/{token.pk}/heartbeat").json()["state"] == "ACTIVE"
    refused = call(cast.agent, f"training-tokens/{token.pk}/revoke", {"reason": "Because."})
    assert refused.json()["code"] == "TALENT_ONLY"
    assert (
        call(cast.self, f"training-tokens/{token.pk}/revoke", {"reason": "Enough."}).json()["state"]
        == "REVOKED"
    )
    assert (
        call(cast.self, f"training-tokens/{token.pk}/revoke", {"reason": "Enough."}).json()["code"]
        == "TOKEN_STATE"
    )
    second = TrainingRequest.objects.get(pk=api.post("training-requests", body).json()["id"])
    third = TrainingRequest.objects.get(pk=api.post("training-requests", body).json()["id"])
    running = consent(cast, second)
    services.emergency_stop(principal=cast.self, talent=cast.talent, reason="Stop everything.")
    running.refresh_from_db()
    third.refresh_from_db()
    assert (running.state, third.state) == ("REVOKED", "DECLINED")


def test_training_request_is_answered_once_and_lapses(
    api: Api, cast: Cast, asked: TrainingRequest, body: dict[str, Any], move_clock: Any
) -> None:
    declined = call(cast.self, f"training-requests/{asked.pk}/decline", {"reason": "No training."}).json()
    assert declined["state"] == "DECLINED"
    with pytest.raises(Conflict):
        consent(cast, asked)
    taken_back = api.post("training-requests", body).json()["id"]
    assert api.post(f"training-requests/{taken_back}/withdraw").json()["state"] == "WITHDRAWN"
    waiting = TrainingRequest.objects.get(pk=api.post("training-requests", body).json()["id"])
    move_clock(days=400)
    with pytest.raises(DomainError, match="REQUEST_LAPSED"):
        consent(cast, waiting)
    assert services.lapse_training_requests() == 1


def test_guardian_consents_to_training_of_a_minor_and_the_minor_does_not(
    cast: Cast, api: Api, body: dict[str, Any]
) -> None:
    minor, guardian, _ = make_minor()
    made = TrainingRequest.objects.get(
        pk=api.post("training-requests", {**body, "talent": minor.handle}).json()["id"]
    )
    answer = {"request_id": made.pk, "terms_hash": made.terms_hash}
    with pytest.raises(DomainError, match="TALENT_ONLY"):
        services.approve_training(principal=factories.desk_of_talent(minor), **answer)
    token = services.approve_training(principal=guardian, **answer)
    assert selectors.training_state(token) == "ACTIVE"


def test_guardian_who_works_for_the_studio_does_not_consent_to_its_training(
    api: Api, cast: Cast, body: dict[str, Any]
) -> None:
    minor, guardian, _ = make_minor()
    made = api.post("training-requests", {**body, "talent": minor.handle})
    asked = TrainingRequest.objects.get(pk=made.json()["id"])
    works_there = factories.make_desk(cast.producer.organisation, "PRODUCER", guardian.person)
    word = {"request_id": asked.pk, "terms_hash": asked.terms_hash}
    for desk in (guardian, works_there):
        with pytest.raises(DomainError) as refused:
            services.approve_training(principal=desk, **word)
        assert refused.value.code == "FOUR_EYES"
    assert not TrainingToken.objects.exists()
