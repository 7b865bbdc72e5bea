"""How often a key may ask, and how much somebody without part may leave in a production's log."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from common import clock
from receipts.models import PendingEntry, RenderCheck
from receipts.services import pace
from tests import factories
from tests.receipts.conftest import Farm, logged, make_farm
from trustcore.receipt import CheckedEntry

pytestmark = pytest.mark.django_db


def reasons(response: Any) -> list[str]:
    answer = response.json()
    assert response.status_code == 200, answer
    codes: list[str] = answer["reason_codes"]
    return codes


def test_key_beyond_its_rate_is_refused_and_another_key_is_not(farm: Farm, settings: Any) -> None:
    settings.CHECKS_PER_SECOND = 1
    jws = farm.jws()
    answers = [reasons(farm.check(token=jws)) for _ in range(4)]
    assert answers == [[], [], ["RATE_LIMITED"], ["RATE_LIMITED"]]
    colleague = Farm(farm.token, *factories.make_credential(farm.token.licensee))
    assert reasons(colleague.check()) == []


def test_flood_of_refusals_is_kept_once_a_second_and_never_logged(farm: Farm, settings: Any) -> None:
    settings.CHECKS_PER_SECOND = 1
    jws = farm.jws()
    for _ in range(12):
        farm.check(token=jws)
    assert RenderCheck.objects.filter(reasons=["RATE_LIMITED"]).count() in {1, 2}
    assert {entry.reasons for entry in logged(farm.token.production_id, CheckedEntry)} == {()}


def test_key_of_an_answer_that_was_kept_nowhere_asks_anew(farm: Farm, settings: Any) -> None:
    settings.CHECKS_PER_SECOND = 1
    same = {"token": farm.jws(), "key": "k", "requested_at": clock.rfc3339(clock.now())}
    farm.check()
    farm.check()
    assert reasons(farm.check(**same)) == ["RATE_LIMITED"]
    settings.CHECKS_PER_SECOND = 0
    assert reasons(farm.check(**same)) == []


def test_stranger_leaves_a_few_refusals_in_the_log_and_then_none(farm: Farm) -> None:
    stranger, stolen = make_farm(), farm.jws()
    answers = [reasons(stranger.check(token=stolen)) for _ in range(9)]
    assert answers[:5] == [["AUDIENCE_MISMATCH"]] * 5
    assert answers[5:] == [["AUDIENCE_MISMATCH", "RATE_LIMITED"]] * 4
    entries = logged(farm.token.production_id, CheckedEntry)
    assert [entry.reasons for entry in entries] == [("AUDIENCE_MISMATCH",)] * 5
    assert RenderCheck.objects.count() == 5, "beyond the limit nothing is written at all"
    assert not PendingEntry.objects.exists()
    assert reasons(farm.check()) == [], "the licence's own farm is not slowed"
    assert reasons(stranger.check()) == [], "nor is the stranger on its own licence"


def test_limit_does_not_tell_a_licence_that_exists_from_one_that_does_not(farm: Farm) -> None:
    import base64
    import json

    def told(jti: uuid.UUID) -> list[list[str]]:
        claim = base64.urlsafe_b64encode(json.dumps({"jti": str(jti)}).encode()).rstrip(b"=").decode()
        stranger = make_farm()
        return [reasons(stranger.check(token=f"x.{claim}.y", proof="x.y.z")) for _ in range(7)]

    assert told(farm.token.pk) == told(uuid.uuid4())


def test_vendor_that_takes_part_is_no_stranger(farm: Farm) -> None:
    vendor = factories.make_vendor()
    other = make_farm(production=farm.token.production, vendors=[vendor], credential_of=vendor)
    stolen = farm.jws()
    answers = [reasons(other.check(token=stolen)) for _ in range(8)]
    assert answers == [["AUDIENCE_MISMATCH"]] * 8
    assert len(logged(farm.token.production_id, CheckedEntry)) == 8


def test_buckets_of_other_settings_are_others(settings: Any) -> None:
    caller = uuid.uuid4()
    settings.CHECKS_PER_SECOND = 1
    assert [pace.may_ask(caller) for _ in range(3)] == [True, True, False]
    settings.CHECKS_PER_SECOND = 2000
    assert pace.may_ask(caller) is True
