"""Counsel defines classes of licences, prohibited sources, territories, retention and takedowns, and each holds at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.utils import DatabaseError

from common import clock
from common.errors import DomainError, Forbidden, InvalidInput, NotFound
from tests import factories
from tests.factories import signed_in
from tests.training.making import COMMIT, House
from training.models import HouseRules, Takedown, TakedownItem, TrainingAsset
from training.services.automatic import open_due_takedowns, open_for_policy, organisations_to_judge
from training.services.manifests import ManifestAsk, freeze_manifest, release_manifest
from training.services.releasing import may_be_trained_on
from training.services.retention import remove_what_was_kept_long_enough
from training.services.rights import end_rights
from training.services.rules import RulesAsk, set_rules
from training.services.runs import ModelAsk, RunAsk, register_models, register_run
from training.services.takedown_acts import answer_item
from training.services.takedowns import TakedownAsk, open_takedown
from training.vocabulary import LicenceClass, TakedownTrigger

pytestmark = pytest.mark.django_db

USUAL = {str(one): {"hours": 72, "model_actions": ["MITIGATE", "RETRAIN"]} for one in TakedownTrigger}
RULES = RulesAsk(
    licence_classes=tuple(LicenceClass.values),
    territories=("WORLD",),
    takedowns=USUAL,
    note="As the board said.",
)


def rule(house: House, **changes: Any) -> HouseRules:
    made = set_rules(principal=house.counsel, ask=replace(RULES, **changes))
    for one in organisations_to_judge():
        open_for_policy(organisation_id=one)
    return made


def frozen(house: House, *assets: TrainingAsset) -> Any:
    ask = ManifestAsk(
        name=f"faces-{len(assets)}", code_commit=COMMIT, container_image="image@sha256:1", territory="US",
        purpose="A test.", assets=tuple(one.pk for one in assets),
    )  # fmt: skip
    made = freeze_manifest(principal=house.engineer, ask=ask)
    released, _answer = release_manifest(principal=house.counsel, name=made.content_id)
    return released


@pytest.mark.req("TP-162")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"licence_classes": ("OWNED",)}, "RULES_LICENCE_CLASS"),
        ({"prohibited_source_types": ("ARCHIVE",)}, "RULES_SOURCE_TYPE"),
        ({"prohibited_methods": ("EXPORT",)}, "RULES_METHOD"),
        ({"territories": ("CA", "US-CA")}, "RULES_TERRITORY"),
    ],
)
def test_what_counsel_does_not_accept_is_refused_and_what_came_in_before_is_taken_down(
    house: House, changes: dict[str, Any], code: str
) -> None:
    source = house.licensed_source()
    rule(house)
    kept = house.admit(source)
    manifest = frozen(house, kept)
    assert may_be_trained_on(manifest).is_clear
    set_rules(principal=house.counsel, ask=replace(RULES, **changes))
    # from this commit on: neither what comes, nor what is there
    asked = house.ask(source)
    assert (asked.decision.outcome, asked.decision.codes) == ("REFUSE", [code])
    assert code in asked.decision.policy.text
    assert set(may_be_trained_on(manifest).codes) == {"POLICY_CHANGED", "POLICY_NOT_APPLIED"}
    assert organisations_to_judge() == [house.organisation.pk]
    case = Takedown.objects.get(
        organisation=house.organisation, pk__in=[open_for_policy(organisation_id=house.organisation.pk)]
    )
    assert (case.trigger, case.roots, code in case.reason) == ("POLICY_CHANGED", [kept.node_id], True)
    kept.refresh_from_db()
    manifest.refresh_from_db()
    assert (kept.state, organisations_to_judge()) == ("ISOLATED", [])
    told = set(may_be_trained_on(manifest).codes)
    assert told == {"POLICY_CHANGED", "MANIFEST_WITHDRAWN", "ASSET_NOT_ADMITTED"}
    rule(house)
    assert house.ask(source).decision.outcome == "ADMIT"


@pytest.mark.req("TP-162")
def test_counsel_says_how_long_a_takedown_takes_and_what_may_be_done_about_a_model(house: House) -> None:
    asset = house.admit()
    quick = {"hours": 4, "model_actions": ["RETRAIN"]}
    rule(house, takedowns={**USUAL, "CLAIM": quick})
    manifest = frozen(house, asset)
    run = register_run(
        principal=house.engineer,
        ask=RunAsk(external_id="r1", name="r1", manifest=manifest.content_id, code_commit=COMMIT,
                   container_image="image@sha256:1", parameters={}),
    )  # fmt: skip
    register_models(
        principal=house.engineer, run_id=run.pk, asks=[ModelAsk(name="m", version="1", sha256="7" * 64)]
    )
    before = clock.now()
    ask = TakedownAsk(trigger="CLAIM", reason="Not mine to give.", assets=(asset.pk,))
    case = open_takedown(principal=house.counsel, ask=ask)
    assert timedelta(hours=4) <= case.due_at - before < timedelta(hours=4, minutes=5)
    item = TakedownItem.objects.get(takedown=case, kind="MODEL")
    assert (item.choices, item.due_at) == (["RETRAIN"], case.due_at)
    told: dict[str, Any] = {"principal": house.engineer, "takedown_id": case.pk, "item_id": item.pk, "evidence": "Ticket 4.",
            "evidence_sha256": ""}  # fmt: skip
    with pytest.raises(InvalidInput) as refused:
        answer_item(action="MITIGATE", **told)
    assert refused.value.code == "ACTION_UNKNOWN"
    assert answer_item(action="RETRAIN", **told).action == "RETRAIN"


@pytest.mark.req("TP-162")
@pytest.mark.parametrize(("own", "counsels", "days"), [(30, 3, 3), (3, 30, 3), (None, 3, 3)])
def test_material_is_kept_as_long_as_the_shorter_of_rights_and_rules_allows(
    house: House, own: int | None, counsels: int, days: int
) -> None:
    source = house.licensed_source(retention_days=own)
    asset = house.admit(source)
    rule(house, retention_days=counsels)
    end_rights(principal=house.counsel, rights_id=asset.rights_id, reason="Taken back.")
    (case,) = open_due_takedowns()
    ended = clock.now()
    assert remove_what_was_kept_long_enough(at=ended + timedelta(days=days, seconds=-9)) == []
    assert remove_what_was_kept_long_enough(at=ended + timedelta(days=days)) == [case]
    asset.refresh_from_db()
    assert asset.state == "REMOVED"


@pytest.mark.req("TP-162")
def test_nobody_but_counsel_in_person_defines_them_and_no_version_changes(
    house: House, stranger: House
) -> None:
    def code(error: type[DomainError], *, by: Any = None, **changes: Any) -> str:
        with pytest.raises(error) as refused:
            set_rules(principal=by or house.counsel, ask=replace(RULES, **changes))
        return str(refused.value.extra.get("field", refused.value.code))

    for who in (house.engineer, house.producer):
        assert code(Forbidden, by=who) == "COUNSEL_ONLY"
    code(NotFound, by=factories.make_desk(factories.make_agency(), "LEGAL"))
    wrong: dict[str, Any] = {
        "licence_classes": (), "prohibited_source_types": ("SHOP",), "prohibited_methods": ("FAX",),
        "retention_days": -1, "takedowns": {"CLAIM": USUAL["CLAIM"]},
    }  # fmt: skip
    for field, value in wrong.items():
        assert code(InvalidInput, **{field: value}) == field
    for bad in ({"hours": 0, "model_actions": ["RETRAIN"]}, {"hours": 4, "model_actions": ["REMOVE"]}):
        assert code(InvalidInput, takedowns={**USUAL, "CLAIM": bad}) == "takedowns.CLAIM"
    assert code(InvalidInput, territories=("XX",)) == "TERRITORY_UNKNOWN"
    assert code(InvalidInput, note=" ") == "NOTE_INVALID"
    assert not HouseRules.objects.exists()
    assert [rule(house).version, rule(house).version, rule(stranger).version] == [1, 2, 1]
    acts: list[Callable[[], Any]] = [
        HouseRules.objects.all().delete,
        lambda: HouseRules.objects.update(note="x"),
    ]
    for act in acts:
        with pytest.raises(DatabaseError), transaction.atomic():
            act()


def test_rules_of_one_house_bind_no_other(house: House, stranger: House) -> None:
    rule(house, licence_classes=("OWNED",))
    assert house.ask().decision.outcome == "REFUSE"
    theirs = stranger.admit()
    assert may_be_trained_on(frozen(stranger, theirs)).is_clear
    with pytest.raises(InvalidInput) as refused:
        frozen(house, house.admit(house.licensed_source(licence_class="OWNED")), theirs)
    assert refused.value.code == "ROW_UNKNOWN"


@pytest.mark.req("TP-162")
def test_the_rules_are_read_by_the_house_and_written_by_counsel_over_the_interface(
    house: House, stranger: House
) -> None:
    told = {"licence_classes": ["OWNED"], "territories": ["US"], "takedowns": USUAL, "note": "Read."}
    path = "/api/v1/training-rules"
    counsel, engineer = signed_in(house.counsel.person), signed_in(house.engineer.person)
    refused = engineer.post(path, told, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (403, "COUNSEL_ONLY")
    partly = {**told, "takedowns": {"CLAIM": USUAL["CLAIM"]}}
    assert counsel.post(path, partly, content_type="application/json").status_code in (400, 422)
    made = counsel.post(path, told, content_type="application/json")
    assert (made.status_code, made.json()["version"], made.json()["takedowns"]) == (201, 1, USUAL)
    assert [row["text"] for row in engineer.get(path).json()["results"]] == [made.json()["text"]]
    assert signed_in(stranger.counsel.person).get(path).json()["results"] == []
