"""Roster, mandates, alerts and the audit trail."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from audit.services import record
from common import clock
from licensing import services
from tests import factories
from tests.agents_portal.conftest import Cast, Reader


@pytest.fixture
def move_clock(settings: Any, tmp_path: Path) -> Callable[[float], None]:
    settings.TEST_CLOCK_FILE = str(tmp_path / "clock")
    return lambda days: (tmp_path / "clock").write_text(str(days * 86400), encoding="ascii") and None


@pytest.mark.req("ST-014")
def test_the_roster_holds_whom_the_agency_represents_and_nobody_else(cast: Cast) -> None:
    cast.ask()
    page = Reader(cast.agent).page("/roster/")
    assert page.titles == ("1 person on your roster. 1 waits for you.",)
    assert "Ilse Varga-Thorne" in page
    assert "The agent signs inside the limits" in page
    assert "1 needs you" in page
    assert Reader(cast.colleague).page("/roster/").titles == (
        "1 person on your roster. Nobody waits for you.",
    )
    assert Reader(cast.other_agent).page("/roster/").titles == ("Nobody on your roster",)


def test_the_roster_tells_who_stopped_and_whose_licence_or_mandate_ends(
    cast: Cast, move_clock: Callable[[float], None]
) -> None:
    factories.make_mandate(cast.talent, cast.agent, valid_until=clock.now() + timedelta(days=80))
    factories.approve(cast.ask())
    reader = Reader(cast.agent)
    assert "Nothing unusual" in reader.page("/roster/")
    assert reader.page("/roster/?state=ends-soon").titles == (
        "1 person on your roster. Nobody waits for you.",
    )
    assert "Nobody like this" in reader.page("/roster/?state=ends-soon")
    move_clock(62)
    page = reader.page("/roster/?state=ends-soon")
    assert "1 ends within 30 days" in page
    assert "Mandate ends soon" in page
    services.emergency_stop(principal=cast.self, talent=cast.talent, reason="Stop.")
    assert "Stopped everything" in reader.page("/roster/?state=stopped")


def test_the_roster_is_searched_by_part_of_a_name(cast: Cast) -> None:
    factories.make_mandate(factories.make_talent("Teodor Quill"), cast.agent)
    reader = Reader(cast.agent)
    page = reader.page("/roster/?q=quil")
    assert page.titles == ("1 person found",)
    assert "Ilse" not in page
    assert reader.page("/roster/?q=%00%E2%80%AE%25").titles == ("0 people found",)
    assert reader.get("/roster/?q=" + "x" * 5000).status_code == 200


def test_a_person_has_a_page_with_vault_mandate_licences_and_requests(cast: Cast) -> None:
    token, waiting = factories.approve(cast.ask()), cast.ask()
    path, reader = f"/roster/{cast.talent.pk}/", Reader(cast.agent)
    page = reader.page(path)
    assert page.titles == ("Ilse Varga-Thorne",)
    assert "1 licence is live, 1 request is open." in page
    assert "Face, as a scan" in page
    assert "The agent signs inside the limits" in page
    assert f"/licences/{token.pk}/" in reader.page(f"{path}?tab=licences").links
    assert f"/requests/{waiting.pk}/" in reader.page(f"{path}?tab=requests").links
    for stranger in (cast.other_agent, cast.self, cast.producer):
        assert Reader(stranger).get(path).status_code == 404


def test_a_mandate_reads_with_what_it_never_covers(cast: Cast) -> None:
    mandate = cast.talent.mandates.get(revoked_at=None)
    for reader, path in ((cast.agent, f"/mandates/{mandate.pk}/"), (cast.self, "/mandates/")):
        page = Reader(reader).page(path)
        assert "Face in a frame" in page
        assert page.text.index("Inside the mandate") < page.text.index("Training any model")
    assert "You decide" in Reader(cast.agent).page("/mandates/")
    assert "You read" in Reader(cast.colleague).page("/mandates/")
    assert "Ilse" not in Reader(cast.other_agent).page("/mandates/").text
    assert Reader(cast.other_agent).get(f"/mandates/{mandate.pk}/").status_code == 404
    assert "You decide in person." in Reader(cast.other_talent).page("/mandates/")


@pytest.mark.req("ST-023")
def test_the_agent_reads_the_trail_and_a_stranger_none_of_it(cast: Cast) -> None:
    request = cast.ask()
    factories.approve(request)
    page = Reader(cast.agent).page("/audit/")
    for event in ("Request: submitted", "Request: approved", "Licence: issued", "Mandate: granted"):
        assert event in page
    assert cast.agent.person.full_name in page
    # people of the other side stay unnamed in the trail
    assert cast.producer.person.full_name not in page.text
    only = Reader(cast.agent).page("/audit/?kind=mandate")
    assert "Mandate: granted" in only
    assert "Request: submitted" not in only
    stranger = Reader(cast.other_agent).page("/audit/")
    assert "Request: submitted" not in stranger
    assert "Nothing of this kind yet" in stranger


def test_the_trail_goes_on_page_by_page(cast: Cast) -> None:
    for number in range(130):
        record(kind="test.noted", principal=cast.agent, object_type="test", object_id=str(number))
    reader = Reader(cast.agent)
    first = reader.page("/audit/?kind=test")
    onward = next(link for link in first.links if "before=" in link)
    second = reader.page(onward)
    assert first.text.count("Test: noted") == 100
    assert second.text.count("Test: noted") == 30
    assert reader.get("/audit/?before=99999999999999999999999").status_code == 200


def test_the_trail_is_filtered_by_person_object_and_day(cast: Cast) -> None:
    row, other = cast.ask(), cast.ask()
    factories.approve(row)
    reader = Reader(cast.agent)
    mine = reader.page(f"/audit/?person={cast.agent.person.pk}")
    assert "Request: approved" in mine
    assert "Request: submitted" not in mine
    # people of the other side are no filter: whom a studio employs is not told by counting
    assert "Nothing of this kind yet" in reader.page(f"/audit/?person={cast.producer.person.pk}")
    about = reader.page(f"/audit/?object={other.pk}")
    assert "Request: submitted" in about
    assert "Request: approved" not in about
    tomorrow = (timezone.localdate(clock.now()) + timedelta(days=1)).isoformat()
    assert "Nothing of this kind yet" in reader.page(f"/audit/?since={tomorrow}")
    assert "Request: submitted" in reader.page(f"/audit/?until={tomorrow}&since=nonsense&person=nobody")


def test_the_trail_is_taken_along_and_no_cell_of_it_runs(cast: Cast) -> None:
    record(
        kind="test.noted", principal=cast.agent, object_type="test", object_id="=HYPERLINK(1)",
        details={"note": "=1+1"},
    )  # fmt: skip
    reader = Reader(cast.agent)
    sheet = b"".join(reader.get("/audit/export.csv?kind=test").streaming_content).decode("utf-8-sig")
    heading, row = list(csv.reader(io.StringIO(sheet)))
    assert heading[:3] == ["number", "at", "kind"]
    assert row[heading.index("object_id")] == "'=HYPERLINK(1)"
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)
    answer = reader.get("/audit/export.jsonl?kind=test")
    assert "attachment" in answer["Content-Disposition"]
    lines = b"".join(answer.streaming_content)
    (event,) = [json.loads(line) for line in lines.splitlines()]
    assert (event["object_id"], event["person"]) == ("=HYPERLINK(1)", cast.agent.person.full_name)
    # the page's seal is the hash of exactly these lines
    assert hashlib.sha256(lines).hexdigest() in reader.page("/audit/?kind=test").html
    assert b"".join(Reader(cast.other_agent).get("/audit/export.jsonl?kind=test").streaming_content) == b""
    assert reader.get("/audit/export.exe").status_code == 404


def test_alerts_reach_studio_and_agent_before_the_end(
    cast: Cast, move_clock: Callable[[float], None]
) -> None:
    assert Reader(cast.producer).page("/alerts/").titles == ("Nothing ends soon",)
    factories.approve(cast.ask())
    move_clock(61)
    services.raise_expiry_alerts()
    for reader in (cast.producer, cast.agent):
        page = Reader(reader).page("/alerts/")
        assert page.titles == ("1 licence ends soon.",)
        assert "30 days notice" in page
    assert Reader(cast.other_studio).page("/alerts/").titles == ("Nothing ends soon",)
    move_clock(84)
    services.raise_expiry_alerts()
    page = Reader(cast.agent).page("/alerts/")
    assert "7 days notice" in page
    assert "30 days notice" not in page


def test_alerts_tell_quotas_notices_and_what_is_owed(cast: Cast, move_clock: Callable[[float], None]) -> None:
    token, running = factories.approve(cast.ask()), factories.approve(cast.ask())
    services.raise_quota_alert(running.pk, counter="frames", granted=2500, most=3000)
    services.raise_quota_alert(running.pk, counter="frames", granted=2900, most=3000)
    services.revoke_token(
        principal=cast.agent, jti=token.pk, kind="PROSPECTIVE", disposition="KEEP", reason="Over."
    )
    reader = Reader(cast.agent)
    quota = reader.page("/alerts/?tab=quota")
    assert quota.titles == ("1 quota is nearly used up.",)
    assert "2,900 of 3,000 frames are given out, over 95 %." in quota
    owed = reader.page("/alerts/?tab=owed")
    assert f"{cast.producer.organisation.name} owes an acknowledgement" in owed
    assert "You owe an acknowledgement" in Reader(cast.producer).page("/alerts/?tab=owed")
    assert "owes an acknowledgement" not in Reader(cast.other_agent).page("/alerts/?tab=owed").text
    move_clock(5)
    assert "acknowledgements are late." in reader.page("/alerts/").titles[0]
    talent = factories.make_talent("Jun Castellane")
    factories.make_mandate(talent, cast.agent, mode="UNION_NOTICE", notice_hours=48)
    factories.make_submitted_request(cast.production, talent, producer=cast.producer)
    assert "Jun Castellane" in reader.page("/alerts/?tab=notice")
