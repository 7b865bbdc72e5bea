"""System checks of the verifier: what it decides by, and whom it trusts, can be read before the first file comes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from provenance.trust import TrustPolicyInvalid, load_trust_lists
from trustcore.verification.policy import PolicyInvalid
from verification.services.verifying import policy_from


@register
def check_policies(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """``verification.E001``: without its policy no file is decided."""
    found: list[CheckMessage] = []
    for name in filter(None, (settings.VERIFICATION_POLICY, settings.VERIFICATION_TRIAL_POLICY)):
        try:
            policy_from(name)
        except (PolicyInvalid, OSError) as error:
            hint = "Name one of this distribution, such as default@2, or the path of a .json file."
            found.append(Error(f"the decision policy {name}: {error}", hint=hint, id="verification.E001"))
    return found


@register
def check_trust(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """``verification.E002``: an audience whose list cannot be read would trust others than it was told to."""
    if not settings.VERIFICATION_TRUST_POLICY:
        return []
    try:
        load_trust_lists(Path(settings.VERIFICATION_TRUST_POLICY))
    except (TrustPolicyInvalid, OSError) as error:
        hint = "See docs/verification.md for what TRUSTMARK_VERIFICATION_TRUST_POLICY holds."
        return [Error(f"the trust policy: {error}", hint=hint, id="verification.E002")]
    return []
