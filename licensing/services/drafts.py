"""From a studio's draft to a request: what it would say, and sending it."""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from accounts.principals import Principal
from common import clock
from common.errors import Forbidden, NotFound
from licensing.models import LicenceRequest, Production, Talent
from licensing.selectors.people import visible_constructs
from licensing.services.asks import LicenceAsk, check_ask, terms_of_ask
from licensing.services.negotiation import lock_draft
from licensing.services.profiles import binding_profiles, judge_terms
from licensing.services.requests import routed_terms, submit_request
from licensing.services.routing import represented_by
from trustcore.policy.strictest import Judgement
from trustcore.policy.terms import Terms
from trustcore.policy.vocabulary import ApprovalMode


@dataclass(frozen=True, slots=True)
class AskPreview:
    """What an ask would say if it were sent now, and what the profiles that bind it say of that."""

    terms: Terms
    judged: Judgement
    profiles: tuple[str, ...]
    production: Production
    # what of the person the caller may ask for
    constructs: tuple[str, ...]


def preview_ask(*, principal: Principal, ask: LicenceAsk) -> AskPreview:
    """Write the terms of an ask without asking; nothing is kept and nobody is told.

    Raises:
        NotFound: no such production, or nobody whom the caller may know of: the two read the same.
        Forbidden, InvalidInput, Conflict: as :func:`~licensing.services.requests.submit_request`.
    """
    check_ask(ask)
    if not principal.acts_as("PRODUCER", "ADMIN"):
        raise Forbidden("PRODUCER_ONLY", "Only a producer of the studio asks for licences.")
    production = Production.objects.filter(pk=ask.production_id, organisation=principal.organisation).first()
    seen = visible_constructs(ask.talent, principal.organisation_id)
    if production is None or seen is None or not set(ask.constructs) <= set(seen.constructs):
        raise NotFound
    talent = Talent.objects.select_related("organisation").get(pk=seen.talent_id)
    at = clock.now()
    mandate = represented_by(talent, at)
    terms = terms_of_ask(
        ask, production=production, talent=talent, mandate=mandate, version=1, supersedes=None
    )
    bound = binding_profiles(production, talent, mandate.agency_id if mandate else None, terms.profiles)
    terms = routed_terms(terms, bound, ApprovalMode.TALENT_ONLY, None, talent=talent, at=at)
    return AskPreview(terms, judge_terms(terms, talent, at), bound, production, seen.constructs)


def submit_draft(*, principal: Principal, draft_id: UUID, ask: LicenceAsk) -> LicenceRequest | None:
    """Send a draft: it becomes a request once. None: there is nobody to ask, which stays on record.

    Raises:
        NotFound: no such draft; Conflict: ``DRAFT_SUBMITTED``; or as ``submit_request``.
    """
    with transaction.atomic():
        draft = lock_draft(principal, draft_id)
        try:
            made = submit_request(principal=principal, ask=ask)
        except NotFound:
            return None
        draft.submitted = made
        draft.save(update_fields=["submitted"])
        return made


def discard_draft(*, principal: Principal, draft_id: UUID) -> None:
    """Throw a draft away that was not sent.

    Raises:
        Forbidden: ``PRODUCER_ONLY``; NotFound: no such draft; Conflict: ``DRAFT_SUBMITTED``.
    """
    if not principal.acts_as("PRODUCER", "ADMIN"):
        raise Forbidden("PRODUCER_ONLY", "Only a producer of the studio asks for licences.")
    with transaction.atomic():
        lock_draft(principal, draft_id).delete()
