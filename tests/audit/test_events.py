"""The event trail: written with its change, seen by its parties, changed by nobody."""

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.principals import principal_of_person
from accounts.services import add_member, create_user, register_organisation
from audit.models import Event
from audit.selectors import events_visible_to
from audit.services import record

pytestmark = pytest.mark.django_db


@pytest.fixture
def principal() -> object:
    studio = register_organisation(name="Lanternfish Pictures", kind="STUDIO")
    user = create_user(
        email="rufus@lanternfish.test", full_name="Rufus Ekström", password="a long pass phrase"
    )
    add_member(organisation=studio, user=user, role="PRODUCER")
    return principal_of_person(user)


def test_event_keeps_who_what_and_hashes_but_not_the_states(principal: object) -> None:
    event = record(
        kind="licence.narrowed",
        principal=principal,
        object_type="request",
        object_id="r-1",
        before={"territory": ["US", "CA"]},
        after={"territory": ["US"]},
    )
    assert event.person_id == principal.person.pk
    assert event.organisation_id == principal.organisation.pk
    assert event.before_hash.startswith("sha256:")
    assert event.before_hash != event.after_hash
    assert "territory" not in str(event.details)


@pytest.mark.parametrize(
    "statement",
    [
        "update audit_event set kind = 'nothing'",
        "delete from audit_event",
        "truncate audit_event cascade",
    ],
)
def test_event_cannot_be_changed_removed_or_truncated(principal: object, statement: str) -> None:
    record(kind="x", principal=principal, object_type="request", object_id="r-1")
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert Event.objects.filter(kind="x").count() == 1


def test_event_is_seen_by_its_parties_and_no_stranger(principal: object) -> None:
    agency = register_organisation(name="Harrow & Vane", kind="AGENCY")
    stranger = register_organisation(name="Mothlight", kind="STUDIO")
    people = {}
    for organisation in (agency, stranger):
        user = create_user(email=f"a@{organisation.slug}.test", full_name="A", password="a long pass phrase")
        add_member(organisation=organisation, user=user, role="AGENT")
        people[organisation.slug] = principal_of_person(user)
    record(
        kind="licence.approved",
        principal=principal,
        object_type="request",
        object_id="r",
        visible_to=[agency.pk],
    )
    assert events_visible_to(principal).count() == 1
    assert events_visible_to(people["harrow-vane"]).count() == 1
    assert events_visible_to(people["mothlight"]).count() == 0
