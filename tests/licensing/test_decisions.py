"""Counter, accept, approve, decline, withdraw, lapse: both sides agree to the same hash, or nothing is issued."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from audit.models import Event
from audit.selectors import events_visible_to
from common.errors import Conflict, DomainError, Forbidden, InvalidInput
from licensing import selectors, services
from licensing.machine import TRANSITIONS, transition
from licensing.models import LicenceRequest, LicenceToken
from licensing.models.requests import ActionKind
from tests import factories
from tests.licensing.conftest import Cast
from trustcore.policy.terms import parse_terms, terms_hash
from trustcore.policy.vocabulary import RequestState

NARROWED = {"render_territory": ["US", "CA"], "scope.frames_max": 2900}


@pytest.fixture
def request_(cast: Cast) -> LicenceRequest:
    """A request that waits for the agent."""
    return factories.make_submitted_request(cast.production, cast.talent, producer=cast.producer)


def _hash(request: LicenceRequest) -> str:
    request.refresh_from_db()
    assert request.current is not None
    return request.current.terms_hash


def _counter(cast: Cast, request: LicenceRequest, changes: dict[str, Any] | None = None) -> LicenceRequest:
    return services.counter_request(
        principal=cast.agent,
        request_id=request.pk,
        terms_hash=_hash(request),
        changes=changes or NARROWED,
        note="She shoots nights until the 20th.",
    )


def _code(call: Callable[..., object], **arguments: Any) -> str:
    with pytest.raises(DomainError) as refused:
        call(**arguments)
    return refused.value.code


@pytest.mark.req("ST-020")
@pytest.mark.req("ST-060")
def test_narrowed_accepted_and_approved_terms_become_the_licence(
    cast: Cast, request_: LicenceRequest
) -> None:
    asked = _hash(request_)
    _counter(cast, request_)
    countered = _hash(request_)
    assert request_.state == "COUNTERED"
    services.accept_counter(principal=cast.producer, request_id=request_.pk, terms_hash=countered)
    token = services.approve_request(principal=cast.agent, request_id=request_.pk, terms_hash=countered)

    assert token is not None
    assert token.terms.terms_hash == countered != asked
    terms = parse_terms(token.terms.terms)
    assert terms.render_territory == ("CA", "US")
    assert (token.frames_max, terms.terms_version, terms.supersedes) == (2900, 2, asked)
    request_.refresh_from_db()
    assert request_.state == "APPROVED"
    trail = [
        (act.kind, act.side, act.organisation_id, act.terms_hash) for act in request_.actions.order_by("at")
    ]
    studio, agency = cast.producer.organisation_id, cast.agent.organisation_id
    assert trail == [
        ("SUBMIT", "LICENSEE", studio, asked),
        ("COUNTER", "AGENT", agency, countered),
        ("ACCEPT_COUNTER", "LICENSEE", studio, countered),
        ("APPROVE", "AGENT", agency, countered),
        ("ISSUE", "SERVER", agency, countered),
    ]


@pytest.mark.req("ST-020")
def test_nothing_is_issued_until_the_studio_accepts_the_counter(cast: Cast, request_: LicenceRequest) -> None:
    _counter(cast, request_)
    refused = _code(
        services.approve_request, principal=cast.agent, request_id=request_.pk, terms_hash=_hash(request_)
    )
    assert refused == "REQUEST_STATE"
    assert not LicenceToken.objects.exists()
    services.accept_counter(principal=cast.producer, request_id=request_.pk, terms_hash=_hash(request_))
    assert not LicenceToken.objects.exists()
    assert factories.approve(LicenceRequest.objects.get(pk=request_.pk)).state == "ACTIVE"


@pytest.mark.req("ST-022")
def test_agent_approves_from_the_inbox_and_nobody_else_does(cast: Cast, request_: LicenceRequest) -> None:
    (line,) = selectors.inbox(cast.agent).needs_you
    assert line.ask == (
        "Face in a frame; voice, spoken lines: 90 days, 3,000 frames, 20 lines, "
        "in Canada, United Kingdom and United States."
    )
    for outsider, code in (
        (cast.colleague, "NOT_YOURS_TO_DECIDE"),
        (cast.producer, "NOT_YOURS_TO_DECIDE"),
        (cast.self, "NOT_YOURS_TO_DECIDE"),
        (cast.other_agent, "NOT_FOUND"),
        (cast.other_studio, "NOT_FOUND"),
    ):
        arguments = {"principal": outsider, "request_id": line.id, "terms_hash": line.terms_hash}
        assert _code(services.approve_request, **arguments) == code
    assert services.approve_request(principal=cast.agent, request_id=line.id, terms_hash=line.terms_hash)
    assert selectors.inbox(cast.agent).needs_you == ()


def test_stale_terms_are_refused_with_the_present_hash(cast: Cast, request_: LicenceRequest) -> None:
    read = _hash(request_)
    _counter(cast, request_)
    services.accept_counter(principal=cast.producer, request_id=request_.pk, terms_hash=_hash(request_))
    with pytest.raises(Conflict) as refused:
        services.approve_request(principal=cast.agent, request_id=request_.pk, terms_hash=read)
    assert refused.value.code == "TERMS_CHANGED"
    assert refused.value.extra == {"terms_hash": _hash(request_), "version": 2}
    assert not request_.actions.filter(kind="APPROVE").exists()


def test_requester_never_approves_even_from_another_organisation(cast: Cast) -> None:
    # one person, both producer of the studio and agent of the agency
    two_hats = factories.make_desk(cast.producer.organisation, "PRODUCER", cast.agent.person)
    request = factories.make_submitted_request(cast.production, cast.talent, producer=two_hats)
    for call in (services.approve_request, services.counter_request):
        extra = {"changes": NARROWED} if call is services.counter_request else {}
        arguments = {"principal": cast.agent, "request_id": request.pk, "terms_hash": _hash(request)}
        assert _code(call, **arguments, **extra) == "FOUR_EYES"
    detail = selectors.request_detail(cast.agent, request.pk)
    assert detail is not None
    assert "APPROVE" not in detail.may


def test_who_accepted_for_the_studio_never_approves(cast: Cast, request_: LicenceRequest) -> None:
    _counter(cast, request_)
    two_hats = factories.make_desk(cast.producer.organisation, "PRODUCER", cast.agent.person)
    services.accept_counter(principal=two_hats, request_id=request_.pk, terms_hash=_hash(request_))
    arguments = {"principal": cast.agent, "request_id": request_.pk, "terms_hash": _hash(request_)}
    assert _code(services.approve_request, **arguments) == "FOUR_EYES"


@pytest.mark.req("ST-061")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"render_territory": ["US", "CA", "GB", "IE"]}, "NOT_NARROWER"),
        ({"scope.frames_max": 3001}, "NOT_NARROWER"),
        ({"use_types": ["FACE_RENDER", "VOICE_RENDER", "DE_AGING"]}, "NOT_NARROWER"),
        ({"use_types": ["FACE_RENDER", "TRAINING_REPLICA"]}, "TRAINING_SEPARATE"),
        ({"training.allowed": True}, "TERM_FIXED"),
        ({"talent": "somebody-else"}, "TERM_FIXED"),
        ({"project.title": "Another film"}, "TERM_FIXED"),
        ({"approvals.mode": "TALENT_ONLY"}, "TERM_FIXED"),
        ({"scope.frames": 10}, "TERM_UNKNOWN"),
        ({"nothing.like.this": 10}, "TERM_UNKNOWN"),
        ({"scope.frames_max": "many"}, "TERMS_INVALID"),
        ({"render_territory": ["Narnia"]}, "TERMS_INVALID"),
        ({"scope.frames_max": 3000}, "NO_CHANGE"),
    ],
)
def test_counter_may_only_narrow(
    cast: Cast, request_: LicenceRequest, changes: dict[str, Any], code: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        _counter(cast, request_, changes)
    assert refused.value.code == code
    assert request_.versions.count() == 1
    # and a narrower one is a new version, while the first stays as it was
    first = request_.versions.get().terms
    _counter(cast, request_)
    assert [row.version for row in request_.versions.order_by("version")] == [1, 2]
    assert request_.versions.get(version=1).terms == first


@pytest.mark.req("ST-061")
def test_agreed_rows_cannot_be_changed_in_the_database(cast: Cast, request_: LicenceRequest) -> None:
    token = factories.approve(request_)
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
    for statement in (
        "update licensing_termsversion set terms_hash = 'sha256:' || repeat('0', 64)",
        "delete from licensing_termsversion",
        "truncate licensing_termsversion cascade",
        "update licensing_requestaction set note = 'never said'",
        "delete from licensing_requestaction",
        "update licensing_grantstatement set jws = 'other'",
        "update licensing_licencetoken set frames_max = 9999",
        "update licensing_licencetoken set use_types = '{DE_AGING}'",
        "update licensing_licencetoken set not_after = not_after + interval '1 day'",
        "delete from licensing_licencetoken",
    ):
        refusals = pytest.raises(DatabaseError, match=r"append-only|are locked|never deleted")
        with refusals, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    # what may move, moves
    assert LicenceToken.objects.filter(pk=token.pk).update(state="SUSPENDED") == 1
    assert terms_hash(parse_terms(token.terms.terms)) == token.terms.terms_hash


def test_second_counter_needs_a_second_acceptance(cast: Cast, request_: LicenceRequest) -> None:
    _counter(cast, request_)
    services.accept_counter(principal=cast.producer, request_id=request_.pk, terms_hash=_hash(request_))
    _counter(cast, request_, {"scope.frames_max": 1000})
    assert request_.current is not None
    arguments = {"request_id": request_.pk, "terms_hash": _hash(request_)}
    assert _code(services.approve_request, principal=cast.agent, **arguments) == "REQUEST_STATE"
    services.accept_counter(principal=cast.producer, **arguments)
    token = services.approve_request(principal=cast.agent, **arguments)
    assert token is not None
    assert token.terms.version == 3


def test_counter_in_dual_mode_takes_earlier_approvals_back(cast: Cast) -> None:
    factories.make_mandate(cast.talent, cast.agent, mode="DUAL")
    request = factories.make_submitted_request(cast.production, cast.talent)
    services.approve_request(principal=cast.agent, request_id=request.pk, terms_hash=_hash(request))
    services.counter_request(
        principal=cast.self, request_id=request.pk, terms_hash=_hash(request), changes=NARROWED
    )
    producer = factories.make_producer(cast.production.organisation)
    services.accept_counter(principal=producer, request_id=request.pk, terms_hash=_hash(request))
    arguments = {"request_id": request.pk, "terms_hash": _hash(request)}
    assert services.approve_request(principal=cast.self, **arguments) is None
    assert services.approve_request(principal=cast.agent, **arguments) is not None


def test_decline_says_why_and_closes(cast: Cast, request_: LicenceRequest) -> None:
    arguments = {"principal": cast.agent, "request_id": request_.pk}
    assert _code(services.decline_request, **arguments, reason="  ") == "REASON_INVALID"
    assert _code(services.decline_request, **arguments, reason="hid\u202eden") == "REASON_INVALID"
    services.decline_request(**arguments, reason="She is on holiday.")
    detail = selectors.request_detail(cast.producer, request_.pk)
    assert detail is not None
    assert (detail.line.state, detail.decline_reason) == ("DECLINED", "She is on holiday.")
    assert detail.may == frozenset()
    assert _code(services.decline_request, **arguments, reason="again") == "REQUEST_STATE"


def test_talent_may_decline_what_the_agent_could_approve(cast: Cast, request_: LicenceRequest) -> None:
    detail = selectors.request_detail(cast.self, request_.pk)
    assert detail is not None
    assert detail.may == {"DECLINE"}
    services.decline_request(principal=cast.self, request_id=request_.pk, reason="No.")
    request_.refresh_from_db()
    assert request_.state == "DECLINED"


def test_only_the_licensee_withdraws_and_accepts(cast: Cast, request_: LicenceRequest) -> None:
    _counter(cast, request_)
    engineer = factories.make_desk(cast.producer.organisation, "ENGINEER")
    for other in (cast.agent, engineer):
        with pytest.raises(Forbidden):
            services.withdraw_request(principal=other, request_id=request_.pk)
        with pytest.raises(Forbidden):
            services.accept_counter(principal=other, request_id=request_.pk, terms_hash=_hash(request_))
    services.withdraw_request(principal=cast.producer, request_id=request_.pk, note="Cut from the script.")
    request_.refresh_from_db()
    assert (request_.state, request_.closed_at is not None) == ("WITHDRAWN", True)


def test_silence_is_a_no(cast: Cast, request_: LicenceRequest, move_clock: Callable[..., None]) -> None:
    assert services.lapse_requests() == 0
    move_clock(days=15)
    arguments = {"principal": cast.agent, "request_id": request_.pk, "terms_hash": _hash(request_)}
    assert _code(services.approve_request, **arguments) == "REQUEST_LAPSED"
    detail = selectors.request_detail(cast.agent, request_.pk)
    assert detail is not None
    assert detail.may == frozenset()
    assert services.lapse_requests() == 1
    assert services.lapse_requests() == 0
    request_.refresh_from_db()
    assert request_.state == "LAPSED"


def test_opening_is_noted_once(cast: Cast, request_: LicenceRequest) -> None:
    services.open_request(principal=cast.agent, request_id=request_.pk)
    services.open_request(principal=cast.agent, request_id=request_.pk)
    assert request_.actions.filter(kind="OPEN").count() == 1
    with pytest.raises(Forbidden):
        services.open_request(principal=cast.colleague, request_id=request_.pk)


def test_closed_states_allow_nothing_and_every_act_is_illegal_somewhere() -> None:
    closed = {RequestState.APPROVED, RequestState.DECLINED, RequestState.WITHDRAWN, RequestState.LAPSED}
    for act in TRANSITIONS:
        assert all(transition(state, act) is None for state in closed)
    assert transition("COUNTERED", ActionKind.APPROVE) is None
    assert transition("SUBMITTED", ActionKind.ACCEPT_COUNTER) is None
    assert transition("COUNTERED", ActionKind.ACCEPT_COUNTER) == "COUNTER_ACCEPTED"


@pytest.mark.req("ST-023")
def test_both_sides_read_the_trail_and_strangers_do_not(cast: Cast, request_: LicenceRequest) -> None:
    _counter(cast, request_)
    kinds = {"request.submitted", "request.countered"}
    for reader in (cast.agent, cast.producer, cast.self):
        rows = events_visible_to(reader).filter(object_type="request", object_id=str(request_.pk))
        assert set(rows.values_list("kind", flat=True)) == kinds
    for stranger in (cast.other_agent, cast.other_studio):
        assert not events_visible_to(stranger).filter(object_id=str(request_.pk)).exists()
    countered = Event.objects.get(kind="request.countered")
    assert countered.details["terms_hash"] == _hash(request_)


def test_detail_shows_changes_signers_and_what_is_not_granted(cast: Cast, request_: LicenceRequest) -> None:
    _counter(cast, request_)
    services.accept_counter(principal=cast.producer, request_id=request_.pk, terms_hash=_hash(request_))
    detail = selectors.request_detail(cast.agent, request_.pk)
    assert detail is not None
    assert {change.field for change in detail.changes_from_previous} == {
        "render_territory",
        "scope.frames_max",
    }
    assert detail.plain.not_granted[0].title.startswith("Training")
    assert {(one.side, one.state, one.is_me) for one in detail.signers} == {
        ("AGENT", "WAITING", True),
        ("LICENSEE", "AGREED", False),
    }
    assert detail.may == {"COUNTER", "APPROVE", "DECLINE", "ESCALATE"}
    assert "COUNTER_CAME_BACK" in detail.line.flags
    assert detail.versions[-1].note == "She shoots nights until the 20th."


def test_inbox_takes_as_many_queries_for_many_requests_as_for_one(
    cast: Cast, request_: LicenceRequest, django_assert_max_num_queries: Any
) -> None:
    for _ in range(4):
        factories.make_submitted_request(cast.production, cast.talent)
    with django_assert_max_num_queries(7):
        assert len(selectors.inbox(cast.agent).needs_you) == 5
    with django_assert_max_num_queries(10):
        assert selectors.request_detail(cast.agent, request_.pk) is not None
