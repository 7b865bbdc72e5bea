"""The gate: what it admits, isolates and refuses, by which words, and what it writes down."""

from __future__ import annotations

import io
import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from audit.models import Event
from common import clock
from common.errors import Conflict, Forbidden, InvalidInput, NotFound
from common.storage import blobs
from tests.factories import approve, desk_of_talent, make_agency, make_agent, make_training_ask
from tests.training.making import CLEAR, House, make_capture, of_bytes, picture
from training.gate.facts import Facts
from training.gate.policy import HOUSE, LIFTABLE, compile_policy, decide
from training.models import PolicyDecision, PolicyText, RightsRecord, Source, TrainingAsset
from training.services.assets import receive_content, register_asset
from training.services.derivatives import register_derivatives
from training.services.exceptions import ExceptionAsk, ask_exception, end_exception, sign_exception
from training.services.reviews import answer_review
from training.services.rights import end_of_day, end_rights
from training.services.sources import open_class, rule_domain, stop_class

pytestmark = pytest.mark.django_db


@pytest.mark.req("TP-001", "TP-050", "TP-146", "TP-210", "TP-211")
def test_public_material_without_rights_is_refused_and_with_rights_is_admitted(house: House) -> None:
    source = house.source()
    without = house.ask(source)
    assert (without.asset, without.decision.outcome) == (None, "REFUSE")
    assert "LICENCE_MISSING" in without.decision.codes
    assert not TrainingAsset.objects.exists()
    rights = house.rights(source)
    admitted = house.admit(source)
    assert (admitted.state, admitted.rights) == ("ADMITTED", rights)


@pytest.mark.req("TP-170")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"may_train": False}, "TRAINING_NOT_PERMITTED"),
        ({"checks": {**CLEAR, "robots": "REFUSED"}}, "COLLECTION_NOT_PERMITTED"),
        ({"territories": ("FR",)}, "TERRITORY_NOT_PERMITTED"),
        ({"expires_on": date(2020, 1, 1)}, "LICENCE_EXPIRED"),
    ],
)
def test_what_the_licence_does_not_give_is_refused(house: House, changes: dict[str, Any], code: str) -> None:
    answer = house.ask(house.licensed_source(**changes))
    assert answer.asset is None
    assert code in answer.decision.codes


@pytest.mark.req("TP-072", "TP-074", "TP-150", "TP-151", "TP-002")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"licence_claim": "  "}, "LICENCE_MISSING"),
        ({"capture": {"hosting_domain": "films.example.test"}}, "PROVENANCE_INCOMPLETE"),
        ({"kind": "VIDEO", "capture": {"video_id": "v", "channel_id": "c"}}, "PROVENANCE_INCOMPLETE"),
        ({"canonical_url": "https://img.evil.example.test/x"}, "DOMAIN_BLOCKED"),
    ],
)
def test_what_lacks_at_the_edge_is_refused_before_a_byte_is_stored(
    house: House, changes: dict[str, Any], code: str
) -> None:
    rule_domain(principal=house.counsel, domain="evil.example.test", is_blocked=True, reason="Scraped.")
    source = house.licensed_source()
    answer = house.ask(source, **changes)
    assert (answer.asset, code in answer.decision.codes) == (None, True)
    assert not TrainingAsset.objects.exists()
    rule_domain(principal=house.counsel, domain="evil.example.test", is_blocked=False, reason="Settled.")
    assert house.admit(source, canonical_url="https://img.evil.example.test/x").state == "ADMITTED"


@pytest.mark.req("TP-073")
def test_a_wrong_checksum_stores_nothing(house: House) -> None:
    data = picture(3)
    asset = house.admit(**of_bytes(data))
    with pytest.raises(InvalidInput) as refused:
        receive_content(principal=house.engineer, asset_id=asset.pk, stream=io.BytesIO(data + b"x"))
    assert refused.value.code == "CHECKSUM_MISMATCH"
    asset.refresh_from_db()
    assert (asset.held, asset.location) == ("ELSEWHERE", "")
    kept = receive_content(principal=house.engineer, asset_id=asset.pk, stream=io.BytesIO(data)).asset
    assert kept is not None
    assert kept.held == "HERE"


