"""What stands beside answering: held frames, another agency, a refused studio, a request that is handed up."""

from __future__ import annotations

import pytest

from common import clock
from licensing import services
from licensing.models import DeclaredEvent, FrameRelease, LicenceRequest, LicenceToken, StudioBlock
from licensing.selectors.blocks import page_of_blocks
from tests import factories
from tests.agents_portal.conftest import Cast, Reader, page_of
from tests.agents_portal.test_house_rules import sound
from tests.agents_portal.test_mandates import mandate_form


@pytest.fixture
def token(cast: Cast) -> LicenceToken:
    return factories.approve(cast.ask())


def test_studio_asks_for_held_frames_and_the_agent_lets_them_go(cast: Cast, token: LicenceToken) -> None:
    studio, agent = Reader(cast.producer), Reader(cast.agent)
    place = f"/licences/{token.pk}/"
    assert studio.get(f"{place}release/").status_code == 403  # it runs: nothing is held
    services.revoke_token(
        principal=cast.agent, jti=token.pk, kind="DISTRIBUTION_HOLD", disposition="QUARANTINE", reason="No."
    )
    assert "Ask to let them go…" in studio.page(place)
    sound(studio.page(f"{place}release/"))
    missing = studio.post(f"{place}release/", {"why": ""})
    assert (missing.status_code, "They decide by it." in page_of(missing)) == (422, True)
    assert studio.post(f"{place}release/", {"why": "The scene was cut anew."}).status_code == 302
    assert "Asked for, and not answered yet" in studio.page(place)
    assert studio.get(f"{place}release/").status_code == 403
    assert Reader(cast.vendor).get(f"{place}release/").status_code == 404
    assert Reader(cast.colleague).get(f"{place}let-go/").status_code == 403
    screen = agent.page(f"{place}let-go/")
    sound(screen)
    assert "“The scene was cut anew.”" in screen
    done = agent.post(f"{place}let-go/", {"kind": "LET_GO", "why": "Seen and fine."})
    assert done.status_code == 302
    assert FrameRelease.objects.get().is_granted is True
    page = studio.page(place)
    assert "Let go" in page
    assert "“Seen and fine.”" in page
    assert agent.get(f"{place}let-go/").status_code == 403


def test_another_agency_is_given_a_mandate_only_after_its_effect_was_read(
    cast: Cast, token: LicenceToken
) -> None:
    reader, path = Reader(cast.self), f"/mandates/give/{cast.talent.pk}/"
    sent = mandate_form(cast, agency=cast.other_agent.organisation.slug, agent="")
    read = reader.post(path, sent)
    assert read.status_code == 200
    assert page_of(read).titles == ("Change who speaks for you?",)
    assert "1 licence stands still" in page_of(read)
    assert not DeclaredEvent.objects.exists()
    hidden = read.context["screen"].hidden
    assert reader.post(path, {**sent, **hidden}).status_code == 302
    assert DeclaredEvent.objects.get().kind == "REPRESENTATION"
    assert cast.talent.mandates.get(revoked_at=None).agency == cast.other_agent.organisation
    end = f"/mandates/end/{cast.talent.pk}/"
    sound(reader.page(end))
    assert reader.post(end).status_code == 302  # what stands still already stands still no further


def test_agent_blocks_a_studio_from_its_request_and_takes_it_back(cast: Cast) -> None:
    request, agent = cast.ask(), Reader(cast.agent)
    place = f"/requests/{request.pk}/"
    assert "Block this studio…" in agent.page(place)
    assert "Block this studio…" not in Reader(cast.producer).page(place)
    assert Reader(cast.colleague).get(f"{place}block/").status_code == 403
    sound(agent.page("/blocked/"))
    sound(agent.page(f"{place}block/"))
    assert agent.post(f"{place}block/", {"why": ""}).status_code == 422
    assert agent.post(f"{place}block/", {"why": "They never answer."}).status_code == 302
    assert LicenceRequest.objects.get(pk=request.pk).state == "DECLINED"
    listed = agent.page("/blocked/")
    sound(listed)
    assert cast.producer.organisation.name in listed
    block = StudioBlock.objects.get()
    end = f"/blocked/{block.pk}/end/"
    assert Reader(cast.colleague).get(end).status_code == 403
    assert Reader(cast.other_agent).get(end).status_code == 404
    sound(agent.page(end))
    assert agent.post(end).status_code == 302
    assert "You refuse nobody" in agent.page("/blocked/")
    assert agent.get(end).status_code == 404


def test_blocked_studio_is_offered_no_renewal_and_blocks_are_paged(cast: Cast, token: LicenceToken) -> None:
    studio, agent = Reader(cast.producer), Reader(cast.agent)
    place, renew = f"/licences/{token.pk}/", f"/licences/{token.pk}/renew/"
    assert "Ask for a renewal…" in studio.page(place)
    assert "Ask for a renewal…" in studio.page("/calendar/")
    blocks = [
        StudioBlock(
            talent=token.talent, studio=factories.make_studio() if number else token.licensee, side="AGENT",
            placed_by=cast.agent.person, why="They never answer.",
        )
        for number in range(4)
    ]  # fmt: skip
    StudioBlock.objects.bulk_create(blocks)
    for page in (studio.page(place), studio.page("/calendar/")):
        assert "Ask for a renewal…" not in page
        assert "takes no requests from you" in page
    assert studio.get(renew).status_code == 403
    StudioBlock.objects.filter(pk=blocks[3].pk).update(ended_at=clock.now(), ended_by=cast.agent.person)
    seen, after = [], None
    for _page in range(5):
        rows, after = page_of_blocks(cast.agent, after=after, limit=1)
        seen += [one.pk for one in rows]
        if after is None:
            break
    assert seen == [blocks[at].pk for at in (2, 1, 0, 3)]
    further = agent.page(f"/blocked/?after={blocks[2].pk}")
    assert further.text.count("They never answer.") == 2
    assert further.titles == agent.page("/blocked/").titles
    assert "Here are those refused longest ago." in further
    assert agent.get("/blocked/?after=nobody").status_code == 200


def test_agent_hands_a_request_up_and_reads_along(cast: Cast) -> None:
    request, agent = cast.ask(), Reader(cast.agent)
    place = f"/requests/{request.pk}/"
    assert "Hand it up to the talent…" in agent.page(place)
    sound(agent.page(f"{place}escalate/"))
    assert agent.post(f"{place}escalate/", {"note": ""}).status_code == 422
    assert agent.post(f"{place}escalate/", {"note": "This one is yours."}).status_code == 302
    page = agent.page(place)
    assert "Approve version" not in page
    assert "Hand it up to the talent…" not in page
    assert "Approve version" in Reader(cast.self).page(place)
