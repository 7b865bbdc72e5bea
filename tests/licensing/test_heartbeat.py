"""The heartbeat: a short-lived token for one key, and early word of the end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client

from audit.models import Event
from common import clock
from common.keys import public_keys
from licensing import services
from licensing.models import Alert
from tests import factories
from tests.licensing.conftest import Api, Cast
from trustcore.claims import LicenceClaims
from trustcore.errors import InvalidToken
from trustcore.tokens import verify_token


def _read(jws: str, audience: str) -> LicenceClaims:
    return verify_token(
        jws,
        keys=public_keys("TOKEN"),
        issuer=settings.BASE_URL,
        audience=audience,
        now=int(clock.now().timestamp()),
    )


def _beat(api: Api, jti: object) -> dict[str, object]:
    answer = api.post(f"tokens/{jti}/heartbeat")
    assert answer.status_code == 200, answer.content
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.json()  # type: ignore[no-any-return]


def test_token_is_bound_to_the_key_that_asks_and_lives_an_hour(api: Api, cast: Cast) -> None:
    token, _, _ = factories.make_live_token(cast.production, cast.talent)
    body = _beat(api, token.pk)
    audience = f"urn:trustmark:client:{api.credential.pk}"
    claims = _read(str(body["token"]), audience)
    assert claims.cnf is not None
    assert claims.cnf.jkt == api.credential.jkt
    assert 3590 <= claims.exp - claims.iat <= 3600
    assert (claims.jti, claims.ver, claims.trn) == (str(token.pk), 1, False)
    assert claims.sub == str(cast.producer.organisation_id)
    assert claims.sts is not None
    assert claims.sts.uri.endswith(f"/status-lists/{token.status_list}")
    assert claims.sts.idx == token.status_index
    assert claims.mrk == ("AUDIO", "PIXEL")
    assert (claims.hb, claims.off.seconds, claims.off.frames) == (300, 600, 100)
    assert claims.coc == token.control_generation
    assert claims.consent_hash == token.grant.consent_hash
    with pytest.raises(InvalidToken, match="AUDIENCE_MISMATCH"):
        _read(str(body["token"]), "urn:trustmark:client:another")


def test_listed_vendor_gets_its_own_token_and_everybody_else_404(cast: Cast) -> None:
    vendor, outsider = factories.make_vendor(), factories.make_vendor()
    token, _, _ = factories.make_live_token(cast.production, cast.talent, vendors=[vendor])
    listed = Api(Client(), factories.make_credential(vendor)[0])
    claims = _read(str(_beat(listed, token.pk)["token"]), f"urn:trustmark:client:{listed.credential.pk}")
    assert claims.sub == str(vendor.pk)
    agency, guild = cast.agent.organisation, cast.production.guild
    assert guild is not None
    for other in (outsider, cast.other_studio.organisation, agency, guild):
        stranger = Api(Client(), factories.make_credential(other)[0])
        refused = stranger.post(f"tokens/{token.pk}/heartbeat")
        unknown = stranger.post(f"tokens/{cast.production.pk}/heartbeat")
        assert refused.status_code == 404
        assert refused.content == unknown.content


def test_key_without_proof_key_is_refused(cast: Cast) -> None:
    token, _, _ = factories.make_live_token(cast.production, cast.talent)
    bare = Api(Client(), factories.make_credential(token.licensee, has_proof_key=False)[0])
    refused = bare.post(f"tokens/{token.pk}/heartbeat")
    assert (refused.status_code, refused.json()["code"]) == (409, "PROOF_KEY_REQUIRED")


def test_key_without_the_scope_is_refused(cast: Cast) -> None:
    token, _, _ = factories.make_live_token(cast.production, cast.talent)
    reader = Api(Client(), factories.make_credential(token.licensee, scopes=["licence:read"])[0])
    refused = reader.post(f"tokens/{token.pk}/heartbeat")
    assert (refused.status_code, refused.json()["code"]) == (403, "SCOPE_MISSING")


def test_token_never_outlives_the_window(api: Api, cast: Cast, move_clock: Callable[..., None]) -> None:
    token, _, _ = factories.make_live_token(cast.production, cast.talent, days=1)
    move_clock(hours=23, minutes=30)
    body = _beat(api, token.pk)
    claims = _read(str(body["token"]), f"urn:trustmark:client:{api.credential.pk}")
    assert claims.exp == int(token.not_after.timestamp())
    move_clock(hours=25)
    over = _beat(api, token.pk)
    assert (over["state"], over["token"], over["days_left"]) == ("EXPIRED", None, 0)


@pytest.mark.req("ST-092")
def test_heartbeat_warns_as_the_end_nears_and_not_before(
    api: Api, cast: Cast, move_clock: Callable[..., None]
) -> None:
    token, _, _ = factories.make_live_token(cast.production, cast.talent, days=90)
    early = _beat(api, token.pk)
    assert (early["renewal_due"], early["days_left"]) == (False, 90)
    assert api.get("alerts").json()["results"] == []

    move_clock(days=61)
    late = _beat(api, token.pk)
    assert (late["renewal_due"], late["days_left"]) == (True, 29)
    (alert,) = api.get("alerts").json()["results"]
    assert (alert["token"], alert["threshold_days"], alert["days_left"]) == (str(token.pk), 30, 29)
    _beat(api, token.pk)
    assert Alert.objects.count() == 1


@pytest.mark.req("ST-092")
def test_scan_alerts_once_for_each_agreed_notice_without_any_heartbeat(
    cast: Cast, move_clock: Callable[..., None]
) -> None:
    token, _, _ = factories.make_live_token(cast.production, cast.talent, days=90)
    raised = []
    for day in (0, 59, 61, 62, 75, 77, 84, 89.5, 91):
        move_clock(days=day)
        raised.append(services.raise_expiry_alerts())
    assert raised == [0, 0, 1, 0, 0, 1, 1, 1, 0]
    days = Alert.objects.filter(token=token).order_by("raised_at").values_list("threshold_days", flat=True)
    assert list(days) == [30, 14, 7, 1]
    event = Event.objects.filter(kind="licence.ends_soon").first()
    assert event is not None
    assert event.organisation_id == cast.producer.organisation_id


def test_clock_that_jumps_raises_the_nearest_notice_alone(
    cast: Cast, move_clock: Callable[..., None]
) -> None:
    factories.make_live_token(cast.production, cast.talent, days=90)
    move_clock(days=84)
    assert services.raise_expiry_alerts() == 1
    assert Alert.objects.get().threshold_days == 7


def test_notice_longer_than_the_window_is_none(cast: Cast, move_clock: Callable[..., None]) -> None:
    token, _, _ = factories.make_live_token(cast.production, cast.talent, days=7)
    assert services.raise_expiry_alerts() == 0
    move_clock(days=6, hours=1)
    assert services.raise_expiry_alerts() == 1
    assert Alert.objects.get(token=token).threshold_days == 1


def test_alerts_are_for_the_parties(
    api: Api, stranger_api: Api, cast: Cast, move_clock: Callable[..., None]
) -> None:
    factories.make_live_token(cast.production, cast.talent, days=90)
    move_clock(days=89, hours=1)
    services.raise_expiry_alerts()
    assert len(api.get("alerts").json()["results"]) == 1
    assert stranger_api.get("alerts").json()["results"] == []


def test_expired_api_key_is_refused_at_the_edge(
    api: Api, cast: Cast, move_clock: Callable[..., None]
) -> None:
    token, _, _ = factories.make_live_token(cast.production, cast.talent)
    move_clock(days=timedelta(days=3651).days)
    assert api.post(f"tokens/{token.pk}/heartbeat").status_code == 401


@pytest.mark.req("ST-092")
def test_heartbeat_of_a_suspended_licence_says_why_and_still_warns_of_its_end(
    api: Api, cast: Cast, move_clock: Callable[..., None]
) -> None:
    token, _, _ = factories.make_live_token(cast.production, cast.talent, days=90)
    assert _beat(api, token.pk)["reason_codes"] == []
    hold = services.place_hold(
        principal=cast.agent, covers="token", covered_id=token.pk, reason="PAYMENT_HOLD", why="Unpaid."
    )
    move_clock(days=61)
    held = _beat(api, token.pk)
    assert (held["state"], held["token"], held["reason_codes"]) == ("SUSPENDED", None, ["PAYMENT_HOLD"])
    assert held["days_left"] == 29
    services.lift_hold(principal=cast.agent, hold_id=hold.pk)
    late = _beat(api, token.pk)
    assert (late["state"], late["reason_codes"], late["renewal_due"]) == ("ACTIVE", [], True)


def test_heartbeat_says_why_a_licence_permits_nothing(
    api: Api, cast: Cast, move_clock: Callable[..., None]
) -> None:
    revoked, ended, renewed = (
        factories.make_live_token(cast.production, cast.talent, days=days)[0] for days in (90, 1, 90)
    )
    services.revoke_token(
        principal=cast.agent, jti=revoked.pk, kind="PROSPECTIVE", disposition="KEEP", reason="Sold."
    )
    factories.approve(services.request_renewal(principal=cast.producer, jti=renewed.pk, days=30))
    move_clock(days=2)
    assert _beat(api, revoked.pk)["reason_codes"] == ["REVOKED"]
    assert _beat(api, ended.pk)["reason_codes"] == ["EXPIRED"]
    assert _beat(api, renewed.pk)["reason_codes"] == ["SUPERSEDED"]
