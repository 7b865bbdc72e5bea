"""Roster, mandates, alerts and the audit trail."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from licensing import services
from tests import factories
from tests.agents_portal.conftest import Cast, Reader


@pytest.fixture
def move_clock(settings: Any, tmp_path: Path) -> Callable[[float], None]:
    settings.TEST_CLOCK_FILE = str(tmp_path / "clock")
    return lambda days: (tmp_path / "clock").write_text(str(days * 86400), encoding="ascii") and None


@pytest.mark.req("ST-014")
def test_the_roster_holds_whom_the_agency_represents_and_nobody_else(cast: Cast) -> None:
    page = Reader(cast.agent).page("/roster/")
    assert page.titles == ("One person on your roster",)
    assert "Ilse Varga-Thorne" in page
    assert "The agent signs inside the limits" in page
    assert Reader(cast.other_agent).page("/roster/").titles == ("No people on your roster",)


def test_a_mandate_reads_with_what_it_never_covers(cast: Cast) -> None:
    for reader in (cast.agent, cast.self):
        page = Reader(reader).page("/mandates/")
        assert "Face in a frame" in page
        assert page.text.index("Inside the mandate") < page.text.index("Training any model")
    assert "Ilse" not in Reader(cast.other_agent).page("/mandates/").text
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
    from audit.services import record

    for number in range(130):
        record(kind="test.noted", principal=cast.agent, object_type="test", object_id=str(number))
    reader = Reader(cast.agent)
    first = reader.page("/audit/?kind=test")
    onward = next(link for link in first.links if "before=" in link)
    second = reader.page(f"/audit/{onward}")
    assert first.text.count("Test: noted") == 100
    assert second.text.count("Test: noted") == 30
    assert reader.get("/audit/?before=99999999999999999999999").status_code == 200


def test_alerts_reach_studio_and_agent_before_the_end(
    cast: Cast, move_clock: Callable[[float], None]
) -> None:
    assert Reader(cast.producer).page("/alerts/").titles == ("Nothing ends soon",)
    factories.approve(cast.ask())
    move_clock(61)
    services.raise_expiry_alerts()
    for reader in (cast.producer, cast.agent):
        page = Reader(reader).page("/alerts/")
        assert page.titles == ("What ends soon",)
        assert "30 days notice" in page
    assert Reader(cast.other_studio).page("/alerts/").titles == ("Nothing ends soon",)
