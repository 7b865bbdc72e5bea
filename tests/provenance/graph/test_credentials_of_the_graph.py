"""What a delivered file's own manifest says of where it came from: the graph's source type, parents, runs; read back by c2pa."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import c2pa
import pytest
from PIL import Image

from provenance import services
from provenance.credentials import MADE_FROM_ASSERTION, c2pa_settings
from provenance.graph.models import AssetVersion, Classification
from provenance.graph.selectors import making
from provenance.graph.services import record_batch
from provenance.graph.specs import GenerationSpec, InputSpec, NewRelation, Spec
from provenance.models import Asset
from provenance.reading import CredentialVerdict
from provenance.services import credentialing
from provenance.services.credentialing import credential_reasons, sign_output
from provenance.services.intake import file_sha256
from provenance.services.signing import trust_anchors_pem
from tests import factories
from tests.farm import Farm, make_farm
from tests.provenance.graph.conftest import Film, edge, film_specs, sha, thing

pytestmark = pytest.mark.django_db
Manifest = dict[str, Any]


@pytest.fixture
def still(tmp_path: Path) -> Path:
    path = tmp_path / "hero.png"
    Image.effect_noise((320, 240), 60).convert("RGB").save(path)
    return path


@pytest.fixture
def farm() -> Farm:
    farm = make_farm(factories.make_production(guild=factories.make_guild()))
    farm.render(0, 3)
    return farm


def handed_in(farm: Farm, path: Path, desk: Any = None) -> Asset:
    """An output as it stands before its signature; the mark itself is another test's."""
    output = services.receive_asset(
        principal=desk or farm.desk, production_id=farm.token.production_id, token_jtis=[farm.token.jti],
        kind="DELIVERABLE", path=path, file_name="hero.png",
    )  # fmt: skip
    output.mark_id, output.marked_blob = "00e1d2c3b4a59687", output.upload_blob
    return output


def manifest_of(output: Asset, folder: Path) -> tuple[Manifest, Any]:
    """Sign, and read the file alone, as the library reports it."""
    signed = sign_output(output, folder)
    with (
        c2pa.Context.from_dict(c2pa_settings(trust_anchors_pem())) as context,
        c2pa.Reader(signed.path, context=context) as reader,
    ):
        store = json.loads(reader.json())
    assert store["validation_state"] == "Trusted"
    assert signed.report.verdict is CredentialVerdict.TRUSTED
    return store["manifests"][store["active_manifest"]], signed


def said(manifest: Manifest, label: str) -> Any:
    return next((one["data"] for one in manifest["assertions"] if one["label"] == label), None)


def created(manifest: Manifest) -> Manifest:
    actions: list[Manifest] = said(manifest, "c2pa.actions.v2")["actions"]
    return next(one for one in actions if one["action"] == "c2pa.created")


def class_of(manifest: Manifest) -> str:
    return str(created(manifest)["digitalSourceType"]).rsplit("/", 1)[-1]


def hero_of(farm: Farm, still: Path, desk: Any = None) -> Film:
    """The small film; its hero picture, composited of a model's work and a plate, has the bytes that are handed in."""
    film = Film(farm.token, desk or factories.make_producer(farm.token.production.organisation), [])
    run = GenerationSpec(
        model_name="Ilse double", model_version="v3", model_sha256=sha("weights"), external_id="G-2202", seed="7",
        guidance_scale="7", prompt="Ilse", inputs=(InputSpec(asset="external:scan", role="REFERENCE"),),
        outputs=(thing("IMAGE", "Ilse at the window"),),
    )  # fmt: skip
    hero = thing(
        "IMAGE", "hero", edge("Ilse at the window", "COMPOSITED_FROM"), edge("plate", "COMPOSITED_FROM"),
        edge("script", "ACCORDING_TO"),
    )  # fmt: skip
    hero = replace(hero, version=replace(hero.version, content_sha256=file_sha256(still)))
    record(film, *film_specs(farm.token.jti), run, hero)
    return film


def record(film: Film, *specs: Spec) -> None:
    record_batch(principal=film.desk, production_id=film.production.pk, specs=specs)


