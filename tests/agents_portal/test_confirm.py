"""Acts that bind at the portal: a fresh proof, a passkey's signature; and what happens when neither holds."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from accounts.models import ApiCredential, Membership
from accounts.services import add_member, require_passkeys
from compliance.models import Bundle
from licensing.models import LicenceToken, PersonSignature, RequestAction
from tests import factories
from tests.agents_portal.conftest import Cast, Reader, page_of
from tests.passkeys import SoftPasskey
from trustcore.passkey import challenge_of

PASSWORD = "a-long-enough-passphrase"


def stale(desk: Any, seconds_ago: float = 700) -> Reader:
    """Somebody whose sign-in was long ago, with a password to prove themselves anew."""
    desk.person.set_password(PASSWORD)
    desk.person.save()
    reader = Reader(desk)
    reader.client = factories.signed_in(desk.person, seconds_ago=seconds_ago)
    return reader


def approvals(asked: Any) -> int:
    return RequestAction.objects.filter(request=asked, kind="APPROVE").count()


@pytest.mark.req("BX-005")
def test_an_expired_proof_brings_the_same_screen_back_and_signs_nothing(cast: Cast) -> None:
    asked = cast.ask()
    reader, path = stale(cast.agent), f"/requests/{asked.pk}/approve/"
    told = {"terms_hash": asked.current.terms_hash}
    answer = reader.post(path, told)
    assert answer.status_code == 422
    page = page_of(answer)
    assert "Approve version 1 for Ilse Varga-Thorne?" in page
    assert "Nothing was signed" in page
    assert 'name="confirm_password"' in page.html
    assert approvals(asked) == 0
    wrong = reader.post(path, {**told, "confirm_password": "wrong"})
    assert wrong.status_code == 422
    assert "This password is not right." in page_of(wrong)
    assert approvals(asked) == 0
    assert reader.post(path, {**told, "confirm_password": PASSWORD}).status_code == 302
    assert approvals(asked) == 1


def test_edits_are_kept_when_the_proof_has_expired(cast: Cast) -> None:
    token, *_ = factories.make_live_token(cast.production, cast.talent)
    reader = stale(cast.agent)
    told = {"kind": "DISTRIBUTION_HOLD", "reason": "The scans went further than agreed."}
    answer = reader.post(f"/licences/{token.pk}/revoke/", told)
    assert answer.status_code == 422
    html = page_of(answer).html
    assert "The scans went further than agreed." in html
    assert 'value="DISTRIBUTION_HOLD"' in html
    assert LicenceToken.objects.get(pk=token.pk).state == "ACTIVE"
    reader.post(f"/licences/{token.pk}/revoke/", {**told, "confirm_password": PASSWORD})
    assert LicenceToken.objects.get(pk=token.pk).state == "REVOKED"


def test_a_form_that_knows_nothing_of_it_is_kept_by_a_page_that_asks(cast: Cast) -> None:
    reader = stale(cast.self)
    answer = reader.post("/stop/", {"confirm": "stop"})
    assert answer.status_code == 422
    page = page_of(answer)
    assert "What you entered is kept" in page
    assert '<input type="hidden" name="confirm" value="stop">' in page.html
    assert "Nothing was signed and nothing was changed yet." in page
    assert reader.post("/stop/", {"confirm": "stop", "confirm_password": PASSWORD}).status_code == 302


@pytest.mark.parametrize("act", ["key", "bundle"])
def test_keys_and_bundles_ask_too(cast: Cast, act: str, embedded_valkey: str) -> None:
    reader = stale(cast.producer)
    path, told = {
        "key": ("/keys/new/", {"name": "farm", "scopes": ["render:check"], "days": "30"}),
        "bundle": ("/bundles/new/", {"production": str(cast.production.pk), "purpose": "UNION_REPORTING"}),
    }[act]
    refused = reader.post(path, told)
    assert refused.status_code == 422
    assert "Confirm that it is you." in page_of(refused)
    assert not ApiCredential.objects.exists()
    assert not Bundle.objects.exists()
    reader.post(path, {**told, "confirm_password": PASSWORD})
    assert ApiCredential.objects.exists() or Bundle.objects.exists()


def test_an_api_call_of_a_session_is_refused_with_a_code(cast: Cast) -> None:
    asked = cast.ask()
    client = stale(cast.agent).client
    path = f"/api/v1/license-requests/{asked.pk}/approve"
    told = {"terms_hash": asked.current.terms_hash}
    answer = client.post(path, json.dumps(told), content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "STEP_UP_REQUIRED")
    device = SoftPasskey()
    device.enrol(cast.agent.person)
    told["passkey"] = device.sign(challenge_of(asked.current.terms_hash))
    assert client.post(path, json.dumps(told), content_type="application/json").status_code == 200
    assert PersonSignature.objects.get().person == cast.agent.person


@pytest.mark.req("BX-005")
def test_a_double_submit_signs_once(cast: Cast) -> None:
    asked = cast.ask()
    device = SoftPasskey()
    device.enrol(cast.agent.person)
    reader, path = stale(cast.agent), f"/requests/{asked.pk}/approve/"
    page = reader.page(path)
    assert "Approve version 1 with your passkey" in page
    assert "Without your passkey" not in page  # the proof is old, and there is no code to give another
    answer = json.dumps(device.sign(challenge_of(asked.current.terms_hash)))
    told = {"terms_hash": asked.current.terms_hash, "passkey": answer}
    assert reader.post(path, told).status_code == 302
    again = reader.post(path, told)
    assert again.status_code == 409
    assert PersonSignature.objects.count() == approvals(asked) == 1
    act = PersonSignature.objects.get().action_id
    assert f"/signatures/{act}/" in reader.page(f"/requests/{asked.pk}/").links
    shown = reader.page(f"/signatures/{act}/")
    assert "signed this with a passkey" in shown
    assert PersonSignature.objects.get().thumbprint in shown
    assert Reader(cast.other_agent).get(f"/signatures/{act}/").status_code == 404


@pytest.mark.req("BX-005")
def test_a_passkey_that_is_asked_for_leaves_no_other_way(cast: Cast) -> None:
    asked = cast.ask()
    require_passkeys(organisation=cast.agent.organisation, required=True)
    reader, path = Reader(cast.agent), f"/requests/{asked.pk}/approve/"
    assert "you have none here yet" in reader.page(path)
    told = {"terms_hash": asked.current.terms_hash}
    assert reader.post(path, told).status_code == 422
    SoftPasskey().enrol(cast.agent.person)
    assert "Without your passkey" not in reader.page(path)
    answer = reader.post(path, {**told, "passkey": json.dumps({"id": "nonsense"})})
    assert answer.status_code == 422
    assert "cannot be read" in page_of(answer)
    assert approvals(asked) == 0


def test_a_counter_is_signed_with_its_own_hash(cast: Cast) -> None:
    asked = cast.ask()
    device = SoftPasskey()
    device.enrol(cast.agent.person)
    reader = Reader(cast.agent)
    reader.post(f"/requests/{asked.pk}/change/", {"field": "frames_max", "value": "2000", "note": ""})
    page = reader.page(f"/requests/{asked.pk}/counter/")
    assert "Send the counter with your passkey" in page
    options = json.loads(
        page.html.split('data-passkey="get" data-options="')[1].split('"')[0].replace("&quot;", '"')
    )
    answer = device.sign(options["challenge"])
    told = {"terms_hash": asked.current.terms_hash, "note": "", "passkey": json.dumps(answer)}
    assert reader.post(f"/requests/{asked.pk}/counter/", told).status_code == 302
    assert PersonSignature.objects.get().action.kind == "COUNTER"


def test_one_who_came_in_by_an_organisation_acts_for_that_one_alone(cast: Cast) -> None:
    elsewhere = factories.make_studio("Elsewhere Films")
    add_member(organisation=elsewhere, user=cast.agent.person, role=Membership.Role.PRODUCER)
    client: Client = factories.signed_in(cast.agent.person, method="socialaccount", provider="x")
    assert client.get("/inbox/").status_code == 403  # vouched for, and nobody noted by whom: fail closed
    session = client.session
    session["admitted_by"] = str(cast.agent.organisation_id)
    session.save()
    assert client.get("/inbox/").status_code == 200
    client.post("/organisation/", {"organisation": str(elsewhere.pk)})
    assert client.get("/inbox/").status_code == 200
    assert "Elsewhere Films" not in page_of(client.get("/organisation/"))
