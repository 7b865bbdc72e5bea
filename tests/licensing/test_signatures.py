"""Approvals that a person signs with their own passkey: bound to the person, the terms, the act, and used once."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.presence import StepUpRequired
from accounts.principals import Presence, Principal
from accounts.services import require_passkeys
from audit.models import Event
from common.errors import Conflict, DomainError, Forbidden
from licensing import services
from licensing.models import LicenceRequest, LicenceToken, PersonSignature, RequestAction
from licensing.selectors import signature_detail
from licensing.selectors.holds import stop_in_force
from licensing.services.signatures import require_bound
from tests import factories
from tests.passkeys import VERIFIED, SoftPasskey
from trustcore.passkey import challenge_of
from trustcore.policy.terms import terms_hash

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked() -> LicenceRequest:
    return factories.make_submitted_request()


@pytest.fixture
def agent(asked: LicenceRequest) -> Principal:
    return factories.decider_of(asked)


@pytest.fixture
def device(agent: Principal) -> SoftPasskey:
    made = SoftPasskey()
    made.enrol(agent.person)
    return made


def at(desk: Principal, *methods: str, seconds_ago: float = 0.0) -> Principal:
    """The desk in a session in which the person proved themselves by ``methods``, some seconds ago."""
    return replace(desk, presence=Presence(tuple((one, time.time() - seconds_ago) for one in methods)))


def approve(desk: Principal, asked: LicenceRequest, **told: Any) -> LicenceToken | None:
    return services.approve_request(
        principal=desk, request_id=asked.pk, terms_hash=asked.current.terms_hash, **told
    )


def code(desk: Principal, asked: LicenceRequest, **told: Any) -> str:
    with pytest.raises(DomainError) as caught:
        approve(desk, asked, **told)
    assert not RequestAction.objects.filter(request=asked, kind="APPROVE").exists()
    return str(caught.value.extra.get("reason", caught.value.code))


@pytest.mark.req("BX-005")
def test_a_signature_is_stored_with_its_act_and_told_in_the_log(
    asked: LicenceRequest, agent: Principal, device: SoftPasskey
) -> None:
    token = approve(at(agent), asked, passkey=device.sign(challenge_of(asked.current.terms_hash)))
    assert token is not None
    act = RequestAction.objects.get(request=asked, kind="APPROVE")
    assert act.method == "PASSKEY"
    assert act.signature.person == agent.person
    entry = json.loads(bytes(Event.objects.get(kind="licence.issued").log_entry))
    party = entry["approvals"][-1]
    assert (party["method"], party["proof"]) == ("PASSKEY", act.signature.digest)
    detail = signature_detail(agent, act.pk)
    assert detail is not None
    assert detail.problem == ""
    assert detail.kept.thumbprint == act.signature.thumbprint


@pytest.mark.req("BX-005")
@pytest.mark.parametrize(
    ("bent", "expected"),
    [
        ({"origin": "https://evil.test"}, "ORIGIN_MISMATCH"),
        ({"rp_id": "evil.test"}, "RELYING_PARTY_MISMATCH"),
        ({"flags": 0x01}, "USER_NOT_VERIFIED"),
        ({"flags": VERIFIED}, "USER_NOT_VERIFIED"),
        ({"key": SoftPasskey().key}, "SIGNATURE_INVALID"),
        ({"kind": "webauthn.create"}, "MALFORMED"),
        ({"extra": {"crossOrigin": True}}, "ORIGIN_MISMATCH"),
    ],
)
def test_a_signature_made_otherwise_binds_nobody(
    asked: LicenceRequest, agent: Principal, device: SoftPasskey, bent: dict[str, Any], expected: str
) -> None:
    answer = device.sign(challenge_of(asked.current.terms_hash), **bent)
    assert code(at(agent, "PASSKEY"), asked, passkey=answer) == expected


@pytest.mark.req("BX-005")
def test_a_signature_over_other_terms_binds_nobody(
    asked: LicenceRequest, agent: Principal, device: SoftPasskey
) -> None:
    other = challenge_of(f"sha256:{'a' * 64}")
    assert code(at(agent, "PASSKEY"), asked, passkey=device.sign(other)) == "CHALLENGE_MISMATCH"


@pytest.mark.req("BX-005")
def test_the_passkey_of_another_person_binds_nobody(asked: LicenceRequest, agent: Principal) -> None:
    stranger = SoftPasskey()
    stranger.enrol(factories.make_user())
    answer = stranger.sign(challenge_of(asked.current.terms_hash))
    assert code(at(agent, "PASSKEY"), asked, passkey=answer) == "PASSKEY_UNKNOWN"


@pytest.mark.parametrize("answer", [{}, {"id": "x"}, {"rawId": 1, "response": []}, {"response": None}])
def test_what_is_no_answer_of_a_passkey_is_refused(
    asked: LicenceRequest, agent: Principal, device: SoftPasskey, answer: dict[str, Any]
) -> None:
    assert code(at(agent, "PASSKEY"), asked, passkey=answer) == "PASSKEY_MALFORMED"


@pytest.mark.req("BX-005")
def test_one_signature_is_one_act(asked: LicenceRequest, agent: Principal, device: SoftPasskey) -> None:
    """Somebody keeps the answer of an earlier act, on the very same terms, and sends it again."""
    stolen = device.sign(challenge_of(asked.current.terms_hash))
    approve(at(agent), asked, passkey=stolen)
    again = factories.make_submitted_request(
        asked.production, asked.talent, producer=factories.make_producer(asked.licensee)
    )
    assert again.current.terms_hash == asked.current.terms_hash
    with pytest.raises(Conflict) as caught:
        approve(at(agent), again, passkey=stolen)
    assert caught.value.code == "SIGNATURE_USED"
    assert not RequestAction.objects.filter(request=again, kind="APPROVE").exists()
    fresh = device.sign(challenge_of(again.current.terms_hash))
    assert approve(at(agent), again, passkey=fresh) is not None
    assert PersonSignature.objects.count() == 2


def test_a_copied_passkey_shows_by_its_counter(asked: LicenceRequest, agent: Principal) -> None:
    device = SoftPasskey(keeps_count=True, counter=40)
    row = device.enrol(agent.person)
    row.data["sign_count"] = 50
    row.save()
    answer = device.sign(challenge_of(asked.current.terms_hash))
    assert code(at(agent, "PASSKEY"), asked, passkey=answer) == "COUNTER_MISMATCH"


@pytest.mark.parametrize(
    ("methods", "seconds_ago", "is_enrolled", "is_bound"),
    [
        (("PASSWORD",), 10, False, True),
        (("PASSWORD",), 601, False, False),
        (("PASSWORD",), -30, False, False),  # a proof from the future is none
        (("PASSWORD",), 10, True, False),  # whoever has a second factor proves it with that
        (("TOTP",), 10, True, True),
        (("PASSKEY",), 10, True, True),
        (("PASSWORD", "PASSKEY"), 700, True, False),
        ((), 0, False, False),
    ],
)
def test_without_a_signature_the_person_has_just_proved_who_they_are(
    asked: LicenceRequest,
    agent: Principal,
    methods: tuple[str, ...],
    seconds_ago: float,
    is_enrolled: bool,
    is_bound: bool,
) -> None:
    if is_enrolled:
        SoftPasskey().enrol(agent.person)
    desk = at(agent, *methods, seconds_ago=seconds_ago)
    if is_bound:
        assert approve(desk, asked) is not None
        return
    assert code(desk, asked) == "STEP_UP_REQUIRED"


@pytest.mark.req("BX-005")
@pytest.mark.parametrize("who", ["agency", "talent"])
def test_where_a_passkey_is_asked_for_nothing_else_will_do(
    asked: LicenceRequest, agent: Principal, device: SoftPasskey, who: str
) -> None:
    whose = agent.organisation if who == "agency" else asked.talent.organisation
    require_passkeys(organisation=whose, required=True)
    agent.organisation.refresh_from_db()
    asked.talent.organisation.refresh_from_db()
    assert code(at(agent, "PASSKEY", "PASSWORD"), asked) == "PASSKEY_REQUIRED"
    assert code(agent, asked) == "PASSKEY_REQUIRED"  # nor does a caller within this process get past it
    assert approve(at(agent), asked, passkey=device.sign(challenge_of(asked.current.terms_hash)))


def test_both_sides_sign_a_counter_and_its_acceptance(
    asked: LicenceRequest, agent: Principal, device: SoftPasskey
) -> None:
    changes = {"scope.frames_max": 2000}
    terms = services.preview_counter(principal=agent, request_id=asked.pk, changes=changes)
    answer = device.sign(challenge_of(terms_hash(terms)))
    services.counter_request(
        principal=at(agent),
        request_id=asked.pk,
        terms_hash=asked.current.terms_hash,
        changes=changes,
        passkey=answer,
    )
    asked.refresh_from_db()
    assert asked.current.terms_hash == terms_hash(terms)
    producer = factories.make_producer(asked.licensee)
    own = SoftPasskey()
    own.enrol(producer.person)
    with pytest.raises(StepUpRequired):
        services.accept_counter(
            principal=at(producer), request_id=asked.pk, terms_hash=asked.current.terms_hash
        )
    services.accept_counter(
        principal=at(producer),
        request_id=asked.pk,
        terms_hash=asked.current.terms_hash,
        passkey=own.sign(challenge_of(asked.current.terms_hash)),
    )
    kinds = PersonSignature.objects.values_list("action__kind", flat=True)
    assert sorted(kinds) == ["ACCEPT_COUNTER", "COUNTER"]


def test_other_acts_that_bind_ask_for_a_fresh_proof() -> None:
    token, *_ = factories.make_live_token()
    talent = token.talent
    desk = factories.desk_of_talent(talent)
    stale = at(desk, "PASSWORD", seconds_ago=601)
    agent = factories.make_agent(factories.make_agency())
    acts = (
        lambda who: services.revoke_token(
            principal=who, jti=token.pk, kind="PROSPECTIVE", disposition="KEEP", reason="No more."
        ),
        lambda who: services.emergency_stop(principal=who, talent=talent, reason="Stop."),
        lambda who: services.end_mandate(principal=who, talent=talent),
        lambda who: services.grant_mandate(
            principal=who,
            talent=talent,
            agency=agent.organisation,
            agent=None,
            mode="AGENT_WITHIN_MANDATE",
            use_types=("FACE_RENDER",),
        ),
        lambda who: services.lift_hold(principal=who, hold_id=stop_in_force(talent.pk).pk),
        lambda who: services.instruct(principal=who, talent=talent, kind="PAYEE", body={"payee": "me"}),
    )
    services.emergency_stop(principal=desk, talent=talent, reason="A pause.", ends_licences=False)
    for act in acts:
        with pytest.raises(StepUpRequired):
            act(stale)
    token.refresh_from_db()
    assert token.state == "ACTIVE"
    for act in acts:
        act(at(desk, "PASSWORD"))


def test_signatures_are_never_changed(asked: LicenceRequest, agent: Principal, device: SoftPasskey) -> None:
    approve(at(agent), asked, passkey=device.sign(challenge_of(asked.current.terms_hash)))
    kept = PersonSignature.objects.get()
    for statement in (
        "update licensing_personsignature set digest = 'x'",
        "delete from licensing_personsignature",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    other = RequestAction.objects.filter(request=asked, kind="SUBMIT").get()
    with pytest.raises(DatabaseError), transaction.atomic():
        _forge(other, agent, kept)


def _forge(act: RequestAction, agent: Principal, kept: PersonSignature) -> None:
    """Put a signature under an act that its person did not sign."""
    PersonSignature.objects.create(
        action=act,
        person=agent.person,
        terms_hash=kept.terms_hash,
        credential_id=kept.credential_id,
        thumbprint=kept.thumbprint,
        sign_count=0,
        kept=kept.kept,
        digest="b" * 64,
    )
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")


def test_a_signature_is_shown_to_the_parties_alone(
    asked: LicenceRequest, agent: Principal, device: SoftPasskey
) -> None:
    approve(at(agent), asked, passkey=device.sign(challenge_of(asked.current.terms_hash)))
    act = RequestAction.objects.get(request=asked, kind="APPROVE")
    assert signature_detail(factories.make_producer(asked.licensee), act.pk) is not None
    assert signature_detail(factories.make_producer(factories.make_studio()), act.pk) is None


def test_an_api_key_signs_nothing_with_a_passkey(asked: LicenceRequest, device: SoftPasskey) -> None:
    credential, _ = factories.make_credential(asked.licensee)
    with pytest.raises(Forbidden) as caught, transaction.atomic():
        require_bound(
            factories.desk_of_key(credential), asked.talent, asked.current.terms_hash, device.sign(b"x")
        )
    assert caught.value.code == "IN_PERSON"
