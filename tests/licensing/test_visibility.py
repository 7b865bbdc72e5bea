"""Layer 1: who may know of a talent; hidden and unknown are the same in content and in work done."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.models import Event
from common.errors import Forbidden, InvalidInput, NotFound
from licensing import services
from licensing.models import LicenceRequest
from tests import factories
from tests.licensing.conftest import Api, Cast


def _shape(statements: list[dict[str, str]]) -> list[str]:
    """SQL with its values taken out: what the database was asked, not about whom."""
    cut = [re.sub(r"'[^']*'(::\w+)?|\b\d+\b", "?", one["sql"]) for one in statements]
    return [re.sub(r"SAVEPOINT \"[^\"]*\"", "SAVEPOINT", one) for one in cut]


def _ask(api: Api, handle: str, cast: Cast) -> tuple[Any, list[str]]:
    body = {"talent": handle, "project": str(cast.production.pk)}
    with CaptureQueriesContext(connection) as seen:
        answer = api.post("visibility/check", body)
    return answer, _shape(seen.captured_queries)


@pytest.mark.req("ST-010")
def test_listed_talent_is_seen_and_hidden_talent_is_not(api: Api, cast: Cast) -> None:
    body = {"talent": cast.talent.handle, "project": str(cast.production.pk)}
    seen = api.post("visibility/check", body)
    assert seen.status_code == 200
    assert seen.json()["visible"] is True
    assert seen.json()["name"] == "Ilse Varga-Thorne"
    assert seen.json()["constructs"] == ["FACE_3D", "VOICE_SPEAKING"]

    services.set_visibility(principal=cast.self, talent=cast.talent, level="HIDDEN")
    assert api.post("visibility/check", body).status_code == 404


@pytest.mark.req("ST-012")
def test_hidden_talent_answers_byte_for_byte_as_an_unknown_one_with_the_same_statements(
    api: Api, cast: Cast
) -> None:
    hidden = factories.make_talent(visibility="HIDDEN")
    api.get("alerts")  # the key's first use is noted once; after it, calls are alike

    told_of_hidden, work_for_hidden = _ask(api, hidden.handle, cast)
    told_of_nobody, work_for_nobody = _ask(api, "nobody-of-this-name", cast)

    assert told_of_hidden.status_code == told_of_nobody.status_code == 404
    assert told_of_hidden.content == told_of_nobody.content
    assert dict(told_of_hidden.headers) == dict(told_of_nobody.headers)
    assert work_for_hidden == work_for_nobody
    assert len(work_for_hidden) > 4
    # the positive case is told apart, so the comparison above is not of two empty answers
    seen, _ = _ask(api, cast.talent.handle, cast)
    assert seen.status_code == 200


@pytest.mark.req("ST-012")
def test_request_against_a_hidden_talent_reveals_nothing_and_leaves_no_request(
    api: Api, cast: Cast, request_body: dict[str, Any]
) -> None:
    hidden = factories.make_talent(visibility="HIDDEN")
    api.get("alerts")  # the key's first use is noted once; after it, calls are alike
    answers = []
    for handle in (hidden.handle, "nobody-of-this-name"):
        with CaptureQueriesContext(connection) as seen:
            answer = api.post("license-requests", {**request_body, "talent": handle})
        answers.append((answer.status_code, answer.content, _shape(seen.captured_queries)))
    assert answers[0] == answers[1]
    assert answers[0][0] == 404
    assert not LicenceRequest.objects.exists()
    assert api.post("license-requests", request_body).status_code == 201


def test_refused_request_is_recorded_also_with_an_idempotency_key(
    api: Api, cast: Cast, request_body: dict[str, Any]
) -> None:
    answer = api.post(
        "license-requests", {**request_body, "talent": "nobody-of-this-name"}, **{"Idempotency-Key": "k1"}
    )
    assert answer.status_code == 404
    assert Event.objects.filter(kind="request.refused", object_id="nobody-of-this-name").count() == 1


@pytest.mark.req("ST-012")
@pytest.mark.req("ST-011")
def test_being_visible_grants_no_use_until_a_licence_of_this_production_does(api: Api, cast: Cast) -> None:
    body = {"talent": cast.talent.handle, "project": str(cast.production.pk)}
    assert api.post("visibility/check", body).json()["usage"] == {"granted": False, "use_types": []}

    factories.make_live_token(
        cast.production, cast.talent, use_types=("FACE_RENDER",), constructs=("FACE_3D",)
    )
    assert api.post("visibility/check", body).json()["usage"] == {
        "granted": True,
        "use_types": ["FACE_RENDER"],
    }

    other = factories.make_production(cast.producer.organisation)
    elsewhere = api.post("visibility/check", {**body, "project": str(other.pk)}).json()
    assert elsewhere["usage"] == {"granted": False, "use_types": []}


def test_listed_to_names_who_may_see(api: Api, stranger_api: Api, cast: Cast) -> None:
    services.set_visibility(
        principal=cast.self, talent=cast.talent, level="LISTED_TO", organisations=[cast.producer.organisation]
    )
    body = {"talent": cast.talent.handle, "project": str(cast.production.pk)}
    assert api.post("visibility/check", body).status_code == 200
    theirs = factories.make_production(cast.other_studio.organisation)
    assert stranger_api.post("visibility/check", {**body, "project": str(theirs.pk)}).status_code == 404


def test_listed_anonymously_shows_no_name(api: Api, cast: Cast) -> None:
    services.set_visibility(principal=cast.self, talent=cast.talent, level="LISTED_ANONYMOUS")
    answer = api.post("visibility/check", {"talent": cast.talent.handle, "project": str(cast.production.pk)})
    assert answer.json()["name"] is None
    assert cast.talent.stage_name not in answer.content.decode()


def test_hidden_construct_reads_as_one_that_is_not_in_the_vault(
    api: Api, cast: Cast, request_body: dict[str, Any]
) -> None:
    services.set_visibility(
        principal=cast.self, talent=cast.talent, level="HIDDEN", construct="VOICE_SPEAKING"
    )
    hidden = api.post("license-requests", {**request_body, "constructs": ["VOICE_SPEAKING"]})
    missing = api.post("license-requests", {**request_body, "constructs": ["BODY_3D"]})
    assert hidden.status_code == missing.status_code == 404
    assert hidden.content == missing.content
    face = api.post(
        "license-requests", {**request_body, "constructs": ["FACE_3D"], "use_types": ["FACE_RENDER"]}
    )
    assert face.status_code == 201


def test_one_listed_construct_shows_a_talent_whose_default_is_hidden(api: Api, cast: Cast) -> None:
    services.set_visibility(principal=cast.self, talent=cast.talent, level="HIDDEN")
    services.set_visibility(
        principal=cast.self, talent=cast.talent, level="LISTED", construct="VOICE_SPEAKING"
    )
    answer = api.post("visibility/check", {"talent": cast.talent.handle, "project": str(cast.production.pk)})
    assert answer.json()["constructs"] == ["VOICE_SPEAKING"]


def test_only_the_talent_changes_visibility(cast: Cast) -> None:
    for other in (cast.agent, cast.producer, factories.make_desk(cast.talent.organisation, "ADMIN")):
        with pytest.raises(Forbidden) as refused:
            services.set_visibility(principal=other, talent=cast.talent, level="LISTED")
        assert refused.value.code == "TALENT_ONLY"
    rule = services.set_visibility(principal=cast.self, talent=cast.talent, level="HIDDEN")
    assert rule.level == "HIDDEN"
    assert rule.history.count() >= 2


@pytest.mark.parametrize(
    ("level", "organisations", "code"),
    [
        ("SEEN", False, "VISIBILITY_UNKNOWN"),
        ("LISTED_TO", False, "ORGANISATIONS_MISSING"),
        ("LISTED", True, "ORGANISATIONS_UNEXPECTED"),
    ],
)
def test_malformed_visibility_is_refused(cast: Cast, level: str, organisations: bool, code: str) -> None:
    named = [cast.producer.organisation] if organisations else []
    with pytest.raises(InvalidInput) as refused:
        services.set_visibility(principal=cast.self, talent=cast.talent, level=level, organisations=named)
    assert refused.value.code == code


def test_every_question_is_recorded_with_the_handle_as_asked(api: Api, cast: Cast) -> None:
    api.post("visibility/check", {"talent": "nobody-of-this-name", "project": str(cast.production.pk)})
    event = Event.objects.get(kind="visibility.checked")
    assert event.object_id == "nobody-of-this-name"
    assert event.details == {"answer": "NOT_FOUND"}


def test_asking_for_another_studios_production_is_not_found(cast: Cast) -> None:
    with pytest.raises(NotFound):
        services.check_visibility(
            principal=cast.other_studio, handle=cast.talent.handle, production_id=cast.production.pk
        )


@pytest.mark.req("ST-081")
def test_performance_signature_is_licensed_on_its_own(cast: Cast) -> None:
    dancer = factories.make_talent(constructs=("PERFORMANCE_SIGNATURE", "FACE_3D"))
    token, _, _ = factories.make_live_token(
        cast.production, dancer, use_types=("MOTION_TRANSFER",), constructs=("PERFORMANCE_SIGNATURE",)
    )
    assert token.constructs == ["PERFORMANCE_SIGNATURE"]
    assert token.use_types == ["MOTION_TRANSFER"]
    without = factories.make_talent(constructs=("FACE_3D",))
    with pytest.raises(NotFound):
        factories.make_submitted_request(
            cast.production, without, use_types=("MOTION_TRANSFER",), constructs=("PERFORMANCE_SIGNATURE",)
        )
