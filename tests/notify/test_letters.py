"""Letters: who is told of what, by which way they chose, once, and in words that hide nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Membership
from accounts.principals import Principal
from audit.models import Event
from audit.services import record
from common import clock
from common.errors import InvalidInput
from licensing import services as licensing
from licensing.models import LicenceRequest, Talent
from licensing.services.letters import KINDS, note_deadlines, told_of
from licensing.tasks import write_letters as licensing_letters
from notify import services
from notify.models import Letter, UntoldEvent
from notify.tasks import write_security_letters
from notify.topics import Ways
from notify.wording import wording_of
from tests import factories
from tests.licensing.persons import give_authority, make_minor

pytestmark = pytest.mark.django_db


def tell() -> None:
    """What the beats do, at once."""
    services.place_waiting()
    licensing_letters()
    write_security_letters()


def kinds_of(desk: Principal) -> list[str]:
    return list(
        Letter.objects.filter(person=desk.person).order_by("created_at").values_list("kind", flat=True)
    )


@pytest.fixture
def asked() -> LicenceRequest:
    return factories.make_submitted_request()


def producer_of(request: LicenceRequest) -> Principal:
    desk = factories.principal_of_person(request.requested_by, request.licensee_id)
    assert desk is not None
    return desk


def talent_of(request: LicenceRequest) -> Principal:
    return factories.desk_of_talent(Talent.objects.get(pk=request.talent_id))


def test_the_agent_who_decides_is_told_and_nobody_else(asked: LicenceRequest) -> None:
    agent, stranger = factories.decider_of(asked), factories.make_agent(factories.make_agency())
    colleague = factories.make_agent(agent.organisation)
    tell()
    assert kinds_of(agent) == ["request.submitted"]
    # who asked knows it, the talent has given a mandate, the mandate names another agent
    for other in (producer_of(asked), talent_of(asked), colleague, stranger):
        assert kinds_of(other) == []
    letter = Letter.objects.get(person=agent.person)
    assert letter.facts["path"] == f"/requests/{asked.pk}/"
    assert letter.organisation_id == agent.organisation_id


def test_each_event_is_told_once_however_often_it_is_looked_at(asked: LicenceRequest) -> None:
    tell()
    before = Letter.objects.count()
    assert before == 1
    tell()
    tell()
    assert Letter.objects.count() == before
    assert not UntoldEvent.objects.exists()


def test_a_counter_goes_to_who_asked_and_its_acceptance_comes_back(asked: LicenceRequest) -> None:
    agent, producer = factories.decider_of(asked), producer_of(asked)
    assert asked.current is not None
    countered = licensing.counter_request(
        principal=agent,
        request_id=asked.pk,
        terms_hash=asked.current.terms_hash,
        changes={"scope.frames_max": 2000},
    )
    tell()
    assert kinds_of(producer) == ["request.countered"]
    assert countered.current is not None
    licensing.accept_counter(principal=producer, request_id=asked.pk, terms_hash=countered.current.terms_hash)
    tell()
    assert kinds_of(agent)[-1] == "request.counter_accepted"
    assert kinds_of(producer) == ["request.countered"]


def test_a_revocation_reaches_everybody_who_could_render_and_the_vendor_reads_no_name() -> None:
    vendor = factories.make_vendor()
    engineer = factories.make_desk(vendor, Membership.Role.ENGINEER)
    stranger = factories.make_desk(factories.make_vendor(), Membership.Role.ENGINEER)
    asked = factories.make_submitted_request(vendors=(vendor.slug,))
    token = factories.approve(asked)
    talent = talent_of(asked)
    tell()
    Letter.objects.all().delete()
    licensing.revoke_token(
        principal=talent,
        jti=token.pk,
        kind="DISTRIBUTION_HOLD",
        disposition="QUARANTINE",
        reason="A dispute.",
    )
    tell()
    for desk in (talent, engineer, producer_of(asked), factories.decider_of(asked)):
        assert kinds_of(desk) == ["licence.revoked"], desk
    assert kinds_of(stranger) == []
    to_vendor, to_producer = (Letter.objects.get(person=one.person) for one in (engineer, producer_of(asked)))
    assert asked.talent.stage_name not in str(to_vendor.facts)
    assert to_vendor.facts["talent"].startswith("Performer ")
    assert to_producer.facts["talent"] == asked.talent.stage_name
    # each is led to its own acknowledgement, with its clock; the talent owes none
    assert to_vendor.facts["path"] != to_producer.facts["path"]
    assert to_vendor.facts["path"].startswith("/duties/")
    assert Letter.objects.get(person=talent.person).facts["path"] == f"/licences/{token.pk}/"


def test_a_deadline_is_told_once_to_who_must_answer(asked: LicenceRequest, settings: Any) -> None:
    agent = factories.decider_of(asked)
    assert note_deadlines() == 0
    LicenceRequest.objects.filter(pk=asked.pk).update(answer_by=clock.now() + timedelta(hours=20))
    assert note_deadlines() == 1
    assert note_deadlines() == 0
    tell()
    assert kinds_of(agent) == ["request.submitted", "request.deadline_near"]


def test_a_new_key_is_told_to_administrators_and_its_maker() -> None:
    studio = factories.make_studio()
    admin = factories.make_desk(studio, Membership.Role.ADMIN)
    maker, colleague = (factories.make_desk(studio, Membership.Role.ENGINEER) for _ in range(2))
    record(
        kind="key.created",
        principal=maker,
        object_type="api_credential",
        object_id=studio.pk,
        details={"name": "Farm", "prefix": "ab12"},
    )
    tell()
    assert kinds_of(admin) == kinds_of(maker) == ["key.created"]
    assert kinds_of(colleague) == []
    words = wording_of("key.created", Letter.objects.get(person=admin.person).facts)
    assert "Farm" in words.subject
    assert maker.person.full_name in " ".join(words.rest)


def test_who_chose_neither_way_gets_no_letter_and_who_chose_the_portal_gets_no_mail(
    asked: LicenceRequest, settings: Any
) -> None:
    settings.EMAIL_HOST = "127.0.0.1"
    agent = factories.decider_of(asked)
    services.choose(person=agent.person, ways={"ARRIVED": Ways("OFF", False)})
    tell()
    assert kinds_of(agent) == []
    services.choose(person=agent.person, ways={"ARRIVED": Ways("OFF", True)})
    factories.make_submitted_request(asked.production, asked.talent, producer=producer_of(asked))
    tell()
    letter = Letter.objects.get(person=agent.person)
    assert (letter.mail, letter.in_portal, letter.next_attempt_at) == ("NONE", True, None)


def test_without_a_mail_server_the_portal_alone_tells(asked: LicenceRequest, settings: Any) -> None:
    settings.EMAIL_HOST = ""
    tell()
    letter = Letter.objects.get(person=factories.decider_of(asked).person)
    assert (letter.mail, letter.in_portal) == ("NONE", True)


@pytest.mark.parametrize("topic", ["STOP", "SECURITY"])
@pytest.mark.parametrize("ways", [Ways("OFF", True), Ways("DIGEST", True), Ways("EACH", False)])
def test_stops_and_security_cannot_be_switched_off(topic: str, ways: Ways) -> None:
    person = factories.make_user()
    with pytest.raises(InvalidInput, match="ALWAYS_TOLD"):
        services.choose(person=person, ways={topic: ways})
    assert services.choices_of(person)[topic] == Ways("EACH", True)


def test_a_person_who_left_or_is_closed_is_told_nothing(asked: LicenceRequest) -> None:
    agent = factories.decider_of(asked)
    Membership.objects.filter(user=agent.person).update(ended_at=clock.now())
    tell()
    assert kinds_of(agent) == []


def test_who_speaks_for_a_minor_is_told_and_an_executor_of_the_living_is_not() -> None:
    minor, guardian, _ = make_minor()
    executor, _ = give_authority(minor, "ESTATE_EXECUTOR")
    asked = factories.make_submitted_request(talent=minor)
    tell()
    assert kinds_of(guardian) == ["request.submitted"]
    assert asked.current is not None
    token = licensing.approve_request(
        principal=guardian, request_id=asked.pk, terms_hash=asked.current.terms_hash
    )
    assert token is not None
    licensing.place_hold(
        principal=producer_of(asked), covers="token", covered_id=token.pk, reason="SUSPENDED", why="A look."
    )
    tell()
    assert "licence.suspended" in kinds_of(guardian)
    assert kinds_of(executor) == []


def test_training_is_told_to_talent_and_licensee_and_to_no_agent(asked: LicenceRequest) -> None:
    agent, producer, talent = factories.decider_of(asked), producer_of(asked), talent_of(asked)
    ask = factories.make_training_ask(asked)
    made = licensing.submit_training_request(principal=producer, ask=ask)
    tell()
    assert kinds_of(talent) == ["training.requested"]
    token = licensing.approve_training(principal=talent, request_id=made.pk, terms_hash=made.terms_hash)
    licensing.revoke_training(principal=talent, jti=token.pk, reason="No more.")
    tell()
    assert kinds_of(producer) == ["training.issued", "training.revoked"]
    assert kinds_of(talent) == ["training.requested", "training.revoked"]
    assert not [kind for kind in kinds_of(agent) if kind.startswith("training.")]
    facts = Letter.objects.get(person=talent.person, kind="training.requested").facts
    assert wording_of("training.requested", facts).path == f"/training/{made.pk}/"


def test_one_event_that_cannot_be_told_stops_no_other_and_is_given_up(
    asked: LicenceRequest, monkeypatch: Any, caplog: Any
) -> None:
    other = factories.make_submitted_request()
    services.place_waiting()

    def fails_for_one(event: Event) -> Any:
        if event.object_id == str(asked.pk):
            raise RuntimeError("broken")
        return told_of(event)

    for _ in range(5):
        services.write_letters(KINDS, fails_for_one)
    assert kinds_of(factories.decider_of(other)) == ["request.submitted"]
    assert kinds_of(factories.decider_of(asked)) == []
    assert not UntoldEvent.objects.exists()
    assert "is given up" in caplog.text


@pytest.mark.parametrize(
    "kind", sorted(KINDS | {"key.created", "webhook.disabled", "member.removed", "member.invited"})
)
def test_every_kind_has_words_even_without_facts(kind: str) -> None:
    words = wording_of(kind, {})
    assert words.subject
    assert words.lead
    assert "Something happened" not in words.subject
    assert "%(" not in words.subject + words.lead + "".join(words.rest)
    assert words.path == "/"


def test_names_that_turn_text_or_break_lines_are_shown_for_what_they_are() -> None:
    nasty = "Ilse\u202e\r\nBcc: all@example.test\x00"
    words = wording_of(
        "request.countered", {"talent": nasty, "production": "The Glass Meridian", "other": "H&V"}
    )
    assert "\n" not in words.subject
    assert "\r" not in words.subject
    assert "\u202e" not in words.subject
    assert "⟨U+202E⟩" in words.subject
    assert "⟨U+0000⟩" in words.subject


def test_a_link_of_a_letter_leads_nowhere_else() -> None:
    for path in ("//evil.example/", "https://evil.example/", ""):
        assert wording_of("licence.issued", {"path": path}).path == "/"
    assert wording_of("licence.issued", {"path": "/licences/"}).path == "/licences/"


def test_old_letters_are_forgotten_and_young_ones_kept(asked: LicenceRequest, settings: Any) -> None:
    tell()
    settings.LETTER_DAYS = 30
    assert services.forget_letters() == 0
    Letter.objects.update(created_at=clock.now() - timedelta(days=31))
    assert services.forget_letters() == 1
