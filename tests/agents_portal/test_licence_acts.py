"""Revoking a licence and asking for its renewal."""

from __future__ import annotations

import pytest

from licensing import services
from licensing.models import LicenceRequest
from licensing.selectors import effective_state
from tests import factories
from tests.agents_portal.conftest import Cast, Reader, page_of


def test_the_screen_says_what_happens_and_carries_the_verb(cast: Cast) -> None:
    token = factories.approve(cast.ask())
    page = Reader(cast.agent).page(f"/licences/{token.pk}/revoke/")
    assert page.titles == ("Revoke this licence?",)
    assert "It takes effect on the next check, and cannot be undone." in page
    assert "Revoke the licence" in page
    assert "0 frames are already made." in page


@pytest.mark.parametrize(
    ("kind", "disposition"),
    [
        ("PROSPECTIVE", "KEEP"),
        ("DISTRIBUTION_HOLD", "QUARANTINE"),
        ("RECALL_REQUEST", "DESTROY_WITH_CERTIFICATE"),
    ],
)
def test_each_kind_says_what_becomes_of_the_frames(cast: Cast, kind: str, disposition: str) -> None:
    token = factories.approve(cast.ask())
    answer = Reader(cast.agent).post(
        f"/licences/{token.pk}/revoke/", {"kind": kind, "reason": "The scans left."}
    )
    assert answer["Location"] == f"/licences/{token.pk}/"
    token.refresh_from_db()
    assert (token.state, token.revocation_kind, token.frame_disposition) == ("REVOKED", kind, disposition)
    assert "The scans left." in Reader(cast.producer).page(f"/licences/{token.pk}/")


@pytest.mark.parametrize(
    "sent",
    [
        {"kind": "PROSPECTIVE", "reason": ""},
        {"kind": "EMERGENCY_STOP", "reason": "Not mine to press."},
        {"kind": "", "reason": "No kind."},
        {"kind": "PROSPECTIVE", "reason": "hidden \u202e text"},
    ],
)
def test_a_revocation_without_kind_or_reason_changes_nothing(cast: Cast, sent: dict[str, str]) -> None:
    token = factories.approve(cast.ask())
    answer = Reader(cast.agent).post(f"/licences/{token.pk}/revoke/", sent)
    assert answer.status_code == 422
    assert "Nothing was changed" in page_of(answer)
    token.refresh_from_db()
    assert token.state == "ACTIVE"


def test_who_may_not_revoke_cannot(cast: Cast) -> None:
    token = factories.approve(cast.ask())
    path, sent = f"/licences/{token.pk}/revoke/", {"kind": "PROSPECTIVE", "reason": "Mine."}
    assert Reader(cast.colleague).post(path, sent).status_code == 403
    for reader in (cast.producer, cast.vendor, cast.auditor, cast.other_agent, cast.other_talent):
        assert Reader(reader).post(path, sent).status_code == 404
    token.refresh_from_db()
    assert token.state == "ACTIVE"


def test_a_licence_is_revoked_once(cast: Cast) -> None:
    token = factories.approve(cast.ask())
    path, sent = f"/licences/{token.pk}/revoke/", {"kind": "PROSPECTIVE", "reason": "Once."}
    assert Reader(cast.self).post(path, sent).status_code == 302
    again = Reader(cast.agent).post(path, sent)
    assert again.status_code == 409
    assert "This licence has ended already" in page_of(again)


def test_a_producer_asks_for_a_renewal_with_other_numbers(cast: Cast) -> None:
    token = factories.approve(cast.ask())
    answer = Reader(cast.producer).post(f"/licences/{token.pk}/renew/", {"days": "60", "frames_max": "4200"})
    renewal = LicenceRequest.objects.get(renews=token)
    assert answer["Location"] == f"/requests/{renewal.pk}/"
    assert renewal.current.terms["scope"]["frames_max"] == 4200
    assert "Renewal" in Reader(cast.agent).page("/inbox/")


