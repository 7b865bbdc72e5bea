"""Sign grants anew whose key was revoked, so that what was agreed stays provable.

The statement is the one that stands in our rows, claim by claim; only the signature is new. The first one
stays beside it, and the log holds the grant as it was issued: nothing is agreed again.
"""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from audit.services import record
from common.errors import Conflict, NotFound
from common.keys import public_keys, signer_for
from common.models import SigningKey
from licensing.models import GrantReissue, LicenceToken
from licensing.selectors.tokens import current_grant
from trustcore.compact import sign_compact
from trustcore.encoding import b64url_decode, parse_json_strict
from trustcore.signing import Signer
from trustcore.tokens import GRANT_TYP, verify_token

_BATCH = 200


def reissue_grants(*, kid: str) -> int:
    """Sign anew every grant that the revoked key ``kid`` signed; returns how many.

    Batch by batch, each its own transaction: broken off, it goes on where it stopped.

    Raises:
        NotFound: ``KEY_UNKNOWN``.
        Conflict: ``KEY_NOT_REVOKED``: what it signed still verifies.
        InvalidToken: a statement in our rows is not what that key signed; it and the rest wait for a person.
        Unavailable: ``KEY_BACKEND_UNAVAILABLE``.
    """
    key = SigningKey.objects.filter(kid=kid, purpose=SigningKey.Purpose.TOKEN).first()
    if key is None:
        raise NotFound("KEY_UNKNOWN", "No key of this id signs grants.")
    if key.state != SigningKey.State.REVOKED:
        raise Conflict("KEY_NOT_REVOKED", "This key is not revoked: what it signed still verifies.")
    keys, done = _every_key(), 0
    while batch := list(_unproved(kid)[:_BATCH]):
        with transaction.atomic():
            signer = signer_for("TOKEN")
            for token in batch:
                _reissue(token, keys, signer, kid)
        done += len(batch)
    return done


def _every_key() -> dict[str, Ed25519PublicKey]:
    """Every key that ever signed grants here: what is asked is what it signed, not whether it is trusted."""
    rows = SigningKey.objects.filter(purpose=SigningKey.Purpose.TOKEN).values_list("kid", "public_key")
    return {kid: Ed25519PublicKey.from_public_bytes(bytes(public)) for kid, public in rows}


def _unproved(kid: str) -> QuerySet[LicenceToken]:
    trusted = GrantReissue.objects.filter(token=OuterRef("pk"), kid__in=list(public_keys("TOKEN")))
    signed = Q(grant__kid=kid) | Exists(GrantReissue.objects.filter(token=OuterRef("pk"), kid=kid))
    rows = LicenceToken.objects.filter(signed).filter(~Exists(trusted))
    return rows.select_related("grant").prefetch_related("reissues").order_by("pk")


def _reissue(token: LicenceToken, keys: dict[str, Ed25519PublicKey], signer: Signer, revoked: str) -> None:
    jws = current_grant(token).jws
    verify_token(jws, keys=keys, issuer=settings.BASE_URL, audience=None, now=None, typ=GRANT_TYP)
    payload = parse_json_strict(b64url_decode(jws.split(".")[1]))
    GrantReissue.objects.get_or_create(
        token=token, kid=signer.kid, defaults={"jws": sign_compact(payload, signer=signer, typ=GRANT_TYP)}
    )
    record(
        kind="licence.grant_reissued",
        principal=None,
        organisation_id=token.licensee_id,
        visible_to=[token.agency_id] if token.agency_id else [],
        object_type="licence",
        object_id=token.pk,
        production_id=token.production_id,
        details={"grant_kid": signer.kid, "revoked_kid": revoked},
    )
