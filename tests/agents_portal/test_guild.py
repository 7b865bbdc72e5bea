"""A guild's pages: members and rolls, defaults that tighten, profiles, usage, events, its witness."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.client import FakePayload

from accounts.principals import Principal
from audit.models import Event
from common import clock
from compliance.printing import can_print
from licensing import services, workflows
from licensing.models import (
    DeclaredEvent,
    GuildDefault,
    GuildMember,
    Hold,
    ProfileAdoption,
    ProfileSignOff,
    RollImport,
)
from licensing.services import rolls
from tests import factories
from tests.agents_portal.conftest import Cast, Reader, page_of
from trustcore.policy.profiles import catalogue, profile_hash

HEAD = "member_number,stage_name,majority_on\r\n"


@pytest.fixture
def chief(cast: Cast) -> Principal:
    """The guild's administrator."""
    return factories.make_desk(cast.auditor.organisation, "ADMIN")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, cast: Cast) -> list[str]:
    """Rolls whose reading was asked of a worker."""
    found: list[str] = []
    monkeypatch.setattr(workflows.read_roll, "delay", found.append)
    return found


def hand_in(chief: Principal, text: str, name: str = "roll.csv") -> RollImport:
    file = SimpleUploadedFile(name, text.encode(), content_type="text/csv")
    answer = Reader(chief).post("/members/roll/", {"file": file, "encoding": ""})
    assert answer.status_code == 302, page_of(answer).text
    roll = RollImport.objects.latest("created_at")
    assert answer["Location"] == f"/members/rolls/{roll.pk}/"
    return roll


def join(guild: Principal, talent: Any) -> GuildMember:
    return GuildMember.objects.create(
        guild=guild.organisation,
        talent=talent,
        number_digest=services.member_digest(guild.organisation_id, "77"),
    )


@pytest.mark.req("ST-083")
def test_roll_is_handed_in_watched_while_it_is_read_and_its_members_found(
    chief: Principal, cast: Cast, started: list[str]
) -> None:
    names = [f"Member {n:03}" for n in range(120)]
    roll = hand_in(chief, HEAD + "".join(f"SAG-{n},{name},\r\n" for n, name in enumerate(names)))
    path = f"/members/rolls/{roll.pk}/"
    waiting = Reader(chief).page(path)
    assert "It waits for a worker." in waiting
    assert 'hx-trigger="every 2s"' in waiting.html
    assert path in waiting.links, "without scripts one looks again"
    services.read_roll(roll.pk)
    done = Reader(cast.auditor).page(path)
    assert "120 rows were read." in done
    assert "hx-trigger" not in done.html
    assert Reader(chief).get(path, htmx=True)["HX-Refresh"] == "true"

    page = Reader(cast.auditor).page("/members/")
    assert page.titles == ("120 members",)
    assert "Member 000" in page
    assert "Member 050" not in page
    (more,) = [link for link in page.links if "after=" in link]
    second = Reader(cast.auditor).page(f"/members/{more}")
    assert "Member 050" in second
    assert "Member 049" not in second
    assert "Member 119" in Reader(cast.auditor).page("/members/?q=mem+119")
    assert "Member 007" in Reader(cast.auditor).page("/members/?q=SAG-7")
    assert "Nobody of that name or number" in Reader(cast.auditor).page("/members/?q=AG-7")
    assert "Nobody of that name or number" in Reader(cast.auditor).page("/members/?q=%27%29+%7C+%28")

    again = hand_in(chief, HEAD + "".join(f"SAG-{n},{name},\r\n" for n, name in enumerate(names)))
    services.read_roll(again.pk)
    assert "120 rows were read, and they changed nothing." in Reader(chief).page(
        f"/members/rolls/{again.pk}/"
    )


def test_refused_rows_are_shown_and_downloaded_as_a_sheet_that_runs_nothing(
    chief: Principal, cast: Cast, started: list[str]
) -> None:
    roll = hand_in(chief, HEAD + "1,\"=cmd|'/c calc'!A1\",\r\n2,Good Name,\r\n3,<b>x</b>,31/12/2031\r\n")
    services.read_roll(roll.pk)
    page = Reader(chief).page(f"/members/rolls/{roll.pk}/")
    assert "A spreadsheet would run this cell" in page
    assert "The date is not written YYYY-MM-DD" in page
    answer = Reader(chief).get(f"/members/rolls/{roll.pk}/refused.csv")
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert [row[2] for row in rows[1:]] == ["FORMULA", "DATE_INVALID"]
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)
    other = factories.make_desk(factories.make_guild(), "ADMIN")
    for path in (f"/members/rolls/{roll.pk}/", f"/members/rolls/{roll.pk}/refused.csv"):
        assert Reader(other).get(path).status_code == 404
        assert Reader(cast.agent).get(path).status_code == 404


