"""Codes of an authenticator app: each step of time is good once, and one step of drift either way is forgiven.

A code stays valid for as long as the drift allows, so it is not the code that is remembered but its step: whoever
saw a code cannot use it, nor an earlier one, after its owner did.

Source: RFC 6238, section 5.2.
"""

from typing import Final

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from allauth.mfa.utils import decrypt
from django.db import transaction

_LAST_STEP: Final = "last_step"  # in an authenticator's data


def step_of(secret: str, code: str) -> int | None:
    """The step of time that ``code`` belongs to, of those that drift allows; None if of none."""
    for step in yield_hotp_counters_from_time():
        if compare_user_code(actual=code, expected=format_hotp_value(hotp_value(secret, step))):
            return int(step)
    return None


@transaction.atomic
def is_code_accepted(authenticator: Authenticator, code: str) -> bool:
    """Use ``code`` up: True once, for a code that is right and later than the last one used."""
    row = Authenticator.objects.select_for_update().get(pk=authenticator.pk)
    step = step_of(decrypt(row.data["secret"]), code)
    if step is None or step <= row.data.get(_LAST_STEP, -1):
        return False
    remember_step(row, step)
    return True


def remember_step(row: Authenticator, step: int) -> None:
    """Keep the step that was used last."""
    row.data = {**row.data, _LAST_STEP: step}
    row.save(update_fields=["data"])
