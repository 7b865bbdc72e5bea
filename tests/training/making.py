"""A house that trains: its people, a class, a source with rights, and captures of assets."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import numpy as np
from PIL import Image

from accounts.models import Membership, Organisation
from accounts.principals import Principal
from common import clock
from tests.factories import make_desk, make_studio, make_user
from training.models import RightsRecord, Source, SourceClass, TrainingAsset
from training.services.assets import Admission, register_asset
from training.services.gate import Capture
from training.services.rights import RightsAsk, record_rights
from training.services.sources import SourceAsk, make_class, register_source
from training.vocabulary import CHECKS

_numbers = count(1)
Role = Membership.Role
CLEAR = dict.fromkeys(CHECKS, "CLEAR")
COMMIT = "c" * 40


@dataclass
class House:
    """One organisation and its cast: an engineer, a second one, a producer, counsel."""

    organisation: Organisation = field(default_factory=make_studio)

    def __post_init__(self) -> None:
        self.engineer = make_desk(self.organisation, Role.ENGINEER)
        self.colleague = make_desk(self.organisation, Role.ENGINEER)
        self.producer = make_desk(self.organisation, Role.PRODUCER)
        self.counsel = make_desk(self.organisation, Role.LEGAL)

    @classmethod
    def of(cls, *, engineer: Principal, producer: Principal, counsel: Principal) -> House:
        """The house of people who are there already."""
        house = cls.__new__(cls)
        house.organisation = engineer.organisation
        house.engineer = house.colleague = engineer
        house.producer, house.counsel = producer, counsel
        return house

    def source_class(self, *, is_allowed: bool = True, **further: Any) -> SourceClass:
        told = {"source_type": "ARCHIVE", "purpose": "Faces for the dialogue model.", **further}
        return make_class(
            principal=self.counsel, code=f"class-{next(_numbers)}", is_allowed=is_allowed, **told
        )

    def source(self, kind: SourceClass | None = None, **further: Any) -> Source:
        number = next(_numbers)
        kind = kind or self.source_class()
        told = {
            "source_class": kind.code, "canonical_url": f"https://films.example.test/reel/{number}",
            "platform": "Example Archive", "platform_id": f"reel-{number}", "rights_holder": "Example Archive Ltd",
            **further,
        }  # fmt: skip
        return register_source(principal=self.engineer, ask=SourceAsk(**told))

    def rights(self, source: Source, **changes: Any) -> RightsRecord:
        return record_rights(principal=self.engineer, source_id=source.pk, ask=replace(RIGHTS, **changes))

    def licensed_source(self, **changes: Any) -> Source:
        source = self.source()
        self.rights(source, **changes)
        return source

    def admit(self, source: Source | None = None, **changes: Any) -> TrainingAsset:
        asset = self.ask(source, **changes).asset
        assert asset is not None
        return asset

    def ask(self, source: Source | None = None, *, by: Principal | None = None, **changes: Any) -> Admission:
        source = source or self.licensed_source()
        return register_asset(
            principal=by or self.engineer, source_id=source.pk, capture=make_capture(**changes)
        )

    def job(self) -> Any:
        from training.services.derivatives import JobAsk, register_job

        return register_job(
            principal=self.engineer,
            ask=JobAsk(
                name="crop", code_commit=COMMIT, container_image="registry.example.test/prep@sha256:" + "a" * 64,
                steps=[{"step": "crop", "to": "512x512"}], approved_by=self.producer.person.email,
            ),
        )  # fmt: skip

    def derive(self, *parents: Any, **changes: Any) -> Any:
        """One derivative of originals and derivatives."""
        from training.services.derivatives import register_derivatives

        ask = make_derivative(*(one.pk for one in parents), **changes)
        return register_derivatives(principal=self.engineer, job_id=self.job().pk, asks=[ask])[0]


RIGHTS = RightsAsk(
    licence_class="NEGOTIATED", licence_type="Archive agreement 12", licence_source="Example Archive Ltd",
    may_train=True, may_derive=True, may_redistribute=False, territories=("US", "CA"), checks=CLEAR,
    evidence_sha256="e" * 64, evidence_uri="vault://contracts/12",
)  # fmt: skip


def make_capture(**changes: Any) -> Capture:
    number = next(_numbers)
    told: dict[str, Any] = {
        "external_id": f"still-{number}", "kind": "IMAGE", "media_type": "image/png",
        "sha256": hashlib.sha256(str(number).encode()).hexdigest(), "size_bytes": 1000 + number,
        "canonical_url": f"https://films.example.test/still/{number}", "method": "EXPORT", "collector": "",
        "collected_at": clock.now(), "licence_claim": "Archive agreement 12", "territory": "US",
        "capture": {"hosting_domain": "films.example.test", "embedded_metadata": {"Make": "Arri"},
                    "page_context": "Stills of reel 12"},
        **changes,
    }  # fmt: skip
    return Capture(**told)


def make_derivative(*parents: Any, **changes: Any) -> Any:
    from training.services.derivatives import DerivativeAsk

    number = next(_numbers)
    told: dict[str, Any] = {
        "parents": tuple(parents), "dataset": "faces", "dataset_version": 1, "kind": "IMAGE", "role": "crop",
        "media_type": "image/png", "sha256": hashlib.sha256(f"d{number}".encode()).hexdigest(),
        "size_bytes": 500, "location": "s3://derived/faces/1",
        "technical": {"original": {"width": 2048, "height": 1080, "codec": "PNG"},
                      "derivative": {"width": 512, "height": 512, "codec": "PNG"},
                      "normalisation": [{"step": "crop"}]},
        **changes,
    }  # fmt: skip
    return DerivativeAsk(**told)


def picture(seed: int = 1, size: tuple[int, int] = (320, 240)) -> bytes:
    """A sharp picture that no other seed resembles, as PNG."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 255, (12, 16, 3), dtype=np.uint8)).resize(
        size, Image.Resampling.BICUBIC
    )
    noise = rng.integers(-20, 20, (size[1], size[0], 3))
    pixels = np.clip(np.asarray(coarse).astype(int) + noise, 0, 255).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def of_bytes(data: bytes, **changes: Any) -> dict[str, Any]:
    """What a capture says of these bytes."""
    return {"sha256": hashlib.sha256(data).hexdigest(), "size_bytes": len(data), **changes}


__all__ = [
    "CLEAR",
    "COMMIT",
    "RIGHTS",
    "House",
    "make_capture",
    "make_derivative",
    "make_user",
    "of_bytes",
    "picture",
]