@pytest.mark.req("GP-020", "GP-037", "GP-039")
def test_the_manifest_alone_says_the_graphs_source_type_and_what_the_file_was_made_from(
    farm: Farm, still: Path, tmp_path: Path
) -> None:
    film = hero_of(farm, still)
    output = handed_in(farm, still)
    manifest, signed = manifest_of(output, tmp_path)
    # derived from the graph; the licence alone would have said "captured, and edited using generative AI"
    graph = Classification.objects.filter(version__asset_id=output.pk).latest("number").code
    assert class_of(manifest) == graph == signed.source_type == "compositeSynthetic"
    ids = {name: str(film.version(name)) for name in
           ("hero", "Ilse at the window", "plate", "script", "scan")}  # fmt: skip
    told = {one["instance_id"].removeprefix("urn:uuid:"): one for one in manifest["ingredients"]}
    assert set(ids.values()) < set(told)
    assert {told[ids[name]]["relationship"] for name in ("hero", "Ilse at the window", "plate")} == {
        "componentOf"
    }
    assert {told[ids[name]]["relationship"] for name in ("script", "scan")} == {"inputTo"}
    assert told[ids["plate"]]["title"] == "capture, version 1"
    assert told[ids["plate"]]["description"] == f"sha256:{sha('plate')}"
    frames = next(one for one in told.values() if one["title"] == "frame range, version 1, frames 0 to 3")
    assert frames["relationship"] == "componentOf"  # those that left receipts
    # the actions of the manifest point at them
    assert len(created(manifest)["parameters"]["ingredients"]) == 2
    # and our own assertion says the way, the role, and which model by its hash
    found = said(manifest, MADE_FROM_ASSERTION)
    ways = {one["version"]: (one["way"], one.get("role"), one["child"]) for one in found["made_from"]}
    assert ways[ids["plate"]] == ("COMPOSITED_FROM", None, ids["hero"])
    assert ways[ids["scan"]] == ("GENERATED_FROM", "REFERENCE", ids["Ilse at the window"])
    assert [one["model_sha256"] for one in found["runs"]] == [sha("weights")]
    assert found["is_cut"] is False
    # ids, kinds and hashes: a file that goes out names nobody
    assert "Ilse" not in json.dumps(manifest)
    assert "Ilse" not in signed.store.read_bytes().decode("latin-1")


@pytest.mark.req("GP-039")
def test_a_type_that_the_graph_derived_later_is_what_gets_signed_and_another_is_refused(
    farm: Farm, still: Path, tmp_path: Path
) -> None:
    film = Film(farm.token, factories.make_producer(farm.token.production.organisation), [])
    output = handed_in(farm, still)
    before, signed = manifest_of(output, tmp_path)
    assert class_of(before) == "compositeWithTrainedAlgorithmicMedia"
    upload = str(AssetVersion.objects.get(asset_id=output.pk).pk)
    record(film, GenerationSpec(model_name="m", model_version="1", seed="1", outputs=(upload,)))
    after, now = manifest_of(output, tmp_path)
    assert class_of(after) == now.source_type
    assert now.source_type != signed.source_type
    assert len(said(after, MADE_FROM_ASSERTION)["runs"]) == 1
    # what was signed before no longer says what was derived: it is held
    output.digital_source_type = now.source_type
    details = [one.detail for one in credential_reasons(output, signed.report, is_same=True)]
    assert "the manifest does not state the derived source type" in details
    assert not [
        one for one in credential_reasons(output, now.report, is_same=True) if "source type" in one.detail
    ]


@pytest.mark.parametrize("origin", ["CAMERA", "VIRTUAL_EVENT"])
def test_what_was_recorded_as_a_capture_first_goes_out_and_stands_in_the_graph_as_what_its_licence_is_for(
    tmp_path: Path, still: Path, origin: str
) -> None:
    voice = make_farm(
        factories.make_production(), use_types=("VOICE_RENDER",), constructs=("VOICE_SPEAKING",)
    )  # lines leave no frames: nothing stands behind the upload but what its deliverer says
    film = Film(voice.token, factories.make_producer(voice.token.production.organisation), [])
    said_so = thing("CAPTURE", "the very bytes", origin=origin)
    record(film, replace(said_so, version=replace(said_so.version, content_sha256=file_sha256(still))))
    output = handed_in(voice, still, film.desk)
    graph = Classification.objects.filter(version__asset_id=output.pk).latest("number").code
    recorded = Classification.objects.get(version=film.version("the very bytes")).code
    assert recorded in {"digitalCapture", "virtualRecording"}
    manifest, signed = manifest_of(output, tmp_path)
    assert class_of(manifest) == signed.source_type == graph == "compositeWithTrainedAlgorithmicMedia"


def test_frames_that_are_handed_in_before_their_receipts_do_not_go_out_as_a_capture(
    tmp_path: Path, still: Path
) -> None:
    farm = make_farm(factories.make_production())
    film = Film(farm.token, factories.make_producer(farm.token.production.organisation), [])
    plate = thing("CAPTURE", "plate", origin="CAMERA")
    record(film, replace(plate, version=replace(plate.version, content_sha256=file_sha256(still))))
    manifest, _signed = manifest_of(handed_in(farm, still, film.desk), tmp_path)
    assert class_of(manifest) == "compositeWithTrainedAlgorithmicMedia"


