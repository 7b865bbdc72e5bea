"""What a verification is asked: the file, whom to trust, what to read marks with, which layers, under which policy."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trustcore.verification.words import Impact, Stage
from verification.pipeline.cleaning import clean

LAYERS = (Stage.PROVENANCE, Stage.WATERMARK, Stage.DETECTION)


@dataclass(frozen=True)
class Original:
    """What is kept of an original, to bind transcoded copies to it."""

    asset_id: str
    canonical_sha256: str
    frame_codes: tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """One file to verify.

    Attributes:
        pointer: where the input lies, as the report names it; never a path of this machine.
        anchors, crls: PEM of the audience's authorities and their revocation lists.
        timestamp_roots: PEM of the roots of timestamp authorities; nobody is trusted as a signer by these.
        actor_anchors, actor_crls: PEM of the authorities of named actors, who sign beside a claim's signer, and their
            revocation lists; of no claim's signer.
        keys: mark keys by key id; none: marks are not looked for.
        candidates: files of registered ids by key id.
        layers: the layers that are switched on.
        reduced: load is high and the impact low: fewer frames are sampled, and the report says so.
        promoted: the version of the ensemble of detectors that may act; empty: all are in shadow.
        transport: what came with the bytes (media type, sender's name); told, never believed.
    """

    path: Path
    name: str
    asset_id: str
    pointer: str
    anchors: str = ""
    crls: str = ""
    timestamp_roots: str = ""
    actor_anchors: str = ""
    actor_crls: str = ""
    sidecar: Path | None = None
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    candidates: Mapping[str, str] = field(default_factory=dict)
    layers: frozenset[Stage] = frozenset(LAYERS)
    impact: Impact = Impact.LOW
    reduced: bool = False
    promoted: str = ""
    transport: Mapping[str, str] = field(default_factory=dict)
    originals: tuple[Original, ...] = ()

    def __post_init__(self) -> None:
        # what a sender calls a file is a stranger's word, too
        for field_name in ("name", "asset_id", "pointer", "transport"):
            object.__setattr__(self, field_name, clean(getattr(self, field_name)))

    def given(self, **more: Any) -> dict[str, Any]:
        """What every stage is given, and ``more``."""
        return {"path": str(self.path), "name": self.name, **more}
