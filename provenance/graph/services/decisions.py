"""Record who decided what about a version, and labels that people propose."""

from uuid import UUID

from accounts.models import User
from accounts.principals import Principal
from common.errors import Forbidden, InvalidInput
from common.ids import new_id
from licensing.models import Production
from provenance.graph.cleaning import clean_name, clean_prompt
from provenance.graph.models import DecisionOutcome, DecisionStage, EventKind, SealedText
from provenance.graph.services.recorder import Recorder
from provenance.graph.services.subjects import talents_of_version
from provenance.graph.specs import DecisionSpec
from provenance.source_type import vocabulary

_NOTE_BYTES = 4_000


def may_decide(principal: Principal, production: Production) -> bool:
    """Whether the caller's word counts: the studio's producers, and those who speak for a talent."""
    if principal.credential is not None:
        return production.organisation_id == principal.organisation_id
    if production.organisation_id == principal.organisation_id:
        return principal.is_role("PRODUCER", "ADMIN")
    return principal.is_role("AGENT", "TALENT")


def record_decision(recorder: Recorder, spec: DecisionSpec, *, person: User) -> UUID:
    """Record a decision; returns its id.

    Raises:
        InvalidInput: ``DECISION_UNKNOWN``.
        NotFound: ``REFERENCE_UNKNOWN``.
    """
    if spec.outcome not in DecisionOutcome.values or spec.stage not in DecisionStage.values:
        raise InvalidInput(
            "DECISION_UNKNOWN",
            "There is no such decision.",
            ", ".join([*DecisionOutcome.values, *DecisionStage.values]),
        )
    version = recorder.refs.find(spec.version)
    note = _sealed_note(recorder, spec.note, version.version_id) if spec.note else None
    decision_id = new_id()
    facts = {
        "version": str(version.version_id),
        "outcome": spec.outcome,
        "stage": spec.stage,
        "note": str(note.pk) if note else None,
    }
    recorder.book.say(EventKind.DECIDED, decision_id, facts, person=person)
    return decision_id


def _sealed_note(recorder: Recorder, note: str, version_id: UUID) -> SealedText:
    recorder.book.flush()  # the version may be of this very batch, and its licences are asked for
    subjects = talents_of_version(version_id, recorder.book.production)
    sealed: SealedText = recorder.book.seal(clean_prompt(note, most=_NOTE_BYTES), subjects=subjects)
    return sealed


def propose_label(recorder: Recorder, *, version: str, code: str, reason: str, person: User) -> UUID:
    """Record that somebody thinks another source type fits; the derived one stays.

    Raises:
        InvalidInput: ``SOURCE_TYPE_UNKNOWN``: no concept of the vocabulary, or a retired one.
    """
    concept = vocabulary().get(code)
    if concept is None or concept.retired:
        raise InvalidInput("SOURCE_TYPE_UNKNOWN", "There is no such source type in use.")
    known = recorder.refs.find(version)
    proposal_id = new_id()
    facts = {
        "version": str(known.version_id),
        "code": code,
        "reason": clean_name(reason, most=500, what="reason"),
    }
    recorder.book.say(EventKind.LABEL_PROPOSED, proposal_id, facts, person=person)
    return proposal_id


def require_decider(principal: Principal, production: Production) -> None:
    """Let those pass whose word counts.

    Raises:
        Forbidden: ``ROLE_MISSING``.
    """
    if not may_decide(principal, production):
        raise Forbidden("ROLE_MISSING", "Producers decide, and those who speak for a talent.")
