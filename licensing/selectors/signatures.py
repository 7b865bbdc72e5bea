"""A person's signature by passkey, as the parties of its request may check it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings

from accounts.principals import Principal
from licensing.models import PersonSignature
from licensing.selectors.requests import requests_visible_to
from trustcore.errors import InvalidEvidence
from trustcore.passkey import (
    PasskeySignature,
    RelyingParty,
    read_passkey_signature,
    verify_passkey_signature,
)


@dataclass(frozen=True, slots=True)
class SignatureDetail:
    """One signature, verified as it is read. ``problem``: why it does not hold; empty: it holds."""

    request_id: UUID
    act: str
    side: str
    person: str
    organisation: str
    version: int
    terms_hash: str
    at: datetime
    kept: PasskeySignature
    digest: str
    problem: str
    problem_code: str


def signature_detail(principal: Principal, action_id: UUID) -> SignatureDetail | None:
    """The signature of one act; None: there is none, or none for this caller."""
    row = (
        PersonSignature.objects.filter(action=action_id)
        .select_related("action__actor", "action__organisation")
        .first()
    )
    if row is None or row.action is None:
        return None
    act = row.action
    if not requests_visible_to(principal).filter(pk=act.request_id).exists():
        return None
    kept = read_passkey_signature(row.kept)
    problem = code = ""
    try:
        if kept.digest != row.digest:
            problem, code = "what is stored differs from what was stored", "HASH_MISMATCH"
        verify_passkey_signature(kept, terms_hash=act.terms_hash, party=RelyingParty.of(settings.BASE_URL))
    except InvalidEvidence as error:
        problem, code = error.detail, error.code
    return SignatureDetail(
        request_id=act.request_id,
        act=act.kind,
        side=act.side,
        person=act.actor.full_name if act.actor else "",
        organisation=act.organisation.name if act.organisation else "",
        version=act.version,
        terms_hash=act.terms_hash,
        at=act.at,
        kept=kept,
        digest=row.digest,
        problem=problem,
        problem_code=code,
    )
