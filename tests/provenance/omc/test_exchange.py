"""A production's graph out as OMC-JSON and PROV-JSON and back in: valid, whole, the same, and in flat memory."""

from __future__ import annotations

import gc
import io
import json
import tracemalloc
from uuid import uuid4

import pytest
from django.conf import settings as django_settings

from common.errors import Forbidden, InvalidInput, NotFound
from provenance.graph.inspection import inspect_graph
from provenance.graph.models import AssetVersion, GenerationRecord, ProvenanceEvent, Relation
from provenance.graph.services import record_batch
from provenance.graph.specs import NewVersion, VersionSpec
from provenance.omc import exporting
from provenance.omc.checking import problems_of
from provenance.omc.exporting import export_for, omc_pieces, prov_pieces
from provenance.omc.importing import import_omc
from tests import factories
from tests.provenance.graph.conftest import PROMPT, edge, film, sha, thing  # noqa: F401
from trustmark.cli import omc as cli

pytestmark = pytest.mark.django_db

HOSTILE = "</script><script>alert(1)</script>'; DROP TABLE x;--"


def exported(principal, production_id, **more) -> dict:
    return json.loads(b"".join(omc_pieces(export_for(principal, production_id, **more))))


def shape(production) -> dict:
    """A graph without its ids: what is compared after a round trip."""
    versions = AssetVersion.objects.filter(production=production).select_related("asset")
    name = {row.pk: f"{row.asset.name} {row.number}" for row in versions}
    edges = Relation.objects.filter(production=production)
    runs = GenerationRecord.objects.filter(production=production).select_related("model")
    return {
        "versions": sorted(
            (
                name[row.pk], row.asset.kind, row.content_sha256, row.media_type, row.size_bytes, row.frame_first,
                row.frame_last, row.origin, row.label,
                row.classifications.order_by("-number").values_list("code", flat=True).first(),
            )
            for row in versions
        ),
        "edges": sorted(
            (
                name[one.child_id], name[one.parent_id], one.kind, one.role, one.tool, str(one.frame_first),
                str(one.parent_first), one.region, name.get(one.mask_id, ""), one.generation_id is not None,
            )
            for one in edges
        ),
        "runs": sorted(
            (
                run.external_id, run.model.name, run.model.version, run.model.sha256, run.seed, run.guidance_scale,
                json.dumps(run.parameters, sort_keys=True), run.engine,
                str(sorted((one.role, name[one.version_id]) for one in run.inputs.all())),
                str(sorted(name[one.version_id] for one in run.outputs.all())),
            )
            for run in runs
        ),
    }  # fmt: skip


@pytest.fixture
def rich(film):  # noqa: F811
    """The small film with a second version, a masked region and a hostile name."""
    record_batch(
        principal=film.desk,
        production_id=film.production.pk,
        specs=[
            thing("MASK", "mask"),
            NewVersion(
                asset=str(film.recorded[5].asset),
                version=VersionSpec(
                    label="v2",
                    content_sha256=sha("shot 2"),
                    media_type="image/x-exr",
                    size_bytes=17,
                    frame_first=1001,
                    frame_last=1200,
                    parents=(
                        edge(
                            "shot", "EDITED_FROM", frame_first=1001, frame_last=1010, mask="external:mask",
                            region=((0, 0), (10, 0), (10, 10)),
                        ),
                    ),
                ),
            ),
            thing("IMAGE", HOSTILE, origin="HUMAN_TOOLS"),
        ],
    )  # fmt: skip
    return film


