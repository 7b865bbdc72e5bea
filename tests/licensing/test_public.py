"""Keys and status lists: for anyone, with the right types, and true at once."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from common import clock
from common.keys import public_keys, revoke_key, rotate_key, signer_for
from licensing import services
from tests import factories
from tests.licensing.conftest import Cast
from trustcore.bundle.revoked import revoked_from_jwks
from trustcore.signing import keys_from_jwks
from trustcore.status import INVALID, SUSPENDED, VALID, StatusList, decode_status_list
from trustcore.tokens import GRANT_TYP, verify_token

JWKS = "/.well-known/jwks.json"


def _list(number: int) -> StatusList:
    answer = Client().get(f"/status-lists/{number}")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/statuslist+jwt"
    assert answer.headers["Cache-Control"] == "public, max-age=10"
    return decode_status_list(
        answer.content.decode(),
        keys=public_keys("TOKEN"),
        uri=f"{settings.BASE_URL}/status-lists/{number}",
        now=int(clock.now().timestamp()),
    )


def test_status_list_follows_revocation_at_once(cast: Cast) -> None:
    token, _, _ = factories.make_live_token(cast.production, cast.talent)
    other, _, _ = factories.make_live_token(cast.production, cast.talent)
    assert _list(token.status_list).state_at(token.status_index) == VALID
    services.revoke_token(
        principal=cast.agent, jti=token.pk, kind="PROSPECTIVE", disposition="KEEP", reason="Over."
    )
    after = _list(token.status_list)
    assert after.state_at(token.status_index) == INVALID
    assert after.state_at(other.status_index) == VALID


def test_places_without_a_token_and_pending_ones_are_not_valid(cast: Cast, move_clock: Any) -> None:
    from datetime import timedelta

    begins = clock.now() + timedelta(days=2)
    pending = factories.approve(
        factories.make_submitted_request(cast.production, cast.talent, not_before=begins)
    )
    codes = _list(0)
    assert codes.state_at(pending.status_index) == SUSPENDED
    assert sum(codes.state_at(place) != INVALID for place in range(len(codes))) == 1
    move_clock(days=3)
    assert _list(0).state_at(pending.status_index) == VALID


@pytest.mark.django_db
def test_unknown_status_list_is_not_found() -> None:
    assert Client().get("/status-lists/0").status_code == 200
    assert Client().get("/status-lists/1").status_code == 404


def test_published_keys_verify_grants_before_and_after_a_rotation(cast: Cast) -> None:
    old, _, _ = factories.make_live_token(cast.production, cast.talent)
    rotate_key("TOKEN")
    new, _, _ = factories.make_live_token(cast.production, cast.talent)
    answer = Client().get("/.well-known/jwks.json")
    assert answer.headers["Content-Type"] == "application/jwk-set+json"
    assert "max-age=" in answer.headers["Cache-Control"]
    assert b'"d"' not in answer.content
    keys = keys_from_jwks(answer.json())
    assert old.grant.kid != new.grant.kid
    for token in (old, new):
        claims = verify_token(
            token.grant.jws, keys=keys, issuer=settings.BASE_URL, audience=None, now=None, typ=GRANT_TYP
        )
        assert claims.jti == str(token.pk)


@pytest.mark.django_db
def test_two_keys_are_published_while_rotating_and_a_revoked_one_is_not(settings: Any) -> None:
    settings.SIGNER_CACHE_SECONDS = 0  # nobody else signs here
    old = signer_for("TOKEN").kid
    new = rotate_key("TOKEN").kid
    assert {old, new} <= {key["kid"] for key in Client().get(JWKS).json()["keys"]}
    revoke_key(old)
    published = Client().get(JWKS).json()
    assert old not in {key["kid"] for key in published["keys"]}
    # its end is told beside the set, for who judges what it signed before; a reader of key sets does not look there
    assert [one["kid"] for one in published["revoked"]] == [old]
    assert revoked_from_jwks(published)[old].ended_at.startswith("20")
    assert old not in keys_from_jwks(published)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "content_type", "seconds"),
    [
        (JWKS, "application/jwk-set+json", 300),
        ("/status-lists/0", "application/statuslist+jwt", 10),
        ("/status-lists", "application/json", 300),
        ("/.well-known/oauth-authorization-server", "application/json", 300),
    ],
)
def test_reader_who_has_the_document_is_told_so(path: str, content_type: str, seconds: int) -> None:
    first = Client().get(path)
    assert first.headers["Content-Type"] == content_type
    assert first.headers["Cache-Control"] == f"public, max-age={seconds}"
    again = Client().get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
    other = Client().get(path, headers={"If-None-Match": '"another"'})
    assert (other.status_code, other.content) == (200, first.content)
    assert Client().post(path).status_code == 405


@pytest.mark.django_db
def test_key_set_changes_its_etag_with_a_rotation() -> None:
    before = Client().get(JWKS).headers["ETag"]
    rotate_key("TOKEN")
    after = Client().get(JWKS, headers={"If-None-Match": before})
    assert after.status_code == 200
    assert after.headers["ETag"] != before


@pytest.mark.django_db
def test_issuer_names_what_answers() -> None:
    issuer = Client().get("/.well-known/oauth-authorization-server").json()
    assert issuer["issuer"] == settings.BASE_URL
    assert issuer["dpop_signing_alg_values_supported"] == ["EdDSA"]
    for name in ("jwks_uri", "status_list_aggregation_endpoint"):
        assert Client().get(issuer[name].removeprefix(settings.BASE_URL)).status_code == 200
    lists = Client().get("/status-lists").json()["status_lists"]
    assert lists == [f"{settings.BASE_URL}/status-lists/0"]
    assert Client().post(issuer["introspection_endpoint"].removeprefix(settings.BASE_URL)).status_code == 401
