"""Every mode asks whom it names, and the database issues nothing without their word."""

from __future__ import annotations

import copy
import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.principals import Principal, principal_of_person
from common import clock
from common.errors import DomainError, InvalidInput, NotFound
from licensing import selectors, services
from licensing.models import (
    AutoRule,
    LicenceRequest,
    LicenceToken,
    Mandate,
    MandateSigner,
    Talent,
    TalentInstruction,
    VisibilityRule,
)
from licensing.models.requests import ActionKind, Side
from licensing.services.trail import move
from tests import factories
from tests.licensing.conftest import Cast
from tests.licensing.persons import RULE_LIMITS, call, give_authority, in_days, make_minor
from trustcore.policy.terms import parse_terms


def approve(desk: Principal, request: LicenceRequest) -> LicenceToken | None:
    request.refresh_from_db()
    assert request.current is not None
    return services.approve_request(
        principal=desk, request_id=request.pk, terms_hash=request.current.terms_hash
    )


def refusal(act: Any) -> str:
    with pytest.raises(DomainError) as refused:
        act()
    return refused.value.code


# -- modes --------------------------------------------------------------------------------------------


def test_quorum_issues_when_as_many_different_signers_have_agreed_and_not_before(cast: Cast) -> None:
    band = [factories.make_desk(factories.make_organisation("TALENT"), "TALENT") for _ in range(3)]
    factories.make_mandate(
        cast.talent, cast.agent, mode="QUORUM", quorum=2, signers=[one.person for one in band]
    )
    request = factories.make_submitted_request(cast.production, cast.talent)
    assert (request.mode, request.quorum) == ("QUORUM", 2)
    assert request.current.terms["approvals"] | {"checkpoints": []} == {
        "mode": "QUORUM", "quorum": 2, "final_review_hours": 72, "checkpoints": [],
    }  # fmt: skip
    assert refusal(lambda: approve(cast.agent, request)) == "NOT_YOURS_TO_DECIDE"
    assert refusal(lambda: approve(cast.self, request)) == "NOT_YOURS_TO_DECIDE"
    assert approve(band[0], request) is None
    assert refusal(lambda: approve(band[0], request)) == "ALREADY_APPROVED"
    assert not LicenceToken.objects.exists()
    assert approve(band[1], request) is not None
    assert refusal(lambda: approve(band[2], request)) == "REQUEST_STATE"


def test_guardian_decides_for_a_minor_and_neither_agent_nor_minor_does(cast: Cast) -> None:
    minor, guardian, _ = make_minor()
    services.grant_mandate(
        principal=guardian,
        talent=minor,
        agency=cast.agent.organisation,
        agent=cast.agent.person,
        mode="AGENT_WITHIN_MANDATE",
        use_types=["FACE_RENDER", "VOICE_RENDER"],
    )
    request = factories.make_submitted_request(cast.production, minor)
    assert request.mode == "GUARDIAN_AND_COURT"
    for desk in (cast.agent, factories.desk_of_talent(minor)):
        assert refusal(lambda desk=desk: approve(desk, request)) == "NOT_YOURS_TO_DECIDE"
    assert approve(guardian, request) is not None


def test_guardian_without_the_court_order_that_is_required_has_no_word(cast: Cast) -> None:
    minor, guardian, row = make_minor(court_required=True)
    request = factories.make_submitted_request(cast.production, minor)
    assert refusal(lambda: approve(guardian, request)) in {"NOT_FOUND", "NOT_YOURS_TO_DECIDE"}
    row.court_sha256 = "d" * 64
    row.save()
    assert approve(guardian, request) is not None


def test_expired_or_ended_authority_is_none(cast: Cast, move_clock: Any) -> None:
    minor, guardian, row = make_minor(expires_on=in_days(10).date())
    request = factories.make_submitted_request(cast.production, minor)
    move_clock(days=11)
    assert refusal(lambda: approve(guardian, request)) in {"NOT_FOUND", "NOT_YOURS_TO_DECIDE"}
    move_clock(days=0)
    registrar = factories.make_desk(minor.organisation, "ADMIN")
    services.end_authority(principal=registrar, authority_id=row.pk)
    assert refusal(lambda: approve(guardian, request)) in {"NOT_FOUND", "NOT_YOURS_TO_DECIDE"}
    assert (
        refusal(lambda: services.end_authority(principal=registrar, authority_id=row.pk)) == "AUTHORITY_ENDED"
    )


def test_estate_decides_for_the_dead(cast: Cast) -> None:
    talent = factories.make_talent()
    Talent.objects.filter(pk=talent.pk).update(died_on=in_days(-3).date())
    talent.refresh_from_db()
    executor, _ = give_authority(talent, "ESTATE_EXECUTOR")
    guardian, _ = give_authority(talent, "GUARDIAN")
    request = factories.make_submitted_request(cast.production, talent)
    assert refusal(lambda: approve(guardian, request)) in {"NOT_FOUND", "NOT_YOURS_TO_DECIDE"}
    assert approve(executor, request) is not None


def test_nobody_registers_their_own_authority_and_no_outsider_any(cast: Cast) -> None:
    talent = factories.make_talent()
    admin = factories.make_desk(talent.organisation, "ADMIN")
    fields = {
        "talent": talent, "user": admin.person, "kind": "GUARDIAN", "document_type": "Paper", "issuer": "Me",
        "issued_on": in_days(-1).date(), "sha256": "a" * 64,
    }  # fmt: skip
    assert refusal(lambda: services.register_authority(principal=admin, **fields)) == "FOUR_EYES"
    assert (
        refusal(lambda: services.register_authority(principal=cast.agent, **fields))
        == "NOT_YOURS_TO_REGISTER"
    )
    other = {**fields, "user": cast.agent.person, "sha256": "A" * 64}
    assert refusal(lambda: services.register_authority(principal=admin, **other)) == "AUTHORITY_INVALID"


