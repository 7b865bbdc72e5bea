"""The database's list of what waits for somebody is the rule's own, whoever asks and however a request stands."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.principals import Principal
from licensing import selectors, services
from licensing.models import LicenceRequest
from licensing.selectors.inbox import request_line
from licensing.selectors.people import deciding_mandates
from licensing.selectors.requests import requests_visible_to
from tests import factories
from tests.licensing.conftest import Cast
from tests.licensing.persons import give_authority, make_minor


def by_the_rule(desk: Principal) -> tuple[list[object], list[object]]:
    """What waits for the caller and what does not, row by row, as the rules in Python say."""
    deciding = deciding_mandates(desk)
    open_states = ["SUBMITTED", "NOTICE_PERIOD", "IN_REVIEW", "COUNTERED", "COUNTER_ACCEPTED"]
    rows = requests_visible_to(desk).filter(state__in=open_states).order_by("answer_by", "id")
    lines = [request_line(desk, row, deciding) for row in rows]
    return [one.id for one in lines if one.needs_me], [one.id for one in lines if not one.needs_me]


def by_the_database(desk: Principal) -> tuple[list[object], list[object]]:
    """The same two lists as pages show them, cut into pages of two."""
    found = []
    for tab in ("needs-you", "waiting"):
        ids: list[object] = []
        after = ""
        while True:
            page = selectors.requests_page(desk, tab=tab, after=after, size=2)
            ids += [line.id for line in page.lines]
            assert page.needs_you == selectors.needs_count(desk)
            if not (after := page.after):
                break
        found.append(ids)
    return found[0], found[1]


def hash_of(row: LicenceRequest) -> str:
    row.refresh_from_db()
    assert row.current is not None
    return row.current.terms_hash


@pytest.mark.req("ST-014")
def test_both_lists_agree_in_every_mode_and_state(cast: Cast) -> None:
    desks = [cast.producer, cast.agent, cast.colleague, cast.self, cast.other_agent, cast.other_studio]
    factories.make_submitted_request(cast.production, cast.talent, producer=cast.producer)
    countered = factories.make_submitted_request(cast.production, cast.talent, producer=cast.producer)
    for row in (
        countered,
        factories.make_submitted_request(cast.production, cast.talent, producer=cast.producer),
    ):
        services.counter_request(
            principal=cast.agent, request_id=row.pk, terms_hash=hash_of(row), changes={"scope.frames_max": 7}
        )
    services.accept_counter(principal=cast.producer, request_id=countered.pk, terms_hash=hash_of(countered))
    dual = factories.make_submitted_request(
        cast.production, cast.talent, producer=cast.producer, use_types=("FACE_RENDER", "DE_AGING")
    )
    services.approve_request(principal=cast.agent, request_id=dual.pk, terms_hash=hash_of(dual))
    gone = factories.make_submitted_request(cast.production, cast.talent, producer=cast.producer)
    services.decline_request(principal=cast.agent, request_id=gone.pk, reason="No, thank you.")
    for mode, further in (
        ("QUORUM", {"quorum": 2, "signers": [cast.self.person, cast.agent.person]}),
        ("UNION_NOTICE", {"notice_hours": 48}),
        ("TALENT_ONLY", {}),
        ("DUAL", {}),
    ):
        talent, agent = factories.make_talent(), factories.make_agent(cast.agent.organisation)
        factories.make_mandate(talent, agent, mode=mode, **further)
        row = factories.make_submitted_request(cast.production, talent, producer=cast.producer)
        desks += [agent, factories.desk_of_talent(talent)]
        if mode == "QUORUM":
            services.approve_request(principal=cast.self, request_id=row.pk, terms_hash=hash_of(row))
    minor, guardian, _ = make_minor()
    estate = factories.make_talent()
    executor, _ = give_authority(estate, "ESTATE_EXECUTOR")
    asked = factories.make_submitted_request(cast.production, minor, producer=cast.producer)
    assert asked.mode == "GUARDIAN_AND_COURT"
    desks += [guardian, factories.desk_of_talent(minor), executor]
    needing = 0
    for desk in desks:
        assert by_the_database(desk) == by_the_rule(desk)
        needing += len(by_the_rule(desk)[0])
    assert needing >= 8
    closed = selectors.requests_page(cast.agent, tab="closed")
    assert [line.id for line in closed.lines] == [gone.pk]
    assert selectors.requests_page(cast.other_agent, tab="closed").closed == 0


def test_neighbours_are_those_before_and_after_by_deadline(cast: Cast) -> None:
    rows = [
        factories.make_submitted_request(cast.production, cast.talent, producer=cast.producer)
        for _ in range(3)
    ]
    lines = selectors.requests_needing(cast.agent)
    assert [line.id for line in lines] == [row.pk for row in rows]
    middle = selectors.neighbours_of(cast.agent, lines[1])
    assert middle is not None
    assert (middle.place, middle.of, middle.previous, middle.next) == (2, 3, rows[0].pk, rows[2].pk)
    (theirs, *_) = selectors.requests_page(cast.producer, tab="waiting").lines
    assert selectors.neighbours_of(cast.producer, theirs) is None


def test_a_page_asks_the_same_number_of_questions_however_many_rows(cast: Cast) -> None:
    numbers = []
    for _ in range(2):
        for _ in range(6):
            factories.make_submitted_request(cast.production, cast.talent, producer=cast.producer)
        with CaptureQueriesContext(
            connection,
        ) as seen:
            selectors.requests_page(cast.agent, tab="needs-you")
        numbers.append(len(seen))
    assert numbers[0] == numbers[1] <= 5


@pytest.mark.parametrize("after", ["x", "WyJ4Il0", "WyJhIiwiYiJd", "☃", "W" * 2000, "WyJcdTAwMDAiLCIiXQ"])
def test_a_cursor_that_nobody_wrote_begins_the_list(cast: Cast, after: str) -> None:
    row = factories.make_submitted_request(cast.production, cast.talent, producer=cast.producer)
    page = selectors.requests_page(cast.agent, tab="needs-you", after=after)
    assert [line.id for line in page.lines] == [row.pk]
