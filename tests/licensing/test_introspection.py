"""Introspection: the parties learn what holds now; for everybody else there is no such token."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import ApiCredential
from common import keys
from licensing import services
from licensing.models import LicenceToken
from tests import factories
from tests.licensing.conftest import Cast
from tests.trustcore.forge import forge

URL = "/api/v1/introspect"
FORM = "application/x-www-form-urlencoded"


def form(credential: ApiCredential, body: str, content_type: str = FORM) -> Any:
    return Client().post(URL, body, content_type=content_type, headers=factories.bearer(credential))


def answer(credential: ApiCredential, token: str) -> Any:
    response = form(credential, f"token={token}")
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    return response.json()


@pytest.fixture
def licence(cast: Cast) -> tuple[LicenceToken, ApiCredential, str]:
    token, credential, _ = factories.make_live_token(cast.production, cast.talent)
    return token, credential, factories.minted(token.pk, credential)


def test_party_reads_all_that_a_living_token_says(licence: tuple[LicenceToken, ApiCredential, str]) -> None:
    token, credential, jws = licence
    found = answer(credential, jws)
    assert (found["active"], found["token_type"], found["jti"]) == (True, "DPoP", str(token.pk))
    assert found["cnf"] == {"jkt": credential.jkt}
    assert found["authorization_details"][0]["actions"] == ["FACE_RENDER", "VOICE_RENDER"]
    assert found["exp"] > found["iat"]
    with_hint = form(credential, f"token={jws}&token_type_hint=access_token")
    assert with_hint.json()["active"] is True


def test_stranger_hears_what_is_said_of_no_token_at_all(
    licence: tuple[LicenceToken, ApiCredential, str],
) -> None:
    _, owner, jws = licence
    stranger, _ = factories.make_credential(factories.make_studio())
    assert answer(owner, jws)["active"] is True
    hidden = form(stranger, f"token={jws}")
    unknown = form(stranger, "token=a.b.c")
    assert hidden.json() == unknown.json() == {"active": False}
    assert hidden.content == unknown.content
    assert {k: v for k, v in hidden.headers.items() if k != "Date"} == dict(unknown.headers.items())


def test_granting_agency_reads_a_token_and_another_agency_does_not(
    cast: Cast, licence: tuple[LicenceToken, ApiCredential, str]
) -> None:
    agency, _ = factories.make_credential(cast.agent.organisation)
    other, _ = factories.make_credential(cast.other_agent.organisation)
    assert answer(agency, licence[2])["active"] is True
    assert answer(other, licence[2]) == {"active": False}


def test_token_of_a_revoked_licence_is_not_active(
    cast: Cast, licence: tuple[LicenceToken, ApiCredential, str]
) -> None:
    token, credential, jws = licence
    services.revoke_token(
        principal=cast.agent, jti=token.pk, kind="PROSPECTIVE", disposition="KEEP", reason="Over."
    )
    assert answer(credential, jws) == {"active": False}


def test_token_past_its_own_end_is_not_active(
    licence: tuple[LicenceToken, ApiCredential, str], move_clock: Any
) -> None:
    move_clock(hours=2)
    assert answer(licence[1], licence[2]) == {"active": False}


def test_token_of_a_revoked_key_and_a_forged_one_are_not_active(
    licence: tuple[LicenceToken, ApiCredential, str], settings: Any
) -> None:
    settings.SIGNER_CACHE_SECONDS = 0
    _, credential, jws = licence
    signer = keys.signer_for("TOKEN")
    assert answer(credential, forge(jws, signer))["active"] is True
    assert answer(credential, forge(jws, signer, aud=None)) == {"active": False}
    keys.rotate_key("TOKEN")
    assert answer(credential, jws)["active"] is True
    keys.revoke_key(signer.kid)
    assert answer(credential, jws) == {"active": False}


def test_licence_whose_holder_changed_hands_is_not_active(
    licence: tuple[LicenceToken, ApiCredential, str],
) -> None:
    token, credential, jws = licence
    token.licensee.control_generation += 1
    token.licensee.save()
    assert answer(credential, jws) == {"active": False}


def test_form_that_is_not_one_token_is_refused(licence: tuple[LicenceToken, ApiCredential, str]) -> None:
    _, credential, jws = licence
    assert form(credential, f"token={jws}&token={jws}").json()["code"] == "PARAMETER_REPEATED"
    assert form(credential, "").status_code == 422
    assert form(credential, f"token={jws}&more=1").status_code == 422
    assert form(credential, '{"token": "a"}', "application/json").status_code == 415
    assert form(credential, "token=" + "a" * 20_000).json() == {"active": False}


def test_introspection_needs_a_key_with_its_scope(licence: tuple[LicenceToken, ApiCredential, str]) -> None:
    token, credential, jws = licence
    poor, _ = factories.make_credential(token.licensee, scopes=["render:check"])
    refused = form(poor, f"token={jws}")
    assert (refused.status_code, refused.json()["code"]) == (403, "SCOPE_MISSING")
    assert Client().post(URL, f"token={jws}", content_type=FORM).status_code == 401
    assert Client().get(URL, headers=factories.bearer(credential)).status_code == 405


@pytest.mark.req("ST-085")
def test_downstream_vendor_reads_the_boundary_and_nothing_of_the_person(cast: Cast) -> None:
    vendor = factories.make_vendor()
    token, credential, _ = factories.make_live_token(
        cast.production, cast.talent, vendors=[vendor], credential_of=vendor, shots=("0410_0020",)
    )
    response = form(credential, f"token={factories.minted(token.pk, credential)}")
    found = response.json()
    assert found["active"] is True
    assert (found["sub"], found["prj"], found["trn"]) == (str(vendor.pk), str(cast.production.pk), False)
    assert found["scope"] == {"shots": ["0410_0020"]}
    assert found["quota"]["frames"] == 3000
    assert found["ter"]["render"] == ["CA", "GB", "US"]
    # nothing by which the person could be known: no name, no handle, no place of a scan
    for private in (cast.talent.stage_name, cast.talent.handle, "vault://", str(cast.talent.pk), "Merrow"):
        assert private not in response.content.decode()
    other, _ = factories.make_credential(factories.make_vendor())
    assert form(other, f"token={factories.minted(token.pk, credential)}").json() == {"active": False}
