"""Answer a render check: decide on what is believed, keep the decision only if it still holds.

A caller who asks too often is refused before its token is read (:mod:`receipts.services.pace`); that refusal
is in nobody's log. Then, in this order:

1. The token and its proof of possession are verified.
2. What this process believes of the licence is looked up (:mod:`receipts.services.belief`).
3. :func:`trustcore.policy.decide.decide` decides.
4. Decision, lease, quota and the entry that waits for the log are written in one statement
   (:mod:`receipts.services.lane`), which first takes the idempotency key, uses up the proof and waits for the
   quota's row, and *then* looks whether licence, API key and signing key are still what the decision rests on.
5. If they are not, nothing was written: what was believed is read anew, and the question starts over.
6. What is durable is signed: a permit as a lease that a node can rely on offline, a refusal as a decision.

So every answer rests on what stood in the database when it was kept, in whichever process; no memory of this
process can permit anything. A key that was used before gets the answer given then; a permit is repeated only to
a caller who proves possession again, while the licence stands and its lease may still be used
(``OFFLINE_GRACE_EXCEEDED`` after that). A refusal of a caller without part in the production is kept and logged
only as often as ``STRANGER_CHECKS_PER_MINUTE`` says; beyond it, it is answered and kept nowhere, whether or not
the licence exists. The check never locks the log: its entry is
drained within a second, and before any frame that cites it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.callers import KeyCaller, caller_again, caller_by_id
from accounts.principals import Principal
from common import clock
from common.errors import Conflict, Forbidden, InvalidInput, Unavailable
from common.ids import new_id
from common.keys import signer_for
from licensing.selectors import LicenceFacts, licence_state_for, takes_part
from receipts.models import CheckKey, Counter, Lease, Quota, RenderCheck
from receipts.requests import CheckAsked, core_request
from receipts.services import belief, pace
from receipts.services.beside import NOTHING_BESIDE, BesideGranted, granted_beside
from receipts.services.debts import receipts_overdue
from receipts.services.kept import KeptQuestion, Question, draft, given_of
from receipts.services.lane import Verdict, keep
from receipts.services.lease import is_over
from receipts.services.presentation import Presented, forget_token, present_token
from receipts.services.signature import LeaseGiven, lease_given, sign_answer
from trustcore.policy.decide import Decision, LicenceState, decide
from trustcore.policy.reasons import DenyReason
from trustcore.policy.vocabulary import DecisionOutcome, UseType, quota_of

SCOPE = "render:check"
_KEY_MAX = 200
_TRIES = 8


@dataclass(frozen=True, slots=True)
class CheckAnswer:
    """A decision as kept, the lease it opened, and its signature (:mod:`receipts.services.signature`)."""

    check: "KeptCheck"
    lease: "KeptLease | None"
    answered_at: datetime
    signature: str


@dataclass(frozen=True, slots=True)
class KeptCheck:
    """The decision."""

    id: UUID
    at: datetime
    outcome: str
    reasons: tuple[str, ...]
    obligations: tuple[str, ...]
    policy_version: str
    policy_hash: str
    counter: str
    units_reserved: int
    valid_until: datetime | None
    input_sha256: bytes


@dataclass(frozen=True, slots=True)
class KeptLease:
    """The lease as it was opened."""

    uid: UUID
    counter: str
    first: int
    last: int
    granted_at: datetime
    expires_at: datetime
    heartbeat_seconds: int
    grace_seconds: int


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the caller shows to prove that the token is theirs, and for which request."""

    proof: str | None
    certificate: bytes | None
    method: str
    url: str


