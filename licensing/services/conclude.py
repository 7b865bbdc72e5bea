"""The last yes: what must still hold, then the licence, in the transaction of the approval."""

from datetime import datetime

from accounts.principals import Principal
from licensing.machine import sides_missing
from licensing.models import LicenceRequest, LicenceToken
from licensing.models.requests import ActionKind, Side
from licensing.services.exclusives import require_free_at_issue
from licensing.services.issue import issue_token
from licensing.services.profiles import require_met
from licensing.services.trail import move
from trustcore.policy.terms import parse_terms


def conclude(request: LicenceRequest, *, principal: Principal | None, at: datetime) -> LicenceToken | None:
    """Issue the licence of a locked request if every side has agreed to its terms; None: another must agree.

    Raises:
        Conflict: ``PROFILE_UNMET``, ``EXCLUSIVITY_CONFLICT``, or as :func:`~licensing.services.issue.issue_token`.
    """
    current = request.current
    if current is None:
        raise LookupError(f"request {request.pk} has no terms")
    if sides_missing(request.mode, request.actions.all(), current.terms_hash, request.quorum):
        return None
    require_met(parse_terms(current.terms), request.talent, at)
    require_free_at_issue(request, at)
    move(request, ActionKind.ISSUE, principal=principal, side=Side.SERVER, at=at)
    return issue_token(request=request, principal=principal, at=at)
