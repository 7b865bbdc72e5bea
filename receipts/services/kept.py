"""A decision as it is written down: the row of the check, the lease it opens, the entry of the log.

``KeptQuestion`` has the fields of the database's type ``receipts_question`` (migration ``0003_keep_checks``).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from django.conf import settings
from django.utils.translation import gettext as _

from accounts.callers import KeyCaller
from common import clock
from common.errors import InvalidInput
from licensing.selectors import LicenceFacts, takes_part
from receipts.models import Counter
from receipts.requests import CheckAsked
from receipts.services.belief import log_number
from receipts.services.beside import beside_of
from receipts.services.presentation import Presented
from receipts.services.signature import LeaseGiven
from receipts.services.wording import words_for_log
from trustcore.policy.decide import Decision
from trustcore.policy.vocabulary import DecisionOutcome
from trustcore.receipt import MAX_FRAME, CheckedEntry, encode_entry


class KeptQuestion(msgspec.Struct, kw_only=True, omit_defaults=True):
    r"""What the database keeps of a question, if what it rests on still holds. Bytes are ``\x`` and hex."""

    place: int = 0
    jti: UUID | None = None
    token_stamp: str | None = None
    credential: UUID
    credential_stamp: str
    kid: str | None = None
    debts_due: datetime | None = None
    proof: str | None = None
    idempotency_key: str | None = None
    body_sha256: str
    counter: str
    units: int
    id: UUID
    at: datetime
    outcome: str
    reasons: tuple[str, ...]
    obligations: tuple[str, ...]
    production: UUID | None = None
    organisation: UUID
    terms_version: int | None = None
    use_type: str
    construct: str
    shot: str
    task: str
    worker: str
    first: int | None = None
    last: int | None = None
    units_asked: int
    input_sha256: str
    policy_version: str
    policy_hash: str
    lease: UUID | None = None
    log: int | None = None
    talent: str | None = None
    lease_first: int | None = None
    lease_last: int | None = None
    expires_at: datetime | None = None
    heartbeat_seconds: int | None = None
    grace_seconds: int | None = None
    grace_frames: int | None = None
    window_ends_at: datetime | None = None
    beside: str | None = None
    beside_units: int | None = None
    sequence: str | None = None
    entry: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One check on its way: who asks, what, with which token, when, under which id it is kept.

    ``spends_proof``: whether its proof counts as used; one that was used before cannot be again.
    """

    caller: KeyCaller
    asked: CheckAsked
    presented: Presented
    check_id: UUID
    lease_id: UUID
    key: str
    now: datetime
    counter: str
    spends_proof: bool


def draft(question: Question, decision: Decision, facts: LicenceFacts | None) -> KeptQuestion:
    """Write a decision down.

    Raises:
        InvalidInput: ``UNITS_MISMATCH``, ``RANGE_TOO_LONG``: a permit that no lease can carry.
    """
    body, asked = question.asked.body, question.asked
    frames = body.frame_range
    proof = question.presented.proof_digest if question.spends_proof else None
    kept = KeptQuestion(
        credential=question.caller.credential_id,
        credential_stamp=question.caller.stamp,
        kid=question.presented.kid,
        proof=_hex(proof) if proof else None,
        idempotency_key=question.key or None,
        body_sha256=_hex(asked.body_sha256),
        counter=question.counter,
        units=0,
        id=question.check_id,
        at=question.now,
        outcome=decision.outcome.value,
        reasons=tuple(reason.value for reason in decision.reasons),
        obligations=decision.obligations,
        organisation=question.caller.organisation_id,
        use_type=body.use_type,
        construct=body.construct,
        shot=body.shot,
        sequence=body.sequence,
        task=body.task,
        worker=body.worker,
        first=frames.first if frames else None,
        last=frames.last if frames else None,
        units_asked=_units_asked(question),
        input_sha256=_hex(asked.input_sha256),
        policy_version=decision.policy_version,
        policy_hash=decision.policy_hash,
    )
    if facts is None:
        return kept
    kept.jti, kept.token_stamp = facts.jti, facts.stamp
    kept.production, kept.terms_version = facts.production_id, facts.terms_version
    if decision.is_permit:
        _open_lease(kept, question, decision, facts)
    kept.entry = encode_entry(_entry(kept, question, facts)).decode()
    return kept


