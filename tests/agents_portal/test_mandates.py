"""The talent gives, changes and ends a mandate; the agent passes it on within it, and goes on holiday."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from common import clock
from licensing.models import Absence, Delegation, Mandate
from tests import factories
from tests.agents_portal.conftest import Cast, Reader


def day(number: int) -> str:
    return (timezone.localdate(clock.now()) + timedelta(days=number)).isoformat()


def mandate_form(cast: Cast, **changes: object) -> dict[str, object]:
    return {
        "agency": cast.agent.organisation.slug,
        "agent": cast.agent.person.email,
        "mode": "AGENT_WITHIN_MANDATE",
        "use_types": ["FACE_RENDER"],
        "frames_max": "900",
        "currency": "USD",
        "fee_least": "1250.50",
        "render_territory": ["US", "CA"],
        "last_day": day(30),
        **changes,
    }


@pytest.mark.req("ST-014")
def test_a_talent_gives_a_mandate_and_nobody_else_can(cast: Cast) -> None:
    path = f"/mandates/give/{cast.talent.pk}/"
    assert Reader(cast.agent).post(path, mandate_form(cast)).status_code == 404
    assert Reader(cast.other_talent).post(path, mandate_form(cast)).status_code == 404
    reader = Reader(cast.self)
    screen = reader.page(path)
    assert screen.titles == ("Change what your agent may sign",)
    assert "TRAINING" not in screen.html
    assert reader.post(path, mandate_form(cast)).status_code == 302
    mandate = Mandate.objects.get(talent=cast.talent, revoked_at=None)
    assert (mandate.agent, mandate.use_types) == (cast.agent.person, ["FACE_RENDER"])
    assert mandate.limits["frames_max"] == 900
    assert (mandate.limits["fee_least_minor"], mandate.limits["currency"]) == (125_050, "USD")
    assert mandate.limits["render_territory"] == ["CA", "US"]
    assert timezone.localdate(mandate.valid_until - timedelta(seconds=1)).isoformat() == day(30)
    shown = reader.page("/mandates/")
    for words in ("Face in a frame", "Most frames", "900", "USD 1,250.50", "Canada and United States"):
        assert words in shown, words


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"use_types": ["TRAINING_REPLICA"]}, "Select a valid choice"),
        ({"agency": "nobody"}, "Select a valid choice"),
        ({"agent": "nobody@example.test"}, "This person is not an agent of that agency."),
        ({"mode": "QUORUM", "quorum": "2", "signers": "nobody@example.test"}, "One of these people cannot be named here."),
        ({"mode": "QUORUM", "quorum": "", "signers": ""}, "Name everybody whose yes counts"),
        ({"mode": "UNION_NOTICE", "notice_hours": ""}, "A notice to the union has between 1 and 8,760 hours"),
        ({"last_day": day(-2)}, "it must end after it begins"),
        ({"frames_max": "-1"}, "greater than or equal to 0"),
    ],
)  # fmt: skip
def test_what_a_mandate_may_not_be_is_said_and_changes_nothing(
    cast: Cast, changes: dict[str, object], words: str
) -> None:
    answer = Reader(cast.self).post(f"/mandates/give/{cast.talent.pk}/", mandate_form(cast, **changes))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert "FACE_RENDER" in Mandate.objects.get(talent=cast.talent, revoked_at=None).use_types
    assert Mandate.objects.filter(talent=cast.talent).count() == 1


def test_a_quorum_names_its_signers(cast: Cast) -> None:
    sent = mandate_form(
        cast, mode="QUORUM", quorum="2", signers=f"{cast.self.person.email}\n{cast.other_talent.person.email}"
    )
    assert Reader(cast.self).post(f"/mandates/give/{cast.talent.pk}/", sent).status_code == 302
    mandate = Mandate.objects.get(talent=cast.talent, revoked_at=None)
    assert (mandate.mode, mandate.quorum, mandate.signers.count()) == ("QUORUM", 2, 2)


def test_a_change_begins_with_all_of_the_mandate_in_force(cast: Cast) -> None:
    factories.make_mandate(
        cast.talent, cast.agent, mode="QUORUM", quorum=1, signers=[cast.self.person],
        limits={"frames_max": 900, "render_territory": ["US"], "fee_least_minor": 5000, "currency": "EUR"},
        valid_until=clock.now() + timedelta(days=30),
    )  # fmt: skip
    before = Mandate.objects.get(talent=cast.talent, revoked_at=None)
    reader, path = Reader(cast.self), f"/mandates/give/{cast.talent.pk}/"
    form = reader.get(path).context["form"]
    sent = {name: value for name, value in form.initial.items() if value not in (None, "")}
    assert reader.post(path, {**sent, "mode": "QUORUM"}).status_code == 302
    after = Mandate.objects.get(talent=cast.talent, revoked_at=None)
    assert after.pk != before.pk
    for name in ("agency", "agent", "mode", "quorum", "use_types", "limits"):
        assert getattr(after, name) == getattr(before, name), name
    assert after.signers.get().user == cast.self.person


def test_a_talent_ends_the_mandate_and_decides_in_person(cast: Cast) -> None:
    cast.ask()
    reader, path = Reader(cast.self), f"/mandates/end/{cast.talent.pk}/"
    assert Reader(cast.agent).post(path).status_code == 404
    assert "Requests that wait there wait for you." in reader.page(path)
    assert reader.post(path).status_code == 302
    assert "You decide in person. Nobody may sign for you." in reader.page("/mandates/")
    assert reader.get(path).status_code == 404
    assert reader.page("/decide/").titles == ("One request needs you. ",) or "needs you" in reader.page(
        "/decide/"
    )


def test_an_agent_passes_on_within_the_mandate_and_takes_it_back(cast: Cast) -> None:
    mandate = cast.talent.mandates.get(revoked_at=None)
    path = f"/mandates/{mandate.pk}/delegate/"
    assert Reader(cast.other_agent).get(path).status_code == 404
    assert Reader(cast.colleague).get(path).status_code == 403
    reader = Reader(cast.agent)
    sent = {
        "to": str(cast.colleague.person.pk),
        "use_types": ["FACE_RENDER"],
        "last_day": day(9),
        "frames_max": "100",
    }
    assert reader.post(path, sent).status_code == 302
    row = Delegation.objects.get()
    assert (row.to_user, row.use_types, row.limits["frames_max"]) == (
        cast.colleague.person,
        ["FACE_RENDER"],
        100,
    )
    assert f"You passed it on to {cast.colleague.person.full_name}" in reader.page(f"/mandates/{mandate.pk}/")
    assert f"{cast.agent.person.full_name} passed it on to you" in Reader(cast.colleague).page("/mandates/")
    end = f"/delegations/{row.pk}/end/"
    assert Reader(cast.other_agent).get(end).status_code == 404
    assert Reader(cast.colleague).post(end).status_code == 403
    assert reader.post(end).status_code == 302
    row.refresh_from_db()
    assert row.ended_at is not None
    assert reader.get(end).status_code == 404


def test_a_chain_goes_on_in_order_and_never_wider(cast: Cast) -> None:
    mandate = cast.talent.mandates.get(revoked_at=None)
    path, third = f"/mandates/{mandate.pk}/delegate/", factories.make_agent(cast.agent.organisation)
    first = {
        "to": str(cast.colleague.person.pk),
        "use_types": ["FACE_RENDER"],
        "last_day": day(9),
        "may_pass_on": "on",
    }
    assert Reader(cast.agent).post(path, first).status_code == 302
    reader = Reader(cast.colleague)
    assert "VOICE_RENDER" not in reader.page(path).html
    wider = {"to": str(third.person.pk), "use_types": ["FACE_RENDER"], "last_day": day(12)}
    refused = reader.post(path, wider)
    assert refused.status_code == 422
    assert "no later than what it comes from" in refused.content.decode()
    assert reader.post(path, {**wider, "last_day": day(9)}).status_code == 302
    assert "through" in Reader(third).page("/mandates/")
    assert Delegation.objects.count() == 2


def test_a_mandate_whose_last_hours_are_on_the_last_day_can_be_passed_on_to_that_day(cast: Cast) -> None:
    until = clock.now() + timedelta(days=5, hours=1)
    mandate = factories.make_mandate(cast.talent, cast.agent, valid_until=until)
    last = timezone.localdate(until - timedelta(microseconds=1)).isoformat()
    sent = {"to": str(cast.colleague.person.pk), "use_types": ["FACE_RENDER"], "last_day": last}
    assert Reader(cast.agent).post(f"/mandates/{mandate.pk}/delegate/", sent).status_code == 302
    assert Delegation.objects.get().valid_until == until


def test_out_of_office_a_named_colleague_decides(cast: Cast) -> None:
    cast.ask()
    assert Reader(cast.colleague).page("/inbox/").titles == ("Nothing needs you",)
    reader = Reader(cast.agent)
    outsider = {"stand_in": str(cast.other_agent.person.pk), "last_day": day(3)}
    assert reader.post("/absence/", outsider).status_code == 422
    assert (
        reader.post("/absence/", {"stand_in": str(cast.colleague.person.pk), "last_day": day(3)}).status_code
        == 302
    )
    assert Reader(cast.colleague).page("/inbox/").titles == ("One request needs you.",)
    assert f"You are out; {cast.colleague.person.full_name} decides" in reader.page("/mandates/")
    absence = Absence.objects.get()
    assert Reader(cast.colleague).post(f"/absence/{absence.pk}/end/").status_code == 404
    assert reader.post(f"/absence/{absence.pk}/end/").status_code == 302
    assert Reader(cast.colleague).page("/inbox/").titles == ("Nothing needs you",)
