"""Rights records that are looked at again, at the portal: what waits, counsel's answer, what a stranger finds."""

from __future__ import annotations

from datetime import timedelta

import pytest

from common import clock
from tests.agents_portal.conftest import Reader
from tests.training.making import House
from training.models import RightsEnd, RightsReview
from training.services.rights_reviews import open_due_reviews

pytestmark = pytest.mark.django_db
PATH = "/material/rights-reviews/"


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def stranger() -> House:
    return House()


def waiting(house: House) -> RightsReview:
    rights = house.rights(house.source())
    open_due_reviews(on=rights.next_review_on)
    return RightsReview.objects.get(rights=rights)


@pytest.mark.req("TP-103")
def test_counsel_says_at_the_portal_that_a_record_stands_until_a_later_day(house: House) -> None:
    counsel = Reader(house.counsel)
    assert "Nothing waits" in counsel.page(PATH)
    review = waiting(house)
    assert "Waits for counsel" in counsel.page(PATH)
    page = counsel.page(f"{PATH}{review.pk}/")
    assert review.rights.licence_type in page
    later = review.due_on + timedelta(days=365)
    unsaid = counsel.post(f"{PATH}{review.pk}/", {"answer": "KEEP", "note": "Paid."})
    assert unsaid.status_code == 422
    assert "Say on which later day it is looked at again." in unsaid.content.decode()
    sent = {"answer": "KEEP", "next_on": later.isoformat(), "note": "Paid until then."}
    assert counsel.post(f"{PATH}{review.pk}/", sent)["Location"] == f"{PATH}{review.pk}/"
    review.refresh_from_db()
    assert (review.answer, review.next_on, review.note) == ("KEEP", later, "Paid until then.")
    page = counsel.page(f"{PATH}{review.pk}/")
    assert ("It stands" in page, "Paid until then." in page, "<form class" in page) == (True, True, False)
    assert ("Nothing waits" in counsel.page(PATH), "It stands" in counsel.page(f"{PATH}?tab=answered")) == (
        True,
        True,
    )


@pytest.mark.req("TP-103")
def test_counsel_ends_a_record_at_the_portal(house: House) -> None:
    review, counsel = waiting(house), Reader(house.counsel)
    counsel.post(f"{PATH}{review.pk}/", {"answer": "END", "note": "Nobody pays for it."})
    assert RightsEnd.objects.get(rights=review.rights).reason == "Nobody pays for it."
    assert "It ends" in counsel.page(f"{PATH}{review.pk}/")


def test_others_of_the_house_read_and_do_not_answer_and_strangers_find_nothing(
    house: House, stranger: House
) -> None:
    review = waiting(house)
    engineer = Reader(house.engineer)
    assert "Counsel or an administrator decides." in engineer.page(f"{PATH}{review.pk}/")
    assert engineer.post(f"{PATH}{review.pk}/", {"answer": "END", "note": "No."}).status_code == 403
    other = Reader(stranger.counsel)
    assert other.get(f"{PATH}{review.pk}/").status_code == 404
    assert other.post(f"{PATH}{review.pk}/", {"answer": "END", "note": "No."}).status_code == 404
    assert "Nothing waits" in other.page(PATH)
    assert RightsReview.objects.get().answer == ""


def test_a_record_whose_day_is_over_is_told_as_overdue(house: House) -> None:
    review = waiting(house)
    assert review.due_on >= clock.now().date()
    rights = house.rights(house.source())
    RightsReview.objects.create(
        organisation=house.organisation, rights=rights, due_on=clock.now().date() - timedelta(days=2)
    )
    assert "Overdue" in Reader(house.counsel).page(PATH)
