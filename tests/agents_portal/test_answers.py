"""The acts that bind: counter, accept, approve, decline, withdraw. Each through one confirming screen."""

from __future__ import annotations

import pytest

from licensing import services
from licensing.models import LicenceToken
from tests.agents_portal.conftest import Cast, Reader, page_of


def narrowed(cast: Cast, request: object) -> Reader:
    """The agent takes one country out and sends the counter."""
    agent, path = Reader(cast.agent), f"/requests/{request.pk}/"
    agent.post(
        f"{path}change/", {"field": "render_territory", "value": ["CA", "US"], "note": "North America."}
    )
    screen = agent.page(f"{path}counter/")
    assert screen.titles == ("Send this counter?",)
    sent = agent.post(f"{path}counter/", {"terms_hash": request.current.terms_hash, "note": ""})
    assert sent["Location"] == path
    request.refresh_from_db()
    return agent


@pytest.mark.req("ST-060")
@pytest.mark.req("ST-022")
def test_the_agent_narrows_the_studio_accepts_the_agent_approves(cast: Cast) -> None:
    request = cast.ask()
    path = f"/requests/{request.pk}/"
    agent = narrowed(cast, request)
    assert request.state == "COUNTERED"
    too_early = agent.post(f"{path}approve/", {"terms_hash": request.current.terms_hash})
    assert too_early.status_code == 409
    studio = Reader(cast.producer)
    assert "North America." in studio.page(path)
    accepted = studio.post(f"{path}accept/", {"terms_hash": request.current.terms_hash})
    assert accepted["Location"] == path
    screen = agent.page(f"{path}approve/")
    digits = request.current.terms_hash.removeprefix("sha256:")
    assert digits in screen.text.replace(" ", "")
    approved = agent.post(f"{path}approve/", {"terms_hash": request.current.terms_hash})
    assert approved["Location"] == path
    token = LicenceToken.objects.get(request=request)
    assert token.terms.terms["render_territory"] == ["CA", "US"]
    assert f"/licences/{token.pk}/" in agent.page(path).links


def test_approval_names_the_hash_that_was_read(cast: Cast) -> None:
    request = cast.ask()
    reader, path = Reader(cast.agent), f"/requests/{request.pk}/approve/"
    for sent in ({}, {"terms_hash": "sha256:" + "0" * 64}, {"terms_hash": "yes"}):
        answer = reader.post(path, sent)
        assert answer.status_code == 409
        assert "signed" in page_of(answer).text or "Nothing" in page_of(answer).text
    assert not LicenceToken.objects.filter(request=request).exists()


def test_changes_not_sent_are_named_before_approving_without_them(cast: Cast) -> None:
    request = cast.ask()
    reader, path = Reader(cast.agent), f"/requests/{request.pk}/"
    reader.post(f"{path}change/", {"field": "frames_max", "value": "2000", "note": ""})
    assert "1 change of yours is not part of this." in reader.page(f"{path}approve/")


def test_a_double_approval_signs_once(cast: Cast) -> None:
    request = cast.ask()
    reader, path = Reader(cast.agent), f"/requests/{request.pk}/approve/"
    sent = {"terms_hash": request.current.terms_hash}
    assert reader.post(path, sent).status_code == 302
    again = reader.post(path, sent)
    assert again.status_code == 409
    assert "The request moved on while you read" in page_of(again)
    assert LicenceToken.objects.filter(request=request).count() == 1


@pytest.mark.req("ST-020")
def test_the_trail_between_studio_and_agent_stands_with_its_hashes(cast: Cast) -> None:
    request = cast.ask()
    first = request.current.terms_hash
    narrowed(cast, request)
    second = request.current.terms_hash
    html = Reader(cast.producer).page(f"/requests/{request.pk}/").html
    assert first in html
    assert second in html
    assert cast.agent.person.full_name in html
    assert cast.producer.person.full_name in html
    assert Reader(cast.other_studio).get(f"/requests/{request.pk}/").status_code == 404


