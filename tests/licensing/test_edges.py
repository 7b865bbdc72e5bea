"""Edges between talent, guardian, agent and events: who may take back, and that nobody waits on one another for ever."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connections

from common import clock
from common.errors import Conflict, Forbidden, NotFound
from licensing import services
from licensing.models import Authority, LicenceRequest, Mandate, Talent
from licensing.selectors import licence_detail
from licensing.services import authorities, delegations, standing
from tests import factories
from tests.licensing.conftest import Cast


def adopt(principal: Any, ref: str) -> None:
    factories.adopt_profile(principal, ref)


def rule_of(cast: Cast) -> Any:
    return standing.set_auto_rule(
        principal=cast.self,
        talent=cast.talent,
        use_types=["FACE_RENDER", "VOICE_RENDER"],
        limits={
            "frames_max": 5000,
            "lines_max": 500,
            "days_max": 120,
            "render_territory": ["US", "CA", "GB", "IE"],
            "distribution_territory": ["US", "CA", "GB", "IE"],
            "channels": ["THEATRICAL", "SVOD"],
            "constructs": ["FACE_3D", "VOICE_SPEAKING"],
            "replica_classes": ["EMPLOYMENT_BASED_DIGITAL_REPLICA"],
            "shown_until": "LIFE_OF_WORK",
            "fee_least_minor": 0,
            "currency": "USD",
        },
        licensees=[],
        valid_from=clock.now() - timedelta(days=1),
        valid_until=clock.now() + timedelta(days=130),
    )


@pytest.mark.req("BX-007")
def test_what_a_profile_stands_against_is_asked_of_people_not_left_to_a_rule(cast: Cast) -> None:
    rule_of(cast)
    by_rule = factories.make_submitted_request(cast.production, cast.talent)
    assert (by_rule.mode, by_rule.state) == ("AUTO_WITHIN_RULES", "APPROVED")
    guild = factories.make_desk(cast.production.guild, "ADMIN")
    adopt(guild, "SAG_TVT_2026@1")  # asks for declarations that the ask does not make
    asked = factories.make_submitted_request(cast.production, cast.talent)
    assert asked.mode != "AUTO_WITHIN_RULES"
    assert asked.state in {"SUBMITTED", "NOTICE_PERIOD"}
    assert asked.auto_rule is None
    agent_or_talent = factories.decider_of(asked)
    with pytest.raises(Conflict) as refused:
        services.approve_request(
            principal=agent_or_talent, request_id=asked.pk, terms_hash=asked.current.terms_hash
        )
    assert refused.value.code == "PROFILE_UNMET"


def guardian_of(talent: Talent) -> Any:
    home = factories.make_desk(factories.make_agency(), "ADMIN")
    authorities.register_authority(
        principal=factories.make_desk(talent.organisation, "ADMIN"),
        talent=talent,
        user=home.person,
        kind="GUARDIAN",
        document_type="Guardianship order",
        issuer="Court of the county",
        issued_on=date(2026, 1, 1),
        sha256="a" * 64,
    )
    return home


def test_guardian_takes_back_what_was_licensed_of_a_minor_and_a_former_one_does_not(cast: Cast) -> None:
    token = factories.approve(factories.make_submitted_request(cast.production, cast.talent))
    later = factories.approve(factories.make_submitted_request(cast.production, cast.talent))
    guardian = guardian_of(cast.talent)
    sent = {"kind": "PROSPECTIVE", "disposition": "KEEP", "reason": "The guardian takes it back."}
    with pytest.raises((Forbidden, NotFound)):
        services.revoke_token(principal=guardian, jti=token.pk, **sent)
    Talent.objects.filter(pk=cast.talent.pk).update(majority_on=clock.now().date() + timedelta(days=400))
    detail = licence_detail(guardian, token.pk)
    assert detail is not None
    assert "REVOKE" in detail.may
    assert "EMERGENCY_STOP" not in detail.may
    assert services.revoke_token(principal=guardian, jti=token.pk, **sent).state == "REVOKED"
    Authority.objects.update(ended_at=clock.now())
    with pytest.raises(NotFound):
        services.revoke_token(principal=guardian, jti=later.pk, **sent)


def test_talent_ends_a_delegation_of_their_own_mandate_and_nobody_elses(cast: Cast) -> None:
    mandate = Mandate.objects.get(talent=cast.talent, revoked_at=None)
    colleague = factories.make_agent(cast.agent.organisation)
    row = delegations.delegate_mandate(
        principal=cast.agent,
        mandate=mandate,
        to_user=colleague.person,
        valid_from=clock.now(),
        valid_until=clock.now() + timedelta(days=7),
    )
    stranger = factories.desk_of_talent(factories.make_talent())
    with pytest.raises(NotFound):
        services.end_delegation(principal=stranger, delegation_id=row.pk)
    assert services.end_delegation(principal=cast.self, delegation_id=row.pk).ended_at is not None


@pytest.mark.req("BX-010")
def test_change_of_control_confirmed_twice_is_one(cast: Cast) -> None:
    chief = factories.make_desk(cast.production.organisation, "ADMIN")
    what = {"kind": "CHANGE_OF_CONTROL", "covers": "organisation", "covered_id": chief.organisation_id}
    shown = services.preview_event(principal=chief, **what)
    services.declare_event(principal=chief, **what, effect_hash=shown.effect_hash, why="Sold.")
    chief.organisation.refresh_from_db()
    assert chief.organisation.control_generation == 2
    with pytest.raises(Conflict) as refused:
        services.declare_event(principal=chief, **what, effect_hash=shown.effect_hash, why="Sold.")
    assert refused.value.code == "EFFECT_CHANGED"
    chief.organisation.refresh_from_db()
    assert chief.organisation.control_generation == 2


@pytest.mark.django_db(transaction=True)
def test_death_and_approval_at_once_never_wait_on_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each holds what it locks first and waits for the other to have come as far; with locks in two orders that
    is a deadlock, which PostgreSQL ends by failing one of them.
    """
    from licensing.services import conclude, events

    talent = factories.make_talent()
    production = factories.make_production()
    request = factories.make_submitted_request(production, talent)
    person, chief = factories.decider_of(request), factories.make_desk(talent.organisation, "ADMIN")
    what = {"kind": "DEATH", "covers": "talent", "covered_id": talent.pk}
    shown = services.preview_event(principal=chief, **what)
    approving, dying = threading.Event(), threading.Event()
    require_met, lock = conclude.require_met, events._lock_as_approvals_do

    def held_request(*arguments: Any) -> Any:
        approving.set()  # the request is locked, the talent not yet
        dying.wait(1.0)
        return require_met(*arguments)

    def before_locks(thing: Any) -> None:
        approving.wait(5.0)
        lock(thing)
        dying.set()

    monkeypatch.setattr(conclude, "require_met", held_request)
    monkeypatch.setattr(events, "_lock_as_approvals_do", before_locks)
    ended: dict[str, object] = {}

    def run(name: str, act: Any) -> None:
        try:
            ended[name] = act()
        except Exception as error:  # noqa: BLE001  (what it was is asserted below)
            ended[name] = error
        finally:
            connections.close_all()

    acts = {
        "approve": lambda: services.approve_request(
            principal=person, request_id=request.pk, terms_hash=request.current.terms_hash
        ),
        "die": lambda: services.declare_event(
            principal=chief, **what, effect_hash=shown.effect_hash, why="x"
        ),
    }
    threads = [threading.Thread(target=run, args=one) for one in acts.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    assert ended["approve"] is not None
    assert not isinstance(ended["approve"], Exception), ended["approve"]
    # the licence that came meanwhile is part of the effect: it is read again, and nothing has happened
    assert isinstance(ended["die"], Conflict), ended["die"]
    assert ended["die"].code == "EFFECT_CHANGED"
    assert LicenceRequest.objects.get(pk=request.pk).state == "APPROVED"