def test_file_that_cannot_be_read_comes_back_with_the_reason_and_nothing_is_kept(
    chief: Principal, started: list[str]
) -> None:
    for content, said in (
        (b"a,b\r\n1,2", "names other columns"),
        (HEAD.encode() + b"1,Zo\xeb,", "not UTF-8"),
    ):
        file = SimpleUploadedFile("roll.csv", content, content_type="text/csv")
        answer = Reader(chief).post("/members/roll/", {"file": file})
        assert answer.status_code == 422
        assert said in page_of(answer)
    assert Reader(chief).post("/members/roll/", {}).status_code == 422
    assert not RollImport.objects.exists()
    assert started == []


def test_who_may_hand_in_no_roll_is_refused_before_the_body_is_read_and_the_token_is_asked(
    chief: Principal, cast: Cast
) -> None:
    def post(desk: Principal, body: FakePayload, **further: Any) -> Any:
        client = Client(enforce_csrf_checks=True)
        client.force_login(desk.person)
        return client.generic(
            "POST", "/members/roll/", b"", content_type="multipart/form-data; boundary=b",
            **{"wsgi.input": body, "CONTENT_LENGTH": str(len(body)), **further},
        )  # fmt: skip

    untouched = FakePayload(b"--b\r\nnever read")
    assert post(cast.auditor, untouched).status_code == 403
    assert post(cast.producer, untouched).status_code == 404
    assert post(chief, untouched, CONTENT_LENGTH=str(300 * 1024 * 1024)).status_code == 413
    assert len(untouched) == len(b"--b\r\nnever read")
    assert post(chief, FakePayload(b"--b--\r\n")).status_code == 403, "no token, no roll"


@pytest.mark.req("BX-008")
def test_defaults_show_their_effect_before_they_are_set_and_never_loosen_by_the_guild_alone(
    chief: Principal, cast: Cast
) -> None:
    join(chief, cast.talent)
    reader, path = Reader(chief), "/members/defaults/"
    asked = {"frames_max": "2000", "render_territory": "us ca", "fee_least": "12.50", "currency": "USD"}
    shown = page_of(reader.post(path, asked))
    assert "It binds 1 member at once." in shown
    assert "Beyond 2,000 frames in one licence, the member agrees beside the agent." in shown
    assert "Machines outside Canada and United States" in shown
    assert not GuildDefault.objects.exists()
    assert reader.post(path, {**asked, "confirm": "0"}).status_code == 302
    made = GuildDefault.objects.get()
    assert made.limits["fee_least_minor"] == 1250
    assert services.limits_of_member(cast.talent).frames_max == 2000

    looser = {"frames_max": "9000"}
    assert "Nobody is loosened by this alone." in page_of(reader.post(path, looser))
    stale = reader.post(path, {**looser, "confirm": "0"})
    assert stale.status_code == 409
    assert reader.post(path, {**looser, "confirm": "1"}).status_code == 302
    assert services.limits_of_member(cast.talent).frames_max == 2000
    page = reader.page(path)
    assert "Version 2" in page
    assert "Version 1" in page
    assert "No agent opens closed content" in page


def test_defaults_that_make_no_sense_and_readers_who_may_not_act_are_refused(
    chief: Principal, cast: Cast
) -> None:
    reader, path = Reader(chief), "/members/defaults/"
    for wrong in (
        {"frames_max": "-1"},
        {"render_territory": "Atlantis"},
        {"fee_least": "5"},
        {"currency": "USD"},
        {"content": ["SEXUAL_CONTENT_MINOR"]},
    ):
        assert reader.post(path, {**wrong, "confirm": "0"}).status_code == 422, wrong
    assert Reader(cast.auditor).get(path).status_code == 200
    assert Reader(cast.auditor).post(path, {"frames_max": "1", "confirm": "0"}).status_code == 403
    assert Reader(cast.agent).get(path).status_code == 404
    assert not GuildDefault.objects.exists()


