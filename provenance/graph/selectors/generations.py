"""Generation records by model and input (GP-042), as far as the caller may see."""

import re
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from accounts.principals import Principal
from provenance.graph.models import (
    AssetVersion,
    GenerationInput,
    GenerationOutput,
    GenerationRecord,
    GenerativeModel,
)
from provenance.graph.sights import Sight
from provenance.graph.visible import generations_visible_to, versions_visible_to

_MODELS_MOST = 1_000
_SHA256 = re.compile(r"sha256:([0-9a-f]{64})")


def generations_page(
    principal: Principal, *, model: str = "", reference: str = "", project: UUID | None = None
) -> QuerySet[GenerationRecord]:
    """Runs that the caller may see, newest first, with what the answer needs at hand.

    Args:
        model: a model's id, ``sha256:`` and its hash, its name, or name and version with ``@`` between.
        reference: what was an input: id of an asset or a version, ``sha256:...`` or ``external:...``.
    """
    rows = generations_visible_to(principal)
    seen = versions_visible_to(principal)
    if "\0" in model + reference:
        return rows.none()
    if project:
        rows = rows.filter(production_id=project)
    if model:
        rows = rows.filter(model__in=GenerativeModel.objects.filter(_called(model)))
    if reference:
        named = seen.filter(_named(reference)).values("pk")
        rows = rows.filter(pk__in=GenerationInput.objects.filter(version__in=named).values("generation_id"))
    versions = seen.select_related("asset")
    return (
        rows.select_related("production", "model", "person", "prompt", "negative_prompt")
        .prefetch_related(
            Prefetch("inputs", _shown(GenerationInput.objects, seen), to_attr="seen_inputs"),
            Prefetch("outputs", _shown(GenerationOutput.objects, versions), to_attr="seen_outputs"),
        )
        .order_by("-pk")
    )


def generation_told(run: GenerationRecord, sight: Sight) -> dict[str, Any]:
    """One run as it is answered; prompts by their commitments, which tell nobody what they were."""
    film, recorder = run.production, run.organisation_id
    return {
        "id": str(run.pk),
        "project": str(film.pk),
        "model": model_told(run.model),
        "external_id": run.external_id,
        "engine": run.engine,
        "engine_version": run.engine_version,
        "seed": run.seed,
        "guidance_scale": run.guidance_scale,
        "parameters": run.parameters,
        "prompt_commitment": run.prompt.commitment if run.prompt else None,
        "negative_prompt_commitment": run.negative_prompt.commitment if run.negative_prompt else None,
        "tokens": sight.licences(run.token_jtis, film, recorder),
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "recorded_at": run.at,
        "recorded_by": sight.person(run.person, film, recorder),
        "inputs": [{**version_named(one.version), "role": one.role} for one in vars(run)["seen_inputs"]],
        "outputs": [version_named(one.version) for one in vars(run)["seen_outputs"]],
    }


def model_told(model: GenerativeModel) -> dict[str, str]:
    """A model by what identifies it."""
    return {
        "id": str(model.pk),
        "name": model.name,
        "version": model.version,
        "sha256": model.sha256,
        "provider": model.provider,
    }


def version_named(version: AssetVersion) -> dict[str, Any]:
    """A version by what it is called."""
    return {
        "asset": str(version.asset_id),
        "version": str(version.pk),
        "number": version.number,
        "kind": version.asset.kind,
        "name": version.asset.name,
        "content_sha256": version.content_sha256,
    }


def _shown(rows: Any, seen: QuerySet[AssetVersion]) -> Any:
    return rows.filter(version__in=seen.values("pk")).select_related("version__asset").order_by("pk")


def models_called(model: str, project: UUID | None) -> list[UUID]:
    """Ids of the models that ``model`` names, of one production or of all."""
    if "\0" in model:
        return []
    rows = GenerativeModel.objects.filter(_called(model))
    return list(
        (rows.filter(production_id=project) if project else rows).values_list("pk", flat=True)[:_MODELS_MOST]
    )


def references_called(principal: Principal, reference: str, project: UUID | None) -> tuple[str, list[UUID]]:
    """What ``reference`` names among what the caller may see: the column of an input it stands in, and ids."""
    if not reference or "\0" in reference:
        return "version_id", []
    seen = versions_visible_to(principal).filter(_named(reference))
    seen = seen.filter(production_id=project) if project else seen
    rows = list(seen.values_list("pk", "asset_id")[:_MODELS_MOST])
    key = uuid_or_none(reference)
    by_asset = reference.startswith("external:") or (
        key is not None and all(asset == key for _, asset in rows)
    )
    if by_asset:
        return "asset_id", list({asset for _, asset in rows})
    return "version_id", [version for version, _ in rows]


def _called(model: str) -> Q:
    if found := _SHA256.fullmatch(model):
        return Q(sha256=found[1])
    if key := uuid_or_none(model):
        return Q(pk=key)
    name, at, version = model.rpartition("@")
    return Q(name=model) | (Q(name=name, version=version) if at else Q())


def _named(reference: str) -> Q:
    if found := _SHA256.fullmatch(reference):
        return Q(content_sha256=found[1])
    if reference.startswith("external:"):
        return Q(asset__external_id=reference.removeprefix("external:"))
    key = uuid_or_none(reference)
    return Q(pk=key) | Q(asset=key) if key else Q(pk=None)


def uuid_or_none(text: str) -> UUID | None:
    """The id that ``text`` is, if it is one."""
    try:
        return UUID(text)
    except ValueError:
        return None
