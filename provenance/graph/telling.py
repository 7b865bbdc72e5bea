"""What the graph's answers say as JSON: versions, edges, people, and where something came from."""

import re
from typing import Any
from uuid import UUID

from accounts.models import ApiCredential, User
from provenance.graph.gaps import Gap, missing_fields
from provenance.graph.models import AssetVersion, Decision, Relation
from provenance.graph.selectors.completeness import Completeness
from provenance.graph.selectors.finding import Found
from provenance.graph.selectors.generations import model_told, version_named
from provenance.graph.selectors.lineage import Lineage
from provenance.graph.selectors.origin import LicenceFacts, Origin, RunFacts
from provenance.graph.sights import Sight
from provenance.source_type import vocabulary

Told = dict[str, Any]
_POINT = re.compile(r"\((-?\d+),(-?\d+)\)")


def version_told(version: AssetVersion, sight: Sight) -> Told:
    """A version with its frames, source type, licences and who recorded it."""
    film, recorder = version.production, version.asset.organisation_id
    code = vars(version)["code"] or ""
    return {
        **version_named(version),
        "external_id": version.asset.external_id,
        "label": version.label,
        "project": str(version.production_id),
        "media_type": version.media_type,
        "size_bytes": version.size_bytes,
        "frame_first": version.frame_first,
        "frame_last": version.frame_last,
        "digital_source_type": vocabulary()[code].uri if code else None,
        "tokens": sight.licences(version.token_jtis, film, recorder),
        "mark_id": version.mark_id or None,
        "metadata": version.metadata,
        "made_at": version.made_at,
        "recorded_at": version.at,
        **_by(version.person, version.credential, version, sight, version.event.organisation_id),
    }


def lineage_told(lineage: Lineage, sight: Sight) -> Told:
    """A part of the graph: versions and the edges between them."""
    return {
        "start": str(lineage.start.pk),
        "versions": [
            {**version_told(row, sight), "frame": lineage.frames.get(key)}
            for key, row in lineage.versions.items()
        ],
        "relations": [_edge_told(edge, lineage, sight) for edge in lineage.edges],
        "is_cut": lineage.is_cut,
    }


def origin_told(origin: Origin) -> Told:
    """Where a version came from."""
    sight, lineage = origin.sight, origin.lineage
    return {
        **lineage_told(lineage, sight),
        "is_complete": origin.is_complete,
        "incomplete": gaps_told(origin.gaps),
        "is_cut": origin.is_cut,
        "models": [*{one.run.model_id: model_told(one.run.model) for one in origin.runs}.values()],
        "references": [_given(one, lineage) for one in origin.references],
        "generations": [_run_told(one, lineage, sight) for one in origin.runs],
        "approvals": [_decision_told(one, sight) for one in origin.own_decisions],
        "decisions_upstream": [_decision_told(one, sight) for one in origin.decisions],
        "licences": [_licence_told(one) for one in origin.licences],
        "receipts": sum(one.rendered or 0 for one in origin.licences),
        "documents": [{"version": str(key), **one} for key, one in origin.documents],
        "credentials": origin.manifest,
        "mark": _mark_told(origin),
        "seconds": {name: round(value, 6) for name, value in origin.seconds.items()},
    }


def gaps_told(gaps: dict[UUID, tuple[Gap, ...]]) -> list[Told]:
    """What is missing, by version, and the fields that would close it."""
    return [
        {
            "version": str(key),
            "gaps": [str(gap) for gap in found],
            "missing": list(missing_fields(found)),
        }
        for key, found in gaps.items()
    ]


def found_told(found: Found, sight: Sight) -> Told:
    """A version that a model made, and the run."""
    run = found.run
    told = {"id": str(run.pk), "external_id": run.external_id, "model": model_told(run.model), "at": run.at}
    return {**version_told(found.version, sight), "generation": told}


def completeness_told(found: Completeness, shown: dict[UUID, tuple[Gap, ...]]) -> Told:
    """A production's score, and the newest of what lacks something."""
    return {
        "score": found.score,
        "versions": found.versions,
        "versions_incomplete": found.incomplete,
        "gaps": {str(gap): number for gap, number in found.gaps.items()},
        "deliverables": found.deliverables,
        "deliverables_incomplete": found.deliverables_incomplete,
        "incomplete": gaps_told(shown),
    }


def _edge_told(edge: Relation, lineage: Lineage, sight: Sight) -> Told:
    return {
        "child": str(edge.child_id),
        "parent": str(edge.parent_id),
        "kind": edge.kind,
        "role": edge.role,
        "tool": edge.tool,
        "frame_first": edge.frame_first,
        "frame_last": edge.frame_last,
        "parent_first": edge.parent_first,
        "region": [[int(x), int(y)] for x, y in _POINT.findall(edge.region)],
        "mask": str(edge.mask_id) if edge.mask_id else None,
        "generation": str(edge.generation_id) if edge.generation_id else None,
        "recorded_at": edge.at,
        **_by(edge.person, edge.credential, lineage.start, sight, edge.event.organisation_id),
    }


def _given(edge: Relation, lineage: Lineage) -> Told:
    return {**version_named(lineage.versions[edge.parent_id]), "role": edge.role}


def _run_told(one: RunFacts, lineage: Lineage, sight: Sight) -> Told:
    run = one.run
    return {
        "id": str(run.pk),
        "external_id": run.external_id,
        "model": model_told(run.model),
        "engine": run.engine,
        "engine_version": run.engine_version,
        "seed": run.seed,
        "guidance_scale": run.guidance_scale,
        "parameters": run.parameters,
        "prompt": one.prompt,
        "prompt_commitment": run.prompt.commitment if run.prompt else None,
        "tokens": sight.licences(run.token_jtis, run.production, run.organisation_id),
        "inputs": [_given(edge, lineage) for edge in one.inputs],
        "outputs": [str(key) for key in one.made],
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "recorded_at": run.at,
        **_by(run.person, run.credential, run, sight, run.organisation_id),
    }


def _decision_told(one: Decision, sight: Sight) -> Told:
    return {
        "version": str(one.version_id),
        "outcome": one.outcome,
        "stage": one.stage,
        "organisation": one.organisation.name,
        "decided_at": one.at,
        **_by(one.person, one.credential, one.version, sight, one.organisation_id),
    }


def _licence_told(one: LicenceFacts) -> Told:
    line = one.line
    return {
        "jti": str(one.jti),
        "talent": line.talent_name if line else None,
        "state": line.state if line else None,
        "terms_version": line.version if line else None,
        "not_before": line.not_before if line else None,
        "not_after": line.not_after if line else None,
        "frames_rendered": one.rendered or 0,
    }


def _mark_told(origin: Origin) -> Told | None:
    version, output = origin.lineage.start, origin.output
    if not version.mark_id:
        return None
    layers = list(output.marked_layers) if output else []
    return {"id": version.mark_id, "layers": layers, "state": output.state if output else None}


def _by(person: User, credential: ApiCredential | None, row: Any, sight: Sight, recorder: UUID) -> Told:
    """Who, and the service account that acted for them; for whom they may be named to."""
    who = sight.person(person, row.production, recorder)
    return {"recorded_by": who, "through": credential.name if who and credential else None}
