"""The hot path remembers callers, tokens and licences: nothing that it remembers may outlive the truth."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from accounts.models import ApiCredential, Membership, User
from common import clock, keys
from licensing.models import LicenceToken
from receipts.models import CheckKey, DpopProofSeen, Lease, Quota, RenderCheck
from receipts.services import lane
from tests import factories
from tests.receipts.conftest import CHECKS, EdgeClient, Farm, logged, make_farm, revoke
from trustcore.receipt import CheckedEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def farm(db: None) -> Farm:
    """A farm that has asked once: its key, its token and its licence are remembered."""
    made = make_farm()
    made.client = EdgeClient()
    assert made.check().json()["decision"] == "ALLOW_WITH_OBLIGATIONS"
    assert made.client.left_to_django == 0
    return made


def problem(response: Any) -> tuple[int, str]:
    assert response["Content-Type"] == "application/problem+json"
    return response.status_code, response.json()["code"]


def test_remembered_licence_is_not_believed_once_it_is_revoked(farm: Farm) -> None:
    jws = farm.jws()
    assert farm.check(token=jws).json()["lease"]
    revoke(farm.token)
    answer = farm.check(token=jws).json()
    assert (answer["decision"], answer["reason_codes"], answer["lease"]) == ("DENY", ["REVOKED"], None)


def test_remembered_licence_is_not_believed_once_a_row_changes_behind_our_back(farm: Farm) -> None:
    jws = farm.jws()
    assert farm.check(token=jws).json()["lease"]
    LicenceToken.objects.filter(pk=farm.token.pk).update(state="SUSPENDED")
    assert farm.check(token=jws).json()["reason_codes"] == ["SUSPENDED"]
    LicenceToken.objects.filter(pk=farm.token.pk).update(state="ACTIVE")
    assert farm.check(token=jws).json()["lease"]


def test_remembered_key_is_refused_once_it_is_revoked(farm: Farm) -> None:
    ApiCredential.objects.filter(pk=farm.credential.pk).update(revoked_at=clock.now())
    before = RenderCheck.objects.count()
    assert problem(farm.check()) == (401, "API_KEY_REVOKED")
    assert RenderCheck.objects.count() == before


def test_remembered_key_is_refused_once_its_time_is_over(farm: Farm, move_clock: Any) -> None:
    ApiCredential.objects.filter(pk=farm.credential.pk).update(expires_at=clock.now() + timedelta(hours=1))
    jws = farm.jws()
    assert farm.check(token=jws).json()["lease"], "the change is seen, and the key is good still"
    move_clock(hours=2)
    assert problem(farm.check(token=jws)) == (401, "API_KEY_EXPIRED")


@pytest.mark.parametrize("how", ["left", "closed"])
def test_remembered_key_is_refused_once_its_maker_is_gone(farm: Farm, how: str) -> None:
    maker = farm.credential.created_by
    jws = farm.jws()
    if how == "left":
        Membership.objects.filter(user=maker).update(ended_at=clock.now())
    else:
        User.objects.filter(pk=maker.pk).update(is_active=False)
    assert problem(farm.check(token=jws)) == (401, "API_KEY_ORPHANED")


def test_key_that_lost_the_scope_is_refused_and_not_remembered_as_it_was(farm: Farm) -> None:
    ApiCredential.objects.filter(pk=farm.credential.pk).update(scopes=["licence:read", "licence:heartbeat"])
    assert problem(farm.check()) == (403, "SCOPE_MISSING")


def test_remembered_token_is_not_believed_once_its_signing_key_is_revoked(farm: Farm) -> None:
    jws = farm.jws()
    assert farm.check(token=jws).json()["lease"]
    old = keys.signer_for("TOKEN").kid
    keys.rotate_key("TOKEN")
    assert farm.check(token=jws).json()["lease"], "a retired key still verifies"
    keys.revoke_key(old)
    assert farm.check(token=jws).json()["reason_codes"] == ["KEY_UNTRUSTED"]


def test_change_of_control_is_seen_although_the_licence_is_remembered(farm: Farm) -> None:
    licensee = farm.token.licensee
    jws = farm.jws()
    licensee.control_generation += 1
    licensee.save()
    assert "CHANGE_OF_CONTROL" in farm.check(token=jws).json()["reason_codes"]


def test_remembered_licence_ends_with_its_window(farm: Farm, move_clock: Any) -> None:
    move_clock(days=(farm.token.not_after - clock.now()).days, hours=-1)
    jws = farm.jws()
    assert farm.check(token=jws).json()["lease"]
    move_clock(days=(farm.token.not_after - clock.now()).days + 120)
    assert "EXPIRED" in farm.check(token=jws).json()["reason_codes"]


def test_stale_belief_leaves_neither_key_nor_proof_behind(farm: Farm) -> None:
    """What was not kept may be asked again with the same proof: it was never used up."""
    jws = farm.jws()
    assert farm.check(token=jws, key="warm").json()["lease"]
    LicenceToken.objects.filter(pk=farm.token.pk).update(state="SUSPENDED")
    proofs, kept = DpopProofSeen.objects.count(), CheckKey.objects.count()
    assert farm.check(token=jws, key="once").json()["reason_codes"] == ["SUSPENDED"]
    assert (DpopProofSeen.objects.count(), CheckKey.objects.count()) == (proofs + 1, kept + 1)
    assert [e.reasons for e in logged(farm.token.production_id, CheckedEntry)][-1] == ("SUSPENDED",)


def test_answer_is_a_document_that_nobody_keeps(farm: Farm) -> None:
    answer = farm.check()
    assert answer["Cache-Control"] == "no-store"
    assert answer["Content-Type"] == "application/json"
    assert int(answer["Content-Length"]) == len(answer.content)


def test_strange_hosts_go_to_django_which_refuses_them(farm: Farm) -> None:
    answer = farm.client.post(
        CHECKS, farm.body(token=farm.jws()), content_type="application/json",
        headers={**farm.headers, "Host": "evil.example"},
    )  # fmt: skip
    assert answer.status_code == 400


# -- many at once


@pytest.mark.django_db(transaction=True)
def test_questions_that_wait_together_are_kept_together_and_each_gets_its_own_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Sixteen threads, one lane: the batches are seen to hold several questions, good ones and bad ones."""
    farms = [make_farm(frames_max=100) for _ in range(4)]
    sizes: list[int] = []
    run = lane._run

    def seen(questions: list[Any]) -> list[int]:
        sizes.append(len(questions))
        return run(questions)

    monkeypatch.setattr(lane, "_run", seen)
    monkeypatch.setattr(lane, "_lanes", lane._Lanes(lanes=1))
    gate = threading.Barrier(16)

    def ask(number: int) -> Any:
        farm = Farm(
            farms[number % 4].token, farms[number % 4].credential, farms[number % 4].proof_key, EdgeClient()
        )
        jws = farm.jws()
        gate.wait()
        try:
            territory = "FR" if number >= 12 else "GB"
            return number, [farm.check(token=jws, render_territory=territory).json() for _ in range(3)]
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        answers = dict(pool.map(ask, range(16)))
    assert max(sizes) > 1, "nothing ever waited together"
    for number, given in answers.items():
        if number >= 12:
            assert {tuple(a["reason_codes"]) for a in given} == {("TERRITORY_DENIED",)}
    for farm in farms:
        granted = Quota.objects.get(token_jti=farm.token.pk).granted
        leased = sum(lease.units for lease in Lease.objects.filter(token_jti=farm.token.pk))
        assert granted == leased == 100, "nine asked for 25 of 100: four got them, and none got more"


