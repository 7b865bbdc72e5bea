"""Names of enumerations in the OpenAPI document, where two fields of one name carry different words."""

from licensing.models.productions import ProductionKind
from training.vocabulary import MediaKind
from trustcore.policy.vocabulary import RequestState, TokenState

REQUEST_STATES = [(state.value, state.value) for state in RequestState]
TOKEN_STATES = [(state.value, state.value) for state in TokenState]
PRODUCTION_KINDS = [(kind.value, kind.value) for kind in ProductionKind]
TRAINING_MEDIA_KINDS = [(kind.value, kind.value) for kind in MediaKind]
