"""A licence that ends at an event of its production ends when that event is declared, and not by another word."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from audit.models import Event
from common.errors import DomainError
from licensing import services
from licensing.models import LicenceToken
from licensing.selectors import licence_detail, licence_state_for
from tests import factories
from tests.agents_portal.conftest import Reader
from tests.licensing.conftest import Cast
from trustcore.policy.reasons import DenyReason

LOCK: dict[str, Any] = {"production_end_event": "Picture lock"}


def refusal(act: Any) -> str:
    with pytest.raises(DomainError) as refused:
        act()
    return refused.value.code


def declare(desk: Any, covers: str, thing: Any) -> Any:
    what = {"principal": desk, "kind": "PRODUCTION_END", "covers": covers, "covered_id": thing.pk}
    shown = services.preview_event(**what)
    return services.declare_event(**what, effect_hash=shown.effect_hash, why="Locked on Friday.")


def offered(cast: Cast, token: LicenceToken) -> set[str]:
    detail = licence_detail(cast.producer, token.pk)
    assert detail is not None
    return {act for act in detail.may if act.startswith("RENEW")}


def why_over(token: LicenceToken) -> str | None:
    facts = licence_state_for(token.pk)
    assert facts is not None
    return facts.why_over


@pytest.mark.req("BX-010")
def test_the_studio_declares_the_end_and_only_what_waits_for_it_ends_at_once(cast: Cast) -> None:
    waits = factories.make_live_token(cast.production, cast.talent, **LOCK)[0]
    stays = factories.make_live_token(cast.production, cast.talent)[0]
    asked = factories.make_submitted_request(
        cast.production, cast.talent, production_end_event="picture  LOCK"
    )
    for desk in (cast.agent, cast.colleague):
        assert refusal(lambda desk=desk: declare(desk, "production", cast.production)) in {
            "NOT_FOUND",
            "NOT_YOURS_TO_DECLARE",
        }
    before = licence_state_for(waits.pk)
    assert before is not None
    declare(cast.producer, "production", cast.production)
    after = licence_state_for(waits.pk)
    assert after is not None
    assert after.stamp != before.stamp  # what a process believed of it holds no longer
    assert (why_over(waits), why_over(stays)) == (DenyReason.EXPIRED, None)
    told = Event.objects.get(kind="licence.terminated")
    assert (str(told.object_id), told.details["ended_by"]) == (str(waits.pk), "Picture lock")
    assert {str(cast.producer.organisation_id), str(cast.talent.organisation_id)} <= set(told.visible_to)
    with pytest.raises(IntegrityError), transaction.atomic():
        LicenceToken.objects.filter(pk=waits.pk).update(state="ACTIVE")
    # what was asked for before waits for an end that has come
    assert refusal(lambda: factories.approve(asked)) == "PRODUCTION_ENDED"
    assert offered(cast, waits) == {"RENEW_OVER"}
    assert offered(cast, stays) == {"RENEW"}
    page = Reader(cast.producer).page(f"/licences/{waits.pk}/")
    assert "Ask for a renewal…" not in page
    assert "“Picture lock”, at which it was to end, was declared." in page
    renewal = {"principal": cast.producer, "days": 30}
    assert (
        refusal(lambda: services.request_renewal(jti=waits.pk, **renewal)) == "PRODUCTION_ENDED"
    )  # before anybody answers it
    assert services.request_renewal(jti=stays.pk, **renewal).renews_id == stays.pk


@pytest.mark.req("BX-010")
def test_of_one_licence_the_talents_side_says_it_too_and_different_ends_are_declared_apart(
    cast: Cast,
) -> None:
    one = factories.make_live_token(cast.production, cast.talent, **LOCK)[0]
    two = factories.make_live_token(cast.production, cast.talent, production_end_event="Delivery")[0]
    plain = factories.make_live_token(cast.production, cast.talent)[0]
    assert refusal(lambda: declare(cast.producer, "production", cast.production)) == "ENDS_DIFFER"
    assert refusal(lambda: declare(cast.agent, "token", plain)) == "NO_END_AGREED"
    assert cast.production.guild is not None
    guild = factories.make_desk(cast.production.guild, "AUDITOR")
    assert refusal(lambda: declare(guild, "token", one)) in {"NOT_FOUND", "NOT_YOURS_TO_DECLARE"}
    declare(cast.agent, "token", one)
    assert (offered(cast, one), offered(cast, two)) == ({"RENEW_OVER"}, {"RENEW"})
    assert [why_over(token) for token in (one, two, plain)] == [DenyReason.EXPIRED, None, None]
    declare(cast.producer, "production", cast.production)
    assert why_over(two) == DenyReason.EXPIRED
