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
from tests.licensing.persons import call, make_minor
from tests.licensing.test_attacks_races import while_it_commits


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
    days = {"principal": cast.producer, "jti": token.pk, "days": 30}
    assert refusal(lambda: services.request_renewal(**days)) == "REQUESTS_REFUSED"  # as the portal asks
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
    assert services.request_renewal(**days).renews_id == token.pk


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


def test_agent_who_blocks_declines_what_an_agent_answers_and_leaves_the_rest_to_the_talent(
    cast: Cast, waiting: LicenceRequest
) -> None:
    handed_up = factories.make_submitted_request(cast.production, cast.talent)
    services.escalate_request(principal=cast.agent, request_id=handed_up.pk, note="Yours.")
    training = services.submit_training_request(
        principal=cast.producer, ask=factories.make_training_ask(waiting)
    )
    row = blocked(cast.agent, waiting)
    for one in (waiting, handed_up, training):
        one.refresh_from_db()
    assert (waiting.state, handed_up.state, training.state) == ("DECLINED", "SUBMITTED", "SUBMITTED")
    assert refusal(lambda: blocked(cast.self, handed_up)) == "STUDIO_BLOCKED"
    revision = {
        "principal": cast.producer, "request_id": handed_up.pk, "changes": {"scope.frames_max": 1000},
        "terms_hash": handed_up.current.terms_hash,
    }  # fmt: skip
    assert refusal(lambda: services.revise_request(**revision)) == "REQUESTS_REFUSED", (
        "what waits, waits as it is"
    )
    services.unblock_studio(principal=cast.self, block_id=row.pk)
    blocked(cast.self, handed_up)
    for one in (handed_up, training):
        one.refresh_from_db()
        assert (one.state, one.decline_reason) == ("DECLINED", "They never answer.")
    assert Event.objects.filter(kind="training.declined", object_id=str(training.pk)).count() == 1
    with pytest.raises(NotFound):
        services.submit_training_request(principal=cast.producer, ask=factories.make_training_ask(waiting))


def test_minor_blocks_alone_and_only_who_speaks_for_them_opens_again(cast: Cast) -> None:
    minor, guardian, _ = make_minor()
    request = factories.make_submitted_request(cast.production, minor)
    themselves = factories.desk_of_talent(minor)
    row = blocked(themselves, request)
    end = {"block_id": row.pk}
    assert refusal(lambda: services.unblock_studio(principal=themselves, **end)) == "NOT_YOURS_TO_DECIDE"
    assert services.unblock_studio(principal=guardian, **end).ended_by == guardian.person


@pytest.mark.parametrize("kind", ["request", "renewal", "training"])
def test_request_made_while_the_block_is_placed_is_refused_after_it(
    transactional_db: None, kind: str
) -> None:
    token, _, _ = factories.make_live_token()
    waiting = factories.make_submitted_request(token.production, token.talent)
    studio, agent = factories.make_producer(token.licensee), factories.decider_of(waiting)
    asks = {
        "request": lambda: services.submit_request(
            principal=studio, ask=factories.make_ask(token.production, token.talent)
        ),
        "renewal": lambda: services.request_renewal(principal=studio, jti=token.pk, days=30),
        "training": lambda: services.submit_training_request(
            principal=studio, ask=factories.make_training_ask(waiting)
        ),
    }
    raised = while_it_commits(lambda: blocked(agent, waiting), asks[kind])
    assert getattr(raised, "code", None) == ("REQUESTS_REFUSED" if kind == "renewal" else "NOT_FOUND")


def test_block_placed_while_a_request_is_made_declines_it_too(transactional_db: None) -> None:
    waiting = factories.make_submitted_request()
    studio, agent = factories.make_producer(waiting.licensee), factories.decider_of(waiting)
    ask = factories.make_ask(waiting.production, waiting.talent)
    raised = while_it_commits(
        lambda: services.submit_request(principal=studio, ask=ask), lambda: blocked(agent, waiting)
    )
    assert raised is None
    assert set(LicenceRequest.objects.values_list("state", flat=True)) == {"DECLINED"}
    assert LicenceRequest.objects.count() == 2
