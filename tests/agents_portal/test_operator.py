"""Who runs the server: keeps organisations and keys, sees queues and health, and has no part in any licence."""

from __future__ import annotations

import multiprocessing
import re
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import get_resolver

from accounts.invitations import accept_as_new
from accounts.models import Membership, Organisation
from accounts.operating import end_memberships, make_operator
from accounts.principals import Principal, principal_of_person
from accounts.services import add_member
from agents_portal.navigation import SECTIONS
from audit.models import Event
from common.broker import broker_state
from common.errors import Conflict, DomainError
from common.keys import public_keys, signer_for
from common.models import SigningKey
from licensing import services
from licensing.models import Hold, Mandate, TalentInstruction, VisibilityRule
from licensing.services import mandates, standing, training, visibility
from tests import factories
from tests.agents_portal.conftest import Cast, Reader


@pytest.fixture
def operator(db: None) -> Principal:
    member, _ = make_operator(email="root@example.org", full_name="Ola Root", house="Operator")
    found = principal_of_person(member.user)
    assert found is not None
    return found


def test_organisation_is_registered_and_its_first_administrator_appointed_once(operator: Principal) -> None:
    reader = Reader(operator)
    assert reader.get("/").headers["Location"] == "/organisations/"
    made = reader.post("/organisations/new/", {"name": "New Agency", "kind": "AGENCY", "slug": ""})
    house = Organisation.objects.get(slug="new-agency")
    assert made["Location"] == f"/organisations/{house.pk}/"
    assert reader.post("/organisations/new/", {"name": "New Agency", "kind": "AGENCY"}).status_code == 422
    assert reader.post("/organisations/new/", {"name": "Second Root", "kind": "OPERATOR"}).status_code == 422
    appoint = f"/organisations/{house.pk}/appoint/"
    answer = reader.post(appoint, {"full_name": "Ada Chief", "email": "Ada@example.org"})
    address = re.search(r'id="invitation-link">([^<]+)<', answer.content.decode())
    assert address is not None
    accept_as_new(secret=address[1].rstrip("/").rpartition("/")[2], password="a-long-enough-passphrase")
    chief = Membership.objects.get(organisation=house)
    assert (chief.role, chief.user.email) == ("ADMIN", "ada@example.org")
    assert answer["Cache-Control"] == "private, no-store"
    second = reader.post(appoint, {"full_name": "Bob Second", "email": "bob@example.org"})
    assert second.status_code == 409
    event = Event.objects.get(kind="organisation.administrator_appointed")
    assert str(house.pk) in event.visible_to, "the organisation reads what the operator did"

    page = reader.page(f"/organisations/{house.pk}/")
    assert "Ada Chief" in page
    assert reader.post(f"/organisations/{house.pk}/people/{chief.user_id}/end/").status_code == 302
    chief.refresh_from_db()
    assert chief.ended_at is not None
    assert "Who has left" in reader.page(f"/organisations/{house.pk}/")


def test_list_is_searched_narrowed_and_leaves_out_what_a_roll_made(operator: Principal, cast: Cast) -> None:
    reader = Reader(operator)
    page = reader.page("/organisations/")
    assert cast.producer.organisation.name in page
    assert cast.talent.organisation.name not in page
    assert cast.talent.organisation.name in reader.page("/organisations/?kind=TALENT")
    found = reader.page(f"/organisations/?q={cast.producer.organisation.name[:6]}")
    assert cast.producer.organisation.name in found
    assert reader.get("/organisations/?kind=NONE").status_code == 404


def test_operator_belongs_to_no_party_and_no_party_to_the_operator(operator: Principal, cast: Cast) -> None:
    with pytest.raises(Conflict, match="OPERATOR_APART"):
        add_member(organisation=cast.talent.organisation, user=operator.person, role="ADMIN")
    with pytest.raises(Conflict, match="OPERATOR_APART"):
        make_operator(email=cast.agent.person.email, full_name="x", house="Operator")
    for house, person in (
        (cast.talent.organisation, operator.person),
        (operator.organisation, cast.agent.person),
    ):
        with pytest.raises(IntegrityError, match="member of no party"), transaction.atomic():
            Membership.objects.create(organisation=house, user=person, role="ADMIN")
    answer = Reader(operator).post(
        f"/organisations/{factories.make_agency().pk}/appoint/",
        {"full_name": "Ola Root", "email": operator.person.email},
    )
    assert answer.status_code == 409