# -- profiles -----------------------------------------------------------------------------------------


@pytest.mark.req("BX-007")
def test_profile_is_read_in_words_signed_off_by_hash_and_ended(chief: Principal, cast: Cast) -> None:
    reader, ref = Reader(chief), "SAG_TVT_2026@1"
    listed = reader.page("/profiles/")
    assert "SAG-AFTRA TV/Theatrical 2026" in listed
    assert "Struck down" in listed
    page = reader.page(f"/profiles/{ref}/")
    assert "48 hours of notice" in page
    assert "A replica may not work struck work." in page
    digest = profile_hash(catalogue()[ref])
    act, sign = f"/profiles/{ref}/adopt/", f"/profiles/{ref}/sign-off/"
    assert reader.get(act).status_code == 409  # counsel has not signed it off
    assert reader.post(sign, {"profile_hash": digest}).status_code == 403  # and an administrator cannot
    counsel = Reader(factories.make_desk(chief.organisation, "LEGAL", factories.make_user("C. Ounsel")))
    screen = counsel.page(sign)
    assert digest.removeprefix("sha256:")[:4] in screen
    assert counsel.post(sign, {"profile_hash": "sha256:" + "0" * 64}).status_code == 409
    assert not ProfileSignOff.objects.exists()
    assert counsel.post(sign, {"profile_hash": digest}).status_code == 302
    assert counsel.post(sign, {"profile_hash": digest}).status_code == 409
    assert counsel.get(act).status_code == 403
    assert "It does not bind your house yet" in reader.page(f"/profiles/{ref}/")
    assert "C. Ounsel signed this very text off" in reader.page(act)
    assert reader.post(act, {"profile_hash": "sha256:" + "0" * 64}).status_code == 409
    assert not ProfileAdoption.objects.exists()
    assert reader.post(act, {"profile_hash": digest}).status_code == 302
    assert reader.post(act, {"profile_hash": digest}).status_code == 409
    assert "C. Ounsel signed it off." in reader.page(f"/profiles/{ref}/")
    assert "1 profile binds you" in reader.page("/profiles/").titles
    assert reader.post(f"/profiles/{ref}/end/").status_code == 302
    assert ProfileAdoption.objects.get().ended_by == chief.person
    assert reader.get(f"/profiles/{ref}/end/").status_code == 404


@pytest.mark.req("BX-007")
def test_what_was_struck_down_is_shown_so_and_cannot_be_signed_off(chief: Principal, cast: Cast) -> None:
    page = Reader(chief).page("/profiles/CA_AB2655@1/")
    assert "A court struck it down." in page
    assert not any(link.endswith("/adopt/") for link in page.links)
    digest = profile_hash(catalogue()["CA_AB2655@1"])
    answer = Reader(chief).post("/profiles/CA_AB2655@1/adopt/", {"profile_hash": digest})
    assert answer.status_code == 409
    assert not ProfileAdoption.objects.exists()
    assert Reader(chief).get("/profiles/NONE@1/").status_code == 404
    assert Reader(cast.auditor).get("/profiles/SAG_TVT_2026@1/adopt/").status_code == 403
    assert Reader(cast.self).get("/profiles/").status_code == 404


def test_difference_between_two_texts_is_told_rule_by_rule(chief: Principal) -> None:
    page = Reader(chief).page("/profiles/SAG_TVT_2026@1/difference/?with=SAG_TVT_2023@1")
    assert "A strike suspends the consent" in page
    assert "<ins>" in page.html
    back = Reader(chief).page("/profiles/SAG_TVT_2023@1/difference/?with=SAG_TVT_2026@1")
    assert "<del>A strike suspends the consent</del>" in back.html
    same = Reader(chief).page("/profiles/SAG_TVT_2026@1/difference/?with=SAG_TVT_2026@1")
    assert same.titles == ("No rule is different",)
    assert Reader(chief).get("/profiles/SAG_TVT_2026@1/difference/").status_code == 404