def test_union_notice_waits_its_hours_before_anything_begins(cast: Cast, move_clock: Any) -> None:
    factories.make_mandate(cast.talent, cast.agent, mode="UNION_NOTICE", notice_hours=48)
    request = factories.make_submitted_request(cast.production, cast.talent)
    assert request.state == "NOTICE_PERIOD"
    assert refusal(lambda: approve(cast.agent, request)) == "NOT_YOURS_TO_DECIDE"
    token = approve(cast.self, request)
    assert token is not None
    assert token.not_before >= request.notice_until
    assert selectors.effective_state(token) == "PENDING_ACTIVATION"
    move_clock(hours=49)
    assert selectors.effective_state(token) == "ACTIVE"


# -- rules --------------------------------------------------------------------------------------------


_FEE = {"basis": "FLAT", "currency": "USD", "amount_minor": 1_245_000}


def _rule(cast: Cast, **changes: Any) -> AutoRule:
    fields = {
        "use_types": ["FACE_RENDER", "VOICE_RENDER"],
        "limits": RULE_LIMITS,
        "valid_until": in_days(300),
    }
    return services.set_auto_rule(principal=cast.self, talent=cast.talent, **{**fields, **changes})


def test_what_lies_within_the_talents_rule_is_granted_at_once_and_the_log_says_by_a_rule(cast: Cast) -> None:
    _rule(cast, licensees=[cast.production.organisation])
    request = factories.make_submitted_request(cast.production, cast.talent)
    assert (request.mode, request.state) == ("AUTO_WITHIN_RULES", "APPROVED")
    assert LicenceToken.objects.get(request=request).state == "ACTIVE"
    acts = list(request.actions.order_by("at").values_list("kind", "side"))
    assert acts == [("SUBMIT", "LICENSEE"), ("APPROVE", "SERVER"), ("ISSUE", "SERVER")]
    from audit.models import Event
    from trustcore.encoding import parse_json_strict

    entry = parse_json_strict(bytes(Event.objects.get(kind="licence.issued").log_entry))
    assert [one["method"] for one in entry["approvals"]] == ["PASSWORD", "MANDATE_RULE"]


@pytest.mark.parametrize(
    "ask",
    [
        {"frames_max": 5001},
        {"days": 121},
        {"render_territory": ("US", "DE")},
        {"use_types": ("FACE_RENDER", "DE_AGING")},
        {"content": {"NUDITY": "APPROVAL_REQUIRED"}},
        {"content": {"POLITICAL_ENDORSEMENT": "ALLOWED"}},
        {"replica_class": "DECEASED_DIGITAL_REPLICA"},
        {"distribution_territory": ("US", "DE")},
        {"terms": {"exclusivity": {"kind": "FULL"}}},
        {"terms": {"assignability": "WITH_CONSENT"}},
        {"terms": {"change_of_control": "RECONSENT"}},
        {"terms": {"retention": {"scan": "KEEP"}}},
        {"terms": {"marking": {"c2pa": False}}},
        {"terms": {"scope": {"seconds_max": 1}}},
        {"terms": {"scope": {"runs_max": 1}}},
        {"channels": ("SVOD", "SOCIAL_PAID")},
        {"channels": ("GAME_LIVE_SERVICE",)},
        {"terms": {"exploitation": {"edit_rights": ["FULL_WORK", "TRAILER"]}}},
        {"replica_class": "INDEPENDENTLY_CREATED_DIGITAL_REPLICA"},
        {"content": {"AD_LIB_GENERATED_LINES": "ALLOWED"}},
        {"content": {"AD_LIB_GENERATED_LINES": "APPROVAL_REQUIRED"}},
        {"content": {"VIOLENCE": 5}},
        {"content": {"VIOLENCE": 0}},
        {"content": {"RACE_OR_ETHNICITY_CHANGE": "ALLOWED"}},
        {"content": {"REAL_PERSON_ROLE": "ALLOWED"}},
        {"content": {"SCRAPPED_FOOTAGE_REUSE": "ALLOWED"}},
        {"compensation": {}},
        {"compensation": {"basis": "FLAT", "currency": "USD", "amount_minor": 999_999}},
        {"compensation": {"basis": "FLAT", "currency": "MXN", "amount_minor": 9_000_000}},
        {"compensation": {"basis": "PER_FRAME", "currency": "USD", "amount_minor": 9_000_000}},
        {"compensation": {**_FEE, "agent_commission_bps": 1}},
        {"compensation": {**_FEE, "audit_rights": "None: she waives the books."}},
        {"compensation": {**_FEE, "payee": "SOMEBODY-ELSE"}},
        {"declared": {"exemption": "EXPRESSIVE_WORK"}},
        {"terms": {"credit": "Uncredited"}},
        {"terms": {"dispute": "ARBITRATION"}},
        {"terms": {"governing_law": "MX"}},
        {"terms": {"renewal": {"terms": "SAME_TERMS"}}},
        {"terms": {"reporting": {"cadence": "ON_DEMAND"}}},
        {"compensation": {**_FEE, "tax_withholding_bps": 1}},
        {"compensation": {**_FEE, "share_bps": 1}},
        {"compensation": {**_FEE, "scale_multiple_bps": 1}},
        {"not_before": in_days(211)},
        {"not_before": in_days(9_000)},
    ],
)
def test_what_goes_beyond_the_rule_asks_people(cast: Cast, ask: dict[str, Any]) -> None:
    _rule(cast)
    request = factories.make_submitted_request(cast.production, cast.talent, **ask)
    assert request.mode in {"AGENT_WITHIN_MANDATE", "DUAL"}
    assert not LicenceToken.objects.exists()


