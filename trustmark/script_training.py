"""What grants to train with scripts ask of the training licences beside them."""

from datetime import datetime
from typing import Final
from uuid import UUID

from licensing.models import TrainingToken
from licensing.selectors import training_state
from trustcore.policy.reasons import DenyReason
from trustcore.policy.vocabulary import TokenState, UseType

_REASONS: Final = {
    TokenState.REVOKED: DenyReason.REVOKED,
    TokenState.EXPIRED: DenyReason.EXPIRED,
    TokenState.SUSPENDED: DenyReason.SUSPENDED,
    TokenState.TERMINATED_CHANGE_OF_CONTROL: DenyReason.CHANGE_OF_CONTROL,
    TokenState.PENDING_ACTIVATION: DenyReason.NOT_YET_VALID,
}


def licence_lacks(jti: UUID, organisation_id: UUID, at: datetime) -> tuple[DenyReason, ...]:
    """Why a training licence does not let its holder train with scripts; empty: it does."""
    token = TrainingToken.objects.select_related("licensee").filter(pk=jti, licensee=organisation_id).first()
    if token is None:
        return (DenyReason.TOKEN_UNKNOWN,)
    if UseType.SCRIPT_TRAINING not in token.use_types:
        return (DenyReason.TRAINING_NOT_GRANTED,)
    state = training_state(token, at)
    return () if state is TokenState.ACTIVE else (_REASONS.get(state, DenyReason.TRAINING_NOT_GRANTED),)
