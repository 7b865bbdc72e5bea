"""A frozen manifest as Croissant, loaded by its own library, and as W3C PROV, read by its own."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from prov.model import ProvDocument

from tests import factories
from tests.training.making import COMMIT, House
from training.exports import prov
from training.exports.croissant import croissant_of, rows_of
from training.exports.prov import prov_pieces
from training.models import TrainingManifest
from training.services.manifests import ManifestAsk, freeze_manifest

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings(
        "ignore:.*:DeprecationWarning"
    ),  # mlcroissant's own, of what it reads JSON-LD with
]


def frozen(house: House, *, attribution: str = "") -> TrainingManifest:
    """A list of an original and of a crop of a crop of another original."""
    one = house.admit(house.licensed_source(attribution=attribution))
    other = house.admit()
    house.derive(house.derive(other, dataset="coarse"), dataset="faces", dataset_version=1)
    ask = ManifestAsk(
        name="faces", code_commit=COMMIT, container_image="image@sha256:1", territory="US", purpose="Dialogue faces.",
        assets=(one.pk,), datasets=(("faces", 1),),
    )  # fmt: skip
    return freeze_manifest(principal=house.engineer, ask=ask)


def written(folder: Path, manifest: TrainingManifest) -> tuple[Path, Path]:
    told = croissant_of(
        manifest, rows_url="https://tm.example.test/rows", page_url="https://tm.example.test/m"
    )
    described, rows = folder / "croissant.json", folder / "rows.jsonl"
    described.write_text(json.dumps(told))
    rows.write_bytes(b"".join(rows_of(manifest)))
    return described, rows


def loaded(described: Path, rows: Path) -> list[dict[str, Any]]:
    import mlcroissant

    dataset = mlcroissant.Dataset(jsonld=os.fspath(described), mapping={"rows": os.fspath(rows)})
    return list(dataset.records(record_set="material"))


def test_mlcroissant_loads_the_description_and_gives_every_row_as_it_was_frozen(
    house: House, tmp_path: Path
) -> None:
    import mlcroissant

    manifest = frozen(house, attribution="Example Archive")
    described, rows = written(tmp_path, manifest)
    metadata = mlcroissant.Dataset(jsonld=os.fspath(described)).metadata
    assert not metadata.ctx.issues.errors
    assert not metadata.ctx.issues.warnings
    assert (metadata.name, metadata.license) == ("faces", ["NEGOTIATED: Archive agreement 12"])
    frozen_rows = [json.loads(line) for line in rows.read_bytes().splitlines()]
    records = loaded(described, rows)
    assert len(records) == len(frozen_rows) == 2
    for record, row in zip(records, frozen_rows, strict=True):
        assert record["material/id"].decode() == row["id"]
        assert record["material/sha256"].decode() == row["sha256"]
        assert record["material/size_bytes"] == row["size_bytes"]
        assert [one.decode() for one in record["material/sources"]] == row["sources"]
    assert json.loads(described.read_text())["creditText"] == "Example Archive"


def test_mlcroissant_names_a_description_from_which_a_field_is_missing(house: House, tmp_path: Path) -> None:
    import mlcroissant

    described, _rows = written(tmp_path, frozen(house))
    told = json.loads(described.read_text())
    del told["recordSet"][0]["field"][0]["source"]["fileObject"]
    described.write_text(json.dumps(told))
    with pytest.raises(mlcroissant.ValidationError):
        mlcroissant.Dataset(jsonld=os.fspath(described))


def test_prov_tells_each_row_up_to_its_rights_with_the_job_its_code_and_who_approved_it(house: House) -> None:
    manifest = frozen(house)
    document = ProvDocument.deserialize(content=b"".join(prov_pieces(manifest)).decode(), format="json")
    told = json.loads(str(document.serialize(format="json")))
    names = set(told["entity"])
    kinds = sorted(name.partition("-")[0].removeprefix("tm:") for name in names)
    assert kinds == ["asset"] * 2 + ["derivative"] * 2 + ["manifest"] + ["rights"] * 2 + ["source"] * 2
    members = {one["prov:entity"].partition("-")[0] for one in told["hadMember"].values()}
    assert members == {"tm:asset", "tm:derivative"}
    # every edge leads from something that is told to something that is told
    edges = {(one["prov:generatedEntity"], one["prov:usedEntity"]) for one in told["wasDerivedFrom"].values()}
    assert {end for edge in edges for end in edge} <= names
    above, reached = {f"tm:manifest-{manifest.pk}"}, set[str]()
    members_of = {(f"tm:manifest-{manifest.pk}", one["prov:entity"]) for one in told["hadMember"].values()}
    while above:
        reached |= above
        above = {up for low, up in edges | members_of if low in above} - reached
    assert reached == names
    jobs = {name for name in told["activity"] if name.startswith("tm:job-")}
    assert len(jobs) == 2
    assert {told["activity"][name]["tm:codeCommit"] for name in jobs} == {COMMIT}
    roles = {
        (one["prov:activity"], one["prov:role"]): one["prov:agent"]
        for one in told["wasAssociatedWith"].values()
    }
    for name in jobs:
        assert roles[name, "approved"] == f"tm:person-{house.producer.person.pk}"
        assert roles[name, "ran"] == f"tm:person-{house.engineer.person.pk}"
    made = {one["prov:entity"]: one["prov:activity"] for one in told["wasGeneratedBy"].values()}
    assert {made[name] for name in names if name.startswith("tm:derivative-")} == jobs


def test_prov_says_nothing_of_what_came_after_it_began_nor_of_other_lists(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest, other = frozen(house), house.admit()
    before = b"".join(prov_pieces(manifest))
    assert str(other.pk).encode() not in before
    honest = prov._activities

    def while_rights_come(told: Any) -> Any:
        house.rights(other.source)
        house.rights(_a_source(manifest))
        return honest(told)

    monkeypatch.setattr(prov, "_activities", while_rights_come)
    assert b"".join(prov_pieces(manifest)) == before
    monkeypatch.setattr(prov, "_activities", honest)
    assert len(json.loads(b"".join(prov_pieces(manifest)))["entity"]) == len(json.loads(before)["entity"]) + 1


def _a_source(manifest: TrainingManifest) -> Any:
    from training.models import Source

    row = manifest.lines.first()
    assert row is not None
    return Source.objects.get(pk=row.sources[0])


def test_the_api_gives_the_three_files_to_the_house_and_nothing_to_strangers(
    house: House, stranger: House
) -> None:
    manifest = frozen(house)
    mine, theirs = (factories.signed_in(one.engineer.person) for one in (house, stranger))
    base = f"/api/v1/manifests/{manifest.content_id}"
    described = json.loads(mine.get(f"{base}/croissant").getvalue())
    rows = mine.get(f"{base}/rows")
    assert rows.getvalue() == b"".join(rows_of(manifest))
    assert described["distribution"][0]["contentUrl"].endswith(f"{base}/rows")
    assert json.loads(mine.get(f"{base}/prov").getvalue())["entity"]
    for name in ("croissant", "rows", "prov"):
        assert theirs.get(f"{base}/{name}").status_code == 404
