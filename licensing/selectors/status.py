"""What anyone may fetch: the issuer's keys and the status lists. Neither says who asked for which token."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import Max

from common import clock
from common.keys import public_keys, signer_for
from licensing.models import LicenceToken
from licensing.selectors.tokens import effective_state
from trustcore.signing import public_key_set
from trustcore.status import INVALID, StatusList, encode_status_list, status_of

# Places in one list; half of them at most are used, so that a free one is found at once.
STATUS_LIST_SIZE: Final = 2**15
# For how many seconds a reader may keep a copy, and until when the list says anything at all.
STATUS_TTL_SECONDS: Final = 10
STATUS_LIFE: Final = timedelta(minutes=10)
# keys of decisions and leases stand apart (/.well-known/decision-jwks.json): none of them may verify a token
_PURPOSES = ("TOKEN", "BUNDLE")


def status_uri(number: int) -> str:
    """The public address of a status list."""
    return f"{settings.BASE_URL}/status-lists/{number}"


def jwks() -> dict[str, Any]:
    """The issuer's public keys as a JWK set: the active ones and those that may still verify."""
    signer_for("TOKEN")  # the first reader of a new deployment finds a key, not an empty set
    keys = {kid: key for purpose in _PURPOSES for kid, key in public_keys(purpose).items()}
    return dict(public_key_set(keys))


def status_list_jwt(number: int) -> str | None:
    """The signed status list of that number as of now; None: there is no such list.

    A place that no token has reads as invalid: what is not known is not valid.
    """
    highest = LicenceToken.objects.aggregate(Max("status_list"))["status_list__max"]
    if number > (highest or 0):
        return None
    at = clock.now()
    return encode_status_list(
        StatusList.of(_codes(number, at)),
        signer_for("TOKEN"),
        uri=status_uri(number),
        issued_at=int(at.timestamp()),
        expires_at=int((at + STATUS_LIFE).timestamp()),
        ttl=STATUS_TTL_SECONDS,
    )


def _codes(number: int, at: datetime) -> list[int]:
    codes = [INVALID] * STATUS_LIST_SIZE
    for token in LicenceToken.objects.filter(status_list=number).select_related("superseded_by"):
        codes[token.status_index] = status_of(effective_state(token, at))
    return codes