def test_rule_holds_vendors_and_how_long_the_work_is_shown_to_what_it_names(cast: Cast) -> None:
    named, other = factories.make_organisation("VENDOR"), factories.make_organisation("VENDOR")
    _rule(cast, limits={**RULE_LIMITS, "vendors": [str(named.pk)], "shown_until": "2099-01-01T00:00:00Z"})
    shown = {"terms": {"exploitation": {"until": "2099-01-01T00:00:00Z"}}}
    for beyond in (
        {"vendors": (other.slug,), **shown},
        {"vendors": (named.slug, other.slug), **shown},
        {"vendors": (named.slug,), "terms": {"exploitation": {"until": "2099-01-01T00:00:01Z"}}},
        {"vendors": (named.slug,)},  # shown for as long as the work lives
    ):
        asked = factories.make_submitted_request(cast.production, cast.talent, **beyond)
        assert asked.mode != "AUTO_WITHIN_RULES", beyond
    inside = factories.make_submitted_request(cast.production, cast.talent, vendors=(named.slug,), **shown)
    assert (inside.mode, inside.state) == ("AUTO_WITHIN_RULES", "APPROVED")


def test_part_of_the_person_that_the_rule_does_not_name_is_asked_for(cast: Cast) -> None:
    _rule(cast, limits={**RULE_LIMITS, "constructs": ["FACE_3D"]})
    assert factories.make_submitted_request(cast.production, cast.talent).mode == "AGENT_WITHIN_MANDATE"
    face = factories.make_submitted_request(
        cast.production, cast.talent, constructs=("FACE_3D",), use_types=("FACE_RENDER",)
    )
    assert face.mode == "AUTO_WITHIN_RULES"


def test_licence_by_a_rule_ends_with_the_rule_notice_counted(cast: Cast) -> None:
    _rule(cast, valid_until=in_days(91))
    assert factories.make_submitted_request(cast.production, cast.talent).mode == "AUTO_WITHIN_RULES"
    factories.make_mandate(cast.talent, cast.agent, mode="UNION_NOTICE", notice_hours=48)
    assert factories.make_submitted_request(cast.production, cast.talent).mode == "UNION_NOTICE"


def test_rule_made_before_it_had_to_name_its_limits_approves_nothing(cast: Cast) -> None:
    for name in ("channels", "constructs", "replica_classes", "shown_until", "fee_least_minor"):
        AutoRule.objects.create(
            talent=cast.talent, set_by=cast.self.person, use_types=["FACE_RENDER", "VOICE_RENDER"],
            limits={key: value for key, value in RULE_LIMITS.items() if key != name},
            valid_from=in_days(-1), valid_until=in_days(300),
        )  # fmt: skip
    assert factories.make_submitted_request(cast.production, cast.talent).mode == "AGENT_WITHIN_MANDATE"


_BEYOND_IN_THE_DATABASE: list[tuple[str, Any]] = [
    ("exploitation.channels", ["MERCHANDISE"]),
    ("exploitation.edit_rights", ["FULL_WORK", "TRAILER"]),
    ("exploitation.distribution_territory", ["DE"]),
    ("render_territory", ["DE"]),
    ("constructs", ["FACE_3D", "PERSONALITY_CONSTRUCT"]),
    ("replica_class", "INDEPENDENTLY_CREATED_DIGITAL_REPLICA"),
    ("vendors", ["00000000-0000-7000-8000-000000000001"]),
    ("content.AD_LIB_GENERATED_LINES", "ALLOWED"),
    ("content.VIOLENCE", 5),
    ("content.CRYPTO_GAMBLING", "ALLOWED"),
    ("compensation.amount_minor", 0),
    ("compensation.currency", "MXN"),
    ("compensation.basis", "PER_FRAME"),
    ("window.days", 121),
    ("scope.seconds_max", 1),
    ("approvals.final_review_hours", 1),
    ("exclusivity.kind", "FULL"),
    ("assignability", "AFFILIATES"),
    ("change_of_control", "SURVIVE"),
    ("training.allowed", True),
]


@pytest.mark.parametrize(
    ("path", "value"), _BEYOND_IN_THE_DATABASE, ids=[one[0] for one in _BEYOND_IN_THE_DATABASE]
)
def test_database_finds_each_clause_beyond_the_rule(cast: Cast, path: str, value: Any) -> None:
    request = factories.make_submitted_request(cast.production, cast.talent)

    def within(terms: dict[str, Any], limits: dict[str, Any]) -> bool:
        with connection.cursor() as cursor:
            cursor.execute(
                "select licensing_terms_within_rule(%s, %s)", [json.dumps(terms), json.dumps(limits)]
            )
            return bool(cursor.fetchone()[0])

    terms = request.current.terms
    assert within(terms, RULE_LIMITS)
    assert not within(terms, {})
    *groups, name = path.split(".")
    beyond = copy.deepcopy(terms)
    group = beyond
    for one in groups:
        group = group[one]
    group[name] = value
    assert not within(beyond, RULE_LIMITS)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("surprise", 1),
        ("scope.surprise", 1),
        ("scope.runs_max", 1),
        ("window.surprise", "x"),
        ("compensation.surprise", 1),
        ("compensation.tax_withholding_bps", 1),
        ("compensation.share_bps", 1),
        ("compensation.payee", "SOMEBODY-ELSE"),
        ("exclusivity.most_favoured_nation", True),
        ("marking.c2pa", False),
        ("retention.scan", "KEEP"),
        ("reporting.cadence", "ON_DEMAND"),
        ("renewal.terms", "SAME_TERMS"),
        ("credit", "Uncredited"),
        ("dispute", "ARBITRATION"),
        ("governing_law", "MX"),
        ("declared", {"exemption": "EXPRESSIVE_WORK"}),
        ("compensation.audit_rights", "None: she waives the books."),
    ],
)
def test_database_is_closed_over_every_clause_that_a_rule_has_no_limit_for(
    cast: Cast, path: str, value: Any
) -> None:
    request = factories.make_submitted_request(cast.production, cast.talent, compensation=_FEE)

    def usual(terms: dict[str, Any]) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("select licensing_terms_at_default(%s)", [json.dumps(terms)])
            return bool(cursor.fetchone()[0])

    terms = copy.deepcopy(request.current.terms)
    terms["scope"] |= {"words_max": 5, "max_screen_seconds": 5}
    terms["compensation"] |= {"use_fee_minor": 1, "holding_fee_minor": 1}
    terms["window"]["production_end_event"] = "wrap"
    assert usual(terms)
    *groups, name = path.split(".")
    group = terms
    for one in groups:
        group = group[one]
    group[name] = value
    assert not usual(terms)


