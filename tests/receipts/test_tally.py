"""The kept counts are what counting again gives: after whatever order of acts, and after a server died in the midst."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import Error, connection, connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from receipts import selectors
from receipts.inspection.counts import count_faults
from receipts.models import Lease, LogEntry, ProductionLog, UnauthorisedFrame
from receipts.services import drain_log, expire_leases
from receipts.services.tally import recount
from receipts.tallies import FrameTally, LicenceTally
from tests.receipts.conftest import Farm, Waiting, make_farm, revoke

ACTS = st.one_of(
    st.tuples(st.just("lease"), st.integers(0, 3), st.integers(1, 9)),
    st.tuples(st.just("refuse"), st.integers(0, 3), st.just(0)),
    st.tuples(st.just("send"), st.integers(0, 9), st.integers(0, 3)),
    st.tuples(st.just("stray"), st.integers(0, 9), st.integers(1, 3)),
    st.tuples(st.just("end"), st.integers(0, 9), st.just(0)),
    st.tuples(st.just("drain"), st.just(0), st.just(0)),
    st.tuples(st.just("revoke"), st.just(0), st.just(0)),
)
OUTCOMES = ("RENDERED", "RERENDER_OF", "FAILED", "DISCARDED")


def faults_of(farm: Farm) -> list[Any]:
    log = ProductionLog.objects.filter(production_id=farm.token.production_id).first()
    return list(count_faults(log)) if log else []


class Studio:
    """Two licences of one production, and what was leased under them."""

    def __init__(self) -> None:
        self.farm = make_farm()
        self.jws = self.farm.jws()  # once the licence has ended none is given any more
        self.leases: list[str] = []
        self.turn = 0

    def act(self, what: str, which: int, number: int) -> None:
        self.turn += 1
        lease = self.leases[which % len(self.leases)] if self.leases else str(uuid.uuid4())
        if what == "lease":
            first = 10 * which
            asked = {"first": first, "last": first + number}
            answer = self.farm.check(token=self.jws, frame_range=asked, shot=f"shot {which % 2}").json()
            if answer["lease"]:
                self.leases.append(answer["lease"]["id"])
        elif what == "refuse":
            self.farm.check(token=self.jws, use_type="VOICE_SYNTHESIS", shot=f"shot {which}")
        elif what == "send":
            row = Lease.objects.filter(uid=lease).first()
            frames = range(row.first, row.last + 1) if row else range(3)
            told = [
                self.farm.row(lease, frame, take=self.turn, outcome=OUTCOMES[(number + frame // 3) % 4])
                for frame in frames
            ]
            self.farm.send(told + told[:1], query="")
        elif what == "stray":
            self.farm.send([self.farm.row(lease, 900 + n, take=self.turn) for n in range(number)], query="")
        elif what == "end":
            self.farm.client.post(f"/api/v1/render/leases/{lease}/end", headers=self.farm.headers)
        elif what == "drain":
            drain_log(production_id=self.farm.token.production_id)
            expire_leases()
        elif self.turn > 4:
            self.farm.token.refresh_from_db()
            if self.farm.token.state == "ACTIVE":
                revoke(self.farm.token)


@pytest.mark.django_db
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(acts=st.lists(ACTS, min_size=3, max_size=9))
def test_counts_are_those_of_the_rows_in_whatever_order_things_happen(
    acts: list[tuple[str, int, int]],
) -> None:
    studio = Studio()
    for act in [("lease", 0, 5), ("send", 0, 0), *acts]:
        studio.act(*act)
    jti = studio.farm.token.pk
    before = selectors.counts_for_token(jti)
    assert faults_of(studio.farm) == []
    leases = list(Lease.objects.filter(token_jti=jti).values_list("pk", flat=True))
    rows = LogEntry.objects.filter(lease__in=leases)
    assert before.rendered == rows.filter(outcome__in=[1, 4]).count()
    assert (before.failed, before.discarded) == (
        rows.filter(outcome=2).count(),
        rows.filter(outcome=3).count(),
    )
    assert before.unauthorised == UnauthorisedFrame.objects.filter(token_jti=jti).count()
    # what waits is counted as what was drained is
    drain_log(production_id=studio.farm.token.production_id)
    assert selectors.counts_for_token(jti) == before
    assert faults_of(studio.farm) == []
    leaves = sorted(
        {*rows.values_list("idx", flat=True), *UnauthorisedFrame.objects.filter(token_jti=jti).values_list("idx", flat=True)}
    )  # fmt: skip
    shown: list[int] = []
    after = None
    while True:
        page = selectors.receipts_for_token(jti, after=after, limit=3)
        shown += [row.leaf_index for row in page.rows]
        if (after := page.next_after) is None:  # type: ignore[assignment]
            break
    assert shown == leaves


@pytest.mark.django_db
def test_a_count_that_was_changed_is_found_and_made_anew(farm: Farm) -> None:
    lease = farm.lease()["id"]
    farm.send([farm.row(lease, frame) for frame in range(25)])
    assert faults_of(farm) == []
    LicenceTally.objects.filter(token_jti=farm.token.pk).update(rendered=24)
    FrameTally.objects.filter(token_jti=farm.token.pk).update(failed=1)
    found = faults_of(farm)
    assert {(one.code, one.where) for one in found} == {
        ("COUNT_DIFFERS", "receipts_licencetally"),
        ("COUNT_DIFFERS", "receipts_frametally"),
    }
    recount(log_id=ProductionLog.objects.get(production_id=farm.token.production_id).pk)
    assert faults_of(farm) == []
    assert selectors.counts_for_token(farm.token.pk).rendered == 25


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("place", ["receipts_logentry", "receipts_licencetally", "receipts_receiptbatch"])
def test_a_server_that_dies_in_the_midst_of_a_batch_leaves_counts_and_log_alike(place: str) -> None:
    farm = make_farm()
    lease = farm.lease()["id"]
    rows = [farm.row(lease, frame) for frame in range(25)]
    drain_log(production_id=farm.token.production_id)

    def send() -> Any:
        try:
            return farm.send(rows, key="once", query="").status_code
        except Error as error:
            return error
        finally:
            connections.close_all()

    with Waiting(f"after insert on {place}") as waiting, ThreadPoolExecutor(1) as pool:
        sent = pool.submit(send)
        waiting.end_the_backend()
        assert sent.result(timeout=60) != 200
    connection.close()
    assert selectors.counts_for_token(farm.token.pk).receipts == 0
    assert faults_of(farm) == []
    assert farm.send(rows, key="once", query="").status_code == 200
    assert selectors.counts_for_token(farm.token.pk).rendered == 25
    assert faults_of(farm) == []
