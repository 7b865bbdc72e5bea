"""Both sides talk field by field: counters with notes, revisions, questions, drafts, notice, lapse, withdrawal."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from audit.models import Event
from common.errors import DomainError
from licensing import services
from licensing.models import LicenceRequest, LicenceToken
from tests import factories
from tests.licensing.conftest import Api, Cast
from tests.licensing.persons import call
from trustcore.policy.terms import parse_terms, terms_hash


def refusal(act: Any) -> str:
    with pytest.raises(DomainError) as refused:
        act()
    return refused.value.code


def _hash(request: LicenceRequest) -> str:
    request.refresh_from_db()
    assert request.current is not None
    return request.current.terms_hash


def counter(cast: Cast, request: LicenceRequest, **changes: Any) -> None:
    services.counter_request(
        principal=cast.agent, request_id=request.pk, terms_hash=_hash(request),
        changes={path.replace("__", "."): value for path, value in changes.items()},
    )  # fmt: skip


def revise(cast: Cast, request: LicenceRequest, changes: dict[str, Any], **further: Any) -> LicenceRequest:
    return services.revise_request(
        principal=cast.producer, request_id=request.pk, terms_hash=_hash(request), changes=changes, **further
    )


@pytest.fixture
def request_(cast: Cast) -> LicenceRequest:
    return factories.make_submitted_request(cast.production, cast.talent)


@pytest.mark.req("BX-006")
def test_counter_by_fields_with_notes_is_signed_by_both_over_one_hash_and_told_in_sentences(
    cast: Cast, api: Api, request_: LicenceRequest
) -> None:
    path = f"license-requests/{request_.pk}"
    body = {
        "terms_hash": _hash(request_),
        "changes": {"scope.frames_max": 2000, "render_territory": ["US", "CA"]},
        "note": "Fewer frames, please.",
        "field_notes": {"scope.frames_max": "Two thousand cover the scenes."},
    }
    assert call(cast.colleague, f"{path}/counter", body).json()["code"] == "NOT_YOURS_TO_DECIDE"
    countered = call(cast.agent, f"{path}/counter", body).json()
    assert countered["state"] == "COUNTERED"
    assert countered["versions"][1]["field_notes"] == body["field_notes"]
    told = api.get(f"{path}/difference/1/2").json()["changes"]
    assert {one["field"] for one in told} == {"scope.frames_max", "render_territory"}
    assert all(one["sentence"].endswith(".") for one in told)
    back = api.get(f"{path}/difference/2/1").json()["changes"]
    assert {(one["field"], one["before"]) for one in back if one["field"] == "scope.frames_max"} == {
        ("scope.frames_max", next(one["after"] for one in told if one["field"] == "scope.frames_max"))
    }
    accepted = api.post(f"{path}/accept", {"terms_hash": countered["terms_hash"]}).json()
    assert accepted["state"] == "COUNTER_ACCEPTED"
    done = call(cast.agent, f"{path}/approve", {"terms_hash": countered["terms_hash"]}).json()
    token = LicenceToken.objects.select_related("terms").get(pk=done["token"])
    agreed = {act.side for act in request_.actions.all() if act.terms_hash == token.terms.terms_hash}
    assert {"LICENSEE", "AGENT"} <= agreed
    assert terms_hash(parse_terms(token.terms.terms)) == countered["terms_hash"]


@pytest.mark.req("BX-006")
def test_difference_is_read_by_parties_alone_and_of_versions_that_are(
    api: Api, stranger_api: Api, request_: LicenceRequest
) -> None:
    path = f"license-requests/{request_.pk}/difference"
    assert api.get(f"{path}/1/1").json()["changes"] == []
    assert api.get(f"{path}/1/2").status_code == 404
    assert stranger_api.get(f"{path}/1/1").status_code == 404


def test_note_on_a_field_that_does_not_change_is_refused(cast: Cast, request_: LicenceRequest) -> None:
    assert refusal(lambda: services.counter_request(
        principal=cast.agent, request_id=request_.pk, terms_hash=_hash(request_),
        changes={"scope.frames_max": 2}, field_notes={"scope.lines_max": "Why not?"})) == "NOTE_INVALID"  # fmt: skip


def test_licensee_answers_a_counter_with_terms_of_its_own_and_old_approvals_count_no_more(cast: Cast) -> None:
    factories.make_mandate(cast.talent, cast.agent, mode="DUAL")
    request = factories.make_submitted_request(cast.production, cast.talent)
    first = _hash(request)
    services.approve_request(principal=cast.agent, request_id=request.pk, terms_hash=first)
    counter_ = {"scope.frames_max": 2000}
    services.counter_request(principal=cast.self, request_id=request.pk, terms_hash=first, changes=counter_)
    revised = revise(cast, request, {"scope.frames_max": 2500}, field_notes={"scope.frames_max": "Half way."})
    assert revised.state == "SUBMITTED"
    assert refusal(lambda: services.approve_request(
        principal=cast.self, request_id=request.pk, terms_hash=first)) == "TERMS_CHANGED"  # fmt: skip
    assert (
        services.approve_request(principal=cast.self, request_id=request.pk, terms_hash=_hash(request))
        is None
    )
    token = services.approve_request(principal=cast.agent, request_id=request.pk, terms_hash=_hash(request))
    assert token is not None
    assert token.frames_max == 2500


def test_revision_beyond_the_mandate_asks_the_talent_as_well(cast: Cast) -> None:
    factories.make_mandate(cast.talent, cast.agent, limits={"frames_max": 3000})
    request = factories.make_submitted_request(cast.production, cast.talent)
    assert request.mode == "AGENT_WITHIN_MANDATE"
    revise(cast, request, {"scope.frames_max": 3001})
    request.refresh_from_db()
    assert (request.mode, request.outside_mandate) == ("DUAL", ["scope.frames_max"])
    assert request.current.terms["approvals"]["mode"] == "DUAL"
    assert services.approve_request(
        principal=cast.agent, request_id=request.pk, terms_hash=_hash(request)
    ) is None  # fmt: skip
    assert not LicenceToken.objects.exists()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"talent": "tal_other"}, "TERM_FIXED"),
        ({"approvals.mode": "AGENT_WITHIN_MANDATE"}, "TERM_FIXED"),
        ({"training.allowed": True}, "TERM_FIXED"),
        ({"profiles": []}, "TERM_FIXED"),
        ({"use_types": ["TRAINING_REPLICA"]}, "TRAINING_SEPARATE"),
        ({"no.such": 1}, "TERM_UNKNOWN"),
        ({"scope.frames_max": -1}, "TERMS_INVALID"),
        ({"scope.frames_max": 3000}, "NO_CHANGE"),
        ({"description": "Her face."}, "DESCRIPTION_TOO_VAGUE"),
        ({"declared.surprise": "x"}, "TERMS_INVALID"),
        ({"description": "Her face in sequence 041\u202e and later."}, "TERMS_INVALID"),
    ],
)
def test_revision_that_may_not_be_is_refused_and_changes_nothing(
    cast: Cast, request_: LicenceRequest, changes: dict[str, Any], code: str
) -> None:
    before = _hash(request_)
    assert refusal(lambda: revise(cast, request_, changes)) == code
    assert _hash(request_) == before


def test_only_the_licensee_revises_and_what_is_closed_stays_closed(
    cast: Cast, request_: LicenceRequest
) -> None:
    change = {"changes": {"scope.frames_max": 5}, "terms_hash": _hash(request_)}
    assert refusal(lambda: services.revise_request(
        principal=cast.agent, request_id=request_.pk, **change)) == "NOT_YOURS_TO_DECIDE"  # fmt: skip
    assert refusal(lambda: services.revise_request(
        principal=cast.other_studio, request_id=request_.pk, **change)) == "NOT_FOUND"  # fmt: skip
    services.withdraw_request(principal=cast.producer, request_id=request_.pk)
    assert refusal(lambda: revise(cast, request_, {"scope.frames_max": 5})) == "REQUEST_STATE"
    with pytest.raises(IntegrityError, match="closed request"), transaction.atomic():
        LicenceRequest.objects.filter(pk=request_.pk).update(state="SUBMITTED")


def test_questions_and_answers_stand_in_the_trail_and_change_no_state(
    cast: Cast, api: Api, request_: LicenceRequest
) -> None:
    path = f"license-requests/{request_.pk}"
    early = api.post(f"{path}/answer", {"text": "Because."})
    assert (early.status_code, early.json()["code"]) == (409, "NO_QUESTION")
    asked = call(cast.agent, f"{path}/question", {"text": "Which scenes?", "about": "scope.shots"})
    assert asked.status_code == 200
    assert call(cast.agent, f"{path}/answer", {"text": "Mine."}).json()["code"] == "NO_QUESTION"
    answered = api.post(f"{path}/answer", {"text": "041 to 047.", "about": "scope.shots"}).json()
    assert answered["state"] == "SUBMITTED"
    assert [(one["kind"], one["about"]) for one in answered["actions"][1:]] == [
        ("QUESTION", "scope.shots"),
        ("ANSWER", "scope.shots"),
    ]
    assert (
        api.post(f"{path}/question", {"text": "x", "about": "scope.nothing"}).json()["code"] == "TERM_UNKNOWN"
    )
    assert api.post(f"{path}/question", {"text": "hidden\u202e"}).json()["code"] == "NOTE_INVALID"
    assert (
        call(cast.colleague, f"{path}/question", {"text": "And I?"}).json()["code"] == "NOT_YOURS_TO_DECIDE"
    )
    assert call(cast.other_agent, f"{path}/question", {"text": "And I?"}).status_code == 404


def test_draft_is_the_studios_alone_and_becomes_a_request_once(
    api: Api, stranger_api: Api, cast: Cast, request_body: dict[str, Any]
) -> None:
    half = {"title": "Merrow", "body": {"talent": cast.talent.handle}}
    draft = api.post("request-drafts", half).json()
    for other in (cast.colleague.organisation, cast.production.guild, cast.talent.organisation):
        refused = call(factories.make_desk(other, "ADMIN"), "request-drafts", half)
        assert (refused.status_code, refused.json()["code"]) == (403, "STUDIO_ONLY")
    assert not LicenceRequest.objects.exists()
    assert stranger_api.get("request-drafts").json()["results"] == []
    assert stranger_api.post(f"request-drafts/{draft['id']}/submit").status_code == 404
    unfinished = api.post(f"request-drafts/{draft['id']}/submit")
    assert unfinished.status_code == 422, unfinished.content
    put = api.client.put(
        f"/api/v1/request-drafts/{draft['id']}", {"title": "Merrow", "body": request_body},
        content_type="application/json", headers=factories.bearer(api.credential),
    )  # fmt: skip
    assert put.status_code == 200
    made = api.post(f"request-drafts/{draft['id']}/submit")
    assert made.status_code == 201, made.content
    again = api.post(f"request-drafts/{draft['id']}/submit")
    assert (again.status_code, again.json()["code"]) == (409, "DRAFT_SUBMITTED")
    assert LicenceRequest.objects.count() == 1
    large = api.post("request-drafts", {"title": "x", "body": {"description": "x" * 70_000}})
    assert large.json()["code"] == "DRAFT_INVALID"


def test_draft_for_a_hidden_talent_is_kept_and_submitting_it_says_nothing(
    api: Api, request_body: dict[str, Any]
) -> None:
    hidden = factories.make_talent(visibility="HIDDEN")
    ids = [
        api.post("request-drafts", {"body": {**request_body, "talent": handle}}).json()["id"]
        for handle in (hidden.handle, "nobody-at-all")
    ]
    answers = [api.post(f"request-drafts/{one}/submit") for one in ids]
    assert [one.status_code for one in answers] == [404, 404]
    assert answers[0].content == answers[1].content
    refused = Event.objects.filter(kind="request.refused").values_list("object_id", flat=True)
    assert sorted(refused) == sorted([hidden.handle, "nobody-at-all"])


def test_notice_runs_out_by_the_beat_and_wider_terms_begin_it_again(cast: Cast, move_clock: Any) -> None:
    factories.make_mandate(cast.talent, cast.agent, mode="UNION_NOTICE", notice_hours=48)
    request = factories.make_submitted_request(cast.production, cast.talent)
    first = request.notice_until
    move_clock(hours=47)
    assert services.end_notices() == 0
    revise(cast, request, {"scope.frames_max": 2000})
    request.refresh_from_db()
    assert request.notice_until == first
    revise(cast, request, {"scope.frames_max": 2900})
    request.refresh_from_db()
    assert request.notice_until > first
    move_clock(hours=49)
    assert services.end_notices() == 0
    move_clock(hours=96)
    assert services.end_notices() == 1
    assert services.end_notices() == 0
    request.refresh_from_db()
    assert request.state == "SUBMITTED"
    with pytest.raises(IntegrityError, match="never shortened"), transaction.atomic():
        LicenceRequest.objects.filter(pk=request.pk).update(notice_until=first)


@pytest.mark.django_db(transaction=True)
def test_two_agents_who_approve_at_once_issue_one_licence() -> None:
    agency = factories.make_agency()
    talent, agents = factories.make_talent(), [factories.make_agent(agency) for _ in range(2)]
    factories.make_mandate(talent, agents[0], named=False)
    request = factories.make_submitted_request(talent=talent)
    wanted, codes = _hash(request), []
    gate = threading.Barrier(2)

    def answer(desk: Any) -> None:
        gate.wait(10)
        try:
            services.approve_request(principal=desk, request_id=request.pk, terms_hash=wanted)
            codes.append("ISSUED")
        except DomainError as error:
            codes.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=answer, args=(desk,)) for desk in agents]
    for one in threads:
        one.start()
    for one in threads:
        one.join(30)
    assert sorted(codes) == ["ISSUED", "REQUEST_STATE"]
    assert LicenceToken.objects.count() == 1


def test_approving_a_version_that_was_revised_meanwhile_signs_nothing(
    cast: Cast, request_: LicenceRequest
) -> None:
    read = _hash(request_)
    revise(cast, request_, {"scope.frames_max": 2999})
    answer = call(cast.agent, f"license-requests/{request_.pk}/approve", {"terms_hash": read})
    assert (answer.status_code, answer.json()["code"]) == (409, "TERMS_CHANGED")
    assert answer.json()["terms_hash"] == _hash(request_)
    assert not LicenceToken.objects.exists()


def test_double_submission_with_one_key_is_one_request_and_without_it_two(
    cast: Cast, request_body: dict[str, Any]
) -> None:
    api = Api(Client(), factories.make_credential(cast.producer.organisation)[0])
    first = api.post("license-requests", request_body, **{"Idempotency-Key": "one"})
    again = api.post("license-requests", request_body, **{"Idempotency-Key": "one"})
    assert first.json()["id"] == again.json()["id"]
    assert LicenceRequest.objects.count() == 1