@pytest.mark.req("TP-123", "TP-129")
def test_an_original_is_stored_under_its_hash_and_not_written_over(house: House) -> None:
    data = picture(4)
    asset = house.admit(**of_bytes(data))
    kept = receive_content(principal=house.engineer, asset_id=asset.pk, stream=io.BytesIO(data)).asset
    assert kept is not None
    assert kept.location.endswith(f"originals/{kept.sha256[:2]}/{kept.sha256}")
    with blobs().open(kept.location) as stored:
        assert stored.read() == data
    with pytest.raises(Conflict) as twice:
        receive_content(principal=house.engineer, asset_id=asset.pk, stream=io.BytesIO(data))
    assert twice.value.code == "ASSET_HAS_CONTENT"
    for field, value in (
        ("sha256", "0" * 64),
        ("canonical_url", "https://other.example.test/"),
        ("capture", {}),
    ):
        with pytest.raises(DatabaseError, match="stays as it is"), transaction.atomic():
            TrainingAsset.objects.filter(pk=asset.pk).update(**{field: value})
    with pytest.raises(DatabaseError, match="stays as it is"), transaction.atomic():
        TrainingAsset.objects.filter(pk=asset.pk)._raw_delete("default")  # type: ignore[attr-defined]


@pytest.mark.req("TP-144", "TP-126")
def test_corrupt_and_blurred_bytes_are_found(house: House) -> None:
    broken = picture(5)[:500]
    asset = house.admit(**of_bytes(broken))
    answer = receive_content(principal=house.engineer, asset_id=asset.pk, stream=io.BytesIO(broken))
    assert (answer.decision.outcome, list(answer.decision.codes)) == ("REFUSE", ["FILE_UNREADABLE"])
    asset.refresh_from_db()
    assert (asset.state, asset.location) == ("REFUSED", "")
    grey = io.BytesIO()
    from PIL import Image

    Image.new("RGB", (320, 240), (90, 90, 90)).save(grey, "PNG")
    flat = house.admit(**of_bytes(grey.getvalue()))
    answer = receive_content(principal=house.engineer, asset_id=flat.pk, stream=grey)
    assert answer.asset is not None
    assert (answer.asset.state, "LOW_QUALITY" in answer.decision.codes) == ("ISOLATED", True)
    assert "/isolated/" in answer.asset.location


@pytest.mark.req("TP-143")
def test_exact_and_near_duplicates_are_found(house: House) -> None:
    from PIL import Image

    data = picture(6)
    first = house.admit(**of_bytes(data))
    receive_content(principal=house.engineer, asset_id=first.pk, stream=io.BytesIO(data))
    again = house.ask(**of_bytes(data))
    assert (again.asset, "EXACT_DUPLICATE" in again.decision.codes) == (None, True)
    smaller = io.BytesIO()
    Image.open(io.BytesIO(data)).resize((160, 120)).save(smaller, "JPEG", quality=70)
    near = house.admit(**of_bytes(smaller.getvalue()), media_type="image/jpeg")
    answer = receive_content(principal=house.engineer, asset_id=near.pk, stream=smaller)
    assert (answer.decision.outcome, list(answer.decision.codes)) == ("ISOLATE", ["NEAR_DUPLICATE"])
    assert answer.asset is not None
    assert answer.asset.findings["near_duplicate_of"]["asset"] == str(first.pk)
    other = picture(7)
    unlike = house.admit(**of_bytes(other))
    kept = receive_content(principal=house.engineer, asset_id=unlike.pk, stream=io.BytesIO(other)).asset
    assert kept is not None
    assert kept.state == "ADMITTED"