@pytest.mark.req("GP-046")
@pytest.mark.req("GP-048")
def test_the_export_is_valid_without_dangling_references_and_names_what_the_issue_asks_for(rich):
    document = exported(rich.desk, rich.production.pk)
    assert problems_of(document) == []
    told = {name: len(entities) for name, entities in document.items()}
    assert told["Asset"] == AssetVersion.objects.filter(production=rich.production).count() == 9
    assert told["Task"] == 2  # the run and the approval
    assert told["CreativeWork"] == told["Infrastructure"] == told["Depiction"] == 1
    by_name = {(one["name"], one["version"]["versionNumber"]): one for one in document["Asset"]}
    shot = by_name["shot", "2"]
    assert shot["version"]["RevisionOf"] == {"identifier": by_name["shot", "1"]["identifier"]}
    assert shot["version"]["DerivationOf"] == {"identifier": by_name["shot", "1"]["identifier"]}
    custom = {one["namespace"]: one["value"] for one in by_name["shot", "1"]["customData"]}
    assert custom["licence"] == [str(rich.token.jti)]
    assert {one["kind"] for one in custom["relations"]} == {"COMPOSITED_FROM"}
    licence = document["Depiction"][0]["customData"][0]["value"]
    assert licence["termsHash"] == rich.token.terms.terms_hash
    assert document["Depiction"][0]["Depicter"]["identifier"][0]["identifierValue"].startswith("ptc/")
    text = b"".join(omc_pieces(export_for(rich.desk, rich.production.pk)))
    # nothing that was sealed, and nothing that a page would run
    assert PROMPT.encode() not in text
    assert b"Ilse" not in text
    assert b"As she wants it" not in text
    assert b"<" not in text
    assert HOSTILE in {one["name"] for one in document["Asset"]}
    # a document of ours that lost a thing no longer holds
    document["Asset"] = [one for one in document["Asset"] if one["name"] != "scan"]
    assert {problem.code for problem in problems_of(document)} == {"OMC_REFERENCE"}


@pytest.mark.req("GP-046")
def test_a_round_trip_into_another_production_makes_the_same_graph_once(rich, settings):
    document = exported(rich.desk, rich.production.pk)
    other = factories.make_production(rich.production.organisation)
    done = import_omc(principal=rich.desk, production_id=other.pk, document=document)
    assert (done.versions, done.runs, done.known) == (9, 1, 0)
    assert done.ignored["Task"] == 1  # a decision is its maker's own
    assert shape(other) == shape(rich.production)
    assert inspect_graph(other.pk) == []
    events = ProvenanceEvent.objects.filter(production=other).count()
    again = import_omc(principal=rich.desk, production_id=other.pk, document=document)
    assert (again.assets, again.versions, again.runs) == (0, 0, 0)
    assert again.known > 0
    home = import_omc(principal=rich.desk, production_id=rich.production.pk, document=document)
    assert (home.assets, home.versions, home.runs) == (0, 0, 0)
    assert ProvenanceEvent.objects.filter(production=other).count() == events
    # licences are another production's: they are not taken over
    assert not AssetVersion.objects.filter(production=other).exclude(token_jtis=[]).exists()
    # and out again it holds
    assert problems_of(exported(rich.desk, other.pk)) == []


def test_an_export_up_to_an_event_is_what_it_was_then(film):  # noqa: F811
    before = exported(film.desk, film.production.pk)
    as_of = before["Context"][0]["customData"][0]["value"]["lastEvent"]
    record_batch(
        principal=film.desk,
        production_id=film.production.pk,
        specs=[thing("IMAGE", "later", origin="HUMAN_TOOLS")],
    )
    assert exported(film.desk, film.production.pk, as_of=as_of) == before
    assert len(exported(film.desk, film.production.pk)["Asset"]) == len(before["Asset"]) + 1
    for wrong in (as_of + 1_000_000, -1):
        with pytest.raises(InvalidInput) as refused:
            export_for(film.desk, film.production.pk, as_of=wrong)
        assert refused.value.code == "EVENT_UNKNOWN"


def test_an_empty_graph_is_a_valid_document():
    production = factories.make_production()
    desk = factories.make_producer(production.organisation)
    document = exported(desk, production.pk)
    assert problems_of(document) == []
    assert document["Asset"] == []


@pytest.mark.req("GP-048")
def test_the_view_in_prov_is_read_by_anothers_library(rich):
    from prov.model import ProvDocument

    text = b"".join(prov_pieces(export_for(rich.desk, rich.production.pk))).decode()
    document = ProvDocument.deserialize(io.StringIO(text), format="json")
    kinds = [type(record).__name__ for record in document.get_records()]
    assert kinds.count("ProvEntity") == 9
    assert kinds.count("ProvActivity") == 1
    assert kinds.count("ProvDerivation") == Relation.objects.filter(production=rich.production).count()
    assert kinds.count("ProvUsage") == 2
    assert {"ProvGeneration", "ProvAssociation", "ProvAttribution", "ProvAgent"} <= set(kinds)
    ids = {str(record.identifier) for record in document.get_records() if record.is_element()}
    for record in document.get_records():
        if record.is_relation():
            assert {str(value) for _name, value in record.formal_attributes if "tm:" in str(value)} <= ids


