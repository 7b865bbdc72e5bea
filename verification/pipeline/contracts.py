"""The stages as contracts: what each takes and gives, its version, and how much it may use.

A contract changes with its version; reports name both, so a stored decision says what made it.
"""

from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from trustcore.encoding import prepare_readers
from trustcore.verification.report import Deepfake, Media, Provenance, Sampling, Watermark
from trustcore.verification.words import ErrorState, Stage

GIB = 1024**3
PIPELINE = "trustmark.pipeline/1"


Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
FrameCode = Annotated[str, Meta(pattern="^[0-9a-f]{16}$")]
Iscc = Annotated[str, Meta(pattern="^ISCC:[A-Z2-7]{10,100}$")]


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a stage gives."""


class Ingested(_Part, frozen=True):
    """The file as it came."""

    media: Media
    sha256: Digest


class Canonical(_Part, frozen=True):
    """What stays the same when only the container changes, and what the pictures look like.

    ``frame_codes``: ISCC Image-Codes (ISO 24138) of sampled frames as 16 hex digits, in their order.
    """

    canonical_sha256: Annotated[str, Meta(pattern="^([0-9a-f]{64})?$")]
    sampling: Sampling
    iscc: tuple[Iscc, ...] = ()
    frame_codes: tuple[FrameCode, ...] = ()
    corrupted: str = ""


class Credentials(_Part, frozen=True):
    """Layer A; ``only_binding_fails``: everything else about the credentials is confirmed."""

    provenance: Provenance
    only_binding_fails: bool = False


class Marks(_Part, frozen=True):
    """Layer B."""

    watermark: Watermark


class Detected(_Part, frozen=True):
    """Layer C."""

    deepfake: Deepfake


prepare_readers(Ingested, Canonical, Credentials, Marks, Detected)


@dataclass(frozen=True)
class StageContract:
    """One stage.

    Attributes:
        contract: name of its input and output.
        gives: what its answer must be; anything else is nonsense and counts as a failure.
        error: the state that its failure is reported as.
        seconds: wall clock it may take; memory in bytes of address space, beside what it was forked with.
    """

    stage: Stage
    contract: str
    version: str
    gives: type[Any]
    error: ErrorState
    seconds: float
    memory: int


CONTRACTS = (
    StageContract(
        Stage.INGEST, "trustmark.ingest/1", "1.0.0", Ingested, ErrorState.INGESTION_FAILED, 60, 3 * GIB
    ),
    StageContract(
        Stage.CANONICALISE,
        "trustmark.canonical/1",
        "1.2.0",
        Canonical,
        ErrorState.CANONICALISATION_FAILED,
        300,
        4 * GIB,
    ),
    StageContract(
        Stage.PROVENANCE,
        "trustmark.credentials/2",
        "2.2.0",
        Credentials,
        ErrorState.PROVENANCE_EXTRACT_FAILED,
        120,
        4 * GIB,
    ),
    StageContract(
        Stage.WATERMARK,
        "trustmark.marks/2",
        "2.0.1",
        Marks,
        ErrorState.WATERMARK_EXTRACTION_FAILED,
        900,
        12 * GIB,
    ),
    StageContract(
        Stage.DETECTION, "trustmark.detection/2", "2.1.0", Detected, ErrorState.DETECTOR_FAILED, 600, 12 * GIB
    ),
)
DECISION = ("trustmark.decision/1", "1.0.0")


def contract_of(stage: Stage) -> StageContract:
    """The contract of a stage that runs confined."""
    return next(one for one in CONTRACTS if one.stage is stage)


def versions() -> dict[str, str]:
    """Names and versions of every stage, as reports and replays compare them."""
    return {"pipeline": PIPELINE, str(Stage.DECISION): "@".join(DECISION)} | {
        str(one.stage): f"{one.contract}@{one.version}" for one in CONTRACTS
    }
