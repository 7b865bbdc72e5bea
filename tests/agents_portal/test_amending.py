"""A counter field by field with notes and questions, the studio's amendment of it, and what stands around the terms."""

from __future__ import annotations

from typing import Any

import pytest

from agents_portal.drafts import draft_of, keep_change
from agents_portal.term_table import FIELDS, read_value
from common import clock
from licensing import services
from licensing.models import LicenceRequest, Mandate
from tests import factories
from tests.agents_portal.conftest import Cast, Reader, page_of
from trustcore.policy.terms import parse_terms

PROFILE = "SAG_TVT_2026@1"
FEE = {"basis": "FLAT", "currency": "USD", "amount_minor": 1_245_000}

# one value for each thing that TAXONOMY 16 lets an agent change
EVERYTHING: dict[str, Any] = {
    "use_types": ["FACE_RENDER"],
    "scope-shots": "041_0010, 041_0020",
    "frames_max": "2000",
    "lines_max": "10",
    "window_days": "60",
    "render_territory": ["US"],
    "distribution_territory": ["US", "CA"],
    "channels": ["SVOD"],
    "exclusivity-kind": "NONE",
    "content-VIOLENCE": "0",
    "tools-models_denied": "some-model",
    "tools-engines": "blender",
    "approvals-checkpoints": ["SCRIPT", "FINAL"],
    "final_review_hours": "96",
    "marking-visible_label": "ICON",
    "credit": "As Ada Merrow",
    "reporting-cadence": "MONTHLY",
    "vendors": [],
    "assignability": "NONE",
    "change_of_control": "TERMINATE",
    "retention-scan": "RETURN",
    "compensation-amount_minor": "20,000.00",
    "compensation-use_fee_minor": "500",
    "renewal-terms": "NONE",
}


def say(reader: Reader, request: LicenceRequest, key: str, value: Any, **words: str) -> Any:
    body = {"field": key, "value": value, **words}
    return reader.post(f"/requests/{request.pk}/change/", body)


@pytest.mark.req("BX-006")
def test_every_term_that_an_agent_may_change_is_countered_with_its_own_note_and_question(cast: Cast) -> None:
    request = cast.ask(
        compensation=FEE, content={"VIOLENCE": 2},
        terms={"exclusivity": {"kind": "FULL"}, "assignability": "AFFILIATES", "change_of_control": "RECONSENT"},
    )  # fmt: skip
    agent, path = Reader(cast.agent), f"/requests/{request.pk}/"
    session = agent.client.session
    draft = draft_of(session, request.pk, parse_terms(request.current.terms), request.current.terms_hash)
    for key, typed in EVERYTHING.items():
        terms = parse_terms(request.current.terms)
        sent = typed if isinstance(typed, list) else [typed]
        value = read_value(FIELDS[key], sent, terms)
        draft = keep_change(
            session, request.pk, draft=draft, terms=terms, key=key, value=value, note=f"Note on {key}."
        )
    session.save()
    assert say(agent, request, "scope-words_max", "300", note="Note on scope-words_max.").status_code == 302
    assert say(agent, request, "scope-characters", "", question="Which role is it?").status_code == 302
    screen = agent.page(f"{path}counter/")
    assert "Note on frames_max." in screen
    assert "300, where nothing was agreed. “Note on scope-words_max.”" in screen
    sent = agent.post(f"{path}counter/", {"terms_hash": request.current.terms_hash, "note": ""})
    assert sent.status_code == 302, page_of(sent).text[-400:]
    request.refresh_from_db()
    assert (sent["Location"], request.state) == (path, "COUNTERED")
    terms = request.current.terms
    assert request.current.note == ""
    assert set(request.current.field_notes) == {FIELDS[key].path for key in EVERYTHING} | {"scope.words_max"}
    assert request.current.field_notes["window.days"] == "Note on window_days."
    assert request.current.field_notes["compensation.use_fee_minor"] == "Note on compensation-use_fee_minor."
    assert (terms["scope"]["words_max"], terms["scope"]["shots"]) == (300, ["041_0010", "041_0020"])
    assert (terms["exclusivity"]["kind"], terms["content"]["VIOLENCE"]) == ("NONE", 0)
    assert terms["compensation"]["use_fee_minor"] == 50_000
    (asked,) = request.actions.filter(kind="QUESTION")
    assert (asked.about, asked.note, asked.side) == ("scope.characters", "Which role is it?", "AGENT")
    page = Reader(cast.producer).page(path)
    assert "1 question about a term waits for your answer." in page
    assert (
        "[erased]" not in page
    )  # the first words about a person are read at once, whoever had looked before
    assert "“Note on retention-scan.”" in page
    assert f"{path}answer/?about=scope.characters" in page.links


