"""Private keys in a PKCS#11 token: made inside it, marked sensitive, and never taken out.

One session a process, and one lock: the library is initialised without locks of its own, as
python-pkcs11 does it, so two threads must never be inside it at once. A forked child starts anew (PKCS#11
says that a child may use nothing of its parent's); a session that died is opened again once. A PIN that
was refused is not tried a second time: tokens lock after a few.

Source: PKCS#11 3.0, sections 5.4 (C_Initialize), 2.3.6 (ECDSA without hashing) and 2.3.10 (Edwards curves).
"""

import hashlib
import os
import threading
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any, Final, TypeVar

import pkcs11
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11.exceptions import PinIncorrect, PinLocked, PKCS11Error
from pkcs11.util.ec import encode_named_curve_parameters

from common.keys.backends import NewKey, RemoteSigner, remote_signer, unavailable
from common.models import SigningKey

MESSAGE_BYTES_MAX: int | None = None
_NAME: Final = "PKCS#11"
_ED25519: Final = "1.3.101.112"
_KEY_BYTES: Final = 32
_POINT_BYTES: Final = 65
# what no reader of the token may undo: used inside, never seen, never copied out
_PRIVATE: Final = {
    Attribute.SENSITIVE: True,
    Attribute.EXTRACTABLE: False,
    Attribute.PRIVATE: True,
    Attribute.SIGN: True,
}
Answer = TypeVar("Answer")


class _Connection:
    """The process's session with the token, and the private keys found in it by label."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.session: Any = None
        self.keys: dict[str, Any] = {}
        self.is_inherited = False
        self.pin_refused = False

    def open(self) -> Any:
        if self.session is not None:
            return self.session
        if self.pin_refused:
            raise unavailable(_NAME, "the PIN was refused; correct it and restart")
        library = pkcs11.lib(settings.PKCS11_MODULE)
        if self.is_inherited:
            library.reinitialize()
            self.is_inherited = False
        token = library.get_token(token_label=settings.PKCS11_TOKEN)
        try:
            self.session = token.open(rw=True, user_pin=settings.PKCS11_PIN)
        except (PinIncorrect, PinLocked):
            self.pin_refused = True
            raise
        return self.session

    def forget(self, *, is_inherited: bool = True) -> None:
        """Drop the session; the next use initialises the library anew, which ends every session."""
        self.session, self.keys, self.is_inherited = None, {}, is_inherited


_connection = _Connection()


def _in_child() -> None:
    _connection.forget()
    _connection.pin_refused = False
    _connection.lock.release()


# nobody may be inside the library at the moment of a fork: the child would get it half way through
os.register_at_fork(
    before=_connection.lock.acquire, after_in_parent=_connection.lock.release, after_in_child=_in_child
)


def create(purpose: str) -> NewKey:
    """Make a key pair inside the token.

    Raises:
        Unavailable: ``KEY_BACKEND_UNAVAILABLE``.
    """
    label = f"trustmark-{purpose.lower()}-{uuid.uuid4().hex}"
    return _with_session(partial(_generate, label))


def signer(row: SigningKey) -> RemoteSigner:
    """A signer that asks the token for every signature."""
    return remote_signer(row, lambda message: _with_session(partial(_sign, row.reference, message)))


def create_p256() -> tuple[ec.EllipticCurvePublicKey, str]:
    """Make a pair on P-256 inside the token; its public half and its label.

    Raises:
        Unavailable: ``KEY_BACKEND_UNAVAILABLE``.
    """
    label = f"trustmark-credentials-{uuid.uuid4().hex}"
    return _with_session(partial(_generate_p256, label)), label


def sign_p256(reference: str, data: bytes) -> bytes:
    """Have the token sign the SHA-256 of ``data``; the two integers of 32 bytes each."""
    digest = hashlib.sha256(data).digest()
    return _with_session(partial(_sign, reference, digest, mechanism=Mechanism.ECDSA))


def discard(reference: str) -> None:
    """Destroy the pair of that label."""
    _with_session(partial(_destroy, reference))


def _with_session(work: Callable[[Any], Answer]) -> Answer:
    with _connection.lock:
        try:
            return work(_connection.open())
        except (PinIncorrect, PinLocked) as error:
            raise unavailable(_NAME, error) from error
        except PKCS11Error:
            _connection.forget()
        try:  # once more on a fresh session: the token was restarted, or the network to it was
            return work(_connection.open())
        except PKCS11Error as error:
            _connection.forget()
            raise unavailable(_NAME, error) from error


def _generate(label: str, session: Any) -> NewKey:
    curve = session.create_domain_parameters(
        KeyType.EC_EDWARDS, {Attribute.EC_PARAMS: encode_named_curve_parameters(_ED25519)}, local=True
    )
    public, _ = curve.generate_keypair(
        mechanism=Mechanism.EC_EDWARDS_KEY_PAIR_GEN,
        store=True,
        label=label,
        id=label.rpartition("-")[2].encode(),
        private_template=_PRIVATE,
    )
    # a DER OCTET STRING around the 32 bytes, or, in some tokens, the bytes alone
    point = bytes(public[Attribute.EC_POINT])
    return NewKey(Ed25519PublicKey.from_public_bytes(point[-_KEY_BYTES:]), reference=label)


def _generate_p256(label: str, session: Any) -> ec.EllipticCurvePublicKey:
    curve = session.create_domain_parameters(
        KeyType.EC, {Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}, local=True
    )
    public, _ = curve.generate_keypair(
        store=True, label=label, id=label.rpartition("-")[2].encode(), private_template=_PRIVATE
    )
    # a DER OCTET STRING around the point, or, in some tokens, the point alone
    point = bytes(public[Attribute.EC_POINT])[-_POINT_BYTES:]
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)


def _sign(label: str, message: bytes, session: Any, *, mechanism: Mechanism = Mechanism.EDDSA) -> bytes:
    key = _connection.keys.get(label)
    if key is None:
        found = list(session.get_objects({Attribute.LABEL: label, Attribute.CLASS: ObjectClass.PRIVATE_KEY}))
        if len(found) != 1:
            raise unavailable(_NAME, f"it holds {len(found)} keys of this name")
        key = _connection.keys[label] = found[0]
    return bytes(key.sign(message, mechanism=mechanism))


def _destroy(label: str, session: Any) -> None:
    for found in list(session.get_objects({Attribute.LABEL: label})):
        found.destroy()
    _connection.keys.pop(label, None)
