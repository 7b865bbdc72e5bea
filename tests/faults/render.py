"""A farm that works through the real client, patiently, and remembers every acknowledgement it was given."""

from __future__ import annotations

import hashlib
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from trustmark_client import Ask, FrameReceipt, ProofKey, TrustmarkClient, clock
from trustmark_client.answers import BatchAnswer, Decision, Lease
from trustmark_client.outbox import Outbox
from trustmark_client.transport import Patience

# a call outlasts every outage of the test: what is asked again is the same question, by the same Idempotency-Key
_PATIENCE = Patience(attempts=300, base_seconds=0.1, cap_seconds=1.0, timeout_seconds=15.0)


@dataclass
class Tally:
    """What all farms were told: leaf indexes and file hashes by decision and frame."""

    acknowledged: dict[tuple[str, int], int] = field(default_factory=dict)
    hashes: dict[tuple[str, int], bytes] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)
    asked_again: int = 0
    answered: int = 0
    failed: int = 0
    in_flight: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass
class Farm:
    """One client: a licence's key, an outbox on disk, frames from ``first`` on."""

    url: str
    cast: dict[str, str]
    folder: Path
    tally: Tally
    number: int

    def __post_init__(self) -> None:
        pem = self.folder / f"proof{self.number}.pem"
        pem.write_text(self.cast["proof_pem"])
        self.client = TrustmarkClient(self.url, self.cast["api_key"], ProofKey.read(pem), patience=_PATIENCE)
        self.client.transport.sleep = self._asks_again
        self.token = ""
        self._leases = 0

    def render(self, first: int, count: int, *, failing: int = 0) -> None:
        """Ask for a lease, keep it once, report its frames in one batch, give it back.

        The first ``failing`` frames are reported as failed: they cost no quota.
        """
        self._leases += 1
        decision = self.check(first, first + count - 1)
        assert decision.permitted, decision
        lease = decision.lease
        assert lease is not None
        assert self.client.lease_heartbeat(lease.id).lives
        self._report(decision.decision_id, lease, first, count, failing)
        self.client.end_lease(lease.id)

    def check(self, first: int, last: int) -> Decision:
        """Ask whether these frames may be rendered."""
        self.token = self.token or self.client.fresh_token(self.cast["jti"])
        ask = Ask(
            token=self.token, project=self.cast["production"], shot="sh010", use_type="FACE_RENDER",
            render_territory="GB", first=first, last=last, worker=f"node-{self.number}",
        )  # fmt: skip
        return self.client.check(ask)

    def _report(self, decision: str, lease: Lease, first: int, count: int, failing: int) -> None:
        outbox = Outbox(self.folder / f"{self.number}-{self._leases}.ndjson", batch_rows=count)
        rows = [_receipt(lease, first + step, is_failed=step < failing) for step in range(count)]
        outbox.add(rows)
        answers: list[BatchAnswer] = []

        def send(batch: list[bytes], key: str) -> BatchAnswer:
            answers.append(self.client.send_rows(batch, key=key))
            return answers[-1]

        with self.tally.lock:
            self.tally.in_flight += 1
        try:
            outbox.send(send, everything=True)
        finally:
            with self.tally.lock:
                self.tally.in_flight -= 1
        outbox.close()
        (answer,) = answers
        assert (answer.accepted, answer.unauthorised, answer.refused) == (count, 0, 0), answer
        with self.tally.lock:
            self.tally.answered += 1
            self.tally.failed += failing
            for told in answer.rows:
                row = rows[told.row]
                assert told.leaf_index is not None
                self.tally.acknowledged[(decision, row.frame)] = told.leaf_index
                self.tally.hashes[(decision, row.frame)] = bytes.fromhex(row.file_sha256)

    def _asks_again(self, seconds: float) -> None:
        """What the client does before it asks again: wait; and count it."""
        with self.tally.lock:
            self.tally.asked_again += 1
        time.sleep(seconds)


def _receipt(lease: Lease, frame: int, *, is_failed: bool) -> FrameReceipt:
    done = clock.now()
    digest = hashlib.sha256(f"{lease.id} {frame}".encode()).hexdigest()
    return FrameReceipt(
        lease.id, frame, digest, hashlib.sha256(f"pixels {frame}".encode()).hexdigest(),
        clock.rfc3339(done - 1), clock.rfc3339(done),
        outcome="FAILED" if is_failed else "RENDERED",
    )  # fmt: skip
