"""What the walk of permissions finds in a studio that trains; and what is sent to its addresses."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from common import clock
from tests.training.contracts import written
from tests.training.making import CLEAR, COMMIT, House, of_bytes, picture
from training.models import ScanJob, TransformRun
from training.services.contracts import register_contract
from training.services.exceptions import ExceptionAsk, ask_exception
from training.services.imports import hand_in_material, read_material
from training.services.manifests import ManifestAsk, freeze_manifest
from training.services.reports import ReportAsk, ask_report, build_report
from training.services.reruns import ask_rerun, do_rerun
from training.services.rights_reviews import open_due_reviews
from training.services.runs import ModelAsk, RunAsk, register_models, register_run
from training.services.takedowns import TakedownAsk, open_takedown
from training.vocabulary import LicenceClass, TakedownTrigger

_FILE = picture(77)


def make_training_house(world: Any) -> None:
    """One of everything, made by the world's own engineer; counsel's acts are its administrator's."""
    house = House.of(
        engineer=world.people["engineer"], producer=world.people["producer"], counsel=world.people["legal"]
    )
    kind = house.source_class()
    source = house.source(kind)
    rights = house.rights(source)
    unclear = house.source(kind)
    house.rights(unclear, checks={**CLEAR, "robots": "UNKNOWN"})
    asset = house.admit(source, **of_bytes(_FILE))
    isolated = house.admit(unclear)
    ScanJob.objects.create(
        organisation=house.organisation, asset=asset, asked_by=house.engineer.person, was="ADMITTED", state="FAILED",
        problem="CONTRACT_CHANGED", moved_at=clock.now(), finished_at=clock.now(),
    )  # fmt: skip
    job = house.job()
    asked = ask_exception(principal=house.engineer, ask=_exception(kind.code, house.producer.person.email))
    contract = register_contract(principal=house.engineer, text=written(kind.code))
    world.facts |= {"training": house, "source class": kind.code}
    world.ids |= {
        "class_id": str(kind.pk), "source_id": str(source.pk), "rights_id": str(rights.pk),
        "asset to fill": str(asset.pk), "review": str(isolated.review.pk), "training job": str(job.pk),
        "exception_id": str(asked.pk), "contract_id": str(contract.pk),
    }  # fmt: skip
    transform = TransformRun.objects.create(
        organisation=house.organisation, job=job, started_by=house.engineer.person, dataset="walked",
        dataset_version=1, role="crop", inputs=0, moved_at=clock.now(),
    )  # fmt: skip
    world.ids["transform"] = str(transform.pk)
    rows = b"no JSON\n"
    handed_in, _ = hand_in_material(principal=house.engineer, read=io.BytesIO(rows).read, length=len(rows))
    waiting, _ = hand_in_material(principal=house.engineer, read=io.BytesIO(rows).read, length=len(rows))
    world.ids |= {"import_id": str(read_material(handed_in.pk).pk), "open_import": str(waiting.pk)}
    manifest = freeze_manifest(
        principal=house.engineer,
        ask=ManifestAsk(
            name="walked", code_commit=COMMIT, container_image="image@sha256:1", territory="US", purpose="A walk.",
            assets=(asset.pk,),
        ),
    )  # fmt: skip
    run = register_run(
        principal=house.engineer,
        ask=RunAsk(
            external_id="walked", name="walked", manifest=manifest.content_id, code_commit=COMMIT,
            container_image="image@sha256:1", parameters={},
        ),
    )  # fmt: skip
    world.ids |= {"manifest": str(manifest.pk), "run_id": str(run.pk)}
    _reports(world, house, rights)
    _cases(world, house, kind)


def _cases(world: Any, house: House, kind: Any) -> None:
    """A case with a model to deal with, one with nothing left to do, and a drill; of a source of their own."""
    source = house.source(kind)
    house.rights(source)
    asset = house.admit(source)
    manifest = freeze_manifest(
        principal=house.engineer,
        ask=ManifestAsk(
            name="taken", code_commit=COMMIT, container_image="image@sha256:1", territory="US", purpose="A walk.",
            assets=(asset.pk,),
        ),
    )  # fmt: skip
    run = register_run(
        principal=house.engineer,
        ask=RunAsk(
            external_id="taken", name="taken", manifest=manifest.content_id, code_commit=COMMIT,
            container_image="image@sha256:1", parameters={},
        ),
    )  # fmt: skip
    register_models(
        principal=house.engineer, run_id=run.pk, asks=[ModelAsk(name="taken", version="1", sha256="6" * 64)]
    )
    drill, case = (
        open_takedown(
            principal=house.engineer,
            ask=TakedownAsk(trigger="CLAIM", reason="A claim.", assets=(asset.pk,), is_drill=is_drill),
        )
        for is_drill in (True, False)
    )
    nothing = house.source(kind)
    done = open_takedown(
        principal=house.engineer, ask=TakedownAsk(trigger="CLAIM", reason="A claim.", sources=(nothing.pk,))
    )
    world.ids |= {
        "takedown_id": str(case.pk), "item_id": str(case.items.get(kind="MODEL").pk),
        "closable_case": str(done.pk), "drill": str(drill.pk),
    }  # fmt: skip