def _open_lease(kept: KeptQuestion, question: Question, decision: Decision, facts: LicenceFacts) -> None:
    first, kept.units = _reservation(question, decision)
    life = timedelta(seconds=settings.LEASE_LIFE_SECONDS)
    kept.lease, kept.log, kept.talent = (
        question.lease_id,
        log_number(facts.production_id),
        facts.talent_pseudonym,
    )
    kept.lease_first, kept.lease_last = first, first + kept.units - 1
    kept.expires_at = min(question.now + life, decision.valid_until)
    kept.heartbeat_seconds = settings.LEASE_HEARTBEAT_SECONDS
    kept.grace_seconds = settings.OFFLINE_GRACE_SECONDS
    kept.grace_frames = settings.OFFLINE_GRACE_FRAMES
    kept.window_ends_at = facts.not_after
    kept.beside, kept.beside_units = beside_of(question.counter, question.asked.body, facts.terms, kept.units)
    kept.debts_due = question.now - timedelta(seconds=settings.RECEIPTS_OVERDUE_SECONDS)


def given_of(kept: KeptQuestion, question: Question) -> LeaseGiven:
    """The lease of a permit as it is signed."""
    claims = question.presented.claims
    assert claims is not None  # a permit is given to who has proved possession alone
    assert claims.cnf is not None
    assert kept.expires_at is not None
    assert kept.window_ends_at is not None
    return LeaseGiven(
        lease_id=str(kept.lease),
        token_jti=str(kept.jti),
        terms_version=kept.terms_version or 0,
        production_id=str(kept.production),
        shot=kept.shot,
        use_type=kept.use_type,
        construct=kept.construct,
        counter=kept.counter,
        first=kept.lease_first or 0,
        last=kept.lease_last or 0,
        expires_at=kept.expires_at,
        window_ends_at=kept.window_ends_at,
        grace_seconds=kept.grace_seconds or 0,
        grace_frames=kept.grace_frames or 0,
        obligations=kept.obligations,
        cnf=claims.cnf,
    )


def _reservation(question: Question, decision: Decision) -> tuple[int, int]:
    """First unit and number of units; a lease counts one kind of unit, so a question names one."""
    reserved = {
        Counter.FRAMES.value: decision.frames_reserved,
        Counter.LINES.value: decision.lines_reserved,
        Counter.SECONDS.value: decision.seconds_reserved,
        Counter.RUNS.value: decision.runs_reserved,
    }
    units = reserved.pop(question.counter, 0)
    if any(reserved.values()) or units < 1:
        raise InvalidInput(
            "UNITS_MISMATCH", _("This use is counted in %(counter)s alone.") % {"counter": question.counter}
        )
    if units > settings.LEASE_FRAMES_MAX:
        raise InvalidInput(
            "RANGE_TOO_LONG",
            _("One check reserves at most %(lease_frames_max)s units.")
            % {"lease_frames_max": settings.LEASE_FRAMES_MAX},
        )
    frames = question.asked.body.frame_range
    first = frames.first if frames and question.counter == Counter.FRAMES else 1
    return first, units


def _units_asked(question: Question) -> int:
    body = question.asked.body
    if body.units is not None:
        return max(body.units.lines, body.units.seconds, body.units.runs)
    frames = body.frame_range
    return min(max(0, frames.last - frames.first + 1), MAX_FRAME) if frames else 0


def _entry(kept: KeptQuestion, question: Question, facts: LicenceFacts) -> CheckedEntry:
    """What the log says: of a permit the units reserved, of a refusal those asked for."""
    proof, caller = question.presented.proof, question.caller.organisation_id
    words = words_for_log(
        question.asked.body,
        takes_part=facts.may_present(caller) or takes_part(caller, facts.production_id),
    )
    leased = kept.lease is not None
    return CheckedEntry(
        at=clock.rfc3339(question.now),
        construct=words.construct,
        decision=str(kept.id),
        first=kept.lease_first if leased else kept.first,
        input_hash=question.asked.input_sha256.hex(),
        jkt=proof.jkt if proof else None,
        jti=str(facts.jti),
        kid=question.presented.named_kid,
        last=kept.lease_last if leased else kept.last,
        lease=str(kept.lease) if leased else None,
        outcome=DecisionOutcome(kept.outcome),
        policy_version=kept.policy_version,
        reasons=kept.reasons,
        shot=words.shot,
        talent=facts.talent_pseudonym,
        terms_version=facts.terms_version,
        territory=words.territory,
        units=kept.units if leased and kept.counter != Counter.FRAMES else None,
        use_type=words.use_type,
        x5t=question.presented.x5t,
    )


def _hex(data: bytes) -> str:
    return f"\\x{data.hex()}"
