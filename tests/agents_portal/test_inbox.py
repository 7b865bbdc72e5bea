"""The inbox: the most urgent first, who acts next, nothing of strangers."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.test.utils import CaptureQueriesContext

from licensing import services
from tests import factories
from tests.agents_portal.conftest import Cast, Page, Reader, page_of


def counter(cast: Cast, request: object) -> None:
    services.counter_request(
        principal=cast.agent,
        request_id=request.pk,
        terms_hash=request.current.terms_hash,
        changes={"render_territory": ["CA", "US"]},
    )


@pytest.mark.req("ST-021")
def test_the_inbox_opens_with_what_needs_the_agent(cast: Cast) -> None:
    cast.ask()
    page = Reader(cast.agent).page("/inbox/")
    assert page.titles == ("One request needs you.",)
    assert "Ilse Varga-Thorne" in page
    assert "Inside your mandate" in page
    stranger = Reader(cast.other_agent).page("/inbox/")
    assert stranger.titles == ("Nothing needs you",)
    assert "Ilse" not in stranger


def test_a_colleague_reads_but_nothing_waits_for_them(cast: Cast) -> None:
    cast.ask()
    reader = Reader(cast.colleague)
    assert reader.page("/inbox/").titles == ("Nothing needs you",)
    waiting = reader.page("/inbox/?tab=waiting")
    assert "Ilse Varga-Thorne" in waiting
    assert f"With {cast.agent.organisation.name}" in waiting


def test_the_pane_offers_approval_of_the_selected_request(cast: Cast) -> None:
    first, second = cast.ask(), cast.ask(frames_max=77)
    page = Reader(cast.agent).page(f"/inbox/?selected={second.pk}")
    assert f"/requests/{second.pk}/approve/" in page.links
    assert f"/requests/{first.pk}/approve/" not in page.links
    assert "Training any model." in page


def test_a_counter_that_was_sent_waits_on_the_studio(cast: Cast) -> None:
    request = cast.ask()
    counter(cast, request)
    page = Reader(cast.agent).page("/inbox/?tab=waiting")
    assert f"With {cast.producer.organisation.name}" in page
    studio = Reader(cast.producer).page("/requests/")
    assert "They sent a counter" in studio
    assert studio.titles == ("One request needs you.",)


def test_another_studio_sees_no_request_of_ours(cast: Cast) -> None:
    cast.ask()
    page = Reader(cast.other_studio).page("/requests/")
    assert page.titles == ("No request is open",)
    assert "Ilse" not in page


def test_an_empty_inbox_says_when_something_will_appear(cast: Cast) -> None:
    page = Reader(cast.agent).page("/inbox/")
    assert "When a studio asks for someone on your roster, it appears here." in page


def test_the_number_of_queries_does_not_grow_with_the_requests(cast: Cast) -> None:
    from django.db import connection

    def queries() -> int:
        reader = Reader(cast.agent)
        with CaptureQueriesContext(connection) as seen:
            reader.get("/inbox/")
        return len(seen)

    cast.ask()
    few = queries()
    for _ in range(4):
        cast.ask()
    assert queries() == few


def test_a_talent_decides_what_only_they_can(cast: Cast) -> None:
    alone = factories.make_talent("Teodor Quill")
    factories.make_submitted_request(cast.production, alone, producer=cast.producer)
    page = Reader(factories.desk_of_talent(alone)).page("/decide/")
    assert page.titles == ("One request needs you.",)
    assert "If you do nothing, the answer is no." in page
    assert "Nothing waits for you" in Reader(cast.self).page("/decide/")


def test_html_and_direction_marks_in_names_show_themselves(cast: Cast) -> None:
    cast.talent.stage_name = "Ilse <b>Bold</b> \u202eenroht"
    cast.talent.save()
    cast.ask()
    answer = Reader(cast.agent).get("/inbox/")
    page: Page = page_of(answer)
    assert "<b>Bold</b>" not in page.html
    assert "⟨U+202E⟩" in page


def test_a_request_is_found_by_a_part_of_a_name_and_the_pane_keeps_the_search(cast: Cast) -> None:
    cast.ask()
    reader = Reader(cast.agent)
    for words in ("varga", cast.production.title[:5], cast.producer.organisation.name[:6]):
        found = reader.page(f"/inbox/?{urlencode({'q': words})}")
        assert "Ilse Varga-Thorne" in found, words
        assert "&amp;q=" in found.html
    none = reader.page("/inbox/?q=Somebody+else%25")
    assert "Nothing here is called that" in none
    assert none.titles == ("One request needs you.",)
