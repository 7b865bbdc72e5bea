"""Several approvals at once: only inside the mandate, each by the hash that was read, each told by itself."""

from __future__ import annotations

import pytest

from licensing import services
from licensing.models import LicenceRequest, LicenceToken
from tests.agents_portal.conftest import Cast, Reader


def sent(*rows: LicenceRequest, **hashes: str) -> dict[str, object]:
    named: dict[str, object] = {"pick": [str(row.pk) for row in rows]}
    for row in rows:
        assert row.current is not None
        named[f"hash-{row.pk}"] = row.current.terms_hash
    return {**named, **hashes}


def query(*rows: LicenceRequest) -> str:
    return "/inbox/approve/?" + "&".join(f"pick={row.pk}" for row in rows)


def test_what_lies_inside_is_read_together_and_signed_one_by_one(cast: Cast) -> None:
    first, second, outside = cast.ask(), cast.ask(), cast.ask(use_types=("FACE_RENDER", "DE_AGING"))
    reader = Reader(cast.agent)
    inbox = reader.page("/inbox/")
    assert f'value="{first.pk}" form="bulk"' in inbox.html
    assert f'value="{outside.pk}" form="bulk"' not in inbox.html
    screen = reader.page(query(first, second, outside))
    assert screen.titles == ("Approve 2 requests?",)
    assert "1 of those you chose is read on its own" in screen
    assert screen.text.index("Granted:") < screen.text.index("Not granted:")
    done = reader.post("/inbox/approve/", sent(first, second))
    assert done.status_code == 200
    assert "2 requests are approved" in done.content.decode()
    assert LicenceToken.objects.count() == 2
    outside.refresh_from_db()
    assert outside.state == "SUBMITTED"


def test_one_that_changed_meanwhile_is_not_signed_and_the_others_are(cast: Cast) -> None:
    first, second, third = cast.ask(), cast.ask(), cast.ask()
    body = sent(first, second, third)
    assert second.current is not None
    services.counter_request(
        principal=cast.agent, request_id=second.pk, terms_hash=second.current.terms_hash,
        changes={"scope.frames_max": 7},
    )  # fmt: skip
    body[f"hash-{third.pk}"] = "sha256:" + "0" * 64
    answer = Reader(cast.agent).post("/inbox/approve/", body)
    assert answer.status_code == 409
    text = answer.content.decode()
    assert "1 request is approved" in text
    assert "It no longer waits for you alone." in text
    assert "TERMS_CHANGED" in text
    assert [token.request_id for token in LicenceToken.objects.all()] == [first.pk]


@pytest.mark.parametrize("who", ["colleague", "other_agent"])
def test_nobody_else_approves_by_naming_ids(cast: Cast, who: str) -> None:
    row = cast.ask()
    answer = Reader(getattr(cast, who)).post("/inbox/approve/", sent(row))
    assert answer.status_code == 409
    assert not LicenceToken.objects.exists()


@pytest.mark.parametrize("who", ["self", "producer", "auditor", "vendor"])
def test_the_page_is_the_agents(cast: Cast, who: str) -> None:
    row = cast.ask()
    assert Reader(getattr(cast, who)).post("/inbox/approve/", sent(row)).status_code == 404


def test_a_request_with_changes_of_ones_own_is_left_out(cast: Cast) -> None:
    first, second = cast.ask(), cast.ask()
    reader = Reader(cast.agent)
    reader.post(f"/requests/{first.pk}/change/", {"field": "frames_max", "value": "10"})
    assert reader.page(query(first, second)).titles == ("Approve 1 request?",)
    assert reader.get("/inbox/approve/?pick=not-an-id").status_code == 302


def test_a_question_and_its_answer_change_nothing_but_the_trail(cast: Cast) -> None:
    row = cast.ask()
    agent, studio = Reader(cast.agent), Reader(cast.producer)
    for stranger in (cast.other_agent, cast.other_studio):
        assert Reader(stranger).post(f"/requests/{row.pk}/ask/", {"text": "?"}).status_code == 404
    assert Reader(cast.colleague).post(f"/requests/{row.pk}/ask/", {"text": "?"}).status_code == 403
    assert studio.post(f"/requests/{row.pk}/answer/", {"text": "Yes."}).status_code == 409
    assert agent.post(f"/requests/{row.pk}/ask/", {"text": ""}).status_code == 422
    asked = {"text": "Which sequences?", "about": "scope.frames_max"}
    assert agent.post(f"/requests/{row.pk}/ask/", asked).status_code == 302
    assert "Answer their question" in studio.page(f"/requests/{row.pk}/")
    assert "Which sequences?" in studio.page(f"/requests/{row.pk}/answer/")
    assert studio.post(f"/requests/{row.pk}/answer/", {"text": "041 to 047."}).status_code == 302
    page = agent.page(f"/requests/{row.pk}/")
    assert "Asked a question:" in page
    assert "041 to 047." in page
    row.refresh_from_db()
    assert row.state == "SUBMITTED"