def test_database_writes_no_licence_that_outlives_its_rule(cast: Cast) -> None:
    other, _, _ = factories.make_live_token(cast.production, cast.talent)
    request = factories.make_submitted_request(cast.production, cast.talent)
    rule = _rule(cast, valid_until=in_days(91))
    LicenceRequest.objects.filter(pk=request.pk).update(mode="AUTO_WITHIN_RULES", auto_rule=rule)
    request.refresh_from_db()
    move(request, ActionKind.APPROVE, principal=None, side=Side.SERVER, at=clock.now())
    LicenceRequest.objects.filter(pk=request.pk).update(state="APPROVED")
    columns = {**_columns(other, request), "created_at": clock.now(), "not_before": in_days(1)}
    for ends in (in_days(92), in_days(9000)):
        with pytest.raises(IntegrityError, match="no rule of the talent"), transaction.atomic():
            LicenceToken.objects.create(**{**columns, "not_after": ends})
    assert LicenceToken.objects.create(**{**columns, "not_after": in_days(90)}).request_id == request.pk


def test_rule_for_one_studio_and_an_ended_rule_approve_nothing_for_others(cast: Cast) -> None:
    rule = _rule(cast, licensees=[cast.other_studio.organisation])
    assert factories.make_submitted_request(cast.production, cast.talent).mode == "AGENT_WITHIN_MANDATE"
    services.end_auto_rule(principal=cast.self, rule_id=rule.pk)
    theirs = factories.make_production(cast.other_studio.organisation)
    assert factories.make_submitted_request(theirs, cast.talent).mode == "AGENT_WITHIN_MANDATE"
    assert refusal(lambda: services.end_auto_rule(principal=cast.self, rule_id=rule.pk)) == "RULE_ENDED"
    with pytest.raises(NotFound):
        services.end_auto_rule(principal=cast.agent, rule_id=rule.pk)


@pytest.mark.parametrize("use", ["TRAINING_REPLICA", "NEW_DIALOGUE", "POSTHUMOUS_RENDER", "FINE_TUNE"])
def test_no_rule_is_ever_made_for_these_uses(cast: Cast, use: str) -> None:
    assert refusal(lambda: _rule(cast, use_types=["FACE_RENDER", use])) == "NEVER_BY_RULE"
    with pytest.raises(IntegrityError, match="rule_never_approves_these"), transaction.atomic():
        AutoRule.objects.create(
            talent=cast.talent, set_by=cast.self.person, use_types=[use], limits={},
            valid_from=in_days(0), valid_until=in_days(1),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"use_types": []}, "USE_TYPE_UNKNOWN"),
        ({"use_types": ["WHATEVER"]}, "USE_TYPE_UNKNOWN"),
        ({"limits": {"frames_max": 3}}, "LIMITS_MISSING"),
        ({"limits": {**RULE_LIMITS, "distribution_territory": []}}, "LIMITS_MISSING"),
        ({"limits": {**RULE_LIMITS, "channels": []}}, "LIMITS_MISSING"),
        ({"limits": {**RULE_LIMITS, "fee_least_minor": None}}, "LIMITS_MISSING"),
        ({"limits": {**RULE_LIMITS, "surprise": 3}}, "LIMITS_INVALID"),
        ({"limits": {**RULE_LIMITS, "channels": ["EVERYWHERE"]}}, "LIMITS_INVALID"),
        ({"limits": {**RULE_LIMITS, "shown_until": "for ever"}}, "LIMITS_INVALID"),
        ({"limits": {**RULE_LIMITS, "replica_classes": ["DECEASED_DIGITAL_REPLICA"]}}, "NEVER_BY_RULE"),
        ({"limits": {**RULE_LIMITS, "content": ["NUDITY"]}}, "NEVER_BY_RULE"),
        ({"valid_until": "past"}, "DATES_INVALID"),
    ],
)
def test_malformed_rule_is_refused(cast: Cast, changes: dict[str, Any], code: str) -> None:
    if changes.get("valid_until") == "past":
        changes = {"valid_until": in_days(-1)}
    assert refusal(lambda: _rule(cast, **changes)) == code


# -- what the talent alone may do ---------------------------------------------------------------------


