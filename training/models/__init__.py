"""Rows of the rights gate. Captured facts, rights, decisions and lineage are append-only (migrations)."""

from training.models.assets import Derivative, TrainingAsset, TransformJob
from training.models.contracts import ContractBinding, DataContract
from training.models.decisions import PolicyDecision, PolicyText, Review, RightsException
from training.models.fingerprints import Fingerprint, ScriptSearch, ScriptUse, TextSketch
from training.models.imports import ImportRefusal, MaterialImport
from training.models.lineage import LineageEdge, LineageHead, LineageNode
from training.models.lineage_events import LineageEvent
from training.models.manifests import ManifestRow, ModelVersion, TrainingManifest, TrainingRun
from training.models.reports import ReportRerun, RightsReport, RightsReview, TrainingQuestion
from training.models.rights import RightsComparison, RightsEnd, RightsRecord
from training.models.rules import HouseRules
from training.models.scans import ScanJob
from training.models.sources import DomainRule, Source, SourceClass
from training.models.systems import InspectionLook, SystemReport
from training.models.takedowns import Takedown, TakedownItem, TakedownReach
from training.models.transforms import TransformItem, TransformRun

__all__ = [
    "ContractBinding",
    "DataContract",
    "Derivative",
    "DomainRule",
    "Fingerprint",
    "HouseRules",
    "ImportRefusal",
    "InspectionLook",
    "LineageEdge",
    "LineageEvent",
    "LineageHead",
    "LineageNode",
    "ManifestRow",
    "MaterialImport",
    "ModelVersion",
    "PolicyDecision",
    "PolicyText",
    "ReportRerun",
    "Review",
    "RightsComparison",
    "RightsEnd",
    "RightsException",
    "RightsRecord",
    "RightsReport",
    "RightsReview",
    "ScanJob",
    "ScriptSearch",
    "ScriptUse",
    "Source",
    "SourceClass",
    "SystemReport",
    "Takedown",
    "TakedownItem",
    "TakedownReach",
    "TextSketch",
    "TrainingAsset",
    "TrainingManifest",
    "TrainingQuestion",
    "TrainingRun",
    "TransformItem",
    "TransformJob",
    "TransformRun",
]
