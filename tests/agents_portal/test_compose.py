"""Asking for a licence at the portal: whom one may know of, a draft that loses nothing, and sending it once."""

from __future__ import annotations

import re
from typing import Any

import pytest

from audit.models import Event
from common.errors import NotFound
from licensing import services
from licensing.models import LicenceRequest, LicenceToken, RequestDraft, Talent
from licensing.selectors import directory
from tests import factories
from tests.agents_portal.conftest import Cast, Reader, page_of

FILLED: dict[str, Any] = {
    "use_types": ["FACE_RENDER", "VOICE_RENDER"],
    "constructs": ["FACE_3D", "VOICE_SPEAKING"],
    "replica_class": "EMPLOYMENT_BASED_DIGITAL_REPLICA",
    "description": factories.DESCRIPTION,
    "days": "90",
    "frames_max": "3000",
    "lines_max": "20",
    "shots": "0410_0020\n0410_0030, 0410_0040",
    "render_territory": "Canada, us, GB",
    "distribution_territory": "CA, US",
    "channels": ["THEATRICAL", "SVOD"],
    "basis": "FLAT",
    "currency": "USD",
    "amount": "12,450.00",
    "content_VIOLENCE": "2",
    "content_DEATH_OF_CHARACTER": "APPROVAL_REQUIRED",
    "storage_class": "TPN-GOLD",
    "recognisable": "on",
}


def begin(reader: Reader, cast: Cast, handle: str = "") -> Any:
    return reader.post(
        "/requests/new/", {"production": str(cast.production.pk), "talent": handle or cast.talent.handle}
    )


def draft_of(cast: Cast) -> RequestDraft:
    return RequestDraft.objects.get(organisation=cast.producer.organisation)


@pytest.mark.req("ST-059")
def test_a_studio_asks_and_the_agent_has_it(cast: Cast) -> None:
    reader = Reader(cast.producer)
    answer = begin(reader, cast)
    draft = draft_of(cast)
    assert answer.url == f"/drafts/{draft.pk}/"
    # nobody of the talent's side hears of a draft
    assert not LicenceRequest.objects.exists()
    sent = reader.post(answer.url, {**FILLED, "vendors": cast.vendor.organisation.slug, "act": "send"})
    made = LicenceRequest.objects.get()
    assert sent.url == f"/requests/{made.pk}/"
    assert made.current is not None
    terms = made.current.terms
    assert terms["scope"]["frames_max"] == 3000
    assert terms["scope"]["shots"] == ["0410_0020", "0410_0030", "0410_0040"]
    assert terms["render_territory"] == ["CA", "GB", "US"]
    assert terms["compensation"]["amount_minor"] == 1_245_000
    assert terms["content"]["VIOLENCE"] == 2
    assert terms["security"]["storage_class"] == "TPN-GOLD"
    assert terms["vendors"] == [str(cast.vendor.organisation.pk)]
    assert "needs you" in Reader(cast.agent).page("/inbox/")
    # a second send of the same draft makes no second request
    again = reader.post(answer.url, {**FILLED, "act": "send"})
    assert again.url == f"/requests/{made.pk}/"
    assert LicenceRequest.objects.count() == 1


def test_guilds_checkpoints_are_written_into_the_terms_and_the_request_becomes_a_licence(
    cast: Cast,
) -> None:
    guild = factories.make_desk(cast.production.guild, "ADMIN")
    profile = "SAG_TVT_2026@1"
    factories.adopt_profile(guild, profile)
    reader = Reader(cast.producer)
    asked = {
        **FILLED, "consent_form": "SEPARATE_DOCUMENT", "equivalent_days_estimated": "9",
        "equivalent_days_method": "Good-faith estimate by the producer", "script_ref": "MERROW",
        "script_version": "blue", "script_sha256": "a" * 64, "script_dated": "2026-01-31", "act": "send",
    }  # fmt: skip
    assert reader.post(begin(reader, cast).url, asked).status_code == 302
    made = LicenceRequest.objects.get()
    assert made.current is not None
    assert made.current.terms["approvals"]["checkpoints"] == ["ROLE", "SCRIPT"]
    agent = Reader(cast.agent)
    agent.post(f"/requests/{made.pk}/approve/", {"terms_hash": made.current.terms_hash})
    if not LicenceToken.objects.exists():  # what is beyond the mandate asks the talent, too
        Reader(cast.self).post(f"/requests/{made.pk}/approve/", {"terms_hash": made.current.terms_hash})
    assert LicenceToken.objects.get().request_id == made.pk


