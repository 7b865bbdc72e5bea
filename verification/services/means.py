"""What a verification reads with: whom it trusts, the mark keys of this deployment, and the ids registered under each."""

import atexit
import hashlib
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings

from common.errors import Unavailable
from common.timestamps import trusted_roots
from common.warmed import Warmed
from provenance.services.signing import revocation_lists_pem, trust_anchors_pem
from provenance.trust import TrustList, TrustPolicyInvalid, load_trust_list
from verification.pipeline.confined import CHILD
from watermarking import selectors as marks
from watermarking.candidates import MAGIC
from watermarking.keys import KeyUnusable, read_keys


@dataclass(frozen=True)
class Trusted:
    """PEM: authorities of signers and of named actors, their revocation lists, and roots of timestamp authorities."""

    anchors: str
    crls: str
    timestamp_roots: str
    actor_anchors: str = ""
    actor_crls: str = ""


def trusted_by(audience: str) -> Trusted:
    """Whom an audience trusts: this house, and who the deployment's trust policy names for it."""
    anchors, crls, listed = trust_anchors_pem(), revocation_lists_pem(), TrustList("", "")
    if settings.VERIFICATION_TRUST_POLICY:
        try:
            listed = load_trust_list(Path(settings.VERIFICATION_TRUST_POLICY), audience)
        except TrustPolicyInvalid as error:
            # one that the file does not name trusts this house alone; a file that says nothing trusts nobody in silence
            if error.code != "AUDIENCE_UNKNOWN":
                raise
    return Trusted(
        anchors + listed.anchor_pem,
        crls + listed.crl_pem,
        _timestamp_roots(),
        listed.actor_pem,
        listed.actor_crl_pem,
    )


def mark_keys() -> dict[str, str]:
    """The keys that marks were made with, as hex by id; none where they cannot be read: reports say so."""
    with suppress(KeyUnusable):
        return {one.key_id: one.key.hex() for one in read_keys(key_ids=marks.key_ids_in_use())}
    return {}


def candidate_files(key_ids: list[str], folder: Path) -> dict[str, str]:
    """Write the ids that are registered under each key into ``folder``; the files by key id."""
    found = {name: _candidates(name, folder) for name in key_ids}
    return {name: str(file) for name, file in found.items() if file is not None}


def warmed() -> Warmed | None:
    """What forks this worker's stages, where the deployment keeps one."""
    return _warmed() if settings.VERIFICATION_WARM else None


@cache
def _warmed() -> Warmed:
    made = Warmed(CHILD)
    atexit.register(made.end)
    return made


def _timestamp_roots() -> str:
    """The roots of the deployment's timestamp authority; unreadable ones leave every stamp untrusted."""
    with suppress(Unavailable):
        return trusted_roots()
    return ""


def _candidates(key_id: str, folder: Path) -> Path | None:
    ids = marks.registered_ids(key_id=key_id)
    if not len(ids):
        return None
    target = folder / f"{hashlib.sha256(key_id.encode()).hexdigest()[:16]}.ids"
    target.write_bytes(MAGIC + ids.astype(">u8").tobytes())
    return target