@dataclass(slots=True, kw_only=True)
class _Course:
    """What was learnt on the way to an answer that can be kept.

    Attributes:
        key: the idempotency key; empty once it is known that the question is a new one.
        refused: a reason found by trying: the proof was used before, the lease of a repeated permit is over.
        granted: how much of the quota was given out when it was last found too small.
        beside: likewise of what stands beside it: words of lines, time on screen.
        owes: whether receipts of the caller were overdue when the database said that something stands against it.
    """

    caller: KeyCaller
    key: str
    refused: DenyReason | None = None
    granted: int = 0
    beside: BesideGranted = NOTHING_BESIDE
    owes: bool = False


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
    """Decide for an API key that Django has authenticated; see :func:`answer_check`.

    Raises:
        Forbidden: ``API_KEY_NEEDED``: a person at the portal renders nothing.
    """
    if principal.credential is None:
        raise Forbidden("API_KEY_NEEDED", "This operation is for render nodes: use an API key.")
    caller = caller_by_id(principal.credential.pk)
    return answer_check(
        caller=caller, asked=asked, proof=proof, method=method, url=url, certificate=certificate,
        idempotency_key=idempotency_key,
    )  # fmt: skip


def answer_check(
    *,
    caller: KeyCaller,
    asked: CheckAsked,
    proof: str | None,
    method: str,
    url: str,
    certificate: bytes | None = None,
    idempotency_key: str = "",
    authorization: str = "",
) -> CheckAnswer:
    """Decide whether a render may happen. A refusal is an answer; nothing here allows by accident.

    Args:
        proof: the ``DPoP`` header; ``method`` and ``url`` are what it must name.
        certificate: the client's certificate (DER), as a trusted proxy handed it on.
        authorization: the header that ``caller`` was remembered by, to be read anew if the key has changed.

    Raises:
        Conflict: ``IDEMPOTENCY_CONFLICT``: the key was used for another question.
        Forbidden: ``SCOPE_MISSING``.
        InvalidInput: ``UNITS_MISMATCH``, ``RANGE_TOO_LONG``, ``IDEMPOTENCY_KEY_INVALID``.
        Unauthenticated: the API key has ended meanwhile.
        Unavailable: ``STATE_UNSETTLED``: the licence changed again and again while it was looked at.
    """
    if len(idempotency_key) > _KEY_MAX or not idempotency_key.isprintable():
        raise InvalidInput("IDEMPOTENCY_KEY_INVALID", "Idempotency-Key: at most 200 printable characters.")
    now = clock.now()
    if not pace.may_ask(caller.credential_id):
        return _over_pace(caller, asked, now)
    shown = _Shown(proof, certificate, method, url)
    course = _Course(caller=caller, key=idempotency_key)
    for _try in range(_TRIES):
        question = _question(course, asked, shown, now)  # 1
        jti = question.presented.jti
        facts = belief.believed(jti, now=now) if jti else None  # 2
        kept = draft(question, _decide(question, facts, course), facts)  # 3
        if _is_stranger(question, facts) and not pace.may_write_to_strangers(caller.organisation_id):
            return _answer(_also_paced(kept), question)
        verdict = keep(kept)  # 4
        if verdict is Verdict.KEPT:
            return _answer(kept, question)  # 6
        repeated = _learn(course, verdict, question, facts, authorization)  # 5
        if repeated is not None:
            return repeated
    raise Unavailable("STATE_UNSETTLED", "The licence keeps changing.", "Nothing was decided; ask again.")


def _question(course: "_Course", asked: CheckAsked, shown: "_Shown", now: datetime) -> Question:
    if SCOPE not in course.caller.scopes:
        raise Forbidden(
            "SCOPE_MISSING",
            "This API key may not do this.",
            _("It needs the scope %(scope)s.") % {"scope": SCOPE},
            {"scope": SCOPE},
        )
    return Question(
        caller=course.caller,
        asked=asked,
        presented=present_token(
            caller=course.caller,
            token=asked.body.token,
            proof=shown.proof,
            method=shown.method,
            url=shown.url,
            now=now,
            certificate=shown.certificate,
        ),
        check_id=new_id(),
        lease_id=new_id(),
        key=course.key,
        now=now,
        counter=_counter(asked.body.use_type),
        spends_proof=course.refused is None,
    )


