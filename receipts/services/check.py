"""Answer a render check: decide on fresh state, reserve the quota, keep the decision, open a lease.

One transaction, in this order:

1. The idempotency key is taken; a key used before gets the answer given then. A permit is repeated only
   to a caller who proves possession again, and while the licence stands: else the question is a new one.
2. The proof of possession is used up; a second use is ``REPLAY``.
3. The quota row of the token is locked: checks of one token take turns from here.
4. The licence is read *after* the lock, so a revocation that committed meanwhile is seen.
5. :func:`trustcore.policy.decide.decide` decides.
6. Quota, lease, decision and the entry that waits for the log are written together. Commit.
7. The answer is signed: a permit as a lease that a node can rely on offline, a refusal as a decision.

The check never locks the log: its entry is drained within a second, and before any frame that cites it.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from accounts.principals import Principal
from common import clock
from common.errors import Conflict, InvalidInput
from common.ids import new_id
from common.keys import signer_for
from licensing.selectors import LicenceFacts, licence_state_for, takes_part
from receipts.models import CheckKey, Counter, EntryKind, Lease, PendingEntry, Quota, RenderCheck
from receipts.requests import CheckAsked, core_request
from receipts.services.presentation import Presented, audience_of, present_token, spend_proof
from receipts.services.sequence import open_log
from receipts.services.signature import lease_given, sign_answer
from receipts.services.wording import words_for_log
from trustcore.policy.decide import Decision, LicenceState, decide
from trustcore.policy.reasons import DenyReason
from trustcore.policy.rules import POLICY_HASH, POLICY_VERSION, REASON_OF_STATE
from trustcore.policy.vocabulary import DecisionOutcome, TokenState, UseType, quota_of
from trustcore.receipt import MAX_FRAME, CheckedEntry, encode_entry

_KEY_MAX = 200


@dataclass(frozen=True, slots=True)
class CheckAnswer:
    """A decision as kept, the lease it opened, and its signature (:mod:`receipts.services.signature`)."""

    check: RenderCheck
    lease: Lease | None
    answered_at: datetime
    signature: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """One check on its way: who asks, what, with which token, when."""

    principal: Principal
    asked: CheckAsked
    presented: Presented
    check_id: UUID
    now: datetime

    @property
    def counter(self) -> str | None:
        """The counter that the use is taken from; None for a use we do not know."""
        if self.asked.body.use_type not in set(UseType):
            return None
        return quota_of(UseType(self.asked.body.use_type)).value


def check_render(
    *,
    principal: Principal,
    asked: CheckAsked,
    proof: str | None,
    method: str,
    url: str,
    certificate: bytes | None = None,
    idempotency_key: str = "",
) -> CheckAnswer:
    """Decide whether a render may happen. A refusal is an answer; nothing here allows by accident.

    Args:
        proof: the ``DPoP`` header; ``method`` and ``url`` are what it must name.
        certificate: the client's certificate (DER), as a trusted proxy handed it on.

    Raises:
        Conflict: ``IDEMPOTENCY_CONFLICT``: the key was used for another question.
        InvalidInput: ``UNITS_MISMATCH``, ``RANGE_TOO_LONG``, ``IDEMPOTENCY_KEY_INVALID``.
    """
    if len(idempotency_key) > _KEY_MAX or not idempotency_key.isprintable():
        raise InvalidInput("IDEMPOTENCY_KEY_INVALID", "Idempotency-Key: at most 200 printable characters.")
    now = clock.now()
    presented = present_token(
        principal=principal,
        token=asked.body.token,
        proof=proof,
        certificate=certificate,
        method=method,
        url=url,
        now=now,
    )
    question = _Question(principal=principal, asked=asked, presented=presented, check_id=new_id(), now=now)
    with transaction.atomic():
        earlier = _take_key(question, idempotency_key) if idempotency_key else None  # 1
        repeated = _repeat(earlier, question) if earlier else None
        answer = repeated or _answer(question)
    return _signed(answer, question)  # 7: what is signed is durable, and no lock waits for a signature


def _signed(answer: CheckAnswer, question: _Question) -> CheckAnswer:
    check, lease, claims = answer.check, answer.lease, question.presented.claims
    given = None
    if lease is not None:
        assert claims is not None  # a permit is given, and repeated, to who has proved possession alone
        assert claims.cnf is not None
        given = lease_given(lease, check, cnf=claims.cnf, expires_at=check.valid_until or lease.expires_at)
    signature = sign_answer(
        signer=signer_for("DECISION"),
        audience=audience_of(question.principal),
        decision_id=str(check.pk),
        at=check.at,
        outcome=check.outcome,
        reasons=check.reasons,
        policy_hash=check.policy_hash,
        input_sha256=bytes(check.input_sha256),
        lease=given,
    )
    return replace(answer, signature=signature)


def _answer(question: _Question) -> CheckAnswer:
    refused = question.presented.refused
    if question.presented.proof and not spend_proof(proof=question.presented.proof, now=question.now):  # 2
        refused = DenyReason.REPLAY
    jti = question.presented.jti
    quota = None if refused or jti is None else _lock_quota(jti, question.counter or "")  # 3
    facts = licence_state_for(jti) if jti else None  # 4
    if refused is None and facts is None:
        refused = DenyReason.TOKEN_UNKNOWN
    if refused is not None or facts is None:
        return _keep(question, _refusal(refused or DenyReason.TOKEN_UNKNOWN, question.now), facts, None)
    if quota is None and question.counter:
        quota = _open_quota(facts, question.counter)
        facts = licence_state_for(facts.jti) or facts  # the lock may have waited
    decision = decide(
        facts.terms, core_request(question.asked.body), _state(question, facts, quota), now=question.now
    )  # 5
    return _keep(question, decision, facts, quota)  # 6


def _state(question: _Question, facts: LicenceFacts, quota: Quota | None) -> LicenceState:
    claims = question.presented.claims
    assert claims is not None
    granted = quota.granted if quota else 0
    return LicenceState(
        token_state=facts.token_state,
        presenter_org=str(question.principal.organisation_id),
        jkt_ok=question.presented.is_bound,
        frames_granted=granted if question.counter == Counter.FRAMES else 0,
        lines_granted=granted if question.counter == Counter.LINES else 0,
        seconds_granted=granted if question.counter == Counter.SECONDS else 0,
        runs_granted=granted if question.counter == Counter.RUNS else 0,
        token_terms_version=claims.ver,
        token_expires_at=datetime.fromtimestamp(claims.exp, tz=UTC),
        emergency_stop=facts.emergency_stop,
        control_changed=facts.control_generation != facts.control_generation_now,
    )


def _lock_quota(jti: UUID, counter: str) -> Quota | None:
    return Quota.objects.select_for_update().filter(token_jti=jti, counter=counter).first()


def _open_quota(facts: LicenceFacts, counter: str) -> Quota:
    """The first check of a token makes its row; a second one at that moment waits for it."""
    scope = facts.terms.scope
    most = {
        Counter.FRAMES.value: scope.frames_max,
        Counter.LINES.value: scope.lines_max,
        Counter.SECONDS.value: scope.seconds_max,
        Counter.RUNS.value: scope.runs_max,
    }[counter]
    Quota.objects.bulk_create([Quota(token_jti=facts.jti, counter=counter, most=most)], ignore_conflicts=True)
    quota = _lock_quota(facts.jti, counter)
    assert quota is not None
    return quota


def _refusal(reason: DenyReason, now: datetime) -> Decision:
    return Decision(outcome=DecisionOutcome.DENY, reasons=(reason,), valid_until=now)


def _keep(
    question: _Question, decision: Decision, facts: LicenceFacts | None, quota: Quota | None
) -> CheckAnswer:
    lease = _open_lease(question, decision, facts, quota) if decision.is_permit and facts else None
    check = _check_row(question, decision, facts, lease)
    check.save(force_insert=True)
    if facts is not None:
        PendingEntry.objects.create(
            production_id=facts.production_id,
            kind=EntryKind.CHECKED,
            ref=check.pk,
            at=question.now,
            entry=encode_entry(_entry(question, check, facts, lease)),
        )
    return CheckAnswer(check, lease, question.now)


def _open_lease(question: _Question, decision: Decision, facts: LicenceFacts, quota: Quota | None) -> Lease:
    """Take the units from the quota and reserve them for this worker."""
    first, units = _reservation(question, decision)
    if quota is None:
        raise RuntimeError("a permit without a quota")  # decide permits no unknown use; never allow
    quota.granted += units
    quota.save(update_fields=["granted"])
    life = timedelta(seconds=settings.LEASE_LIFE_SECONDS)
    return Lease.objects.create(
        check_id=question.check_id,
        log=open_log(production_id=facts.production_id),
        token_jti=facts.jti,
        production_id=facts.production_id,
        organisation_id=question.principal.organisation_id,
        credential_id=question.principal.credential.pk if question.principal.credential else None,
        terms_version=facts.terms_version,
        talent=facts.talent_pseudonym,
        counter=quota.counter,
        use_type=question.asked.body.use_type,
        shot=question.asked.body.shot,
        first=first,
        last=first + units - 1,
        granted_at=question.now,
        expires_at=min(question.now + life, decision.valid_until),
        heartbeat_seconds=settings.LEASE_HEARTBEAT_SECONDS,
        grace_seconds=settings.OFFLINE_GRACE_SECONDS,
        grace_frames=settings.OFFLINE_GRACE_FRAMES,
        window_ends_at=facts.not_after,
    )


def _reservation(question: _Question, decision: Decision) -> tuple[int, int]:
    """First unit and number of units; a lease counts one kind of unit, so a question names one."""
    reserved = {
        Counter.FRAMES.value: decision.frames_reserved,
        Counter.LINES.value: decision.lines_reserved,
        Counter.SECONDS.value: decision.seconds_reserved,
        Counter.RUNS.value: decision.runs_reserved,
    }
    units = reserved.pop(question.counter or "", 0)
    if any(reserved.values()) or units < 1:
        raise InvalidInput("UNITS_MISMATCH", f"This use is counted in {question.counter} alone.")
    if units > settings.LEASE_FRAMES_MAX:
        raise InvalidInput("RANGE_TOO_LONG", f"One check reserves at most {settings.LEASE_FRAMES_MAX} units.")
    frames = question.asked.body.frame_range
    first = frames.first if frames and question.counter == Counter.FRAMES else 1
    return first, units


def _check_row(
    question: _Question, decision: Decision, facts: LicenceFacts | None, lease: Lease | None
) -> RenderCheck:
    body, principal = question.asked.body, question.principal
    frames = body.frame_range
    return RenderCheck(
        id=question.check_id,
        at=question.now,
        outcome=decision.outcome.value,
        reasons=[reason.value for reason in decision.reasons],
        obligations=list(decision.obligations),
        token_jti=facts.jti if facts else None,
        production_id=facts.production_id if facts else None,
        organisation_id=principal.organisation_id,
        credential_id=principal.credential.pk if principal.credential else None,
        terms_version=facts.terms_version if facts else None,
        use_type=body.use_type,
        construct=body.construct,
        shot=body.shot,
        task=body.task,
        worker=body.worker,
        first=frames.first if frames else None,
        last=frames.last if frames else None,
        counter=question.counter or "",
        units_asked=_units_asked(question),
        units_reserved=lease.units if lease else 0,
        valid_until=lease.expires_at if lease else None,
        lease_uid=lease.uid if lease else None,
        input_sha256=question.asked.input_sha256,
        policy_version=POLICY_VERSION,
        policy_hash=POLICY_HASH,
    )


def _units_asked(question: _Question) -> int:
    body = question.asked.body
    if body.units is not None:
        return max(body.units.lines, body.units.seconds, body.units.runs)
    frames = body.frame_range
    return min(max(0, frames.last - frames.first + 1), MAX_FRAME) if frames else 0


def _entry(question: _Question, check: RenderCheck, facts: LicenceFacts, lease: Lease | None) -> CheckedEntry:
    """What the log says: of a permit the units reserved, of a refusal those asked for."""
    proof, caller = question.presented.proof, question.principal.organisation_id
    words = words_for_log(
        question.asked.body,
        takes_part=facts.may_present(caller) or takes_part(caller, facts.production_id),
    )
    return CheckedEntry(
        at=clock.rfc3339(question.now),
        construct=words.construct,
        decision=str(check.pk),
        first=lease.first if lease else check.first,
        input_hash=question.asked.input_sha256.hex(),
        jkt=proof.jkt if proof else None,
        jti=str(facts.jti),
        last=lease.last if lease else check.last,
        lease=str(lease.uid) if lease else None,
        outcome=DecisionOutcome(check.outcome),
        policy_version=check.policy_version,
        reasons=tuple(check.reasons),
        shot=words.shot,
        talent=facts.talent_pseudonym,
        terms_version=facts.terms_version,
        territory=words.territory,
        units=lease.units if lease and lease.counter != Counter.FRAMES else None,
        use_type=words.use_type,
        x5t=question.presented.x5t,
    )


def _take_key(question: _Question, key: str) -> CheckKey | None:
    """Take the idempotency key for this question; the row of an earlier one if it was taken."""
    caller = question.principal.credential or question.principal.person
    with connection.cursor() as cursor:  # waits while another transaction holds the same key
        cursor.execute(
            "insert into receipts_checkkey (credential_id, key, body_sha256, check_id, created_at)"
            " values (%s, %s, %s, %s, %s) on conflict do nothing",
            [caller.pk, key, question.asked.body_sha256, question.check_id, question.now],
        )
        if cursor.rowcount == 1:
            return None
    row = CheckKey.objects.get(credential_id=caller.pk, key=key)
    if bytes(row.body_sha256) != question.asked.body_sha256:
        raise Conflict("IDEMPOTENCY_CONFLICT", "This Idempotency-Key was used for another question.")
    return row


def _repeat(row: CheckKey, question: _Question) -> CheckAnswer | None:
    """The answer once given, its lease as it was opened; None for a permit that would not be given now."""
    check = RenderCheck.objects.get(pk=row.check_id)
    lease = Lease.objects.filter(check_id=check.pk).first()
    if lease is not None and (question.presented.refused or not _stands(lease)):
        return None
    return CheckAnswer(check, lease, question.now)


def _stands(lease: Lease) -> bool:
    """Whether the licence behind a lease still permits; one that is used up permitted what it gave."""
    facts = licence_state_for(lease.token_jti)
    return (
        facts is not None
        and not facts.emergency_stop
        and (facts.token_state == TokenState.EXHAUSTED or facts.token_state not in REASON_OF_STATE)
    )