@pytest.mark.parametrize("act", ["approve", "counter", "decline"])
def test_a_colleague_may_not_answer_and_strangers_find_nothing(cast: Cast, act: str) -> None:
    request = cast.ask()
    path = f"/requests/{request.pk}/{act}/"
    sent = {"terms_hash": request.current.terms_hash, "reason": "No."}
    assert Reader(cast.colleague).post(path, sent).status_code == 403
    for stranger in (cast.other_agent, cast.other_talent, cast.producer, cast.auditor, cast.vendor):
        assert Reader(stranger).post(path, sent).status_code == 404
    request.refresh_from_db()
    assert request.state == "SUBMITTED"


@pytest.mark.parametrize("act", ["accept", "withdraw"])
def test_only_the_studio_that_asked_accepts_or_withdraws(cast: Cast, act: str) -> None:
    request = cast.ask()
    narrowed(cast, request)
    path, sent = f"/requests/{request.pk}/{act}/", {"terms_hash": request.current.terms_hash}
    assert Reader(cast.engineer).post(path, sent).status_code == 403
    assert Reader(cast.other_studio).post(path, sent).status_code == 404
    assert Reader(cast.agent).post(path, sent).status_code == 404
    request.refresh_from_db()
    assert request.state == "COUNTERED"
    assert Reader(cast.producer).post(path, sent).status_code == 302


def test_a_decline_needs_a_reason_that_the_studio_reads(cast: Cast) -> None:
    request = cast.ask()
    reader, path = Reader(cast.agent), f"/requests/{request.pk}/decline/"
    silent = reader.post(path, {"reason": "  "})
    assert silent.status_code == 422
    assert "Give a reason." in page_of(silent)
    assert reader.post(path, {"reason": "She does not do ferry scenes."}).status_code == 302
    assert "She does not do ferry scenes." in Reader(cast.producer).page(f"/requests/{request.pk}/")


def test_an_empty_draft_has_no_counter_to_send(cast: Cast) -> None:
    request = cast.ask()
    answer = Reader(cast.agent).get(f"/requests/{request.pk}/counter/")
    assert answer["Location"] == f"/requests/{request.pk}/#terms"


def test_a_lapsed_request_takes_no_answer(cast: Cast, settings: object, tmp_path: object) -> None:
    request = cast.ask()
    settings.TEST_CLOCK_FILE = str(tmp_path / "clock")
    (tmp_path / "clock").write_text(str(15 * 86400), encoding="ascii")
    services.lapse_requests()
    answer = Reader(cast.agent).post(
        f"/requests/{request.pk}/approve/", {"terms_hash": request.current.terms_hash}
    )
    assert answer.status_code == 409
    assert not LicenceToken.objects.filter(request=request).exists()


@pytest.mark.req("ST-024")
def test_a_delegate_may_answer_while_the_delegation_holds(cast: Cast) -> None:
    from datetime import timedelta

    from common import clock

    request = cast.ask()
    path, sent = f"/requests/{request.pk}/approve/", {"terms_hash": request.current.terms_hash}
    assert Reader(cast.colleague).post(path, sent).status_code == 403
    services.delegate_mandate(
        principal=cast.agent,
        mandate=request.mandate,
        to_user=cast.colleague.person,
        valid_from=clock.now() - timedelta(minutes=1),
        valid_until=clock.now() + timedelta(days=7),
    )
    assert Reader(cast.colleague).post(path, sent).status_code == 302
    assert LicenceToken.objects.filter(request=request).exists()


def test_csrf_is_asked_of_every_act(cast: Cast) -> None:
    from django.test import Client

    request = cast.ask()
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.agent.person)
    answer = client.post(f"/requests/{request.pk}/approve/", {"terms_hash": request.current.terms_hash})
    assert answer.status_code == 403
    assert not LicenceToken.objects.filter(request=request).exists()
