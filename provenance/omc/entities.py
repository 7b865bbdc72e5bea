"""How the rows of a graph read as OMC entities. Pure: rows in, values out.

Each version is an Asset of OMC: its form (AssetSC) inside, the version before it as ``RevisionOf``, what it was
first made of as ``DerivationOf``; every edge with its frames, region and tool stands in the custom data
``relations``, since OMC has one parent and no words for these. A run of a model is a Task, the model is
Infrastructure, a decision is a Task too. Prompts and notes are not in it: they lie sealed.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from accounts.models import ApiCredential, Organisation, User
from licensing.models import LicenceToken, Production
from provenance.graph.models import (
    AssetVersion,
    Decision,
    GenerationRecord,
    GenerativeModel,
    GraphKind,
    Relation,
    RelationKind,
)
from provenance.omc import naming
from provenance.omc.naming import Entity, Names

_FUNCTIONS: Final = {
    GraphKind.CAPTURE: "capture",
    GraphKind.SCAN: "technicalReferenceMaterial",
    GraphKind.IMAGE: "artwork",
    GraphKind.AUDIO: "audio",
    GraphKind.STEM: "audio.track",
    GraphKind.SHOT: "shot",
    GraphKind.FRAME_RANGE: "shot.vfx",
    GraphKind.TIMELINE: "shot.editorial",
    GraphKind.SCRIPT: "script",
    GraphKind.SEQUENCE: "sequenceChronologyDescriptor",
    GraphKind.MODEL: "technicalReferenceMaterial",
}
_FORMS: Final = {
    GraphKind.CAPTURE: "digital.movingImage",
    GraphKind.SCAN: "digital.data",
    GraphKind.MODEL: "digital.data",
    GraphKind.IMAGE: "digital.image",
    GraphKind.VIDEO: "digital.movingImage",
    GraphKind.AUDIO: "digital.audio",
    GraphKind.FRAME_RANGE: "digital.imageSequence",
    GraphKind.SHOT: "digital.movingImage",
    GraphKind.SEQUENCE: "digital.movingImage",
    GraphKind.STEM: "digital.audio",
    GraphKind.SCRIPT: "digital.document",
    GraphKind.MASK: "digital.image",
    GraphKind.SCENE: "digital.structuredDocument",
    GraphKind.TIMELINE: "digital.structuredDocument",
    GraphKind.DOCUMENT: "digital.document",
    GraphKind.DELIVERABLE: "digital.audioVisual",
}
# what steers the work is not what it was made of
_NOT_MADE_OF: Final = {RelationKind.ACCORDING_TO, RelationKind.TRAINED_ON}


def creative_work(names: Names, production: Production) -> Entity:
    """The work that is made."""
    return names.entity(
        "CreativeWork",
        naming.WORK,
        production.pk,
        name=production.title,
        creativeWorkType="creativeWork",
        creativeWorkTitle=[{"titleName": production.title, "titleType": "working"}],
        ProductionCompany=[names.reference(naming.PARTICIPANT, production.organisation_id)],
        Context=[names.reference(naming.CONTEXT, production.pk)],
        customData=names.custom(
            production={"eidr": production.eidr, "kind": production.kind, "logOrigin": production.origin}
        ),
    )


def production_context(names: Names, production: Production, *, as_of: int) -> Entity:
    """The making of it: what every asset and task belongs to. ``as_of`` is the last event that was read."""
    return names.entity(
        "Context",
        naming.CONTEXT,
        production.pk,
        contextType="production",
        contributesTo={"CreativeWork": [names.reference(naming.WORK, production.pk)]},
        customData=names.custom(export={"lastEvent": as_of}),
    )


def organisation(names: Names, row: Organisation) -> Entity:
    """An organisation as a participant."""
    form = names.entity(
        "Organization", naming.ORGANISATION, row.pk, name=row.name, structuralType="organization"
    )
    return names.entity("Participant", naming.PARTICIPANT, row.pk, name=row.name, ParticipantSC=form)


def person(names: Names, row: User, *, named: bool) -> Entity:
    """A person as a participant; by name only to their own house."""
    name = row.full_name if named else None
    form = names.entity("Person", naming.PERSON, row.pk, name=name, structuralType="person")
    return names.entity("Participant", naming.PARTICIPANT, row.pk, name=name, ParticipantSC=form)


def service(names: Names, row: ApiCredential) -> Entity:
    """A service account as a participant; the person behind it stands with what it did."""
    form = names.entity("Service", naming.SERVICE, row.pk, structuralType="service")
    return names.entity("Participant", naming.PARTICIPANT, row.pk, ParticipantSC=form)


def licensed_talent(names: Names, token: LicenceToken) -> Entity:
    """The talent of a licence as a participant."""
    talent = token.talent
    form = names.entity("Person", naming.PERSON, talent.pk, name=talent.stage_name, structuralType="person")
    return names.entity(
        "Participant", naming.PARTICIPANT, talent.pk, name=talent.stage_name, ParticipantSC=form
    )


def character(names: Names, production: Production, name: str) -> Entity:
    """A character that licences name."""
    return names.entity(
        "Character",
        naming.CHARACTER,
        character_id(production, name),
        name=name,
        characterName={"fullName": name},
    )


def depiction(names: Names, token: LicenceToken) -> Entity:
    """A licence: whose likeness depicts whom, on which terms."""
    first = next(iter(characters_of(token)), None)
    known = character_id(token.production, first) if first else None
    return names.entity(
        "Depiction",
        naming.DEPICTION,
        token.jti,
        depictionType="portrayal" if known else "depiction",
        Depicts=names.reference(naming.CHARACTER, known) if known else None,
        Depicter=names.reference(naming.PARTICIPANT, token.talent_id),
        Context=[names.reference(naming.CONTEXT, token.production_id)],
        customData=names.custom(
            licence={
                "jti": str(token.jti),
                "licence": str(token.licence_id),
                "termsVersion": token.terms.version,
                "termsHash": token.terms.terms_hash,
                "notBefore": _time(token.not_before),
                "notAfter": _time(token.not_after),
                "useTypes": list(token.use_types),
                "characters": characters_of(token),
            }
        ),
    )


def model(names: Names, row: GenerativeModel) -> Entity:
    """A generative model as infrastructure."""
    facts = {"name": row.name, "version": row.version, "sha256": row.sha256, "provider": row.provider}
    own = row.asset_version_id
    return names.entity(
        "Infrastructure",
        naming.MODEL,
        row.pk,
        name=f"{row.name} {row.version}".strip(),
        infrastructureFC={"functionalType": "generativeModel"},
        customData=names.custom(model=facts | ({"asset": names.reference(naming.ASSET, own)} if own else {})),
    )


def generation(names: Names, row: GenerationRecord) -> Entity:
    """One run of a model as a task, with what it used and made."""
    inputs, outputs = list(row.inputs.all()), list(row.outputs.all())
    context = names.entity(
        "Context",
        naming.CONTEXT,
        row.pk,
        contextType="production",
        contributor=_contributor(names, row.person_id, row.credential_id),
        uses={
            "Asset": [names.reference(naming.ASSET, one.version_id) for one in inputs],
            "Infrastructure": [names.reference(naming.MODEL, row.model_id)],
        },
        produces={"Asset": [names.reference(naming.ASSET, one.version_id) for one in outputs]},
    )
    facts = {
        "externalId": row.external_id,
        "model": names.reference(naming.MODEL, row.model_id),
        "engine": row.engine,
        "engineVersion": row.engine_version,
        "seed": row.seed,
        "guidanceScale": row.guidance_scale,
        "parameters": row.parameters,
        "startedAt": _time(row.started_at),
        "finishedAt": _time(row.finished_at),
        "licences": [str(jti) for jti in row.token_jtis],
        "inputs": [
            {"asset": names.reference(naming.ASSET, one.version_id), "role": one.role} for one in inputs
        ],
        "outputs": [names.reference(naming.ASSET, one.version_id) for one in outputs],
        # the text is sealed; these say that there is one, and let whoever is shown it and its salt know it again
        "hasPrompt": row.prompt is not None,
        "promptCommitment": row.prompt and row.prompt.commitment,
        "hasNegativePrompt": row.negative_prompt is not None,
        "negativePromptCommitment": row.negative_prompt and row.negative_prompt.commitment,
        "recordedAt": _time(row.at),
    }
    return names.entity(
        "Task",
        naming.TASK,
        row.pk,
        taskFC={"functionalType": "generate"},
        Context=[context, names.reference(naming.CONTEXT, row.production_id)],
        customData=names.custom(generation=facts),
    )


def decision(names: Names, row: Decision) -> Entity:
    """A decision as a task of review."""
    context = names.entity(
        "Context",
        naming.CONTEXT,
        row.pk,
        contextType="production",
        contributor=_contributor(names, row.person_id, row.credential_id),
        uses={"Asset": [names.reference(naming.ASSET, row.version_id)]},
    )
    return names.entity(
        "Task",
        naming.TASK,
        row.pk,
        taskFC={"functionalType": "review"},
        Context=[context, names.reference(naming.CONTEXT, row.production_id)],
        customData=names.custom(
            decision={"outcome": row.outcome, "stage": row.stage, "decidedAt": _time(row.at)}
        ),
    )


def asset(
    names: Names,
    row: AssetVersion,
    *,
    previous: UUID | None,
    code: str,
    log_origin: str,
    gaps: dict[str, Any] | None = None,
) -> Entity:
    """A version as an asset.

    Args:
        row: with its asset and, prefetched in their order, its ``parent_relations``.
        previous: the version before it.
        code: its IPTC source type.
        log_origin: of the production's log, in which the receipts stand.
        gaps: what its record lacks, and the fields that would close it.
    """
    kind = GraphKind(row.asset.kind)
    edges = list(row.parent_relations.all())
    first = next((edge.parent_id for edge in edges if edge.kind not in _NOT_MADE_OF), None)
    receipts = row.metadata.get("receipts")
    form = names.entity(
        "AssetSC",
        naming.FORM,
        row.pk,
        structuralType=_FORMS[kind],
        structuralProperties={"fileDetails": {"mediaType": row.media_type}} if row.media_type else None,
        customData=names.custom(
            content={"sha256": row.content_sha256, "bytes": row.size_bytes} if row.content_sha256 else None
        ),
    )
    version = {
        "versionNumber": str(row.number),
        "name": row.label or None,
        "DerivationOf": names.reference(naming.ASSET, first) if first else None,
        "RevisionOf": names.reference(naming.ASSET, previous) if previous else None,
    }
    function = _FUNCTIONS.get(kind)
    return names.entity(
        "Asset",
        naming.ASSET,
        row.pk,
        name=row.asset.name,
        version={name: value for name, value in version.items() if value is not None},
        provenance={
            "CreatedBy": names.reference(naming.PARTICIPANT, row.person_id),
            "createdOn": _time(row.at),
        },
        assetFC={"functionalType": function} if function else None,
        AssetSC=form,
        Context=[names.reference(naming.CONTEXT, row.production_id)],
        Depiction=[names.reference(naming.DEPICTION, jti) for jti in row.token_jtis] or None,
        customData=names.custom(
            version=_version_facts(names, row, code),
            relations=[relation(names, edge) for edge in edges],
            licence=[str(jti) for jti in row.token_jtis],
            receipts={"logOrigin": log_origin, **receipts} if isinstance(receipts, dict) else None,
            completeness=gaps,
        ),
    )


def relation(names: Names, edge: Relation) -> Entity:
    """An edge, with all that OMC has no word for."""
    facts: Entity = {
        "kind": edge.kind,
        "parent": names.reference(naming.ASSET, edge.parent_id),
        "role": edge.role,
        "tool": edge.tool,
        "frameFirst": edge.frame_first,
        "frameLast": edge.frame_last,
        "parentFirst": edge.parent_first,
        "region": edge.region,
        "mask": names.reference(naming.ASSET, edge.mask_id) if edge.mask_id else None,
        "generation": names.reference(naming.TASK, edge.generation_id) if edge.generation_id else None,
    }
    return {name: value for name, value in facts.items() if value not in (None, "")}


def characters_of(token: LicenceToken) -> list[str]:
    """The characters that a licence is for."""
    named = token.terms.terms.get("scope", {}).get("characters", [])
    return [str(one) for one in named]


def character_id(production: Production, name: str) -> str:
    """The id of a character: its name, within its production."""
    return f"{production.pk}/{name}"


def _version_facts(names: Names, row: AssetVersion, code: str) -> Entity:
    facts = {
        "asset": str(row.asset_id),
        "kind": row.asset.kind,
        "externalId": row.asset.external_id,
        "organisation": names.reference(naming.PARTICIPANT, row.asset.organisation_id),
        "through": (names.reference(naming.PARTICIPANT, row.credential_id) if row.credential_id else None),
        "frameFirst": row.frame_first,
        "frameLast": row.frame_last,
        "origin": row.origin,
        "digitalSourceType": code,
        "madeAt": _time(row.made_at),
        "markId": row.mark_id,
        "output": str(row.output_id) if row.output_id else None,
        "metadata": {name: value for name, value in row.metadata.items() if name != "receipts"} or None,
    }
    return {name: value for name, value in facts.items() if value not in (None, "")}


def _contributor(names: Names, person_id: UUID, credential_id: UUID | None) -> dict[str, Any]:
    who: Iterable[UUID] = (person_id, credential_id) if credential_id else (person_id,)
    return {"Participant": [names.reference(naming.PARTICIPANT, one) for one in who]}


def _time(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None
