"""Token introspection (RFC 7662): whether a token holds now, told to those with a part in its licence."""

from typing import Any
from uuid import UUID

from django.conf import settings

from accounts.principals import Principal
from common import clock
from common.keys import public_keys
from licensing.selectors.facts import LicenceFacts, licence_state_for
from licensing.selectors.tokens import tokens_visible_to
from trustcore.encoding import b64url_decode, parse_json_strict
from trustcore.errors import InvalidToken
from trustcore.policy.vocabulary import TokenState
from trustcore.tokens import verify_token

_INACTIVE: dict[str, Any] = {"active": False}


def introspect(principal: Principal, token: str) -> dict[str, Any]:
    """What RFC 7662 answers: everything the token says, or ``{"active": false}`` and no word more.

    Active: the signature, the times and every rule of :mod:`trustcore.tokens` hold now, the licence is in
    force, and the caller is one of its parties. Which of these failed is told to nobody.
    """
    try:
        claims = verify_token(
            token,
            keys=public_keys("TOKEN"),
            issuer=settings.BASE_URL,
            audience=None,
            now=int(clock.now().timestamp()),
        )
    except InvalidToken:
        return dict(_INACTIVE)
    jti = UUID(claims.jti)
    facts = licence_state_for(jti)
    if facts is None or not _is_live(facts) or not tokens_visible_to(principal).filter(pk=jti).exists():
        return dict(_INACTIVE)
    payload: dict[str, Any] = parse_json_strict(b64url_decode(token.split(".")[1]))
    return {"active": True, "token_type": "DPoP", **payload}


def _is_live(facts: LicenceFacts) -> bool:
    return facts.token_state in {TokenState.ACTIVE, TokenState.EXPIRING} and facts.why_over is None
