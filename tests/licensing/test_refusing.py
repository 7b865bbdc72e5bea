"""An agent refuses a studio, and hands a request up: the studio finds nobody, and the talent alone decides."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from audit.models import Event
from common.errors import DomainError, NotFound
from licensing import selectors, services
from licensing.models import LicenceRequest, StudioBlock
from licensing.selectors.people import visible_constructs
from tests import factories
from tests.licensing.conftest import Api, Cast
from tests.licensing.persons import call


def refusal(act: Any) -> str:
    with pytest.raises(DomainError) as refused:
        act()
    return refused.value.code


def blocked(desk: Any, request: LicenceRequest) -> StudioBlock:
    return services.block_studio(principal=desk, request_id=request.pk, why="They never answer.")


@pytest.fixture
def waiting(cast: Cast) -> LicenceRequest:
    return factories.make_submitted_request(cast.production, cast.talent)


def test_blocked_studio_is_declined_and_then_finds_nobody_as_if_the_talent_were_hidden(
    cast: Cast, api: Api, waiting: LicenceRequest, request_body: dict[str, Any]
) -> None:
    token, _, _ = factories.make_live_token(cast.production, cast.talent)
    other = factories.make_submitted_request(cast.production, cast.talent)
    studio = cast.producer.organisation
    done = call(cast.agent, f"license-requests/{waiting.pk}/block-studio", {"why": "They never answer."})
    assert (done.status_code, done.json()["side"]) == (201, "AGENT")
    for request in (waiting, other):
        request.refresh_from_db()
        assert (request.state, request.decline_reason) == ("DECLINED", "They never answer.")
    assert visible_constructs(cast.talent.handle, studio.pk) is None
    assert visible_constructs(cast.talent.handle, cast.other_studio.organisation_id) is not None
    assert selectors.directory(studio.pk).lines == ()
    hidden = api.post("license-requests", {**request_body, "talent": "nobody-of-that-name"})
    refused = api.post("license-requests", request_body)
    assert (refused.status_code, refused.json()["code"]) == (404, hidden.json()["code"])
    renewal = factories.make_ask(cast.production, cast.talent, renews=token.pk)
    assert (
        refusal(lambda: services.submit_request(principal=cast.producer, ask=renewal)) == "REQUESTS_REFUSED"
    )
    assert str(selectors.effective_state(token)) == "ACTIVE"  # what was agreed goes on
    told = Event.objects.get(kind="studio.blocked")
    assert str(studio.pk) not in {str(told.organisation_id), *map(str, told.visible_to)}
    listed = call(cast.agent, "studio-blocks", method="get").json()["results"]
    assert [(one["studio"], one["ended_at"]) for one in listed] == [(str(studio.pk), None)]
    assert call(cast.producer, "studio-blocks", method="get").json()["results"] == []
    again = call(cast.agent, f"license-requests/{waiting.pk}/block-studio", {"why": "Again."})
    assert (again.status_code, again.json()["code"]) == (409, "STUDIO_BLOCKED")
    opened = call(cast.self, f"studio-blocks/{done.json()['id']}/end")
    assert opened.status_code == 200
    assert api.post("license-requests", request_body).status_code == 201


def test_what_the_talent_blocked_no_agent_opens_and_nobody_else_blocks(
    cast: Cast, waiting: LicenceRequest
) -> None:
    for desk in (cast.producer, cast.colleague):
        assert refusal(lambda desk=desk: blocked(desk, waiting)) == "NOT_YOURS_TO_DECIDE"
    with pytest.raises(NotFound):
        blocked(cast.other_agent, waiting)
    assert refusal(lambda: services.block_studio(principal=cast.agent, request_id=waiting.pk, why=" ")) == (
        "WHY_INVALID"
    )
    row = blocked(cast.self, waiting)
    end = {"block_id": row.pk}
    assert refusal(lambda: services.unblock_studio(principal=cast.agent, **end)) == "TALENT_ONLY"
    with pytest.raises(NotFound):
        services.unblock_studio(principal=cast.producer, **end)
    services.unblock_studio(principal=cast.self, **end)
    assert refusal(lambda: services.unblock_studio(principal=cast.self, **end)) == "BLOCK_ENDED"
    for change in ({"ended_at": None, "ended_by": None}, {"side": "AGENT"}):
        with pytest.raises(IntegrityError, match="ended once"), transaction.atomic():
            StudioBlock.objects.filter(pk=row.pk).update(**change)


def test_request_handed_up_is_the_talents_alone_and_stays_so_when_it_is_revised(
    cast: Cast, waiting: LicenceRequest
) -> None:
    place = f"license-requests/{waiting.pk}/escalate"
    assert call(cast.producer, place, {"note": "Yours."}).json()["code"] == "NOT_YOURS_TO_DECIDE"
    assert call(cast.other_agent, place, {"note": "Yours."}).status_code == 404
    done = call(cast.agent, place, {"note": "This one is yours."})
    assert (done.status_code, done.json()["mode"]) == (200, "TALENT_ONLY")
    waiting.refresh_from_db()
    read = {"request_id": waiting.pk, "terms_hash": waiting.current.terms_hash}
    assert refusal(lambda: services.approve_request(principal=cast.agent, **read)) == "NOT_YOURS_TO_DECIDE"
    again = call(cast.agent, place, {"note": "Again."})
    assert (again.status_code, again.json()["code"]) == (409, "TALENT_DECIDES")
    assert Event.objects.filter(kind="request.escalated", object_id=str(waiting.pk)).count() == 1
    services.revise_request(
        principal=cast.producer, **read, changes={"scope.frames_max": 2000}, note="Fewer frames."
    )
    waiting.refresh_from_db()
    assert waiting.mode == "TALENT_ONLY"
    token = services.approve_request(
        principal=cast.self, request_id=waiting.pk, terms_hash=waiting.current.terms_hash
    )
    assert token is not None


def test_request_that_the_talent_decides_too_is_not_handed_up(cast: Cast) -> None:
    factories.make_mandate(cast.talent, cast.agent, mode="DUAL")
    request = factories.make_submitted_request(cast.production, cast.talent)
    act = {"principal": cast.agent, "request_id": request.pk, "note": "Yours."}
    assert refusal(lambda: services.escalate_request(**act)) == "TALENT_DECIDES"
