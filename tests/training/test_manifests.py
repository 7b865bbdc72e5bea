"""Manifests: frozen under the hash of what they say, released by a second person, checked at every use."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from common import clock, keys
from common.errors import Conflict, Forbidden, InvalidInput, NotFound
from tests.factories import bearer, make_credential
from tests.training.making import COMMIT, House
from training.gate import policy as gate_policy
from training.models import ManifestRow, TrainingAsset, TrainingManifest
from training.selectors import rules
from training.selectors.lineage import above, below
from training.selectors.manifests import lines_of
from training.selectors.reports import provenance_of_run
from training.services.manifests import ManifestAsk, freeze_manifest, release_manifest, withdraw_manifest
from training.services.releasing import may_be_trained_on, release_gate
from training.services.rights import end_rights
from training.services.runs import ModelAsk, RunAsk, register_models, register_run
from training.services.sources import rule_domain, stop_class
from training.vocabulary import AssetState
from trustcore.errors import InvalidEvidence
from trustcore.manifest import manifest_id, verify_manifest

pytestmark = pytest.mark.django_db
IMAGE = "registry.example.test/train@sha256:" + "b" * 64


def make_ask(**changes: Any) -> ManifestAsk:
    told: dict[str, Any] = {
        "name": "faces", "code_commit": COMMIT, "container_image": IMAGE, "territory": "US",
        "purpose": "Dialogue faces.", **changes,
    }  # fmt: skip
    return ManifestAsk(**told)


def freeze(house: House, *assets: TrainingAsset, **changes: Any) -> TrainingManifest:
    ask = make_ask(assets=tuple(one.pk for one in assets), **changes)
    return freeze_manifest(principal=house.engineer, ask=ask)


def released(house: House, *assets: TrainingAsset) -> TrainingManifest:
    manifest = freeze(house, *assets)
    return release_manifest(principal=house.counsel, name=manifest.content_id)[0]


def make_run(house: House, manifest: TrainingManifest | None, number: int = 1, **changes: Any) -> Any:
    told: dict[str, Any] = {
        "external_id": f"job-{number}", "name": "faces", "manifest": manifest.content_id if manifest else "",
        "code_commit": COMMIT, "container_image": IMAGE, "parameters": {"steps": 1000}, **changes,
    }  # fmt: skip
    return register_run(principal=house.engineer, ask=RunAsk(**told))


def file_of(manifest: TrainingManifest) -> bytes:
    return b"".join(lines_of(manifest))


@pytest.mark.req("TP-131", "TP-145", "TP-096")
def test_a_frozen_manifest_is_named_by_its_content_signed_and_every_row_leads_to_its_source(
    house: House,
) -> None:
    one, two = house.admit(), house.admit()
    manifest = freeze(house, two, one)
    assert manifest.content_id == manifest_id(manifest.head)
    read = verify_manifest(io.BytesIO(file_of(manifest)), keys.public_keys("DECISION"))
    assert (read.id, read.head["rows"]) == (manifest.content_id, 2)
    rows = [json.loads(line) for line in file_of(manifest).splitlines()[1:]]
    assert {(row["id"], row["sha256"], tuple(row["sources"])) for row in rows} == {
        (str(asset.pk), asset.sha256, (str(asset.source_id),)) for asset in (one, two)
    }
    with pytest.raises(DatabaseError), transaction.atomic():
        TrainingManifest.objects.filter(pk=manifest.pk).update(rows=3)
    with pytest.raises(DatabaseError), transaction.atomic():
        ManifestRow.objects.filter(manifest=manifest).delete()


@pytest.mark.req("TP-096", "TP-098", "TP-004")
@pytest.mark.parametrize("change", ["row", "lost", "moved", "head", "cut"])
def test_a_changed_file_is_refused_and_says_how(house: House, change: str) -> None:
    data = file_of(freeze(house, house.admit(), house.admit()))
    first, a, b = data.splitlines(keepends=True)
    changed, codes = {
        "row": (first + a.replace(b'"kind":"IMAGE"', b'"kind":"VIDEO"') + b, {"HASH_MISMATCH"}),
        "lost": (first + a, {"HASH_MISMATCH"}),
        "moved": (first + b + a, {"MALFORMED"}),
        "head": (first.replace(b'"payload":"', b'"payload":"QUJD', 1) + a + b, {"SIGNATURE_INVALID", "MALFORMED"}),
        "cut": (data[:-3], {"MALFORMED"}),
    }[change]  # fmt: skip
    with pytest.raises(InvalidEvidence) as refused:
        verify_manifest(io.BytesIO(changed), keys.public_keys("DECISION"))
    assert refused.value.code in codes
    with pytest.raises(InvalidEvidence) as strange:
        verify_manifest(io.BytesIO(data), {})
    assert strange.value.code == "KEY_UNTRUSTED"


@pytest.mark.req("TP-145")
def test_nothing_is_frozen_unless_every_row_may_be_trained_on(house: House) -> None:
    good = house.admit()
    source = house.licensed_source()
    bad = house.admit(source)
    end_rights(principal=house.counsel, rights_id=bad.rights_id, reason="Taken back.")
    with pytest.raises(Conflict) as refused:
        freeze(house, good, bad)
    assert refused.value.code == "MANIFEST_REFUSED"
    assert refused.value.extra["reasons"] == [
        {"code": "RIGHTS_ENDED", "rows": 1, "examples": [str(source.pk)]}
    ]
    assert not TrainingManifest.objects.exists()
    assert not ManifestRow.objects.exists()


def test_an_empty_list_an_unknown_row_and_a_loose_commit_are_refused(house: House, stranger: House) -> None:
    for ask, code in (
        (make_ask(), "MANIFEST_EMPTY"),
        (make_ask(datasets=(("nothing", 1),)), "MANIFEST_EMPTY"),
        (make_ask(assets=(stranger.admit().pk,)), "ROW_UNKNOWN"),
        (make_ask(assets=(house.admit().pk,), code_commit="main"), "COMMIT_INVALID"),
        (make_ask(assets=(house.admit().pk,), territory="Mars"), "TERRITORY_UNKNOWN"),
    ):
        with pytest.raises(InvalidInput) as refused:
            freeze_manifest(principal=house.engineer, ask=ask)
        assert refused.value.code == code
    with pytest.raises(Forbidden):
        freeze_manifest(principal=house.counsel, ask=make_ask(assets=(house.admit().pk,)))


@pytest.mark.req("TP-013", "TP-182", "TP-155")
def test_a_job_may_use_a_manifest_only_once_a_second_person_released_it(
    house: House, stranger: House
) -> None:
    original = house.admit()
    made = house.derive(original, dataset="faces", dataset_version=3)
    manifest = freeze(house, original, datasets=(("faces", 3),))
    lines = [json.loads(line) for line in file_of(manifest).splitlines()[1:]]
    assert {line["sha256"] for line in lines} == {original.sha256, made.sha256}  # what it is released with
    assert [one["dataset"] for one in lines if "dataset" in one] == [{"name": "faces", "version": 3}]
    assert may_be_trained_on(manifest).codes == ("MANIFEST_NOT_RELEASED",)
    with pytest.raises(Forbidden) as alone:
        release_manifest(principal=house.engineer, name=manifest.content_id)
    assert alone.value.code == "COUNSEL_ONLY"
    with pytest.raises(NotFound):
        release_manifest(principal=stranger.counsel, name=manifest.content_id)
    done, answer = release_manifest(principal=house.counsel, name=str(manifest.pk))
    assert answer.is_clear
    assert (done.released_by, done.frozen_by) == (house.counsel.person, house.engineer.person)
    assert may_be_trained_on(done).is_clear
    with pytest.raises(Conflict) as again:
        release_manifest(principal=house.counsel, name=manifest.content_id)
    assert again.value.code == "MANIFEST_RELEASED"


@contextmanager
def _without_triggers(table: str) -> Iterator[Any]:
    """What only a superuser can do: change what triggers guard."""
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        cursor.execute(f"alter table {table} disable trigger user")
        yield cursor
        cursor.execute(f"alter table {table} enable trigger user")


@pytest.mark.req("TP-148")
def test_a_manifest_that_a_takedown_would_miss_is_not_released(house: House) -> None:
    asset = house.admit()
    manifest = freeze(house, asset)
    with _without_triggers(
        "training_lineageedge"
    ) as cursor:  # the edge that leads from the row to the manifest
        cursor.execute("delete from training_lineageedge where child_id = %s", [manifest.node_id])
    with pytest.raises(Conflict) as refused:
        release_manifest(principal=house.counsel, name=manifest.content_id)
    assert [one["code"] for one in refused.value.extra["reasons"]] == ["TAKEDOWN_WOULD_MISS_IT"]
    whole = freeze(house, asset, name="whole")
    assert release_manifest(principal=house.counsel, name=whole.content_id)[0].released_at


@pytest.mark.req("TP-182")
@pytest.mark.parametrize(
    "code",
    ["RIGHTS_ENDED", "SOURCE_CLASS_STOPPED", "DOMAIN_BLOCKED", "ASSET_NOT_ADMITTED", "POLICY_CHANGED",
     "LICENCE_EXPIRED", "LOG_NOT_SYNCHRONISED"],
)  # fmt: skip
def test_the_release_gate_blocks_for_each_reason_and_a_job_is_refused_from_then_on(
    house: House, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = house.licensed_source()
    asset = house.admit(source)
    manifest = released(house, asset)
    waiting = freeze(house, asset, name="second")
    at = None
    if code == "RIGHTS_ENDED":
        end_rights(principal=house.counsel, rights_id=asset.rights_id, reason="Taken back.")
    elif code == "SOURCE_CLASS_STOPPED":
        stop_class(principal=house.counsel, class_id=source.source_class_id, reason="Claim.")
    elif code == "DOMAIN_BLOCKED":
        rule_domain(principal=house.counsel, domain="example.test", is_blocked=True, reason="Scraped.")
    elif code == "ASSET_NOT_ADMITTED":
        TrainingAsset.objects.filter(pk=asset.pk).update(state=AssetState.REMOVED)
    elif code == "POLICY_CHANGED":
        stricter = gate_policy.compile_policy("// reviewed anew\n")
        monkeypatch.setattr(rules, "compile_policy", lambda *_further: stricter)
    elif code == "LICENCE_EXPIRED":
        today = clock.now().date()
        house.rights(source, expires_on=today, time_zone="Pacific/Kiritimati")
        at = clock.now() + timedelta(days=1)
    else:
        with _without_triggers("audit_event") as cursor:
            cursor.execute("delete from audit_event where object_type = 'training_rights'")
    told = release_gate(waiting, at=at)
    assert code in told.codes
    assert code in may_be_trained_on(manifest, at=at).codes
    if code != "LICENCE_EXPIRED":
        with pytest.raises(Conflict) as refused:
            release_manifest(principal=house.counsel, name=waiting.content_id)
        assert refused.value.code == "RELEASE_REFUSED"
        assert code in {one["code"] for one in refused.value.extra["reasons"]}


def test_a_licence_ends_at_midnight_where_the_licence_lives(house: House) -> None:
    day = (clock.now() + timedelta(days=2)).date()
    source = house.licensed_source(expires_on=day, time_zone="Pacific/Kiritimati")  # UTC+14
    manifest = released(house, house.admit(source))
    end = manifest.head["rights"][0]["expires_at"]
    moment = datetime.fromisoformat(end)
    assert moment.date() == day  # 10:00 UTC of that very day
    assert may_be_trained_on(manifest, at=moment - timedelta(seconds=1)).is_clear
    assert may_be_trained_on(manifest, at=moment).codes == ("LICENCE_EXPIRED",)


def test_an_original_that_was_removed_stops_what_was_made_of_it(house: House) -> None:
    asset = house.admit()
    house.derive(asset, dataset="crops")
    manifest = freeze_manifest(principal=house.engineer, ask=make_ask(datasets=(("crops", 1),)))
    assert release_gate(manifest).is_clear
    TrainingAsset.objects.filter(pk=asset.pk).update(state=AssetState.REMOVED)
    assert release_gate(manifest).codes == ("PARENT_REMOVED",)
    with pytest.raises(Conflict) as refused:
        freeze_manifest(principal=house.engineer, ask=make_ask(name="again", datasets=(("crops", 1),)))
    assert [one["code"] for one in refused.value.extra["reasons"]] == ["PARENT_REMOVED"]


def test_a_withdrawn_manifest_is_over_for_good(house: House) -> None:
    manifest = released(house, house.admit())
    withdraw_manifest(principal=house.counsel, name=manifest.content_id, reason="A claim.")
    manifest.refresh_from_db()
    assert may_be_trained_on(manifest).codes == ("MANIFEST_WITHDRAWN",)
    with pytest.raises(Conflict) as again:
        withdraw_manifest(principal=house.counsel, name=manifest.content_id, reason="Once more.")
    assert again.value.code == "MANIFEST_WITHDRAWN"


@pytest.mark.req("TP-164", "TP-166")
def test_a_run_is_bound_to_what_it_consumed_and_an_unbound_one_is_known_as_such(house: House) -> None:
    asset = house.admit()
    manifest = released(house, asset)
    run = make_run(house, manifest)
    assert run.refusals == []
    (model,) = register_models(
        principal=house.engineer, run_id=run.pk, asks=[ModelAsk(name="faces", version="1", sha256="4" * 64)]
    )
    assert {manifest.node_id, run.node_id, model.node_id} <= below([asset.node_id])
    assert asset.node_id in above([model.node_id])
    assert make_run(house, None, 2).refusals == ["RUN_UNBOUND"]
    other = make_run(house, manifest, 3, code_commit="d" * 40, container_image="other@sha256:1")
    assert other.refusals == ["CODE_DIFFERS", "IMAGE_DIFFERS"]
    end_rights(principal=house.counsel, rights_id=asset.rights_id, reason="Taken back.")
    assert make_run(house, manifest, 4).refusals == ["RIGHTS_ENDED"]
    with pytest.raises(Conflict) as twice:
        make_run(house, manifest, 4)
    assert twice.value.code == "RUN_EXISTS"
    with pytest.raises(Conflict) as again:
        register_models(
            principal=house.engineer,
            run_id=run.pk,
            asks=[ModelAsk(name="faces", version="1", sha256="4" * 64)],
        )
    assert again.value.code == "MODEL_EXISTS"


@pytest.mark.req("TP-165")
def test_two_identical_runs_give_the_same_report_and_another_parameter_another(house: House) -> None:
    manifest = released(house, house.admit())
    first, second = make_run(house, manifest, 1), make_run(house, manifest, 2)
    for number, run in enumerate((first, second)):
        register_models(
            principal=house.engineer, run_id=run.pk,
            asks=[ModelAsk(name="faces", version=str(number), sha256="4" * 64)],
        )  # fmt: skip
    assert provenance_of_run(first) == provenance_of_run(second)
    other = make_run(house, manifest, 3, parameters={"steps": 1001})
    assert provenance_of_run(other)["report_sha256"] != provenance_of_run(first)["report_sha256"]


def test_parameters_are_whatever_json_holds_but_for_what_cannot_be_kept(house: House) -> None:
    told = {"lr": 0.001, "seed": 2**63, "betas": [0.9, 0.999], "name": "é"}
    run = make_run(house, None, 1, parameters=told)
    run.refresh_from_db()
    assert run.parameters == told
    swapped = make_run(house, None, 2, parameters=dict(reversed(told.items())))
    assert provenance_of_run(run) == provenance_of_run(swapped)
    for bad, code in (
        ({"t": "a\u0000b"}, "PARAMETERS_INVALID"),
        ({"t": float("nan")}, "PARAMETERS_INVALID"),
        ({"t": "\ud800"}, "PARAMETERS_INVALID"),
        ({"t": "x" * 70_000}, "PARAMETERS_TOO_LARGE"),
    ):
        with pytest.raises(InvalidInput) as refused:
            make_run(house, None, 3, parameters=bad)
        assert refused.value.code == code


def test_a_nul_deep_in_a_field_without_a_shape_is_refused_and_not_our_failure(
    house: House, client: Any
) -> None:
    credential, _key = make_credential(house.organisation, created_by=house.engineer.person)
    body = {
        "name": "crop", "code_commit": COMMIT, "container_image": IMAGE, "approved_by": house.producer.person.email,
        "steps": [{"step": "crop\u0000"}],
    }  # fmt: skip
    for steps, status in ((body["steps"], 422), ([{"step": "crop"}], 201)):
        answer = client.post(
            "/api/v1/training-jobs", body | {"steps": steps}, content_type="application/json",
            headers=bearer(credential),
        )  # fmt: skip
        assert answer.status_code == status, answer.content
        if status == 422:
            assert answer.json()["code"] == "TEXT_INVALID"