def test_who_is_bound_is_counted_by_the_signed_terms(chief: Principal, cast: Cast) -> None:
    ref = "CA_AITA@1"
    factories.adopt_profile(chief, ref)
    token = factories.approve(cast.ask())
    assert ref in token.terms.terms["profiles"]
    assert "<dt>Live licences</dt><dd>1</dd>" in Reader(chief).page(f"/profiles/{ref}/").html
    assert "<dt>Live licences</dt><dd>0</dd>" in Reader(chief).page("/profiles/EU_GDPR@1/").html


# -- usage --------------------------------------------------------------------------------------------


def test_usage_report_holds_members_alone_and_downloads_as_a_sheet_that_runs_nothing(
    chief: Principal, cast: Cast
) -> None:
    join(chief, cast.talent)
    mine = factories.approve(cast.ask())
    outsider = factories.make_talent("=Outsider Talent")
    agent = factories.make_agent(factories.make_agency())
    factories.make_mandate(outsider, agent)
    factories.approve(factories.make_submitted_request(cast.production, outsider, producer=cast.producer))
    listed = Reader(chief).page("/usage/")
    assert listed.titles == ("1 production uses your members",)
    path = f"/usage/{cast.production.pk}/"
    page = Reader(chief).page(path)
    assert cast.talent.stage_name in page
    assert outsider.stage_name not in page
    assert "1 licence of a performer who is not on your roll is left out." in page
    (sheet,) = [link for link in page.links if "report.csv" in link]
    answer = Reader(chief).get(sheet)
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert [row["token_id"] for row in rows] == [str(mine.pk)]
    assert rows[0]["terms_hash"] == mine.terms.terms_hash
    assert rows[0]["training_flag"] == "no"
    (lines,) = [link for link in page.links if "report.jsonl" in link]
    said = [json.loads(line) for line in b"".join(Reader(chief).get(lines).streaming_content).splitlines()]
    head, (row,) = said[0], said[1:]
    assert (head["kind"], head["record_count"], head["not_on_the_roll"]) == ("header", 1, 1)
    assert head["signatory"] == cast.production.organisation.name
    # the same columns in the same order, in both
    assert list(row)[1:] == list(rows[0])
    made = {"generated_at"}  # each was made when it was asked for
    cells = {name: str(cell) for name, cell in list(row.items())[1:] if name not in made}
    assert cells == {name: cell for name, cell in rows[0].items() if name not in made}
    papers = [link for link in page.links if "report.pdf" in link]
    assert len(papers) == can_print()  # offered wherever there is something to print with
    if papers:
        (paper,) = papers
        pdf = b"".join(Reader(chief).get(paper).streaming_content)
        assert pdf.startswith(b"%PDF-")
        assert b"%%EOF" in pdf[-32:]
        assert Reader(cast.producer).get(paper).status_code == 404
    taken = Event.objects.filter(kind="usage.exported", organisation_id=chief.organisation_id)
    assert {event.details["shape"] for event in taken} >= {"csv", "jsonl"}
    assert Reader(chief).get(lines.replace("begins=", "begins=x")).status_code == 404
    past = Reader(chief).page(f"{path}?begins=2020-01-01&until=2020-01-31")
    assert "No member of yours was licensed for it in this period." in past
    wrong = Reader(chief).get(f"{path}?begins=2026-02-01&until=2026-01-01")
    assert wrong.status_code == 422
    other = factories.make_desk(factories.make_guild(), "AUDITOR")
    for reader in (other, cast.producer, cast.agent):
        assert Reader(reader).get(path).status_code == 404
        assert Reader(reader).get(sheet).status_code == 404


# -- events -------------------------------------------------------------------------------------------


