"""What nobody recorded is named field by field: over HTTP, in the OMC export, and so in the bundle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from licensing.models import GuildMember
from provenance.graph.gaps import Gap, missing_fields
from provenance.graph.models import AssetVersion
from provenance.graph.services import record_batch
from provenance.graph.services.outputs import record_upload
from provenance.graph.specs import GenerationSpec
from provenance.models import Asset, AssetState
from provenance.omc.checking import problems_of
from provenance.omc.exporting import export_for, omc_pieces
from provenance.services.events import record_move
from tests import factories
from tests.compliance.test_bundles import made, members, saved
from tests.farm import make_farm
from tests.provenance.graph.conftest import Film, edge, thing
from trustcore.bundle.layout import OMC

pytestmark = pytest.mark.django_db
WHOLE_RECORD = [
    "model.name", "model.version", "model.sha256", "prompt", "inputs", "seed", "guidance_scale", "parameters",
]  # fmt: skip


def record(film: Film, *specs: Any) -> None:
    record_batch(principal=film.desk, production_id=film.production.pk, specs=list(specs))


def origin(film: Film, name: str) -> dict[str, Any]:
    reader = factories.signed_in(film.desk.person)
    told: dict[str, Any] = reader.get(f"/api/v1/assets/{film.version(name)}/origin").json()
    return told


def told_of(document: dict[str, Any], version: object) -> dict[str, Any] | None:
    """What an export says of one version's completeness."""
    for asset in document["Asset"]:
        if str(version) in json.dumps(asset["identifier"]):
            facts = {one["namespace"]: one["value"] for one in asset["customData"]}
            return next((value for name, value in facts.items() if name.endswith("completeness")), None)
    raise AssertionError(f"{version} is not in the document")


@pytest.mark.req("GP-019")
def test_a_model_whose_details_nobody_gave_is_incomplete_by_the_names_of_its_fields(film: Film) -> None:
    record(
        film,
        thing("IMAGE", "found", origin="GENERATIVE_MODEL"),
        GenerationSpec(model_name="some model", outputs=(thing("IMAGE", "bare"),)),
        GenerationSpec(
            model_name="m", model_version="2", prompt="p", parameters={"steps": 4}, outputs=(thing("IMAGE", "seedless"),)
        ),
        thing("IMAGE", "graded", edge("found", "EDITED_FROM")),
    )  # fmt: skip
    expected = {
        "found": (["BLACK_BOX"], WHOLE_RECORD),
        "bare": (
            ["MODEL_NOT_IDENTIFIED", "PROMPT_OR_INPUTS_MISSING", "SEED_MISSING", "SETTINGS_MISSING"],
            ["model.version", "model.sha256", "prompt", "inputs", "seed", "guidance_scale", "parameters"],
        ),
        "seedless": (["SEED_MISSING"], ["seed"]),
    }
    document = json.loads(b"".join(omc_pieces(export_for(film.desk, film.production.pk))))
    assert problems_of(document) == []
    for name, (gaps, fields) in expected.items():
        told = origin(film, name)
        assert told["is_complete"] is False
        assert told["incomplete"] == [{"version": str(film.version(name)), "gaps": gaps, "missing": fields}]
        assert told_of(document, film.version(name)) == {"isComplete": False, "gaps": gaps, "missing": fields}
    # whatever comes from a black box is incomplete, and says behind which version the hole is
    graded = origin(film, "graded")
    assert (graded["is_complete"], graded["incomplete"][0]["version"]) == (False, str(film.version("found")))
    # and what is whole is told as whole
    assert told_of(document, film.version("plate")) is None
    assert told_of(document, film.version("frames")) is None
    assert origin(film, "frames")["is_complete"] is True
    page = (
        factories.signed_in(film.desk.person)
        .get(f"/api/v1/productions/{film.production.pk}/completeness")
        .json()
    )
    assert {one["version"]: one["missing"] for one in page["incomplete"]}[str(film.version("bare"))] == (
        expected["bare"][1]
    )


@pytest.mark.req("GP-019")
def test_an_output_that_has_receipts_only_is_a_black_box_in_the_api_the_export_and_the_bundle(
    tmp_path: Path,
) -> None:
    guild = factories.make_guild()
    farm = make_farm(factories.make_production(guild=guild))
    GuildMember.objects.create(guild=guild, talent=farm.token.talent, number_digest="ab" * 32)
    farm.render(0, 9)
    desk = factories.make_producer(farm.token.production.organisation)
    output = Asset(
        production=farm.token.production, organisation=desk.organisation, uploaded_by=desk.person,
        file_name="reel.mov", token_jtis=[farm.token.jti], media={"media_type": "video/quicktime"},
        upload_sha256="a" * 64, upload_bytes=9, upload_blob="x",
    )  # fmt: skip
    record_move(output, AssetState.RECEIVED, principal=desk)
    record_upload(output, desk)
    frames = AssetVersion.objects.get(asset__kind="FRAME_RANGE")
    reader = factories.signed_in(desk.person)
    told = reader.get(f"/api/v1/assets/{output.pk}/origin").json()
    assert told["receipts"] == 10
    assert told["models"] == []
    assert told["is_complete"] is False
    assert told["incomplete"] == [{"version": str(frames.pk), "gaps": ["BLACK_BOX"], "missing": WHOLE_RECORD}]
    score = reader.get(f"/api/v1/productions/{output.production_id}/completeness").json()
    assert (score["gaps"]["BLACK_BOX"], score["deliverables_incomplete"]) == (1, 1)
    statement = reader.get(f"/api/v1/assets/{output.pk}/statement").json()
    assert statement["unknown"][0]["missing"] == WHOLE_RECORD
    lacks = {"isComplete": False, "gaps": ["BLACK_BOX"], "missing": WHOLE_RECORD}
    document = json.loads(members(saved(made(farm), tmp_path))[OMC])
    assert told_of(document, frames.pk) == lacks


def test_every_gap_names_the_fields_that_would_close_it() -> None:
    for gap in Gap:
        assert missing_fields([gap])
    assert missing_fields([Gap.BLACK_BOX, Gap.SEED_MISSING]).count("seed") == 1
    assert missing_fields([]) == ()
