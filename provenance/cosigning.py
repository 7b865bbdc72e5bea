"""A second signature in one manifest: a named actor signs beside who makes the claim.

C2PA has exactly one claim signature in a manifest. Others sign by CAWG identity assertions inside it: each is a signature
of its own, with a certificate of its own, over the manifest's hard binding and whatever else it names. The claim's
signature covers the assertion; what the actor signed covers the media, so neither can be moved to another film.

The library that we pin makes one such assertion in a manifest and reads any number. Its Python face does not offer the
call that joins two signers; its C interface does, and that is called here.

Source: CAWG identity assertion 1.2, X.509 certificates; C2PA specification 2.4, on claim signatures.
"""

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import c2pa
from c2pa import c2pa as face
from cryptography.x509 import load_pem_x509_certificates

from provenance.authority import ClaimSigner

ROLES = (
    "cawg.creator", "cawg.contributor", "cawg.editor", "cawg.producer", "cawg.publisher", "cawg.sponsor",
    "cawg.translator",
)  # fmt: skip


@dataclass(frozen=True)
class Actor:
    """Who signs beside the claim's signer, and in which of the roles that the specification names.

    Raises:
        ValueError: a role that it does not name, or none; a chain that is no list of certificates.
    """

    identity: ClaimSigner
    roles: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.roles or not set(self.roles) <= set(ROLES):
            raise ValueError(f"a role of {', '.join(ROLES)}")
        # the library would sign without any certificate and say nothing
        load_pem_x509_certificates(self.identity.chain_pem.encode("ascii"))


@contextmanager
def joined(
    claim: "c2pa.Signer", actor: "c2pa.Signer | None", roles: Sequence[str]
) -> Iterator["c2pa.Signer"]:
    """Give the one signer that makes both signatures; ``claim`` itself where there is no actor.

    Both given signers are used up.

    Raises:
        C2paError: the library would not join them.
    """
    if actor is None:
        with claim:
            yield claim
        return
    # the keys' callbacks must live as long as the joint signer that calls them
    callbacks = (claim._callback_cb, actor._callback_cb)
    pointer = _join(claim, actor, roles)
    for used in (claim, actor):
        used._teardown(free_handle=False)  # they are the joint signer's now
    if not pointer:
        raise c2pa.C2paError("the two signers could not be joined")
    with c2pa.Signer(ctypes.cast(pointer, ctypes.POINTER(face.C2paSigner))) as signer:
        signer._callback_cb = callbacks
        yield signer


def _join(claim: "c2pa.Signer", actor: "c2pa.Signer", roles: Sequence[str]) -> Any:
    call = face._lib.c2pa_identity_signer_create
    call.restype = ctypes.c_void_p
    call.argtypes = [ctypes.c_void_p] * 4
    words = (ctypes.c_char_p * (len(roles) + 1))(*(one.encode("ascii") for one in roles), None)
    # no further assertions are named: the hard binding is always among what the actor signs
    return call(
        ctypes.cast(claim._handle, ctypes.c_void_p), ctypes.cast(actor._handle, ctypes.c_void_p), None, words
    )
