"""Licences and their receipts: the same truth for studio, agent, talent and guild; nothing for strangers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from common import clock
from licensing import services
from licensing.models import LicenceToken
from licensing.selectors import pairwise_pseudonym
from tests import factories
from tests.agents_portal.conftest import Cast, Reader
from tests.receipts.conftest import Farm


@pytest.fixture(autouse=True)
def own_log_store(settings: Any, tmp_path: Path) -> None:
    stores = {**settings.STORAGES}
    stores["log"] = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(tmp_path / "log"), "allow_overwrite": True, "base_url": None},
    }
    settings.STORAGES = stores


def rendered(cast: Cast, *, frames: int = 24, unauthorised: int = 0) -> LicenceToken:
    """A licence under which a farm has rendered, and one check that was refused."""
    token = factories.approve(cast.ask())
    farm = Farm(token, *factories.make_credential(cast.producer.organisation))
    lease = farm.lease(first=0, last=frames - 1)
    rows = [farm.row(lease["id"], frame) for frame in range(frames)]
    rows += [farm.row(lease["id"], frame) for frame in range(100, 100 + unauthorised)]
    assert farm.send(rows).status_code == 200
    assert farm.check(render_territory="SG").json()["reason_codes"] == ["TERRITORY_DENIED"]
    return token


def named_to_vendors(token: LicenceToken) -> str:
    """What a vendor's pages call the performer: the end of the pseudonym that log and tokens carry."""
    return f"Performer {pairwise_pseudonym(token.talent_id, token.production_id)[-4:].upper()}"


def test_vendor_reads_its_licence_without_names_deal_or_grant(cast: Cast) -> None:
    rival = factories.make_vendor("Rival Pictures")
    token = factories.approve(cast.ask(vendors=(cast.vendor.organisation.slug, rival.slug)))
    services.request_renewal(principal=cast.producer, jti=token.pk, days=30, changes={})
    path = f"/licences/{token.pk}/"
    vendor, whole = Reader(cast.vendor).page(path), Reader(cast.producer).page(path)
    people = [cast.agent.person.full_name, token.request.requested_by.full_name, "Ilse", "Varga"]
    assert all(one in whole for one in [*people, rival.name, "Signed by", token.grant.kid[:8]])
    for word in [*people, rival.name, "Signed by", token.grant.kid[:8], "12,450", "/requests/"]:
        assert word not in vendor.html, word
    assert vendor.titles == (f"{named_to_vendors(token)} in {token.production.title}",)
    for words in ("Face", "Voice", "0 of 3,000 frames used", "90 days"):
        assert words in vendor
        assert words in whole
    listed = Reader(cast.vendor).page("/licences/")
    assert named_to_vendors(token) in listed
    assert "Ilse" not in listed.html


@pytest.mark.req("ST-032")
@pytest.mark.req("ST-033")
def test_every_party_reads_the_same_use_and_strangers_nothing(cast: Cast) -> None:
    token = rendered(cast, unauthorised=3)
    for reader in (cast.agent, cast.colleague, cast.producer, cast.self, cast.auditor, cast.vendor):
        licence = Reader(reader).page(f"/licences/{token.pk}/")
        # what was authorised, for how long; what was rendered of it; and, of each frame, when
        assert "24 of 3,000 frames used" in licence
        assert all(words in licence for words in ("Face", "Voice", "90 days"))
        page = Reader(reader).page(f"/licences/{token.pk}/use/")
        assert "3 frames came without a valid lease." in page
        assert "1 in all. Nothing was rendered." in page
        assert "TERRITORY_DENIED" in page
        receipts = Reader(reader).page(f"/licences/{token.pk}/receipts/")
        performer = "Ilse Varga-Thorne" if reader != cast.vendor else named_to_vendors(token)
        assert receipts.titles == (f"Receipts for {performer}",)
        assert receipts.html.count('data-label="Frame"') == 27
        moments = re.findall(r'data-label="Received".*?<time datetime="([^"]+)"', receipts.html)
        assert len(moments) == 27
        assert {moment[:10] for moment in moments} == {f"{clock.now():%Y-%m-%d}"}
    for stranger in (cast.other_agent, cast.other_studio, cast.other_talent):
        assert Reader(stranger).get(f"/licences/{token.pk}/").status_code == 404
        assert Reader(stranger).get(f"/licences/{token.pk}/use/").status_code == 404
        assert Reader(stranger).get(f"/licences/{token.pk}/receipts/").status_code == 404


def test_the_strip_says_in_words_what_it_draws(cast: Cast) -> None:
    token = rendered(cast)
    reader = Reader(cast.agent)
    use = reader.page(f"/licences/{token.pk}/use/")
    assert (
        'aria-label="Shot 0410_0020: 24 of 24 frames rendered, 0 of them again, 0 without a lease, '
        '1 checks refused. Frames 0 to 23."' in use.html
    )
    assert "One cell is 1 frame" in use
    assert f"/licences/{token.pk}/receipts/?shot=0410_0020" in use.links
    html = reader.page(f"/licences/{token.pk}/").html
    assert f"/licences/{token.pk}/use/" in html
    assert 'role="meter"' in html
    assert 'aria-valuenow="24"' in html