@pytest.mark.req("TP-075")
def test_a_stopped_class_admits_nothing_from_that_moment_on(house: House) -> None:
    source = house.licensed_source()
    house.admit(source)
    # who runs the pipeline stops; opening again is counsel's
    stop_class(principal=house.engineer, class_id=source.source_class_id, reason="Claims.")
    answer = house.ask(source)
    assert (answer.asset, list(answer.decision.codes)) == (None, ["SOURCE_CLASS_STOPPED"])
    with pytest.raises(Forbidden):
        open_class(principal=house.engineer, class_id=source.source_class_id, reason="Settled.")
    open_class(principal=house.counsel, class_id=source.source_class_id, reason="Settled.")
    assert house.admit(source).state == "ADMITTED"


@pytest.mark.req("TP-101", "TP-212")
def test_ambiguous_material_is_isolated_until_somebody_else_decides(house: House) -> None:
    source = house.licensed_source(checks={**CLEAR, "terms_of_service": "UNKNOWN"})
    data = picture(8)
    asset = house.admit(source, by=house.producer, **of_bytes(data))
    assert (asset.state, list(asset.decision.codes)) == ("ISOLATED", ["RIGHTS_UNCLEAR"])
    receive_content(principal=house.producer, asset_id=asset.pk, stream=io.BytesIO(data))
    asset.refresh_from_db()
    assert "/isolated/" in asset.location
    with pytest.raises(Conflict) as refused:
        house.derive(asset)
    assert refused.value.code == "PARENT_NOT_ADMITTED"
    with pytest.raises(Forbidden) as own:
        answer_review(principal=house.producer, review_id=asset.review.pk, answer="ADMIT", reason="Fine.")
    assert own.value.code == "REVIEWER_COLLECTED"
    answer_review(principal=house.counsel, review_id=asset.review.pk, answer="ADMIT", reason="Asked them.")
    asset.refresh_from_db()
    assert asset.state == "ADMITTED"
    assert "/originals/" in asset.location
    assert house.derive(asset).dataset == "faces"
    with pytest.raises(Conflict):
        answer_review(principal=house.counsel, review_id=asset.review.pk, answer="REFUSE", reason="No.")


@pytest.mark.req("TP-141")
def test_a_crawled_source_of_unclear_rights_is_riskier_than_an_export_of_a_clear_one(house: House) -> None:
    unclear = house.licensed_source(
        licence_class="OPEN_NON_COMMERCIAL", checks={**CLEAR, "robots": "UNKNOWN", "copyright": "UNKNOWN"}
    )
    clear = house.licensed_source(checks={**CLEAR, "robots": "UNKNOWN"})
    risky = house.admit(unclear, method="CRAWLER").review.risk
    assert risky > house.admit(clear).review.risk


@pytest.mark.req("TP-080", "TP-081", "TP-082", "TP-083", "TP-084", "TP-085", "TP-102", "TP-104")
def test_an_exception_lifts_what_it_says_only_when_signed_and_until_it_ends(
    house: House, settings: Any, tmp_path: Any
) -> None:
    kind = house.source_class(is_allowed=False)
    source = house.source(kind)
    house.rights(source)
    at = clock.now()
    ask = ExceptionAsk(
        codes=("SOURCE_CLASS_NOT_ALLOWED",), source_class=kind.code, source=None,
        owner=house.producer.person.email, reason="A pilot.", compensating_controls="Every tenth is looked at.",
        rollback_plan="Remove the dataset.", review_on=(at + timedelta(days=5)).date(), ends_at=at + timedelta(days=9),
    )  # fmt: skip
    made = ask_exception(principal=house.engineer, ask=ask)
    assert house.admit(source).state == "ISOLATED"
    with pytest.raises(Forbidden):
        sign_exception(principal=house.engineer, exception_id=made.pk)
    sign_exception(principal=house.counsel, exception_id=made.pk)
    admitted = house.admit(source)
    assert (admitted.state, list(admitted.decision.exceptions)) == ("ADMITTED", [made.pk])
    settings.TEST_CLOCK_FILE = str(tmp_path / "clock")
    (tmp_path / "clock").write_text(str(10 * 86_400))
    assert house.admit(source).state == "ISOLATED"
    (tmp_path / "clock").write_text("0")
    end_exception(principal=house.counsel, exception_id=made.pk)
    assert house.admit(source).state == "ISOLATED"
    for wrong, code in (
        ({"codes": ("LICENCE_MISSING",)}, "CODE_NOT_LIFTABLE"),
        ({"ends_at": at + timedelta(days=400)}, "WINDOW_INVALID"),
        ({"owner": "nobody@example.test"}, "OWNER_UNKNOWN"),
        ({"rollback_plan": " "}, "TEXT_INVALID"),
    ):
        with pytest.raises(InvalidInput) as refused:
            ask_exception(principal=house.engineer, ask=replace(ask, **wrong))
        assert refused.value.code == code