def _learn(
    course: "_Course",
    verdict: Verdict,
    question: Question,
    facts: LicenceFacts | None,
    authorization: str,
) -> CheckAnswer | None:
    """Take in why a decision was not kept, for the next try; an answer given before ends the course."""
    if verdict is Verdict.REPEATED:
        repeated = _repeat(question)
        if isinstance(repeated, CheckAnswer):
            return repeated
        course.key, course.refused = "", repeated  # its permit would not be given now: a new question
    elif verdict is Verdict.REPLAYED:
        course.refused = DenyReason.REPLAY
    elif verdict is Verdict.NO_ROOM and facts is not None:
        course.granted = _granted(facts, question.counter)
        course.beside = granted_beside(facts, question.counter, question.asked.body)
    else:
        _read_anew(course, question, authorization)
    return None


def _read_anew(course: "_Course", question: Question, authorization: str) -> None:
    """Forget what was believed of the token, the licence and the caller, and look for receipts overdue."""
    jti = question.presented.jti
    forget_token(question.asked.body.token)
    course.caller = caller_again(course.caller, authorization)
    if jti is not None:
        belief.read_anew(jti)
        course.owes = receipts_overdue(
            token_jti=jti, credential_id=course.caller.credential_id, now=question.now
        )


def _over_pace(caller: KeyCaller, asked: CheckAsked, now: datetime) -> CheckAnswer:
    """Refuse what comes too fast, unread; one such refusal a second is kept, and none is logged."""
    unread = Presented(claims=None, proof=None, refused=DenyReason.RATE_LIMITED, jti=None)
    question = Question(
        caller=caller, asked=asked, presented=unread, check_id=new_id(), lease_id=new_id(), key="", now=now,
        counter=_counter(asked.body.use_type), spends_proof=False,
    )  # fmt: skip
    kept = draft(question, _refusal(DenyReason.RATE_LIMITED, now), None)
    if pace.may_keep_refusal(caller.credential_id):
        keep(kept)  # where the key has changed meanwhile nothing is kept, and the refusal stands
    return _answer(kept, question)


def _is_stranger(question: Question, facts: LicenceFacts | None) -> bool:
    """Whether nothing shows that the caller has a part in the production whose licence it names."""
    if question.presented.claims is not None:
        return False  # the token is good, and was minted for this very key
    caller = question.caller.organisation_id
    return facts is None or not (facts.may_present(caller) or takes_part(caller, facts.production_id))


def _also_paced(kept: KeptQuestion) -> KeptQuestion:
    kept.reasons = (*kept.reasons, DenyReason.RATE_LIMITED.value)
    return kept


def _decide(question: Question, facts: LicenceFacts | None, course: "_Course") -> Decision:
    claims, refused = question.presented.claims, course.refused or question.presented.refused
    if refused is not None or facts is None or claims is None:
        return _refusal(refused or DenyReason.TOKEN_UNKNOWN, question.now)
    granted = course.granted
    state = LicenceState(
        token_state=facts.token_state,
        presenter_org=str(question.caller.organisation_id),
        jkt_ok=question.presented.is_bound,
        frames_granted=granted if question.counter == Counter.FRAMES else 0,
        lines_granted=granted if question.counter == Counter.LINES else 0,
        seconds_granted=granted if question.counter == Counter.SECONDS else 0,
        runs_granted=granted if question.counter == Counter.RUNS else 0,
        words_granted=course.beside.words,
        screen_granted=course.beside.screen,
        screen_counted=course.beside.counted,
        token_terms_version=claims.ver,
        token_expires_at=datetime.fromtimestamp(claims.exp, tz=UTC),
        emergency_stop=facts.emergency_stop,
        control_changed=facts.control_generation != facts.control_generation_now,
        holds=facts.holds,
        receipts_overdue=course.owes,
        token_policy_hash=claims.policy_hash,
    )
    return decide(facts.terms, core_request(question.asked.body), state, now=question.now)


def _refusal(reason: DenyReason, now: datetime) -> Decision:
    return Decision(outcome=DecisionOutcome.DENY, reasons=(reason,), valid_until=now)


def _counter(use_type: str) -> str:
    """The counter that the use is taken from; empty for a use we do not know."""
    try:
        return quota_of(UseType(use_type)).value
    except ValueError:
        return ""