@pytest.mark.req("BX-009")
def test_operator_can_do_nothing_that_is_the_talents_alone(operator: Principal, cast: Cast) -> None:
    token = factories.approve(cast.ask())
    asked = training.submit_training_request(
        principal=cast.producer,
        ask=training.TrainingAsk(
            production_id=cast.production.pk,
            talent=cast.talent.handle,
            use_types=("TRAINING_REPLICA",),
            constructs=("FACE_3D",),
            replica_class="EMPLOYMENT_BASED_DIGITAL_REPLICA",
            description="Fit one face model of this person for sequences 041 to 047 of this film.",
            days=60,
            runs_max=2,
            render_territory=("US",),
            distribution_territory=("US",),
            channels=("THEATRICAL",),
        ),
    )
    before = [model.objects.count() for model in (Hold, Mandate, TalentInstruction, VisibilityRule)]
    acts: dict[str, Any] = {
        "stop": lambda: services.emergency_stop(principal=operator, talent=cast.talent, reason="x"),
        "mandate": lambda: mandates.grant_mandate(
            principal=operator,
            talent=cast.talent,
            agency=cast.agent.organisation,
            mode="AGENT_WITHIN_MANDATE",
            use_types=["FACE_RENDER"],
            limits={},
        ),
        "visibility": lambda: visibility.set_visibility(
            principal=operator, talent=cast.talent, level="LISTED"
        ),
        "payee": lambda: standing.instruct(
            principal=operator, talent=cast.talent, kind="PAYEE", body={"payee": "me"}
        ),
        "after death": lambda: standing.instruct(
            principal=operator,
            talent=cast.talent,
            kind="POST_MORTEM",
            body={"allowed": True, "use_types": ["FACE_RENDER"]},
        ),
        "training": lambda: services.approve_training(
            principal=operator, request_id=asked.pk, terms_hash=asked.terms_hash
        ),
        "guild": lambda: services.tighten_own(principal=operator, talent=cast.talent, limits={}),
        "death": lambda: services.preview_event(
            principal=operator, kind="DEATH", covers="talent", covered_id=cast.talent.pk
        ),
        "revoke": lambda: services.revoke_token(
            principal=operator, jti=token.pk, kind="PROSPECTIVE", disposition="KEEP", reason="x"
        ),
    }
    for name, act in acts.items():
        with pytest.raises(DomainError) as refused:
            act()
        assert refused.value.status in {403, 404}, name
    assert [model.objects.count() for model in (Hold, Mandate, TalentInstruction, VisibilityRule)] == before


def test_every_page_of_a_party_is_closed_to_the_operator(operator: Principal, cast: Cast) -> None:
    token = factories.approve(cast.ask())
    filled = {
        "jti": token.pk,
        "request_id": token.request_id,
        "production_id": cast.production.pk,
        "organisation_id": cast.producer.organisation_id,
    }
    reader, opened = Reader(operator), set()
    for name, ((route, _names), *_rest) in portal_routes().items():
        path = "/" + re.sub(r"%\((\w+)\)s", lambda one: str(filled.get(one[1], token.pk)), route)
        answer = reader.get(path)
        if answer.status_code == 200:
            opened.add(name)
            text = (b"".join(answer.streaming_content) if answer.streaming else answer.content).decode()
            assert cast.talent.stage_name not in text, path
    own = {
        "portal-organisations",
        "portal-organisation-one",
        "portal-signing-keys",
        "portal-queues",
        "portal-health",
    }
    shared = {"portal-audit", "portal-licences", "portal-settings"}
    of_parties = {
        entry.name
        for seat, groups in SECTIONS.items()
        if seat != "operator"
        for group in groups
        for entry in group.entries
    }
    assert own <= opened
    assert opened.isdisjoint(of_parties - own - shared - OWN_HOUSE)
    assert opened.isdisjoint({"portal-licence", "portal-request", "portal-stop", "portal-production"})


# What every house has of itself: its people, its notices, its webhooks.
OWN_HOUSE = {"portal-team", "portal-notices", "portal-webhooks"}


def portal_routes() -> dict[str, Any]:
    """The portal's addresses by name, as patterns to fill."""
    found: dict[str, Any] = {}
    for key, value in get_resolver().reverse_dict.lists():
        if isinstance(key, str) and key.startswith("portal-"):
            found[key] = value[0][0]
    return found


