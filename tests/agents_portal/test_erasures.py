"""Erasure in the portal: the person looks, asks and takes back; the operator lists, confirms, hands out the certificate."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from accounts.operating import make_operator
from accounts.principals import Principal, principal_of_person
from common import clock
from compliance.erasure.models import Erasure
from compliance.tasks import erase_due
from licensing.models import Talent
from tests import factories
from tests.agents_portal.conftest import Reader, page_of
from tests.compliance.test_erasure import NAME, ended, licensed, use_own_stores

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_stores(settings: Any, tmp_path: Path) -> None:
    use_own_stores(settings, tmp_path)


def operator(email: str) -> Principal:
    made, _ = make_operator(email=email, full_name=f"Ola {email[:4]}", house="Operator")
    found = principal_of_person(made.user)
    assert found is not None
    return found


def herself_after_her_licence() -> tuple[Talent, Principal]:
    person = ended(licensed())
    assert person.talent is not None
    return person.talent, factories.desk_of_talent(person.talent)


def test_a_talent_looks_asks_and_the_operator_confirms_and_hands_out_the_certificate() -> None:
    talent, desk = herself_after_her_licence()
    me, root = Reader(desk), Reader(operator("root@example.org"))
    assert "/settings/erasure/" in me.page("/settings/").links
    assert "Nothing is asked for yet" in me.page("/settings/erasure/")
    look = page_of(me.post("/settings/erasure/", {"ground": "CONSENT_WITHDRAWN", "act": "look"}))
    assert "What nobody can read afterwards" in look
    assert "What stays and can still be proved" in look
    assert "Ask for the erasure" in look
    assert Erasure.objects.count() == 0
    assert (
        me.post("/settings/erasure/", {"ground": "CONSENT_WITHDRAWN", "act": "ask"})["Location"]
        == "/settings/erasure/"
    )
    row = Erasure.objects.get()
    assert "Take this erasure back?" in me.page("/settings/erasure/")
    assert NAME in root.page("/erasures/")
    one = root.page(f"/erasures/{row.pk}/")
    assert f"/erasures/{row.pk}/confirm/" in one.links
    assert root.get(f"/erasures/{row.pk}/certificate.json").status_code == 409
    assert root.post(f"/erasures/{row.pk}/confirm/").status_code == 302
    row.refresh_from_db()
    assert (row.state, row.due_at is not None) == ("CONFIRMED", True)
    assert "Waits for its day" in root.page(f"/erasures/{row.pk}/")
    assert "It will be carried out on" in me.page(
        "/settings/erasure/"
    )  # she sees the day, and can still take it back
    Erasure.objects.update(due_at=clock.now() - timedelta(seconds=1))
    assert erase_due() == 1
    assert Talent.objects.get(pk=talent.pk).stage_name == "Erased person"
    assert NAME not in root.page("/erasures/")
    signed = json.loads(root.get(f"/erasures/{row.pk}/certificate.json").content)
    assert signed["certificate"]["asked_for"] == "SUBJECT"


def test_she_takes_it_back_and_nothing_happens() -> None:
    talent, desk = herself_after_her_licence()
    me, root = Reader(desk), Reader(operator("root@example.org"))
    me.post("/settings/erasure/", {"ground": "OBJECTION", "act": "ask"})
    row = Erasure.objects.get()
    root.post(f"/erasures/{row.pk}/confirm/")
    assert me.post("/settings/erasure/").status_code == 302
    row.refresh_from_db()
    assert row.state == "WITHDRAWN"
    assert erase_due() == 0
    assert Talent.objects.get(pk=talent.pk).stage_name == NAME


def test_what_stands_against_it_is_said_and_nothing_can_be_asked() -> None:
    farm = licensed()
    me = Reader(factories.desk_of_talent(farm.token.talent))
    look = page_of(me.post("/settings/erasure/", {"ground": "OBJECTION", "act": "look"}))
    assert "It cannot be asked for yet" in look
    assert "Licences are still running" in look
    assert "Ask for the erasure" not in look
    assert me.post("/settings/erasure/", {"ground": "OBJECTION", "act": "ask"}).status_code == 409
    assert me.post("/settings/erasure/", {"ground": "BECAUSE", "act": "ask"}).status_code == 422
    assert Erasure.objects.count() == 0


def test_an_operator_asks_of_somebody_and_cannot_confirm_alone() -> None:
    talent, _ = herself_after_her_licence()
    root, other = Reader(operator("root@example.org")), Reader(operator("other@example.org"))
    wrong = page_of(root.post("/erasures/new/", {"talent": "no-such", "ground": "OBJECTION", "act": "look"}))
    assert "Nobody is known by this name here." in wrong
    assert root.post("/erasures/new/", {"talent": "", "user": "", "ground": "OBJECTION"}).status_code == 422
    told = {"talent": talent.handle, "ground": "LEGAL_DUTY"}
    look = page_of(root.post("/erasures/new/", {**told, "act": "look"}))
    assert "Ask for the erasure" in look
    made = root.post("/erasures/new/", {**told, "act": "ask"})
    row = Erasure.objects.get()
    assert made["Location"] == f"/erasures/{row.pk}/"
    mine = root.page(f"/erasures/{row.pk}/")
    assert "Another administrator confirms what you asked for." in mine
    assert f"/erasures/{row.pk}/confirm/" not in mine.links
    root.post(f"/erasures/{row.pk}/confirm/")
    row.refresh_from_db()
    assert row.state == "ASKED"
    assert other.post(f"/erasures/{row.pk}/withdraw/").status_code == 302
    row.refresh_from_db()
    assert row.state == "WITHDRAWN"


def test_an_old_proof_is_asked_for_anew_before_anything_is_asked() -> None:
    _, desk = herself_after_her_licence()
    client = factories.signed_in(desk.person, seconds_ago=3600)
    answer = client.post("/settings/erasure/", {"ground": "OBJECTION", "act": "ask"})
    assert answer.status_code == 422
    assert "Confirm that it is you" in answer.content.decode()
    assert Erasure.objects.count() == 0
