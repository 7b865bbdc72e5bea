"""A small film as its pipeline records it: scan, model, plate, script, a generation, a shot, an approval."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from uuid import UUID

import pytest

from accounts.principals import Principal
from licensing.models import LicenceToken, Production
from provenance.graph.services import record_batch
from provenance.graph.services.recording import Recorded
from provenance.graph.specs import (
    AssetSpec,
    DecisionSpec,
    EdgeSpec,
    GenerationSpec,
    InputSpec,
    Spec,
    VersionSpec,
)
from tests import factories


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def thing(kind: str, name: str, *parents: EdgeSpec, **fields: object) -> AssetSpec:
    version = VersionSpec(content_sha256=sha(name), parents=parents, **fields)  # type: ignore[arg-type]
    return AssetSpec(kind=kind, name=name, external_id=name, version=version)


def edge(parent: str, kind: str, **fields: object) -> EdgeSpec:
    return EdgeSpec(parent=f"external:{parent}", kind=kind, **fields)  # type: ignore[arg-type]


PROMPT = "Ilse turns to the window,\x1b[2J rain\u202e on glass"


def film_specs(jti: UUID) -> list[Spec]:
    run = GenerationSpec(
        model_name="IVT face rig", model_version="v3", model_sha256=sha("weights"), model_asset="external:rig",
        external_id="G-2201", engine="farm", seed="88121", guidance_scale="7.5", parameters={"steps": 40, "cfg": 1e30},
        prompt=PROMPT, token_jtis=(jti,),
        inputs=(InputSpec(asset="external:scan", role="REFERENCE"), InputSpec(asset="external:plate", role="PLATE")),
        outputs=(thing("FRAME_RANGE", "frames", frame_first=1001, frame_last=1140, token_jtis=(jti,)),),
    )  # fmt: skip
    return [
        thing("SCRIPT", "script"),
        thing("SCAN", "scan"),
        thing("MODEL", "rig", edge("scan", "TRAINED_ON")),
        thing("CAPTURE", "plate", edge("script", "ACCORDING_TO"), origin="CAMERA"),
        run,
        thing("SHOT", "shot", edge("frames", "COMPOSITED_FROM", frame_first=1001, frame_last=1140, parent_first=1001),
              edge("plate", "COMPOSITED_FROM", tool="Denoise 4.2"), frame_first=1001, frame_last=1200,
              token_jtis=(jti,)),
        DecisionSpec(version="external:shot", outcome="APPROVED", stage="FINAL", note="As she wants it."),
    ]  # fmt: skip


@dataclass
class Film:
    token: LicenceToken
    desk: Principal
    recorded: list[Recorded]

    @property
    def production(self) -> Production:
        return self.token.production

    def version(self, name: str) -> UUID:
        from provenance.graph.models import AssetVersion

        return (
            AssetVersion.objects.filter(production=self.production, asset__external_id=name)
            .latest("number")
            .pk
        )


@pytest.fixture
def film() -> Film:
    token, _, _ = factories.make_live_token(factories.make_production(guild=factories.make_guild()))
    desk = factories.make_producer(token.production.organisation)
    recorded = record_batch(principal=desk, production_id=token.production_id, specs=film_specs(token.jti))
    return Film(token, desk, recorded)