def test_a_hidden_person_is_refused_as_one_who_does_not_exist(cast: Cast) -> None:
    hidden = factories.make_talent("Hidden Person", visibility="HIDDEN")
    elsewhere = factories.make_talent(
        "Other Person", visibility="LISTED_TO", listed_to=[factories.make_studio()]
    )
    reader = Reader(cast.producer)
    pages = []
    for handle in (hidden.handle, elsewhere.handle, "nobody-at-all"):
        answer = begin(reader, cast, handle)
        assert answer.status_code == 422
        text = answer.content.decode().replace(handle, "HANDLE")
        text = re.sub(r'(csrfmiddlewaretoken" value="|X-CSRFToken": ")[^"]+', "", text)
        pages.append(re.sub(r"<time.*?</time>", "", text))
    assert pages[0] == pages[1] == pages[2]
    assert not RequestDraft.objects.exists()
    # each question stands in the studio's own trail, and says the same
    events = Event.objects.filter(kind="visibility.checked", organisation_id=cast.producer.organisation_id)
    assert {str(event.details) for event in events} == {str({"answer": "NOT_FOUND"})}


def test_who_hides_after_a_draft_was_begun_is_not_asked(cast: Cast) -> None:
    reader = Reader(cast.producer)
    address = begin(reader, cast).url
    services.set_visibility(principal=cast.self, talent=cast.talent, level="HIDDEN")
    answer = reader.post(address, {**FILLED, "act": "send"})
    assert answer.status_code == 422
    assert not LicenceRequest.objects.exists()
    assert draft_of(cast).body["frames_max"] == 3000
    assert "whom you may ask" in page_of(answer)


def test_the_directory_shows_whom_one_may_know_of_and_counts_no_other(cast: Cast) -> None:
    studio = cast.producer.organisation
    factories.make_talent("Hidden Person", visibility="HIDDEN")
    factories.make_talent("Nameless Person", visibility="LISTED_ANONYMOUS")
    factories.make_talent("Chosen Person", visibility="LISTED_TO", listed_to=[studio])
    factories.make_talent("Elsewhere Person", visibility="LISTED_TO", listed_to=[factories.make_studio()])
    page = directory(studio.pk)
    names = [line.name for line in page.lines]
    assert {"Chosen Person", cast.talent.stage_name} <= set(names)
    assert not {"Hidden Person", "Nameless Person", "Elsewhere Person"} & set(names)
    assert page.unnamed == 1
    assert [line.name for line in directory(studio.pk, search="person").lines] == ["Chosen Person"]
    # neither a name nor a handle finds who is listed without one
    nameless = Talent.objects.get(stage_name="Nameless Person")
    for word in ("Nameless", nameless.handle):
        assert directory(studio.pk, search=word).lines == ()


def test_the_directory_goes_on_by_name_and_misses_nobody(cast: Cast) -> None:
    for number in range(7):
        factories.make_talent(f"Same Name {number % 2}")
    seen, after = [], ""
    while True:
        page = directory(cast.producer.organisation_id, search="same", after=after, limit=3)
        seen += [line.handle for line in page.lines]
        after = page.after
        if not after:
            break
    assert len(seen) == len(set(seen)) == 7


def test_only_constructs_that_are_shown_can_be_asked_for(cast: Cast) -> None:
    services.set_visibility(
        principal=cast.self, talent=cast.talent, level="HIDDEN", construct="VOICE_SPEAKING"
    )
    (line,) = directory(cast.producer.organisation_id, search=cast.talent.stage_name).lines
    assert line.constructs == ("FACE_3D",)
    reader = Reader(cast.producer)
    address = begin(reader, cast).url
    page = reader.page(address)
    assert "Face, as a scan" in page
    assert "Speaking voice" not in page
    answer = reader.post(address, {**FILLED, "act": "send"})
    assert answer.status_code == 422
    assert not LicenceRequest.objects.exists()


def test_nothing_typed_is_lost_when_a_field_cannot_be_read(cast: Cast) -> None:
    reader = Reader(cast.producer)
    address = begin(reader, cast).url
    wrong = {
        **FILLED,
        "days": "ninety",
        "render_territory": "Canada, Atlantis",
        "amount": "12,45x",
        "credit": "As Ada",
    }
    answer = reader.post(address, {**wrong, "act": "send"})
    assert answer.status_code == 422
    page = page_of(answer)
    assert "Nothing was sent. The draft is kept." in page
    assert "Not a country: Atlantis." in page
    # in the summary and above the field, and what was typed stands in both answers: now, and when one comes back
    assert page.html.count("Not a country: Atlantis.") == 2
    for html in (page.html, reader.page(address).html):
        for typed in ("ninety", "Canada, Atlantis", "12,45x", "As Ada"):
            assert f'value="{typed}"' in html, typed
        assert factories.DESCRIPTION[:40] in html
    assert not LicenceRequest.objects.exists()