@pytest.mark.req("TP-052")
def test_a_licence_ends_at_midnight_where_the_licence_lives(
    house: House, settings: Any, tmp_path: Any
) -> None:
    assert end_of_day(date(2026, 6, 30), "America/Los_Angeles") == datetime(2026, 7, 1, 7, tzinfo=UTC)
    assert end_of_day(date(2026, 6, 30), "Pacific/Kiritimati") == datetime(2026, 6, 30, 10, tzinfo=UTC)
    today = clock.now().date()
    west = house.rights(house.source(), expires_on=today, time_zone="Pacific/Pago_Pago")
    assert west.expires_at is not None
    settings.TEST_CLOCK_FILE = str(tmp_path / "clock")
    seconds = (west.expires_at - clock.now()).total_seconds()
    (tmp_path / "clock").write_text(str(seconds - 60))
    assert house.admit(west.source).state == "ADMITTED"
    (tmp_path / "clock").write_text(str(seconds + 60))
    assert "LICENCE_EXPIRED" in house.ask(west.source).decision.codes
    with pytest.raises(InvalidInput) as refused:
        house.rights(house.source(), expires_on=today, time_zone="Mars/Olympus")
    assert refused.value.code == "TIME_ZONE_UNKNOWN"


@pytest.mark.req("TP-051", "TP-053", "TP-054", "TP-006")
def test_a_rights_record_says_everything_and_never_changes(house: House) -> None:
    source = house.source()
    first = house.rights(source, attribution="Example Archive", restrictions=("No voices",))
    second = house.rights(source, may_train=False)
    assert (first.version, second.version) == (1, 2)
    assert "TRAINING_NOT_PERMITTED" in house.ask(source).decision.codes
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        RightsRecord.objects.filter(pk=second.pk).update(may_train=True)
    for changes, code in (
        ({"checks": {"robots": "CLEAR"}}, "CHECKS_INCOMPLETE"),
        ({"territories": ("XX",)}, "TERRITORY_UNKNOWN"),
        ({"licence_class": "FREE"}, "LICENCE_CLASS_UNKNOWN"),
        ({"evidence_sha256": "no"}, "EVIDENCE_INVALID"),
        ({"licence_source": ""}, "TEXT_INVALID"),
    ):
        with pytest.raises(InvalidInput) as refused:
            house.rights(source, **changes)
        assert refused.value.code == code


def test_an_ended_rights_record_admits_nothing_more(house: House) -> None:
    source = house.source()
    rights = house.rights(source)
    house.admit(source)
    end_rights(principal=house.counsel, rights_id=rights.pk, reason="They took it back.")
    assert "LICENCE_REVOKED" in house.ask(source).decision.codes
    with pytest.raises(Conflict):
        end_rights(principal=house.counsel, rights_id=rights.pk, reason="Again.")


