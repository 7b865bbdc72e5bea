"""A guild in a real browser: a roll of 5,000 handed in and watched, defaults set, a text signed off, a strike called.

The roll is read by a real worker, over the real broker.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery.contrib.testing.worker import start_worker
from playwright.sync_api import Browser, Page, expect

from accounts.models import Membership, SignInLink
from accounts.operating import make_operator
from accounts.principals import Principal, principal_of_person
from licensing.models import GuildDefault, GuildMember, Hold, ProfileAdoption, RollImport
from tests import factories
from tests.browsing import PASSWORD, in_browser, may_sign_in, seen, signed_in
from trustmark.celery import app

MEMBERS = 5_000
pytestmark = [
    pytest.mark.journey,
    in_browser,
]


@pytest.fixture
def chief(served: None) -> Principal:
    """The administrator of a guild that oversees a production in which a member is licensed."""
    guild = factories.make_guild("Screen Players’ Guild")
    production = factories.make_production(factories.make_studio("Lanternfish Pictures"), guild=guild)
    talent = factories.make_talent("Ilse Varga-Thorne")
    factories.make_mandate(talent, factories.make_agent(factories.make_agency("Harrow & Vane")))
    GuildMember.objects.create(guild=guild, talent=talent, number_digest="a" * 64)
    factories.approve(factories.make_submitted_request(production, talent))
    desk = factories.make_desk(guild, Membership.Role.ADMIN)
    may_sign_in(desk)
    return desk


@pytest.fixture
def counsel(chief: Principal) -> Principal:
    """Who signs compliance profiles off for that guild."""
    person = factories.make_user("C. Ounsel", password=PASSWORD)
    return factories.make_desk(chief.organisation, Membership.Role.LEGAL, person)


@pytest.fixture
def worker(chief: Principal) -> Iterator[None]:
    """A worker of the queue that rolls are read from, in this process."""
    with start_worker(app, pool="solo", queues=["default"], perform_ping_check=False, shutdown_timeout=30):
        yield


@pytest.fixture
def roll(tmp_path: Path) -> Path:
    """A roll of 5,000 members, and three rows that are wrong."""
    rows = [f"SAG-{n:05},Member Number {n}," for n in range(MEMBERS)]
    rows[40:40] = ["=1+1,Formula,", "77777,,", "88888,Some Body,31/12/2031"]
    path = tmp_path / "roll.csv"
    path.write_text("member_number,stage_name,majority_on\r\n" + "\r\n".join(rows))
    return path


@pytest.mark.req("ST-083")
def test_guild_hands_in_a_roll_of_5000_and_watches_it_being_read(
    browser: Browser, live_server: Any, chief: Principal, worker: None, roll: Path
) -> None:
    with signed_in(browser, live_server.url, chief) as page:
        page.get_by_role("link", name="Members").first.click()
        hand_in(page, roll)
        seen(page, "guild-roll-waiting")
        expect(page.get_by_role("heading", level=1)).to_have_text("roll.csv")
        expect(page.get_by_text("5,003 rows were read.")).to_be_visible(timeout=240_000)
        seen(page, "guild-roll-read")
        expect(page.get_by_text("A spreadsheet would run this cell")).to_be_visible()
        with page.expect_download() as download:
            page.get_by_role("link", name="Download them as a sheet").click()
        sheet = Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()
        assert len(sheet) == 4
        assert not any(line.split(",")[3].strip('"').startswith(("=", "+")) for line in sheet[1:])

        page.get_by_role("link", name="Members").first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("5,001 members")
        seen(page, "guild-members")
        page.get_by_role("link", name="Next members").click()
        page.get_by_label("Find a member").fill("SAG-04321")
        page.get_by_role("button", name="Find").click()
        expect(page.get_by_text("Member Number 4321")).to_be_visible()
        seen(page, "guild-members-found")

        page.get_by_role("link", name="Members").first.click()
        hand_in(page, roll)
        expect(page.get_by_text("they changed nothing")).to_be_visible(timeout=240_000)
        seen(page, "guild-roll-again")
    assert GuildMember.objects.count() == MEMBERS + 1
    assert list(RollImport.objects.order_by("created_at").values_list("rows_made", "rows_same")) == [
        (MEMBERS, 0),
        (0, MEMBERS),
    ]


def hand_in(page: Page, roll: Path) -> None:
    page.get_by_role("link", name="Hand in a roll").click()
    page.get_by_label("The roll, as CSV").set_input_files(str(roll))
    page.get_by_role("button", name="Hand in the roll").click()


@pytest.mark.parametrize(
    "viewport", [{"width": 1440, "height": 1000}, {"width": 390, "height": 844}], ids=str
)
def test_guild_sets_defaults_signs_a_text_off_reads_usage_and_calls_a_strike(
    browser: Browser, live_server: Any, chief: Principal, counsel: Principal, viewport: dict[str, int]
) -> None:
    width, base = viewport["width"], live_server.url
    with signed_in(browser, base, chief, viewport=viewport) as page:
        page.goto(f"{base}/members/defaults/")
        seen(page, f"guild-defaults-empty-{width}")
        page.get_by_label("Most frames in one licence").fill("2000")
        page.get_by_label("Machines may run in").fill("Atlantis")
        page.get_by_role("button", name="See its effect…").click()
        expect(page.get_by_role("alert")).to_contain_text("Nothing was changed")
        seen(page, f"guild-defaults-error-{width}")
        page.get_by_label("Machines may run in").fill("US CA")
        page.get_by_role("button", name="See its effect…").click()
        expect(page.get_by_text("It binds 1 member at once.")).to_be_visible()
        seen(page, f"guild-defaults-effect-{width}")
        page.get_by_role("button", name="Set version 1").click()
        seen(page, f"guild-defaults-{width}")

        page.goto(f"{base}/profiles/")
        seen(page, f"guild-profiles-{width}")
        page.get_by_role("link", name="California AB 2655").click()
        seen(page, f"guild-profile-struck-{width}")
        page.goto(f"{base}/profiles/SAG_TVT_2026@1/")
        expect(page.get_by_text("somebody other than you")).to_be_visible()
        seen(page, f"guild-profile-unsigned-{width}")
        with signed_in(browser, base, counsel, viewport=viewport) as desk:
            desk.goto(f"{base}/profiles/SAG_TVT_2026@1/")
            desk.get_by_role("link", name="Sign it off…").click()
            seen(desk, f"guild-profile-sign-off-{width}")
            desk.get_by_role("button", name="Sign off this text").click()
            expect(desk.get_by_text("You signed this text off.")).to_be_visible()
            seen(desk, f"guild-profile-signed-off-{width}")
        page.reload()
        page.get_by_role("link", name="Apply it…").click()
        seen(page, f"guild-profile-adopt-{width}")
        page.get_by_role("button", name="Apply it").click()
        expect(page.get_by_text("C. Ounsel signed it off.")).to_be_visible()
        seen(page, f"guild-profile-{width}")
        page.goto(f"{base}/profiles/SAG_TVT_2026@1/difference/?with=SAG_TVT_2023@1")
        seen(page, f"guild-profile-difference-{width}")

        page.goto(f"{base}/usage/")
        seen(page, f"guild-usages-{width}")
        page.get_by_role("main").get_by_role("link", name=re.compile("Production|Glass|The ")).first.click()
        seen(page, f"guild-usage-{width}")
        page.goto(f"{base}/witness/")
        seen(page, f"guild-witness-none-{width}")

        page.goto(f"{base}/events/")
        seen(page, f"guild-events-none-{width}")
        page.get_by_role("button", name="See what it does…").click()
        expect(page.get_by_text("1 licence")).to_be_visible()
        seen(page, f"guild-strike-{width}")
        page.get_by_label("Why, in words the parties will read").fill("Strike since noon.")
        page.get_by_role("button", name="Call the strike").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("One hold stands in your name")
        seen(page, f"guild-events-{width}")
    assert GuildDefault.objects.get().limits["render_territory"] == ["CA", "US"]
    assert ProfileAdoption.objects.get().counsel_name == "C. Ounsel"
    assert Hold.objects.get().reason == "STRIKE_SUSPENSION"


@pytest.mark.parametrize(
    "viewport", [{"width": 1440, "height": 1000}, {"width": 390, "height": 844}], ids=str
)
def test_operator_registers_an_organisation_and_sees_how_the_server_stands(
    browser: Browser, live_server: Any, chief: Principal, viewport: dict[str, int]
) -> None:
    width, base = viewport["width"], live_server.url
    member, _ = make_operator(email="root@example.org", full_name="Ola Root", house="Operator")
    member.user.set_password(PASSWORD)
    member.user.save()
    operator = principal_of_person(member.user)
    assert operator is not None
    with signed_in(browser, base, operator, viewport=viewport) as page:
        seen(page, f"operator-organisations-{width}")
        page.get_by_role("link", name="Register an organisation").click()
        page.get_by_label("Name", exact=True).fill("Harbour Talent")
        page.get_by_label("Kind").select_option("AGENCY")
        seen(page, f"operator-register-{width}")
        page.get_by_role("button", name="Register it").click()
        seen(page, f"operator-organisation-{width}")
        page.get_by_role("link", name="Appoint its administrator").click()
        page.get_by_label("Name", exact=True).fill("Ada Chief")
        page.get_by_label("E-mail").fill("ada@example.org")
        page.get_by_role("button", name="Send the invitation").click()
        expect(page.get_by_text("Is invited to administer Harbour Talent.")).to_be_visible()
        seen(page, f"operator-appointed-{width}")
        for name in ("signing-keys", "queues", "health"):
            page.goto(f"{base}/{name}/")
            seen(page, f"operator-{name}-{width}")
        page.goto(f"{base}/signing-keys/")
        page.get_by_role("link", name="Rotate… Licences and their tokens").click()
        seen(page, f"operator-rotate-{width}")
    assert SignInLink.objects.get().roles == ["ADMIN"]