def _reports(world: Any, house: House, rights: Any) -> None:
    """A report on the manifest, and the review of a rights record; views and tables are the same in every world."""
    asked = ask_report(principal=house.counsel, ask=ReportAsk(scope="MANIFEST", about=world.ids["manifest"]))
    build_report(asked.pk)
    rerun, _ = ask_rerun(principal=house.counsel, report_id=asked.pk)
    do_rerun(rerun.pk)
    open_due_reviews(on=rights.next_review_on)
    world.ids |= {
        "report_id": str(asked.pk), "rights review": str(rights.reviews.get().pk),
        "training view": "legal", "training check": "original-bytes-missing", "training system": "slurm", "report table": "originals",
    }  # fmt: skip


def _exception(code: str, owner: str) -> ExceptionAsk:
    at = clock.now()
    return ExceptionAsk(
        codes=("LOW_QUALITY",), source_class=code, source=None, owner=owner, reason="A pilot.",
        compensating_controls="All are looked at.", rollback_plan="Remove them.",
        review_on=at.date(), ends_at=at + timedelta(days=9),
    )  # fmt: skip


def things() -> dict[tuple[str, str], str]:
    """Which id of a world stands in an address."""
    return {
        ("/api/v1/training-assets/", "asset_id"): "asset to fill",
        ("/api/v1/training-reviews/", "review_id"): "review",
        ("/api/v1/training-jobs/", "job_id"): "training job",
        ("/api/v1/training-transforms/", "run_id"): "transform",
        ("/api/v1/manifests/", "name"): "manifest",
        ("/api/v1/training-views/", "view"): "training view",
        ("/api/v1/training-inspection/", "code"): "training check",
        ("/api/v1/training-systems/", "system"): "training system",
        ("/api/v1/rights-reports/", "table"): "report table",
        ("/api/v1/rights-reviews/", "review_id"): "rights review",
    }