@pytest.mark.req("ST-080")
def test_a_talents_training_licence_is_a_basis_and_its_revocation_ends_it_at_once() -> None:
    from licensing import services
    from tests.factories import make_submitted_request

    render = make_submitted_request()
    licence = approve(render)
    house = House(render.production.organisation)
    asked = services.submit_training_request(principal=house.producer, ask=make_training_ask(render))
    talent = desk_of_talent(render.talent)
    token = services.approve_training(principal=talent, request_id=asked.pk, terms_hash=asked.terms_hash)
    basis = {"licence_class": "TALENT_TRAINING_LICENCE"}
    source = house.source()
    for wrong in (licence.pk, None):
        with pytest.raises(InvalidInput) as refused:  # a render licence never carries training
            house.rights(source, **basis, training_token=wrong)
        assert refused.value.code == "TRAINING_LICENCE_UNKNOWN"
    with pytest.raises(InvalidInput):
        House().rights(House().source(), **basis, training_token=token.pk)
    house.rights(source, **basis, training_token=token.pk)
    assert house.admit(source, flags=("FACE",)).state == "ADMITTED"
    services.revoke_training(principal=talent, jti=token.pk, reason="No more.")
    assert "LICENCE_REVOKED" in house.ask(source).decision.codes


@pytest.mark.req("TP-100", "TP-122", "TP-003")
def test_a_decision_keeps_the_text_and_the_facts_it_was_made_of(house: House) -> None:
    decision = house.ask().decision
    # that the source was authorised, the collection permitted, and the licence's limits kept, is on record
    told = {"has_rights": True, "rights_in_force": True, "may_train": True, "checks_refused": False,
            "method": "EXPORT", "territory": "US", "territory_permitted": True}  # fmt: skip
    assert told.items() <= decision.facts.items()
    assert PolicyText.objects.get(pk=decision.policy_id).text == HOUSE
    again = decide(compile_policy(), Facts(**{
        name: tuple(value) if isinstance(value, list) else value for name, value in decision.facts.items()
    }))  # fmt: skip
    assert (again.outcome, list(again.codes)) == (decision.outcome, decision.codes)
    for row in (decision, PolicyText.objects.get(pk=decision.policy_id)):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            type(row).objects.filter(pk=row.pk)._raw_delete("default")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        PolicyDecision.objects.filter(pk=decision.pk).update(outcome="ADMIT")


def test_a_rule_that_cannot_be_evaluated_refuses(house: House) -> None:
    facts = Facts(**house_facts(house))
    broken = compile_policy(
        '@id("TOO_LARGE") forbid (principal, action, resource) when { context.size_bytes + 1 > 10 };'
    )
    wrong = replace(facts, size_bytes=2**63 - 1)  # overflows inside the rule
    assert decide(broken, wrong).codes == ("POLICY_ERROR",)
    with pytest.raises(InvalidInput) as refused:
        compile_policy('@id("X") forbid (principal, action, resource) when { context.no_such_fact };')
    assert refused.value.code == "POLICY_INVALID"


def test_no_single_fact_admits_what_the_others_refuse(house: House) -> None:
    """Facts at random: the gate admits exactly where none of the stated grounds stands against it."""
    good = house_facts(house)
    rng = random.Random(8)
    flips = {name: not value for name, value in good.items() if isinstance(value, bool)}
    neutral = {"may_derive", "may_redistribute", "talent_licensed", "sampled_out"}
    for _ in range(60):
        changed = {name: flips[name] for name in rng.sample(sorted(flips), rng.randint(0, 4))}
        verdict = decide(compile_policy(), Facts(**{**good, **changed}))
        assert (verdict.outcome == "ADMIT") == (set(changed) <= neutral), changed
    assert LIFTABLE.isdisjoint({"LICENCE_MISSING", "LICENCE_EXPIRED", "DOMAIN_BLOCKED"})


def house_facts(house: House) -> dict[str, Any]:
    told = house.ask().decision.facts
    return {name: tuple(value) if isinstance(value, list) else value for name, value in told.items()}


@pytest.mark.req("TP-014", "TP-015", "TP-016", "TP-017", "TP-018", "TP-019", "TP-020", "TP-023")
def test_every_verdict_is_an_event_with_the_fields_that_explain_it(house: House) -> None:
    asset = house.admit()
    refused = house.ask(house.source())
    for subject, verdict in ((asset.pk, "ADMIT"), (refused.decision.pk, "REFUSE")):
        event = Event.objects.get(kind="training.asset_judged", object_id=str(subject))
        assert event.details["verdict"] == verdict
        assert {"human_override", "derived_from"} <= set(event.details)
        assert all(event.details[name] for name in ("source_url", "collector", "checksum", "licence_claim"))
        assert event.details["decision"] == str(PolicyDecision.objects.get(pk=event.details["decision"]).pk)


