"""Who answers for a source is written down, handed over with a reason, and missed when they leave."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import Membership
from audit.models import Event
from common import clock
from common.errors import Conflict, Forbidden, InvalidInput, NotFound
from tests import factories
from tests.training.making import House
from training.models import Source, TrainingAsset
from training.services.owners import hand_over, without_owner

pytestmark = pytest.mark.django_db


@pytest.mark.req("TP-135")
def test_a_hand_off_says_from_whom_to_whom_and_why_and_takes_the_originals_along(house: House) -> None:
    source = house.licensed_source()
    original, other = house.admit(source), house.admit()
    assert {source.owner_id, original.owner_id} == {house.engineer.person.pk}
    row = hand_over(
        principal=house.engineer, source_id=source.pk, to=house.colleague.person.email.upper(),
        reason=" On leave until spring. ",
    )  # fmt: skip
    assert row.owner_id == house.colleague.person.pk
    owners = dict(TrainingAsset.objects.values_list("pk", "owner"))
    assert owners == {original.pk: house.colleague.person.pk, other.pk: house.engineer.person.pk}
    event = Event.objects.get(kind="training.source_handed_over")
    assert (event.object_id, event.person_id) == (str(source.pk), house.engineer.person.pk)
    assert event.details == {
        "from": str(house.engineer.person.pk), "to": str(house.colleague.person.pk),
        "reason": "On leave until spring.", "originals": 1,
    }  # fmt: skip
    with pytest.raises(Forbidden) as refused:  # it is no longer theirs to give away
        hand_over(
            principal=house.engineer, source_id=source.pk, to=house.engineer.person.email, reason="Back."
        )
    assert refused.value.code == "OWNER_ONLY"
    hand_over(principal=house.counsel, source_id=source.pk, to=house.engineer.person.email, reason="Back.")
    assert Source.objects.get(pk=source.pk).owner_id == house.engineer.person.pk


@pytest.mark.req("TP-135")
def test_a_source_whose_owner_left_is_named_until_somebody_takes_it(house: House, stranger: House) -> None:
    left, kept = house.source(), house.source()
    hand_over(principal=house.counsel, source_id=left.pk, to=house.colleague.person.email, reason="Theirs.")
    stranger.source()
    assert list(without_owner(Source.objects.all())) == []
    seat = Membership.objects.filter(user=house.colleague.person, organisation=house.organisation)
    seat.update(ended_at=clock.now())
    assert list(without_owner(Source.objects.all())) == [left]
    hand_over(principal=house.counsel, source_id=left.pk, to=house.engineer.person.email, reason="They left.")
    assert list(without_owner(Source.objects.all())) == []
    assert kept.owner_id == house.engineer.person.pk


def test_nobody_is_made_owner_who_is_not_there_and_no_hand_off_goes_without_a_reason(
    house: House, stranger: House
) -> None:
    source = house.source()
    own = house.engineer.person.email

    def code(error: type[Exception], **changes: Any) -> str:
        asked = {"principal": house.engineer, "source_id": source.pk, "to": own, "reason": "Why.", **changes}
        with pytest.raises(error) as refused:
            hand_over(**asked)
        return str(getattr(refused.value, "code", ""))

    assert code(InvalidInput, to=stranger.engineer.person.email) == "OWNER_UNKNOWN"
    assert code(InvalidInput, to=house.colleague.person.email, reason=" ") == "REASON_INVALID"
    assert code(Conflict) == "OWNER_SAME"
    assert code(Forbidden, principal=house.producer, to=house.producer.person.email) == "OWNER_ONLY"
    code(NotFound, principal=stranger.counsel, to=stranger.counsel.person.email)
    assert not Event.objects.filter(kind="training.source_handed_over").exists()


def test_the_interface_hands_over_and_lists_what_nobody_answers_for(house: House, client: Client) -> None:
    source = house.source()
    machine, _secret = factories.make_credential(house.organisation, created_by=house.engineer.person)
    sent = {"owner": house.colleague.person.email, "reason": "On leave."}
    path = f"/api/v1/sources/{source.pk}/owner"
    refused = client.post(path, sent, content_type="application/json", headers=factories.bearer(machine))
    assert (refused.status_code, refused.json()["code"]) == (403, "OWNER_ONLY")
    listed = client.get("/api/v1/sources", {"owner": "gone"}, headers=factories.bearer(machine))
    assert (listed.status_code, listed.json()["results"]) == (200, [])
    Membership.objects.filter(user=house.engineer.person).update(ended_at=clock.now())
    other = factories.make_desk(house.organisation, Membership.Role.ENGINEER)
    machine, _secret = factories.make_credential(house.organisation, created_by=other.person)
    listed = client.get("/api/v1/sources", {"owner": "gone"}, headers=factories.bearer(machine))
    assert [one["id"] for one in listed.json()["results"]] == [str(source.pk)]
    wrong = client.get("/api/v1/sources", {"owner": "me"}, headers=factories.bearer(machine))
    assert (wrong.status_code, wrong.json()["code"]) == (422, "FILTER_UNKNOWN")