@pytest.mark.req("BX-009")
def test_talent_only_acts_are_refused_to_agent_and_administrator_and_done_by_the_talent(cast: Cast) -> None:
    administrator = factories.make_desk(cast.talent.organisation, "ADMIN")
    acts = {
        "emergency-stop": {"reason": "Stop everything now.", "licences": "HOLD"},
        "mandate": {
            "agency": cast.agent.organisation.slug, "mode": "AGENT_WITHIN_MANDATE",
            "use_types": ["FACE_RENDER", "DE_AGING"], "limits": {"frames_max": 900000},
        },
        "visibility": {"level": "LISTED"},
        "rules": {"use_types": ["FACE_RENDER"], "limits": RULE_LIMITS, "valid_until": "2099-01-01T00:00:00Z"},
        "instructions": {"kind": "PAYEE", "body": {"payee": "somebody"}},
    }  # fmt: skip
    for what, body in acts.items():
        for desk in (cast.agent, administrator):
            answer = call(desk, f"talents/{cast.talent.pk}/{what}", body)
            assert (answer.status_code, answer.json()["code"]) == (403, "TALENT_ONLY"), (what, desk)
        stranger = call(cast.other_studio, f"talents/{cast.talent.pk}/{what}", body)
        assert stranger.status_code == 404
        assert call(cast.self, f"talents/{cast.talent.pk}/{what}", body).status_code in {200, 201}, what
    assert Mandate.objects.filter(talent=cast.talent, revoked_at=None).get().limits["frames_max"] == 900000


@pytest.mark.req("BX-009")
def test_database_refuses_talent_only_acts_to_whoever_is_not_the_talent(cast: Cast) -> None:
    def refused(act: Any) -> None:
        with pytest.raises(IntegrityError, match=r"only the talent|never raised"), transaction.atomic():
            act()

    mandate, talent, agent = cast.mandate, cast.talent, cast.agent
    rule = VisibilityRule.objects.get(talent=talent, construct="")
    fields = {"agency": agent.organisation, "mode": "DUAL", "use_types": [], "valid_from": in_days(0)}
    Mandate.objects.filter(pk=mandate.pk).update(revoked_at=in_days(0))
    refused(lambda: Mandate.objects.create(talent=talent, **fields))
    refused(lambda: Mandate.objects.create(talent=talent, granted_by=agent.person, **fields))
    refused(lambda: Mandate.objects.filter(pk=mandate.pk).update(limits={"frames_max": 10**9}))
    refused(lambda: Mandate.objects.filter(pk=mandate.pk).update(revoked_at=None))
    refused(lambda: VisibilityRule.objects.filter(pk=rule.pk).update(level="LISTED_ANONYMOUS"))
    refused(lambda: VisibilityRule.objects.filter(pk=rule.pk).update(
        level="HIDDEN", set_by=agent.person, set_at=in_days(0)))  # fmt: skip
    refused(lambda: rule.organisations.add(cast.other_studio.organisation))
    refused(lambda: VisibilityRule.objects.create(talent=talent, construct="FACE_3D", level="LISTED"))
    refused(lambda: TalentInstruction.objects.create(
        talent=talent, kind="PAYEE", body={"payee": "x"}, set_by=agent.person))  # fmt: skip
    refused(lambda: AutoRule.objects.create(
        talent=talent, set_by=agent.person, use_types=["FACE_RENDER"], limits={},
        valid_from=in_days(0), valid_until=in_days(1)))  # fmt: skip
    Mandate.objects.create(talent=talent, granted_by=cast.self.person, **fields)


def test_payee_is_the_talents_word_and_neither_ask_nor_agent_changes_it(cast: Cast) -> None:
    services.instruct(principal=cast.self, talent=cast.talent, kind="PAYEE", body={"payee": "ACME-LOANOUT"})
    fee = {"basis": "FLAT", "currency": "USD", "amount_minor": 1, "payee": "SOMEBODY-ELSE"}
    with pytest.raises(InvalidInput) as refused:
        factories.make_submitted_request(cast.production, cast.talent, compensation=fee)
    assert refused.value.code == "PAYEE_TALENT_ONLY"
    request = factories.make_submitted_request(
        cast.production, cast.talent, compensation={**fee, "payee": "ACME-LOANOUT"}
    )
    with pytest.raises(InvalidInput) as refused:
        services.counter_request(
            principal=cast.agent, request_id=request.pk, terms_hash=request.current.terms_hash,
            changes={"compensation.payee": "MY-OWN"},
        )  # fmt: skip
    assert refused.value.code == "PAYEE_TALENT_ONLY"
    for body in ({"payee": 3}, {"payee": "x", "more": 1}, {}):
        assert refusal(
            lambda body=body: services.instruct(
                principal=cast.self, talent=cast.talent, kind="PAYEE", body=body
            )
        ) == "INSTRUCTION_INVALID"  # fmt: skip


# -- delegation ---------------------------------------------------------------------------------------


def _delegate(from_: Principal, to: Principal, mandate: Mandate, **further: Any) -> Any:
    today = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    dates = {"valid_from": today - timedelta(days=1), "valid_until": today + timedelta(days=10)}
    fields = {**dates, **further}
    return services.delegate_mandate(principal=from_, mandate=mandate, to_user=to.person, **fields)


@pytest.mark.req("ST-014", "ST-024")
def test_chain_of_delegations_holds_while_each_link_does_and_within_what_each_passes_on(cast: Cast) -> None:
    agency = cast.agent.organisation
    second, third = cast.colleague, factories.make_agent(agency)
    first = _delegate(
        cast.agent, second, cast.mandate, may_pass_on=True, limits={"frames_max": 4000}, use_types=["FACE_RENDER", "VOICE_RENDER"]
    )  # fmt: skip
    link = _delegate(second, third, cast.mandate, limits={"frames_max": 2000})
    assert link.parent_id == first.pk
    request = factories.make_submitted_request(cast.production, cast.talent)  # 3,000 frames
    assert refusal(lambda: approve(third, request)) == "BEYOND_DELEGATION"
    small = factories.make_submitted_request(cast.production, cast.talent, frames_max=1500)
    services.end_delegation(principal=cast.agent, delegation_id=first.pk)
    assert refusal(lambda: approve(third, small)) == "NOT_YOURS_TO_DECIDE"
    assert refusal(lambda: approve(second, request)) == "NOT_YOURS_TO_DECIDE"
    again = _delegate(cast.agent, second, cast.mandate, may_pass_on=True)
    _delegate(second, third, cast.mandate, limits={"frames_max": 2000}, valid_until=again.valid_until)
    assert approve(third, small) is not None
    assert approve(second, request) is not None


