"""Rolling a policy out at the portal: look, shadow, a share, everybody; each step over what was read."""

from __future__ import annotations

import re

import pytest

from licensing.models import GuildMember, PolicyRollout, ProfileAdoption
from tests import factories
from tests.agents_portal.conftest import Cast, Reader, page_of
from tests.agents_portal.test_house_rules import sound

TVT = "SAG_TVT_2026@1"


def hidden(html: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+_hash|since)" value="([^"]+)"', html))


@pytest.mark.req("BX-023")
def test_from_a_look_to_binding_everybody(cast: Cast) -> None:
    guild = cast.auditor.organisation
    admin = Reader(factories.make_desk(guild, "ADMIN"))
    GuildMember.objects.create(guild=guild, talent=cast.talent, number_digest="ab" * 32)
    cast.ask()
    sound(admin.page("/rollouts/"))
    sound(admin.page("/rollouts/new/"))
    look = admin.post("/rollouts/new/", {"policy": TVT, "look": "1"})
    assert look.status_code == 200
    assert "What it would change" in page_of(look)
    assert "Notice of 48 hours instead of 0." in page_of(look)
    assert cast.talent.stage_name not in page_of(look)  # a guild reads no request
    assert not PolicyRollout.objects.exists()
    made = admin.post("/rollouts/new/", {"policy": TVT})
    assert made.status_code == 302
    page = admin.page(made["Location"])
    sound(page)
    assert "It acts on nobody." in page
    bind = admin.page(f"{made['Location']}canary/")
    sound(bind)
    assert "counsel_name" not in bind.html  # a profile has its counsel's own sign-off
    good = {**hidden(bind.html), "share_percent": "10", "production": ""}
    unsigned = admin.post(f"{made['Location']}canary/", good)
    assert (unsigned.status_code, "Counsel has not signed" in page_of(unsigned)) == (409, True)
    factories.sign_off(guild, TVT)
    assert set(good) >= {"content_hash", "report_hash", "since"}
    assert admin.post(f"{made['Location']}canary/", {**good, "share_percent": "0"}).status_code == 422
    cast.ask()  # what was read is no longer what it would change
    stale = admin.post(f"{made['Location']}canary/", good)
    assert (stale.status_code, "no longer what was read" in page_of(stale)) == (409, True)
    good |= hidden(admin.page(f"{made['Location']}canary/").html)
    canary = admin.post(f"{made['Location']}canary/", good)
    assert canary.status_code == 302
    assert "10 of 100 requests" in admin.page(canary["Location"])
    sign = admin.page(f"{canary['Location']}promote/")
    bound = admin.post(f"{canary['Location']}promote/", hidden(sign.html))
    assert bound.status_code == 302
    assert ProfileAdoption.objects.get(organisation=guild).profile == TVT
    ended = admin.page(canary["Location"])
    assert "Ended" in ended
    assert "Bind everybody" not in ended


def test_limits_of_a_guild_are_judged_and_stopped_again(cast: Cast) -> None:
    admin = Reader(factories.make_desk(cast.auditor.organisation, "ADMIN"))
    made = admin.post(
        "/rollouts/new/", {"policy": "DEFAULTS", "frames_max": "10", "render_territory": "us, ca"}
    )
    row = PolicyRollout.objects.get()
    assert (row.limits["frames_max"], row.limits["render_territory"]) == (10, ["US", "CA"])
    sound(admin.page(f"{made['Location']}end/"))
    assert admin.post(f"{made['Location']}end/").status_code == 302
    row.refresh_from_db()
    assert row.ended_at is not None
    assert admin.get(f"{made['Location']}?since=rubbish").status_code in {200, 422}


def test_a_colleague_reads_and_acts_on_nothing_and_to_others_it_does_not_exist(cast: Cast) -> None:
    admin = Reader(factories.make_desk(cast.auditor.organisation, "ADMIN"))
    place = admin.post("/rollouts/new/", {"policy": TVT})["Location"]
    colleague = Reader(cast.auditor)
    assert "Bind a share" not in colleague.page(place)
    for path in ("/rollouts/new/", f"{place}canary/", f"{place}promote/", f"{place}end/"):
        assert colleague.get(path).status_code == 403
        assert colleague.post(path, {"policy": TVT}).status_code == 403
    for desk in (cast.producer, cast.agent, cast.self, factories.make_desk(factories.make_guild(), "ADMIN")):
        for path in (place, f"{place}canary/", f"{place}promote/", f"{place}end/"):
            assert Reader(desk).get(path).status_code == 404
    studio = Reader(factories.make_desk(cast.producer.organisation, "ADMIN"))
    assert "New defaults for members" not in studio.page("/rollouts/new/")
    assert studio.post("/rollouts/new/", {"policy": "DEFAULTS"}).status_code == 422