@pytest.mark.parametrize(
    ("code", "uses", "behind", "signed"),
    [
        # the graph knows more: it stands
        ("trainedAlgorithmicMedia", {"DIGITAL_ALTERATION"}, (), "trainedAlgorithmicMedia"),
        ("trainedAlgorithmicMedia", {"VOICE_RENDER"}, (), "trainedAlgorithmicMedia"),
        ("compositeSynthetic", {"FACE_RENDER"}, (), "compositeSynthetic"),
        # the licence takes no model, and the graph says that there was none
        ("computationalCapture", {"CAPTURE_SCAN"}, (), "computationalCapture"),
        # it lets people alter a recorded performance: what the graph calls a capture was altered
        ("digitalCapture", {"DIGITAL_ALTERATION"}, (), "humanEdits"),
        ("algorithmicallyEnhanced", {"DIGITAL_ALTERATION", "CAPTURE_SCAN"}, (), "humanEdits"),
        ("compositeCapture", {"DIGITAL_ALTERATION"}, (), "compositeCapture"),
        # what the work was made of says more than the work's own class; what only steered it says nothing
        (
            "digitalCapture",
            {"CAPTURE_SCAN"},
            (("COMPOSITED_FROM", "trainedAlgorithmicMedia"),),
            "compositeSynthetic",
        ),
        (
            "digitalCapture",
            {"DIGITAL_ALTERATION"},
            (("EDITED_FROM", "compositeSynthetic"),),
            "compositeSynthetic",
        ),
        (
            "digitalCapture",
            {"CAPTURE_SCAN"},
            (("ACCORDING_TO", "trainedAlgorithmicMedia"),),
            "digitalCapture",
        ),
        # the licence takes one
        ("humanEdits", {"DIGITAL_ALTERATION", "FACE_RENDER"}, (), "compositeWithTrainedAlgorithmicMedia"),
        ("composite", {"VOICE_RENDER"}, (), "compositeWithTrainedAlgorithmicMedia"),
        ("", {"VOICE_RENDER"}, (), "compositeWithTrainedAlgorithmicMedia"),
    ],
)
def test_graph_licence_and_materials_may_each_say_more_of_a_work_and_none_less(
    code: str, uses: set[str], behind: tuple[tuple[str, str], ...], signed: str
) -> None:
    work = uuid4()
    parents = tuple(
        making.MadeFrom(uuid4(), work, "IMAGE", 1, way, "", "", "", parent, None) for way, parent in behind
    )
    made = making.Making(work, code, parents, (), is_cut=False)
    assert credentialing._source_type(made, uses).code == signed


def test_a_vendors_file_tells_nothing_that_the_vendor_may_not_see(tmp_path: Path, still: Path) -> None:
    vendor = factories.make_vendor()
    farm = make_farm(factories.make_production(), vendors=[vendor], credential_of=vendor)
    farm.render(0, 3)
    film = hero_of(farm, still)
    own = Film(farm.token, factories.make_producer(vendor), [])
    output = handed_in(farm, still)
    record(own, thing("IMAGE", "vendor's paint", origin="HUMAN_TOOLS"))
    upload = str(AssetVersion.objects.get(asset_id=output.pk).pk)
    record(
        film,
        NewRelation(child=upload, edge=edge("vendor's paint", "COMPOSITED_FROM")),
        NewRelation(child=upload, edge=edge("plate", "COMPOSITED_FROM")),
    )
    manifest, _signed = manifest_of(output, tmp_path)
    told = {one["instance_id"].removeprefix("urn:uuid:") for one in manifest["ingredients"]}
    assert str(own.version("vendor's paint")) in told
    assert not told & {str(film.version(name)) for name in ("hero", "plate", "scan", "Ilse at the window")}


def test_a_manifest_tells_the_nearest_forty_and_says_that_there_are_more(
    farm: Farm, still: Path, tmp_path: Path
) -> None:
    film = hero_of(farm, still)
    output = handed_in(farm, still)
    layers = [thing("IMAGE", f"layer {n}", origin="HUMAN_TOOLS") for n in range(60)]
    record(film, *layers, *(NewRelation(child="external:hero", edge=edge(f"layer {n}", "COMPOSITED_FROM"))
                            for n in range(60)))  # fmt: skip
    manifest, signed = manifest_of(output, tmp_path)
    assert len(manifest["ingredients"]) == making.TOLD_MOST == 40
    assert said(manifest, MADE_FROM_ASSERTION)["is_cut"] is True
    assert str(film.version("hero")) in json.dumps(manifest["ingredients"])
    assert signed.store.stat().st_size < 100_000


def test_an_output_from_before_the_graph_is_classed_by_its_licence_and_claims_no_parents(
    farm: Farm, still: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provenance.services.intake.record_upload", lambda *_: None)
    manifest, signed = manifest_of(handed_in(farm, still), tmp_path)
    assert signed.source_type == "compositeWithTrainedAlgorithmicMedia"
    assert not manifest.get("ingredients")
    assert said(manifest, MADE_FROM_ASSERTION) is None