def test_delegation_never_widens_turns_back_or_goes_too_deep(cast: Cast) -> None:
    agency = cast.agent.organisation
    people = [cast.colleague, *(factories.make_agent(agency) for _ in range(3))]
    first = _delegate(cast.agent, people[0], cast.mandate, may_pass_on=True, limits={"frames_max": 100})
    wider = {"limits": {"frames_max": 101}}
    assert refusal(lambda: _delegate(people[0], people[1], cast.mandate, **wider)) == "DELEGATION_WIDER"
    more = {"use_types": ["DE_AGING"]}
    assert refusal(lambda: _delegate(people[0], people[1], cast.mandate, **more)) == "DELEGATION_WIDER"
    longer = {"valid_until": in_days(11)}
    assert refusal(lambda: _delegate(people[0], people[1], cast.mandate, **longer)) == "DATES_INVALID"
    inside = {"valid_from": first.valid_from, "valid_until": first.valid_until}
    assert refusal(lambda: _delegate(people[0], cast.agent, cast.mandate, **inside)) == "DELEGATION_CIRCLE"
    _delegate(people[0], people[1], cast.mandate, may_pass_on=True, **inside)
    _delegate(people[1], people[2], cast.mandate, may_pass_on=True, **inside)
    assert refusal(lambda: _delegate(people[2], people[3], cast.mandate, **inside)) == "DELEGATION_TOO_DEEP"
    assert refusal(lambda: _delegate(people[3], people[2], cast.mandate)) == "NOT_YOUR_MANDATE"
    with pytest.raises(NotFound):
        _delegate(cast.other_agent, people[2], cast.mandate)


def test_delegate_who_may_not_pass_on_does_not(cast: Cast) -> None:
    _delegate(cast.agent, cast.colleague, cast.mandate)
    third = factories.make_agent(cast.agent.organisation)
    assert refusal(lambda: _delegate(cast.colleague, third, cast.mandate)) == "NOT_YOUR_MANDATE"


def test_stand_in_decides_while_the_agent_is_out_and_not_after(cast: Cast, move_clock: Any) -> None:
    request = factories.make_submitted_request(cast.production, cast.talent)
    assert refusal(lambda: approve(cast.colleague, request)) == "NOT_YOURS_TO_DECIDE"
    answer = call(
        cast.agent, "absences",
        {"stand_in": cast.colleague.person.email, "valid_from": in_days(-1).isoformat(), "valid_until": in_days(5).isoformat()},
    )  # fmt: skip
    assert answer.status_code == 201
    move_clock(days=6)
    assert refusal(lambda: approve(cast.colleague, request)) == "NOT_YOURS_TO_DECIDE"
    move_clock(days=0)
    third = factories.make_agent(cast.agent.organisation)
    assert refusal(lambda: _delegate(cast.colleague, third, cast.mandate)) == "NOT_YOUR_MANDATE"
    assert approve(cast.colleague, request) is not None
    done = call(cast.agent, f"absences/{answer.json()['id']}/end")
    assert done.status_code == 200
    later = factories.make_submitted_request(cast.production, cast.talent)
    assert refusal(lambda: approve(cast.colleague, later)) == "NOT_YOURS_TO_DECIDE"
    assert call(cast.agent, f"absences/{answer.json()['id']}/end").status_code == 404
    assert call(cast.producer, "absences", {"stand_in": cast.colleague.person.email, "valid_from": in_days(0).isoformat(), "valid_until": in_days(5).isoformat()}).json()["code"] == "AGENT_ONLY"  # fmt: skip


# -- the database -------------------------------------------------------------------------------------


def _columns(token: LicenceToken, request: LicenceRequest) -> dict[str, Any]:
    columns = {one.attname: getattr(token, one.attname) for one in LicenceToken._meta.concrete_fields}
    return columns | {
        "jti": request.pk, "request_id": request.pk, "terms_id": request.current_id,
        "status_index": token.status_index ^ 1, "licence_id": request.licence_id,
        "talent_id": request.talent_id, "agency_id": request.agency_id,
    }  # fmt: skip


@pytest.mark.parametrize(
    "mode", ["TALENT_ONLY", "AGENT_WITHIN_MANDATE", "DUAL", "QUORUM", "AUTO_WITHIN_RULES"]
)
def test_database_writes_no_licence_without_the_consents_of_its_mode(cast: Cast, mode: str) -> None:
    token, _, _ = factories.make_live_token(cast.production, cast.talent)
    request = factories.make_submitted_request(cast.production, cast.talent)
    with pytest.raises(IntegrityError, match="without its own approved request"), transaction.atomic():
        LicenceToken.objects.create(**_columns(token, request))
    LicenceRequest.objects.filter(pk=request.pk).update(mode=mode, quorum=1 if mode == "QUORUM" else None)
    LicenceRequest.objects.filter(pk=request.pk).update(state="APPROVED")
    with pytest.raises(IntegrityError, match=r"has not agreed|no rule of the talent"), transaction.atomic():
        LicenceToken.objects.create(**_columns(token, request))
    assert LicenceToken.objects.count() == 1


