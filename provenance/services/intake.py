"""Take an upload in: who may, for which licences, and is it a film at all. Nothing half-written stays."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.principals import Principal
from common import clock
from common.errors import Forbidden, InvalidInput, NotFound, TooLarge
from common.ids import new_id
from common.storage import blobs, put_file
from licensing import selectors as licensing
from licensing.models import LicenceToken, Production
from provenance.graph.services.outputs import record_upload
from provenance.media import probe_media
from provenance.models import Asset, AssetKind, AssetState
from provenance.services.events import record_move

_CHUNK = 1024 * 1024
_TOKENS_MAX = 200
_NAME_MAX = 255


def receive_asset(
    *,
    principal: Principal,
    production_id: UUID,
    token_jtis: Iterable[UUID],
    kind: str,
    path: Path,
    file_name: str,
    idempotency_key: str = "",
) -> Asset:
    """Take the file at ``path`` in as an output of a production.

    Args:
        path: where the upload lies; it is copied, not moved.
        file_name: as the uploader calls it; shown, never used as a path.
        idempotency_key: the caller's own name for this upload; one output per organisation and key.

    Raises:
        NotFound: the production is not visible to the caller.
        Forbidden: ``ROLE_MISSING``: the caller may see the production but not deliver for it.
        InvalidInput: ``TOKENS_INVALID``, ``TOKEN_NOT_OF_PRODUCTION``, ``KIND_UNKNOWN`` or ``MEDIA_UNREADABLE``.
        TooLarge: ``UPLOAD_TOO_LARGE``.
    """
    production = licensing.production_for(principal, production_id)
    if production is None:
        raise NotFound
    if kind not in AssetKind.values:
        raise InvalidInput("KIND_UNKNOWN", _("%(kind)s is not a kind of output.") % {"kind": kind})
    tokens = tokens_of(production, token_jtis)
    require_deliverer(principal, production, tokens)
    size = path.stat().st_size
    if size > settings.UPLOAD_BYTES_MAX:
        raise TooLarge(
            "UPLOAD_TOO_LARGE",
            _("An upload may have %(upload_bytes_max)s bytes.")
            % {"upload_bytes_max": settings.UPLOAD_BYTES_MAX},
        )
    facts = probe_media(path)
    asset = Asset(
        id=new_id(),
        production=production,
        organisation=principal.organisation,
        uploaded_by=principal.person,
        kind=kind,
        file_name=_shown_name(file_name),
        token_jtis=[token.jti for token in tokens],
        media=facts.to_dict(),
        upload_sha256=file_sha256(path),
        upload_bytes=size,
        idempotency_key=idempotency_key,
        touched_at=clock.now(),
    )
    return _store(asset, path, facts.suffix, principal)


def file_sha256(path: Path) -> str:
    """Hash a file in pieces; 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _store(asset: Asset, path: Path, suffix: str, principal: Principal) -> Asset:
    asset.upload_blob = put_file(f"assets/{asset.pk}/upload{suffix}", path)
    try:
        with transaction.atomic():
            record_move(
                asset,
                AssetState.RECEIVED,
                principal=principal,
                details={
                    "upload_sha256": asset.upload_sha256,
                    "licences": [str(j) for j in asset.token_jtis],
                },
            )
            record_upload(asset, principal)
    except BaseException:
        # no row knows the blob: it must not stay behind
        blobs().delete(asset.upload_blob)
        raise
    return asset


def tokens_of(production: Production, token_jtis: Iterable[UUID]) -> list[LicenceToken]:
    """Return the licences of a production by id.

    Raises:
        InvalidInput: ``TOKENS_INVALID`` or ``TOKEN_NOT_OF_PRODUCTION``.
    """
    wanted = list(dict.fromkeys(token_jtis))
    if not 0 < len(wanted) <= _TOKENS_MAX:
        raise InvalidInput(
            "TOKENS_INVALID",
            _("Name 1 to %(tokens_max)s licences that this was rendered under.")
            % {"tokens_max": _TOKENS_MAX},
        )
    found = {token.jti: token for token in LicenceToken.objects.filter(jti__in=wanted, production=production)}
    missing = [jti for jti in wanted if jti not in found]
    if missing:
        # unknown and foreign read the same: another production's licences are none of the caller's business
        raise InvalidInput(
            "TOKEN_NOT_OF_PRODUCTION",
            "A licence named here is not one of this production.",
            ", ".join(str(jti) for jti in missing),
        )
    return [found[jti] for jti in wanted]


def require_deliverer(principal: Principal, production: Production, tokens: list[LicenceToken]) -> None:
    """Let the production and the vendors of these licences pass.

    Raises:
        Forbidden: ``ROLE_MISSING``.
    """
    mine = principal.organisation_id
    delivers = production.organisation_id == mine or all(
        token.licensee_id == mine or mine in token.vendor_ids for token in tokens
    )
    by_role = principal.acts_as("PRODUCER", "ENGINEER", "ADMIN")
    if not (delivers and by_role):
        raise Forbidden("ROLE_MISSING", "Only the production and its vendors deliver for it.")


def _shown_name(file_name: str) -> str:
    name = "".join(char for char in Path(file_name).name if char.isprintable())
    return name[:_NAME_MAX] or "upload"
