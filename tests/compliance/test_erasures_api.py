"""Erasure over HTTP: seen beforehand, asked for in person, confirmed by another, carried out by a job after its days."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from accounts.principals import Principal
from accounts.subject_keys import is_destroyed
from audit.models import Event
from common import clock
from common.keys import public_keys
from compliance.erasure.models import Erasure
from compliance.erasure.services import carry_out_erasure, certificate_message
from compliance.tasks import erase_due
from licensing.models import Hold, Mandate, RequestDraft, Talent
from tests import factories
from tests.compliance.test_erasure import NAME, REASON, ended, licensed, operators, use_own_stores
from trustcore.signing import is_signature

pytestmark = pytest.mark.django_db
URL = "/api/v1/erasures"
DAYS = 7


@pytest.fixture(autouse=True)
def with_days(settings: Any, tmp_path: Path) -> None:
    use_own_stores(settings, tmp_path)
    settings.ERASURE_COOLING_OFF_SECONDS = DAYS * 86_400


def send(desk: Principal, path: str = "", *, seconds_ago: float = 0.0, **body: Any) -> tuple[int, Any]:
    client = factories.signed_in(desk.person, seconds_ago=seconds_ago)
    answer = client.post(f"{URL}{path}", body, content_type="application/json")
    return answer.status_code, answer.json()


def read(desk: Principal, path: str = "") -> tuple[int, Any]:
    answer = factories.signed_in(desk.person).get(f"{URL}{path}")
    return answer.status_code, answer.json()


def talent_whose_licence_ended() -> tuple[Talent, Principal]:
    person = ended(licensed())
    assert person.talent is not None
    return person.talent, factories.desk_of_talent(person.talent)


def days_pass(row: UUID | str, days: int = DAYS) -> None:
    asked = Erasure.objects.get(pk=row)
    assert asked.due_at is not None
    Erasure.objects.filter(pk=row).update(due_at=asked.due_at - timedelta(days=days))


@pytest.mark.req("BX-019")
def test_a_talent_sees_it_asks_for_it_another_confirms_and_a_job_does_it_after_its_days() -> None:
    talent, herself = talent_whose_licence_ended()
    _, other = operators()
    status, plan = send(herself, "/plans")
    assert (status, plan["against"], plan["cooling_off_seconds"]) == (200, [], DAYS * 86_400)
    assert (plan["rows"]["licensing_talent"], plan["keys_destroyed"]) == (1, 1)
    assert any("receipts" in one["what"] and one["why"] for one in plan["kept"])
    assert Talent.objects.get(pk=talent.pk).stage_name == NAME  # a look changes nothing
    status, asked = send(herself, ground="CONSENT_WITHDRAWN")
    assert (status, asked["state"], asked["asked_for"]) == (201, "ASKED", "SUBJECT")
    assert {**asked["rows"], "django_session": 0} == {**plan["rows"], "django_session": 0}
    status, confirmed = send(other, f"/{asked['id']}/confirmation")
    assert (status, confirmed["state"]) == (200, "CONFIRMED")
    assert erase_due() == 0  # its days are not over
    assert Talent.objects.get(pk=talent.pk).stage_name == NAME
    assert read(other, f"/{asked['id']}/certificate")[1]["code"] == "ERASURE_NOT_DONE"
    days_pass(asked["id"])
    assert erase_due() == 1
    assert Talent.objects.get(pk=talent.pk).stage_name == "Erased person"
    assert is_destroyed(talent.pk)
    status, signed = read(other, f"/{asked['id']}/certificate")
    row = Erasure.objects.get(pk=asked["id"])
    assert status == 200
    assert is_signature(
        public_keys("BUNDLE")[signed["kid"]], bytes.fromhex(signed["signature"]), certificate_message(row)
    )
    told = signed["certificate"]
    assert (told["asked_for"], told["confirmed_by"]) == ("SUBJECT", str(other.person.pk))
    assert told["rows"]["licensing_talent"] == 1
    assert NAME not in str(signed)
    assert REASON not in str(signed)
    assert erase_due() == 0  # once
    assert carry_out_erasure(erasure_id=row.pk) is None
    kinds = list(Event.objects.filter(object_id=str(row.pk)).order_by("pk").values_list("kind", flat=True))
    assert kinds == ["erasure.asked", "erasure.confirmed", "erasure.done"]


def test_who_is_neither_the_person_nor_the_operator_finds_nobody_to_erase() -> None:
    talent, herself = talent_whose_licence_ended()
    one, _ = operators()
    stranger = factories.make_producer(factories.make_studio())
    for path in ("", "/plans"):
        extra: dict[str, Any] = {"ground": "OBJECTION"} if not path else {}
        status, told = send(stranger, path, talent=talent.handle, **extra)
        assert (status, told["code"]) == (404, "NOT_FOUND")
        status, nobody = send(stranger, path, talent="no-such-handle", **extra)
        assert (status, nobody["code"]) == (404, "NOT_FOUND")
    asked = send(herself, ground="OBJECTION")[1]
    assert read(stranger, f"/{asked['id']}")[0] == 404
    assert send(stranger, f"/{asked['id']}/withdrawal")[0] == 404
    assert read(stranger)[1]["results"] == []
    assert [row["id"] for row in read(herself)[1]["results"]] == [asked["id"]]
    assert [row["id"] for row in read(one)[1]["results"]] == [asked["id"]]
    assert send(herself, f"/{asked['id']}/confirmation")[1]["code"] == "OPERATOR_ONLY"
    credential, _key = factories.make_credential(talent.organisation, created_by=herself.person)
    by_key = Client().post(
        URL, {"ground": "OBJECTION"}, content_type="application/json", headers=factories.bearer(credential)
    )
    assert by_key.status_code == 403


def test_nobody_asks_or_confirms_without_a_fresh_proof_of_who_is_there() -> None:
    _talent, herself = talent_whose_licence_ended()
    _, other = operators()
    status, told = send(herself, seconds_ago=3600, ground="OBJECTION")
    assert (status, told["code"]) == (403, "STEP_UP_REQUIRED")
    assert Erasure.objects.count() == 0
    asked = send(herself, ground="OBJECTION")[1]
    status, told = send(other, f"/{asked['id']}/confirmation", seconds_ago=3600)
    assert (status, told["code"]) == (403, "STEP_UP_REQUIRED")
    assert Erasure.objects.get().state == "ASKED"


@pytest.mark.parametrize("reason", ["LEGAL_HOLD", "DISPUTE_HOLD"])
def test_a_hold_refuses_it_when_asked_when_confirmed_and_on_its_day(reason: str) -> None:
    talent, herself = talent_whose_licence_ended()
    one, other = operators()

    def held() -> Hold:
        return Hold.objects.create(
            reason=reason, talent=talent, side="TALENT", placed_by=herself.person,
            placed_for=herself.organisation, placed_at=clock.now(), why="A claim in court.",
        )  # fmt: skip

    first = held()
    status, told = send(herself, ground="OBJECTION")
    assert (status, told["code"]) == (409, "ERASURE_LEGAL_HOLD")
    assert told["against"] == [{"code": "ERASURE_LEGAL_HOLD", "count": 1}]
    assert send(herself, "/plans")[1]["against"] == told["against"]
    Hold.objects.filter(pk=first.pk).update(
        lifted_at=clock.now(), lifted_by=herself.person, lifted_for=herself.organisation
    )
    asked = send(one, talent=talent.handle, ground="LEGAL_DUTY")[1]
    second = held()
    assert send(other, f"/{asked['id']}/confirmation")[1]["code"] == "ERASURE_LEGAL_HOLD"
    Hold.objects.filter(pk=second.pk).update(
        lifted_at=clock.now(), lifted_by=herself.person, lifted_for=herself.organisation
    )
    assert send(other, f"/{asked['id']}/confirmation")[0] == 200
    third = held()
    days_pass(asked["id"])
    assert erase_due() == 0
    row = read(one, f"/{asked['id']}")[1]
    assert (row["state"], row["against"]) == ("CONFIRMED", [{"code": "ERASURE_LEGAL_HOLD", "count": 1}])
    assert erase_due() == 0
    assert Event.objects.filter(kind="erasure.held").count() == 1  # told once, not every minute
    assert Talent.objects.get(pk=talent.pk).stage_name == NAME
    Hold.objects.filter(pk=third.pk).update(
        lifted_at=clock.now(), lifted_by=herself.person, lifted_for=herself.organisation
    )
    assert erase_due() == 1


def test_it_can_be_taken_back_until_its_day_and_what_the_operator_asked_by_the_operator_alone() -> None:
    talent, herself = talent_whose_licence_ended()
    one, other = operators()
    asked = send(herself, ground="OBJECTION")[1]
    send(other, f"/{asked['id']}/confirmation")
    assert send(herself, f"/{asked['id']}/withdrawal")[1]["state"] == "WITHDRAWN"
    assert send(herself, f"/{asked['id']}/withdrawal")[1]["code"] == "ERASURE_ENDED"
    assert erase_due() == 0
    again = send(one, talent=talent.handle, ground="LEGAL_DUTY")[1]
    assert send(one, f"/{again['id']}/confirmation")[1]["code"] == "FOUR_EYES"
    status, told = send(herself, f"/{again['id']}/withdrawal")
    assert (status, told["code"]) == (403, "OPERATOR_ONLY")
    assert send(other, f"/{again['id']}/confirmation")[0] == 200
    assert send(other, f"/{again['id']}/confirmation")[1]["code"] == "ERASURE_CONFIRMED"
    assert send(herself, ground="OBJECTION")[1]["code"] == "ERASURE_ASKED"


def test_who_is_still_a_member_may_ask_and_is_confirmed_only_after_leaving() -> None:
    studio = factories.make_studio()
    leaver = factories.make_producer(studio)
    _, other = operators()
    plan = send(leaver, "/plans")[1]
    assert plan["against"] == [{"code": "ERASURE_STILL_MEMBER", "count": 1}]
    status, asked = send(leaver, ground="NO_LONGER_NEEDED")
    assert status == 201
    assert send(other, f"/{asked['id']}/confirmation")[1]["code"] == "ERASURE_STILL_MEMBER"
    leaver.person.memberships.update(ended_at=clock.now())
    assert send(other, f"/{asked['id']}/confirmation")[0] == 200
    status, told = send(other, ground="OBJECTION", user="nobody@nowhere.example")
    assert (status, told["code"]) == (404, "NOT_FOUND")
    assert send(other, ground="BECAUSE")[0] == 422


def test_a_name_is_looked_for_only_where_the_person_was_known_and_an_id_everywhere() -> None:
    talent, herself = talent_whose_licence_ended()
    stranger = factories.make_producer(factories.make_studio())
    far = {"organisation": stranger.organisation, "created_by": stranger.person, "changed_at": clock.now()}
    named = RequestDraft.objects.create(title="Ours", body={"note": f"{NAME} or another"}, **far)
    meant = RequestDraft.objects.create(title="Ours", body={"talent": str(talent.pk)}, **far)
    mandate = Mandate.objects.filter(talent=talent).first()
    assert mandate is not None
    near = RequestDraft.objects.create(
        title="Theirs", body={"note": f"{NAME} again"}, organisation=mandate.agency, created_by=herself.person,
        changed_at=clock.now(),
    )  # fmt: skip
    plan = send(herself, "/plans")[1]
    assert plan["rows"]["licensing_requestdraft"] == 2  # and not how often somebody else writes that name
    _, other = operators()
    asked = send(herself, ground="CONSENT_WITHDRAWN")[1]
    assert send(other, f"/{asked['id']}/confirmation")[0] == 200
    days_pass(asked["id"])
    assert erase_due() == 1
    bodies = {row.pk: row.body for row in RequestDraft.objects.all()}
    assert (bodies[named.pk], bodies[meant.pk], bodies[near.pk]) == ({"note": f"{NAME} or another"}, {}, {})
