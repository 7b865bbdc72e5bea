"""Rows of the rights gate. Captured facts, rights, decisions and lineage are append-only (migrations)."""

from training.models.assets import Derivative, TrainingAsset, TransformJob
from training.models.contracts import ContractBinding, DataContract
from training.models.decisions import PolicyDecision, PolicyText, Review, RightsException
from training.models.fingerprints import Fingerprint
from training.models.lineage import LineageEdge, LineageHead, LineageNode
from training.models.manifests import ManifestRow, ModelVersion, TrainingManifest, TrainingRun
from training.models.reports import RightsReport, RightsReview, TrainingQuestion
from training.models.rights import RightsEnd, RightsRecord
from training.models.sources import DomainRule, Source, SourceClass
from training.models.takedowns import Takedown, TakedownItem, TakedownReach

__all__ = [
    "ContractBinding",
    "DataContract",
    "Derivative",
    "DomainRule",
    "Fingerprint",
    "LineageEdge",
    "LineageHead",
    "LineageNode",
    "ManifestRow",
    "ModelVersion",
    "PolicyDecision",
    "PolicyText",
    "Review",
    "RightsEnd",
    "RightsException",
    "RightsRecord",
    "RightsReport",
    "RightsReview",
    "Source",
    "SourceClass",
    "Takedown",
    "TakedownItem",
    "TakedownReach",
    "TrainingAsset",
    "TrainingManifest",
    "TrainingQuestion",
    "TrainingRun",
    "TransformJob",
]
