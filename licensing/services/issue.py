"""Issue a licence: the row, the signed statement of the grant, the entry for the production's log."""

import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.principals import Principal
from audit.services import record
from common.clock import rfc3339
from common.errors import Conflict
from common.ids import new_id
from common.keys import signer_for
from licensing.machine import sides_agreed
from licensing.models import GrantStatement, LicenceRequest, LicenceToken, RequestAction, TermsVersion
from licensing.models.requests import ActionKind, Side
from licensing.selectors.people import pairwise_pseudonym, person_pseudonym
from licensing.selectors.status import STATUS_LIST_SIZE, status_uri
from licensing.selectors.tokens import effective_state, terms_in_force, tokens
from licensing.services.alerts import next_notice
from licensing.services.asks import refuse_training
from licensing.services.checkpoints import hold_until_passed
from licensing.services.endings import guild_of, require_running
from licensing.services.holds import hold_at_issue
from licensing.services.trail import parties_of
from trustcore.claims import StatusClaim, licence_claims
from trustcore.encoding import canonical_json, sha256_hex
from trustcore.policy.terms import Terms, parse_terms, parse_time
from trustcore.policy.vocabulary import TokenState
from trustcore.receipt import AuthorisedEntry, Party
from trustcore.tokens import GRANT_TYP, encode_token

_CONSENTS = (ActionKind.SUBMIT, ActionKind.ACCEPT_COUNTER, ActionKind.REVISE, ActionKind.APPROVE)
_RENEWED_FROM = frozenset({TokenState.ACTIVE, TokenState.EXPIRED})


def issue_token(*, request: LicenceRequest, principal: Principal | None, at: datetime) -> LicenceToken:
    """Issue the licence of a request that every side has agreed to; MUST be called inside its transaction.

    The terms stay exactly as signed; a window that they left open begins now, or when notice is over; no
    licence begins before that. A renewal is a new token that supersedes the old one when its own window begins.

    Args:
        principal: who gave the last consent; None where the talent's rule did.

    Raises:
        Conflict: ``WINDOW_OVER``, ``PRODUCTION_ENDED``, or ``RENEWED_LICENCE_ENDED``: the licence it continues was revoked.
        InvalidInput: ``TRAINING_SEPARATE``: never reached through a request, and refused once more here.
    """
    version = request.current
    if version is None:
        raise LookupError(f"request {request.pk} has no terms")
    terms = parse_terms(version.terms)
    refuse_training(terms.use_types)
    begins, ends = _window(terms, at, request.notice_until)
    renewed = _lock_renewed(request, at)
    token = _create(request, version, (begins, ends), renewed, at)
    # only now: both steps wait for an end that is being declared, the lock of the licence and the new row's production
    require_running(request.production_id, terms, request.renews_id)
    token.notice_at = next_notice(token, at)
    token.save(update_fields=["notice_at"])
    if renewed is not None and begins <= at:
        LicenceToken.objects.filter(pk=renewed.pk, state=TokenState.ACTIVE).update(
            state=TokenState.SUPERSEDED
        )
    consents = _consents(request, version.terms_hash)
    grant = _sign_grant(token, request, consents, at)
    record(
        kind="licence.issued",
        principal=principal,
        organisation_id=principal.organisation_id if principal else request.talent.organisation_id,
        visible_to=[*parties_of(request), *token.vendor_ids, *guild_of(token)],
        object_type="licence",
        object_id=token.pk,
        production_id=token.production_id,
        after={"terms_hash": version.terms_hash, "version": version.version, "state": token.state},
        details={
            "terms_hash": version.terms_hash,
            "version": version.version,
            "grant_kid": grant.kid,
            "supersedes": str(renewed.pk) if renewed else "",
        },
        log_entry=_entry(token, renewed, consents, grant.kid, at),
    )
    hold_until_passed(token, renewed, _placed_by(token, request, consents))
    hold_at_issue(token, principal)
    return token


def _placed_by(token: LicenceToken, request: LicenceRequest, consents: list[RequestAction]) -> User:
    """In whose name the work waits for its checkpoints: who consented last for the talent, or set the rule."""
    theirs = [row.actor for row in consents if row.side != Side.LICENSEE and row.actor is not None]
    person = theirs[-1] if theirs else request.auto_rule.set_by if request.auto_rule else token.talent.user
    if person is None:
        raise LookupError(f"nobody consented to licence {token.pk}")
    return person


def _window(terms: Terms, at: datetime, notice_until: datetime | None) -> tuple[datetime, datetime]:
    """Whole seconds, as terms and tokens write time."""
    window = terms.window
    # the second after a fraction: not a moment of the notice is cut off
    earliest = at if notice_until is None else max(at, notice_until + timedelta(microseconds=999_999))
    if window.not_before is not None and window.not_after is not None:
        begins, ends = parse_time(window.not_before), parse_time(window.not_after)
        if notice_until is not None:
            begins = max(begins, (notice_until + timedelta(microseconds=999_999)).replace(microsecond=0))
    else:
        begins = earliest.replace(microsecond=0)
        ends = begins + timedelta(days=window.days or 0)
    if ends <= max(at, begins):
        raise Conflict("WINDOW_OVER", "The window asked for is over.", "Ask again with a later window.")
    return begins, ends


def _lock_renewed(request: LicenceRequest, at: datetime) -> LicenceToken | None:
    if request.renews_id is None:
        return None
    LicenceToken.objects.select_for_update().get(pk=request.renews_id)
    token = tokens().get(pk=request.renews_id)
    state = effective_state(token, at)
    if state not in _RENEWED_FROM:
        raise Conflict(
            "RENEWED_LICENCE_ENDED",
            "The licence to be renewed is no longer in force.",
            _("It is %(state)s.") % {"state": state},
        )
    return token


