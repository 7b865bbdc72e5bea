"""The verification report: the one JSON object that pages, policies and auditors read. Its schema is versioned.

``docs/schemas/verification-report-1.json`` is written by this module and compared by the tests::

    python -m trustcore.verification.report > docs/schemas/verification-report-1.json
"""

from __future__ import annotations

import sys
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from trustcore.encoding import prepare_readers, sha256_hex
from trustcore.errors import TrustError
from trustcore.verification.words import (
    Action,
    ActorState,
    Binding,
    Conclusion,
    DetectionState,
    Headline,
    Impact,
    OpinionState,
    ProvenanceReason,
    ProvenanceStatus,
    RationaleCode,
    RiskStatus,
    SignerTrust,
    Stage,
    StageState,
    TimeTrust,
    WatermarkReason,
    WatermarkStatus,
)

SCHEMA = "trustmark.verification-report/1"
Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Hash = Annotated[str, Meta(pattern="^sha256:[0-9a-f]{64}$")]


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A closed part of a report."""


class Actor(_Part, frozen=True):
    """Who signed a manifest beside its claim's signer: a named actor, by a CAWG identity assertion.

    ``label``: the assertion, as its manifest calls it; ``covers``: the assertions that they signed. It decides nothing,
    and vouches for nothing that the claim says.
    """

    name: str
    state: ActorState
    kind: str
    roles: tuple[str, ...] = ()
    covers: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    label: str = ""


class Manifest(_Part, frozen=True):
    """One manifest of the graph: who signed it, who signed it too, and the status codes that speak against it."""

    label: str
    depth: int
    signer: str
    failures: tuple[str, ...]
    detail: str = ""
    actors: tuple[Actor, ...] = ()


class SecondOpinion(_Part, frozen=True):
    """What another implementation says; ``agrees``: with the status and trust that we found. It decides nothing."""

    library: str
    version: str
    state: OpinionState
    agrees: bool | None = None
    codes: tuple[str, ...] = ()
    error: str | None = None


class Provenance(_Part, frozen=True):
    """Layer A. ``asserted_*``: who asserted the media, when, and by what evidence; claims of the signer.

    ``asserted_time``: whether a timestamp authority that is trusted says so, too. ``binding_score``: 1.0 the very bytes; below, similarity to the nearest original. ``binding_format``: the kind of assertion that binds the media, by which
    it was judged (``bmffHash``, ``dataHash``, ``boxesHash``, ``collectionHash``). ``causes``: what may lie behind
    a binding that fails. ``error``: class of what broke while reading.
    """

    status: ProvenanceStatus
    reason: ProvenanceReason
    binding: Binding
    binding_score: Share | None = None
    binding_format: str | None = None
    signer_trust: SignerTrust | None = None
    asserted_by: str | None = None
    asserted_at: str | None = None
    asserted_time: TimeTrust | None = None
    asserted_evidence: tuple[str, ...] = ()
    source: Literal["embedded", "sidecar", "none"] = "none"
    source_type: str | None = None
    manifests: tuple[Manifest, ...] = ()
    nearest_original: str | None = None
    causes: tuple[str, ...] = ()
    licensed: bool = False
    error: str | None = None
    sdk: str | None = None
    second_opinion: SecondOpinion | None = None


class WatermarkSegment(_Part, frozen=True):
    """A stretch of pictures or sound, in seconds."""

    layer: str
    start: float
    end: float
    status: WatermarkStatus
    p_value: float
    variants: tuple[str, ...] = ()


class SealedRegion(_Part, frozen=True):
    """A rectangle of blocks that are not as they were sealed, in pixels."""

    frame: int
    x: int
    y: int
    width: int
    height: int


class Seal(_Part, frozen=True):
    """What is left of a seal in a master, and where it was edited; it decides nothing.

    ``foreign``: sealed, under none of our keys. ``order``: the frames stand as they were sealed, all of them.
    """

    status: Literal["intact", "edited", "foreign"]
    frames: int
    blocks: int
    whole: int
    order: bool
    regions: tuple[SealedRegion, ...] = ()
    regions_left_out: int = 0
    detail: str = ""


class Watermark(_Part, frozen=True):
    """Layer B. ``payload`` and what it leads to stand only where a mark is present."""

    status: WatermarkStatus
    reason: WatermarkReason
    confidence: Share | None = None
    scheme: str | None = None
    payload: str | None = None
    p_value: float | None = None
    claim_p: float | None = None
    cards: tuple[str, ...] = ()
    segments: tuple[WatermarkSegment, ...] = ()
    transformation: dict[str, Any] = {}
    leads_to: dict[str, Any] | None = None
    seal: Seal | None = None
    error: str | None = None


class ModelVersions(_Part, frozen=True):
    """Which detectors scored."""

    spatial: str
    temporal: str
    ensemble: str


class RiskWindow(_Part, frozen=True):
    """A stretch of the film and its score; the decisive ones stand in the report."""

    start: float
    end: float
    score: Share


class Deepfake(_Part, frozen=True):
    """Layer C. ``status`` and ``risk_score`` stand only in ``state`` *scored*; ``acting``: they may move the action."""

    state: DetectionState
    status: RiskStatus | None = None
    risk_score: Share | None = None
    confidence: Share | None = None
    interval: tuple[Share, Share] | None = None
    disagree: bool = False
    acting: bool = False
    model_versions: ModelVersions | None = None
    scores: dict[str, float] = {}
    windows: tuple[RiskWindow, ...] = ()
    calibration_set: str | None = None
    detail: str = ""
    error: str | None = None


class Decided(_Part, frozen=True):
    """What the policy advises and why; ``layers``: those that answered."""

    action: Action
    rationale_codes: tuple[RationaleCode, ...]
    conclusion: Conclusion
    headline: Headline
    policy: str
    policy_sha256: str
    impact: Impact
    mode: Literal["active", "shadow", "canary"] = "active"
    layers: tuple[Stage, ...] = ()


class StageRun(_Part, frozen=True):
    """How one stage went; ``isolated``: what the process that ran it had given up (``network`` where the kernel lets it)."""

    name: Stage
    contract: str
    version: str
    state: StageState
    milliseconds: float
    reason: str = ""
    error: str | None = None
    isolated: tuple[str, ...] = ()


class Sampling(_Part, frozen=True):
    """How many frames were looked at, and whether load lowered that.

    ``width`` and ``height``: what each was brought to; ``rate``: pictures a second that models are shown.
    """

    frames: int
    strategy: str
    reduced: bool = False
    reason: str = ""
    width: int | None = None
    height: int | None = None
    rate: float | None = None


class Media(_Part, frozen=True):
    """What the file is."""

    name: str
    bytes: int
    kind: str
    container: str | None = None
    width: int | None = None
    height: int | None = None
    frame_rate: float | None = None
    seconds: float | None = None
    video_codec: str | None = None
    audio_codec: str | None = None


class Audit(_Part, frozen=True):
    """What makes the decision one that can be made again. ``input_canonical_hash``: of the pictures and the sound,
    not of the container; of the bytes where nothing could be decoded.
    """

    verified_at: str
    pipeline_versions: dict[str, str]
    input_canonical_hash: Hash
    input_sha256: Hash
    input_pointer: str
    stages: tuple[StageRun, ...]
    sampling: Sampling
    iscc: tuple[str, ...] = ()
    frame_hashes: tuple[str, ...] = ()
    transport: dict[str, str] = {}
    errors: tuple[str, ...] = ()


class Report(_Part, frozen=True):
    """A verification, whole."""

    schema: str
    asset_id: str
    media: Media
    provenance: Provenance
    watermark: Watermark
    deepfake: Deepfake
    decision: Decided
    audit: Audit

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(self))
        return plain

    @property
    def sha256(self) -> str:
        """The hash of its JSON with sorted names and no spaces."""
        return sha256_hex(msgspec.json.encode(self, order="deterministic"))


prepare_readers(Report)


def parse_report(document: object) -> Report:
    """Read a report strictly, from JSON values.

    Raises:
        TrustError: ``REPORT_INVALID``: it is none of this schema.
    """
    try:
        report = msgspec.convert(document, Report)
    except msgspec.ValidationError as error:
        raise TrustError("REPORT_INVALID", str(error)) from error
    if report.schema != SCHEMA:
        raise TrustError("REPORT_INVALID", f"the schema is not {SCHEMA}")
    return report


def json_schema() -> dict[str, Any]:
    """Return the report's JSON Schema (draft 2020-12)."""
    schema: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(msgspec.json.schema(Report)))
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["$id"] = f"urn:{SCHEMA.replace('/', ':')}"
    schema["$defs"]["Report"]["properties"]["schema"] = {"const": SCHEMA}
    return schema


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(json_schema()), indent=2) + b"\n")
