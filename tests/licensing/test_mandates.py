"""Who decides: the talent, the agent named, whoever stands in for them, or both."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from common import clock
from common.errors import DomainError, Forbidden, InvalidInput, NotFound
from licensing import selectors, services
from licensing.models import LicenceRequest, Mandate
from tests import factories
from tests.licensing.conftest import Cast


def _answer(desk: object, request: LicenceRequest) -> object:
    assert request.current is not None
    return services.approve_request(
        principal=desk,  # type: ignore[arg-type]
        request_id=request.pk,
        terms_hash=request.current.terms_hash,
    )


def _refusal(desk: object, request: LicenceRequest) -> str:
    with pytest.raises(DomainError) as refused:
        _answer(desk, request)
    return refused.value.code


@pytest.mark.req("ST-013")
@pytest.mark.req("ST-059")
def test_request_goes_to_the_agent_when_delegated_and_to_the_talent_when_not(cast: Cast) -> None:
    represented = factories.make_submitted_request(cast.production, cast.talent)
    assert represented.mode == "AGENT_WITHIN_MANDATE"
    assert [line.id for line in selectors.inbox(cast.agent).needs_you] == [represented.pk]
    assert [line.id for line in selectors.inbox(cast.self).needs_you] == []
    assert _refusal(cast.self, represented) == "NOT_YOURS_TO_DECIDE"

    alone = factories.make_talent()
    direct = factories.make_submitted_request(cast.production, alone)
    assert direct.mode == "TALENT_ONLY"
    assert [line.id for line in selectors.inbox(factories.desk_of_talent(alone)).needs_you] == [direct.pk]
    assert selectors.request_detail(cast.agent, direct.pk) is None
    assert _refusal(cast.agent, direct) == "NOT_FOUND"
    assert _answer(factories.desk_of_talent(alone), direct) is not None


@pytest.mark.req("ST-014")
def test_only_the_agent_named_decides_and_a_colleague_reads(cast: Cast) -> None:
    request = factories.make_submitted_request(cast.production, cast.talent)
    detail = selectors.request_detail(cast.colleague, request.pk)
    assert detail is not None
    assert detail.may == frozenset()
    assert _refusal(cast.colleague, request) == "NOT_YOURS_TO_DECIDE"
    assert _refusal(cast.other_agent, request) == "NOT_FOUND"
    assert _answer(cast.agent, request) is not None


def test_any_agent_of_the_agency_decides_when_none_is_named(cast: Cast) -> None:
    factories.make_mandate(cast.talent, cast.agent, named=False)
    request = factories.make_submitted_request(cast.production, cast.talent)
    assert _refusal(cast.other_agent, request) == "NOT_FOUND"
    assert _answer(cast.colleague, request) is not None


@pytest.mark.req("ST-024")
@pytest.mark.req("ST-014")
def test_delegation_lets_a_colleague_decide_between_its_dates_and_not_outside(
    cast: Cast, move_clock: Callable[..., None]
) -> None:
    services.delegate_mandate(
        principal=cast.agent,
        mandate=cast.mandate,
        to_user=cast.colleague.person,
        valid_from=clock.now() + timedelta(days=1),
        valid_until=clock.now() + timedelta(days=3),
    )
    request = factories.make_submitted_request(cast.production, cast.talent)
    assert _refusal(cast.colleague, request) == "NOT_YOURS_TO_DECIDE"
    move_clock(days=4)
    assert _refusal(cast.colleague, request) == "NOT_YOURS_TO_DECIDE"
    move_clock(days=2)
    assert [line.id for line in selectors.inbox(cast.colleague).needs_you] == [request.pk]
    assert _answer(cast.colleague, request) is not None


def test_delegation_is_refused_to_outsiders_and_by_stand_ins(cast: Cast) -> None:
    dates = {"valid_from": clock.now(), "valid_until": clock.now() + timedelta(days=2)}
    services.delegate_mandate(
        principal=cast.agent, mandate=cast.mandate, to_user=cast.colleague.person, **dates
    )
    third = factories.make_agent(cast.agent.organisation)
    with pytest.raises(Forbidden) as passed_on:
        services.delegate_mandate(
            principal=cast.colleague, mandate=cast.mandate, to_user=third.person, **dates
        )
    assert passed_on.value.code == "NOT_YOUR_MANDATE"
    with pytest.raises(InvalidInput) as outside:
        services.delegate_mandate(
            principal=cast.agent, mandate=cast.mandate, to_user=cast.other_agent.person, **dates
        )
    assert outside.value.code == "AGENT_NOT_OF_AGENCY"
    with pytest.raises(InvalidInput) as backwards:
        services.delegate_mandate(
            principal=cast.agent,
            mandate=cast.mandate,
            to_user=third.person,
            valid_from=dates["valid_until"],
            valid_until=dates["valid_from"],
        )
    assert backwards.value.code == "DATES_INVALID"
    with pytest.raises(NotFound):
        services.delegate_mandate(
            principal=cast.other_agent, mandate=cast.mandate, to_user=third.person, **dates
        )


@pytest.mark.parametrize(
    ("limits", "uses", "outside"),
    [
        ({"frames_max": 2999}, ("FACE_RENDER", "VOICE_RENDER"), ["scope.frames_max"]),
        ({"lines_max": 19}, ("FACE_RENDER", "VOICE_RENDER"), ["scope.lines_max"]),
        ({"days_max": 89}, ("FACE_RENDER", "VOICE_RENDER"), ["window.days"]),
        ({"render_territory": ["US", "CA"]}, ("FACE_RENDER", "VOICE_RENDER"), ["render_territory:GB"]),
        ({}, ("FACE_RENDER",), ["use_types:VOICE_RENDER"]),
    ],
)
def test_what_goes_beyond_the_mandate_asks_the_talent_too(
    cast: Cast, limits: dict[str, object], uses: tuple[str, ...], outside: list[str]
) -> None:
    factories.make_mandate(cast.talent, cast.agent, use_types=uses, limits=limits)
    request = factories.make_submitted_request(cast.production, cast.talent)
    assert request.mode == "DUAL"
    assert request.outside_mandate == outside
    assert _answer(cast.agent, request) is None
    assert _refusal(cast.agent, request) == "ALREADY_APPROVED"
    assert _answer(cast.self, request) is not None


def test_limits_that_hold_leave_the_agent_alone_to_decide(cast: Cast) -> None:
    limits = {"frames_max": 3000, "lines_max": 20, "days_max": 90, "render_territory": ["US", "CA", "GB"]}
    factories.make_mandate(cast.talent, cast.agent, limits=limits)
    request = factories.make_submitted_request(cast.production, cast.talent)
    assert (request.mode, request.outside_mandate) == ("AGENT_WITHIN_MANDATE", [])


def test_dual_mandate_needs_agent_and_talent_as_two_persons(cast: Cast) -> None:
    factories.make_mandate(cast.talent, cast.agent, mode="DUAL")
    request = factories.make_submitted_request(cast.production, cast.talent)
    assert _answer(cast.self, request) is None
    assert [line.waiting_on for line in selectors.inbox(cast.agent).needs_you] == [("AGENT",)]
    assert _answer(cast.agent, request) is not None

    # the talent who is also an agent of the agency is still one person
    both = factories.make_desk(cast.agent.organisation, "AGENT", cast.self.person)
    factories.make_mandate(cast.talent, both, mode="DUAL")
    second = factories.make_submitted_request(cast.production, cast.talent)
    assert _answer(both, second) is None
    assert _refusal(cast.self, second) == "FOUR_EYES"


def test_only_the_talent_grants_a_mandate(cast: Cast) -> None:
    for other in (cast.agent, factories.make_desk(cast.talent.organisation, "ADMIN")):
        with pytest.raises(Forbidden) as refused:
            services.grant_mandate(
                principal=other,
                talent=cast.talent,
                agency=cast.agent.organisation,
                mode="AGENT_WITHIN_MANDATE",
                use_types=["FACE_RENDER", "NEW_DIALOGUE"],
            )
        assert refused.value.code == "TALENT_ONLY"
    assert list(Mandate.objects.values_list("pk", flat=True)) == [cast.mandate.pk]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"use_types": ["TRAINING_REPLICA"]}, "TRAINING_TALENT_ONLY"),
        ({"use_types": ["FACE_RENDERING"]}, "USE_TYPE_UNKNOWN"),
        ({"mode": "QUORUM"}, "QUORUM_INVALID"),
        ({"mode": "UNION_NOTICE"}, "NOTICE_INVALID"),
        ({"mode": "AUTO_WITHIN_RULES"}, "MODE_NOT_ROUTED"),
        ({"limits": {"frames": 3}}, "LIMITS_INVALID"),
        ({"limits": {"frames_max": "3"}}, "LIMITS_INVALID"),
        ({"valid_until": "past"}, "DATES_INVALID"),
    ],
)
def test_malformed_mandate_is_refused(cast: Cast, changes: dict[str, object], code: str) -> None:
    if "valid_until" in changes:
        changes = {"valid_until": clock.now() - timedelta(days=1)}
    with pytest.raises(InvalidInput) as refused:
        factories.make_mandate(cast.talent, cast.agent, **changes)
    assert refused.value.code == code


def test_new_mandate_ends_the_old_one_and_hands_its_requests_to_the_talent(cast: Cast) -> None:
    request = factories.make_submitted_request(cast.production, cast.talent)
    factories.make_mandate(cast.talent, cast.other_agent)
    cast.mandate.refresh_from_db()
    assert cast.mandate.revoked_at is not None
    request.refresh_from_db()
    assert request.mode == "TALENT_ONLY"
    assert _refusal(cast.agent, request) == "NOT_YOURS_TO_DECIDE"
    assert _refusal(cast.other_agent, request) == "NOT_FOUND"
    assert _answer(cast.self, request) is not None


def test_mandate_past_its_end_decides_nothing(cast: Cast, move_clock: Callable[..., None]) -> None:
    factories.make_mandate(cast.talent, cast.agent, valid_until=clock.now() + timedelta(days=2))
    request = factories.make_submitted_request(cast.production, cast.talent)
    move_clock(days=3)
    assert _refusal(cast.agent, request) == "NOT_YOURS_TO_DECIDE"
    later = factories.make_submitted_request(cast.production, cast.talent)
    assert later.mode == "TALENT_ONLY"


def test_database_holds_one_mandate_in_force_for_each_talent(cast: Cast) -> None:
    with pytest.raises(IntegrityError, match="one_mandate_in_force_per_talent"), transaction.atomic():
        Mandate.objects.create(
            talent=cast.talent,
            agency=cast.other_agent.organisation,
            mode="DUAL",
            use_types=[],
            valid_from=clock.now(),
        )
    assert cast.mandate.history.count() == 1


@pytest.mark.req("ST-021")
def test_roster_shows_ones_own_people_and_nobody_elses(cast: Cast) -> None:
    hers = factories.make_talent("Jun Castellane")
    factories.make_mandate(hers, cast.agent)
    factories.make_submitted_request(cast.production, cast.talent)
    factories.make_live_token(cast.production, hers)
    lines = {line.name: line for line in selectors.roster(cast.agent)}
    assert sorted(lines) == ["Ilse Varga-Thorne", "Jun Castellane"]
    ilse, jun = lines["Ilse Varga-Thorne"], lines["Jun Castellane"]
    assert (ilse.open_requests, ilse.live_licences) == (1, 0)
    assert (jun.open_requests, jun.live_licences) == (0, 1)
    assert ilse.mandate is not None
    assert (ilse.mandate.mine, ilse.mandate.agent_name) == (True, cast.agent.person.full_name)
    assert [one.kind for one in ilse.constructs] == ["FACE_3D", "VOICE_SPEAKING"]
    assert selectors.roster(cast.other_agent) == ()
    (seen_by_colleague,) = [line for line in selectors.roster(cast.colleague) if line.name == jun.name]
    assert seen_by_colleague.mandate is not None
    assert seen_by_colleague.mandate.mine is False