def _create(
    request: LicenceRequest,
    version: TermsVersion,
    window: tuple[datetime, datetime],
    renewed: LicenceToken | None,
    at: datetime,
) -> LicenceToken:
    """Insert the token at a random free place of a status list (its number says nothing of others)."""
    terms, (begins, ends) = parse_terms(version.terms), window
    number = _status_list()
    for _attempt in range(64):
        try:
            with transaction.atomic():
                return LicenceToken.objects.create(
                    jti=new_id(),
                    created_at=at,
                    licence_id=request.licence_id,
                    request=request,
                    terms=version,
                    production=request.production,
                    talent=request.talent,
                    licensee=request.licensee,
                    agency_id=request.agency_id,
                    vendor_ids=[UUID(one) for one in terms.vendors],
                    state=TokenState.ACTIVE if begins <= at else TokenState.PENDING_ACTIVATION,
                    not_before=begins,
                    not_after=ends,
                    frames_max=terms.scope.frames_max,
                    lines_max=terms.scope.lines_max,
                    use_types=[str(use) for use in terms.use_types],
                    constructs=[str(one) for one in terms.constructs],
                    status_list=number,
                    status_index=secrets.randbelow(STATUS_LIST_SIZE),
                    supersedes=renewed,
                    control_generation=request.licensee.control_generation,
                )
        except IntegrityError as error:
            if "token_status_slot_once" not in str(error):
                raise
    raise Conflict("STATUS_LIST_CROWDED", "No free place in the status list.", "Try again.")


def _status_list() -> int:
    """The list that new tokens join: full at half its places."""
    latest = LicenceToken.objects.aggregate(Max("status_list"))["status_list__max"] or 0
    used = LicenceToken.objects.filter(status_list=latest).count()
    return latest + 1 if used >= STATUS_LIST_SIZE // 2 else latest


def _consents(request: LicenceRequest, terms_hash: str) -> list[RequestAction]:
    """Each side's agreement to exactly these terms, in order."""
    agreed = sides_agreed(request.actions.all(), terms_hash, request.quorum)
    rows = request.actions.filter(kind__in=_CONSENTS, terms_hash=terms_hash).select_related(
        "credential", "request__auto_rule", "request__talent", "signature"
    )
    return [row for row in rows.order_by("at", "id") if Side(row.side) in agreed]


def _party(row: RequestAction) -> Party:
    """Who signed, as the log names them; what a rule approved was signed by whoever set the rule."""
    request = row.request
    rule = request.auto_rule
    if row.actor_id is None and rule is not None:
        return Party(
            actor=person_pseudonym(rule.set_by_id, request.production_id),
            at=rfc3339(row.at),
            method="MANDATE_RULE",
            organisation=str(request.talent.organisation_id),
        )
    if row.actor_id is None or row.organisation_id is None:
        raise LookupError(f"action {row.pk} has no signer")
    return Party(
        actor=person_pseudonym(row.actor_id, request.production_id),
        at=rfc3339(row.at),
        method="API_KEY" if row.credential_id else row.method or "PASSWORD",
        organisation=str(row.organisation_id),
        proof=_proof(row),
    )


def _proof(row: RequestAction) -> str | None:
    """The digest of the signature by passkey, where the person gave one."""
    signature = getattr(row, "signature", None)
    return signature.digest if signature is not None else None


def _consent_hash(consents: list[RequestAction]) -> str:
    document = []
    for row in consents:
        party = _party(row)
        document.append(
            {
                "actor": party.actor,
                "at": party.at,
                "kind": row.kind,
                "organisation": party.organisation,
                "side": row.side,
                "terms_hash": row.terms_hash,
            }
        )
    return f"sha256:{sha256_hex(canonical_json(document))}"


def _sign_grant(
    token: LicenceToken, request: LicenceRequest, consents: list[RequestAction], at: datetime
) -> GrantStatement:
    """Sign what was granted and by whom: provable for as long as the signature is, not only while it lasts."""
    consent_hash = _consent_hash(consents)
    approver = next(row for row in reversed(consents) if row.kind == ActionKind.APPROVE)
    claims = licence_claims(
        terms_in_force(token),
        issuer=settings.BASE_URL,
        audience=f"urn:trustmark:licence:{token.licence_id}",
        token_id=str(token.pk),
        licence_id=str(token.licence_id),
        issued_at=int(at.timestamp()),
        expires_at=int(token.not_after.timestamp()),
        jkt=None,
        terms_hash=token.terms.terms_hash,
        consent_hash=consent_hash,
        act=_party(approver).actor,
        coc=token.control_generation,
        sts=StatusClaim(uri=status_uri(token.status_list), idx=token.status_index),
    )
    signer = signer_for("TOKEN")
    return GrantStatement.objects.create(
        token=token, jws=encode_token(claims, signer, GRANT_TYP), kid=signer.kid, consent_hash=consent_hash
    )


def _entry(
    token: LicenceToken, renewed: LicenceToken | None, consents: list[RequestAction], kid: str, at: datetime
) -> AuthorisedEntry:
    return AuthorisedEntry(
        approvals=tuple(_party(row) for row in consents),
        at=rfc3339(at),
        jti=str(token.pk),
        kid=kid,
        not_after=rfc3339(token.not_after),
        not_before=rfc3339(token.not_before),
        supersedes=renewed.terms.version if renewed else None,
        supersedes_jti=str(renewed.pk) if renewed else None,
        talent=pairwise_pseudonym(token.talent_id, token.production_id),
        terms_hash=token.terms.terms_hash,
        terms_version=token.terms.version,
        use_types=tuple(token.use_types),
    )