def test_signers_are_named_with_the_mandate_and_never_after(cast: Cast) -> None:
    band = [factories.make_desk(factories.make_organisation("TALENT"), "TALENT").person for _ in range(2)]
    with pytest.raises(IntegrityError, match="signers of a quorum"), transaction.atomic():
        MandateSigner.objects.create(mandate=cast.mandate, user=band[0])
    for further in (
        {"quorum": 3, "signers": band},
        {"quorum": 0, "signers": band},
        {"quorum": None, "signers": band},
    ):
        with pytest.raises(InvalidInput) as refused:
            factories.make_mandate(cast.talent, cast.agent, mode="QUORUM", **further)
        assert refused.value.code == "QUORUM_INVALID"


def test_answers_over_http_are_for_people_and_not_for_keys(api: Any, cast: Cast) -> None:
    request = factories.make_submitted_request(cast.production, cast.talent)
    path = f"license-requests/{request.pk}/approve"
    body = {"terms_hash": request.current.terms_hash}
    credential, _ = factories.make_credential(cast.agent.organisation, created_by=cast.agent.person)
    from tests.licensing.conftest import Api

    by_key = Api(api.client, credential).post(path, body)
    assert (by_key.status_code, by_key.json()["code"]) == (403, "IN_PERSON")
    assert call(cast.other_agent, path, body).status_code == 404
    assert call(cast.colleague, path, body).json()["code"] == "NOT_YOURS_TO_DECIDE"
    stale = call(cast.agent, path, {"terms_hash": "sha256:" + "0" * 64})
    assert (stale.status_code, stale.json()["code"]) == (409, "TERMS_CHANGED")
    done = call(cast.agent, path, body)
    assert done.status_code == 200
    assert done.json()["token"]
    assert call(cast.agent, path, body).json()["code"] == "REQUEST_STATE"


def test_guardian_of_the_past_speaks_no_more_once_the_minor_is_of_age(cast: Cast, move_clock: Any) -> None:
    minor, guardian, _ = make_minor()
    request = factories.make_submitted_request(cast.production, minor)
    move_clock(days=901)
    late = principal_of_person(guardian.person, guardian.organisation_id)
    assert late is not None
    assert refusal(lambda: approve(late, request)) in {"NOT_YOURS_TO_DECIDE", "REQUEST_LAPSED"}


def test_guardian_makes_no_rule_and_grants_no_longer_than_the_minority(cast: Cast) -> None:
    minor, guardian, _ = make_minor()
    rule = {"use_types": ["FACE_RENDER"], "limits": RULE_LIMITS, "valid_until": in_days(2000)}
    assert refusal(lambda: services.set_auto_rule(principal=guardian, talent=minor, **rule)) == "TALENT_ONLY"
    mandate = services.grant_mandate(
        principal=guardian, talent=minor, agency=cast.agent.organisation, mode="DUAL", use_types=[],
        valid_until=in_days(2000),
    )  # fmt: skip
    assert mandate.valid_until.date() == minor.majority_on
    own = services.grant_mandate(
        principal=cast.self, talent=cast.talent, agency=cast.agent.organisation, mode="DUAL", use_types=[],
    )  # fmt: skip
    assert own.valid_until is None


def test_agent_alone_approves_no_counter_that_has_left_the_mandate(cast: Cast) -> None:
    fee = {"fee_least_minor": 1_000_000, "currency": "USD"}
    mandate = factories.make_mandate(cast.talent, cast.agent, limits=fee)
    request = factories.make_submitted_request(cast.production, cast.talent)
    assert request.mode == "AGENT_WITHIN_MANDATE"
    document = {**request.current.terms, "use_types": ["DE_AGING"]}
    services.requests.add_version(
        request=request, terms=parse_terms({**document, "terms_version": 2, "supersedes": request.current.terms_hash}),
        side="LICENSEE", principal=factories.make_producer(cast.production.organisation),
    )  # fmt: skip
    request.save()
    assert mandate.use_types == ["FACE_RENDER", "VOICE_RENDER"]
    assert refusal(lambda: approve(cast.agent, request)) == "BEYOND_MANDATE"
    assert not LicenceToken.objects.exists()


def test_payee_changed_within_its_group_or_by_a_renewal_is_the_talents_word_too(cast: Cast) -> None:
    token, _, _ = factories.make_live_token(cast.production, cast.talent)
    request = factories.make_submitted_request(cast.production, cast.talent)
    group = {**request.current.terms["compensation"], "payee": "MY-OWN"}
    counter = {"changes": {"compensation": group}, "terms_hash": request.current.terms_hash}
    assert refusal(
        lambda: services.counter_request(principal=cast.agent, request_id=request.pk, **counter)
    ) in {"PAYEE_TALENT_ONLY", "NOT_NARROWER"}
    services.instruct(principal=cast.self, talent=cast.talent, kind="PAYEE", body={"payee": "ACME-LOANOUT"})
    renew = {"jti": token.pk, "days": 30, "changes": {"compensation.payee": "SOMEBODY-ELSE"}}
    producer = factories.make_producer(cast.production.organisation)
    assert refusal(lambda: services.request_renewal(principal=producer, **renew)) == "PAYEE_TALENT_ONLY"


def test_signer_decides_only_while_the_mandate_is_in_force(cast: Cast, move_clock: Any) -> None:
    band = [factories.make_desk(factories.make_organisation("TALENT"), "TALENT") for _ in range(2)]
    factories.make_mandate(
        cast.talent, cast.agent, mode="QUORUM", quorum=1, signers=[one.person for one in band],
        valid_until=in_days(2),
    )  # fmt: skip
    request = factories.make_submitted_request(cast.production, cast.talent)
    move_clock(days=3)
    assert refusal(lambda: approve(band[0], request)) == "NOT_YOURS_TO_DECIDE"
    move_clock(days=0)
    assert approve(band[0], request) is not None


