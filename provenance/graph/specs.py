"""What can be recorded, as values: assets with a version, versions, relations, generations, decisions.

A *reference* names a version: its id, an asset's id (its newest version then), ``sha256:<hex>`` (the newest
version with these bytes) or ``external:<what the pipeline calls the asset>``. It may name what stands earlier
in the same batch.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

Ref: TypeAlias = str


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeSpec:
    """What a version came from. Fields are those of :class:`provenance.graph.models.Relation`."""

    parent: Ref
    kind: str
    role: str = ""
    tool: str = ""
    frame_first: int | None = None
    frame_last: int | None = None
    parent_first: int | None = None
    region: tuple[tuple[int, int], ...] = ()
    mask: Ref | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionSpec:
    """A version of an asset. Fields are those of :class:`provenance.graph.models.AssetVersion`."""

    label: str = ""
    content_sha256: str = ""
    media_type: str = ""
    size_bytes: int | None = None
    frame_first: int | None = None
    frame_last: int | None = None
    origin: str = ""
    made_at: datetime | None = None
    token_jtis: tuple[UUID, ...] = ()
    mark_id: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    parents: tuple[EdgeSpec, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetSpec:
    """An asset with its first version; one that is known by ``external_id`` gets a further version."""

    kind: str
    name: str
    version: VersionSpec
    external_id: str = ""
    on_behalf_of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """A further version of an asset that is there."""

    asset: Ref
    version: VersionSpec
    on_behalf_of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRelation:
    """An edge between two versions that are there."""

    child: Ref
    edge: EdgeSpec
    on_behalf_of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSpec:
    """One input of a generation."""

    asset: Ref
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationSpec:
    """One run of a model. Outputs are references, or assets that are recorded with it."""

    model_name: str
    model_version: str = ""
    model_sha256: str = ""
    model_provider: str = ""
    model_asset: Ref | None = None
    external_id: str = ""
    engine: str = ""
    engine_version: str = ""
    seed: str = ""
    guidance_scale: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    prompt: str | None = None
    negative_prompt: str | None = None
    token_jtis: tuple[UUID, ...] = ()
    started_at: datetime | None = None
    finished_at: datetime | None = None
    inputs: tuple[InputSpec, ...] = ()
    outputs: tuple[Ref | AssetSpec, ...] = ()
    on_behalf_of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionSpec:
    """A decision on a version."""

    version: Ref
    outcome: str
    stage: str
    note: str = ""
    on_behalf_of: str = ""


Spec: TypeAlias = AssetSpec | NewVersion | NewRelation | GenerationSpec | DecisionSpec
