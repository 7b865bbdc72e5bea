"""Keep the deployment's signing authority: made at first use, renewed in time, keys sealed.

The windows of certificates follow the machine's clock, not the house's movable one: the C2PA library
checks them against the machine's, and a certificate from the future would verify nowhere.
"""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.db import IntegrityError, transaction

from audit.services import record
from common import keys
from common.errors import Conflict, NotFound
from common.ids import new_id
from common.keys import claims
from provenance import authority
from provenance.authority import RemoteIdentity, SigningIdentity
from provenance.models import SigningAuthority

_RENEW_BEFORE = timedelta(days=30)


def signing_identity() -> SigningIdentity | RemoteIdentity:
    """Return the certificate and key that sign now; made at first use, renewed a month before the end.

    Raises:
        Unavailable: ``KEY_BACKEND_UNAVAILABLE``: a new key cannot be made now. Signing may raise it too.
    """
    row = SigningAuthority.objects.filter(state=SigningAuthority.State.ACTIVE).first() or _create()
    if row.not_after - _machine_now() < _RENEW_BEFORE:
        row = renew_certificate()
    chain = row.certificate_pem + row.authority_pem
    if row.sealed_signing_key is None:
        public = x509.load_pem_x509_certificate(row.certificate_pem.encode()).public_key()
        if not isinstance(public, ec.EllipticCurvePublicKey):
            raise keys.KeyUnreadable(str(row.pk))
        return RemoteIdentity(
            chain, row.authority_pem, partial(claims.sign, row.key_backend, row.key_reference, public)
        )
    key = _unseal(bytes(row.sealed_signing_key), _bound(row, "signing"))
    return SigningIdentity(key, chain_pem=chain, anchor_pem=row.authority_pem)


def trust_anchors_pem() -> str:
    """Return every authority that signed here, as PEM: what a verifier of our files trusts."""
    rows = SigningAuthority.objects.order_by("created_at").values_list("authority_pem", flat=True)
    # a renewal retires a row but keeps its authority: name each once, in order
    return "".join(dict.fromkeys(rows)) or signing_identity().anchor_pem


def renew_certificate() -> SigningAuthority:
    """Issue a new signing certificate under the same authority and retire the old one, if it is due."""
    with transaction.atomic():
        old = SigningAuthority.objects.select_for_update().get(state=SigningAuthority.State.ACTIVE)
        if old.not_after - _machine_now() >= _RENEW_BEFORE:
            return old  # another process was first
        return _succeed(old)


def rotate_certificate(*, new_authority: bool = False) -> SigningAuthority:
    """Issue a new signing certificate now; with ``new_authority`` under a new root, which verifiers must learn.

    What the old ones signed goes on verifying: every authority stays an anchor.
    """
    with transaction.atomic():
        old = SigningAuthority.objects.select_for_update().filter(state=SigningAuthority.State.ACTIVE).first()
        row = _create() if old is None else _succeed(old, new_authority=new_authority)
        _tell("ca.rotated", row, {"new_authority": new_authority})
        return row


def revoke_certificate(
    *, serial: int, reason: str, compromised_at: datetime | None = None
) -> SigningAuthority:
    """Put a retired signing certificate on its authority's revocation list.

    Args:
        reason: a code of :class:`SigningAuthority.Reason`.
        compromised_at: since when its key may have been another's.

    Raises:
        NotFound: ``CERTIFICATE_UNKNOWN``.
        Conflict: ``CERTIFICATE_ACTIVE``: it still signs; ``CERTIFICATE_REVOKED``: it is on the list.
    """
    with transaction.atomic():
        rows = {serial_of(row): row for row in SigningAuthority.objects.select_for_update()}
        row = rows.get(serial)
        if row is None:
            raise NotFound("CERTIFICATE_UNKNOWN", "No signing certificate has this serial number.")
        if row.state == SigningAuthority.State.ACTIVE:
            raise Conflict(
                "CERTIFICATE_ACTIVE", "This certificate still signs.", "Rotate first, then revoke."
            )
        if row.state == SigningAuthority.State.REVOKED:
            raise Conflict("CERTIFICATE_REVOKED", "This certificate was revoked before.")
        row.state, row.revoked_at = SigningAuthority.State.REVOKED, _machine_now()
        row.revocation_reason, row.compromised_at = SigningAuthority.Reason(reason), compromised_at
        row.save(update_fields=["state", "revoked_at", "revocation_reason", "compromised_at"])
        _tell("ca.revoked", row, {"reason": reason})
        return row