def test_a_renewal_needs_days_and_a_producer(cast: Cast) -> None:
    token = factories.approve(cast.ask())
    path = f"/licences/{token.pk}/renew/"
    assert Reader(cast.producer).post(path, {"days": "0", "frames_max": "10"}).status_code == 422
    assert Reader(cast.engineer).post(path, {"days": "60", "frames_max": "10"}).status_code == 403
    assert Reader(cast.agent).post(path, {"days": "60", "frames_max": "10"}).status_code == 404
    assert Reader(cast.other_studio).post(path, {"days": "60", "frames_max": "10"}).status_code == 404
    assert not LicenceRequest.objects.filter(renews=token).exists()


def test_each_party_suspends_a_licence_and_lifts_its_own_hold_alone(cast: Cast) -> None:
    token = factories.approve(cast.ask())
    path, page = f"/licences/{token.pk}/suspend/", f"/licences/{token.pk}/"
    assert "Suspend this licence?" in Reader(cast.producer).page(path)
    answer = Reader(cast.producer).post(path, {"why": "The cut is locked."})
    assert answer["Location"] == page
    seen = Reader(cast.agent).page(page)
    assert "“The cut is locked.”" in seen
    assert "until every hold is lifted." in seen
    assert not [link for link in seen.links if "/events/holds/" in link]
    assert Reader(cast.producer).post(path, {"why": "Again."}).status_code == 403
    assert Reader(cast.agent).post(path, {"why": "We look into it."}).status_code == 302
    lifts = [link for link in Reader(cast.producer).page(page).links if "/events/holds/" in link]
    assert len(lifts) == 1
    assert Reader(cast.agent).post(lifts[0], {"why": "Not ours."}).status_code == 404
    assert Reader(cast.producer).post(lifts[0], {"why": "It goes on."})["Location"] == page
    mine = [link for link in Reader(cast.self).page(page).links if "/events/holds/" in link]
    assert Reader(cast.self).post(mine[0], {"why": "I said so."})["Location"] == page
    assert effective_state(token) == "ACTIVE"
    assert "until every hold is lifted." not in Reader(cast.agent).page(page)
    # what paused it, in whose name, and that it was lifted, stays in its story
    story = Reader(cast.agent).page(page)
    assert f"{cast.producer.organisation.name} paused it:" in story
    assert story.text.index("paused it:") < story.text.index("The hold is lifted:")
    as_vendor = Reader(cast.vendor).page(page)
    assert "The hold is lifted:" in as_vendor
    assert "paused it:" not in as_vendor


def test_who_has_no_say_suspends_nothing_and_no_reason_is_no_hold(cast: Cast) -> None:
    token = factories.approve(cast.ask())
    path = f"/licences/{token.pk}/suspend/"
    assert Reader(cast.agent).post(path, {"why": ""}).status_code == 422
    for reader in (cast.colleague, cast.engineer):
        assert Reader(reader).post(path, {"why": "Mine."}).status_code == 403
    for reader in (cast.vendor, cast.auditor, cast.other_agent, cast.other_studio):
        assert Reader(reader).post(path, {"why": "Mine."}).status_code == 404
    assert effective_state(token) == "ACTIVE"


@pytest.mark.parametrize("act", ["suspend", "revoke"])
def test_an_act_opens_in_place_as_the_same_form(cast: Cast, act: str) -> None:
    token = factories.approve(cast.ask())
    path = f"/licences/{token.pk}/{act}/"
    here = page_of(Reader(cast.agent).get(path, htmx=True))
    assert here.titles == ()
    assert here.actions == (path,)
    assert f'hx-get="{path}"' in Reader(cast.agent).page(f"/licences/{token.pk}/").html


def test_a_talent_reads_her_own_licence_as_it_is_said_to_her(cast: Cast) -> None:
    token = factories.approve(cast.ask())
    page = f"/licences/{token.pk}/"
    own = Reader(cast.self).page(page)
    assert own.titles == (f"You in {cast.production.title}",)
    assert "may use your " in own
    assert "may use your " not in Reader(cast.agent).page(page)
    services.emergency_stop(principal=cast.self, talent=cast.talent, reason="Enough.")
    stopped = Reader(cast.self).page(page)
    assert "You stopped everything; frames already made are held." in stopped
    assert "may no longer render your " in stopped
    assert "You stopped everything" not in Reader(cast.agent).page(page)
