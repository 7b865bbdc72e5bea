"""The talent's own pages, and the stop that nobody else can press."""

from __future__ import annotations

import pytest

from licensing.models import LicenceToken
from licensing.selectors import effective_state
from tests import factories
from tests.agents_portal.conftest import Cast, Reader


def test_home_says_in_plain_words_who_can_use_them(cast: Cast) -> None:
    assert Reader(cast.self).page("/home/").titles == ("Ilse, nobody can use your likeness today",)
    token = factories.approve(cast.ask())
    page = Reader(cast.self).page("/home/")
    assert page.titles == ("Ilse, one production can use your likeness today",)
    assert "Your face in one, your voice in one. Nothing else, and nobody else." in page
    assert f"/licences/{token.pk}/" in page.links
    assert "sha256" not in page
    assert 'data-role="talent"' in page.html


def test_stop_is_one_tap_away_on_every_page_of_a_talent(cast: Cast) -> None:
    for path in ("/home/", "/decide/", "/licences/", "/visibility/", "/mandates/", "/audit/"):
        assert "/stop/" in Reader(cast.self).page(path).links


def test_one_more_tap_stops_every_licence_and_request(cast: Cast) -> None:
    token, waiting = factories.approve(cast.ask()), cast.ask()
    reader = Reader(cast.self)
    screen = reader.page("/stop/")
    assert screen.titles == ("Stop every use of your face and voice?",)
    assert "1 licence stops." in screen
    assert "1 request is closed." in screen
    assert reader.post("/stop/", {"confirm": "stop"})["Location"] == "/home/"
    token.refresh_from_db()
    waiting.refresh_from_db()
    assert (token.state, token.revocation_kind) == ("REVOKED", "EMERGENCY_STOP")
    assert waiting.state == "DECLINED"
    assert reader.page("/home/").titles == ("Ilse, nobody can use your likeness today",)


def test_stop_stands_over_what_is_licensed_later_until_the_talent_lifts_it(cast: Cast) -> None:
    reader = Reader(cast.self)
    reader.post("/stop/", {"confirm": "stop"})
    later = factories.approve(cast.ask())
    assert effective_state(later) == "SUSPENDED"
    assert reader.page("/home/").titles == ("Ilse, nobody can use your likeness today",)
    screen = reader.page("/stop/")
    assert screen.titles == ("Everything is stopped. Lift the stop?",)
    assert "What the stop ended stays ended." in screen
    assert Reader(cast.agent).post("/stop/", {"confirm": "lift"}).status_code == 404
    assert effective_state(later) == "SUSPENDED"
    assert reader.post("/stop/", {"confirm": "lift"})["Location"] == "/home/"
    assert effective_state(later) == "ACTIVE"
    assert reader.page("/stop/").titles == ("Stop every use of your face and voice?",)


def test_opening_the_screen_or_a_stray_post_stops_nothing(cast: Cast) -> None:
    token = factories.approve(cast.ask())
    reader = Reader(cast.self)
    reader.get("/stop/")
    assert reader.post("/stop/", {}).status_code == 200
    token.refresh_from_db()
    assert token.state == "ACTIVE"


@pytest.mark.parametrize("who", ["agent", "colleague", "producer", "auditor", "vendor", "other_agent"])
def test_nobody_else_can_stop(cast: Cast, who: str) -> None:
    factories.approve(cast.ask())
    assert Reader(getattr(cast, who)).post("/stop/", {"confirm": "stop"}).status_code == 404
    assert LicenceToken.objects.get().state == "ACTIVE"


def test_another_talents_stop_leaves_this_one_alone(cast: Cast) -> None:
    factories.approve(cast.ask())
    assert Reader(cast.other_talent).post("/stop/", {"confirm": "stop"}).status_code == 302
    assert LicenceToken.objects.get().state == "ACTIVE"


def test_a_talent_reads_who_can_see_them(cast: Cast) -> None:
    assert "Everyone on this server" in Reader(cast.self).page("/visibility/")
    assert Reader(cast.agent).get("/visibility/").status_code == 404
