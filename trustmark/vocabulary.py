"""Names of enumerations in the OpenAPI document, where two fields of one name carry different words."""

from licensing.models.productions import ProductionKind
from screenplays.models import Purpose
from training.models import ScanJob
from training.vocabulary import ContractState, ItemAction, MediaKind
from trustcore.bundle.layout import Purpose as BundlePurpose
from trustcore.policy.clauses import Checkpoint
from trustcore.policy.vocabulary import RequestState, TokenState

REQUEST_STATES = [(state.value, state.value) for state in RequestState]
TOKEN_STATES = [(state.value, state.value) for state in TokenState]
SCRIPT_PURPOSES = [(one, one) for one in Purpose.values]
SCRIPT_GRANT_PURPOSES = [(one, one) for one in Purpose.values if one != Purpose.TRAIN]
BUNDLE_PURPOSES = [(one.value, one.value) for one in BundlePurpose]
PRODUCTION_KINDS = [(kind.value, kind.value) for kind in ProductionKind]
TAKEDOWN_ACTIONS = [(action.value, action.value) for action in ItemAction]
DATA_CONTRACT_STATES = [(state.value, state.value) for state in ContractState]
# of a scan, of a report made again, of a detection: the same words
WORK_STATES = [(state.value, state.value) for state in ScanJob.State]
REVIEW_CHECKPOINTS = [(one.value, one.value) for one in Checkpoint]
TRAINING_MEDIA_KINDS = [(kind.value, kind.value) for kind in MediaKind]