@pytest.mark.django_db(transaction=True)
def test_question_that_cannot_be_kept_fails_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    farm, poor = make_farm(), make_farm()
    farm.client, poor.client = EdgeClient(), EdgeClient()
    good, bad = _question(farm, monkeypatch), _question(poor, monkeypatch)
    bad.outcome = "x" * 25  # longer than the column takes
    batch = [lane._Ticket(good), lane._Ticket(bad)]
    lane._settle(batch)
    assert (batch[0].verdict, batch[0].error) == (lane.Verdict.KEPT, None)
    assert batch[1].verdict is None
    assert batch[1].error is not None
    assert RenderCheck.objects.filter(pk=good.id).exists()
    assert not RenderCheck.objects.filter(pk=bad.id).exists()


@pytest.mark.django_db(transaction=True)
def test_one_proof_twice_in_a_batch_is_used_once(monkeypatch: pytest.MonkeyPatch) -> None:
    farm = make_farm()
    farm.client = EdgeClient()
    first = _question(farm, monkeypatch)
    second = _question(farm, monkeypatch)
    second.proof = first.proof
    assert lane._run([first, second]) == [lane.Verdict.KEPT, lane.Verdict.REPLAYED]
    assert Lease.objects.count() == 1


def _question(farm: Farm, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A question as it stands before it is kept."""
    from receipts.services import check

    farm.check()  # opens the quota
    Lease.objects.all().delete()
    Quota.objects.update(granted=0)
    caught: list[Any] = []

    class Caught(Exception):
        pass

    def catch(question: Any) -> lane.Verdict:
        caught.append(question)
        raise Caught

    with monkeypatch.context() as patch:
        patch.setattr(check, "keep", catch)
        assert farm.check().status_code == 500
    return caught[-1]


@pytest.mark.django_db(transaction=True)
def test_connection_that_the_database_has_ended_is_replaced_before_it_is_used() -> None:
    farm = make_farm()
    farm.client = EdgeClient()
    tokens = [farm.jws() for _ in range(2)]

    def work() -> list[int]:
        try:
            first = farm.check(token=tokens[0])
            with connection.cursor() as cursor:
                cursor.execute("select pg_backend_pid()")
                (pid,) = cursor.fetchone()
            _end(pid)
            return [first.status_code, farm.check(token=tokens[1]).status_code]
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(work).result() == [200, 200]


def _session() -> Any:
    """A database session of somebody else's."""
    import psycopg

    db = connection.settings_dict
    return psycopg.connect(
        host=db["HOST"], port=db["PORT"], user=db["USER"], password=db["PASSWORD"], dbname=db["NAME"],
        autocommit=True,
    )  # fmt: skip


def _end(pid: int) -> None:
    with _session() as admin:
        admin.execute("select pg_terminate_backend(%s, 5000)", [pid])


def test_stranger_with_a_good_key_is_denied_in_codes_alone(farm: Farm) -> None:
    credential, proof_key = factories.make_credential(factories.make_studio())
    stranger = Farm(farm.token, credential, proof_key, EdgeClient())
    answer = stranger.check(token=farm.jws(), shot="my own words").json()
    assert answer["reason_codes"] == ["AUDIENCE_MISMATCH"]
    assert logged(farm.token.production_id, CheckedEntry)[-1].shot is None


@pytest.mark.django_db(transaction=True)
def test_quota_held_by_somebody_for_too_long_is_waited_for_in_bounds() -> None:
    """A session that never ends must not hang the workers: the caller hears 503, and nothing is kept."""
    farm = make_farm()
    farm.client = EdgeClient()
    assert farm.check().json()["lease"]
    jws, kept = farm.jws(), RenderCheck.objects.count()
    with connection.cursor() as cursor:  # the function's own bound, shortened for the test
        cursor.execute("alter function receipts_keep_checks(json) set lock_timeout = '300ms'")
    try:
        with _session() as holder, holder.transaction():
            holder.execute("select from receipts_quota where token_jti = %s for update", [farm.token.pk])
            assert problem(farm.check(token=jws)) == (503, "DATABASE_UNAVAILABLE")
        assert RenderCheck.objects.count() == kept
        assert farm.check(token=jws).json()["lease"], "and the next one is answered"
    finally:
        with connection.cursor() as cursor:
            cursor.execute("alter function receipts_keep_checks(json) set lock_timeout = '10s'")