@pytest.mark.req("TP-030", "TP-031", "TP-032", "TP-033", "TP-086")
def test_everything_of_the_collection_is_captured(house: House) -> None:
    film = {
        "video_id": "v1",
        "channel_id": "c1",
        "title": "Reel",
        "duration_seconds": 12,
        "uploaded_at": "2026-01-01T00:00:00Z",
    }
    asset = house.admit(kind="VIDEO", media_type="video/mp4", method="PARTNER_FEED", capture=film)
    assert {**film}.items() <= asset.capture.items()
    source = Source.objects.get(pk=asset.source_id)
    assert (source.rights_holder, source.organisation) == ("Example Archive Ltd", house.organisation)
    assert asset.collector == house.engineer.person.full_name
    with pytest.raises(InvalidInput) as refused:
        house.ask(method="BORROWED")
    assert refused.value.code == "CAPTURE_INVALID"


@pytest.mark.req("TP-012", "TP-034", "TP-038", "TP-039", "TP-153")
def test_derivatives_say_both_sides_the_steps_the_code_and_who_approved(house: House) -> None:
    from tests.training.making import make_derivative
    from training.services.derivatives import JobAsk, register_job

    asset = house.admit()
    made = house.derive(asset)
    assert made.job.approved_by == house.producer.person
    assert made.technical["normalisation"] == [{"step": "crop"}]
    job = house.job()
    with pytest.raises(InvalidInput) as refused:
        register_derivatives(
            principal=house.engineer,
            job_id=job.pk,
            asks=[make_derivative(asset.pk, technical={"original": {"width": 1}})],
        )
    assert refused.value.code == "TECHNICAL_INCOMPLETE"
    with pytest.raises(Conflict) as gone:
        register_derivatives(principal=house.engineer, job_id=job.pk, asks=[make_derivative(make_id())])
    assert gone.value.code == "PARENT_MISSING"
    with pytest.raises(InvalidInput) as own:
        register_job(
            principal=house.engineer,
            ask=JobAsk(
                name="x",
                code_commit="c" * 40,
                container_image="i",
                steps=[{}],
                approved_by=house.engineer.person.email,
            ),
        )
    assert own.value.code == "APPROVER_IS_YOU"


def make_id() -> Any:
    from common.ids import new_id

    return new_id()


def test_of_two_parents_with_conflicting_rights_the_strictest_holds(house: House) -> None:
    from training.models import LineageNode
    from training.selectors.lineage import sources_above
    from training.selectors.rights import current_rights, strictest

    free = house.admit(house.licensed_source(may_redistribute=True, territories=("US", "CA", "FR")))
    tight = house.admit(
        house.licensed_source(may_redistribute=False, territories=("US",), restrictions=("No voices",))
    )
    made = house.derive(free, tight)
    held = current_rights(sources_above(house.organisation.pk, [made.node_id]), at=clock.now())
    together = strictest(held.values())
    assert (together["may_redistribute"], together["territories"], together["restrictions"]) == (
        False,
        ["US"],
        ["No voices"],
    )
    closed = house.licensed_source(may_derive=False)
    with pytest.raises(Conflict) as refused:
        house.derive(free, house.admit(closed))
    assert refused.value.code == "DERIVATIVES_NOT_PERMITTED"
    assert refused.value.extra["sources"] == [str(closed.pk)]
    assert LineageNode.objects.filter(kind="DERIVATIVE").count() == 1


def test_a_stranger_and_who_does_not_train_find_nothing(house: House, stranger: House) -> None:
    source = house.licensed_source()
    agent = make_agent(make_agency())
    for caller in (stranger.engineer, agent):
        with pytest.raises(NotFound):
            register_asset(principal=caller, source_id=source.pk, capture=make_capture())
    with pytest.raises(Forbidden):
        register_asset(principal=house.counsel, source_id=source.pk, capture=make_capture())
