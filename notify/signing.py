"""Secrets and signatures of webhooks, by the Standard Webhooks specification (symmetric, ``v1``).

The signature's time is real time, not the house's clock: receivers compare it with theirs.
"""

import base64
import secrets
from datetime import UTC, datetime
from uuid import UUID

from standardwebhooks import Webhook

from common.keys import seal, unseal
from notify.models import WebhookEndpoint

_SECRET_BYTES = 32


def new_secret() -> str:
    """``whsec_...``: 256 random bits as the specification writes them."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()}"


def sealed(secret: str, endpoint_id: UUID) -> bytes:
    """The secret as it is kept: only this endpoint's row opens it."""
    return seal(secret.encode(), bound_to=f"webhook/{endpoint_id}")


def signed_headers(endpoint: WebhookEndpoint, event_id: UUID, body: bytes, *, at: datetime) -> dict[str, str]:
    """The three ``webhook-`` headers; while a rotation's overlap lasts both secrets sign.

    Args:
        at: the house's clock, for the end of the overlap.

    Raises:
        KeyUnreadable: the secret was sealed under another TRUSTMARK_SECRET.
    """
    now = datetime.now(tz=UTC)
    signatures = [Webhook(key).sign(str(event_id), now, body.decode()) for key in _secrets(endpoint, at)]
    return {
        "webhook-id": str(event_id),
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _secrets(endpoint: WebhookEndpoint, at: datetime) -> list[str]:
    sealed_ones = [endpoint.sealed_secret]
    if (
        endpoint.sealed_previous is not None
        and endpoint.previous_until is not None
        and at < endpoint.previous_until
    ):
        sealed_ones.append(endpoint.sealed_previous)
    return [unseal(one, bound_to=f"webhook/{endpoint.pk}").decode() for one in sealed_ones]