def _granted(facts: LicenceFacts, counter: str) -> int:
    """How much of the quota is given out, its row made at first use."""
    scope = facts.terms.scope
    most = {
        Counter.FRAMES.value: scope.frames_max,
        Counter.LINES.value: scope.lines_max,
        Counter.SECONDS.value: scope.seconds_max,
        Counter.RUNS.value: scope.runs_max,
    }[counter]
    row = Quota.objects.filter(token_jti=facts.jti, counter=counter).first()
    if row is None:
        Quota.objects.bulk_create(
            [Quota(token_jti=facts.jti, counter=counter, most=most)], ignore_conflicts=True
        )
        row = Quota.objects.get(token_jti=facts.jti, counter=counter)
    return row.granted


def _answer(kept: KeptQuestion, question: Question) -> CheckAnswer:
    lease, given = None, None
    if kept.lease is not None:
        lease, given = _opened(kept), given_of(kept, question)
    check = KeptCheck(
        kept.id, kept.at, kept.outcome, kept.reasons, kept.obligations, kept.policy_version, kept.policy_hash,
        kept.counter, kept.units, kept.expires_at, question.asked.input_sha256,
    )  # fmt: skip
    return _signed(check, lease, given, question)


def _opened(kept: KeptQuestion) -> "KeptLease":
    assert kept.lease is not None
    assert kept.lease_first is not None
    assert kept.lease_last is not None
    assert kept.expires_at is not None
    return KeptLease(
        kept.lease, kept.counter, kept.lease_first, kept.lease_last, kept.at, kept.expires_at,
        kept.heartbeat_seconds or 0, kept.grace_seconds or 0,
    )  # fmt: skip


def _signed(
    check: "KeptCheck", lease: "KeptLease | None", given: LeaseGiven | None, question: Question
) -> CheckAnswer:
    signature = sign_answer(
        signer=signer_for("DECISION"),
        audience=question.caller.audience,
        decision_id=str(check.id),
        at=check.at,
        outcome=check.outcome,
        reasons=check.reasons,
        policy_hash=check.policy_hash,
        input_sha256=check.input_sha256,
        lease=given,
    )
    return CheckAnswer(check, lease, question.now, signature)


# -- a question asked before


def _repeat(question: Question) -> CheckAnswer | DenyReason | None:
    """The answer once given, its lease as it was opened.

    Returns:
        None for a permit that would not be given now; the reason for one whose lease ran out since.

    Raises:
        Conflict: ``IDEMPOTENCY_CONFLICT``: the key was used for another question.
    """
    row = CheckKey.objects.get(credential_id=question.caller.credential_id, key=question.key)
    if bytes(row.body_sha256) != question.asked.body_sha256:
        raise Conflict("IDEMPOTENCY_CONFLICT", "This Idempotency-Key was used for another question.")
    check = RenderCheck.objects.get(pk=row.check_id)
    lease = Lease.objects.filter(uid=check.lease_uid).first() if check.lease_uid else None
    if lease is None:
        return _signed(_kept_check(check), None, None, question)
    facts = licence_state_for(lease.token_jti)
    if question.presented.refused or facts is None or facts.why_over is not None:
        return None
    if lease.state != Lease.State.ACTIVE or is_over(
        lease, question.now
    ):  # given back, too: its units are another's
        return DenyReason.OFFLINE_GRACE_EXCEEDED
    claims = question.presented.claims
    assert claims is not None  # a permit is repeated to who has proved possession alone
    assert claims.cnf is not None
    given = lease_given(lease, check, cnf=claims.cnf, expires_at=check.valid_until or lease.expires_at)
    return _signed(_kept_check(check), _kept_lease(lease, check), given, question)


def _kept_check(row: RenderCheck) -> KeptCheck:
    return KeptCheck(
        row.pk, row.at, row.outcome, tuple(row.reasons), tuple(row.obligations), row.policy_version,
        row.policy_hash, row.counter, row.units_reserved, row.valid_until, bytes(row.input_sha256),
    )  # fmt: skip


def _kept_lease(row: Lease, check: RenderCheck) -> KeptLease:
    return KeptLease(
        row.uid, row.counter, row.first, row.last, row.granted_at, check.valid_until or row.expires_at,
        row.heartbeat_seconds, row.grace_seconds,
    )  # fmt: skip
