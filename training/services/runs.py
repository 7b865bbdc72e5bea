"""Register what trained: a run names the manifest that it consumed, and the models that it made."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.principals import Principal
from audit.services import record
from common.errors import Conflict, InvalidInput, NotFound
from common.ids import new_id
from training.lineage.writing import link, make_node
from training.models import ModelVersion, TrainingManifest, TrainingRun
from training.seats import require_engineer
from training.selectors.manifests import manifest_for, runs_of
from training.selectors.reports import parameters_text
from training.services.derivatives import is_commit
from training.services.lineage_events import tell_lineage
from training.services.releasing import may_be_trained_on
from training.services.texts import clean
from training.vocabulary import NodeKind
from trustcore.encoding import is_sha256_hex

_PARAMETERS_MOST = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAsk:
    """A run as its job reports it; ``external_id`` is the job's own, ``manifest`` empty where it names none."""

    external_id: str
    name: str
    manifest: str
    code_commit: str
    container_image: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelAsk:
    """A model version that a run made."""

    name: str
    version: str
    sha256: str


def register_run(*, principal: Principal, ask: RunAsk) -> TrainingRun:
    """Write a run down when it begins. It is never refused: what trained without leave must be known above all.

    What speaks against it is kept in ``refusals`` and answered; a run without a manifest is ``RUN_UNBOUND``, one on
    other code than the manifest was frozen for ``CODE_DIFFERS`` or ``IMAGE_DIFFERS``.

    Raises:
        NotFound: no such manifest. Forbidden: as :func:`~training.seats.require_engineer`.
        InvalidInput: ``COMMIT_INVALID``, ``TEXT_INVALID``, ``PARAMETERS_TOO_LARGE``, ``PARAMETERS_INVALID``.
        Conflict: ``RUN_EXISTS``.
    """
    require_engineer(principal)
    if not is_commit(ask.code_commit):
        raise InvalidInput("COMMIT_INVALID", "A commit is named by its whole hash.")
    _check_parameters(ask.parameters)
    manifest = manifest_for(principal, ask.manifest) if ask.manifest else None
    if ask.manifest and manifest is None:
        raise NotFound
    with transaction.atomic():
        refusals = _refusals(manifest, ask)
        run = _write(principal, ask, manifest, refusals)
        if manifest is not None:
            link(organisation_id=principal.organisation_id, edges=[(manifest.node_id, run.node_id)])
        record(
            kind="training.run_registered", principal=principal, object_type="training_run", object_id=run.pk,
            details={"run": run.external_id, "manifest": manifest.content_id if manifest else "",
                     "code_commit": run.code_commit, "image": run.container_image, "refusals": refusals},
        )  # fmt: skip
        _tell(run, "START")
    return run


def register_models(*, principal: Principal, run_id: UUID, asks: Sequence[ModelAsk]) -> list[ModelVersion]:
    """Write the models that a run made, all or none.

    Raises:
        NotFound: no such run. Forbidden: as :func:`~training.seats.require_engineer`.
        InvalidInput: ``CHECKSUM_INVALID``, ``TEXT_INVALID``. Conflict: ``MODEL_EXISTS``.
    """
    require_engineer(principal)
    run = runs_of(principal).filter(pk=run_id).first()
    if run is None:
        raise NotFound
    if not all(is_sha256_hex(ask.sha256) for ask in asks):
        raise InvalidInput("CHECKSUM_INVALID", "A checksum is a SHA-256 in lower-case hexadecimal digits.")
    try:
        with transaction.atomic():
            made = [_make(principal, run, ask) for ask in asks]
            link(
                organisation_id=principal.organisation_id, edges=[(run.node_id, row.node_id) for row in made]
            )
            record(
                kind="training.models_registered", principal=principal, object_type="training_run",
                object_id=run.pk,
                details={"models": [{"name": row.name, "version": row.version, "sha256": row.sha256}
                                    for row in made]},
            )  # fmt: skip
            _tell(run, "COMPLETE", made)
    except IntegrityError as error:
        raise Conflict("MODEL_EXISTS", "This version of this model is registered.") from error
    return made


def _tell(run: TrainingRun, type_: str, made: Sequence[ModelVersion] = ()) -> None:
    tell_lineage(
        organisation_id=run.organisation_id, type_=type_, run=run.pk, job=f"train/{run.name}",
        tags={"code_commit": run.code_commit, "container_image": run.container_image, "refusals": ",".join(run.refusals)},
        inputs=[f"manifest/{run.manifest.content_id}"] if run.manifest else [],
        outputs=[f"model/{row.name}/{row.version}" for row in made],
    )  # fmt: skip


def _check_parameters(parameters: Mapping[str, Any]) -> None:
    """What a job was told is whatever JSON holds, floats too; but for what the database cannot keep."""
    try:
        text = parameters_text(parameters)
        json.dumps(parameters, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInput("PARAMETERS_INVALID", "The parameters of a run are JSON.") from error
    if "\\u0000" in text:
        raise InvalidInput("PARAMETERS_INVALID", "The parameters of a run hold a NUL character.")
    if len(text) > _PARAMETERS_MOST:
        raise InvalidInput("PARAMETERS_TOO_LARGE", "The parameters of a run are at most 64 KiB.")


def _refusals(manifest: TrainingManifest | None, ask: RunAsk) -> list[str]:
    if manifest is None:
        return ["RUN_UNBOUND"]
    codes = set(may_be_trained_on(manifest).codes)
    if manifest.code_commit != ask.code_commit:
        codes.add("CODE_DIFFERS")
    if manifest.container_image != ask.container_image:
        codes.add("IMAGE_DIFFERS")
    return sorted(codes)


def _write(
    principal: Principal, ask: RunAsk, manifest: TrainingManifest | None, refusals: list[str]
) -> TrainingRun:
    made_id = new_id()
    try:
        with transaction.atomic():
            node = make_node(organisation_id=principal.organisation_id, kind=NodeKind.RUN, ref=made_id)
            return TrainingRun.objects.create(
                pk=made_id, organisation=principal.organisation,
                external_id=clean(ask.external_id, most=200), name=clean(ask.name, most=120),
                manifest=manifest, code_commit=ask.code_commit,
                container_image=clean(ask.container_image, most=300), parameters=dict(ask.parameters),
                refusals=refusals, registered_by=principal.person, node=node,
            )  # fmt: skip
    except IntegrityError as error:
        raise Conflict("RUN_EXISTS", "A run with this id is registered.") from error


def _make(principal: Principal, run: TrainingRun, ask: ModelAsk) -> ModelVersion:
    made_id = new_id()
    node = make_node(organisation_id=principal.organisation_id, kind=NodeKind.MODEL, ref=made_id)
    return ModelVersion.objects.create(
        pk=made_id, organisation=principal.organisation, run=run, name=clean(ask.name, most=120),
        version=clean(ask.version, most=60), sha256=ask.sha256, node=node,
    )  # fmt: skip
