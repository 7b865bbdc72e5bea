"""Whom a page is about: a talent on the reader's roster, and those for whom the reader speaks."""

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404

from agents_portal.access import PortalRequest
from licensing.models import Talent
from licensing.selectors import speaks_for, talents_on_roster


def talent_or_404(request: PortalRequest, talent_id: UUID) -> Talent:
    """The talent, if the reader represents, is or speaks for them.

    Raises:
        Http404: there is none, or none for this reader: the two read the same.
    """
    found = talents_on_roster(request.principal).filter(pk=talent_id).first()
    if found is None:
        raise Http404
    return found


def spoken_for(request: PortalRequest, talent_id: UUID) -> Talent:
    """The talent whose own word the reader may give: in person, or by a document on file.

    Raises:
        Http404: as :func:`talent_or_404`.
        PermissionDenied: the reader may know of them, and they alone decide.
    """
    talent = talent_or_404(request, talent_id)
    if not speaks_for(request.principal, talent):
        raise PermissionDenied
    return talent


def mine(request: PortalRequest) -> list[Talent]:
    """Those for whom the reader speaks: usually the reader alone."""
    return [one for one in talents_on_roster(request.principal)[:50] if speaks_for(request.principal, one)]