def test_questions_alone_leave_the_terms_and_are_answered_beside_their_row(cast: Cast) -> None:
    request = cast.ask()
    agent, path = Reader(cast.agent), f"/requests/{request.pk}/"
    assert say(agent, request, "frames_max", "3000", question="Why so many?").status_code == 302
    assert agent.page(f"{path}counter/").titles == ("Ask this question?",)
    assert agent.post(f"{path}counter/", {"terms_hash": request.current.terms_hash}).status_code == 302
    request.refresh_from_db()
    assert (request.state, request.current.version) == ("SUBMITTED", 1)
    studio = Reader(cast.producer)
    studio.post(f"{path}answer/", {"about": "scope.frames_max", "text": "Two takes of each."})
    assert "waits for your answer" not in studio.page(path)
    assert "“Two takes of each.”" in agent.page(path)


@pytest.mark.req("BX-006")
def test_the_studio_amends_a_counter_field_by_field_either_way(cast: Cast) -> None:
    request = cast.ask()
    path = f"/requests/{request.pk}/"
    services.counter_request(
        principal=cast.agent, request_id=request.pk, terms_hash=request.current.terms_hash,
        changes={"scope.frames_max": 1000, "render_territory": ["US"]},
        field_notes={"render_territory": "The scans stay here."},
    )  # fmt: skip
    request.refresh_from_db()
    studio = Reader(cast.producer)
    page = studio.page(path)
    assert "“The scans stay here.”" in page
    assert {f"{path}accept/", f"{path}withdraw/"} <= set(page.links)
    assert (
        say(studio, request, "render_territory", "US, Ireland", note="Dublin holds the plates.").status_code
        == 302
    )
    assert say(studio, request, "frames_max", "1500").status_code == 302
    assert (
        say(studio, request, "description", "Her face in sequence 041 alone, and no lines.").status_code
        == 302
    )
    assert "so far 1,000" in studio.page(path)
    screen = studio.page(f"{path}revise/")
    assert screen.titles == ("Send these terms?",)
    assert "“Dublin holds the plates.”" in screen
    sent = studio.post(f"{path}revise/", {"terms_hash": request.current.terms_hash, "note": "Half way."})
    assert sent["Location"] == path
    request.refresh_from_db()
    assert (request.state, request.current.version, request.current.note) == ("SUBMITTED", 3, "Half way.")
    assert request.current.terms["render_territory"] == ["IE", "US"]
    assert request.current.field_notes == {"render_territory": "Dublin holds the plates."}
    again = studio.post(f"{path}revise/", {"terms_hash": request.current.terms_hash})
    assert again["Location"] == f"{path}#terms"
    assert request.versions.count() == 3


def test_amounts_are_read_in_the_currency_that_the_draft_names(cast: Cast) -> None:
    """A yen has no hundredths: what is typed after the currency changed is that many yen."""
    request = cast.ask(compensation=FEE)
    path = f"/requests/{request.pk}/"
    studio = Reader(cast.producer)
    assert say(studio, request, "compensation-amount_minor", "20,000.00").status_code == 302
    assert say(studio, request, "compensation-currency", "JPY").status_code == 302
    screen = studio.page(path)
    assert "20,000.00" not in screen, "an amount of dollars is no amount of yen"
    assert say(studio, request, "compensation-amount_minor", "500000.50").status_code == 422
    assert say(studio, request, "compensation-amount_minor", "500000").status_code == 302
    assert "JPY 500,000" in studio.page(path)
    sent = studio.post(f"{path}revise/", {"terms_hash": request.current.terms_hash})
    assert sent["Location"] == path
    request.refresh_from_db()
    pay = request.current.terms["compensation"]
    assert (pay["currency"], pay["amount_minor"]) == ("JPY", 500_000)


def test_an_amendment_is_sent_over_the_terms_that_were_read_or_not_at_all(cast: Cast) -> None:
    request = cast.ask()
    studio, path = Reader(cast.producer), f"/requests/{request.pk}/"
    read = request.current.terms_hash
    say(studio, request, "frames_max", "4000")
    services.counter_request(
        principal=cast.agent, request_id=request.pk, terms_hash=read, changes={"scope.lines_max": 1}
    )
    stale = studio.post(f"{path}revise/", {"terms_hash": read})
    assert stale.status_code == 409
    assert "Your changes are kept; nothing was sent." in page_of(stale)
    request.refresh_from_db()
    assert request.current.version == 2
    page = studio.page(path)
    assert "The terms changed while you read." in page
    assert studio.post(f"{path}revise/", {"terms_hash": request.current.terms_hash}).status_code == 302