def test_zero_is_shown_as_zero(cast: Cast) -> None:
    token = factories.approve(cast.ask())
    page = Reader(cast.producer).page(f"/licences/{token.pk}/use/")
    assert "0 checks were refused." in page
    assert "No worker has asked yet. 0 allowed, 0 refused." in page
    assert "The first frame appears here seconds after its receipt arrives." in page


def test_receipts_go_on_behind_a_leaf(cast: Cast) -> None:
    token = rendered(cast, frames=120)
    reader = Reader(cast.auditor)
    first = reader.page(f"/licences/{token.pk}/receipts/")
    onward = next(link for link in first.links if "after=" in link)
    second = reader.page(onward)
    assert not [link for link in second.links if "after=" in link]
    assert first.html.count('data-label="Frame"') + second.html.count('data-label="Frame"') == 120
    assert reader.get(f"/licences/{token.pk}/receipts/?after=%F0%9F%92%A5").status_code == 200


def test_receipts_are_filtered_by_shot_and_outcome(cast: Cast) -> None:
    token = rendered(cast, unauthorised=3)
    reader, path = Reader(cast.agent), f"/licences/{token.pk}/receipts/"
    rows = 'data-label="Frame"'
    assert reader.page(f"{path}?shot=0410_0020&outcome=RENDERED").html.count(rows) == 24
    assert reader.page(f"{path}?outcome=UNAUTHORISED").html.count(rows) == 3
    assert "No receipts here" in reader.page(f"{path}?shot=nowhere")
    assert reader.page(f"{path}?shot=%00&outcome=nonsense").html.count(rows) == 27


def test_the_strip_and_the_days_are_those_of_the_log(cast: Cast) -> None:
    from zoneinfo import ZoneInfo

    from receipts.selectors import token_use

    token = rendered(cast, frames=100, unauthorised=2)
    use = token_use(token.pk, zone=ZoneInfo("UTC"), cells=10)
    (shot,) = use.shots
    assert (shot.rendered, shot.unauthorised, shot.refused) == (100, 2, 1)
    assert use.block == 12
    assert sum(cell.rendered for cell in shot.cells) == 100
    assert [cell.rendered for cell in shot.cells][:8] == [12] * 8
    assert sum(cell.unauthorised for cell in shot.cells) == 2
    (day,) = use.days
    assert (day.rendered, day.refused) == (100, 1)
    assert (use.allowed_checks, use.refused_checks) == (1, 1)
    assert use.shots_in_all == 1
    assert token_use(token.pk, zone=ZoneInfo("UTC"), cells=10, after="0410_0020").shots == ()


def test_live_and_ended_are_those_of_the_rule(cast: Cast) -> None:
    from licensing.models import LicenceToken as Token
    from licensing.selectors import effective_state, licences_page

    tokens = [factories.approve(cast.ask()) for _ in range(3)]
    services.revoke_token(
        principal=cast.agent, jti=tokens[0].pk, kind="PROSPECTIVE", disposition="KEEP", reason="Over."
    )
    services.place_hold(
        principal=cast.agent,
        covers="token",
        covered_id=tokens[1].pk,
        reason="DISPUTE_HOLD",
        why="We disagree.",
    )
    live = {"ACTIVE", "PENDING_ACTIVATION", "SUSPENDED"}
    for desk in (cast.agent, cast.producer, cast.self, cast.other_agent):
        page = licences_page(desk, tab="live")
        ended = licences_page(desk, tab="ended")
        seen = {line.jti for line in page.lines} | {line.jti for line in ended.lines}
        rule = {row.pk for row in Token.objects.all() if str(effective_state(row)) in live and row.pk in seen}
        assert {line.jti for line in page.lines} == rule
        assert (page.live, page.ended) == (len(page.lines), len(ended.lines))


def test_an_agent_sees_emergency_stop_explained_but_never_a_button(cast: Cast) -> None:
    token = factories.approve(cast.ask())
    page = Reader(cast.agent).page(f"/licences/{token.pk}/")
    assert "Emergency stop is Ilse Varga-Thorne’s alone." in page
    assert "/stop/" not in page.links
    assert f"/licences/{token.pk}/revoke/" in page.links
    for reader in (cast.colleague, cast.producer, cast.auditor, cast.vendor):
        assert f"/licences/{token.pk}/revoke/" not in Reader(reader).page(f"/licences/{token.pk}/").links


def test_the_list_holds_live_and_ended_apart(cast: Cast) -> None:
    token = factories.approve(cast.ask())
    agent = Reader(cast.agent)
    assert agent.page("/licences/").titles == ("One licence is live.",)
    agent.post(f"/licences/{token.pk}/revoke/", {"kind": "PROSPECTIVE", "reason": "It is over."})
    assert agent.page("/licences/").titles == ("No licence is live",)
    assert "Revoked" in agent.page("/licences/?tab=ended")
    assert "Ilse" not in Reader(cast.other_agent).page("/licences/?tab=ended").text


def test_receipts_are_counted_by_licence(cast: Cast) -> None:
    token = rendered(cast)
    page = Reader(cast.agent).page("/receipts/")
    assert f"/licences/{token.pk}/receipts/" in page.links
    assert "Ilse" not in Reader(cast.other_agent).page("/receipts/").text


def test_a_licence_near_its_end_says_in_how_many_days(cast: Cast) -> None:
    factories.approve(cast.ask(days=10))
    assert "Ends in 10 days" in Reader(cast.producer).page("/licences/")
