"""Outputs of our own storage by their address: what is verified need not be carried out and in again.

An address is read, never fetched: it names an output of this server, or it is refused.
"""

import re
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.principals import Principal
from common.errors import Conflict, Forbidden, InvalidInput, NotFound
from common.storage import blobs
from provenance.distribution import require_open
from provenance.models import Asset, AssetState
from provenance.selectors import asset_for, may_download
from provenance.services import is_sidecar
from verification.services.asking import refuse_what_cannot_be

_ADDRESS = re.compile(r"/api/v1/assets/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/content")


def stored_output(*, principal: Principal, address: str) -> Asset:
    """The released output that an address of this server names.

    Args:
        address: ``/api/v1/assets/{id}/content``, with or without this server's own beginning.

    Raises:
        InvalidInput: ``ADDRESS_FOREIGN``: it names nothing that lies here; nobody is asked for it.
        NotFound: there is none, or none that the caller may know of.
        Forbidden: ``CONTENT_NOT_SHARED``. Conflict: ``ASSET_NOT_RELEASED``, ``CREDENTIALS_BESIDE``, or as
            ``require_open`` says. TooLarge, Unavailable: as ``request_verification``.
    """
    parts = urlsplit(address)
    own = urlsplit(settings.BASE_URL)
    is_here = (parts.scheme, parts.netloc) in {("", ""), (own.scheme, own.netloc)}
    found = _ADDRESS.fullmatch(parts.path)
    if not is_here or found is None or parts.query or parts.fragment:
        raise InvalidInput(
            "ADDRESS_FOREIGN",
            _("Only outputs that lie here are read by their address."),
            _("Give /api/v1/assets/ID/content, or hand the file in."),
        )
    asset = asset_for(principal, UUID(found[1]))
    if asset is None:
        raise NotFound
    if not may_download(principal, asset):
        raise Forbidden("CONTENT_NOT_SHARED", "The media goes to the production and its vendors only.")
    if asset.state != AssetState.RELEASED:
        raise Conflict("ASSET_NOT_RELEASED", "This output is not released.")
    require_open(asset)
    if is_sidecar(asset):  # one file of two would be said to carry no credentials
        raise Conflict(
            "CREDENTIALS_BESIDE",
            _("The credentials of this output lie beside it."),
            _("Download both, and read them with trustmark verify."),
        )
    refuse_what_cannot_be(
        principal, blobs().size(asset.signed_blob)
    )  # before it is copied from where it lies
    return asset
