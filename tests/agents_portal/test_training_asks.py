"""Asking to train at the portal: found as for a render, written apart, answered by the person alone."""

from __future__ import annotations

from typing import Any

import pytest

from audit.models import Event
from licensing import services
from licensing.models import LicenceRequest, TrainingRequest
from tests import factories
from tests.agents_portal.conftest import Cast, Reader, page_of

FILLED: dict[str, Any] = {
    "use_types": ["TRAINING_REPLICA"],
    "constructs": ["FACE_3D"],
    "replica_class": "EMPLOYMENT_BASED_DIGITAL_REPLICA",
    "description": "Fit one face model of Ada Merrow for sequences 041 to 047 of this film.",
    "days": "60",
    "runs_max": "2",
    "models": "merrow-face\nmerrow-face-large",
    "render_territory": "Canada",
    "distribution_territory": "CA, US",
    "channels": ["THEATRICAL"],
    "basis": "FLAT",
    "currency": "USD",
    "amount": "4,000.00",
    "replica_model": "DESTROY",
    "recognisable": "on",
}


def form_of(reader: Reader, cast: Cast, handle: str = "") -> Any:
    sent = {"production": str(cast.production.pk), "talent": handle or cast.talent.handle}
    return reader.post("/training/new/", sent)


@pytest.mark.req("ST-080", "BX-009")
def test_a_studio_asks_to_train_and_the_talent_alone_answers(cast: Cast) -> None:
    reader = Reader(cast.producer)
    assert "Ask to train" in reader.page("/training/")
    address = form_of(reader, cast).url
    page = reader.page(address)
    assert "Ilse Varga-Thorne" in page
    # no render use is offered, and none is taken
    assert "FACE_RENDER" not in page.html
    refused = reader.post(address, {**FILLED, "use_types": ["FACE_RENDER"], "act": "send"})
    assert refused.status_code == 422
    assert not TrainingRequest.objects.exists()
    sent = reader.post(address, {**FILLED, "act": "send"})
    made = TrainingRequest.objects.get()
    assert sent.url == f"/training/{made.pk}/"
    assert not LicenceRequest.objects.exists()
    assert made.use_types == ["TRAINING_REPLICA"]
    assert made.terms["scope"]["runs_max"] == 2
    assert made.terms["scope"]["frames_max"] == 0
    assert made.terms["tools"]["models_allowed"] == ["merrow-face", "merrow-face-large"]
    assert made.terms["compensation"]["amount_minor"] == 400_000
    assert made.terms["retention"]["replica_model"] == "DESTROY"
    assert "Agree to this training…" in Reader(cast.self).page(sent.url)
    assert "Agree to this training…" not in Reader(cast.agent).page(sent.url)
    assert Reader(cast.agent).post(f"{sent.url}approve/", {"terms_hash": made.terms_hash}).status_code == 404


def test_what_it_would_say_is_shown_and_nothing_is_sent(cast: Cast) -> None:
    reader = Reader(cast.producer)
    address = form_of(reader, cast).url
    looked = reader.post(address, {**FILLED, "act": "look"}, htmx=True)
    text = page_of(looked).text
    assert "What it would grant" in text
    assert text.index("And what not") < text.index("Any frame or sound")
    assert text.index("What it would grant") < text.index("And what not")
    waiting = page_of(reader.post(address, {**FILLED, "days": "", "act": "look"}, htmx=True))
    assert "Some fields wait for an answer." in waiting
    whole = reader.post(address, {**FILLED, "act": "look"})
    assert whole.status_code == 200
    assert "merrow-face-large" in whole.content.decode()
    short = reader.post(address, {**FILLED, "description": "Train.", "act": "send"})
    assert short.status_code == 422
    assert "reasonably specifically" in page_of(short)
    assert not TrainingRequest.objects.exists()


def test_nobody_learns_by_addresses_who_is_here(cast: Cast) -> None:
    hidden = factories.make_talent("Hidden Person", visibility="HIDDEN")
    reader = Reader(cast.producer)
    for handle in (hidden.handle, "nobody-at-all"):
        answer = form_of(reader, cast, handle)
        assert answer.status_code == 422
        assert "There is nobody of that name whom you may ask." in page_of(answer)
    asked = Event.objects.filter(kind="visibility.checked", organisation_id=cast.producer.organisation_id)
    assert {str(event.details) for event in asked} == {str({"answer": "NOT_FOUND"})}
    address = form_of(reader, cast).url
    # another studio's, a bent one, and one that led to somebody who hides now
    assert Reader(cast.other_studio).get(address).status_code == 404
    assert reader.get(f"{address[:-2]}x/").status_code == 404
    assert reader.get(f"/training/new/{cast.talent.handle}/").status_code == 404
    assert Reader(cast.engineer).get(address).status_code == 403
    services.set_visibility(principal=cast.self, talent=cast.talent, level="HIDDEN")
    assert reader.get(address).status_code == 404
    assert reader.post(address, {**FILLED, "act": "send"}).status_code == 404
    assert not TrainingRequest.objects.exists()
