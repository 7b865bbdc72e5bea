"""Renewal: the same licence goes on under a new version of its terms and a new token."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from common import clock
from common.errors import Conflict, DomainError, NotFound
from licensing import selectors, services
from licensing.models import LicenceRequest, LicenceToken
from tests import factories
from tests.licensing.conftest import Api, Cast

HOW = {"kind": "PROSPECTIVE", "disposition": "KEEP", "reason": "The film was sold."}


@pytest.fixture
def token(cast: Cast) -> LicenceToken:
    """A live licence of the cast."""
    return factories.make_live_token(cast.production, cast.talent)[0]


@pytest.mark.req("ST-093")
def test_studio_asks_for_renewal_over_the_api_and_a_stranger_cannot(
    api: Api, stranger_api: Api, cast: Cast, token: LicenceToken, request_body: dict[str, Any]
) -> None:
    body = {**request_body, "renews": str(token.pk), "frames_max": 4200}
    made = api.post("license-requests", body)
    assert made.status_code == 201, made.content
    assert (made.json()["renews"], made.json()["terms_version"]) == (str(token.pk), 2)
    assert made.json()["terms"]["supersedes"] == token.terms.terms_hash
    detail = selectors.request_detail(cast.agent, made.json()["id"])
    assert detail is not None
    assert [change.field for change in detail.changes_from_last_licence] == ["scope.frames_max"]
    assert "RENEWAL" in detail.line.flags

    again = api.post("license-requests", body)
    assert (again.status_code, again.json()["code"]) == (409, "RENEWAL_OPEN")
    theirs = factories.make_production(cast.other_studio.organisation)
    assert stranger_api.post("license-requests", {**body, "project": str(theirs.pk)}).status_code == 404


@pytest.mark.req("ST-094")
def test_approved_renewal_supersedes_the_old_version_and_goes_on_with_its_own(
    api: Api, cast: Cast, token: LicenceToken, move_clock: Callable[..., None]
) -> None:
    move_clock(days=80)
    request = services.request_renewal(
        principal=cast.producer, jti=token.pk, days=30, changes={"scope.frames_max": 4200}
    )
    assert request.current is not None
    services.counter_request(
        principal=cast.agent,
        request_id=request.pk,
        terms_hash=request.current.terms_hash,
        changes={"scope.frames_max": 3900, "render_territory": ["US"]},
    )
    request.refresh_from_db()
    services.accept_counter(
        principal=cast.producer, request_id=request.pk, terms_hash=request.current.terms_hash
    )
    # until the agent approves, frames are still under version 1
    assert api.post(f"tokens/{token.pk}/heartbeat").json()["terms_version"] == 1
    renewed = factories.approve(LicenceRequest.objects.get(pk=request.pk))

    assert (renewed.terms.version, renewed.frames_max) == (3, 3900)
    assert (renewed.licence_id, renewed.supersedes_id) == (token.licence_id, token.pk)
    assert renewed.pk != token.pk
    old = api.post(f"tokens/{token.pk}/heartbeat").json()
    assert (old["state"], old["token"], old["superseded_by"]) == ("SUPERSEDED", None, str(renewed.pk))
    new = api.post(f"tokens/{renewed.pk}/heartbeat").json()
    assert (new["state"], new["terms_version"]) == ("ACTIVE", 3)
    detail = selectors.licence_detail(cast.producer, renewed.pk)
    assert detail is not None
    assert [(line.version, line.state) for line in detail.lineage] == [(1, "SUPERSEDED"), (3, "ACTIVE")]


def test_renewal_with_a_later_window_takes_over_when_it_begins(
    cast: Cast, token: LicenceToken, move_clock: Callable[..., None]
) -> None:
    begins = token.not_after
    renewed = factories.approve(
        factories.make_submitted_request(
            cast.production,
            cast.talent,
            renews=token.pk,
            not_before=begins - timedelta(days=1),
            producer=cast.producer,
        )
    )
    assert (renewed.state, selectors.effective_state(_again(token))) == ("PENDING_ACTIVATION", "ACTIVE")
    move_clock(days=89, hours=1)
    assert selectors.effective_state(_again(renewed)) == "ACTIVE"
    assert selectors.effective_state(_again(token)) == "SUPERSEDED"
    assert services.settle_states() == 2
    assert (_again(token).state, _again(renewed).state) == ("SUPERSEDED", "ACTIVE")


def test_successor_revoked_before_it_began_never_took_over(
    cast: Cast, token: LicenceToken, move_clock: Callable[..., None]
) -> None:
    renewed = factories.approve(
        factories.make_submitted_request(
            cast.production,
            cast.talent,
            renews=token.pk,
            not_before=clock.now() + timedelta(days=10),
            producer=cast.producer,
        )
    )
    services.revoke_token(principal=cast.agent, jti=renewed.pk, **HOW)
    move_clock(days=11)
    assert selectors.effective_state(_again(token)) == "ACTIVE"


def test_revoking_the_old_licence_revokes_a_successor_that_waits(cast: Cast, token: LicenceToken) -> None:
    renewed = factories.approve(
        factories.make_submitted_request(
            cast.production,
            cast.talent,
            renews=token.pk,
            not_before=clock.now() + timedelta(days=10),
            producer=cast.producer,
        )
    )
    services.revoke_token(principal=cast.agent, jti=token.pk, **HOW)
    assert _again(renewed).state == "REVOKED"


def test_expired_licence_can_be_renewed_and_a_superseded_one_cannot(
    cast: Cast, token: LicenceToken, move_clock: Callable[..., None]
) -> None:
    move_clock(days=91)
    renewed = factories.approve(services.request_renewal(principal=cast.producer, jti=token.pk, days=10))
    assert renewed.terms.version == 2
    with pytest.raises(Conflict) as refused:
        services.request_renewal(principal=cast.producer, jti=token.pk, days=10)
    assert refused.value.code == "NOT_RENEWABLE"


def test_declined_renewal_leaves_its_number_and_the_licence(cast: Cast, token: LicenceToken) -> None:
    first = services.request_renewal(principal=cast.producer, jti=token.pk, days=10)
    services.decline_request(principal=cast.agent, request_id=first.pk, reason="Not so long.")
    assert selectors.effective_state(_again(token)) == "ACTIVE"
    second = services.request_renewal(principal=cast.producer, jti=token.pk, days=5)
    assert second.current is not None
    assert second.current.version == 3
    assert second.current.terms["supersedes"] == token.terms.terms_hash


def test_renewal_never_brings_training_nor_another_persons_licence(cast: Cast, token: LicenceToken) -> None:
    with pytest.raises(DomainError) as training:
        services.request_renewal(
            principal=cast.producer, jti=token.pk, days=5, changes={"use_types": ["TRAINING_REPLICA"]}
        )
    assert training.value.code == "TRAINING_SEPARATE"
    for stranger in (cast.other_studio, factories.make_producer(factories.make_vendor())):
        with pytest.raises(NotFound):
            services.request_renewal(principal=stranger, jti=token.pk, days=5)


def test_renewal_still_open_does_not_need_the_talent_to_stay_visible(cast: Cast, token: LicenceToken) -> None:
    services.set_visibility(principal=cast.self, talent=cast.talent, level="HIDDEN")
    assert services.request_renewal(principal=cast.producer, jti=token.pk, days=5).state == "SUBMITTED"


def _again(token: LicenceToken) -> LicenceToken:
    found = selectors.token_by_jti(token.pk)
    assert found is not None
    return found
