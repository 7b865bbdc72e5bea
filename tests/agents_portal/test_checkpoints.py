"""A checkpoint at the portal: the talent's side reads what it does and lets the work pass."""

from __future__ import annotations

from licensing import services
from licensing.models import CheckpointPass
from tests import factories
from tests.agents_portal.conftest import Cast, Reader, page_of


def test_the_agent_lets_the_work_pass_and_the_button_is_gone(cast: Cast) -> None:
    token = factories.approve(cast.ask(terms={"approvals": {"checkpoints": ["FINAL"]}}))
    page, path = f"/licences/{token.pk}/", f"/licences/{token.pk}/checkpoint/"
    agent = Reader(cast.agent)
    assert "Let it pass…" in agent.page(page)
    assert "The finished work may be released." in agent.page(path)
    assert agent.post(path, {"checkpoint": "ROLE"}).status_code == 409
    assert not CheckpointPass.objects.exists()
    assert agent.post(path, {"checkpoint": "FINAL"})["Location"] == page
    assert CheckpointPass.objects.get().passed_by == cast.agent.person
    assert "Let it pass…" not in agent.page(page)
    assert agent.get(path).status_code == 403


def test_the_studio_has_no_such_act_and_a_stranger_no_such_page(cast: Cast) -> None:
    token = factories.approve(cast.ask(terms={"approvals": {"checkpoints": ["FINAL"]}}))
    path = f"/licences/{token.pk}/checkpoint/"
    assert "Let it pass…" not in Reader(cast.producer).page(f"/licences/{token.pk}/")
    for desk in (cast.producer, cast.other_agent, cast.other_talent):
        assert Reader(desk).post(path, {"checkpoint": "FINAL"}).status_code == 404
    assert not CheckpointPass.objects.exists()


def test_page_names_who_has_said_yes_and_who_is_awaited(cast: Cast) -> None:
    factories.make_mandate(cast.talent, cast.agent, mode="DUAL")
    asked = cast.ask(terms={"approvals": {"checkpoints": ["FINAL"]}})
    assert asked.current is not None
    talent = factories.desk_of_talent(cast.talent)
    for desk in (cast.agent, talent):
        token = services.approve_request(
            principal=desk, request_id=asked.pk, terms_hash=asked.current.terms_hash
        )
    assert token is not None
    page, path = f"/licences/{token.pk}/", f"/licences/{token.pk}/checkpoint/"
    agent = Reader(cast.agent)
    assert "Still awaited: the agent and the talent" in agent.page(page)
    assert agent.post(path, {"checkpoint": "FINAL"})["Location"] == page
    assert not CheckpointPass.objects.exists()
    seen = Reader(cast.producer).page(page)
    assert f"{cast.agent.person.full_name}," in seen
    assert "Still awaited: the talent" in seen
    assert "Let it pass…" not in agent.page(page)
    assert "Still awaited" not in Reader(cast.vendor).page(page)
    assert Reader(talent).post(path, {"checkpoint": "FINAL"})["Location"] == page
    assert "Still awaited" not in agent.page(page)


def test_the_finished_work_is_offered_after_the_role_and_says_why_it_waits(cast: Cast) -> None:
    token = factories.approve(cast.ask(terms={"approvals": {"checkpoints": ["ROLE", "FINAL"]}}))
    page, path = f"/licences/{token.pk}/", f"/licences/{token.pk}/checkpoint/"
    agent = Reader(cast.agent)
    waits = "It comes after role and script: they are let pass first."
    assert waits in agent.page(page)
    offered = agent.page(path)
    assert "You have seen the role as it is played." in offered
    assert "The finished work comes back to you" in offered
    early = agent.post(path, {"checkpoint": "FINAL"})
    assert early.status_code == 409
    assert "Role and script come before the finished work." in page_of(early)
    assert not CheckpointPass.objects.exists()
    assert agent.post(path, {"checkpoint": "ROLE"}).status_code == 302
    assert waits not in agent.page(page)
    assert "The finished work may be released." in agent.page(path)
    assert "comes back to you" not in agent.page(path)


def test_a_paused_or_revoked_licence_offers_no_checkpoint_and_takes_no_yes(cast: Cast) -> None:
    token = factories.approve(cast.ask(terms={"approvals": {"checkpoints": ["ROLE"]}}))
    page, path = f"/licences/{token.pk}/", f"/licences/{token.pk}/checkpoint/"
    agent = Reader(cast.agent)
    assert agent.post(f"/licences/{token.pk}/suspend/", {"why": "Not this week."}).status_code == 302
    paused = agent.page(page)
    assert "It waits while the licence is paused." in paused
    assert "Let it pass…" not in paused
    assert agent.get(path).status_code == 403
    refused = agent.post(path, {"checkpoint": "ROLE"})
    assert (refused.status_code, "This licence is paused." in page_of(refused)) == (409, True)
    services.revoke_token(
        principal=cast.agent, jti=token.pk, kind="PROSPECTIVE", disposition="KEEP", reason="Enough."
    )
    assert "The licence has ended: nobody’s yes is awaited any more." in agent.page(page)
    refused = agent.post(path, {"checkpoint": "ROLE"})
    assert (refused.status_code, "This licence has ended." in page_of(refused)) == (409, True)
    assert not CheckpointPass.objects.exists()


def test_the_timeline_of_a_paused_licence_says_paused(cast: Cast) -> None:
    token = factories.approve(cast.ask())
    use = f"/licences/{token.pk}/use/"
    agent = Reader(cast.agent)
    assert "Paused" not in agent.page(use)
    agent.post(f"/licences/{token.pk}/suspend/", {"why": "Not this week."})
    drawn = agent.page(use)
    assert "Paused" in drawn
    assert "Last 30 days" not in drawn
