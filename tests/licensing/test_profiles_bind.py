"""A profile binds once counsel signed it off: notice holds activation, what is unmet is never issued."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Membership
from accounts.presence import StepUpRequired
from accounts.principals import Presence, Principal
from audit.models import Event
from common import clock
from common.errors import Conflict, DomainError, InvalidInput
from licensing import selectors, services
from licensing.models import LicenceToken, ProfileAdoption, ProfileSignOff
from tests import factories
from tests.licensing.conftest import Cast
from tests.licensing.persons import call
from trustcore.policy.profiles import catalogue, profile_hash

TVT = "SAG_TVT_2026@1"
WHOLE = {
    "declared": {"consent_form": "SEPARATE_DOCUMENT"},
    "compensation": {
        "basis": "PER_DAY_EQUIVALENT", "amount_minor": 100_000, "equivalent_days_estimated": 6,
        "equivalent_days_method": "Shooting days of the sequences",
    },
    "script": ({"ref": "s1", "version": "7", "sha256": "a" * 64, "dated": "2026-02-01T00:00:00Z"},),
    "terms": {"security": {"storage_class": "VAULTED"}},
}  # fmt: skip


def adopt(desk: Principal, profile: str = TVT) -> ProfileAdoption:
    return factories.adopt_profile(desk, profile)


@pytest.fixture
def guild_admin(cast: Cast) -> Principal:
    assert cast.production.guild is not None
    return factories.make_desk(cast.production.guild, "ADMIN")


@pytest.mark.req("BX-007")
def test_profile_of_the_guild_binds_the_studio_and_nothing_unmet_is_issued(
    cast: Cast, guild_admin: Principal, move_clock: Any
) -> None:
    adopt(guild_admin)
    bare = factories.make_submitted_request(cast.production, cast.talent)
    assert bare.current.terms["profiles"] == [TVT]
    seen = call(cast.agent, f"license-requests/{bare.pk}", method="get").json()
    assert {one["profile"] for one in seen["unmet"]} == {TVT}
    assert {key: value for key, value in seen["limits"][0].items() if key in {"name", "value"}} == {
        "name": "NOTICE_HOURS",
        "value": 48,
    }
    with pytest.raises(Conflict) as refused:
        factories.approve(bare)
    assert refused.value.code == "PROFILE_UNMET"
    assert "declared.consent_form" in {one["field"] for one in refused.value.extra["unmet"]}
    assert not LicenceToken.objects.exists()

    whole = factories.make_submitted_request(
        cast.production, cast.talent, **{**WHOLE, "terms": {**WHOLE["terms"]}}
    )
    assert whole.current.terms["approvals"]["checkpoints"] == ["ROLE", "SCRIPT"]  # nobody asked for them
    token = factories.approve(whole)
    assert token.not_before >= whole.notice_until
    assert selectors.effective_state(token) == "SUSPENDED"  # role and script have not passed
    for checkpoint in ("ROLE", "SCRIPT"):
        services.pass_checkpoint(principal=cast.agent, jti=token.pk, checkpoint=checkpoint)
    assert selectors.effective_state(token) == "PENDING_ACTIVATION"
    move_clock(hours=49)
    assert selectors.effective_state(token) == "ACTIVE"


def test_without_a_sign_off_no_profile_applies_and_none_can_be_named(cast: Cast) -> None:
    assert factories.make_submitted_request(cast.production, cast.talent).current.terms["profiles"] == []
    with pytest.raises(InvalidInput) as refused:
        factories.make_submitted_request(cast.production, cast.talent, profiles=(TVT,))
    assert refused.value.code == "PROFILE_NOT_ACTIVE"


def test_sign_off_is_an_administrators_over_the_text_that_was_read(
    cast: Cast, guild_admin: Principal
) -> None:
    def code(desk: Principal, **changes: Any) -> str:
        fields = {
            "profile": TVT,
            "profile_hash_read": profile_hash(catalogue()[TVT]),
        }
        with pytest.raises(DomainError) as refused:
            services.adopt_profile(principal=desk, **{**fields, **changes})
        return refused.value.code

    assert code(cast.agent) == "ADMIN_ONLY"
    assert code(guild_admin, profile="NO_SUCH@1") == "PROFILE_UNKNOWN"
    assert code(guild_admin, profile="CA_AB2655@1") == "PROFILE_STRUCK_DOWN"
    assert code(guild_admin, profile_hash_read="sha256:" + "0" * 64) == "PROFILE_CHANGED"
    assert code(guild_admin) == "SIGN_OFF_MISSING"
    row = adopt(guild_admin)
    assert code(guild_admin) == "PROFILE_ADOPTED"
    with pytest.raises(IntegrityError, match="sign-off"), transaction.atomic():
        ProfileAdoption.objects.filter(pk=row.pk).update(profile_hash="sha256:" + "1" * 64)
    services.end_adoption(principal=guild_admin, profile=TVT)
    with pytest.raises(IntegrityError, match="sign-off"), transaction.atomic():
        ProfileAdoption.objects.filter(pk=row.pk).update(ended_at=None)


def test_only_counsel_in_person_signs_off_and_somebody_else_brings_it_into_force(
    cast: Cast, guild_admin: Principal
) -> None:
    guild, digest = guild_admin.organisation, profile_hash(catalogue()[TVT])
    both = factories.make_desk(guild, "LEGAL", guild_admin.person)  # administrator and counsel in one

    def refused(act: Any, desk: Principal, text: str = digest) -> str:
        with pytest.raises(DomainError) as raised:
            act(principal=desk, profile=TVT, profile_hash_read=text)
        return raised.value.code

    for desk in (guild_admin, factories.make_desk(guild, "AUDITOR"), cast.agent, cast.self):
        assert refused(services.sign_off_profile, desk) == "COUNSEL_ONLY"
    assert refused(services.sign_off_profile, both, "sha256:" + "0" * 64) == "PROFILE_CHANGED"
    tired = replace(both, presence=Presence(proofs=(("PASSWORD", time.time() - 7200),)))
    with pytest.raises(StepUpRequired):
        services.sign_off_profile(principal=tired, profile=TVT, profile_hash_read=digest)
    signed = services.sign_off_profile(principal=both, profile=TVT, profile_hash_read=digest)
    told = Event.objects.get(kind="profile.signed_off")
    assert (told.details["hash"], told.person_id) == (digest, both.person.pk)
    assert refused(services.sign_off_profile, both) == "SIGNED_OFF"
    assert refused(services.adopt_profile, both) == "FOUR_EYES"
    for change in (
        lambda: ProfileSignOff.objects.update(profile_hash="sha256:" + "1" * 64),
        ProfileSignOff.objects.all().delete,
    ):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change()
    other = factories.make_desk(guild, "ADMIN")
    row = services.adopt_profile(principal=other, profile=TVT, profile_hash_read=digest)
    assert (row.sign_off, row.counsel_name) == (signed, both.person.full_name)


def test_database_refuses_a_sign_off_of_no_counsel_and_a_profile_in_force_without_one(
    cast: Cast, guild_admin: Principal
) -> None:
    guild, digest = guild_admin.organisation, profile_hash(catalogue()[TVT])
    row = {"organisation": guild, "profile": TVT, "profile_hash": digest}
    elsewhere = factories.sign_off(cast.agent.organisation, TVT)
    for person in (guild_admin.person, elsewhere.signed_by):
        with pytest.raises(IntegrityError, match="only the counsel"), transaction.atomic():
            ProfileSignOff.objects.create(**row, signed_by=person)
    own = factories.sign_off(guild, TVT)
    for sign_off, person in (
        (None, guild_admin.person),
        (elsewhere, guild_admin.person),
        (own, own.signed_by),
    ):
        with pytest.raises(IntegrityError, match="without a sign-off"), transaction.atomic():
            ProfileAdoption.objects.create(
                **row, sign_off=sign_off, counsel_name="C. Ounsel", signed_by=person
            )
    Membership.objects.filter(user=own.signed_by).update(ended_at=clock.now())
    with pytest.raises(IntegrityError, match="only the counsel"), transaction.atomic():
        ProfileSignOff.objects.create(**row, signed_by=own.signed_by)


def test_profile_that_changed_since_its_sign_off_stops_requests(
    cast: Cast, guild_admin: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    adopt(guild_admin)
    monkeypatch.setattr("licensing.services.profiles.profile_hash", lambda _profile: "sha256:" + "9" * 64)
    with pytest.raises(Conflict) as refused:
        factories.make_submitted_request(cast.production, cast.talent)
    assert refused.value.code == "PROFILE_CHANGED"


def test_catalogue_is_read_over_http_and_adopted_by_a_person(
    api: Any, cast: Cast, guild_admin: Principal
) -> None:
    listed = api.get("profiles").json()["profiles"]
    by_ref = {one["profile"]: one for one in listed}
    assert by_ref["CA_AB2655@1"]["status"] == "STRUCK_DOWN"
    assert by_ref[TVT]["adopted"] is False
    body = {"profile": TVT, "profile_hash": by_ref[TVT]["profile_hash"]}
    for act in ("profiles/sign-off", "profiles/adopt"):
        assert api.post(act, body).json()["code"] == "IN_PERSON"
    assert call(guild_admin, "profiles/sign-off", body).json()["code"] == "COUNSEL_ONLY"
    counsel = factories.make_desk(guild_admin.organisation, "LEGAL")
    signed = call(counsel, "profiles/sign-off", body)
    assert (signed.status_code, signed.json()["signed_off"], signed.json()["adopted"]) == (201, True, False)
    assert call(guild_admin, "profiles/adopt", body).status_code == 201
    assert call(guild_admin, "profiles/end", {"profile": TVT}).status_code == 204
    assert call(guild_admin, "profiles/end", {"profile": TVT}).status_code == 404


def test_exclusive_right_of_others_stands_against_an_ask_and_is_not_named(
    cast: Cast, api: Any, request_body: dict[str, Any]
) -> None:
    theirs = factories.make_production(cast.other_studio.organisation)
    factories.make_live_token(theirs, cast.talent, terms={"exclusivity": {"kind": "MEDIUM"}})
    refused = api.post("license-requests", request_body)
    assert (refused.status_code, refused.json()["code"]) == (409, "EXCLUSIVITY_CONFLICT")
    text = refused.content.decode()
    for secret in (
        theirs.title,
        str(theirs.pk),
        cast.other_studio.organisation.name,
        cast.other_studio.organisation.slug,
    ):
        assert secret not in text
    free = {**request_body, "channels": ["RADIO"]}
    assert api.post("license-requests", free).status_code == 201


def test_exclusive_right_granted_meanwhile_stands_against_the_approval(cast: Cast) -> None:
    waiting = factories.make_submitted_request(cast.production, cast.talent)
    theirs = factories.make_production(cast.other_studio.organisation)
    exclusive = factories.make_submitted_request(theirs, cast.talent, terms={"exclusivity": {"kind": "FULL"}})
    factories.approve(exclusive)
    with pytest.raises(Conflict) as refused:
        factories.approve(waiting)
    assert refused.value.code == "EXCLUSIVITY_CONFLICT"
    waiting.refresh_from_db()
    assert waiting.state == "SUBMITTED"
