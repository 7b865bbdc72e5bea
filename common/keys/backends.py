"""Where private keys live: what a backend does, and which one is asked.

The setting names the backend of *new* keys, by purpose; a key stays where it was made, and its row says
where that is. So a deployment moves to a security module by setting it and rotating, and keys in the
database go on verifying.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import NamedTuple, Protocol, cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings
from django.utils.translation import gettext as _

from common.errors import Conflict, Unavailable
from common.models import SigningKey
from trustcore.signing import Signer, is_signature

_MODULES = {
    SigningKey.Backend.DATABASE: "common.keys.database",
    SigningKey.Backend.PKCS11: "common.keys.hsm",
    SigningKey.Backend.KMS: "common.keys.kms",
}


class NewKey(NamedTuple):
    """A key pair just made: where its private half is, or the sealed half itself."""

    public_key: Ed25519PublicKey
    reference: str = ""
    sealed: bytes | None = None


class Backend(Protocol):
    """A place for private keys.

    Attributes:
        MESSAGE_BYTES_MAX: longest message it signs; None: any length.
    """

    MESSAGE_BYTES_MAX: int | None

    def create(self, purpose: str) -> NewKey:
        """Make a key pair. Raises ``Unavailable``."""
        ...

    def signer(self, row: SigningKey) -> Signer:
        """A signer for the key of ``row``; it raises ``Unavailable`` when it cannot sign."""
        ...

    def discard(self, reference: str) -> None:
        """Destroy a key that no row came to name."""
        ...


@cache
def backend(name: str) -> Backend:
    """The backend of that name. Its libraries load with it: only who uses a key service pays for it."""
    return cast(Backend, import_module(_MODULES[SigningKey.Backend(name)]))


def backend_for_new(purpose: str) -> str:
    """The name of the backend that new keys of ``purpose`` are made in."""
    return str(settings.KEY_BACKENDS[purpose])


def unavailable(name: str, error: Exception | str) -> Unavailable:
    """The refusal when a key service does not answer; what it said goes to the operator, never a secret."""
    return Unavailable(
        "KEY_BACKEND_UNAVAILABLE",
        "The service that holds the signing keys does not answer.",
        _("Nothing was signed and nothing was changed; try again. (%(name)s: %(values)s)")
        % {"name": name, "values": type_of(error)},
    )


def type_of(error: Exception | str) -> str:
    """What to call an error in front of strangers: its kind alone."""
    return error if isinstance(error, str) else type(error).__name__


@dataclass(frozen=True, slots=True)
class RemoteSigner:
    """A signer whose private key is elsewhere. What comes back is verified before it is used."""

    kid: str
    public_key: Ed25519PublicKey
    backend_name: str
    ask: Callable[[bytes], bytes]
    message_bytes_max: int | None = None

    def sign(self, message: bytes) -> bytes:
        """Return the signature of ``message``.

        Raises:
            Unavailable: ``KEY_BACKEND_UNAVAILABLE``: no answer, or one that is not this key's signature.
            Conflict: ``KEY_MESSAGE_TOO_LONG``: the service does not sign messages of this length.
        """
        if self.message_bytes_max is not None and len(message) > self.message_bytes_max:
            raise Conflict(
                "KEY_MESSAGE_TOO_LONG",
                "The signing service does not take documents of this length.",
                _(
                    "%(values)s bytes; it signs at most %(message_bytes_max)s. Keep keys of this purpose in the database or in a PKCS#11 token."
                )
                % {"values": len(message), "message_bytes_max": self.message_bytes_max},
            )
        signature = self.ask(message)
        if not is_signature(self.public_key, signature, message):
            raise unavailable(self.backend_name, "it answered with a signature that does not verify")
        return signature


def remote_signer(
    row: SigningKey, ask: Callable[[bytes], bytes], *, message_bytes_max: int | None = None
) -> RemoteSigner:
    """The signer of a row whose private key is elsewhere."""
    public_key = Ed25519PublicKey.from_public_bytes(bytes(row.public_key))
    return RemoteSigner(row.kid, public_key, row.backend, ask, message_bytes_max)