def test_keys_are_listed_rotated_and_one_that_leaked_is_trusted_no_more(
    operator: Principal, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    from licensing import workflows

    again: list[str] = []
    monkeypatch.setattr(workflows.reissue_grants, "delay", again.append)
    old = signer_for("TOKEN").kid
    reader = Reader(operator)
    assert old in reader.page("/signing-keys/")
    assert reader.get(f"/signing-keys/{old}/revoke/").status_code == 200
    assert reader.post(f"/signing-keys/{old}/revoke/", {}).status_code == 409, "it still signs"
    assert reader.post("/signing-keys/rotate/TOKEN/").status_code == 302
    assert SigningKey.objects.get(kid=old).state == "RETIRED"
    assert reader.post("/signing-keys/rotate/CREDENTIALS/").status_code == 404
    future = reader.post(f"/signing-keys/{old}/revoke/", {"compromised_at": "2999-01-01T00:00"})
    assert future.status_code == 422
    with django_capture_on_commit_callbacks(execute=True):
        assert reader.post(f"/signing-keys/{old}/revoke/", {"compromised_at": ""}).status_code == 302
    assert again == [old]
    assert old not in public_keys("TOKEN")
    assert "Trusted no more" in reader.page(f"/signing-keys/{old}/")
    kinds = set(Event.objects.filter(person_id=operator.person.pk).values_list("kind", flat=True))
    assert {"operator.key_rotated", "operator.key_revoked"} <= kinds
    assert reader.get("/signing-keys/no-such-key/").status_code == 404


@pytest.mark.django_db
def test_queues_show_what_the_broker_holds(operator: Principal, embedded_valkey: str) -> None:
    from celery import current_app

    with current_app.connection_for_write() as connection:
        before = Reader(operator).page("/queues/")
        assert "None takes from it" in before
        queue = connection.SimpleQueue("media.cpu")
        for n in range(3):
            queue.put({"n": n})
        depth = queue.qsize()
        try:
            page = Reader(operator).page("/queues/")
            assert depth >= 3
            assert re.search(rf"media\.cpu</code>.*?<div class=\"cell\">{depth}</div>", page.html, re.DOTALL)
        finally:
            for _ in range(3):
                queue.get(block=True, timeout=5).ack()
            queue.close()


def test_who_forks_after_the_queues_were_asked_waits_for_nobody(embedded_valkey: str) -> None:
    assert broker_state().trouble == ""
    child = multiprocessing.get_context("fork").Process(target=int)
    child.start()
    child.join(20)
    try:
        assert child.exitcode == 0
    finally:
        child.kill()


def test_broker_that_does_not_answer_is_said_and_nothing_else_breaks(
    operator: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    from celery import current_app

    monkeypatch.setattr(
        current_app, "connection_for_read", lambda **_: current_app.connection("redis://127.0.0.1:1/0")
    )
    page = Reader(operator).page("/queues/")
    assert "The broker does not answer" in page
    assert "Not known" in page
    health = Reader(operator).page("/health/")
    assert "It does not answer. Work is kept in the database." in health


def test_health_tells_each_part_and_what_it_does_not_know(
    operator: Principal, settings: Any, tmp_path: Any, embedded_valkey: str
) -> None:
    store = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(tmp_path), "base_url": None},
    }
    settings.STORAGES = {**settings.STORAGES, "blobs": store, "log": store}
    page = Reader(operator).page("/health/")
    for said in (
        "PostgreSQL",
        "They are those of this version.",
        "What is written comes back.",
        "None known",
    ):
        assert said in page, said
    assert list((tmp_path / "health").iterdir()) == [], "the probe is taken away again"
    settings.STORAGES = {
        **settings.STORAGES,
        "blobs": {**store, "OPTIONS": {"location": "/proc/nowhere", "base_url": None}},
    }
    assert "It did not answer as it should." in Reader(operator).page("/health/")


def test_operators_pages_are_closed_to_everybody_else(cast: Cast, operator: Principal) -> None:
    chief = factories.make_desk(cast.producer.organisation, "ADMIN")
    reading = factories.make_desk(operator.organisation, "AUDITOR")
    for desk in (chief, cast.self, cast.agent, cast.auditor):
        for path in ("/organisations/", "/signing-keys/", "/queues/", "/health/", "/organisations/new/"):
            assert Reader(desk).get(path).status_code == 404, path
        assert Reader(desk).post("/signing-keys/rotate/TOKEN/").status_code == 404
    assert Reader(reading).get("/organisations/").status_code == 200
    assert Reader(reading).post("/signing-keys/rotate/TOKEN/").status_code == 403
    assert Reader(reading).post("/organisations/new/", {"name": "x", "kind": "AGENCY"}).status_code == 403


def test_operator_takes_no_talent_out_of_their_own_place(operator: Principal, cast: Cast) -> None:
    """Who runs the server could else take a talent's stop away, and appoint another in their place."""
    talent, reader = cast.talent, Reader(operator)
    path = f"/organisations/{talent.organisation_id}/people/{talent.user_id}/end/"
    assert reader.get(path).status_code == reader.post(path).status_code == 404
    assert path not in reader.page(f"/organisations/{talent.organisation_id}/").html
    assert Membership.objects.filter(user=talent.user, role="TALENT", ended_at=None).count() == 1
    with pytest.raises(DomainError) as caught:
        end_memberships(principal=operator, organisation=talent.organisation, user=talent.user)
    assert caught.value.code == "TALENT_STAYS"
    stopping = Reader(cast.self)
    assert stopping.get("/stop/").status_code == 200