def test_who_sees_a_part_only_gets_no_whole(rich):
    guild = factories.make_desk(rich.production.guild, "AUDITOR")
    assert problems_of(exported(guild, rich.production.pk)) == []
    agency = factories.make_desk(rich.token.agency, "AGENT")
    with pytest.raises(Forbidden) as refused:
        export_for(agency, rich.production.pk)
    assert refused.value.code == "GRAPH_NOT_WHOLE"
    with pytest.raises(NotFound):
        export_for(factories.make_producer(factories.make_studio()), rich.production.pk)
    # the guild learns no names of the studio's people; the studio knows its own
    named = {one.get("name") for one in exported(rich.desk, rich.production.pk)["Participant"]}
    assert rich.desk.person.full_name in named
    seen = {one.get("name") for one in exported(guild, rich.production.pk)["Participant"]}
    assert rich.desk.person.full_name not in seen


def live_bytes(pieces) -> tuple[int, int]:
    """How much came out, and the most that was held at a time; what waits for the collector is not held."""
    size = most = 0
    tracemalloc.start()
    for number, piece in enumerate(pieces):
        size += len(piece)
        if number % 40 == 0:
            gc.collect()
            most = max(most, tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    return size, most


def test_memory_does_not_grow_with_the_graph(film, monkeypatch):  # noqa: F811
    monkeypatch.setattr(exporting, "CHUNK", 50)
    peaks = []
    for batch in range(2):
        specs = [
            thing("IMAGE", f"picture {batch} {number}", origin="HUMAN_TOOLS")
            for number in range(150 if batch == 0 else 850)
        ]
        record_batch(principal=film.desk, production_id=film.production.pk, specs=specs)
        export = export_for(film.desk, film.production.pk)
        sum(map(len, omc_pieces(export)))  # whatever is made once is made
        peaks.append(live_bytes(omc_pieces(export)))
    (small, first), (large, second) = peaks
    assert large > 4 * small, peaks
    assert second < 1.5 * first, peaks


def test_a_document_of_another_house_enters_with_what_it_tells(film):  # noqa: F811
    from tests.provenance.omc.test_documents import asset

    document = [asset("cut", of="plate"), asset("plate", assetFC={"functionalType": "capture.ocf"})]
    with pytest.raises(InvalidInput) as refused:
        import_omc(
            principal=film.desk,
            production_id=film.production.pk,
            document=[*document, asset("drawing", assetFC={"functionalType": "artwork"})],
        )
    assert refused.value.code == "ORIGIN_MISSING"
    assert refused.value.extra["entity"] == "film/drawing"
    done = import_omc(principal=film.desk, production_id=film.production.pk, document=document)
    assert (done.assets, done.versions) == (2, 2)
    plate = AssetVersion.objects.get(production=film.production, metadata__omc="film/plate")
    assert (plate.asset.kind, plate.origin) == ("CAPTURE", "CAMERA")
    drawing = [asset("drawing", assetFC={"functionalType": "artwork"})]
    import_omc(principal=film.desk, production_id=film.production.pk, document=drawing, origin="HUMAN_TOOLS")


def test_a_stream_comes_in_whole_or_not_at_all(film, monkeypatch):  # noqa: F811
    from tests.provenance.omc.test_documents import asset

    monkeypatch.setattr(
        "provenance.omc.importing._BOOK_MOST", 3
    )  # several books were written before the refusal
    told = [asset(f"plate {n}", assetFC={"functionalType": "capture.ocf"}) for n in range(7)]
    before = ProvenanceEvent.objects.count()
    for last, code in (
        (asset("drawing", assetFC={"functionalType": "artwork"}), "ORIGIN_MISSING"),
        (asset("cut", of="nowhere"), "OMC_INVALID"),
    ):
        body = io.BytesIO(json.dumps({"Asset": [*told, last]}).encode())
        with pytest.raises(InvalidInput) as refused:
            import_omc(principal=film.desk, production_id=film.production.pk, document=body)
        assert refused.value.code == code
        assert ProvenanceEvent.objects.count() == before
    body = io.BytesIO(json.dumps({"Asset": [*told, asset("cut", of="plate 6")]}).encode())
    done = import_omc(principal=film.desk, production_id=film.production.pk, document=body)
    assert (done.assets, done.versions, done.known) == (8, 8, 0)
    body.seek(0)
    again = import_omc(principal=film.desk, production_id=film.production.pk, document=body)
    assert (again.versions, again.known) == (0, 8)
    assert inspect_graph(film.production.pk) == []


def test_who_may_not_record_imports_nothing(film):  # noqa: F811
    document = exported(film.desk, film.production.pk)
    events = ProvenanceEvent.objects.count()
    with pytest.raises(Forbidden):
        import_omc(
            principal=factories.make_desk(film.production.guild, "AUDITOR"),
            production_id=film.production.pk,
            document=document,
        )
    with pytest.raises(NotFound):
        import_omc(
            principal=factories.make_producer(factories.make_studio()),
            production_id=film.production.pk,
            document=document,
        )
    assert ProvenanceEvent.objects.count() == events


def test_over_http_it_streams_out_and_comes_in_and_bad_bodies_have_codes(client, film):  # noqa: F811
    studio, url = film.production.organisation, f"/api/v1/productions/{film.production.pk}"
    headers = factories.bearer(factories.make_credential(studio, scopes=["asset:read", "asset:write"])[0])
    answer = client.get(f"{url}/omc", headers=headers)
    body = b"".join(answer.streaming_content)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert problems_of(json.loads(body)) == []
    assert json.loads(b"".join(client.get(f"{url}/prov", headers=headers).streaming_content))["entity"]
    other = factories.make_production(studio)
    sent = client.post(
        f"/api/v1/productions/{other.pk}/omc", body, content_type="application/json", headers=headers
    )
    assert (sent.status_code, sent.json()["runs"]) == (200, 1)
    for bad, code in (
        (b"{", "JSON_MALFORMED"),
        (b'{"Asset":[],"Asset":[]}', "JSON_MALFORMED"),
        (b"[" * 5000 + b"]" * 5000, "JSON_MALFORMED"),
        (b'{"Asset":[{"name":"<script>"}]}', "OMC_INVALID"),
        (body[: len(body) // 2], "JSON_MALFORMED"),
    ):
        refused = client.post(f"{url}/omc", bad, content_type="application/json", headers=headers)
        assert (refused.status_code // 100, refused.json()["code"]) == (4, code)
        assert b"<script>" not in refused.content
    huge = client.post(
        f"{url}/omc",
        b" " * (django_settings.BATCH_BYTES_MAX + 1),
        content_type="application/json",
        headers=headers,
    )
    assert huge.status_code == 413
    assert client.get(f"{url}/omc?as_of=x", headers=headers).json()["code"] == "EVENT_UNKNOWN"
    assert client.get(f"/api/v1/productions/{uuid4()}/omc", headers=headers).status_code == 404


def test_the_command_exports_and_imports(film, tmp_path, capsys, monkeypatch):  # noqa: F811
    monkeypatch.setattr(cli, "_set_up", lambda: None)
    out, view = tmp_path / "film.json", tmp_path / "prov.json"
    assert cli.main(["export", str(film.production.pk), "--out", str(out)]) == 0
    assert cli.main(["export", str(film.production.pk), "--prov", "--out", str(view)]) == 0
    assert cli.main(["check", str(out)]) == 0
    assert json.loads(view.read_bytes())["activity"]
    other = factories.make_production(film.production.organisation)
    told = ["--production", str(other.pk), "--as", film.desk.person.email]
    assert cli.main(["import", str(out), *told]) == 0
    assert shape(other) == shape(film.production)
    capsys.readouterr()
    assert cli.main(["export", str(uuid4())]) == 1
    assert json.loads(capsys.readouterr().out)["code"] == "NOT_FOUND"
    stranger = factories.make_producer(factories.make_studio()).person.email
    assert cli.main(["import", str(out), "--production", str(other.pk), "--as", stranger]) == 1
    assert json.loads(capsys.readouterr().out)["code"] == "PERSON_UNKNOWN"
