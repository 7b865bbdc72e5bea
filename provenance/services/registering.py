"""Register a mark for who embeds it elsewhere: a render node that marks frames as it writes them."""

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction

from accounts.principals import Principal
from audit.services import record
from common.errors import NotFound
from licensing import selectors as licensing
from licensing.models import LicenceToken, Production
from provenance.models import Asset
from provenance.selectors import parties_of
from provenance.services.intake import require_deliverer, tokens_of
from watermarking import services as marks
from watermarking.models import MarkRegistration


@transaction.atomic
def register_mark_for(
    *, principal: Principal, production_id: UUID, token_jtis: Iterable[UUID], segment: str = ""
) -> MarkRegistration:
    """Draw an id that leads to a production and its licences; the same parties are told of it as of an output.

    Raises:
        NotFound: the production is not visible to the caller.
        Forbidden: ``ROLE_MISSING``: the caller may see it but does not deliver for it.
        InvalidInput: ``TOKENS_INVALID`` or ``TOKEN_NOT_OF_PRODUCTION``.
    """
    production = licensing.production_for(principal, production_id)
    if production is None:
        raise NotFound
    tokens = tokens_of(production, token_jtis)
    require_deliverer(principal, production, tokens)
    jtis = [token.jti for token in tokens]
    # never saved: an output that is not handed in has the parties that it would have
    as_output = Asset(production=production, organisation=principal.organisation, token_jtis=jtis)
    row = marks.register_mark(
        production_id=production.pk,
        token_jtis=jtis,
        asset_id=None,
        segment=segment,
        registered_by=principal.organisation_id,
        vendor_ids=_vendors_of(principal, production, tokens),
        visible_to=parties_of(as_output),
    )
    record(
        kind="mark.registered",
        principal=principal,
        object_type="mark",
        object_id=row.pk,
        details={"mark": row.mark_id, "segment": segment, "licences": [str(jti) for jti in jtis]},
    )
    return row


def _vendors_of(principal: Principal, production: Production, tokens: list[LicenceToken]) -> set[UUID]:
    """Who may embed the caller's id for it: vendors that every licence lists, where the caller engages them.

    A vendor's own ids are its own: vendors do not learn of each other.
    """
    mine = principal.organisation_id
    engages = production.organisation_id == mine or all(token.licensee_id == mine for token in tokens)
    return set.intersection(*(set(token.vendor_ids) for token in tokens)) if engages else set()