def bodies(ask: Any) -> dict[str, Any]:
    """What is sent; ``ask`` is the walk's own form of a body."""

    def json(*answers: int, **data: Any) -> Any:
        """``answers``: what is said to who may ask, and named what only the other house has."""
        return lambda world: ask(
            {name: value(world) if callable(value) else value for name, value in data.items()},
            answers=answers,
        )

    def fact(name: str) -> Any:
        return lambda world: world.facts[name]

    def own(name: str) -> Any:
        return lambda world: world.ids[name]

    def email(name: str) -> Any:
        return lambda world: world.people[name].person.email

    rights = {
        "licence_class": "NEGOTIATED", "licence_type": "Agreement", "licence_source": "Archive", "may_train": True,
        "may_derive": True, "may_redistribute": False, "territories": ["US"], "checks": CLEAR,
        "evidence_sha256": "e" * 64, "evidence_uri": "vault://1",
    }  # fmt: skip
    capture = {
        "source_id": own("source_id"), "external_id": "walked", "kind": "IMAGE", "media_type": "image/png",
        "sha256": "9" * 64, "size_bytes": 9, "canonical_url": "https://films.example.test/walked", "method": "EXPORT",
        "collected_at": "2026-10-01T12:00:00Z", "licence_claim": "Agreement", "territory": "US",
        "capture": {"hosting_domain": "films.example.test", "embedded_metadata": {"a": "b"}, "page_context": "x"},
    }  # fmt: skip
    output: dict[str, Any] = {
        "parents": lambda world: [world.ids["asset to fill"]], "dataset": "walked", "dataset_version": 1,
        "kind": "IMAGE", "role": "crop", "media_type": "image/png", "sha256": "8" * 64, "size_bytes": 8,
        "technical": {"original": {"width": 1}, "derivative": {"width": 1}, "normalisation": [{"step": "none"}]},
    }  # fmt: skip

    def own_asset(world: Any) -> list[str]:
        return [world.ids["asset to fill"]]

    def outputs(world: Any) -> Any:
        return ask({"outputs": [{**output, "parents": output["parents"](world)}]})

    return {
        "POST /api/v1/source-classes": json(
            code="walked", source_type="ARCHIVE", purpose="A walk.", is_allowed=True
        ),
        "POST /api/v1/source-classes/{class_id}/stop": json(reason="Stop."),
        "POST /api/v1/source-classes/{class_id}/open": json(reason="Open."),
        "POST /api/v1/source-domains": json(domain="evil.example.test", is_blocked=True, reason="Scraped."),
        "POST /api/v1/sources": json(
            422,
            source_class=fact("source class"), canonical_url="https://films.example.test/walked",
            platform="Archive", platform_id="w", rights_holder="Archive Ltd",
        ),
        "POST /api/v1/sources/{source_id}/rights": json(**rights),
        "POST /api/v1/sources/{source_id}/owner": json(owner=email("producer"), reason="On leave."),
        "POST /api/v1/training-rights/{rights_id}/end": json(reason="Taken back."),
        "POST /api/v1/training-assets": json(**capture),
        "POST /api/v1/training-assets/{asset_id}/content": lambda _: ask(
            {"file": SimpleUploadedFile("still.png", _FILE, "image/png")}, kind="form"
        ),
        "POST /api/v1/training-jobs": json(
            422,
            name="crop", code_commit=COMMIT, container_image="image@sha256:1", steps=[{"step": "crop"}],
            approved_by=email("legal"),
        ),
        "POST /api/v1/training-jobs/{job_id}/outputs": outputs,
        # no code is named that runs here, so that a run is refused once it was read
        "POST /api/v1/training-jobs/{job_id}/runs": json(
            409,
            assets=own_asset, dataset="walked", dataset_version=1, role="crop",
        ),
        "POST /api/v1/training-imports": lambda _: ask(b"{}\n", kind="application/x-ndjson"),
        "POST /api/v1/manifests": json(
            422,
            name="walked-too", purpose="A walk.", territory="US", code_commit=COMMIT,
            container_image="image@sha256:1", assets=lambda world: [world.ids["asset to fill"]],
        ),
        "POST /api/v1/training-inspection/{code}/repair": json(409),
        "PUT /api/v1/training-systems/{system}": json(manifests={}),
        "POST /api/v1/training-rules": json(
            201,
            licence_classes=LicenceClass.values, territories=["WORLD"], note="Walked.",
            takedowns={one: {"hours": 96, "model_actions": ["RETRAIN"]} for one in TakedownTrigger.values},
        ),
        "POST /api/v1/training-wording/approve": json(409, hash="sha256:" + "0" * 64, note="Read."),
        "POST /api/v1/manifests/{name}/withdraw": json(reason="No more."),
        "POST /api/v1/training-runs": json(
            external_id="walked-too", name="walked", code_commit=COMMIT, container_image="image@sha256:1",
        ),
        "POST /api/v1/training-runs/{run_id}/models": json(
            models=[{"name": "walked", "version": "1", "sha256": "7" * 64}]
        ),
        "POST /api/v1/takedowns": json(
            trigger="CLAIM", reason="A claim.", assets=lambda world: [world.ids["asset to fill"]]
        ),
        "POST /api/v1/takedowns/{takedown_id}/items/{item_id}": json(action="RETRAIN", evidence="Run 9."),
        "POST /api/v1/rights-reports": json(scope="MANIFEST", about=own("manifest")),
        "POST /api/v1/rights-reviews/{review_id}/answer": json(answer="END", note="Not paid for."),
        "POST /api/v1/takedowns/{takedown_id}/call-off": json(reason="It was withdrawn."),
        "POST /api/v1/data-contracts": json(text=written("walked", version="walked")),
        "POST /api/v1/data-contracts/{contract_id}/retire": json(reason="The partner left."),
        "POST /api/v1/training-reviews/{review_id}/answer": json(answer="REFUSE", reason="Not ours."),
        "POST /api/v1/training-exceptions": json(
            422,
            codes=["LOW_QUALITY"], source_class=fact("source class"), owner=email("producer"), reason="A pilot.",
            compensating_controls="All are looked at.", rollback_plan="Remove them.",
            review_on=lambda _: clock.now().date().isoformat(),
            ends_at=lambda _: clock.rfc3339(clock.now() + timedelta(days=9)),
        ),
    }  # fmt: skip
