"""The rooms of owners and of words: what nobody answers for is listed and handed over, counsel approves the wording."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership
from audit.models import Event
from common import clock
from tests.agents_portal.conftest import Reader
from tests.training.making import House
from training.services import wording
from training.services.owners import hand_over
from training.wording import words

pytestmark = pytest.mark.django_db
SOURCES, WORDS = "/material/sources/", "/material/wording/"
MOST = 12


@pytest.fixture
def house() -> House:
    return House()


@pytest.mark.req("TP-135")
def test_counsel_sees_what_nobody_answers_for_and_hands_it_over(house: House) -> None:
    left, kept = house.source(rights_holder="Left Films"), house.source(rights_holder="Kept Films")
    hand_over(principal=house.counsel, source_id=left.pk, to=house.colleague.person.email, reason="Theirs.")
    counsel = Reader(house.counsel)
    assert f"{SOURCES}?owner=gone" not in counsel.page(SOURCES).html
    assert "No source here" in counsel.page(f"{SOURCES}?owner=gone")
    Membership.objects.filter(user=house.colleague.person).update(ended_at=clock.now())
    assert "The owner of 1 source has left the house" in counsel.page(SOURCES)
    gone = counsel.page(f"{SOURCES}?owner=gone")
    assert ("Left Films" in gone, "Kept Films" in gone) == (True, False)
    path = f"{SOURCES}{left.pk}/hand-over/"
    assert path in counsel.page(f"{SOURCES}{left.pk}/").links
    assert house.colleague.person.full_name in counsel.page(path)
    for owner, reason in (("nobody@example.test", "They left."), (house.engineer.person.email, "")):
        assert counsel.post(path, {"owner": owner, "reason": reason}).status_code == 422
    answer = counsel.post(path, {"owner": house.engineer.person.email, "reason": "They left."})
    assert (answer.status_code, answer["Location"]) == (302, f"{SOURCES}{left.pk}/")
    left.refresh_from_db()
    assert left.owner_id == house.engineer.person.pk
    assert counsel.post(path, {"owner": house.engineer.person.email, "reason": "Again."}).status_code == 409
    assert "No source here" in counsel.page(f"{SOURCES}?owner=gone")
    assert kept.owner_id == house.engineer.person.pk


def test_who_is_neither_owner_nor_counsel_hands_nothing_over_and_to_a_stranger_there_is_no_page(
    house: House,
) -> None:
    source = house.source()
    path, sent = f"{SOURCES}{source.pk}/hand-over/", {"owner": house.producer.person.email, "reason": "Mine."}
    producer, owner = Reader(house.producer), Reader(house.engineer)
    assert path not in producer.page(f"{SOURCES}{source.pk}/").links
    assert (producer.get(path).status_code, producer.post(path, sent).status_code) == (403, 403)
    assert Reader(House().counsel).get(path).status_code == 404
    assert owner.post(path, sent).status_code == 302
    assert owner.get(path).status_code == 403, "it is no longer theirs"


@pytest.mark.req("TP-163")
def test_counsel_approves_the_words_and_a_change_after_that_is_shown(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    counsel, engineer = Reader(house.counsel), Reader(house.engineer)
    assert WORDS in counsel.page("/material/contracts/").links
    page = counsel.page(WORDS)
    assert all(one in page for one in ("Never approved", "AssetState.ADMITTED", "Approve these words"))
    assert "Approve these words" not in engineer.page(WORDS)
    sent = {"hash": wording.wording_of(house.counsel).hash, "note": "As in the master agreement."}
    assert engineer.post(WORDS, sent).status_code == 403
    assert counsel.post(WORDS, {**sent, "note": ""}).status_code == 422
    assert counsel.post(WORDS, {**sent, "hash": f"sha256:{'0' * 64}"}).status_code == 409
    assert not Event.objects.filter(kind="training.wording_approved").exists()
    assert counsel.post(WORDS, sent).status_code == 302
    page = counsel.page(WORDS)
    assert "As in the master agreement." in page
    assert "Approve these words" not in page
    other = {**words(), "AssetState.ADMITTED": "Taken in"}
    monkeypatch.setattr(wording, "words", lambda: other)
    changed = engineer.page(WORDS)
    assert all(one in changed for one in ("Changed since", "Taken in"))
    assert "Never approved" in Reader(House().counsel).page(WORDS), "each house approves for itself"


def test_neither_room_asks_more_with_more_rows(house: House) -> None:
    reader = Reader(house.counsel)
    source = house.licensed_source()
    house.admit(source)

    def count(path: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            assert reader.get(path).status_code == 200
        return len(seen)

    paths = (SOURCES, f"{SOURCES}?owner=gone", f"{SOURCES}{source.pk}/hand-over/", WORDS)
    few = [count(path) for path in paths]
    for _ in range(4):
        house.admit()
    many = [count(path) for path in paths]
    assert max(many) <= MOST
    assert all(now <= before for before, now in zip(few, many, strict=True))