def test_a_draft_keeps_itself_and_says_what_it_would_grant(cast: Cast) -> None:
    reader = Reader(cast.producer)
    address = begin(reader, cast).url
    answer = reader.post(address, {**FILLED, "act": ""}, htmx=True)
    assert answer.status_code == 200
    page = page_of(answer)
    assert "Kept" in page
    assert "Training" in page
    assert "<html" not in page.html
    assert draft_of(cast).body["window"]["days"] == 90
    assert not LicenceRequest.objects.exists()


@pytest.mark.req("BX-007")
def test_what_an_adopted_profile_asks_for_is_shown_before_sending(cast: Cast) -> None:

    admin = factories.make_desk(cast.auditor.organisation, "ADMIN")
    factories.adopt_profile(admin, "SAG_TVT_2026@1")
    reader = Reader(cast.producer)
    address = begin(reader, cast).url
    reader.post(address, {**FILLED, "storage_class": "", "act": "save"})
    page = reader.page(address)
    assert "SAG_TVT_2026@1" in page
    assert "The employer owes security for the replica." in page
    assert "#field-storage_class" in page.links
    reader.post(address, {**FILLED, "act": "save"})
    assert "#field-storage_class" not in reader.page(address).links


def test_a_draft_of_the_portal_is_one_of_the_api(cast: Cast) -> None:
    reader = Reader(cast.producer)
    address = begin(reader, cast).url
    reader.post(address, {**FILLED, "act": "save"})
    made = reader.client.post(
        f"/api/v1/request-drafts/{draft_of(cast).pk}/submit", content_type="application/json"
    )
    if made.status_code == 404:  # the address is what licensing.urls says
        from django.urls import reverse

        path = reverse("api-request-draft-submit", args=[draft_of(cast).pk])
        made = reader.client.post(path, content_type="application/json")
    assert made.status_code == 201, made.content
    assert LicenceRequest.objects.get().current.terms["scope"]["frames_max"] == 3000  # type: ignore[union-attr]


def test_others_find_no_draft_and_an_engineer_asks_for_nothing(cast: Cast) -> None:
    address = begin(Reader(cast.producer), cast).url
    for desk in (cast.other_studio, cast.agent, cast.vendor, cast.auditor):
        assert Reader(desk).get(address).status_code == 404
        assert Reader(desk).post(address, {**FILLED, "act": "send"}).status_code == 404
        assert Reader(desk).post(f"{address}discard/").status_code == 404
    engineer = Reader(cast.engineer)
    for path in (address, "/requests/new/", "/drafts/"):
        assert engineer.get(path).status_code == 403
    assert draft_of(cast).submitted_id is None
    # a colleague who produces goes on with it
    assert Reader(factories.make_producer(cast.producer.organisation)).get(address).status_code == 200


def test_a_production_of_another_studio_is_not_there(cast: Cast) -> None:
    other = factories.make_production()
    answer = Reader(cast.producer).post(
        "/requests/new/", {"production": str(other.pk), "talent": cast.talent.handle}
    )
    assert answer.status_code == 422
    assert other.title not in answer.content.decode()
    assert not RequestDraft.objects.exists()


def test_a_discarded_draft_is_gone_and_was_never_asked(cast: Cast) -> None:
    reader = Reader(cast.producer)
    address = begin(reader, cast).url
    assert reader.get(f"{address}discard/").status_code == 200
    assert reader.post(f"{address}discard/").url == "/drafts/"
    assert reader.get(address).status_code == 404
    assert not LicenceRequest.objects.exists()


def test_names_with_markup_and_turned_text_are_shown_for_what_they_are(cast: Cast) -> None:
    Talent.objects.filter(pk=cast.talent.pk).update(stage_name="<b>Ilse</b>\u202eenrohT")
    page = Reader(cast.producer).page("/requests/new/")
    assert "<b>Ilse" not in page.html
    assert "\u202e" not in page.html
    assert "⟨U+202E⟩" in page


def test_preview_tells_nothing_of_somebody_hidden(cast: Cast) -> None:
    services.set_visibility(principal=cast.self, talent=cast.talent, level="HIDDEN")
    with pytest.raises(NotFound):
        services.preview_ask(principal=cast.producer, ask=factories.make_ask(cast.production, cast.talent))


def test_each_page_asks_the_database_at_most_twelve_times(
    cast: Cast, django_assert_max_num_queries: Any
) -> None:
    for number in range(12):
        factories.make_talent(f"Person {number}")
        factories.make_production(cast.producer.organisation)
    reader = Reader(cast.producer)
    address = begin(reader, cast).url
    reader.post(address, {**FILLED, "act": "save"})
    for path in ("/requests/new/", "/drafts/"):
        with django_assert_max_num_queries(12):
            reader.page(path)