def revocation_lists_pem() -> str:
    """Return a fresh revocation list of every authority that signed here, as PEM."""
    signing_identity()  # a new deployment has its authority, and an empty list
    by_root: dict[str, list[SigningAuthority]] = {}
    for row in SigningAuthority.objects.order_by("created_at"):
        by_root.setdefault(row.authority_pem, []).append(row)
    return "".join(_revocation_list(rows) for rows in by_root.values())


def revoked_certificates() -> frozenset[int]:
    """Return the serial numbers of every signing certificate of ours that is revoked."""
    rows = SigningAuthority.objects.filter(state=SigningAuthority.State.REVOKED)
    return frozenset(serial_of(row) for row in rows)


def serial_of(row: SigningAuthority) -> int:
    """Return the serial number of a row's signing certificate."""
    return x509.load_pem_x509_certificate(row.certificate_pem.encode()).serial_number


def _revocation_list(rows: list[SigningAuthority]) -> str:
    newest = rows[-1]
    lines = [
        authority.RevokedCertificate(
            serial_of(row), row.revoked_at, row.revocation_reason, row.compromised_at
        )
        for row in rows
        if row.revoked_at is not None
    ]
    root = x509.load_pem_x509_certificate(newest.authority_pem.encode())
    root_key = _unseal(bytes(newest.sealed_authority_key), _bound(newest, "authority"))
    return authority.crl_pem(authority.issue_crl(root, root_key, lines, now=_machine_now()))


def _succeed(old: SigningAuthority, *, new_authority: bool = False) -> SigningAuthority:
    old.state = SigningAuthority.State.RETIRED
    old.save(update_fields=["state"])
    if new_authority:
        return _create()
    root = x509.load_pem_x509_certificate(old.authority_pem.encode())
    return _store(root, _unseal(bytes(old.sealed_authority_key), _bound(old, "authority")))


def _tell(kind: str, row: SigningAuthority, details: dict[str, Any]) -> None:
    facts = {"serial": str(serial_of(row)), **details}
    record(kind=kind, principal=None, object_type="certificate", object_id=row.pk, details=facts)


def _create() -> SigningAuthority:
    root_key = authority.new_key()
    root = authority.issue_authority(root_key, organisation=_organisation(), now=_machine_now())
    try:
        with transaction.atomic():
            return _store(root, root_key)
    except IntegrityError:  # another process was first: its authority is the one
        return SigningAuthority.objects.get(state=SigningAuthority.State.ACTIVE)


def _store(root: x509.Certificate, root_key: ec.EllipticCurvePrivateKey) -> SigningAuthority:
    place = str(settings.KEY_BACKENDS["CREDENTIALS"])
    made = claims.create(place)
    certificate = authority.issue_certificate(
        root, root_key, made.public_key, organisation=_organisation(), now=_machine_now()
    )
    row = SigningAuthority(
        id=new_id(),
        authority_pem=authority.certificate_pem(root),
        certificate_pem=authority.certificate_pem(certificate),
        not_after=certificate.not_valid_after_utc,
        key_backend=place,
        key_reference=made.reference,
    )
    row.sealed_authority_key = _seal(root_key, _bound(row, "authority"))
    if made.private is not None:
        row.sealed_signing_key = _seal(made.private, _bound(row, "signing"))
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        claims.discard(place, made.reference)
        raise
    return row


def _bound(row: SigningAuthority, role: str) -> str:
    return f"provenance/{role}/{row.id}"


def _seal(key: ec.EllipticCurvePrivateKey, bound_to: str) -> bytes:
    plain = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return keys.seal(plain, bound_to=bound_to)


def _unseal(sealed: bytes, bound_to: str) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_der_private_key(keys.unseal(sealed, bound_to=bound_to), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise keys.KeyUnreadable(bound_to)
    return key


def _organisation() -> str:
    return str(settings.LOG_HOST)


def _machine_now() -> datetime:
    return datetime.now(UTC)
