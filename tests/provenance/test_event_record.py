"""The event record of an output answers by itself: what moved, who moved it, and when; nobody can edit the answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import DatabaseError, connection, transaction

from audit.models import Event
from common import clock
from notify import services as placing
from notify.models import Letter
from notify.wording import wording_of
from provenance import services
from provenance.models import Asset, AssetEvent, AssetState
from provenance.rules import HoldCode, HoldReason
from provenance.services.events import hold
from provenance.tasks import write_letters
from tests import factories
from tests.farm import Farm, make_farm
from trustcore.encoding import canonical_json, sha256_hex

pytestmark = pytest.mark.django_db
TRAILS = ("provenance_assetevent", "audit_event")


@pytest.fixture
def farm() -> Farm:
    farm = make_farm(factories.make_production(guild=factories.make_guild()))
    farm.render(0, 23)
    return farm


@pytest.fixture
def held(farm: Farm, short_clip: Path) -> Asset:
    """An output that was received and then held: two changes of state, one by a machine and one by the server."""
    asset = services.receive_asset(
        principal=farm.desk, production_id=farm.token.production_id, token_jtis=[farm.token.jti],
        kind="DELIVERABLE", path=short_clip, file_name="reel 1.mp4",
    )  # fmt: skip
    return hold(asset.pk, (HoldReason(HoldCode.MARK_NOT_FOUND, "the mark was not read back"),))


def trail_of(asset: Asset) -> list[Event]:
    return list(Event.objects.filter(object_type="asset", object_id=str(asset.pk)).order_by("number"))


@pytest.mark.req("GP-033")
def test_each_change_of_an_outputs_state_is_an_event_with_its_time_that_stays(held: Asset) -> None:
    moves = list(held.events.order_by("number"))
    assert [(one.state_before, one.state_after) for one in moves] == [
        ("", AssetState.RECEIVED), (AssetState.RECEIVED, AssetState.HELD),
    ]  # fmt: skip
    assert moves[-1].state_after == held.state
    trail = trail_of(held)
    assert [event.kind for event in trail] == ["asset.received", "asset.held"]
    times = [one.created_at for one in moves] + [event.at for event in trail]
    assert all(abs((clock.now() - at).total_seconds()) < 600 for at in times)
    assert times[0] <= times[1]
    hold(held.pk, (HoldReason(HoldCode.MARK_NOT_FOUND, "again"),))
    assert len(trail_of(held)) == 2, "what does not change leaves no event"
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
    for table in TRAILS:
        for verb in (f"update {table} set id = id", f"delete from {table}", f"truncate {table} cascade"):
            with (
                pytest.raises(DatabaseError, match="append-only"),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(verb)
    assert (AssetEvent.objects.filter(asset=held).count(), len(trail_of(held))) == (2, 2)


@pytest.mark.req("GP-036")
def test_who_changed_what_and_when_is_answered_by_the_events_alone(held: Asset, farm: Farm) -> None:
    received, stopped = trail_of(held)
    assert received.person_id == farm.desk.person.pk
    assert received.credential_id == (farm.desk.credential.pk if farm.desk.credential else None)
    assert received.organisation_id == farm.desk.organisation.pk
    assert stopped.person_id is None, "the server's own step names nobody"
    assert stopped.details["reasons"] == [{"code": "MARK_NOT_FOUND", "detail": "the mark was not read back"}]
    # what: the hashes of the states before and after, which anybody who is shown a state can compare
    assert received.before_hash == ""
    assert stopped.before_hash == f"sha256:{sha256_hex(canonical_json({'state': 'RECEIVED'}))}"
    after = {"state": "HELD", "mark": held.mark_id, "sha256": held.sha256}
    assert stopped.after_hash == f"sha256:{sha256_hex(canonical_json(after))}"
    assert stopped.after_hash != received.after_hash
    # when: in order, and the record cannot be made to say something else
    assert received.number < stopped.number
    assert received.at <= stopped.at
    for change in (
        "person_id = gen_random_uuid()",
        "at = now()",
        "after_hash = ''",
        "kind = 'asset.released'",
    ):
        with (
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"update audit_event set {change}")
    assert [event.pk for event in trail_of(held)] == [received.pk, stopped.pk]


def test_who_uploaded_an_output_is_told_that_it_is_held_and_why_and_nobody_else(held: Asset) -> None:
    stranger = factories.make_producer(held.organisation)
    placing.place_waiting()
    assert write_letters() == 1
    assert write_letters() == 0
    letter = Letter.objects.get(kind="asset.held")
    assert letter.person_id == held.uploaded_by_id
    assert not Letter.objects.filter(person=stranger.person).exists()
    words = wording_of(letter.kind, letter.facts)
    assert "reel 1.mp4" in words.subject
    assert words.rest == ("Why: MARK_NOT_FOUND.",)
    assert words.path == f"/productions/{held.production_id}/"
