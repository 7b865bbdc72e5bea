"""One request in full, the draft of a counter edited in place, and the text that is signed."""

from __future__ import annotations

import pytest

from licensing import services
from tests.agents_portal.conftest import Cast, Reader, page_of
from trustcore.encoding import sha256_hex


def test_the_request_shows_what_is_granted_and_what_is_not(cast: Cast) -> None:
    request = cast.ask()
    page = Reader(cast.agent).page(f"/requests/{request.pk}/")
    assert len(page.titles) == 1
    assert page.text.index("Granted: two uses") < page.text.index("Not granted: everything else")
    not_granted = page.text[page.text.index("Not granted: everything else") :]
    assert not_granted.startswith("Not granted: everything else Training any model")
    assert "3,000" in page
    assert f"/requests/{request.pk}/approve/" in page.links


def test_a_colleague_reads_without_acts_and_strangers_find_nothing(cast: Cast) -> None:
    request = cast.ask()
    path = f"/requests/{request.pk}/"
    colleague = Reader(cast.colleague).page(path)
    assert not [link for link in colleague.links if link.endswith(("/approve/", "/decline/", "/counter/"))]
    assert Reader(cast.colleague).get(f"{path}change/?field=frames_max").status_code == 403
    for stranger in (cast.other_agent, cast.other_studio, cast.other_talent, cast.vendor):
        assert Reader(stranger).get(path).status_code == 404


def test_a_term_is_changed_in_place_without_javascript(cast: Cast) -> None:
    request = cast.ask()
    reader, path = Reader(cast.agent), f"/requests/{request.pk}/"
    form = reader.page(f"{path}change/?field=render_territory")
    assert "Countries whose machines may render" in form
    kept = reader.post(
        f"{path}change/",
        {"field": "render_territory", "value": ["CA", "US"], "note": "The scans stay in North America."},
    )
    assert kept.status_code == 302
    page = reader.page(path)
    assert "Your changes are not sent yet." in page
    assert "The scans stay in North America." in page
    assert f"/requests/{request.pk}/counter/" in page.links
    undone = reader.post(f"{path}undo/", {"field": "render_territory"})
    assert undone.status_code == 302
    assert "Your changes are not sent yet." not in reader.page(path)


def test_htmx_swaps_the_same_html_and_the_phones_bar(cast: Cast) -> None:
    request = cast.ask()
    answer = Reader(cast.agent).post(
        f"/requests/{request.pk}/change/", {"field": "frames_max", "value": "2,000", "note": ""}, htmx=True
    )
    assert answer.status_code == 200
    html = answer.content.decode()
    assert "<html" not in html
    assert 'id="answerable"' in html
    assert 'id="sticky" hx-swap-oob="true"' in html
    assert "they ask 3,000" in page_of(answer)
    assert f"/requests/{request.pk}/counter/" in page_of(answer).links


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("frames_max", ["5000"], "Enter a number up to 3,000. You can only narrow what they ask."),
        ("frames_max", ["many"], "Enter a whole number."),
        ("frames_max", ["-1"], "Enter a whole number."),
        ("frames_max", ["٣٠"], "Enter a whole number."),
        ("window_days", ["0"], "A licence lasts at least one day."),
        ("final_review_hours", ["24"], "Enter a number from 72 to 8,760."),
        ("render_territory", [], "Keep at least one. To grant none of it, decline."),
        ("render_territory", ["US", "DE"], "Select a valid choice. DE is not one of the available choices."),
        ("use_types", ["TRAINING_REPLICA"], "Select a valid choice."),
    ],
)
def test_a_change_that_does_not_narrow_says_what_would(
    cast: Cast, field: str, value: list[str], sentence: str
) -> None:
    request = cast.ask()
    reader = Reader(cast.agent)
    answer = reader.post(f"/requests/{request.pk}/change/", {"field": field, "value": value, "note": ""})
    assert answer.status_code == 422
    assert sentence in page_of(answer)
    assert "Your changes are not sent yet." not in reader.page(f"/requests/{request.pk}/")


def test_an_unknown_field_is_not_there(cast: Cast) -> None:
    request = cast.ask()
    answer = Reader(cast.agent).post(f"/requests/{request.pk}/change/", {"field": "talent", "value": "x"})
    assert answer.status_code == 404


def test_terms_that_changed_meanwhile_are_said_and_the_edits_kept(cast: Cast) -> None:
    request = cast.ask()
    reader, path = Reader(cast.agent), f"/requests/{request.pk}/"
    reader.post(f"{path}change/", {"field": "frames_max", "value": "2000", "note": "Enough."})
    services.counter_request(
        principal=cast.agent,
        request_id=request.pk,
        terms_hash=request.current.terms_hash,
        changes={"scope.lines_max": 10},
    )
    request.refresh_from_db()
    services.accept_counter(
        principal=cast.producer, request_id=request.pk, terms_hash=request.current.terms_hash
    )
    page = reader.page(path)
    assert "The terms changed while you read." in page
    assert "they ask 3,000" in page
    stale = reader.post(f"{path}counter/", {"terms_hash": "sha256:" + "0" * 64})
    assert stale.status_code == 409
    assert "Your changes are kept; nothing was sent." in page_of(stale)
    unread = reader.post(f"{path}counter/", {"note": "Sent without the terms that were read."})
    assert unread.status_code == 409
    assert "The terms you read were not named" in page_of(unread)
    request.refresh_from_db()
    assert (request.current.version, request.state) == (2, "COUNTER_ACCEPTED")
    sent = reader.post(f"{path}counter/", {"terms_hash": request.current.terms_hash})
    assert sent.status_code == 302


def test_a_renewal_is_compared_with_the_licence_it_renews(cast: Cast) -> None:
    request = cast.ask()
    token = services.approve_request(
        principal=cast.agent, request_id=request.pk, terms_hash=request.current.terms_hash
    )
    renewal = services.request_renewal(
        principal=cast.producer, jti=token.pk, days=90, changes={"scope.frames_max": 4200}
    )
    html = Reader(cast.agent).page(f"/requests/{renewal.pk}/").html
    assert "What is different from the last licence" in html
    assert "<del><bdi>3,000</bdi></del>" in html
    assert "<ins><bdi>4,200</bdi></ins>" in html


@pytest.mark.req("ST-006")
def test_the_full_text_has_exactly_the_hash_that_is_signed(cast: Cast) -> None:
    request = cast.ask()
    reader = Reader(cast.agent)
    html = reader.page(f"/requests/{request.pk}/terms/").html
    import html as entities

    text = entities.unescape(html.split('aria-label="Full text">')[1].split("</pre>")[0])
    assert f"sha256:{sha256_hex(text.encode())}" == request.current.terms_hash
    assert reader.get(f"/requests/{request.pk}/terms/?version=9").status_code == 404
    assert Reader(cast.other_agent).get(f"/requests/{request.pk}/terms/").status_code == 404