def test_only_who_asks_for_the_studio_amends_and_never_whom_or_what_it_is_about(cast: Cast) -> None:
    request = cast.ask()
    path = f"/requests/{request.pk}/"
    change = {"field": "frames_max", "value": "10"}
    assert Reader(cast.engineer).post(f"{path}change/", change).status_code == 403
    assert Reader(cast.engineer).get(f"{path}revise/").status_code == 403
    for stranger in (cast.other_studio, cast.other_agent, cast.vendor, cast.agent):
        assert Reader(stranger).get(f"{path}revise/").status_code == 404
    studio = Reader(cast.producer)
    for key in ("talent", "project", "profiles", "training", "content-SEXUAL_CONTENT_MINOR"):
        assert say(studio, request, key, "x").status_code == 404
    assert say(Reader(cast.agent), request, "declared-scan_reason", "x").status_code == 404
    assert say(studio, request, "declared-scan_reason", "A crowd of one.").status_code == 302


def test_a_counter_sent_twice_is_one_version(cast: Cast) -> None:
    request = cast.ask()
    agent, path = Reader(cast.agent), f"/requests/{request.pk}/"
    say(agent, request, "frames_max", "2000")
    other_tab = Reader(cast.agent)
    say(other_tab, request, "frames_max", "1000")
    sent = {"terms_hash": request.current.terms_hash, "note": ""}
    assert agent.post(f"{path}counter/", sent).status_code == 302
    for again in (agent, other_tab):
        answer = again.post(f"{path}counter/", sent)
        assert answer.status_code == 409
        assert "The request moved on while you read" in page_of(answer)
    assert request.versions.count() == 2


def test_the_talents_side_reads_conflicts_and_floors_and_the_studio_neither(cast: Cast) -> None:
    factories.make_mandate(cast.talent, cast.agent, limits={"fee_least_minor": 2_000_000, "currency": "USD"})
    request = cast.ask(compensation=FEE, channels=("SVOD", "THEATRICAL"))
    rival = factories.make_production(factories.make_studio("Rival Reels"))
    held = factories.make_submitted_request(
        rival, cast.talent, channels=("SVOD",), compensation={**FEE, "amount_minor": 9_000_000},
        terms={"exclusivity": {"kind": "MEDIUM"}},
    )  # fmt: skip
    factories.approve(held)
    path = f"/requests/{request.pk}/"
    page = Reader(cast.agent).page(path)
    assert "An exclusive right stands against channels that are asked for." in page
    assert "The least that the talent set: USD 20,000.00" in page
    assert "The offer is below it: the talent must agree, too" in page
    for seen in (page, Reader(cast.producer).page(path)):
        assert "Rival" not in seen.html
        assert str(rival.pk) not in seen.html
    studio = Reader(cast.producer).page(path)
    assert "20,000.00" not in studio
    assert "An exclusive right stands against" not in studio
    agent = Reader(cast.agent)
    say(agent, request, "channels", ["THEATRICAL"])
    say(agent, request, "compensation-amount_minor", "25,000")
    mended = agent.page(path)
    assert "No exclusive licence stands against these terms." in mended
    assert "The offer is not below it" in mended
    Mandate.objects.filter(talent=cast.talent, revoked_at=None).update(revoked_at=clock.now())
    former = Reader(cast.agent).page(path)
    for told in ("20,000.00", "An exclusive right stands against", "No exclusive licence stands against"):
        assert told not in former, (
            "an agency that represents her no more learns nothing of what she granted since"
        )


def test_notice_earliest_beginning_and_profiles_are_said_with_their_reason(cast: Cast) -> None:
    guild = factories.make_desk(cast.production.guild, "ADMIN")
    factories.adopt_profile(guild, PROFILE)
    request = cast.ask()
    page = Reader(cast.agent).page(f"/requests/{request.pk}/")
    assert "Notice runs until" in page
    assert "At the earliest: notice must run out first" in page
    assert f"Signed off by {cast.production.guild.name}." in page
    assert "Not met: it cannot be approved before" in page
    order = [
        "What they want to do", "Granted: two uses", "What is used", "Days", "Shown through", "Rendered in", "Frames", "In short",
        "Conflicts", "Money", "Final review", "Ends or pauses it", "Rules that apply", "Full text that is signed",
    ]  # fmt: skip
    after = 0
    for words in order:  # each stands behind the one before
        after = page.text.index(words, after)


def test_without_notice_or_profiles_it_could_begin_at_once(cast: Cast) -> None:
    request = cast.ask()
    page = Reader(cast.agent).page(f"/requests/{request.pk}/")
    assert "Could begin at once" in page
    assert "none binds it" in page
    assert "No floor is recorded for this person." in page