def test_login_of_a_dead_talent_answers_nothing_and_the_estate_does(cast: Cast) -> None:
    talent = factories.make_talent()
    request = factories.make_submitted_request(cast.production, talent)
    assert request.mode == "TALENT_ONLY"
    administrator = factories.make_desk(talent.organisation, "ADMIN")
    event = {"principal": administrator, "kind": "DEATH", "covers": "talent", "covered_id": talent.pk}
    shown = services.preview_event(**event)
    services.declare_event(**event, effect_hash=shown.effect_hash, why="She died yesterday.")
    request.refresh_from_db()
    assert request.mode == "GUARDIAN_AND_COURT"
    talent.refresh_from_db()
    assert refusal(lambda: approve(factories.desk_of_talent(talent), request)) == "NOT_YOURS_TO_DECIDE"
    executor, _ = give_authority(talent, "ESTATE_EXECUTOR")
    assert approve(executor, request) is not None


def test_quorum_decides_alone_only_within_the_limits(cast: Cast) -> None:
    band = [factories.make_user()]
    factories.make_mandate(
        cast.talent, cast.agent, mode="QUORUM", quorum=1, signers=band, limits={"frames_max": 3000}
    )
    inside = factories.make_submitted_request(cast.production, cast.talent)
    outside = factories.make_submitted_request(cast.production, cast.talent, frames_max=3001)
    assert (inside.mode, outside.mode, outside.quorum) == ("QUORUM", "DUAL", None)
    assert outside.outside_mandate == ["scope.frames_max"]


def test_union_notice_is_owed_where_a_rule_or_a_guardian_decides(cast: Cast) -> None:
    factories.make_mandate(cast.talent, cast.agent, mode="UNION_NOTICE", notice_hours=48)
    _rule(cast)
    request = factories.make_submitted_request(cast.production, cast.talent)
    assert (request.mode, request.state) == ("AUTO_WITHIN_RULES", "APPROVED")
    token = LicenceToken.objects.get(request=request)
    assert token.not_before >= request.notice_until >= request.submitted_at + timedelta(hours=48)
    minor, guardian, _ = make_minor()
    services.grant_mandate(
        principal=guardian, talent=minor, agency=cast.agent.organisation, mode="UNION_NOTICE",
        use_types=[], notice_hours=48,
    )  # fmt: skip
    theirs = factories.make_submitted_request(cast.production, minor)
    assert (theirs.mode, theirs.state) == ("GUARDIAN_AND_COURT", "NOTICE_PERIOD")


def test_naming_a_stranger_and_naming_nobody_are_refused_alike_and_only_to_who_may_ask(cast: Cast) -> None:
    body = {"agency": cast.agent.organisation.slug, "mode": "DUAL", "use_types": []}
    path = f"talents/{cast.talent.pk}/mandate"
    named = (cast.other_agent.person.email, "nobody@example.com")
    answers = [call(cast.self, path, {**body, "agent": one}) for one in named]
    assert [one.json()["code"] for one in answers] == ["AGENT_NOT_OF_AGENCY"] * 2
    assert answers[0].json()["title"] == answers[1].json()["title"]
    for one in named:
        assert call(cast.agent, path, {**body, "agent": one}).json()["code"] == "TALENT_ONLY"
    many = call(cast.self, path, {**body, "signers": [f"p{n}@example.com" for n in range(101)]})
    assert many.status_code in {400, 422}
    assert "signers" in many.content.decode()


def test_agents_commission_rises_by_the_talents_word_alone(cast: Cast) -> None:
    fee = {**_FEE, "agent_commission_bps": 1000}
    request = factories.make_submitted_request(cast.production, cast.talent, compensation=fee)
    assert request.mode == "AGENT_WITHIN_MANDATE"
    studio = factories.make_producer(cast.production.organisation)
    read = {"request_id": request.pk, "terms_hash": request.current.terms_hash}
    higher, lower = ({"compensation.agent_commission_bps": bps} for bps in (1001, 999))
    group = {"compensation": {**request.current.terms["compensation"], "agent_commission_bps": 1001}}
    for changes in (higher, group):
        act = {"principal": cast.agent, **read, "changes": changes}
        assert refusal(lambda act=act: services.counter_request(**act)) == "COMMISSION_TALENT_ONLY"
    services.counter_request(principal=cast.agent, **read, changes=lower)
    request.refresh_from_db()
    read["terms_hash"] = request.current.terms_hash
    services.revise_request(
        principal=studio, **read, changes=higher
    )  # the studio writes what the agent may not
    assert refusal(lambda: approve(cast.agent, request)) == "BEYOND_MANDATE"
    services.escalate_request(principal=cast.agent, request_id=request.pk, note="Yours.")
    token = approve(cast.self, request)
    assert token is not None
    dearer = {"principal": studio, "jti": token.pk, "days": 30}
    renewal = services.request_renewal(**dearer, changes={"compensation.agent_commission_bps": 1002})
    assert refusal(lambda: approve(cast.agent, renewal)) == "BEYOND_MANDATE"
    services.withdraw_request(principal=studio, request_id=renewal.pk)
    assert approve(cast.agent, services.request_renewal(**dearer)) is not None


def test_commission_that_the_licensee_offered_is_the_agents_to_approve_and_the_talents_to_raise(
    cast: Cast,
) -> None:
    fee = {**_FEE, "agent_commission_bps": 1000}
    assert approve(
        cast.agent, factories.make_submitted_request(cast.production, cast.talent, compensation=fee)
    )
    factories.make_mandate(cast.talent, cast.agent, mode="TALENT_ONLY")
    request = factories.make_submitted_request(cast.production, cast.talent, compensation=fee)
    services.counter_request(
        principal=cast.self,
        request_id=request.pk,
        terms_hash=request.current.terms_hash,
        changes={"compensation.agent_commission_bps": 1500},
    )
    request.refresh_from_db()
    assert request.current.terms["compensation"]["agent_commission_bps"] == 1500
