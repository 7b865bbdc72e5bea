"""Rows of the graph. Each is made by one event and never changes; ``provenance.graph.projection`` makes them."""

from provenance.graph.models.assets import AssetVersion, Classification, GraphAsset, GraphKind, LabelProposal
from provenance.graph.models.custody import CustodyDocument, DocumentKind
from provenance.graph.models.decisions import Decision, DecisionOutcome, DecisionStage
from provenance.graph.models.events import EventKind, ProvenanceEvent
from provenance.graph.models.generations import (
    GenerationInput,
    GenerationOutput,
    GenerationRecord,
    GenerativeModel,
    InputRole,
)
from provenance.graph.models.relations import Relation, RelationKind
from provenance.graph.models.sealed import ProductionKey, SealedText
from provenance.graph.models.timings import AskedThrough, Question, QuestionTime

__all__ = [
    "AskedThrough",
    "AssetVersion",
    "Classification",
    "CustodyDocument",
    "Decision",
    "DecisionOutcome",
    "DecisionStage",
    "DocumentKind",
    "EventKind",
    "GenerationInput",
    "GenerationOutput",
    "GenerationRecord",
    "GenerativeModel",
    "GraphAsset",
    "GraphKind",
    "InputRole",
    "LabelProposal",
    "ProductionKey",
    "ProvenanceEvent",
    "Question",
    "QuestionTime",
    "Relation",
    "RelationKind",
    "SealedText",
]
