"""Who is really there: how, and how long ago, the person of a session last proved who they are.

Acts that bind ask for a fresh proof (``TRUSTMARK_STEP_UP_SECONDS``). Who has a second factor proves it with that
(passkey, code, or a recovery code); who has none proves it with the password, or at their organisation's sign-in.
An API key proves possession in its own way and has no presence; neither has a caller inside this process.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_noop

from accounts.models import User
from accounts.principals import ADMITTED_BY_KEY, Presence, Principal
from common.errors import Forbidden

_FACTORS: Final = (Authenticator.Type.WEBAUTHN, Authenticator.Type.TOTP)
_OF_FACTOR: Final = {"webauthn": "PASSKEY", "totp": "TOTP", "recovery_codes": "RECOVERY_CODE"}
_OF_METHOD: Final = {"password": "PASSWORD", "socialaccount": "ORGANISATION"}
STRONG: Final = frozenset({*_OF_FACTOR.values()})
_WITH_FACTOR: Final = gettext_noop("Nothing was signed and nothing was changed. Use your passkey or a code.")
_WITH_PASSWORD: Final = gettext_noop("Nothing was signed and nothing was changed. Give your password again.")
_SKEW_SECONDS: Final = 2.0  # web processes on several machines


class NotBound(Forbidden):
    """The act binds, and the proof or signature that it needs was not given, or does not hold: it may be tried again."""


class StepUpRequired(NotBound):
    """The act binds, and the last proof of who is there is too old, or too weak."""

    def __init__(self, *, needs_factor: bool) -> None:
        super().__init__(
            "STEP_UP_REQUIRED",
            "Confirm that it is you.",
            _WITH_FACTOR if needs_factor else _WITH_PASSWORD,
            {"needs_factor": needs_factor},
        )


@dataclass(frozen=True, slots=True)
class Factors:
    """What a person can prove themselves with, besides a password."""

    passkeys: int
    has_codes: bool
    has_recovery_codes: bool

    @property
    def has_second(self) -> bool:
        """Whether there is a second factor at all."""
        return self.passkeys > 0 or self.has_codes


def factors_of(user: User, *, admitted_by: str = "") -> Factors:
    """What ``user`` can prove themselves with in a session that ``admitted_by`` vouches for."""
    rows = Authenticator.objects.filter(user_id=user.pk).only("type", "data")
    return factors_among(row for row in rows if is_theirs(row, admitted_by))


def is_theirs(row: Authenticator, admitted_by: str) -> bool:
    """Whether an authenticator serves in such a session: one that an organisation's sign-in lent serves there alone."""
    return str(row.data.get(ADMITTED_BY_KEY) or "") in {"", admitted_by}


def factors_among(enrolled: Iterable[Authenticator]) -> Factors:
    """What somebody's authenticators amount to."""
    types = [row.type for row in enrolled]
    return Factors(
        passkeys=types.count(Authenticator.Type.WEBAUTHN),
        has_codes=Authenticator.Type.TOTP in types,
        has_recovery_codes=Authenticator.Type.RECOVERY_CODES in types,
    )


def presence_of(request: HttpRequest) -> Presence:
    """What the session knows of the person's proofs; never None for a person who is signed in."""
    user = request.user if isinstance(request.user, User) else None
    records = get_authentication_records(request, user)
    return Presence(tuple(_proofs(records)), request.session.get(ADMITTED_BY_KEY) or "")


def require_presence(principal: Principal) -> None:
    """Refuse an act that binds unless the person proved just now who they are.

    Raises:
        StepUpRequired: ``STEP_UP_REQUIRED``.
    """
    if principal.credential is None and principal.presence is not None and not is_fresh(principal):
        raise StepUpRequired(needs_factor=_factors(principal).has_second)


def is_fresh(principal: Principal) -> bool:
    """Whether the person's proof is recent, and the strongest kind that they have."""
    recent = recent_methods(principal.presence)
    if not recent:
        return False
    return not recent.isdisjoint(STRONG) or not _factors(principal).has_second


def recent_methods(presence: Presence | None) -> frozenset[str]:
    """The proofs that are not too old; one from the future is none."""
    now = time.time()
    proofs = presence.proofs if presence else ()
    return frozenset(
        method for method, at in proofs if -_SKEW_SECONDS <= now - at <= settings.STEP_UP_SECONDS
    )


def method_of(principal: Principal) -> str:
    """How the person confirmed, in the word that the log uses; the strongest of the recent proofs."""
    recent = recent_methods(principal.presence)
    for method in ("PASSKEY", "TOTP", "RECOVERY_CODE", "PASSWORD", "ORGANISATION"):
        if method in recent:
            # the log's PASSKEY means a signature over the terms; this was a sign-in with one
            return "PASSKEY_SIGN_IN" if method == "PASSKEY" else method
    return "SESSION"


def _factors(principal: Principal) -> Factors:
    admitted_by = principal.presence.admitted_by if principal.presence else ""
    return factors_of(principal.person, admitted_by=admitted_by)


def _proofs(records: Iterable[Mapping[str, Any]]) -> Iterable[tuple[str, float]]:
    for record in records:
        method = (
            _OF_FACTOR.get(str(record.get("type")))
            if record.get("method") == "mfa"
            else _OF_METHOD.get(str(record.get("method")))
        )
        at = record.get("at")
        if method is not None and isinstance(at, int | float):
            yield method, float(at)
