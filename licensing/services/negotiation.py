"""The licensee's side of talking: drafts, and revised terms."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Organisation
from accounts.principals import Principal
from common import clock
from common.errors import Conflict, Forbidden, InvalidInput, NotFound
from licensing.models import LicenceRequest, RequestDraft
from licensing.models.requests import ActionKind, Side
from licensing.services.asks import (
    DESCRIPTION_LEAST,
    read_terms,
    refuse_training,
    require_payee,
    require_vendors,
)
from licensing.services.blocked import is_blocked
from licensing.services.changes import apply_changes
from licensing.services.decisions import words_on_fields
from licensing.services.exclusives import require_free
from licensing.services.productions import clean_text, hides_something
from licensing.services.profiles import binding_profiles
from licensing.services.questions import ask_about
from licensing.services.requests import add_version, next_version, notice_end, routed_terms
from licensing.services.routing import represented_by, route_request
from licensing.services.trail import lock_request, move, require_open, require_same_terms, require_side
from trustcore.encoding import canonical_json
from trustcore.errors import TrustError
from trustcore.policy.diff import is_narrower
from trustcore.policy.terms import Terms, parse_terms
from trustcore.policy.vocabulary import ApprovalMode, RequestState

_NOTE_MAX: Final = 2000
_DRAFT_MAX_BYTES: Final = 64 * 1024
FIXED_FOR_ALL: Final = frozenset(
    {
        "schema",
        "terms_version",
        "supersedes",
        "project",
        "licensor",
        "represented_by",
        "licensee",
        "talent",
        "training",
        "profiles",
        "consent_id",
    }
)
"""Whom and which work the request is about, and what routing decides: not even the licensee revises them."""


def revise_request(
    *,
    principal: Principal,
    request_id: UUID,
    terms_hash: str,
    changes: Mapping[str, Any],
    note: str = "",
    field_notes: Mapping[str, str] | None = None,
    questions: Mapping[str, str] | None = None,
) -> LicenceRequest:
    """Put other terms forward for the same request: an answer to a counter, or to a question.

    What was approved before counts no more; the request is routed anew, so wider terms ask whoever the
    mandate wants asked, and wider terms begin their notice again.

    Raises:
        NotFound, Forbidden: as of every act on a request; ``REQUESTS_REFUSED`` to a studio that was blocked meanwhile.
        Conflict: ``TERMS_CHANGED``, ``REQUEST_STATE``, ``REQUEST_LAPSED``, ``EXCLUSIVITY_CONFLICT``.
        InvalidInput: ``TERM_FIXED``, ``TERM_UNKNOWN``, ``TERMS_INVALID``, ``TRAINING_SEPARATE``,
            ``NO_CHANGE``, ``VENDOR_UNKNOWN``, ``DESCRIPTION_TOO_VAGUE``, ``PAYEE_TALENT_ONLY`` or ``NOTE_INVALID``.
    """
    with transaction.atomic():
        request, sides = lock_request(principal, request_id)
        side = require_side(sides, Side.LICENSEE)
        if is_blocked(
            request.talent_id, request.licensee_id
        ):  # what is open still waits for the talent's answer
            raise Forbidden("REQUESTS_REFUSED", "The talent’s side takes no requests from you.")
        at = clock.now()
        require_open(request, ActionKind.REVISE, at)
        require_same_terms(request, terms_hash)
        if request.current is None:
            raise LookupError(f"request {request.pk} has no terms")
        current = parse_terms(request.current.terms)
        proposed = _revised(current, changes)
        require_payee(proposed, request.talent)
        words = words_on_fields(field_notes or {}, changes)
        terms = _reroute(request, current, proposed, terms_hash, at)
        add_version(
            request=request,
            terms=terms,
            side=side,
            principal=principal,
            note=_note(note),
            field_notes=words,
        )
        move(request, ActionKind.REVISE, principal=principal, side=side, note=_note(note), at=at)
        if request.notice_until is not None and request.notice_until > at:
            request.state = RequestState.NOTICE_PERIOD
            request.save(update_fields=["state"])
        ask_about(request, questions or {}, principal=principal, side=side)
        return request


def preview_revision(*, principal: Principal, request_id: UUID, changes: Mapping[str, Any]) -> Terms:
    """The terms that a revision with ``changes`` would put forward, before routing says how they are approved.

    Raises:
        NotFound, Forbidden: as :func:`revise_request`.
        InvalidInput: as of the changes there.
    """
    with transaction.atomic():
        request, sides = lock_request(principal, request_id)
        require_side(sides, Side.LICENSEE)
        if request.current is None:
            raise LookupError(f"request {request.pk} has no terms")
        return _revised(parse_terms(request.current.terms), changes)


def save_draft(
    *, principal: Principal, body: Mapping[str, Any], title: str = "", draft_id: UUID | None = None
) -> RequestDraft:
    """Keep what has been filled in so far; it is read again, strictly, when it is submitted.

    Raises:
        Forbidden: ``PRODUCER_ONLY``, ``STUDIO_ONLY``.
        NotFound: no such draft of the caller's organisation.
        Conflict: ``DRAFT_SUBMITTED``.
        InvalidInput: ``DRAFT_INVALID``: too large, or not JSON that can be kept.
    """
    if not principal.acts_as("PRODUCER", "ADMIN"):
        raise Forbidden("PRODUCER_ONLY", "Only a producer of the studio asks for licences.")
    if principal.organisation.kind != Organisation.Kind.STUDIO:
        raise Forbidden("STUDIO_ONLY", "Only who can register a production drafts a request for one.")
    _check_draft(body, title)
    with transaction.atomic():
        if draft_id is None:
            return RequestDraft.objects.create(
                organisation=principal.organisation,
                created_by=principal.person,
                title=title,
                body=dict(body),
                changed_at=clock.now(),
            )
        draft = lock_draft(principal, draft_id)
        draft.body, draft.title, draft.changed_at = dict(body), title, clock.now()
        draft.save(update_fields=["body", "title", "changed_at"])
        return draft


def lock_draft(principal: Principal, draft_id: UUID) -> RequestDraft:
    """A draft of the caller's organisation that has not been submitted; MUST be called inside a transaction.

    Raises:
        NotFound: none; Conflict: ``DRAFT_SUBMITTED``.
    """
    rows = RequestDraft.objects.select_for_update().filter(organisation=principal.organisation)
    draft = rows.filter(pk=draft_id).first()
    if draft is None:
        raise NotFound
    if draft.submitted_id is not None:
        raise Conflict(
            "DRAFT_SUBMITTED", "This draft was submitted.", extra={"request": str(draft.submitted_id)}
        )
    return draft


def _check_draft(body: Mapping[str, Any], title: str) -> None:
    try:
        size = len(canonical_json(dict(body)))
    except (TrustError, TypeError, ValueError, RecursionError) as error:
        raise InvalidInput("DRAFT_INVALID", "This cannot be kept.", str(error)) from error
    if size > _DRAFT_MAX_BYTES or len(title) > 200 or hides_something(title):
        raise InvalidInput(
            "DRAFT_INVALID",
            _("A draft has at most %(draft_max_bytes)s bytes.") % {"draft_max_bytes": _DRAFT_MAX_BYTES},
        )


def _revised(current: Terms, changes: Mapping[str, Any]) -> Terms:
    if fixed := sorted(
        path
        for path in changes
        if path.partition(".")[0] in FIXED_FOR_ALL
        or path in {"approvals", "approvals.mode", "approvals.quorum"}
    ):
        raise InvalidInput("TERM_FIXED", "This cannot be changed by a revision.", ", ".join(fixed))
    refuse_training(changes.get("use_types", ()))
    document = current.to_dict()
    if "declared" in changes or any(path.startswith("declared.") for path in changes):
        document.setdefault("declared", {})
    proposed = read_terms(apply_changes(document, changes))
    if proposed == current:
        raise InvalidInput("NO_CHANGE", "The revision changes nothing.", "Accept the terms as they are.")
    require_vendors(proposed, current)
    if len(proposed.description) < DESCRIPTION_LEAST:
        raise InvalidInput("DESCRIPTION_TOO_VAGUE", "Describe the use reasonably specifically.")
    return proposed


def _reroute(
    request: LicenceRequest, current: Terms, proposed: Terms, terms_hash: str, at: datetime
) -> Terms:
    """Route the proposed terms as a new request would be, and write the route into the locked row."""
    mandate = represented_by(request.talent, at)
    agency = mandate.agency_id if mandate else None
    bound = binding_profiles(request.production, request.talent, agency, request_id=request.pk)
    terms = routed_terms(proposed, bound, ApprovalMode.TALENT_ONLY, None, talent=request.talent, at=at)
    route = route_request(
        terms,
        request.talent,
        mandate,
        licensee_id=request.licensee_id,
        at=at,
        by_rule=False,
        request_id=request.pk,
    )
    document = {
        **routed_terms(proposed, bound, route.mode, route.quorum, talent=request.talent, at=at).to_dict(),
        "terms_version": next_version(request.licence_id),
        "supersedes": terms_hash,
        "represented_by": str(mandate.agency_id) if mandate else None,
    }
    terms = read_terms(document)
    notice_until = notice_end(terms, request.talent, route, at)
    if notice_until and (request.notice_until is None or not is_narrower(current, proposed)):
        request.notice_until = max(notice_until, request.notice_until or notice_until)
    require_free(terms, request.talent, request.production, at, notice_until=request.notice_until)
    request.mode, request.quorum, request.mandate = route.mode, route.quorum, route.mandate
    request.agency_id, request.outside_mandate = route.agency_id, list(route.outside)
    request.auto_rule = None
    return terms


def _note(text: str) -> str:
    return clean_text(text, most=_NOTE_MAX, code="NOTE_INVALID") if text.strip() else ""