@pytest.mark.req("BX-010")
def test_strike_shows_its_effect_is_confirmed_by_it_and_lifted(chief: Principal, cast: Cast) -> None:
    token = factories.approve(cast.ask())
    reader, of = Reader(chief), f"production:{cast.production.pk}"
    assert of in reader.page("/events/").html
    ask = f"/events/declare/?kind=STRIKE&of={of}"
    screen = reader.page(ask)
    assert "1 licence: paused." in screen
    shown = services.preview_event(
        principal=chief, kind="STRIKE", covers="production", covered_id=cast.production.pk
    )
    sent = {"kind": "STRIKE", "of": of, "effect_hash": shown.effect_hash, "why": "Strike since noon."}
    assert reader.post("/events/declare/", {**sent, "why": ""}).status_code == 422
    other = factories.make_talent("Second Talent")
    agent = factories.make_agent(factories.make_agency())
    factories.make_mandate(other, agent)
    factories.approve(factories.make_submitted_request(cast.production, other, producer=cast.producer))
    changed = reader.post("/events/declare/", sent)
    assert changed.status_code == 409
    assert "2 licences: paused." in page_of(changed)
    assert "Strike since noon." in page_of(changed).html
    assert not DeclaredEvent.objects.exists()
    again = services.preview_event(
        principal=chief, kind="STRIKE", covers="production", covered_id=cast.production.pk
    )
    assert reader.post("/events/declare/", {**sent, "effect_hash": again.effect_hash}).status_code == 302
    hold = Hold.objects.get()
    assert "One hold stands in your name" in reader.page("/events/").titles
    assert Reader(cast.producer).get(f"/events/holds/{hold.pk}/lift/").status_code == 404
    assert reader.post(f"/events/holds/{hold.pk}/lift/", {"why": "It is over."}).status_code == 302
    hold.refresh_from_db()
    assert hold.lifted_by == chief.person
    assert reader.post(f"/events/holds/{hold.pk}/lift/", {"why": "It is over."}).status_code == 409
    token.refresh_from_db()
    assert token.state == "ACTIVE"


@pytest.mark.req("BX-010")
def test_nobody_declares_what_is_for_another_side(chief: Principal, cast: Cast) -> None:
    factories.approve(cast.ask())
    production, talent = f"production:{cast.production.pk}", f"talent:{cast.talent.pk}"
    for desk, kind, of in (
        (chief, "DEATH", talent),
        (chief, "DISPUTE", production),
        (cast.agent, "DEATH", talent),
        (cast.agent, "STRIKE", production),
        (cast.producer, "STRIKE", production),
        (cast.other_studio, "DISPUTE", production),
        (factories.make_desk(cast.other_studio.organisation, "ADMIN"), "CHANGE_OF_CONTROL", production),
        (cast.self, "CHANGE_OF_CONTROL", talent),
        (cast.self, "STRIKE", "talent:no-id"),
    ):
        answer = Reader(desk).get(f"/events/declare/?kind={kind}&of={of}")
        assert answer.status_code == 404, (desk, kind)
        sent = {"kind": kind, "of": of, "effect_hash": "sha256:" + "0" * 64, "why": "Because."}
        assert Reader(desk).post("/events/declare/", sent).status_code == 404
    assert not DeclaredEvent.objects.exists()


# -- the frame ----------------------------------------------------------------------------------------


def test_counsel_reads_and_does_nothing(cast: Cast) -> None:
    factories.approve(cast.ask())
    counsel = factories.make_desk(cast.producer.organisation, "LEGAL")
    reader = Reader(counsel)
    assert reader.get("/").headers["Location"] == "/productions/"
    page = reader.page(f"/productions/{cast.production.pk}/")
    assert cast.production.title in page
    for path in ("/licences/", "/bundles/", "/profiles/", "/audit/"):
        assert reader.get(path).status_code == 200, path
    for path in ("/productions/new/", "/keys/", "/keys/new/", "/requests/", "/inbox/", "/members/", "/stop/"):
        assert reader.get(path).status_code == 404, path
    ref = "CA_AITA@1"
    assert reader.get(f"/profiles/{ref}/adopt/").status_code == 403


@pytest.mark.parametrize(
    "path",
    ["/members/", "/members/defaults/", "/members/roll/", "/profiles/", "/usage/", "/events/", "/witness/"],
)
def test_each_page_takes_at_most_12_queries_however_many_rows(
    chief: Principal,
    cast: Cast,
    path: str,
    django_assert_max_num_queries: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rolls, "CHUNK", 60)
    lines = "".join(f"{n},Member {n},\r\n" for n in range(60))
    roll = services.hand_in_roll(
        principal=chief,
        stream=io.BytesIO((HEAD + lines).encode()),
        size=len(HEAD + lines),
        file_name="roll.csv",
    )
    services.read_roll(roll.pk)
    for _ in range(3):
        factories.make_production(cast.producer.organisation, guild=chief.organisation)
    factories.approve(cast.ask())
    reader = Reader(chief)
    with django_assert_max_num_queries(12):
        assert reader.get(path).status_code == 200
    assert clock.now() > roll.created_at - timedelta(seconds=1)
