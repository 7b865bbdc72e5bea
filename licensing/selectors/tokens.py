"""Licences as rows and as facts: who may see them, how they stand now, what a check needs to know."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.principals import Principal
from common import clock
from licensing.models import GrantReissue, GrantStatement, LicenceToken
from licensing.selectors.people import mandates_in_force, pairwise_pseudonym
from trustcore.policy.terms import Terms, open_window, parse_terms
from trustcore.policy.vocabulary import RevocationKind, TokenState


@dataclass(frozen=True, slots=True)
class LicenceFacts:
    """What a render check asks of a licence, read in one query.

    Attributes:
        token_state: the effective one, see :func:`effective_state`.
        terms: as signed, with their window opened where they left it to the issue.
        terms_hash: of the terms as signed.
        control_generation: the licensee's at issue; ``control_generation_now`` its present one.
    """

    jti: UUID
    token_state: TokenState
    terms: Terms
    terms_hash: str
    terms_version: int
    licence_id: UUID
    production_id: UUID
    licensee_id: UUID
    vendor_ids: frozenset[UUID]
    talent_pseudonym: str
    not_before: datetime
    not_after: datetime
    frames_max: int
    lines_max: int
    use_types: tuple[str, ...]
    constructs: tuple[str, ...]
    revoked_at: datetime | None
    revocation_kind: str
    emergency_stop: bool
    control_generation: int
    control_generation_now: int
    superseded_by: UUID | None

    def may_present(self, organisation_id: UUID) -> bool:
        """Whether the organisation is the licensee or a listed vendor."""
        return organisation_id == self.licensee_id or organisation_id in self.vendor_ids


class Successor(NamedTuple):
    """What of a successor decides whether it took over."""

    not_before: datetime
    revoked_at: datetime | None

    def took_over(self, at: datetime) -> bool:
        """Whether its window has begun; one that was revoked before that never took over."""
        begun = at >= self.not_before
        return begun and (self.revoked_at is None or self.revoked_at >= self.not_before)


def tokens() -> QuerySet[LicenceToken]:
    """Licences with the rows that their state and terms are read from."""
    return LicenceToken.objects.select_related(
        "terms", "licensee", "production", "talent", "agency", "superseded_by"
    )


def token_by_jti(jti: UUID) -> LicenceToken | None:
    """The licence of that id, whoever asks: callers above judge visibility themselves."""
    return tokens().filter(pk=jti).first()


def tokens_of_production(production_id: UUID) -> QuerySet[LicenceToken]:
    """Every licence of a production, oldest first, for bundles."""
    return tokens().select_related("grant", "request").filter(production=production_id).order_by("created_at")


def tokens_visible_to(principal: Principal) -> QuerySet[LicenceToken]:
    """Licences of which the caller has the whole, and those that list its organisation as a vendor."""
    parties = whole_parties(principal) | Q(vendor_ids__contains=[principal.organisation_id])
    return tokens().filter(parties).order_by("-created_at")


def whole_parties(principal: Principal) -> Q:
    """Who reads all of a licence: the licensee, the granting and the present agency, the talent, the guild."""
    organisation = principal.organisation
    represented = mandates_in_force().filter(agency=organisation).values("talent_id")
    parties = (
        Q(licensee=organisation)
        | Q(agency=organisation)
        | Q(talent__organisation=organisation)
        | Q(talent_id__in=represented)
        | Q(production__guild=organisation)
    )
    if principal.credential is None:
        parties |= Q(talent__user=principal.person)
    return parties


def effective_state(token: LicenceToken, at: datetime | None = None) -> TokenState:
    """How a licence stands at ``at``: what time has done to the stored state, without waiting for the beat.

    Stored ends (revoked, suspended, exhausted, superseded) stand. Otherwise: past its window it is expired;
    from the moment that its successor's window begins it is superseded; before its own it is pending.
    """
    successor: LicenceToken | None = getattr(token, "superseded_by", None)
    return state_at(
        token.state,
        token.not_before,
        token.not_after,
        Successor(successor.not_before, successor.revoked_at) if successor else None,
        at or clock.now(),
    )


def state_at(
    stored: str, not_before: datetime, not_after: datetime, successor: Successor | None, at: datetime
) -> TokenState:
    """:func:`effective_state` of a licence of which only these columns were read."""
    state = TokenState(stored)
    if state not in {TokenState.ACTIVE, TokenState.PENDING_ACTIVATION, TokenState.EXPIRING}:
        return state
    if at >= not_after:
        return TokenState.EXPIRED
    if successor is not None and successor.took_over(at):
        return TokenState.SUPERSEDED
    return TokenState.ACTIVE if at >= not_before else TokenState.PENDING_ACTIVATION


def terms_in_force(token: LicenceToken) -> Terms:
    """The signed terms with the window that the licence got when it was issued."""
    terms = parse_terms(token.terms.terms)
    if terms.window.not_before is None:
        return open_window(terms, not_before=token.not_before)
    return terms


def current_grant(token: LicenceToken) -> GrantStatement | GrantReissue:
    """The signed statement of the grant under a key that is trusted: the first one, or the last signed anew."""
    return max(token.reissues.all(), key=lambda row: row.created_at, default=token.grant)


def licence_state_for(jti: UUID) -> LicenceFacts | None:
    """The facts of a licence for a render check, in one query; None: no such licence."""
    token = token_by_jti(jti)
    if token is None:
        return None
    successor: LicenceToken | None = getattr(token, "superseded_by", None)
    return LicenceFacts(
        jti=token.pk,
        token_state=effective_state(token),
        terms=terms_in_force(token),
        terms_hash=token.terms.terms_hash,
        terms_version=token.terms.version,
        licence_id=token.licence_id,
        production_id=token.production_id,
        licensee_id=token.licensee_id,
        vendor_ids=frozenset(token.vendor_ids),
        talent_pseudonym=pairwise_pseudonym(token.talent_id, token.production_id),
        not_before=token.not_before,
        not_after=token.not_after,
        frames_max=token.frames_max,
        lines_max=token.lines_max,
        use_types=tuple(token.use_types),
        constructs=tuple(token.constructs),
        revoked_at=token.revoked_at,
        revocation_kind=token.revocation_kind,
        emergency_stop=token.revocation_kind == RevocationKind.EMERGENCY_STOP,
        control_generation=token.control_generation,
        control_generation_now=token.licensee.control_generation,
        superseded_by=successor.pk if successor else None,
    )
