"""The deployment's certificate authority for Content Credentials: one root, one signing certificate.

C2PA signs claims with an end-entity certificate (never the authority's own) whose key usage is digital
signature, whose extended key usage is listed in the verifier's trust configuration, and which carries
both key identifiers. Keys are ECDSA on P-256 (``ES256``), the algorithm every C2PA verifier has.

Nothing here reads a clock or a disk: the moment is an argument, keys go in and out as objects.
Source: C2PA specification 2.4, sections on X.509 certificates and on trust lists.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

C2PA_CLAIM_SIGNING = ObjectIdentifier("1.3.6.1.4.1.62558.2.1")
# What a verifier is told to accept; the older e-mail usage is what verifiers without a list look for.
ACCEPTED_USAGES = (C2PA_CLAIM_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION)
AUTHORITY_DAYS = 3650
CERTIFICATE_DAYS = 397
CRL_DAYS = 7
# Machines of one deployment disagree by minutes at most.
_BACKDATE = timedelta(hours=1)
_COORDINATE_BYTES = 32


class ClaimSigner(Protocol):
    """Who signs claims: a chain, its anchor, and a signature over bytes, wherever the key is."""

    @property
    def chain_pem(self) -> str: ...

    @property
    def anchor_pem(self) -> str: ...

    def sign(self, data: bytes) -> bytes:
        """Sign as COSE wants it."""
        ...


@dataclass(frozen=True)
class RemoteIdentity:
    """A signing certificate whose key is in another's keeping.

    Attributes:
        ask: has the SHA-256 of some bytes signed there; returns the two integers of 32 bytes each.
    """

    chain_pem: str
    anchor_pem: str
    ask: Callable[[bytes], bytes]

    def sign(self, data: bytes) -> bytes:
        """Sign as COSE wants it.

        Raises:
            Unavailable: ``KEY_BACKEND_UNAVAILABLE``.
        """
        return self.ask(data)


@dataclass(frozen=True)
class SigningIdentity:
    """A signing certificate with its key, and the chain a verifier needs.

    Attributes:
        key: the private key of the end-entity certificate.
        chain_pem: end-entity certificate, then the authority's, as PEM.
        anchor_pem: the authority's certificate alone: what verifiers trust.
    """

    key: ec.EllipticCurvePrivateKey
    chain_pem: str
    anchor_pem: str

    def sign(self, data: bytes) -> bytes:
        """Sign as COSE wants it: the two integers of 32 bytes each, not DER."""
        r, s = decode_dss_signature(self.key.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(_COORDINATE_BYTES, "big") + s.to_bytes(_COORDINATE_BYTES, "big")


def new_key() -> ec.EllipticCurvePrivateKey:
    """Make a private key on P-256."""
    return ec.generate_private_key(ec.SECP256R1())


def issue_authority(key: ec.EllipticCurvePrivateKey, *, organisation: str, now: datetime) -> x509.Certificate:
    """Make the deployment's self-signed root, which may sign end-entity certificates and nothing else."""
    subject = _name(organisation, "Content Credentials authority")
    return (
        _builder(subject, subject, key.public_key(), now, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )


def issue_certificate(
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
    public_key: ec.EllipticCurvePublicKey,
    *,
    organisation: str,
    now: datetime,
) -> x509.Certificate:
    """Make an end-entity certificate for signing claims.

    Raises:
        ValueError: ``authority`` does not carry the public half of ``authority_key``.
    """
    if authority.public_key() != authority_key.public_key():
        raise ValueError("the authority's certificate does not belong to its key")
    identifier = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return (
        _builder(
            _name(organisation, "Content Credentials signer"),
            authority.subject,
            public_key,
            now,
            CERTIFICATE_DAYS,
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(list(ACCEPTED_USAGES)), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False
        )
        .sign(authority_key, hashes.SHA256())
    )


@dataclass(frozen=True)
class RevokedCertificate:
    """One line of a revocation list.

    Attributes:
        reason: a code of RFC 5280, section 5.3.1, such as ``keyCompromise``.
        compromised_at: since when its key may have been another's (``invalidityDate``).
    """

    serial: int
    revoked_at: datetime
    reason: str
    compromised_at: datetime | None = None


def issue_crl(
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
    revoked: Iterable[RevokedCertificate],
    *,
    now: datetime,
) -> x509.CertificateRevocationList:
    """Make the authority's revocation list as of ``now``, good for a week (RFC 5280, section 5)."""
    identifier = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.subject)
        .last_update(now - _BACKDATE)
        .next_update(now + timedelta(days=CRL_DAYS))
        .add_extension(x509.CRLNumber(int(now.timestamp())), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False
        )
    )
    for line in revoked:
        builder = builder.add_revoked_certificate(_crl_line(line))
    return builder.sign(authority_key, hashes.SHA256())


def _crl_line(line: RevokedCertificate) -> x509.RevokedCertificate:
    builder = (
        x509.RevokedCertificateBuilder()
        .serial_number(line.serial)
        .revocation_date(line.revoked_at)
        .add_extension(x509.CRLReason(x509.ReasonFlags(line.reason)), critical=False)
    )
    if line.compromised_at is not None:
        since = line.compromised_at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
        builder = builder.add_extension(x509.InvalidityDate(since), critical=False)
    return builder.build()


def crl_pem(crl: x509.CertificateRevocationList) -> str:
    """Return a revocation list as PEM text."""
    return crl.public_bytes(serialization.Encoding.PEM).decode("ascii")


def certificate_pem(certificate: x509.Certificate) -> str:
    """Return a certificate as PEM text."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")


def _builder(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATE)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _name(organisation: str, common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation[:64]),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
